"""Why `transformer` can be believed."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from transformers import (
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2Model,
    OpenAIGPTConfig,
    OpenAIGPTModel,
)

from snippets.demos import transformer as demo
from snippets.demos.transformer import from_torch
from snippets.transformer.feed_forward import gelu, relu
from snippets.transformer.parameters import PUBLISHED, SIZES, TABLE_3, Size, parameters
from snippets.transformer.transformer import (
    LayerNorm,
    TransformerBlock,
    TransformerStack,
    add_branch,
)

BATCH, SEQ, D_MODEL, N_HEADS, D_FF = 3, 7, 24, 4, 40
ACTIVATIONS = {"relu": relu, "gelu": gelu}
TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-14}
forms = pytest.mark.parametrize("pre_norm", [False, True], ids=["post", "pre"])


def random_x(seed, dtype=torch.float32):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, SEQ, D_MODEL, generator=random, dtype=dtype)


def shake(module, seed=0):
    """Random weights everywhere: norms too, which begin at 1 and 0."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in module.parameters():
            weight += 0.3 * torch.randn(weight.shape, generator=random)
    return module


def twins(pre_norm, activation="relu", dtype=torch.float32, block=TransformerBlock):
    """PyTorch's layer and ours with the same random weights."""
    theirs = nn.TransformerEncoderLayer(
        D_MODEL,
        N_HEADS,
        D_FF,
        dropout=0.0,
        activation=activation,
        batch_first=True,
        norm_first=pre_norm,
        dtype=dtype,
    )
    shake(theirs)
    ours = block(D_MODEL, N_HEADS, D_FF, ACTIVATIONS[activation], pre_norm).to(dtype)
    ours.load_state_dict(from_torch(theirs.state_dict()))
    return ours, theirs


def causal_mask():
    return torch.ones(SEQ, SEQ, dtype=torch.bool).tril()


def padding_mask():
    """The last two places of the second sequence are padding."""
    real = torch.ones(BATCH, SEQ, dtype=torch.bool)
    real[1, -2:] = False
    return real


def equals_pytorchs_layer(ours, theirs, dtype=torch.float32):
    x = random_x(1, dtype)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=TOLERANCE[dtype] * 5)


@forms
@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_equals_pytorchs_layer(pre_norm, training, activation, dtype):
    ours, theirs = twins(pre_norm, activation, dtype)
    ours.train(training), theirs.train(training)
    equals_pytorchs_layer(ours, theirs, dtype)


@forms
def test_equals_pytorchs_layer_with_a_causal_mask(pre_norm):
    ours, theirs = twins(pre_norm)
    x = random_x(2)
    expected = theirs(x, src_mask=~causal_mask())  # there True = may not attend
    torch.testing.assert_close(ours(x, causal_mask()), expected, rtol=0, atol=1e-5)


@forms
def test_equals_pytorchs_layer_with_padding(pre_norm):
    ours, theirs = twins(pre_norm)
    x, real = random_x(3), padding_mask()
    expected = theirs(x, src_key_padding_mask=~real)
    output = ours(x, real[:, None])
    torch.testing.assert_close(output[real], expected[real], rtol=0, atol=1e-5)


@forms
def test_gradients_equal_those_of_pytorchs_layer(pre_norm):
    ours, theirs = twins(pre_norm, dtype=torch.float64)
    x = random_x(4, torch.float64)
    for layer in (ours, theirs):
        layer(x).square().sum().backward()
    gradients = from_torch({n: p.grad for n, p in theirs.named_parameters()})
    for name, weight in ours.named_parameters():
        torch.testing.assert_close(weight.grad, gradients[name], rtol=0, atol=1e-9)


