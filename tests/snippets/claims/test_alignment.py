"""Whether `alignment` measures what it says."""

from itertools import islice

import pytest

from snippets.claims import alignment as claim
from snippets.corpora.portuguese import Pair, pairs
from snippets.lab.scores import alignment_error_rate
from snippets.recurrence.multiplicative_attention import dot


def rows_of(rates, others=(0.3, 0.5, 0.05)):
    """Error rates, a list of seeds for each model."""
    rows = []
    for seed in range(3):
        for name in claim.MODELS:
            rows.append(
                {"seed": seed, "aligner": name, "bleu": 80.0}
                | {"error_rate": rates[name][seed]}
            )
        for name, rate in zip(claim.OTHERS, others, strict=True):
            rows.append(
                {"seed": seed, "aligner": name, "bleu": None, "error_rate": rate}
            )
    return rows


def rates(**changed):
    return dict.fromkeys(claim.MODELS, (0.2, 0.21, 0.22)) | changed


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"local": (0.1, 0.2, 0.19)}, "seen"),
        ({"local": (0.1, 0.22, 0.19)}, "partly"),
        ({"local": (0.1, 0.1, 0.1), "concat": (0.2, 0.2, 0.6)}, "partly"),
        (dict.fromkeys(claim.MODELS, (0.6, 0.6, 0.6)), "not seen"),
    ],
)
def test_the_verdict_follows_from_the_rows_of_all_seeds(changed, verdict):
    assert claim.conclude(rows_of(rates(**changed)))[0] == verdict


def test_the_words_say_by_how_much():
    _, words = claim.conclude(rows_of(rates(local=(0.1, 0.2, 0.19))))
    assert (
        "5 of 5" in words and "local is best, with a mean error rate of 0.16" in words
    )
    assert "by -0.10 to -0.01" in words


PAIR = Pair(
    ("o", "copo", "novo"), ("the", "new", "glass"), frozenset([(0, 0), (2, 1), (1, 2)])
)


def test_the_diagonal_goes_from_corner_to_corner():
    assert claim.diagonal(PAIR) == {(0, 0), (1, 1), (2, 2)}
    longer = Pair(("a",) * 5, ("b",) * 3)
    assert claim.diagonal(longer) == {(0, 0), (2, 1), (4, 2)}
    # To the nearest place, not to the one before.
    uneven = Pair(("a",) * 6, ("b",) * 4)
    assert claim.diagonal(uneven) == {(0, 0), (2, 1), (3, 2), (5, 3)}


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
    for name, build in claim.MODELS.items():
        model = build(9, 9, 4, 6)
        attention = model.attention
        if name == "additive":
            assert type(model).__name__ == "RNNSearch"
        else:
            score = attention.score
            plain = name in ("dot", "local")
            assert score is dot if plain else type(score).__name__ == name.capitalize()
            assert (attention.window is not None) == (name == "local")
