"""Intervals of a share and the luckiest guesser, each computed another way."""

import math
import random

import pytest

from snippets.lab.chances import guessing, interval, luckiest


def test_interval_is_wilsons():
    # Of the formula with 8 of 10; Newcombe 1998, table I, has 81 of 263.
    assert interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)


@pytest.mark.parametrize(("right", "n"), [(32, 50), (10, 20), (0, 10), (35, 40)])
def test_ends_are_where_the_normal_test_just_accepts(right, n):
    # Wilson's interval holds the shares p with |right/n - p| <= z sqrt(p(1-p)/n).
    accepted = [
        p / 10_000
        for p in range(10_001)
        if (right / n - p / 1e4) ** 2 <= 1.96**2 * p / 1e4 * (1 - p / 1e4) / n
    ]
    low, high = interval(right, n)
    assert low == pytest.approx(accepted[0], abs=2e-4)
    assert high == pytest.approx(accepted[-1], abs=2e-4)


def test_interval_holds_the_truth_about_95_times_in_100():
    generator = random.Random(0)
    held = 0
    for _ in range(4000):
        right = sum(generator.random() < 0.7 for _ in range(50))
        low, high = interval(right, 50)
        held += low <= 0.7 <= high
    assert 0.93 <= held / 4000 <= 0.97


def test_guesses_of_equal_chances_are_binomial():
    expected = [math.comb(9, k) * 0.3**k * 0.7 ** (9 - k) for k in range(10)]
    assert guessing([0.3] * 9) == pytest.approx(expected)


def test_luckiest_is_what_throwing_finds():
    chances = [0.5] * 6 + [1 / 3] * 4
    generator = random.Random(0)
    counts = [0] * 11
    for _ in range(4000):
        best = max(sum(generator.random() < p for p in chances) for _ in range(8))
        counts[best] += 1
    found = luckiest(chances, 8)
    assert sum(found) == pytest.approx(1)
    assert found == pytest.approx([count / 4000 for count in counts], abs=0.03)
