"""Why the table of where a translator looks can be believed."""

import pytest

from snippets.lab.alignments import looks, whole


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
