"""Logits become probabilities by softmax; the surprise at the truth is the loss."""

from __future__ import annotations

import math

from jaxtyping import Bool, Float
from torch import Tensor


# --8<-- [start:softmax]
def softmax(
    logits: Float[Tensor, "*batch choices"],
    mask: Bool[Tensor, "*#batch choices"] | None = None,
) -> Float[Tensor, "*batch choices"]:
    """Positive numbers that sum to 1 over the last dimension.

    Where `mask` is False the probability is 0. A row with nothing
    allowed is all zeros, so that it adds nothing and is never NaN.
    """
    if mask is not None:
        logits = logits.masked_fill(~mask, -math.inf)
    # Subtracting the largest changes nothing, but exp cannot overflow.
    largest = logits.detach().amax(-1, keepdim=True)
    powers = (
        logits - largest.masked_fill(largest == -math.inf, 0)
    ).exp()
    total = powers.sum(-1, keepdim=True)
    return powers / total.masked_fill(total == 0, 1)


# --8<-- [end:softmax]
