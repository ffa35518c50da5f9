"""Titles that are nearly the same, found without comparing each with each."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
#: The share of their threes of letters that two near-equal titles have in common.
NEAR = 0.85


class TitleKey(NamedTuple):
    """What near-equal titles share: their letters in threes, and their numbers.

    Parts and chapters differ by their numbers only, and those are not near-equal.

    >>> def near(one, other):
    ...     return TitleKey.of(one).near(TitleKey.of(other))
    >>> near("Attention Is All You Need", "Attention is all you need.")
    True
    >>> near("Reading the Source, Part 1", "Reading the Source, Part 2")
    False
    """

    letters: str
    threes: frozenset[str]
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, title: str) -> TitleKey:
        words = re.findall(r"\w+", title.casefold())
        numbers = tuple(word for word in words if word.isdigit())
        letters = "".join(words)
        threes = frozenset(letters[i : i + 3] for i in range(len(letters) - 2))
        return cls(letters, threes, numbers)

    def near(self, other: TitleKey) -> bool:
        """Whether two titles are so alike that they may be one work."""
        if self.numbers != other.numbers:
            return False
        if not self.threes or not other.threes:
            return self.letters == other.letters != ""
        shared = len(self.threes & other.threes)
        return 2 * shared >= NEAR * (len(self.threes) + len(other.threes))


class NearTitles(Generic[T]):
    """Titles, each with what it is the title of, found by being near another.

    Two near titles share so many threes that at least two are among the rarest of
    both. So only titles that share a pair of these are compared, and none is missed:
    the prefix filter of Bayardo, Ma and Srikant, "Scaling Up All Pairs Similarity
    Search" (2007). The work grows with the number of titles, not with its square.
    """

    def __init__(self, titles: Iterable[str]) -> None:
        self.often = Counter(
            three for title in titles for three in TitleKey.of(title).threes
        )
        self.kept: dict[int, list[tuple[TitleKey, T]]] = {}
        #: Looks into the index and comparisons so far.
        self.steps = 0

    def add(self, title: str, owner: T) -> list[T]:
        """Add a title; give what was added before it with a title near it."""
        key, near = TitleKey.of(title), list[T]()
        compared = set[int]()
        for sign in self._signs(key):
            before = self.kept.setdefault(sign, [])
            self.steps += 1 + len(before)
            for other, its_owner in before:
                if id(its_owner) not in compared:
                    compared.add(id(its_owner))
                    if key.near(other):
                        near.append(its_owner)
            before.append((key, owner))
        return near

    def _signs(self, key: TitleKey) -> list[int]:
        """What a near title shares one of: pairs of its rarest threes, as hashes."""
        if len(key.threes) < 2:
            return [hash(key.letters)] if key.letters else []
        # Of two near sets the larger has at most (2 - NEAR) / NEAR times the smaller's
        # size, so they share at least NEAR / (2 - NEAR) of either.
        shared = math.ceil(len(key.threes) * NEAR / (2 - NEAR) - 1e-9)
        rarest = sorted(key.threes, key=lambda three: (self.often[three], three))
        pairs = combinations(rarest[: len(rarest) - shared + 2], 2)
        return [hash((pair, key.numbers)) for pair in pairs]