@forms
def test_a_stack_equals_pytorchs_encoder(pre_norm):
    # With nothing as it is by default, so that the stack has to hand all of it on.
    eps, sizes = 0.1, (D_MODEL, N_HEADS, D_FF)
    layer = nn.TransformerEncoderLayer(
        *sizes, 0.0, F.gelu, eps, batch_first=True, norm_first=pre_norm
    )
    norm = nn.LayerNorm(D_MODEL, eps) if pre_norm else None
    theirs = nn.TransformerEncoder(layer, 3, norm, enable_nested_tensor=False)
    shake(theirs)
    ours = TransformerStack(3, *sizes, gelu, pre_norm, eps)
    for our, their in zip(ours.blocks, theirs.layers, strict=True):
        our.load_state_dict(from_torch(their.state_dict()))
    if norm is not None:
        ours.norm.load_state_dict(theirs.norm.state_dict())
    x = random_x(5)
    expected = theirs(x, mask=~causal_mask())
    torch.testing.assert_close(ours(x, causal_mask()), expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("eps", [1e-5, 1e-12, 0.5])
@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e3])
def test_layer_norm_equals_pytorchs(eps, scale):
    ours = shake(LayerNorm(D_MODEL, eps)).double()
    theirs = nn.LayerNorm(D_MODEL, eps, dtype=torch.float64)
    theirs.load_state_dict(ours.state_dict())
    x = scale * random_x(6, torch.float64) + 3 * scale
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-11)


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=4, max_size=4))
def test_layer_norm_takes_any_vector_and_never_gives_nan(vector):
    x = torch.tensor(vector)
    ours = LayerNorm(4)(x)
    assert ours.isfinite().all()
    torch.testing.assert_close(ours, F.layer_norm(x, (4,)), rtol=0, atol=1e-3)
    # Biased variance: n numbers of variance 1 have squares that sum to n, not more.
    assert ours.square().sum() <= 4 + 1e-3


def test_positions_or_a_causal_mask_bring_order_in():
    for seed in range(3):
        order = demo.order(seed)
        assert order["without"] < 2e-6
        assert order["with"] > 0.1 and order["causal"] > 0.1


@forms
def test_a_residual_is_the_input_where_the_branch_gives_nothing(pre_norm):
    x = random_x(9)
    norm = LayerNorm(D_MODEL)
    silent = add_branch(x, torch.zeros_like, norm, pre_norm)
    torch.testing.assert_close(silent, x if pre_norm else norm(x), rtol=0, atol=0)


def test_layers_do_not_share_weights():
    stack = TransformerStack(3, D_MODEL, N_HEADS, D_FF)
    weights = list(stack.parameters())
    assert len({weight.data_ptr() for weight in weights}) == len(weights)
    one = sum(weight.numel() for weight in stack.blocks[0].parameters())
    assert sum(weight.numel() for weight in weights) == 3 * one
    matrices = [block.feed_forward.widen.weight for block in stack.blocks]
    assert not torch.equal(matrices[0], matrices[1])


def test_the_post_norm_stream_keeps_its_size_and_the_pre_norm_stream_grows():
    # Xiong and others 2020, lemma 2, in miniature, over three seeds.
    for seed in range(3):
        streams = demo.streams(seed)
        sizes = {form: [size for size, _ in states] for form, states in streams.items()}
        assert all(0.99 < size < 1.01 for size in sizes["post"][1:])
        assert sizes["pre"] == sorted(sizes["pre"]) and sizes["pre"][-1] > 2.5
        # What is left of the token's own vector.
        left = {form: states[-1][1] for form, states in streams.items()}
        assert left["pre"] > 0.2 > 0.05 > left["post"]


def test_by_hand_is_pytorchs_arithmetic():
    hand = demo.by_hand()
    norm = partial(F.layer_norm, normalized_shape=(4,))
    torch.testing.assert_close(hand["post"], norm(hand["x"] + hand["branch_post"]))
    torch.testing.assert_close(hand["pre"], hand["x"] + hand["branch_pre"])
    mean = norm(demo.VECTORS).mean(0)
    torch.testing.assert_close(hand["branch_pre"], mean)
    shown = dict(zip(hand["tokens"], hand["vectors"], strict=True))
    torch.testing.assert_close(shown["it"], hand["x"])
    average = (shown["robot"] + shown["glass"] + shown["it"]) / 3
    torch.testing.assert_close(hand["branch_post"], average)


