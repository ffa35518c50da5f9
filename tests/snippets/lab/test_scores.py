"""Why the scores can be believed."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snippets.lab.scores import (
    alignment_error_rate,
    bleu,
    edit_distance,
    strongest,
    table_of,
)

links = st.frozensets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1)


PART = (4 / 5 * 3 / 4 * 2 / 3 / 2) ** 0.25  # of n-grams, up to four, one word wrong


@pytest.mark.parametrize(
    ("ours", "wanted", "by_hand"),
    [
        ("a b c d e f", "a b c d e f", 1),
        ("u v w x y z", "a b c d e f", 0),
        ("a b c d x", "a b c d e", PART),
        # As one word "x,y" is wrong; cut into three, two of them would be right.
        ("a b c d x,y", "a b c d x,z", PART),
        # Only what is too short pays for its length.
        ("a b c d e", "a b c d e f", math.exp(1 - 6 / 5)),
        ("a b c d e f", "a b c d e", (5 / 6 * 4 / 5 * 3 / 4 * 2 / 3) ** 0.25),
    ],
)
@pytest.mark.parametrize("times", [1, 3])
def test_bleu_is_that_by_hand(ours, wanted, by_hand, times):
    score = bleu([ours.split()] * times, [wanted.split()] * times)
    assert score == pytest.approx(100 * by_hand)


def test_strongest_is_the_link_of_each_word():
    weights = torch.tensor([[0.1, 0.2, 0.7], [0.5, 0.2, 0.3]])
    assert strongest(weights) == {(2, 0), (0, 1)}


@given(links, links)
def test_error_rate_is_that_of_och_and_ney_with_sure_links_only(found, gold):
    # 1 - (|A and S| + |A and P|) / (|A| + |S|), where S = P.
    common = len(found & gold)
    by_hand = 1 - (common + common) / (len(found) + len(gold))
    assert alignment_error_rate([found], [gold]) == pytest.approx(by_hand)


def test_error_rate_counts_long_sentences_for_more():
    right = frozenset((i, i) for i in range(9))
    wrong, other = frozenset([(0, 1)]), frozenset([(0, 0)])
    assert alignment_error_rate([right, wrong], [right, other]) == pytest.approx(0.1)


@given(links)
def test_table_of_holds_the_links_and_nothing_else(gold):
    table = torch.tensor(table_of(sorted(gold), 5, 5))
    assert {(place, word) for word, place in table.nonzero().tolist()} == gold
    assert table.sum() == len(gold)


def slow_edits(ours, wanted):
    if not ours or not wanted:
        return len(ours) + len(wanted)
    return min(
        slow_edits(ours[1:], wanted) + 1,
        slow_edits(ours, wanted[1:]) + 1,
        slow_edits(ours[1:], wanted[1:]) + (ours[0] != wanted[0]),
    )


WORDS = st.lists(st.integers(1, 3), max_size=5)


@given(WORDS, WORDS)
def test_edit_distance_is_the_fewest_edits(ours, wanted):
    assert edit_distance(ours, wanted) == slow_edits(ours, wanted)
