"""Multiplicative attention: a dot product scores, plain or through a matrix.

Paper: luong-2015-effective-attention (section 3). The translator around it is in
`luong.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from snippets.recurrence.additive_attention import additive_scores
from snippets.text.logits import softmax

Score = Callable[[Tensor, Tensor], Tensor]


# --8<-- [start:scores]
def dot(
    query: Float[Tensor, "*batch query d_model"],
    key: Float[Tensor, "*batch key d_model"],
) -> Float[Tensor, "*batch query key"]:
    """q · k for every query and key: (2, 0) · (2, 0) = 4."""
    return query @ key.mT  # no root: Luong does not scale


class General(nn.Module):
    """q W k: a learned matrix d_query × d_key turns the keys first."""

    def __init__(self, d_query: int, d_key: int) -> None:
        super().__init__()
        self.weight = nn.Linear(d_key, d_query, bias=False)

    def forward(
        self,
        query: Float[Tensor, "*batch query d_query"],
        key: Float[Tensor, "*batch key d_key"],
    ) -> Float[Tensor, "*batch query key"]:
        keys: Tensor = self.weight(key)
        return query @ keys.mT


# --8<-- [end:scores]


# --8<-- [start:concat]
class Concat(nn.Module):
    """tanh([q; k] A) · v: the additive score, with one matrix A."""

    def __init__(self, d_query: int, d_key: int, d_score: int) -> None:
        super().__init__()
        self.d_query, self.d_key = d_query, d_key
        self.weight = nn.Linear(d_query + d_key, d_score, bias=False)
        self.v = nn.Parameter(torch.randn(d_score) / d_score**0.5)

    def forward(
        self,
        query: Float[Tensor, "*batch query d_query"],
        key: Float[Tensor, "*batch key d_key"],
    ) -> Float[Tensor, "*batch query key"]:
        # [q; k] A is q times A's upper half plus k times its lower.
        # nn.Linear keeps A transposed: they are left and right.
        left, right = self.weight.weight.split(
            [self.d_query, self.d_key], 1
        )
        return additive_scores(query @ left.T, key @ right.T, self.v)


# --8<-- [end:concat]


class LocalWindow(nn.Module):
    """The paper's local-p: predict a place, look at most `reach` from it.

    Weights fall off as a Gaussian from that place, so that their sum is below 1 and the
    prediction has a gradient.
    """

    def __init__(self, d_query: int, reach: int) -> None:
        super().__init__()
        if reach < 1:
            raise ValueError(f"reach {reach}: a window needs 1 or more")
        self.reach = reach
        self.hidden = nn.Linear(d_query, d_query, bias=False)
        self.v = nn.Linear(d_query, 1, bias=False)

    def forward(
        self,
        query: Float[Tensor, "*batch query d_query"],
        mask: Bool[Tensor, "*batch key"],
    ) -> tuple[
        Bool[Tensor, "*batch query key"],
        Float[Tensor, "*batch query key"],
    ]:
        """Where it may look, and the factor of each weight.

        Around place 3 with reach 2, places 1 to 5 may be looked at,
        with the factors 0.14, 0.61, 1, 0.61, 0.14.
        """
        length = mask.sum(-1)[..., None, None]
        share = torch.sigmoid(self.v(torch.tanh(self.hidden(query))))
        place = torch.arange(mask.shape[-1], device=mask.device)
        distance = place - length * share
        near = distance.abs() <= self.reach
        # A Gaussian whose deviation is half the reach.
        falling = torch.exp(-2 * (distance / self.reach) ** 2)
        return near & mask[..., None, :], falling


class LuongAttention(nn.Module):
    """Score, softmax, average; then mix the context with the state.

    With `reach` it looks at a window around a place that it predicts.
    """

    def __init__(
        self, d_hidden: int, score: Score, reach: int | None = None
    ) -> None:
        super().__init__()
        self.score = score
        self.window = (
            None if reach is None else LocalWindow(d_hidden, reach)
        )
        self.combine = nn.Linear(2 * d_hidden, d_hidden, bias=False)

    def forward(
        self,
        current: Float[Tensor, "*batch query d_hidden"],
        value: Float[Tensor, "*batch key d_hidden"],
        mask: Bool[Tensor, "*batch key"],
    ) -> tuple[
        Float[Tensor, "*batch query d_hidden"],
        Float[Tensor, "*batch query key"],
    ]:
        """The attentional states tanh([c; h] W_c), and the weights."""
        scores = self.score(current, value)
        if self.window is None:
            weights = softmax(scores, mask[..., None, :])
        else:
            near, falling = self.window(current, mask)
            weights = softmax(scores, near) * falling
        context = weights @ value
        mixed = self.combine(torch.cat([context, current], -1))
        return torch.tanh(mixed), weights
