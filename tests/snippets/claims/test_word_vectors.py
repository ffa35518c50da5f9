"""Why the claim `word-vectors` can be believed."""

import math
from collections import Counter

import pytest
import torch

from snippets.claims import word_vectors as claim
from snippets.text.word_vectors import WordVectors

TEXT = [["the", "cat", "saw", "the", "dog"], ["the", "dog", "ate"], ["a", "cat"]]


def test_ppmi_equals_the_formula_by_loops():
    words, matrix = claim.ppmi(TEXT, window=2)
    met = Counter()
    for line in TEXT:
        for i, a in enumerate(line):
            for j, b in enumerate(line):
                if 1 <= abs(i - j) <= 2:
                    met[a, b] += {1: 1, 2: 1 / 2}[abs(i - j)]
    each = Counter()
    for (a, _), times in met.items():
        each[a] += times
    smooth = {w: each[w] ** 0.75 / sum(n**0.75 for n in each.values()) for w in each}
    for i, a in enumerate(words):
        for j, b in enumerate(words):
            ratio = met[a, b] / each[a] / smooth[b]
            expected = math.log(ratio) if ratio > 1 else 0
            assert matrix[i, j].item() == pytest.approx(expected, abs=1e-5)


def test_cut_to_size_is_what_eigenvectors_give():
    # The rows of U √S have the products U S Uᵀ: the root of the matrix times itself.
    _, matrix = claim.ppmi(TEXT, window=2)
    values, vectors = torch.linalg.eigh(matrix.double() @ matrix.double().T)
    root = vectors * values.clamp(min=0) ** 0.25
    for d_model in (2, len(matrix)):
        ours = claim.by_counting(TEXT, d_model, 2).table.double()
        largest = root[:, -d_model:]
        torch.testing.assert_close(
            ours @ ours.T, largest @ largest.T, atol=1e-5, rtol=0
        )


@pytest.fixture(scope="module")
def text():
    return claim.sentences(0, 1500)


def test_the_gold_stands_in_the_text(text):
    seen = Counter(word for line in text for word in line)
    kinds, forms = claim.kinds(), claim.forms()
    assert sum(word in seen for word in kinds) > 0.9 * len(kinds)
    assert ("wolf", "wolves") in forms["plurals"]
    assert ("break", "broke") in forms["pasts"]
    assert ("write", "writing") in forms["-ing"]
    # No form that is its own answer.
    assert not [pair for some in forms.values() for pair in some if len({*pair}) < 2]


def test_all_analogies_at_once_are_those_one_by_one():
    torch.manual_seed(1)
    vectors = WordVectors(list("abcdefgh"), *torch.randn(2, 8, 3))
    some = [("a", "b"), ("c", "d"), ("e", "b"), ("f", "a"), ("g", "h")]
    one_by_one = [
        vectors.analogy(a, b, c) == d
        for a, b in some
        for c, d in some
        if c not in (a, b) and d != b
    ]
    assert claim.answers(vectors, some) == one_by_one
    assert 0 < sum(one_by_one) < len(one_by_one)


def made_up(right):
    """Vectors in which a form is its stem plus one direction, or chance alone."""
    torch.manual_seed(0)
    forms = claim.forms()
    every = {w for some in forms.values() for pair in some for w in pair}
    every |= claim.kinds().keys()
    stem, end = {}, {}
    for number, some in enumerate(forms.values()):
        for a, b in some:
            stem.setdefault(a, torch.randn(100))
            stem[b], end[b] = stem[a], number
    if right:
        # Each noun leans towards its kind.
        lean = {kind: 3 * torch.randn(100) for kind in set(claim.kinds().values())}
        ends = 6 * torch.randn(3, 100)
        rows = [
            stem.get(word, torch.randn(100))
            + lean.get(claim.kinds().get(word), torch.zeros(100))
            + (ends[end[word]] if word in end else 0)
            for word in every
        ]
    else:
        rows = list(torch.randn(len(every), 100))
    table = torch.stack(rows)
    return WordVectors(list(every), table, table)


def test_vectors_made_of_stem_and_ending_are_nearly_always_right():
    found = claim.scores(made_up(right=True))
    assert found["kinds"] > 0.9
    assert min(found["pasts"], found["-ing"], found["plurals"]) > 0.8


def test_without_the_step_nothing_is_subtracted():
    rows = {
        "eat": (1.0, 0.0, 0.0),
        "ate": (0.0, 1.0, 0.0),
        "break": (0.6, 0.0, 0.8),
        "broke": (-0.4, 1.0, 0.8),  # ate − eat + break
        "both": (0.6, 1.0, 0.8),  # ate + break
    }
    table = torch.tensor(list(rows.values()))
    vectors = WordVectors(list(rows), table, table)
    pairs = [("eat", "ate"), ("break", "broke")]
    assert claim.answers(vectors, pairs)[0]
    assert not claim.answers(vectors, pairs, step=False)[0]


def test_vectors_without_sense_are_right_by_chance():
    vectors = made_up(right=False)
    found, chance = claim.scores(vectors), claim.by_chance(vectors)
    assert found["kinds"] < 3 * chance["kinds"]
    assert all(found[task] < 0.02 for task in ("plurals", "pasts", "-ing"))
    assert chance["pasts"] == pytest.approx(1 / (len(vectors.words) - 3))


def test_already_little_text_brings_kinds_together(monkeypatch):
    monkeypatch.setattr(claim, "SENTENCES", 1500)
    monkeypatch.setattr(claim, "EPOCHS", 25)
    rows = claim.measure(0)
    right = {(row["method"], row["task"]): row["right"] for row in rows}
    assert len(right) == 15
    for method in ("skip-gram", "counts"):
        assert right[method, "kinds"] > 4 * right["chance", "kinds"]


def rows_with(**right):
    return [
        {"seed": seed, "method": method, "task": task, "right": value}
        for seed in range(3)
        for task in ("kinds", "plurals")
        for method, value in (
            ("skip-gram", right[task] + 0.01 * seed),
            *((("no step", 0.2),) if task != "kinds" else ()),
            ("counts", 0.5),
            ("chance", 0.02),
        )
    ]


@pytest.mark.parametrize(
    ("kinds", "plurals", "verdict"),
    [(0.9, 0.51, "seen"), (0.9, 0.49, "partly"), (0.02, 0.49, "not seen")],
)
def test_the_verdict_follows_the_worst_seed(kinds, plurals, verdict):
    found, words = claim.conclude(rows_with(kinds=kinds, plurals=plurals))
    assert found == verdict
    assert f"nearest words {100 * (kinds + 0.01):.0f} in 100 are of its kind" in words
    assert f'{100 * (plurals + 0.01):.0f} in 100 of "cat is to cats as' in words
