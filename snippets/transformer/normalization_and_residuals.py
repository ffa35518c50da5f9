"""Two additions that let layers be stacked: a norm, and the input added to the output.

Papers: ba-2016-layer-norm (equations 3 and 4), zhang-2019-rmsnorm (equation 4),
he-2015-resnet for the sum; vaswani-2017-attention (section 3.1) normalizes after it,
xiong-2020-pre-layer-norm compares that with a norm in front. RMSNorm has no bias, as
in LLaMA.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn


# --8<-- [start:layer-norm]
class LayerNorm(nn.Module):
    """Every vector by itself: mean 0, variance 1, then learned."""

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))
        self.eps = eps

    def forward(
        self, x: Float[Tensor, "*batch d_model"]
    ) -> Float[Tensor, "*batch d_model"]:
        centred = x - x.mean(-1, keepdim=True)
        variance = centred.square().mean(-1, keepdim=True)
        # eps stands inside the root: it also calms a zero vector.
        normal = centred / torch.sqrt(variance + self.eps)
        return self.weight * normal + self.bias


# --8<-- [end:layer-norm]


# --8<-- [start:rms-norm]
class RMSNorm(nn.Module):
    """Every vector by itself: mean square 1, then learned."""

    def __init__(self, d_model: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d_model))
        self.eps = eps

    def forward(
        self, x: Float[Tensor, "*batch d_model"]
    ) -> Float[Tensor, "*batch d_model"]:
        mean_square = x.square().mean(-1, keepdim=True)
        return self.weight * x / torch.sqrt(mean_square + self.eps)


# --8<-- [end:rms-norm]


Layer = Callable[[Tensor], Tensor]


# --8<-- [start:residual]
def add_branch(
    x: Float[Tensor, "*batch d_model"],
    branch: Layer,
    norm: Layer,
    pre_norm: bool,
) -> Float[Tensor, "*batch d_model"]:
    """The residual: x plus what a branch makes of it."""
    if pre_norm:
        return x + branch(norm(x))
    return norm(x + branch(x))


# --8<-- [end:residual]
