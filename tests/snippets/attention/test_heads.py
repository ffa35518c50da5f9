"""Why `heads` can be believed."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F
from transformers import BertConfig, BertModel

from snippets.attention.attention import attention
from snippets.attention.heads import MultiHeadAttention, merge, split
from snippets.corpora.robot import SENTENCE, robot
from snippets.demos import heads as demo
from snippets.demos.heads import on_previous
from snippets.lab import weights
from snippets.text.wordpiece import WordPiece

BATCH, QUERIES, KEYS, D_MODEL, N_HEADS = 2, 5, 7, 24, 4
TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-14}


def for_bert(text):
    return WordPiece(weights.vocabulary()).for_bert(text)


def both(dtype=torch.float64, bias=True, dropout=0.0):
    """Ours and PyTorch's, with the same random weights."""
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(D_MODEL, N_HEADS, dropout, bias, batch_first=True)
    for parameter in theirs.parameters():  # its biases begin as zeros
        nn.init.normal_(parameter, std=0.3)
    ours = MultiHeadAttention(D_MODEL, N_HEADS, bias, dropout)
    state = theirs.state_dict()
    kinds = ["weight", "bias"] if bias else ["weight"]
    copied = {
        f"{name}.{kind}": part
        for kind in kinds
        for name, part in zip(
            ("query", "key", "value", "output"),
            (*state[f"in_proj_{kind}"].chunk(3), state[f"out_proj.{kind}"]),
            strict=True,
        )
    }
    ours.load_state_dict(copied)  # strict: a forgotten weight is an error
    return ours.to(dtype), theirs.to(dtype)


def random_inputs(seed, dtype=torch.float64):
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(BATCH, QUERIES, D_MODEL, generator=random, dtype=dtype)
    context = torch.randn(BATCH, KEYS, D_MODEL, generator=random, dtype=dtype)
    return x, context


def allowed(kind, keys):
    """A mask of the kind: ours, and the arguments that say the same to PyTorch."""
    random = torch.Generator().manual_seed(7)
    match kind:
        case "none":
            return None, {}
        case "pairs":
            mask = torch.rand(QUERIES, keys, generator=random) < 0.5
            mask[:, 0] = True
            return mask, {"attn_mask": ~mask}
        case "padding":
            real = torch.arange(keys) < torch.tensor([[keys], [3]])
            return real.unsqueeze(1), {"key_padding_mask": ~real}
        case "both":
            pairs, padding = allowed("pairs", keys)[0], allowed("padding", keys)[0]
            return pairs & padding, {
                "attn_mask": ~pairs,
                "key_padding_mask": ~padding.squeeze(1),
            }
    raise ValueError(kind)


MASKS = ["none", "pairs", "padding", "both"]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("cross", [False, True], ids=["self", "cross"])
@pytest.mark.parametrize("kind", MASKS)
def test_equals_pytorchs_module(kind, cross, bias, dtype):
    ours, theirs = both(dtype, bias)
    x, context = random_inputs(1, dtype)
    context = context if cross else x
    mask, arguments = allowed(kind, context.shape[1])
    steps = ours.steps(x, context, mask)
    output, weights = theirs(
        x, context, context, **arguments, average_attn_weights=False
    )
    atol = TOLERANCE[dtype]
    torch.testing.assert_close(steps.output, output, rtol=0, atol=atol)
    torch.testing.assert_close(steps.weights, weights, rtol=0, atol=atol)


