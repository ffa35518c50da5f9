"""Why `feed_forward` can be believed."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaMLP

from snippets.demos.feed_forward import kinds
from snippets.text.wordpiece import words
from snippets.transformer.feed_forward import (
    FeedForward,
    GatedFeedForward,
    gelu,
    gelu_tanh,
    moved,
    relu,
)

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


# --8<-- [start:equals-pytorchs]
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


# --8<-- [end:equals-pytorchs]


@activations
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_activations_and_their_slopes_equal_pytorchs(ours, dtype):
    equals_pytorchs(ours, TORCHS[ours], dtype)


def test_exact_gelu_is_not_taken_for_gpt2s():
    # karpathy/nanoGPT, PR #274: the exact one where GPT-2 has the tanh form.
    # --8<-- [start:other-gelu]
    with pytest.raises(AssertionError):
        equals_pytorchs(gelu, TORCHS[gelu_tanh], torch.float32)
    # --8<-- [end:other-gelu]


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


class OverPositions(FeedForward):
    """Works along the sentence in place of along the vector."""

    def forward(self, x):
        return super().forward(x.mT).mT


def test_moved_sees_who_moves_whom():
    x = tokens(4)[0]
    assert torch.equal(moved(network(gelu), x), torch.eye(SEQ).bool())
    assert moved(OverPositions(SEQ, D_FF, gelu).double(), x).all()


def test_gated_network_equals_hugging_faces():
    torch.manual_seed(2)
    config = LlamaConfig(
        hidden_size=D_MODEL, intermediate_size=D_FF, num_attention_heads=1
    )
    ours, theirs = GatedFeedForward(D_MODEL, D_FF).double(), LlamaMLP(config).double()
    for our, their in {"gate": "gate", "widen": "up", "narrow": "down"}.items():
        state = theirs.get_submodule(f"{their}_proj").state_dict()
        ours.get_submodule(our).load_state_dict(state)
    x = tokens(5)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-14)


def test_neurons_are_chosen_and_reported_on_different_words():
    kind_of, halves = kinds()
    said = [set(words(" ".join(half))) & kind_of.keys() for half in halves]
    assert not said[0] & said[1]
    assert said[0] | said[1] == kind_of.keys()
