"""From sentence pairs to batches, of about one length each."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from snippets.corpora.portuguese import Pair
from snippets.text.vocabulary import BEGIN, END, Vocabulary, pad


@dataclass(frozen=True, eq=False)
class Batch:
    """Pairs side by side; a mask is True where a token is real.

    Attributes:
        source: Portuguese, with END after its last word.
        target: English, from BEGIN to END.
    """

    source: Int[Tensor, "batch source"]
    source_mask: Bool[Tensor, "batch source"]
    target: Int[Tensor, "batch target"]
    target_mask: Bool[Tensor, "batch target"]

    def to(self, device: torch.device | str) -> Batch:
        return Batch(
            self.source.to(device),
            self.source_mask.to(device),
            self.target.to(device),
            self.target_mask.to(device),
        )


def batch(pairs: Sequence[Pair], source: Vocabulary, target: Vocabulary) -> Batch:
    """The pairs as one batch."""
    return Batch(
        *pad([[*source.encode(p.portuguese), END] for p in pairs]),
        *pad([[BEGIN, *target.encode(p.english), END] for p in pairs]),
    )


def shuffled(
    pairs: Sequence[Pair],
    source: Vocabulary,
    target: Vocabulary,
    batch_size: int,
    seed: int = 0,
) -> Callable[[int], Batch]:
    """The batch of each step, a function of the step and the seed alone.

    Every pair comes once in an epoch. Sentences of about one length come together, so
    that little is filled up.
    """
    size = min(batch_size, len(pairs))
    # A rest that fills no batch waits for another epoch.
    steps = len(pairs) // size

    @lru_cache(maxsize=1)
    def epoch_of(epoch: int) -> list[list[int]]:
        chance = random.Random(f"{seed} {epoch}")
        places = list(range(len(pairs)))
        chance.shuffle(places)
        places = places[: steps * size]
        # Sorted within pools of many batches: still random, hardly padded.
        pool = 50 * size
        sorted_places = [
            place
            for start in range(0, len(places), pool)
            for place in sorted(
                places[start : start + pool], key=lambda p: len(pairs[p].portuguese)
            )
        ]
        groups = [
            sorted_places[start : start + size] for start in range(0, len(places), size)
        ]
        chance.shuffle(groups)
        return groups

    def batch_of(step: int) -> Batch:
        epoch, number = divmod(step, steps)
        chosen = epoch_of(epoch)[number]
        return batch([pairs[place] for place in chosen], source, target)

    return batch_of
