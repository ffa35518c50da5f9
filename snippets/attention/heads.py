"""Heads: several attentions side by side, each on its slice of the projections.

Paper: vaswani-2017-attention (section 3.2.2). Dropout on the weights is that of its
code; the text (section 5.4) has none there.
"""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor, nn

from snippets.attention.attention import attention, fused_attention


# --8<-- [start:split]
def split(
    x: Float[Tensor, "*batch seq d_model"], n_heads: int
) -> Float[Tensor, "*batch {n_heads} seq d_head"]:
    """Cut every vector into n_heads slices, one a head.

    Of 1 2 3 4, the first of two heads gets 1 2, the second 3 4.
    """
    slices: Tensor = x.unflatten(-1, (n_heads, -1))
    return slices.transpose(-3, -2)


def merge(
    heads: Float[Tensor, "*batch n_heads seq d_head"],
) -> Float[Tensor, "*batch seq d_model"]:
    """Lay the slices end to end again: what `split` cut."""
    return heads.transpose(-3, -2).flatten(-2)


# --8<-- [end:split]


def check(d_model: int, n_heads: int, dropout: float) -> None:
    """Refuse sizes that cannot be."""
    if min(d_model, n_heads) < 1 or d_model % n_heads:
        raise ValueError(
            f"d_model {d_model} does not split into {n_heads} heads"
        )
    if not 0 <= dropout <= 1:
        raise ValueError(f"dropout {dropout} is not from 0 to 1")


class Steps(NamedTuple):
    """What attention computes on its way, from the projections to the output."""

    query: Float[Tensor, "*batch n_heads query d_head"]
    key: Float[Tensor, "*batch n_heads key d_head"]
    value: Float[Tensor, "*batch n_heads key d_head"]
    weights: Float[Tensor, "*batch n_heads query key"]
    heads: Float[Tensor, "*batch n_heads query d_head"]
    output: Float[Tensor, "*batch query d_model"]


class MultiHeadAttention(nn.Module):
    """Project, split, attend in every head, merge, project.

    Queries come from `x`, keys and values from `context`: without it
    from x as well (self-attention). `mask` is True where to look, the same
    for all heads: (query, key), or with a batch in front. An additive
    mask, of 0 and minus infinity, is made boolean by `mask == 0`.
    In training, `dropout` is the chance of a weight to be set to 0.
    """

    # --8<-- [start:projections]
    def __init__(
        self,
        d_model: int,
        n_heads: int,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check(d_model, n_heads, dropout)
        self.n_heads = n_heads
        self.dropout = dropout
        self.query = nn.Linear(d_model, d_model, bias)
        self.key = nn.Linear(d_model, d_model, bias)
        self.value = nn.Linear(d_model, d_model, bias)
        self.output = nn.Linear(d_model, d_model, bias)

    def project(
        self,
        x: Float[Tensor, "*batch query d_model"],
        context: Float[Tensor, "*batch key d_model"] | None = None,
    ) -> tuple[
        Float[Tensor, "*batch n_heads query d_head"],
        Float[Tensor, "*batch n_heads key d_head"],
        Float[Tensor, "*batch n_heads key d_head"],
    ]:
        """Queries of x, keys and values of context, for every head."""
        context = x if context is None else context
        return (
            split(self.query(x), self.n_heads),
            split(self.key(context), self.n_heads),
            split(self.value(context), self.n_heads),
        )

    # --8<-- [end:projections]

    # --8<-- [start:steps]
    def steps(
        self,
        x: Float[Tensor, "*batch query d_model"],
        context: Float[Tensor, "*batch key d_model"] | None = None,
        mask: Bool[Tensor, "*#batch #query key"] | None = None,
    ) -> Steps:
        """Every step by the formula, for those who want to look."""
        query, key, value = self.project(x, context)
        if mask is not None:
            mask = mask.unsqueeze(-3)  # the same for every head
        dropout = self.dropout if self.training else 0.0
        heads, weights = attention(query, key, value, mask, dropout)
        output = self.output(merge(heads))
        return Steps(query, key, value, weights, heads, output)

    # --8<-- [end:steps]

    def forward(
        self,
        x: Float[Tensor, "*batch query d_model"],
        context: Float[Tensor, "*batch key d_model"] | None = None,
        mask: Bool[Tensor, "*#batch #query key"] | None = None,
    ) -> Float[Tensor, "*batch query d_model"]:
        """The same output, from the fused operator."""
        query, key, value = self.project(x, context)
        if mask is not None:
            mask = mask.unsqueeze(-3)
        dropout = self.dropout if self.training else 0.0
        heads = fused_attention(query, key, value, mask, dropout)
        output: Tensor = self.output(merge(heads))
        return output
