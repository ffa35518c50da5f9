"""Masking: which keys a query may look at, True where it may.

Papers: vaswani-2017-attention (section 3.2.3: what lies ahead is set to minus infinity
before the softmax). The paper says nothing of padding.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


# --8<-- [start:masks]
def causal_mask(
    query: int,
    key: int | None = None,
    device: torch.device | None = None,
) -> Bool[Tensor, "query key"]:
    """Each token may look at itself and the past: a triangle.

    With fewer queries than keys, the queries are the last tokens: the
    last 2 of 4 see 3 keys and 4.
    """
    key = query if key is None else key
    past = torch.ones(query, key, dtype=torch.bool, device=device)
    return past.tril(key - query)


def padding_mask(
    ids: Int[Tensor, "*batch key"], pad: int
) -> Bool[Tensor, "*batch 1 key"]:
    """No query may look at padding; one row serves all queries.

    [8, 0, 0] with the pad 0 gives [[True, False, False]].
    """
    return (ids != pad).unsqueeze(-2)


# --8<-- [end:masks]


# --8<-- [start:both]
def causal_and_padding(
    ids: Int[Tensor, "*batch seq"], pad: int
) -> Bool[Tensor, "*batch seq seq"]:
    """Both: a pair has to be allowed by each of the two."""
    past = causal_mask(ids.shape[-1], device=ids.device)
    return past & padding_mask(ids, pad)


def additive(
    mask: Bool[Tensor, "*batch query key"],
) -> Float[Tensor, "*batch query key"]:
    """The same mask as numbers that are added to the scores."""
    nothing = torch.zeros(mask.shape, device=mask.device)
    return nothing.masked_fill(~mask, -math.inf)


# --8<-- [end:both]
