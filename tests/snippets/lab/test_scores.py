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


SENTENCE = ["a", "b", "c", "d", "e", "f"]


@pytest.mark.parametrize(
    ("ours", "wanted", "by_hand"),
    [
        (SENTENCE, SENTENCE, 1),
        (["u", "v", "w", "x", "y", "z"], SENTENCE, 0),
        # Shares of n-grams found: 4/5, 3/4, 2/3, 1/2. As one word "x,y" is wrong; cut
        # into three, two of them would be right.
        (["a", "b", "c", "d", "x"], SENTENCE[:5], (4 / 5 * 3 / 4 * 2 / 3 / 2) ** 0.25),
        (
            ["a", "b", "c", "d", "x,y"],
            ["a", "b", "c", "d", "x,z"],
            (4 / 5 * 3 / 4 * 2 / 3 / 2) ** 0.25,
        ),
        # Only what is too short pays for its length.
        (SENTENCE[:5], SENTENCE, math.exp(1 - 6 / 5)),
        (SENTENCE, SENTENCE[:5], (5 / 6 * 4 / 5 * 3 / 4 * 2 / 3) ** 0.25),
    ],
)
def test_bleu_is_that_by_hand(ours, wanted, by_hand):
    assert bleu([ours], [wanted]) == pytest.approx(100 * by_hand)
    assert bleu([ours] * 3, [wanted] * 3) == pytest.approx(100 * by_hand)


def test_strongest_is_the_link_of_each_word():
    weights = torch.tensor([[0.1, 0.2, 0.7], [0.5, 0.2, 0.3]])
    assert strongest(weights) == {(2, 0), (0, 1)}


@given(links, links)
def test_error_rate_is_that_of_och_and_ney_with_sure_links_only(found, gold):
    # 1 - (|A and S| + |A and P|) / (|A| + |S|), where S = P.
    common = len(found & gold)
    by_hand = 1 - (common + common) / (len(found) + len(gold))
    assert alignment_error_rate([found], [gold]) == pytest.approx(by_hand)


@given(links)
def test_error_rate_of_the_gold_is_0_and_long_sentences_count_for_more(gold):
    assert alignment_error_rate([gold, gold], [gold, gold]) == 0
    right = frozenset((i, i) for i in range(9))
    wrong, other = frozenset([(0, 1)]), frozenset([(0, 0)])
    assert alignment_error_rate([right, wrong], [right, other]) == pytest.approx(0.1)


@given(links)
def test_table_of_holds_the_links_and_nothing_else(gold):
    table = table_of(sorted(gold), 5, 5)
    again = {
        (place, word)
        for word, row in enumerate(table)
        for place, number in enumerate(row)
        if number
    }
    assert again == gold and sum(map(sum, table)) == len(gold)


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
