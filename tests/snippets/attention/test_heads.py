"""Why `heads` can be believed."""

import json

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import BertConfig, BertModel

from snippets.attention import heads as snippet
from snippets.attention.heads import MultiHeadAttention
from snippets.corpora.robot import SENTENCE
from snippets.demos import heads as demo
from snippets.lab import weights
from snippets.lab.minilm import MiniLM
from snippets.text.wordpiece import WordPiece

BATCH, QUERIES, KEYS, D_MODEL, N_HEADS = 2, 5, 7, 24, 4
TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-14}
MASKS = ["none", "pairs", "padding", "both"]


def both(dtype=torch.float64, bias=True, dropout=0.0, ours=MultiHeadAttention):
    """Ours and PyTorch's, with the same random weights."""
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(D_MODEL, N_HEADS, dropout, bias, batch_first=True)
    for parameter in theirs.parameters():  # its biases begin as zeros
        nn.init.normal_(parameter, std=0.3)
    ours = ours(D_MODEL, N_HEADS, bias, dropout)
    ours.load_state_dict(  # strict: a forgotten weight is an error
        {
            f"{name}.{kind}": part
            for kind in (["weight", "bias"] if bias else ["weight"])
            for name, part in zip(
                ("query", "key", "value", "output"), parts(theirs, kind), strict=True
            )
        }
    )
    return ours.to(dtype), theirs.to(dtype)


def parts(theirs, kind):
    """PyTorch's weights or biases of our four layers."""
    return (
        *getattr(theirs, f"in_proj_{kind}").chunk(3),
        getattr(theirs.out_proj, kind),
    )


def allowed(kind, keys):
    """A mask of the kind: ours, and the arguments that say the same to PyTorch."""
    random = torch.Generator().manual_seed(7)
    pairs = torch.rand(QUERIES, keys, generator=random) < 0.5
    pairs[:, 0] = True
    real = torch.arange(keys) < torch.tensor([[keys], [3]])
    theirs = {"attn_mask": ~pairs, "key_padding_mask": ~real}
    match kind:
        case "none":
            return None, {}
        case "pairs":
            return pairs, {"attn_mask": ~pairs}
        case "padding":
            return real.unsqueeze(1), {"key_padding_mask": ~real}
    return pairs & real.unsqueeze(1), theirs


def assert_equals_pytorchs(ours, theirs, kind, cross):
    """The same outputs, weights of every head, and gradients, on both our paths."""
    random = torch.Generator().manual_seed(1)
    dtype = theirs.out_proj.weight.dtype
    x = torch.randn(BATCH, QUERIES, D_MODEL, generator=random, dtype=dtype)
    context = torch.randn(BATCH, KEYS, D_MODEL, generator=random, dtype=dtype)
    inputs = [x, context] if cross else [x]
    context = inputs[-1]
    for tensor in inputs:
        tensor.requires_grad_()
    mask, arguments = allowed(kind, context.shape[1])
    layers = [ours.query, ours.key, ours.value, ours.output]
    close = {"rtol": 0, "atol": TOLERANCE[dtype]}

    torch.manual_seed(7)  # the same weights are dropped
    expected, looks = theirs(
        x, context, context, **arguments, average_attn_weights=False
    )
    packed = [theirs.in_proj_weight, theirs.out_proj.weight]
    slopes = torch.autograd.grad(expected.square().mean(), [*inputs, *packed])
    torch.manual_seed(7)
    steps = ours.steps(x, context if cross else None, mask)
    parts = steps.query, steps.key, steps.value
    torch.testing.assert_close(parts, ours.project(*inputs), **close)
    torch.testing.assert_close(steps.weights, looks, **close)
    torch.manual_seed(7)
    for output in (ours(x, context if cross else None, mask), steps.output):
        torch.testing.assert_close(output, expected, **close)
        *of_inputs, query, key, value, out = torch.autograd.grad(
            output.square().mean(), [*inputs, *(layer.weight for layer in layers)]
        )
        found = [*of_inputs, torch.cat([query, key, value]), out]
        torch.testing.assert_close(found, list(slopes), **close)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("cross", [False, True], ids=["self", "cross"])
@pytest.mark.parametrize("kind", MASKS)
def test_heads_equal_pytorchs_module(kind, cross, bias, dtype):
    assert_equals_pytorchs(*both(dtype, bias), kind, cross)


@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("training", [True, False])
def test_heads_drop_what_pytorchs_module_drops(training, kind):
    ours, theirs = (module.train(training) for module in both(dropout=0.3))
    assert_equals_pytorchs(ours, theirs, kind, cross=True)


