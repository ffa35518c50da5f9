"""Why `additive-attention` can be believed."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from snippets.demos import additive_attention as shown
from snippets.recurrence.additive_attention import (
    AdditiveAttention,
    BidirectionalEncoder,
    RNNSearch,
    additive_scores,
    reverse_sequence,
)
from snippets.text.logits import softmax
from snippets.text.search import beam_search, greedy
from snippets.text.vocabulary import PAD

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


def test_scores_are_those_of_a_network_over_each_pair():
    # [W U] [s; h] is W s + U h: PyTorch's layers over the two side by side.
    model, (state, value, _) = attention(), random_inputs(1)
    network = nn.Sequential(
        nn.Linear(D_QUERY + D_VALUE, D_SCORE, bias=False),
        nn.Tanh(),
        nn.Linear(D_SCORE, 1, bias=False),
    ).double()
    with torch.no_grad():
        network[0].weight.copy_(torch.cat([model.query.weight, model.key.weight], 1))
        network[2].weight.copy_(model.v[None])
    rows = state[:, :, None].expand(-1, -1, KEYS, -1)
    pairs = torch.cat([rows, value[:, None].expand(-1, QUERIES, -1, -1)], -1)
    ours = additive_scores(model.query(state), model.key(value), model.v)
    theirs = network(pairs).squeeze(-1)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    learned = model.query.weight, model.key.weight
    slopes = torch.cat(torch.autograd.grad(ours.square().sum(), learned), 1)
    (theirs,) = torch.autograd.grad(theirs.square().sum(), network[0].weight)
    torch.testing.assert_close(slopes, theirs, rtol=0, atol=1e-9)


def test_scores_are_bounded_however_long_the_vectors():
    model, (state, value, _) = attention(), random_inputs(4)
    far = additive_scores(model.query(1e3 * state), model.key(1e3 * value), model.v)
    assert far.abs().max() <= model.v.abs().sum() + 1e-9


def test_keys_made_once_are_the_keys():
    model, (state, value, mask) = attention(), random_inputs(5)
    again = model(state, value, mask)
    once = model(state, value, mask, model.key(value))
    torch.testing.assert_close(once, again, rtol=0, atol=0)


# --- The translator

SOURCE = torch.tensor([[5, 6, 7, 4, 2], [8, 9, 2, PAD, PAD], [5, 5, 5, 2, PAD]])
TARGET = torch.tensor([[1, 4, 6, 5], [1, 7, 8, 9], [1, 9, 9, 9]])


def translator(kind=RNNSearch):
    torch.manual_seed(0)
    return kind(10, 11, 6, 8).double().eval()


def test_reverse_sequence_twice_changes_nothing_and_padding_stays():
    x = torch.arange(15.0).reshape(3, 5, 1)
    mask = SOURCE != PAD
    once = reverse_sequence(x, mask)
    assert once[1].flatten().tolist() == [7, 6, 5, 8, 9]
    assert torch.equal(reverse_sequence(once, mask), x)


def parts_of(cell, end=""):
    """The weights of a cell under the names that PyTorch gives them."""
    return {
        f"{name}_{letters}{end}": weight
        for letters, part in (("ih", cell.input), ("hh", cell.recurrent))
        for name, weight in part.named_parameters()
    }


def test_encoder_equals_pytorchs_bidirectional_lstm():
    torch.manual_seed(1)
    ours = BidirectionalEncoder(10, 6, 8).double()
    theirs = nn.LSTM(6, 4, batch_first=True, bidirectional=True).double()
    theirs.load_state_dict(
        parts_of(ours.forward_cell, "_l0") | parts_of(ours.backward_cell, "_l0_reverse")
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


def test_translator_is_the_equations_step_by_step():
    # c(i) of s(i-1), s(i) = f(s(i-1), y(i-1), c(i)), and y(i) of s(i) and c(i).
    model, mask = translator(), SOURCE != PAD
    logits, weights = model.aligned(SOURCE, TARGET)
    value, (hidden, cell) = model.encoder(SOURCE, mask)
    decoder = model.decoder
    theirs = nn.LSTMCell(decoder.cell.input.in_features, 8).double()
    theirs.load_state_dict(parts_of(decoder.cell))
    for step, token in enumerate(TARGET.unbind(1)):
        context, looked = model.attention(hidden[:, None], value, mask[:, None])
        read = torch.cat([decoder.embedding(token), context[:, 0]], -1)
        hidden, cell = theirs(read, (hidden, cell))
        wanted = decoder.output(torch.cat([hidden, context[:, 0]], -1))
        torch.testing.assert_close(weights[:, step], looked[:, 0])
        torch.testing.assert_close(logits[:, step], wanted)


def the_previous_state_looks(kind):
    model = translator(kind)
    _, weights = model.aligned(SOURCE, TARGET)
    other = TARGET.clone()
    other[:, 2] = 10
    _, changed = model.aligned(SOURCE, other)
    torch.testing.assert_close(changed[:, :3], weights[:, :3], rtol=0, atol=0)
    assert (changed[:, 3] - weights[:, 3]).abs().max() > 1e-6


def test_translator_looks_with_the_state_that_has_not_read_the_word():
    the_previous_state_looks(RNNSearch)


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
        the_previous_state_looks(CurrentState)


@pytest.mark.parametrize("search", [greedy, partial(beam_search, width=2)])
def test_search_refuses_a_source_of_padding_alone(search):
    with pytest.raises(ValueError, match="a row is padding alone"):
        search(translator(), torch.full((1, 3), PAD), max_len=4)


def test_padding_of_a_source_is_not_looked_at_and_changes_nothing():
    model = translator()
    logits, weights = model.aligned(SOURCE, TARGET)
    assert weights[1, :, 3:].eq(0).all()
    alone, _ = model.aligned(SOURCE[1:2, :3], TARGET[1:2])
    torch.testing.assert_close(alone[0], logits[1], rtol=0, atol=1e-12)


# --- What the page says


def test_by_hand_is_the_formula():
    hand = shown.by_hand()
    scores = [
        sum(2 * math.tanh(s + h) for s, h in zip((-1, 1), place, strict=True))
        for place in ((0, 2), (2, 0), (1, 1))
    ]
    assert hand["scores"].tolist() == pytest.approx(scores)
    powers = [math.exp(score) for score in scores]
    weights = [power / sum(powers) for power in powers]
    assert hand["weights"].tolist() == pytest.approx(weights)
    context = (2 * weights[1] + weights[2], 2 * weights[0] + weights[2])
    assert hand["context"].tolist() == pytest.approx(context)


@pytest.mark.parametrize("seed", range(3))
def test_spread_grows_as_that_of_dot_products_unless_v_is_over_the_root(seed):
    short, long = (shown.spread(d, seed) for d in (64, 1024))
    for kind, growth in (("dot", 4), ("plain", 4), ("additive", 1)):
        assert long[kind] / short[kind] == pytest.approx(growth, rel=0.25)
