"""Why the table of where a translator looks can be believed."""

import pytest
import torch

from snippets.lab.alignments import held_out, looks, on_gold, whole
from snippets.lab.scores import alignment_error_rate, strongest


def test_looks_are_the_places_of_the_largest_weights():
    sentence = {
        "english": ["a", "b"],
        "portuguese": ["x", "y"],
        "weights": [[0.2, 0.7], [0.1, 0.3]],
        "gold": [[1, 0], [1, 1]],
    }
    found = looks(whole(sentence))
    assert [tuple(row.values()) for row in found] == [
        ("a", "y", 0.7, True),
        ("b", "[end]", pytest.approx(0.6), False),
    ]


def test_counts_of_the_error_rate_are_those_of_the_weights():
    random = torch.Generator().manual_seed(0)
    numbers = torch.randint(2, 9, (40, 2), generator=random).tolist()
    sizes = [(n, m) for n, m in numbers]
    weights = [torch.rand(m, n, generator=random) for n, m in sizes]
    gold = [
        frozenset((j, i) for i in range(m) for j in range(n) if (i * j + i) % 3 == 0)
        for n, m in sizes
    ]
    rate = alignment_error_rate(map(strongest, weights), gold)
    found = held_out(round(rate, 6), sizes, gold)
    both = [*zip(sizes, weights, gold, strict=True)]

    def count(place):
        return sum(
            (place(i, row, n, m), i) in links
            for (n, m), rows, links in both
            for i, row in enumerate(rows)
        )

    assert found["gold"] == count(lambda i, row, n, m: int(row.argmax()))
    assert found["same"] == count(lambda i, row, n, m: i)
    assert found["diagonal"] == count(
        lambda i, row, n, m: round(i * (n - 1) / max(1, m - 1))
    )
    anywhere = sum(count(lambda i, row, n, m, j=j: j % n) for j in range(840)) / 840
    assert found["random"] == pytest.approx(anywhere, abs=0.5)


def test_rate_that_no_count_of_words_gives_is_refused():
    with pytest.raises(ValueError, match=r"4\.500 words of 10"):
        on_gold(0.55, 10, 10)