class CutBefore(MultiHeadAttention):
    """Each head reads its own part of the token's vector, not all of it."""

    def project(self, x, context=None):
        part = torch.ones(D_MODEL // N_HEADS, D_MODEL // N_HEADS)
        for layer in (self.query, self.key, self.value):
            layer.weight.data *= torch.block_diag(*[part] * N_HEADS)
        return super().project(x, context)


def reshaped(x, n_heads):
    """Deals the numbers out in reading order: whole tokens go to a head."""
    return x.reshape(x.shape[0], n_heads, x.shape[1], -1)


def test_heads_cut_wrongly_do_not_equal_pytorchs(monkeypatch):
    with pytest.raises(AssertionError):
        assert_equals_pytorchs(*both(ours=CutBefore), "none", cross=True)
    monkeypatch.setattr(snippet, "split", reshaped)
    with pytest.raises(AssertionError):
        assert_equals_pytorchs(*both(), "none", cross=True)


@pytest.mark.parametrize(
    ("d_model", "n_heads", "dropout", "said"),
    [
        *(
            (24, n, 0.0, f"d_model 24 does not split into {n} heads")
            for n in (5, 0, -2)
        ),
        (0, 1, 0.0, "d_model 0 does not split into 1 heads"),
        *((24, 4, p, f"dropout {p} is not from 0 to 1") for p in (-0.1, 1.1)),
    ],
)
def test_heads_refuse_sizes_that_cannot_be(d_model, n_heads, dropout, said):
    with pytest.raises(ValueError, match=said):
        MultiHeadAttention(d_model, n_heads, dropout=dropout)


@pytest.mark.parametrize(("batch", "n_heads"), [((), N_HEADS), ((BATCH,), 1)])
def test_heads_of_no_tokens_give_no_vectors(batch, n_heads):
    x = torch.zeros(*batch, 0, D_MODEL)
    assert MultiHeadAttention(D_MODEL, n_heads)(x).shape == x.shape


def test_by_hand_one_row_of_weights_cannot_say_what_two_heads_do():
    hand = demo.by_hand()
    assert torch.equal(hand["one_weights"], torch.full((3,), 1 / 3))
    torch.testing.assert_close(hand["one_output"], torch.tensor([2.0, 2, 1, 2]))
    # Both heads give their word more than half, so no one row has enough for both.
    assert hand["weights"][0, 1] > 0.5 < hand["weights"][1, 2]
    # By columns 1 and 2, glass would have this much more than robot ...
    more = (hand["joined"][1] - hand["joined"][0]) / 4
    # ... and column 3, robot + 2 glass, at least twice as much as that.
    assert hand["joined"][2] < 2 * more
    torch.testing.assert_close(hand["written"].sum(0), hand["output"])
    torch.testing.assert_close(hand["output"], hand["joined"] @ demo.W_O)


def test_ranks_of_real_heads_are_their_width():
    ranks = demo.ranks(MiniLM())
    assert ranks["head"] == ranks["d_head"] == 32
    assert ranks["whole"] == ranks["d_model"] == 384


def test_gallery_counts_what_was_planted():
    tokens = ["[CLS]", "the", "cup", "and", "the", "box", ".", "[SEP]"]
    n = len(tokens)
    look = torch.full((1, 5, n, n), 0.01)
    for head, kind in enumerate(demo.GALLERY):
        for query, keys in demo.targets(tokens)[kind]:
            look[0, head, query, keys[0]] = 1
    found = demo.gallery([tokens] * 2, [look] * 2, ([0], [1]))
    assert [row["head"] for row in found] == [1, 2, 3, 4, 5]
    assert all(row["right"] == row["n"] for row in found)
    assert [row["n"] for row in found] == [7, 7, 2, 6, 7]


def test_heads_of_minilm_look_where_hugging_faces_do():
    folder = weights.minilm()
    published = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    # Only the eager attention returns its weights.
    config = BertConfig(**published, attn_implementation="eager")
    theirs = BertModel(config, add_pooling_layer=False).eval()
    theirs.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    ids = WordPiece(weights.vocabulary()).for_bert(SENTENCE)[1]
    with torch.no_grad():
        expected = theirs(torch.tensor([ids]), output_attentions=True).attentions
    found = demo.weights_of_heads(MiniLM(), ids)
    torch.testing.assert_close(found, torch.cat(expected), rtol=0, atol=3e-5)
