"""Titles that are nearly the same."""

from __future__ import annotations

import re
from typing import NamedTuple


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
            return self.letters == other.letters
        shared = len(self.threes & other.threes)
        return 2 * shared >= 0.85 * (len(self.threes) + len(other.threes))
