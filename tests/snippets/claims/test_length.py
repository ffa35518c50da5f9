"""Whether `length` measures what it says."""

import pytest

from snippets.claims import length as claim


def rows_of(**models):
    """BLEU on the first and on the last group of training, a pair a seed."""
    return [
        {"seed": seed, "model": model, "shortest": first, "longest": last}
        | {"bleu": short if place < claim.IN_TRAINING - 1 else long}
        for model, pairs in models.items()
        for seed, (short, long) in enumerate(pairs)
        for place, (first, last) in enumerate(claim.GROUPS)
    ]


@pytest.mark.parametrize(
    ("plain", "attention", "verdict"),
    [
        ([(40, 10), (50, 20), (60, 25)], [(90, 89), (90, 90), (95, 96)], "seen"),
        # The paper saw no deterioration, so nine tenths are not what it saw.
        ([(40, 10), (50, 20), (60, 25)], [(90, 89), (90, 81), (95, 96)], "partly"),
        ([(40, 10), (50, 20), (60, 25)], [(90, 85), (90, 60), (95, 95)], "partly"),
        ([(40, 10), (50, 45), (60, 25)], [(90, 85), (90, 80), (95, 95)], "not seen"),
        ([(40, 30), (50, 35), (60, 35)], [(90, 85), (90, 82), (95, 95)], "partly"),
        ([(40, 39), (50, 49), (60, 59)], [(90, 10), (90, 10), (95, 10)], "not seen"),
    ],
)
def test_the_verdict_follows_from_the_rows_of_all_seeds(plain, attention, verdict):
    found, words = claim.conclude(rows_of(plain=plain, attention=attention))
    assert found == verdict
    assert f"the plain translator keeps {min(b / a for a, b in plain):.0%}" in words


def test_the_groups_follow_on_each_other_and_the_last_is_new():
    for (_, last), (first, _) in zip(claim.GROUPS, claim.GROUPS[1:], strict=False):
        assert first == last + 1
    assert claim.GROUPS[claim.IN_TRAINING - 1][1] == claim.LONGEST
    assert max(len(p.portuguese) for p in claim.test(claim.GROUPS[0])) == 7
    assert {s.longest for _, s in claim.MODELS.values()} == {claim.LONGEST}
