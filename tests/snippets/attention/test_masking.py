"""Why `masking` can be believed."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from snippets.attention.attention import attention
from snippets.attention.heads import MultiHeadAttention
from snippets.attention.masking import (
    causal_and_padding,
    causal_mask,
    padded,
    padding_mask,
)
from snippets.demos import masking as demo

PAD = 0
texts = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=6), min_size=1)


def random(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0)).double()


def test_causal_mask_equals_pytorchs():
    # There minus infinity stands where nothing may be looked at.
    for seq in range(1, 6):
        theirs = nn.Transformer.generate_square_subsequent_mask(seq)
        assert torch.equal(causal_mask(seq), theirs == 0)


def test_causal_mask_of_the_last_queries_is_the_end_of_the_whole():
    # PyTorch's is_causal begins at the first key instead, and is another mask.
    for queries in range(1, 5):
        assert torch.equal(causal_mask(queries, 5), causal_mask(5)[-queries:])
    query, key, value = random(3, 5, 8)
    whole, _ = attention(query, key, value, causal_mask(5))
    last, _ = attention(query[-2:], key, value, causal_mask(2, 5))
    torch.testing.assert_close(last, whole[-2:])
    theirs = F.scaled_dot_product_attention(query[-2:], key, value, is_causal=True)
    assert (theirs - last).abs().max() > 0.1


@given(texts)
def test_padded_texts_come_back_by_the_mask(lists):
    ids = padded(lists, PAD)
    real = padding_mask(ids, PAD)[:, 0]
    assert [row[may].tolist() for row, may in zip(ids, real, strict=True)] == lists


@given(texts)
def test_both_masks_are_the_pairs_that_loops_allow(lists):
    mask = causal_and_padding(padded(lists, PAD), PAD)
    longest = max(map(len, lists))
    expected = [
        [
            [key <= query and key < len(ids) for key in range(longest)]
            for query in range(longest)
        ]
        for ids in lists
    ]
    assert mask.tolist() == expected


@pytest.mark.parametrize("causal", [False, True])
def test_text_among_longer_ones_is_as_alone(causal):
    torch.manual_seed(0)
    heads = MultiHeadAttention(8, 2).double()
    lists = [[1, 2, 3, 4, 5], [6, 7]]
    ids = padded(lists, PAD)
    x = random(10, 8)[ids]
    mask = causal_and_padding(ids, PAD) if causal else padding_mask(ids, PAD)
    together = heads(x, mask=mask)
    alone = heads(x[1:, :2], mask=causal_mask(2) if causal else None)
    torch.testing.assert_close(together[1:, :2], alone)
    without = heads(x, mask=causal_mask(5) if causal else None)
    # Behind a causal mask, padding at the end is in nobody's past.
    assert torch.allclose(without[1:, :2], alone) == causal


def test_by_hand_only_the_mask_before_softmax_is_a_probability_of_the_rest():
    hand = demo.by_hand()
    exp = demo.SCORES.exp()
    torch.testing.assert_close(hand["before"], exp * demo.MAY / exp[:2].sum())
    assert hand["before"].sum() == pytest.approx(1)
    assert hand["after"].sum() < 0.8  # what "it" had is missing
    assert hand["score 0"][2] > 0.04  # a score of 0 is a score


def test_outputs_move_where_the_mask_allows_and_nowhere_else():
    for seed in range(3):
        data = demo.demo(seed)
        for name, mask in data["masks"].items():
            assert torch.equal(data["heard"][name] > 1e-6, mask), name
