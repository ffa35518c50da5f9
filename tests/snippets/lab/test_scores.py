"""Why the scores can be believed."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snippets.lab.scores import alignment_error_rate, bleu, strongest, table_of

links = st.frozensets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1)


def test_what_is_right_has_100_and_what_is_wrong_0():
    wanted = [["the", "robot", "dropped", "the", "glass", "."]] * 3
    assert bleu(wanted, wanted) == pytest.approx(100)
    assert bleu([["a", "b", "c", "d", "e", "f"]] * 3, wanted) == 0
    half = [["the", "robot", "dropped", "the", "cup", "."]] * 3
    assert 0 < bleu(half, wanted) < 100


def test_bleu_by_hand_on_one_pair():
    # Shares of n-grams found: 4/5, 3/4, 2/3, 1/2; both are equally long.
    found = bleu([["a", "b", "c", "d", "x"]], [["a", "b", "c", "d", "e"]])
    by_hand = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert found == pytest.approx(by_hand)


def test_the_strongest_link_of_each_word():
    weights = torch.tensor([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]])
    assert strongest(weights) == {(1, 0), (0, 1)}


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
