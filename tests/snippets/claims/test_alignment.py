"""Whether `alignment` measures what it says."""

from itertools import islice

import pytest

from snippets.claims import alignment as claim
from snippets.corpora.portuguese import Pair, pairs
from snippets.lab.scores import alignment_error_rate
from snippets.recurrence.multiplicative_attention import dot


def rows_of(rates):
    """Error rates, a list of seeds for each model."""
    others = zip(claim.OTHERS, (0.3, 0.5, 0.05), strict=True)
    rates = rates | {name: (rate,) * 3 for name, rate in others}
    return [
        {"seed": seed, "aligner": name, "bleu": 80.0, "error_rate": rate}
        for name, seeds in rates.items()
        for seed, rate in enumerate(seeds)
    ]


BEST = "The best, local, has an error rate of 0."


@pytest.mark.parametrize(
    ("changed", "verdict", "says"),
    [
        (
            {"local": (0.1, 0.2, 0.19)},
            "seen",
            ["5 of our 5", f"{BEST}16", "-0.10 to -0.01"],
        ),
        ({"local": (0.1, 0.22, 0.19)}, "partly", [f"{BEST}17"]),
        ({"local": (0.1,) * 3, "concat": (0.2, 0.2, 0.6)}, "partly", [f"{BEST}10"]),
        (dict.fromkeys(claim.MODELS, (0.6,) * 3), "not seen", ["0 of our 5"]),
    ],
)
def test_the_verdict_follows_from_the_rows_of_all_seeds(changed, verdict, says):
    rates = dict.fromkeys(claim.MODELS, (0.2, 0.21, 0.22)) | changed
    found, words = claim.conclude(rows_of(rates))
    assert found == verdict
    assert all(part in words for part in says)


PAIR = Pair(
    ("o", "copo", "novo"), ("the", "new", "glass"), frozenset([(0, 0), (2, 1), (1, 2)])
)


@pytest.mark.parametrize(
    ("pair", "links"),
    [
        (PAIR, {(0, 0), (1, 1), (2, 2)}),
        (Pair(("a",) * 5, ("b",) * 3), {(0, 0), (2, 1), (4, 2)}),
        # To the nearest place, not to the one before.
        (Pair(("a",) * 6, ("b",) * 4), {(0, 0), (2, 1), (3, 2), (5, 3)}),
    ],
)
def test_the_diagonal_goes_from_corner_to_corner(pair, links):
    assert claim.diagonal(pair) == links


def test_one_link_a_word_is_the_best_that_one_link_can_be():
    test = list(islice(pairs("test", 0, 4, 12), 100))
    gold = [pair.alignment for pair in test]
    best = alignment_error_rate(map(claim.one_link, test), gold)
    other = alignment_error_rate(map(claim.diagonal, test), gold)
    assert 0 < best < 0.1 < other
    assert claim.one_link(PAIR) == PAIR.alignment


def test_ibm_model_1_learns_which_words_come_together():
    training = [
        Pair(("o", "copo"), ("the", "glass")),
        Pair(("o", "gato"), ("the", "cat")),
        Pair(("um", "copo"), ("a", "glass")),
        Pair(("um", "gato"), ("a", "cat")),
    ] * 5
    test = [Pair(("o", "copo"), ("the", "glass")), Pair(("gato", "um"), ("a", "cat"))]
    found = claim.ibm_model_1(training, test)
    assert found == [{(0, 0), (1, 1)}, {(1, 0), (0, 1)}]


def test_each_model_has_the_score_of_its_name():
    assert type(claim.MODELS["additive"](9, 9, 4, 6)).__name__ == "RNNSearch"
    for name in set(claim.MODELS) - {"additive"}:
        attention = claim.MODELS[name](9, 9, 4, 6).attention
        if name in ("dot", "local"):
            assert attention.score is dot
        else:
            assert type(attention.score).__name__ == name.capitalize()
        assert (attention.window is not None) == (name == "local")
