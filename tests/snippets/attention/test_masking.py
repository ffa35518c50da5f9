"""Why `masking` can be believed."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from snippets.attention.attention import attention
from snippets.attention.heads import MultiHeadAttention
from snippets.attention.masking import (
    additive,
    causal_and_padding,
    causal_mask,
    padding_mask,
)
from snippets.demos import masking as demo
from snippets.lab.minilm import MiniLM
from snippets.text.logits import softmax

PAD = 0
texts = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=6), min_size=1)


def padded(lists):
    return pad_sequence(list(map(torch.tensor, lists)), batch_first=True)


def random(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0)).double()


def test_causal_mask_equals_pytorchs():
    for seq in range(1, 6):
        theirs = nn.Transformer.generate_square_subsequent_mask(seq)
        assert torch.equal(additive(causal_mask(seq)), theirs)


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
def test_masks_are_the_pairs_that_loops_allow(lists):
    ids = padded(lists)
    longest = ids.shape[1]
    expected = [
        [
            [key <= query and key < len(text) for key in range(longest)]
            for query in range(longest)
        ]
        for text in lists
    ]
    assert causal_and_padding(ids, PAD).tolist() == expected
    real = [[[key < len(text) for key in range(longest)]] for text in lists]
    assert padding_mask(ids, PAD).tolist() == real


def alone_and_together(hide):
    """Outputs for the shorter of two texts, by itself and as `hide` masks the batch."""
    torch.manual_seed(0)
    heads = MultiHeadAttention(8, 2).double()
    ids = padded([[1, 2, 3, 4, 5], [6, 7]])
    x = random(10, 8)[ids]
    return heads(x[1:, :2]), heads(x, mask=hide(ids))[1:, :2]


def test_text_among_longer_ones_is_as_alone():
    alone, together = alone_and_together(lambda ids: padding_mask(ids, PAD))
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize(
    "hide",
    [
        lambda ids: None,
        lambda ids: ~padding_mask(ids, PAD),  # turned round
        lambda ids: padding_mask(ids, PAD).mT.expand(2, 5, 5),  # of queries
    ],
)
def test_wrong_padding_masks_change_what_a_text_gives(hide):
    alone, together = alone_and_together(hide)
    assert (together - alone).abs().max() > 0.01


def test_each_row_of_a_causal_mask_is_the_text_cut_there():
    torch.manual_seed(0)
    reader, ids = demo.Reader(9).double(), torch.randint(9, (3, demo.SEQ))
    mask = causal_mask(demo.SEQ)
    torch.testing.assert_close(reader(ids, mask), reader.write(ids, mask))
    torch.testing.assert_close(reader.write(ids, None), reader.write(ids, mask))
    for wrong in (None, ~mask, mask.mT):
        apart = reader(ids, wrong) - reader.write(ids, mask)
        assert apart.abs().max() > 0.01


@given(texts)
def test_added_mask_is_the_boolean_one(lists):
    mask = causal_and_padding(padded(lists), PAD)
    scores = random(*mask.shape)
    expected = (scores + additive(mask)).softmax(-1)
    torch.testing.assert_close(softmax(scores, mask), expected)
    as_ones = (scores + mask).softmax(-1)  # the mistake: 0 and 1
    assert mask.all() or as_ones[~mask].min() > 0.001


def test_pytorchs_functions_disagree_about_true():
    mask = causal_mask(4)
    heads = nn.MultiheadAttention(8, 1, bias=False).double()
    for matrix in (heads.in_proj_weight, heads.out_proj.weight):
        nn.init.eye_(matrix[:8])
    heads.in_proj_weight.data = torch.eye(8).double().repeat(3, 1)
    x = random(4, 8)
    ours, looks = attention(x, x, x, mask)
    torch.testing.assert_close(F.scaled_dot_product_attention(x, x, x, mask), ours)
    theirs, weights = heads(x, x, x, attn_mask=~mask)
    torch.testing.assert_close(theirs, ours)
    torch.testing.assert_close(weights, looks)
    # Given as it is, the last token may look at nothing.
    assert heads(x, x, x, attn_mask=mask)[1].isnan().any()


def test_by_hand_is_the_paragraph():
    weights = {name: row.tolist() for name, row in demo.by_hand()["weights"].items()}
    assert weights["no mask"] == pytest.approx([2 / 8, 1 / 8, 4 / 8, 1 / 8])
    assert weights["score −∞"] == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert weights["score 0"] == pytest.approx([2 / 5, 1 / 5, 1 / 5, 1 / 5])
    assert weights["weight 0"] == pytest.approx([2 / 8, 1 / 8, 0, 0])


def test_nothing_to_look_at_gives_nothing_and_no_nan():
    ways = demo.nothing_to_see(0)["ways"]
    nan = {name: [int(rows) for rows in way["nan"]] for name, way in ways.items()}
    assert nan == {"−∞, plain": [1, 4], "−1e9, plain": [0, 0], "−∞, ours": [0, 0]}
    scores = random(2, 3).requires_grad_()
    looks = softmax(scores, torch.tensor([[False] * 3, [True] * 3]))
    assert looks[0].tolist() == [0, 0, 0]
    (slope,) = torch.autograd.grad(looks.square().sum(), scores)
    assert slope[0].tolist() == [0, 0, 0]
    assert not slope.isnan().any()


def test_half_precision_holds_no_billion():
    hidden = torch.tensor([True, False])
    with pytest.raises(RuntimeError, match="overflow"):
        torch.zeros(2, dtype=torch.float16).masked_fill(hidden, -1e9)
    assert -math.inf == torch.zeros(2).half().masked_fill(hidden, -math.inf)[0]


def test_minilm_reads_a_padded_sentence_as_alone():
    model = MiniLM()
    ids = torch.tensor([[101, 1996, 8957, 3333, 102], [101, 2009, 102, PAD, PAD]])
    together = model.read(ids, mask=padding_mask(ids, PAD))[-1].output
    for row, count in zip(together, (5, 3), strict=True):
        real = ids[0 if count == 5 else 1, :count]
        alone = model.read(real)[-1].output
        torch.testing.assert_close(row[:count], alone, rtol=0, atol=1e-5)
    without = model.read(ids)[-1].output
    assert (without[1, :3] - together[1, :3]).abs().max() > 0.1