@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("path", ["fused", "plain"])
def test_gradients_equal_those_of_pytorchs_module(path, kind):
    ours, theirs = both()
    x, context = (tensor.requires_grad_() for tensor in random_inputs(2))
    mask, arguments = allowed(kind, KEYS)
    output = (
        ours(x, context, mask)
        if path == "fused"
        else ours.steps(x, context, mask).output
    )
    grad_x, grad_context, grad_query, grad_key, grad_value, grad_output = (
        torch.autograd.grad(
            output.square().sum(),
            [
                x,
                context,
                *(getattr(ours, n).weight for n in ("query", "key", "value", "output")),
            ],
        )
    )
    expected = torch.autograd.grad(
        theirs(x, context, context, **arguments)[0].square().sum(),
        [x, context, theirs.in_proj_weight, theirs.out_proj.weight],
    )
    stacked = torch.cat([grad_query, grad_key, grad_value])
    for our, their in zip(
        (grad_x, grad_context, stacked, grad_output), expected, strict=True
    ):
        torch.testing.assert_close(our, their, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("training", [True, False])
def test_dropout_draws_what_pytorchs_module_draws(training, kind):
    ours, theirs = (module.train(training) for module in both(dropout=0.3))
    x, context = random_inputs(5)
    mask, arguments = allowed(kind, KEYS)
    torch.manual_seed(7)
    output, weights = theirs(
        x, context, context, **arguments, average_attn_weights=False
    )
    torch.manual_seed(7)
    steps = ours.steps(x, context, mask)
    torch.manual_seed(7)
    fused = ours(x, context, mask)
    assert weights.eq(0).float().mean().gt(0.2) or not training
    for our, their in (
        (steps.output, output),
        (steps.weights, weights),
        (fused, output),
    ):
        torch.testing.assert_close(our, their, rtol=0, atol=1e-13)


@pytest.mark.parametrize("kind", MASKS)
def test_the_fused_path_is_the_formula(kind):
    ours, _ = both()
    x, context = random_inputs(3)
    mask, _ = allowed(kind, KEYS)
    torch.testing.assert_close(
        ours(x, context, mask), ours.steps(x, context, mask).output, rtol=0, atol=1e-14
    )


def test_every_head_is_one_attention_on_its_rows_of_the_projections():
    # Without split and merge: each head has matrices of its own, and the outputs of
    # the heads, each through its columns of the output projection, are added up.
    ours, _ = both()
    x, context = random_inputs(4)
    d_head = D_MODEL // N_HEADS
    total = ours.output.bias.expand_as(x)
    for head in range(N_HEADS):
        rows = slice(head * d_head, (head + 1) * d_head)
        query, key, value = (
            tokens @ layer.weight[rows].T + layer.bias[rows]
            for tokens, layer in (
                (x, ours.query),
                (context, ours.key),
                (context, ours.value),
            )
        )
        output, weights = attention(query, key, value)
        torch.testing.assert_close(ours.steps(x, context).weights[:, head], weights)
        total = total + output @ ours.output.weight[:, rows].T
    torch.testing.assert_close(ours(x, context), total, rtol=0, atol=1e-14)


@given(st.integers(1, 3), st.integers(0, 6), st.integers(1, 5), st.integers(1, 4))
def test_merge_undoes_split(batch, seq, n_heads, d_head):
    x = torch.randn(batch, seq, n_heads * d_head)
    heads = split(x, n_heads)
    assert torch.equal(merge(heads), x)
    assert torch.equal(heads[:, -1], x[..., -d_head:])


@pytest.mark.parametrize("n_heads", [1, 2, 3, 4, 6, 12])
def test_more_heads_are_not_more_parameters(n_heads):
    count = sum(p.numel() for p in MultiHeadAttention(D_MODEL, n_heads).parameters())
    assert count == 4 * (D_MODEL**2 + D_MODEL)


@pytest.mark.parametrize(("d_model", "n_heads"), [(24, 5), (24, 0), (24, -2), (0, 1)])
def test_a_width_that_does_not_split_is_refused(d_model, n_heads):
    said = f"d_model {d_model} does not split into {n_heads} heads"
    with pytest.raises(ValueError, match=said):
        MultiHeadAttention(d_model, n_heads)


@pytest.mark.parametrize("path", ["fused", "plain"])
@pytest.mark.parametrize("shape", [(QUERIES,), (3, 2, QUERIES)], ids=["one", "stacked"])
def test_without_a_batch_and_with_several_it_is_pytorchs(shape, path, unchecked):
    ours, theirs = both()
    x = torch.randn(*shape, D_MODEL, dtype=torch.float64)
    mask, arguments = allowed("pairs", QUERIES)
    output = (
        ours(x, None, mask) if path == "fused" else ours.steps(x, None, mask).output
    )
    rows = x.reshape(-1, QUERIES, D_MODEL)  # PyTorch's takes one, or one batch
    expected = torch.stack([theirs(row, row, row, **arguments)[0] for row in rows])
    torch.testing.assert_close(output, expected.reshape_as(x), rtol=0, atol=1e-13)


@pytest.mark.parametrize("dropout", [-0.1, 1.1])
def test_dropout_out_of_range_is_refused(dropout):
    with pytest.raises(ValueError, match=f"dropout {dropout} is not from 0 to 1"):
        MultiHeadAttention(D_MODEL, N_HEADS, dropout=dropout)


def test_no_tokens_give_no_vectors():
    for batch in ((), (BATCH,)):
        x = torch.zeros(*batch, 0, D_MODEL)
        assert MultiHeadAttention(D_MODEL, N_HEADS)(x).shape == x.shape


@pytest.fixture(scope="module")
def bert():
    """MiniLM up to its first layer, in Hugging Face's code with the same weights."""
    folder = weights.minilm()
    published = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    # Only the eager attention returns its weights.
    config = BertConfig(
        **{**published, "num_hidden_layers": 1}, attn_implementation="eager"
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    missing, _ = model.load_state_dict(
        load_file(folder / "model.safetensors"), strict=False
    )
    assert not missing
    return model


TEXTS = [
    SENTENCE,
    "Yesterday a small train left the station before we had bought our tickets.",
    robot()[:500],
]


@pytest.mark.parametrize("text", TEXTS, ids=["ours", "another", "story"])
def test_real_weights_equal_hugging_faces(bert, text):
    _, ids = for_bert(text)
    entering = []
    bert.embeddings.register_forward_hook(lambda *call: entering.append(call[-1]))
    summed = []
    dense = bert.get_submodule("encoder.layer.0.attention.output.dense")
    dense.register_forward_hook(lambda *call: summed.append(call[-1]))
    with torch.no_grad():
        looks = bert(torch.tensor([ids]), output_attentions=True).attentions[0]
    x = demo.into_first_layer(ids)
    steps = demo.first_layer().steps(x)
    torch.testing.assert_close(x, entering[-1], rtol=0, atol=1e-5)
    torch.testing.assert_close(steps.weights, looks, rtol=0, atol=1e-5)
    torch.testing.assert_close(steps.output, summed[-1], rtol=0, atol=1e-5)


def test_on_previous_is_the_mean_below_the_diagonal():
    looks = torch.rand(3, 6, 6)
    by_loops = [sum(head[i][i - 1] for i in range(1, 6)) / 5 for head in looks.tolist()]
    torch.testing.assert_close(on_previous(looks), torch.tensor(by_loops))


@pytest.mark.parametrize("text", TEXTS[:2], ids=["ours", "another"])
def test_one_head_follows_the_previous_token_by_its_place(text):
    layer = demo.first_layer()
    _, ids = for_bert(text)

    def share(**parts):
        return on_previous(layer.steps(demo.into_first_layer(ids, **parts)).weights[0])

    usual = share()
    head = usual.argmax()
    assert usual[head] > 0.95 and usual.topk(2).values[1] < 0.5
    assert share(words=False)[head] > 0.95
    assert share(places=False)[head] < 0.2


def test_the_head_loses_its_way_in_texts_longer_than_it_was_trained_with():
    # The model's card: the sequence length was limited to 128 tokens.
    head = demo.minilm("cpu")["followers"][0]
    assert head["longer"][128] > 0.99 and head["longer"][256] < 0.6


def test_the_trace_of_our_sentence_is_one_row_of_one_head():
    found = demo.minilm("cpu")
    robot = demo.the_robots_head(found)
    it = found["tokens"].index("it")
    followers = [follower["head"] for follower in found["followers"]]
    assert robot["head"] not in followers
    assert torch.equal(robot["attention"][it], robot["weights"])
    torch.testing.assert_close(robot["weights"].sum().item(), 1.0, rtol=0, atol=1e-3)
    # No other head looks harder at a word from there.
    others = [
        found["weights"][head, it, 1:-2].max()
        for head in range(12)
        if head + 1 not in followers
    ]
    assert robot["weights"][1:-2].max() == max(others)


def test_by_hand_two_heads_find_what_no_average_of_the_values_is():
    hand = demo.by_hand()
    heads = torch.stack(
        [
            F.scaled_dot_product_attention(
                *(x[:, [column]] for x in (demo.QUERY, demo.KEY, demo.VALUE))
            )[hand["tokens"].index("it"), 0]
            for column in range(2)
        ]
    )
    torch.testing.assert_close(hand["output"], heads)
    assert hand["output"].sum() > hand["values"].sum(-1).max() + 1
