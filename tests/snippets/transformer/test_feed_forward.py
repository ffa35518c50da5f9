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


def test_exact_gelu_is_not_taken_for_gpt2s():
    # karpathy/nanoGPT, PR #274: the exact one where GPT-2 has the tanh form.
    with pytest.raises(AssertionError):
        equals_pytorchs(gelu, TORCHS[gelu_tanh], torch.float32)


@activations
def test_network_equals_pytorchs_layers_in_a_row(ours):
    layer, x = network(ours), tokens(1)
    theirs = [nn.Linear(D_MODEL, D_FF).double(), nn.Linear(D_FF, D_MODEL).double()]
    for mine, their in zip((layer.widen, layer.narrow), theirs, strict=True):
        their.load_state_dict(mine.state_dict())
    expected = theirs[1](TORCHS[ours](theirs[0](x)))
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-14)
    for output in (layer(x), expected):
        output.square().sum().backward()
    for mine, their in zip((layer.widen, layer.narrow), theirs, strict=True):
        for kind in ("weight", "bias"):
            gradients = (getattr(linear, kind).grad for linear in (mine, their))
            torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)


def test_network_equals_two_convolutions_of_width_1():
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


@given(st.floats(-30, 30))
def test_gelu_minus_its_mirror_image_is_the_identity(number):
    # The share below x and the share below -x make 1.
    x = torch.tensor(number, dtype=torch.float64)
    for smooth in (gelu, gelu_tanh):
        torch.testing.assert_close(smooth(x) - smooth(-x), x, rtol=0, atol=1e-13)


class OverPositions(FeedForward):
    """Works along the sentence in place of along the vector."""

    def forward(self, x):
        return super().forward(x.mT).mT


def test_moved_sees_who_moves_whom():
    x = tokens(4)[0]
    assert torch.equal(moved(network(gelu), x), torch.eye(SEQ).bool())
    assert moved(OverPositions(SEQ, D_FF, gelu).double(), x).all()


@given(st.floats(0, 100), st.floats(0, 100))
def test_example_by_hand_is_how_far_apart_and_the_larger(first, second):
    x = torch.tensor([[first, second]], dtype=torch.float64)
    output = demo.apart_and_larger().double()(x)
    wanted = [[abs(first - second), max(first, second)]]
    expected = torch.tensor(wanted, dtype=torch.float64)
    torch.testing.assert_close(output, expected, rtol=0, atol=1e-12)


def test_example_by_hand_is_beyond_a_matrix_alone():
    # A linear map takes the mean of two inputs to the mean of their outputs.
    robot, glass, it = demo.apart_and_larger()(demo.X)
    torch.testing.assert_close(demo.X[:2].mean(0), demo.X[2])
    assert (it - (robot + glass) / 2).abs().max() > 1


def test_two_gelus_differ_as_pytorchs_do():
    both = demo.gelus()
    # Nowhere more: neither farther out nor between the points of the grid.
    x = torch.linspace(-40, 40, 2_000_003, dtype=torch.float64)
    apart = (F.gelu(x) - F.gelu(x, approximate="tanh")).abs()
    torch.testing.assert_close(both["largest"], apart.max(), rtol=1e-6, atol=0)
    torch.testing.assert_close(both["at"], x[apart.argmax()].abs(), rtol=0, atol=1e-3)


LLAMA = LlamaConfig(
    hidden_size=64, intermediate_size=176, num_hidden_layers=1, vocab_size=8,
    num_attention_heads=4, num_key_value_heads=4,
)  # fmt: skip


@pytest.mark.parametrize(
    ("build", "ours", "feed_forward"),
    [
        (
            lambda: nn.TransformerEncoderLayer(8, 2, 5),
            demo.block_weights(8, 5),
            "linear",
        ),
        (lambda: LlamaModel(LLAMA).layers[0], demo.gated_weights(64, 176), "mlp"),
    ],
    ids=["PyTorch", "LLaMA"],
)
def test_parts_of_a_block_are_those_of_the_librarys(build, ours, feed_forward):
    with torch.device("meta"):
        layer = build()
    theirs = dict.fromkeys(ours, 0)
    names = {feed_forward: "feed_forward", "self_attn": "attention"}
    for name, parameter in layer.named_parameters():
        part = [part for begin, part in names.items() if name.startswith(begin)]
        theirs["".join(part) or "norms"] += parameter.numel()
    assert ours == theirs


def test_two_thirds_of_a_block_at_four_times_the_width():
    rows = demo.shares()
    assert [round(row["share"], 2) for row in rows] == [0.67] * len(rows)
    # LLaMA 7B as published: 4,096 wide, 11,008 in the middle.
    assert rows[-1]["feed_forward"] == 3 * 4096 * 11008
