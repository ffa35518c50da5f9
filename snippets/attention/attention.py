"""Attention: every query takes an average of the values, weighted by the keys.

Papers: vaswani-2017-attention (section 3.2.1, equation 1); the idea is older, see
bahdanau-2014-align-and-translate.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from snippets.text.logits import checked, softmax


# --8<-- [start:attention]
def attention(
    query: Float[Tensor, "*batch query d_head"],
    key: Float[Tensor, "*batch key d_head"],
    value: Float[Tensor, "*batch key d_value"],
    mask: Bool[Tensor, "*#batch #query key"] | None = None,
) -> tuple[
    Float[Tensor, "*batch query d_value"],
    Float[Tensor, "*batch query key"],
]:
    """The outputs and the weights; mask is True where to look."""
    d_head = query.shape[-1]
    scores = query @ key.transpose(-2, -1)
    scaled = scores / math.sqrt(d_head)
    weights = softmax(scaled, mask)  # over the keys
    return weights @ value, weights


# --8<-- [end:attention]


def fused_attention(
    query: Float[Tensor, "*batch query d_head"],
    key: Float[Tensor, "*batch key d_head"],
    value: Float[Tensor, "*batch key d_value"],
    mask: Bool[Tensor, "*#batch #query key"] | None = None,
) -> Float[Tensor, "*batch query d_value"]:
    """The same outputs from PyTorch's one fused operator.

    Raises:
        TypeError: the mask holds numbers, which PyTorch would add to the scores.
    """
    mask = None if mask is None else checked(mask)
    return F.scaled_dot_product_attention(query, key, value, mask)


# --8<-- [start:softness]
def softness(d_head: int, scale: float, seed: int) -> dict[str, float]:
    """What softmax makes of random scores, before and after scaling.

    64 random queries over 16 random keys. `spread` is the standard
    deviation of the scores, `top` the mean of the largest weights,
    `slope` the mean of d weight / d score: what is left to learn by.
    """
    random = torch.Generator().manual_seed(seed)
    query = torch.randn(64, d_head, generator=random)
    key = torch.randn(16, d_head, generator=random)
    scores = (query @ key.T * scale).requires_grad_()
    weights = softmax(scores)
    # One softmax per query: the diagonal of its Jacobian is p (1 - p).
    slope = weights * (1 - weights)
    return {
        "spread": scores.std().item(),
        "top": weights.amax(-1).mean().item(),
        "slope": slope.mean().item(),
    }


# --8<-- [end:softness]
