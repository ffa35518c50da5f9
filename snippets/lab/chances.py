"""What chance alone does: intervals of a share, and the luckiest of many guesses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import sqrt

Z = 1.96  # so many standard deviations to either side hold 95 % of a bell curve


def interval(right: int, of: int) -> tuple[float, float]:
    """Wilson's 95 per cent interval of a share.

    95 in 100 intervals that are made so hold the true share.

    >>> [round(end, 3) for end in interval(8, 10)]
    [0.49, 0.943]
    """
    share = right / of
    middle = share + Z * Z / (2 * of)
    reach = Z * sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    whole = 1 + Z * Z / of
    return (middle - reach) / whole, (middle + reach) / whole


def guessing(chances: Sequence[float]) -> list[float]:
    """How probable each number of right guesses is, from none to all.

    >>> guessing([0.5, 0.5])
    [0.25, 0.5, 0.25]

    Args:
        chances: of each question, how probable a right guess is.
    """
    found = [1.0]
    for chance in chances:
        wrong = [(1 - chance) * p for p in found]
        right = [chance * p for p in found]
        found = [a + b for a, b in zip([*wrong, 0.0], [0.0, *right], strict=True)]
    return found


def luckiest(chances: Sequence[float], guessers: int) -> list[float]:
    """How probable each number of right guesses is for the best of several guessers.

    None of them knows of another: all stay at or below a number as often as
    one does, multiplied with itself.

    >>> luckiest([0.5, 0.5], 2)
    [0.0625, 0.5, 0.4375]
    """
    at_most = [below**guessers for below in accumulate(guessing(chances))]
    return [b - a for a, b in zip([0.0, *at_most], at_most, strict=False)]
