"""Attention: every query takes an average of the values, weighted by the keys.

Papers: vaswani-2017-attention (section 3.2.1, equation 1); the idea is older, see
bahdanau-2014-align-and-translate.
"""

from __future__ import annotations

import math

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
    dropout: float = 0.0,
) -> tuple[
    Float[Tensor, "*batch query d_value"],
    Float[Tensor, "*batch query key"],
]:
    """The outputs and the weights; mask is True where to look.

    In training, `dropout` is the chance of a weight to be set to 0.
    """
    d_head = query.shape[-1]
    scores = query @ key.transpose(-2, -1)
    scaled = scores / math.sqrt(d_head)
    weights = softmax(scaled, mask)  # over the keys
    weights = F.dropout(weights, dropout)
    return weights @ value, weights


# --8<-- [end:attention]


def fused_attention(
    query: Float[Tensor, "*batch query d_head"],
    key: Float[Tensor, "*batch key d_head"],
    value: Float[Tensor, "*batch key d_value"],
    mask: Bool[Tensor, "*#batch #query key"] | None = None,
    dropout: float = 0.0,
) -> Float[Tensor, "*batch query d_value"]:
    """The same outputs from PyTorch's one fused operator.

    Raises:
        TypeError: the mask holds numbers, which PyTorch would add to the scores.
    """
    mask = None if mask is None else checked(mask)
    return F.scaled_dot_product_attention(
        query, key, value, mask, dropout
    )