def count(module):
    return sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize(
    ("name", "model", "config"),
    [
        ("BERT-base", BertModel, BertConfig()),
        ("GPT-2", GPT2Model, GPT2Config()),
        ("GPT", OpenAIGPTModel, OpenAIGPTConfig()),
    ],
)
def test_the_formula_counts_as_hugging_face_builds(name, model, config):
    with torch.device("meta"):
        theirs = model(config)
    counts = parameters(SIZES[name])
    assert sum(counts.values()) == count(theirs)
    tokens = theirs.get_input_embeddings()
    assert counts["tokens"] == tokens.weight.numel()


@pytest.mark.parametrize("name", ["base", "big"])
def test_the_formula_counts_as_pytorch_builds(name):
    # PyTorch's projections have biases, the paper's formulas have none.
    size = replace(SIZES[name], bias=True)
    with torch.device("meta"):
        encoder = nn.TransformerEncoderLayer(size.d_model, 8, size.d_ff)
        decoder = nn.TransformerDecoderLayer(size.d_model, 8, size.d_ff)
        embedding = nn.Embedding(size.vocab_size, size.d_model)
    assert sum(parameters(size).values()) == (
        count(embedding) + size.encoder * count(encoder) + size.decoder * count(decoder)
    )
    attentions = size.encoder + 2 * size.decoder
    biases = sum(parameters(size).values()) - sum(parameters(SIZES[name]).values())
    assert biases == attentions * 4 * size.d_model


@forms
def test_the_formula_counts_as_we_build(pre_norm):
    ours = TransformerStack(3, D_MODEL, N_HEADS, D_FF, pre_norm=pre_norm)
    size = Size(0, D_MODEL, D_FF, encoder=3, outer_norms=int(pre_norm))
    assert sum(parameters(size).values()) == count(ours)


@pytest.mark.parametrize("bias", [True, False])
def test_narrow_keys_count_as_matrices_of_that_width(bias):
    size = replace(SIZES["base"], encoder=1, decoder=0, keys=128, bias=bias)
    # Queries and keys are narrow; the values and the output are not.
    theirs = [nn.Linear(512, width, bias) for width in (128, 128, 512, 512)]
    assert parameters(size)["attention"] == sum(map(count, theirs))


def test_the_published_numbers_and_where_they_differ():
    totals = {n: sum(parameters(s).values()) / 1e6 for n, s in SIZES.items()}
    for name in ("BERT-base", "GPT-2"):
        assert abs(totals[name] - PUBLISHED[name]) < 0.6
    # 117M, which the GPT-2 paper gives, is the first GPT.
    assert round(totals["GPT"]) == 117
    # The paper's own two: the formula gives less for one and more for the other.
    assert 1.5 < PUBLISHED["base"] - totals["base"] < 2.5
    assert 0.5 < totals["big"] - PUBLISHED["big"] < 1.5


def test_one_vocabulary_explains_ten_rows_of_table_3_but_not_big():
    behind = demo.demo()["behind"]
    # 6 + 6 layers, a decoder's with two attentions; each has four biases of d_model.
    assert behind["biases"] == {"base": 18 * 4 * 512, "big": 18 * 4 * 1024}
    low, high = behind["base"]
    for vocab_size in (low, high):
        for row, millions in TABLE_3:
            size = replace(SIZES["base"], vocab_size=vocab_size, **row)
            assert round(sum(parameters(size).values()) / 1e6) == millions
    size = replace(SIZES["big"], vocab_size=low)
    assert round(sum(parameters(size).values()) / 1e6) != 213
    assert behind["big"][1] < 37000 < low


class NormAtTheEnd(TransformerBlock):
    """harvardnlp/annotated-transformer #1, #13, #92, #110: which one is it?"""

    def forward(self, x, mask=None):
        branches = [lambda x: self.attention(x, mask=mask), self.feed_forward]
        norms = self.attention_norm, self.feed_forward_norm
        for branch, norm in zip(branches, norms, strict=True):
            x = add_branch(x, branch, norm, pre_norm=not self.pre_norm)
        return x


@forms
def test_the_other_place_for_the_norm_is_caught(pre_norm):
    with pytest.raises(AssertionError):
        equals_pytorchs_layer(*twins(pre_norm, block=NormAtTheEnd))
