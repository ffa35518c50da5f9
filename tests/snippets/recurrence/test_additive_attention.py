"""Why `additive-attention` can be believed."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from snippets.demos import additive_attention as shown
from snippets.recurrence.additive_attention import (
    AdditiveAttention,
    BidirectionalEncoder,
    RNNSearch,
    additive_scores,
    turned,
)
from snippets.text.logits import softmax
from snippets.text.search import beam_search, greedy
from snippets.text.vocabulary import PAD

BATCH, QUERIES, KEYS, D_QUERY, D_VALUE, D_SCORE = 3, 4, 6, 5, 7, 8


def attention(seed=0, kind=AdditiveAttention):
    torch.manual_seed(seed)
    return kind(D_QUERY, D_VALUE, D_SCORE).double()


def random_inputs(seed, dtype=torch.float64):
    random = torch.Generator().manual_seed(seed)
    state = torch.randn(BATCH, QUERIES, D_QUERY, generator=random, dtype=dtype)
    value = torch.randn(BATCH, KEYS, D_VALUE, generator=random, dtype=dtype)
    mask = torch.rand(BATCH, QUERIES, KEYS, generator=random) < 0.6
    mask[..., 0] = True
    return state, value, mask


def one_by_one(model, state, value, mask):
    """Equations 5 and 6 and appendix A.1.2, with loops over plain numbers."""
    w, u, v = (
        model.query.weight.tolist(),
        model.key.weight.tolist(),
        model.v.tolist(),
    )

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
    return torch.tensor([contexts]).squeeze(0), torch.tensor(shares)


def equals_the_formula(kind, seed=0):
    model, (state, value, mask) = attention(seed, kind), random_inputs(seed)
    contexts, weights = model(state, value, mask)
    for row in range(BATCH):
        by_loops = one_by_one(model, state[row], value[row], mask[row])
        for ours, theirs in zip((contexts[row], weights[row]), by_loops, strict=True):
            torch.testing.assert_close(ours, theirs.double(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_equals_the_formula_written_out_in_loops(seed):
    equals_the_formula(AdditiveAttention, seed)


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
    pairs = torch.cat(
        [
            state[:, :, None].expand(-1, -1, KEYS, -1),
            value[:, None].expand(-1, QUERIES, -1, -1),
        ],
        -1,
    )
    ours = additive_scores(model.query(state), model.key(value), model.v)
    torch.testing.assert_close(ours, network(pairs).squeeze(-1), rtol=0, atol=1e-12)


def test_equals_the_layer_of_keras_which_projects_nothing():
    # keras.layers.AdditiveAttention: reduce_sum(scale * tanh(q + k), -1).
    random = torch.Generator().manual_seed(2)
    query = torch.randn(BATCH, QUERIES, D_SCORE, generator=random)
    key = torch.randn(BATCH, KEYS, D_SCORE, generator=random)
    scale = torch.randn(D_SCORE, generator=random)
    q, k, v = query.numpy(), key.numpy(), scale.numpy()
    import numpy as np

    keras = (v * np.tanh(q[:, :, None, :] + k[:, None, :, :])).sum(-1)
    ours = additive_scores(query, key, scale)
    torch.testing.assert_close(ours, torch.from_numpy(keras), rtol=0, atol=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_weights_are_shares_of_what_may_be_looked_at(seed):
    model, (state, value, mask) = attention(), random_inputs(seed)
    _, weights = model(state, value, mask)
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))
    assert weights[~mask].eq(0).all() and weights[mask].gt(0).all()


def test_a_score_is_bounded_however_long_the_vectors():
    model, (state, value, _) = attention(), random_inputs(4)
    scores = additive_scores(
        model.query(1e3 * state), model.key(1e3 * value), model.v
    ).abs()
    assert scores.max() <= model.v.abs().sum() + 1e-9
    dots = ((1e3 * state)[..., :5] @ (1e3 * value)[..., :5].mT).abs()
    assert dots.max() > 1e3 * model.v.abs().sum()


def test_keys_made_once_are_the_keys():
    model, (state, value, mask) = attention(), random_inputs(5)
    again = model(state, value, mask)
    once = model(state, value, mask, model.key(value))
    for ours, theirs in zip(once, again, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


# --- The translator

SOURCE = torch.tensor([[5, 6, 7, 4, 2], [8, 9, 2, PAD, PAD], [5, 5, 5, 2, PAD]])
TARGET = torch.tensor([[1, 4, 6, 5], [1, 7, 8, 9], [1, 9, 9, 9]])


def translator(kind=RNNSearch):
    torch.manual_seed(0)
    return kind(10, 11, 6, 8).double().eval()


def test_turning_twice_changes_nothing_and_padding_stays():
    x = torch.arange(15.0).reshape(3, 5, 1)
    mask = SOURCE != PAD
    once = turned(x, mask)
    assert once[1].flatten().tolist() == [7, 6, 5, 8, 9]
    assert torch.equal(turned(once, mask), x)


def test_both_readers_are_pytorchs_bidirectional_lstm():
    torch.manual_seed(1)
    ours = BidirectionalEncoder(10, 6, 8).double()
    theirs = nn.LSTM(6, 4, batch_first=True, bidirectional=True).double()
    names = {"forth": "", "back": "_reverse"}
    state = {}
    for name, ending in names.items():
        cell = getattr(ours, name)
        for part, letters in (("input", "ih"), ("recurrent", "hh")):
            layer = getattr(cell, part)
            state[f"weight_{letters}_l0{ending}"] = layer.weight
            state[f"bias_{letters}_l0{ending}"] = layer.bias
    theirs.load_state_dict(state)
    mask = SOURCE != PAD
    annotations, last = ours(SOURCE, mask)
    packed = nn.utils.rnn.pack_padded_sequence(
        ours.embedding(SOURCE), mask.sum(-1), batch_first=True, enforce_sorted=False
    )
    output, ends = theirs(packed)
    output, _ = nn.utils.rnn.pad_packed_sequence(output, batch_first=True)
    torch.testing.assert_close(annotations[mask], output[mask], rtol=0, atol=1e-12)
    for part, end in zip(last, ends, strict=True):
        sides = torch.cat([end[0], end[1]], -1)
        torch.testing.assert_close(part, sides, rtol=0, atol=1e-12)


def pytorchs(cell):
    """PyTorch's own cell with the weights of ours."""
    theirs = nn.LSTMCell(cell.input.in_features, cell.d_hidden).double()
    parts = ("ih", cell.input), ("hh", cell.recurrent)
    theirs.load_state_dict(
        {
            f"{name}_{letters}": weight
            for letters, part in parts
            for name, weight in part.named_parameters()
        }
    )
    return theirs


