"""Attention: every query takes an average of the values, weighted by the keys.

Papers: vaswani-2017-attention (section 3.2.1, equation 1); the idea is older, see
bahdanau-2014-align-and-translate.
"""

from __future__ import annotations

import math

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from snippets.text.logits import check_mask, softmax


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
    """The outputs, and the weights: shares of 1 for each query.

    `mask` is True where a query may look. In training, `dropout` is
    the chance of a weight to be set to 0.
    """
    d_head = query.shape[-1]
    scores = query @ key.transpose(-2, -1)
    scaled = scores / math.sqrt(d_head)
    weights = softmax(scaled, mask)  # over the keys
    weights = F.dropout(weights, dropout)
    return weights @ value, weights


# --8<-- [end:attention]


# --8<-- [start:self-attention]
def self_attention(
    x: Float[Tensor, "*batch seq d_model"],
    w_query: Float[Tensor, "d_model d_head"],
    w_key: Float[Tensor, "d_model d_head"],
    w_value: Float[Tensor, "d_model d_value"],
    mask: Bool[Tensor, "*#batch #seq seq"] | None = None,
) -> tuple[
    Float[Tensor, "*batch seq d_value"],
    Float[Tensor, "*batch seq seq"],
]:
    """Attention within one text, whose tokens' vectors are in x."""
    query = x @ w_query  # what each token looks for
    key = x @ w_key  # what it can be found by
    value = x @ w_value  # what it hands over
    return attention(query, key, value, mask)


# --8<-- [end:self-attention]


def fused_attention(
    query: Float[Tensor, "*batch query d_head"],
    key: Float[Tensor, "*batch key d_head"],
    value: Float[Tensor, "*batch key d_value"],
    mask: Bool[Tensor, "*#batch #query key"] | None = None,
    dropout: float = 0.0,
) -> Float[Tensor, "*batch query d_value"]:
    """The same outputs from PyTorch's one fused operator, without the weights.

    Raises:
        TypeError: the mask holds numbers, which PyTorch would add to the scores.
    """
    mask = None if mask is None else check_mask(mask)
    return F.scaled_dot_product_attention(
        query, key, value, mask, dropout
    )
