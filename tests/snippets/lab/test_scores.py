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


def test_what_is_right_has_100_and_what_is_wrong_0():
    wanted = [["the", "robot", "dropped", "the", "glass", "."]] * 3
    assert bleu(wanted, wanted) == pytest.approx(100)
    assert bleu([["a", "b", "c", "d", "e", "f"]] * 3, wanted) == 0
    half = [["the", "robot", "dropped", "the", "cup", "."]] * 3
    assert 0 < bleu(half, wanted) < 100


# Shares of n-grams found: 4/5, 3/4, 2/3, 1/2. As one word "x,y" is wrong; cut into
# three, two of them would be right.
@pytest.mark.parametrize("ending", [("x", "e"), ("x,y", "x,z")])
def test_bleu_by_hand_on_one_pair(ending):
    ours, wanted = (["a", "b", "c", "d", end] for end in ending)
    by_hand = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert bleu([ours], [wanted]) == pytest.approx(by_hand)


def test_only_what_is_too_short_pays_for_its_length():
    long, short = ["a", "b", "c", "d", "e", "f"], ["a", "b", "c", "d", "e"]
    assert bleu([short], [long]) == pytest.approx(100 * math.exp(1 - 6 / 5))
    by_hand = 100 * (5 / 6 * 4 / 5 * 3 / 4 * 2 / 3) ** 0.25
    assert bleu([long], [short]) == pytest.approx(by_hand)


def test_the_strongest_link_of_each_word():
    weights = torch.tensor([[0.1, 0.2, 0.7], [0.5, 0.2, 0.3]])
    assert strongest(weights) == {(2, 0), (0, 1)}


@given(links, links)
def test_the_error_rate_is_that_of_och_and_ney_with_sure_links_only(found, gold):
    # 1 - (|A and S| + |A and P|) / (|A| + |S|), where S = P.
    common = len(found & gold)
    by_hand = 1 - (common + common) / (len(found) + len(gold))
    assert alignment_error_rate([found], [gold]) == pytest.approx(by_hand)


@given(links)
def test_the_gold_alignment_has_no_errors(gold):
    assert alignment_error_rate([gold, gold], [gold, gold]) == 0


def test_long_sentences_count_for_more():
    right = frozenset((i, i) for i in range(9))
    wrong, gold = frozenset([(0, 1)]), frozenset([(0, 0)])
    assert alignment_error_rate([right, wrong], [right, gold]) == pytest.approx(0.1)


@given(links)
def test_a_table_holds_the_links_and_nothing_else(gold):
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
