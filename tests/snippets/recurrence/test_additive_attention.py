"""Why `additive-attention` can be believed."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from snippets.recurrence.additive_attention import (
    AdditiveAttention,
    BidirectionalEncoder,
    RNNSearch,
)
from snippets.text.logits import softmax
from snippets.text.vocabulary import PAD
from tests.snippets.peers import recurrent_weights

BATCH, QUERIES, KEYS, D_QUERY, D_VALUE, D_SCORE = 3, 4, 6, 5, 7, 8


def attention(kind=AdditiveAttention):
    torch.manual_seed(0)
    return kind(D_QUERY, D_VALUE, D_SCORE).double()


def random_inputs(seed):
    random = torch.Generator().manual_seed(seed)
    draw = partial(torch.randn, generator=random, dtype=torch.float64)
    state, value = draw(BATCH, QUERIES, D_QUERY), draw(BATCH, KEYS, D_VALUE)
    mask = torch.rand(BATCH, QUERIES, KEYS, generator=random) < 0.6
    mask[..., 0] = True
    return state, value, mask


def one_by_one(model, state, value, mask):
    """Equations 5 and 6 and appendix A.1.2, with loops over plain numbers."""
    w, u, v = (x.tolist() for x in (model.query.weight, model.key.weight, model.v))

    def times(matrix, vector):
        return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]

    contexts, shares = [], []
    for s, allowed in zip(state.tolist(), mask.tolist(), strict=True):
        powers = []
        for h, may in zip(value.tolist(), allowed, strict=True):
            both = zip(v, times(w, s), times(u, h), strict=True)
            score = sum(v_k * math.tanh(a + b) for v_k, a, b in both)
            powers.append(math.exp(score) if may else 0.0)
        weights = [power / sum(powers) for power in powers]
        columns = zip(*value.tolist(), strict=True)
        contexts.append([sum(map(float.__mul__, weights, c)) for c in columns])
        shares.append(weights)
    return torch.tensor(contexts), torch.tensor(shares)


def equals_the_formula(kind, seed=0):
    model, (state, value, mask) = attention(kind), random_inputs(seed)
    contexts, weights = model(state, value, mask)
    for row in range(BATCH):
        by_loops = one_by_one(model, state[row], value[row], mask[row])
        for ours, theirs in zip((contexts[row], weights[row]), by_loops, strict=True):
            torch.testing.assert_close(ours, theirs.double(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_attention_equals_the_formula_written_out_in_loops(seed):
    equals_the_formula(AdditiveAttention, seed)


class AsInATutorial(AdditiveAttention):
    """graykode/nlp-tutorial 4-2 cites this paper and computes Luong's general score."""

    def forward(self, state, value, mask=None, key=None):
        weights = softmax(self.query(state) @ self.key(value).mT, mask)
        return weights @ value, weights


def test_attention_with_another_score_is_noticed():
    with pytest.raises(AssertionError):
        equals_the_formula(AsInATutorial)


# --- The translator

SOURCE = torch.tensor([[5, 6, 7, 4, 2], [8, 9, 2, PAD, PAD], [5, 5, 5, 2, PAD]])
TARGET = torch.tensor([[1, 4, 6, 5], [1, 7, 8, 9], [1, 9, 9, 9]])


def translator(kind=RNNSearch):
    torch.manual_seed(0)
    return kind(10, 11, 6, 8).double().eval()


def test_encoder_equals_pytorchs_bidirectional_lstm():
    torch.manual_seed(1)
    ours = BidirectionalEncoder(10, 6, 8).double()
    theirs = nn.LSTM(6, 4, batch_first=True, bidirectional=True).double()
    theirs.load_state_dict(
        recurrent_weights(ours.forward_cell)
        | recurrent_weights(ours.backward_cell, "_l0_reverse")
    )
    mask = SOURCE != PAD
    annotations, last = ours(SOURCE, mask)
    packed = nn.utils.rnn.pack_padded_sequence(
        ours.embedding(SOURCE), mask.sum(-1), batch_first=True, enforce_sorted=False
    )
    output, ends = theirs(packed)
    output, _ = nn.utils.rnn.pad_packed_sequence(output, batch_first=True)
    torch.testing.assert_close(annotations[mask], output[mask], rtol=0, atol=1e-12)
    for part, (forward, backward) in zip(last, ends, strict=True):
        sides = torch.cat([forward, backward], -1)
        torch.testing.assert_close(part, sides, rtol=0, atol=1e-12)


def is_the_equations_step_by_step(kind):
    # c(i) of s(i-1), s(i) = f(s(i-1), y(i-1), c(i)), and y(i) of s(i) and c(i).
    model, mask = translator(kind), SOURCE != PAD
    logits, weights = model.aligned(SOURCE, TARGET)
    value, (hidden, cell) = model.encoder(SOURCE, mask)
    decoder = model.decoder
    theirs = nn.LSTMCell(decoder.cell.input.in_features, 8).double()
    theirs.load_state_dict(recurrent_weights(decoder.cell, ""))
    for step, token in enumerate(TARGET.unbind(1)):
        context, looked = model.attention(hidden[:, None], value, mask[:, None])
        read = torch.cat([decoder.embedding(token), context[:, 0]], -1)
        hidden, cell = theirs(read, (hidden, cell))
        wanted = decoder.output(torch.cat([hidden, context[:, 0]], -1))
        torch.testing.assert_close(weights[:, step], looked[:, 0])
        torch.testing.assert_close(logits[:, step], wanted)


def test_translator_is_the_equations_step_by_step():
    is_the_equations_step_by_step(RNNSearch)


class CurrentState(RNNSearch):
    """Looks with the state that has read the last word: Luong's order."""

    def look(self, token, state):
        hidden, cell, value, key, mask = state
        nothing = torch.zeros_like(hidden)
        _, (now, _) = self.decoder.step(token, (hidden, cell), nothing)
        context, weights = self.attention(now[:, None], value, mask[:, None], key)
        logits, after = self.decoder.step(token, (hidden, cell), context[:, 0])
        return logits, weights[:, 0], (*after, value, key, mask)


def test_translator_that_looks_with_the_current_state_is_noticed():
    with pytest.raises(AssertionError):
        is_the_equations_step_by_step(CurrentState)
