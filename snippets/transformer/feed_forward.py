"""Feed-forward: one small network, wide in the middle, used on every token alone.

Papers: vaswani-2017-attention (section 3.3, equation 2); hendrycks-2016-gelu for the
smooth activation; shazeer-2020-glu-variants for the gate. PyTorch's layer also drops
numbers in the middle, the paper's does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


# --8<-- [start:activations]
def relu(x: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """x, with 0 in place of what is negative: -2 gives 0, 2 gives 2."""
    # Not clamped: NaN stays NaN, and the slope at 0 is 0.
    return torch.where(x <= 0, 0, x)


def gelu(x: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """x times the share of a normal distribution below x.

    1 gives 0.84, -1 gives -0.16.
    """
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


# --8<-- [end:activations]


def gelu_tanh(x: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Nearly the same without erf: what GPT-2 was trained with."""
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return x * (1 + torch.tanh(inner)) / 2


# --8<-- [start:feed-forward]
class FeedForward(nn.Module):
    """Widen, activate, narrow: the same for every position."""

    def __init__(
        self,
        d_model: int,
        d_ff: int,
        activation: Callable[[Tensor], Tensor] = relu,
    ) -> None:
        super().__init__()
        self.widen = nn.Linear(d_model, d_ff)
        self.activation = activation
        self.narrow = nn.Linear(d_ff, d_model)

    def forward(
        self, x: Float[Tensor, "*batch d_model"]
    ) -> Float[Tensor, "*batch d_model"]:
        output: Tensor = self.narrow(self.activation(self.widen(x)))
        return output


# --8<-- [end:feed-forward]


# --8<-- [start:gated]
class GatedFeedForward(nn.Module):
    """SwiGLU: one wide vector opens or closes the other."""

    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.widen = nn.Linear(d_model, d_ff, bias=False)
        self.narrow = nn.Linear(d_ff, d_model, bias=False)

    def forward(
        self, x: Float[Tensor, "*batch d_model"]
    ) -> Float[Tensor, "*batch d_model"]:
        gate = self.gate(x)
        opened = gate * torch.sigmoid(gate)  # Swish, also called SiLU
        output: Tensor = self.narrow(opened * self.widen(x))
        return output


# --8<-- [end:gated]


def moved(
    layer: nn.Module, x: Float[Tensor, "seq d_model"]
) -> Bool[Tensor, "seq seq"]:
    """Row i: which outputs move when token i is changed.

    The identity if every position is by itself; all True in attention.
    """
    before = layer(x)
    rows = []
    for position in range(len(x)):
        changed = x.clone()
        changed[position] += 1
        apart = (layer(changed) - before).abs().amax(-1)
        rows.append(apart > 1e-6)
    return torch.stack(rows)