def test_the_translator_is_the_equations_step_by_step():
    # c(i) of s(i-1), s(i) = f(s(i-1), y(i-1), c(i)), and y(i) of s(i) and c(i).
    model, mask = translator(), SOURCE != PAD
    logits, weights = model.aligned(SOURCE, TARGET)
    value, (hidden, cell) = model.encoder(SOURCE, mask)
    decoder, theirs = model.decoder, pytorchs(model.decoder.cell)
    for step, token in enumerate(TARGET.unbind(1)):
        context, looked = model.attention(hidden[:, None], value, mask[:, None])
        read = torch.cat([decoder.embedding(token), context[:, 0]], -1)
        hidden, cell = theirs(read, (hidden, cell))
        said = decoder.output(torch.cat([hidden, context[:, 0]], -1))
        torch.testing.assert_close(weights[:, step], looked[:, 0])
        torch.testing.assert_close(logits[:, step], said)


def test_keys_made_once_are_learned():
    model = translator()
    model(SOURCE, TARGET).sum().backward()
    assert model.attention.key.weight.grad.abs().amax() > 0


def the_previous_state_looks(kind):
    model = translator(kind)
    _, weights = model.aligned(SOURCE, TARGET)
    other = TARGET.clone()
    other[:, 2] = 10
    _, changed = model.aligned(SOURCE, other)
    torch.testing.assert_close(changed[:, :3], weights[:, :3], rtol=0, atol=0)
    assert (changed[:, 3] - weights[:, 3]).abs().max() > 1e-6


def test_the_previous_state_looks_so_a_word_does_not_move_its_own_weights():
    the_previous_state_looks(RNNSearch)


def test_a_source_of_padding_alone_is_refused_in_a_line():
    for search in (greedy, partial(beam_search, width=2)):
        with pytest.raises(ValueError, match="a row is padding alone"):
            search(translator(), torch.full((1, 3), PAD), max_len=4)


def test_it_never_looks_at_padding_and_padding_changes_nothing():
    model = translator()
    logits, weights = model.aligned(SOURCE, TARGET)
    assert weights[1, :, 3:].eq(0).all()
    alone, _ = model.aligned(SOURCE[1:2, :3], TARGET[1:2])
    torch.testing.assert_close(alone[0], logits[1], rtol=0, atol=1e-12)


def test_writing_step_by_step_is_teacher_forcing():
    model = translator()
    memory, steps = model.start(SOURCE), []
    for token in TARGET.unbind(1):
        logits, memory = model.step(token, memory)
        steps.append(logits)
    torch.testing.assert_close(torch.stack(steps, 1), model(SOURCE, TARGET))


def test_a_beam_of_one_is_greedy():
    model = translator()
    (row,) = greedy(model, SOURCE[:1], 6)
    assert beam_search(model, SOURCE[:1], 1, 6)[0].tokens == row


# --- Planted faults


class AsInATutorial(AdditiveAttention):
    """graykode/nlp-tutorial 4-2 cites this paper and computes Luong's general score."""

    def forward(self, state, value, mask=None, key=None):
        weights = softmax(self.query(state) @ self.key(value).mT, mask)
        return weights @ value, weights


def test_another_score_is_caught():
    with pytest.raises(AssertionError):
        equals_the_formula(AsInATutorial)


class CurrentState(RNNSearch):
    """Looks with the state that has read the last word: Luong's order."""

    def look(self, token, memory):
        *state, value, key, mask = memory
        _, (now, _) = self.decoder.step(token, tuple(state), torch.zeros_like(state[0]))
        context, weights = self.attention(now[:, None], value, mask[:, None], key)
        logits, after = self.decoder.step(token, tuple(state), context[:, 0])
        return logits, weights[:, 0], (*after, value, key, mask)


def test_looking_with_the_current_state_is_caught():
    with pytest.raises(AssertionError):
        the_previous_state_looks(CurrentState)


# --- What the page says


def test_the_example_by_hand_is_right():
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
def test_additive_scores_grow_as_dot_products_do_unless_v_is_over_the_root(seed):
    short, long = (shown.spread(d, seed) for d in (64, 1024))
    for kind, growth in (("dot", 4), ("plain", 4), ("additive", 1)):
        assert long[kind] / short[kind] == pytest.approx(growth, rel=0.25)


def test_a_word_looks_most_at_the_place_of_its_largest_weight():
    sentence = {
        "english": ["a", "b"],
        "portuguese": ["x", "y"],
        "weights": [[0.2, 0.7], [0.1, 0.3]],
        "gold": [[1, 0], [1, 1]],
    }
    found = shown.looks(shown.whole(sentence))
    assert [tuple(row.values()) for row in found] == [
        ("a", "y", 0.7, True),
        ("b", "[end]", pytest.approx(0.6), False),
    ]
