"""Why `feed_forward` can be believed."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from transformers import LlamaConfig, LlamaModel

from snippets.demos import feed_forward as demo
from snippets.transformer.feed_forward import FeedForward, gelu, gelu_tanh, moved, relu

BATCH, SEQ, D_MODEL, D_FF = 2, 5, 6, 16
TORCHS = {
    relu: F.relu,
    gelu: F.gelu,
    gelu_tanh: lambda x: F.gelu(x, approximate="tanh"),
}
activations = pytest.mark.parametrize("ours", TORCHS, ids=lambda f: f.__name__)


def network(activation=relu, seed=0):
    torch.manual_seed(seed)
    return FeedForward(D_MODEL, D_FF, activation).double()


def tokens(seed):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, SEQ, D_MODEL, generator=random, dtype=torch.float64)


def equals_pytorchs(ours, theirs, dtype):
    # The corner of ReLU has to be among them: its slope there is 0 by convention.
    x = torch.cat([torch.linspace(-12, 12, 4801), torch.tensor([0.0, math.nan])])
    x = x.to(dtype).requires_grad_()
    close = {"rtol": 0, "atol": {torch.float32: 2e-6, torch.float64: 1e-14}[dtype]}
    y, wanted = ours(x), theirs(x)
    torch.testing.assert_close(y, wanted, equal_nan=True, **close)
    (slope,) = torch.autograd.grad(y[:-1].sum(), x)
    (their_slope,) = torch.autograd.grad(wanted[:-1].sum(), x)
    torch.testing.assert_close(slope, their_slope, equal_nan=True, **close)


@activations
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_activations_and_their_slopes_equal_pytorchs(ours, dtype):
    equals_pytorchs(ours, TORCHS[ours], dtype)


def test_the_exact_gelu_is_not_taken_for_gpt2s():
    # karpathy/nanoGPT, PR #274: the exact one where GPT-2 has the tanh form.
    with pytest.raises(AssertionError):
        equals_pytorchs(gelu, TORCHS[gelu_tanh], torch.float32)


@activations
def test_equals_pytorchs_layers_in_a_row(ours):
    torch.manual_seed(1)
    theirs = nn.Sequential(nn.Linear(D_MODEL, D_FF), nn.Linear(D_FF, D_MODEL)).double()
    network = FeedForward(D_MODEL, D_FF, ours).double()
    for mine, their in ((network.widen, theirs[0]), (network.narrow, theirs[1])):
        mine.load_state_dict(their.state_dict())
    x = tokens(1)
    expected = theirs[1](TORCHS[ours](theirs[0](x)))
    torch.testing.assert_close(network(x), expected, rtol=0, atol=1e-14)


def test_equals_the_formula_written_out_in_loops():
    layer, x = network(), tokens(2)
    w1, b1 = layer.widen.weight.tolist(), layer.widen.bias.tolist()
    w2, b2 = layer.narrow.weight.tolist(), layer.narrow.bias.tolist()
    vector = x[1, 3].tolist()
    hidden = [
        max(0.0, sum(w * v for w, v in zip(row, vector, strict=True)) + b)
        for row, b in zip(w1, b1, strict=True)
    ]
    output = [
        sum(w * h for w, h in zip(row, hidden, strict=True)) + b
        for row, b in zip(w2, b2, strict=True)
    ]
    expected = torch.tensor(output, dtype=torch.float64)
    torch.testing.assert_close(layer(x)[1, 3], expected, rtol=0, atol=1e-14)


def test_equals_two_convolutions_of_width_1():
    # "Another way of describing this is as two convolutions with kernel size 1"
    # (vaswani-2017-attention, section 3.3).
    layer, x = network(), tokens(3)
    first, second = nn.Conv1d(D_MODEL, D_FF, 1), nn.Conv1d(D_FF, D_MODEL, 1)
    with torch.no_grad():
        for conv, linear in ((first, layer.widen), (second, layer.narrow)):
            conv.double()
            conv.weight.copy_(linear.weight.unsqueeze(-1))
            conv.bias.copy_(linear.bias)
    expected = second(F.relu(first(x.mT))).mT
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-14)


def test_two_relus_make_the_absolute_value():
    # |x| = relu(x) + relu(-x), a closed form for one dimension and two hidden units.
    layer = FeedForward(1, 2)
    layer.load_state_dict(
        {
            "widen.weight": torch.tensor([[1.0], [-1.0]]),
            "widen.bias": torch.zeros(2),
            "narrow.weight": torch.tensor([[1.0, 1.0]]),
            "narrow.bias": torch.zeros(1),
        }
    )
    x = torch.linspace(-3, 3, 61).unsqueeze(-1)
    assert torch.equal(layer(x), x.abs())


@given(st.floats(-30, 30))
def test_gelu_minus_its_mirror_image_is_the_identity(number):
    # The share below x and the share below -x make 1.
    x = torch.tensor(number, dtype=torch.float64)
    for smooth in (gelu, gelu_tanh):
        torch.testing.assert_close(smooth(x) - smooth(-x), x, rtol=0, atol=1e-13)


def test_gelu_is_x_times_the_share_of_a_normal_distribution_below_x():
    x = torch.tensor([-2.0, -0.5, 0.3, 1.7], dtype=torch.float64)
    grid = torch.linspace(-10, 0, 200_001, dtype=torch.float64)
    for number in x:
        below = grid + number  # from far below up to the number itself
        density = torch.exp(-below.square() / 2) / math.sqrt(2 * math.pi)
        share = torch.trapezoid(density, below)
        assert gelu(number).item() == pytest.approx((number * share).item(), abs=1e-9)


@pytest.mark.parametrize(("d_model", "d_ff"), [(8, 32), (512, 2048), (3, 5)])
def test_parameters_by_the_formula(d_model, d_ff):
    with torch.device("meta"):
        layer = FeedForward(d_model, d_ff)
    count = sum(parameter.numel() for parameter in layer.parameters())
    assert count == 2 * d_model * d_ff + d_ff + d_model


class OverPositions(FeedForward):
    """Works along the sentence in place of along the vector."""

    def forward(self, x):
        return super().forward(x.mT).mT


@given(st.floats(0, 100), st.floats(0, 100))
def test_the_example_by_hand_is_how_far_apart_and_the_larger(first, second):
    x = torch.tensor([[first, second]], dtype=torch.float64)
    output = demo.apart_and_larger().double()(x)
    expected = torch.tensor(
        [[abs(first - second), max(first, second)]], dtype=torch.float64
    )
    torch.testing.assert_close(output, expected, rtol=0, atol=1e-12)


def test_no_matrix_alone_can_tell_how_far_apart():
    # A linear map takes the mean of two inputs to the mean of their outputs.
    network = demo.apart_and_larger()
    robot, glass, it = network(demo.X)
    torch.testing.assert_close(demo.X[:2].mean(0), demo.X[2])
    assert (it - (robot + glass) / 2).abs().max() > 1


def test_moved_sees_who_moves_whom():
    torch.manual_seed(0)
    x = torch.randn(SEQ, D_MODEL, dtype=torch.float64)
    assert torch.equal(moved(network(gelu), x), torch.eye(SEQ).bool())
    mixing = OverPositions(SEQ, D_FF, gelu).double()
    assert moved(mixing, x).all()


def test_the_two_gelus_differ_as_pytorchs_do():
    both = demo.gelus()
    x = both["at"]
    theirs = F.gelu(x) - F.gelu(x, approximate="tanh")
    torch.testing.assert_close(both["largest"], theirs.abs(), rtol=1e-9, atol=0)
    # Nowhere more: neither farther out nor between the points of the grid.
    anywhere = torch.linspace(-40, 40, 2_000_003, dtype=torch.float64)
    apart = F.gelu(anywhere) - F.gelu(anywhere, approximate="tanh")
    assert apart.abs().max() <= both["largest"] * (1 + 1e-6)


@pytest.mark.parametrize(("d_model", "d_ff"), [(384, 1536), (768, 3072), (8, 5)])
def test_the_parts_of_a_block_are_those_of_pytorchs_layer(d_model, d_ff):
    with torch.device("meta"):
        layer = nn.TransformerEncoderLayer(d_model, 2, d_ff)
    parts = {"feed_forward": 0, "attention": 0, "norms": 0}
    for name, parameter in layer.named_parameters():
        part = {"linear": "feed_forward", "self_a": "attention", "norm1.": "norms"}
        parts[part.get(name[:6], "norms")] += parameter.numel()
    assert demo.block_weights(d_model, d_ff) == parts


def test_the_parts_of_a_gated_block_are_those_of_hugging_faces_llama():
    config = LlamaConfig(
        hidden_size=64, intermediate_size=176, num_hidden_layers=1, vocab_size=8,
        num_attention_heads=4, num_key_value_heads=4,
    )  # fmt: skip
    with torch.device("meta"):
        layer = LlamaModel(config).layers[0]
    parts = {"mlp": 0, "self_attn": 0, "norms": 0}
    for name, parameter in layer.named_parameters():
        part = name.split(".")[0]
        parts[part if part in parts else "norms"] += parameter.numel()
    assert list(demo.gated_weights(64, 176).values()) == list(parts.values())


def test_two_thirds_of_a_block_at_four_times_the_width():
    rows = demo.shares()
    assert [round(row["share"], 2) for row in rows] == [0.67] * len(rows)
    # LLaMA 7B as published: 4,096 wide, 11,008 in the middle.
    assert (rows[-1]["d_model"], rows[-1]["d_ff"]) == (4096, 11008)
