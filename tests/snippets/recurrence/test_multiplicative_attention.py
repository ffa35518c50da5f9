"""Why `multiplicative-attention` can be believed."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from snippets.demos import multiplicative_attention as shown
from snippets.recurrence.luong import Luong
from snippets.recurrence.multiplicative_attention import (
    Concat,
    General,
    LocalWindow,
    LuongAttention,
    dot,
)
from snippets.text.search import beam_search, greedy
from snippets.text.vocabulary import PAD

BATCH, QUERIES, KEYS, D = 3, 4, 6, 8


def random_inputs(seed):
    random = torch.Generator().manual_seed(seed)
    query = torch.randn(BATCH, QUERIES, D, generator=random, dtype=torch.float64)
    key = torch.randn(BATCH, KEYS, D, generator=random, dtype=torch.float64)
    return query, key


def test_dot_is_pytorchs_operator_without_the_root():
    query, key = random_inputs(0)
    ours = dot(query, key).softmax(-1) @ key
    theirs = F.scaled_dot_product_attention(query, key, key, scale=1.0)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    scaled = F.scaled_dot_product_attention(query, key, key)
    assert (ours - scaled).abs().max() > 0.01


def test_general_is_pytorchs_bilinear_layer():
    torch.manual_seed(1)
    query, key = random_inputs(1)
    ours, theirs = General(D, D).double(), nn.Bilinear(D, D, 1, bias=False).double()
    theirs.load_state_dict({"weight": ours.weight.weight[None]})
    pairs = theirs(
        query[:, :, None].expand(-1, -1, KEYS, -1).contiguous(),
        key[:, None].expand(-1, QUERIES, -1, -1).contiguous(),
    )
    torch.testing.assert_close(ours(query, key), pairs[..., 0], rtol=0, atol=1e-12)


def test_general_with_a_matrix_that_changes_nothing_is_dot():
    query, key = random_inputs(2)
    general = General(D, D).double()
    nn.init.eye_(general.weight.weight)
    torch.testing.assert_close(general(query, key), dot(query, key))


def test_concat_is_a_network_over_the_two_side_by_side():
    torch.manual_seed(3)
    query, key = random_inputs(3)
    concat = Concat(D, D, 5).double()
    side_by_side = torch.cat(
        [
            query[:, :, None].expand(-1, -1, KEYS, -1),
            key[:, None].expand(-1, QUERIES, -1, -1),
        ],
        -1,
    )
    plain = torch.tanh(concat.weight(side_by_side)) @ concat.v
    torch.testing.assert_close(concat(query, key), plain, rtol=0, atol=1e-12)


@pytest.mark.parametrize("reach", [None, 2])
def test_what_is_found_is_a_tanh_of_context_and_state(reach):
    # Equation 5: tanh(W [c; h]), the context first.
    torch.manual_seed(4)
    model = LuongAttention(D, dot, reach).double()
    query, key = random_inputs(4)
    found, weights = model(query, key, torch.ones(BATCH, KEYS, dtype=torch.bool))
    of_context, of_state = model.combine.weight.split(D, 1)
    mixed = weights @ key @ of_context.T + query @ of_state.T
    torch.testing.assert_close(found, mixed.tanh(), rtol=0, atol=1e-12)


# --- The window


def by_loops(window, state, length, scores):
    """Equations 9 and 10 for one query, with loops over plain numbers."""
    hidden = torch.tanh(window.hidden.weight @ state)
    share = 1 / (1 + math.exp(-(window.v.weight[0] @ hidden).item()))
    center = length * share
    near = [s for s in range(length) if abs(s - center) <= window.reach]
    total = sum(math.exp(scores[s]) for s in near)
    sigma = window.reach / 2
    weights = [0.0] * len(scores)
    for s in near:
        bell = math.exp(-((s - center) ** 2) / (2 * sigma**2))
        weights[s] = math.exp(scores[s]) / total * bell
    return weights


@pytest.mark.parametrize("seed", range(4))
def test_the_window_is_the_formula_written_out(seed):
    torch.manual_seed(seed)
    model = LuongAttention(D, dot, reach=2).double()
    query, key = random_inputs(seed)
    mask = torch.arange(KEYS) < torch.tensor([[6], [4], [5]])
    _, weights = model(query, key, mask)
    for row, length in enumerate([6, 4, 5]):
        for place in range(QUERIES):
            scores = (key[row] @ query[row, place]).tolist()
            wanted = by_loops(model.window, query[row, place], length, scores)
            torch.testing.assert_close(
                weights[row, place],
                torch.tensor(wanted, dtype=torch.float64),
                rtol=0,
                atol=1e-6,
            )


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_the_window_has_something_in_it_and_never_padding(seed, reach):
    torch.manual_seed(seed % 2**31)
    window = LocalWindow(D, reach).double()
    query, _ = random_inputs(seed)
    mask = torch.arange(KEYS) < torch.tensor([[6], [1], [3]])
    near, falling = window(30 * query, mask)
    assert near.any(-1).all()
    assert not near[~mask[:, None].expand_as(near)].any()
    assert falling[near].le(1).all() and falling[near].gt(math.exp(-2.01)).all()


def test_the_edges_of_the_window_are_in_it():
    # A sigmoid of 0 is a half: of four words the guess is exactly 2.
    window = LocalWindow(D, reach=1).double()
    nn.init.zeros_(window.v.weight)
    query, _ = random_inputs(0)
    near, _ = window(query, torch.arange(KEYS).lt(4).expand(BATCH, -1))
    assert near[0, 0].tolist() == [False, True, True, True, False, False]


def test_only_the_gaussian_tells_the_guess_where_to_go():
    torch.manual_seed(5)
    window = LocalWindow(D, 2).double()
    query, _ = random_inputs(5)
    near, falling = window(query, torch.ones(BATCH, KEYS, dtype=torch.bool))
    falling.sum().backward()
    assert not near.requires_grad
    assert window.v.weight.grad.abs().max() > 1e-3


@pytest.mark.parametrize("reach", [0, -1])
def test_a_window_that_reaches_nowhere_is_refused(reach):
    with pytest.raises(ValueError, match=f"reach {reach}: a window needs 1 or more"):
        LuongAttention(D, dot, reach)


# --- The translator

SOURCE = torch.tensor([[5, 6, 7, 4, 2], [8, 9, 2, PAD, PAD], [5, 5, 5, 2, PAD]])
TARGET = torch.tensor([[1, 4, 6, 5], [1, 7, 8, 9], [1, 9, 9, 9]])
KINDS = {
    "global": {},
    "local": {"reach": 1},
    "fed": {"input_feeding": True},
    "local and fed": {"reach": 2, "input_feeding": True},
}
every_kind = pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)


def translator(**options):
    torch.manual_seed(0)
    return Luong(10, 11, 6, D, General(D, D), **options).double().eval()


@every_kind
def test_the_translator_is_the_equations_step_by_step(options):
    model, mask = translator(**options), SOURCE != PAD
    logits, weights = model.aligned(SOURCE, TARGET)
    value, (hidden, cell) = model.encoder(SOURCE, mask)
    ours, found = model.cell, torch.zeros_like(hidden)
    theirs = nn.LSTMCell(ours.input.in_features, D).double()
    parts = ("ih", ours.input), ("hh", ours.recurrent)
    theirs.load_state_dict(
        {
            f"{name}_{letters}": weight
            for letters, part in parts
            for name, weight in part.named_parameters()
        }
    )
    for step, token in enumerate(TARGET.unbind(1)):
        # A cell that is not fed has room for the word alone.
        read = torch.cat([model.embedding(token), found], -1)
        hidden, cell = theirs(read[:, : theirs.input_size], (hidden, cell))
        (found,), (looked,) = (
            both.unbind(1) for both in model.attention(hidden[:, None], value, mask)
        )
        torch.testing.assert_close(weights[:, step], looked)
        torch.testing.assert_close(logits[:, step], model.output(found))


@every_kind
def test_writing_step_by_step_is_teacher_forcing(options):
    model = translator(**options)
    memory, steps = model.start(SOURCE), []
    for token in TARGET.unbind(1):
        logits, memory = model.step(token, memory)
        steps.append(logits)
    torch.testing.assert_close(torch.stack(steps, 1), model(SOURCE, TARGET))


@every_kind
def test_it_never_looks_at_padding_and_padding_changes_nothing(options):
    model = translator(**options)
    logits, weights = model.aligned(SOURCE, TARGET)
    assert weights[1, :, 3:].eq(0).all()
    alone, _ = model.aligned(SOURCE[1:2, :3], TARGET[1:2])
    torch.testing.assert_close(alone[0], logits[1], rtol=0, atol=1e-12)


@every_kind
def test_the_current_state_looks_so_a_word_moves_the_weights_of_its_step(options):
    model = translator(**options)
    _, weights = model.aligned(SOURCE, TARGET)
    other = TARGET.clone()
    other[:, 2] = 10
    _, changed = model.aligned(SOURCE, other)
    torch.testing.assert_close(changed[:, :2], weights[:, :2], rtol=0, atol=0)
    assert (changed[:, 2] - weights[:, 2]).abs().max() > 1e-6


def test_global_weights_sum_to_one_and_local_to_less():
    _, everywhere = translator().aligned(SOURCE, TARGET)
    _, near = translator(reach=1).aligned(SOURCE, TARGET)
    torch.testing.assert_close(everywhere.sum(-1), torch.ones_like(near[..., 0]))
    assert near.sum(-1).lt(1).all() and near.sum(-1).gt(0).all()


def test_what_is_fed_is_what_the_last_step_found():
    model = translator(input_feeding=True)
    memory = model.start(SOURCE)
    assert memory[2].eq(0).all()
    first, memory = model.step(TARGET[:, 0], memory)
    torch.testing.assert_close(model.output(memory[2]), first)
    hidden, cell, found, *rest = memory
    next_logits, _ = model.step(TARGET[:, 1], memory)
    forgotten = (hidden, cell, torch.zeros_like(found), *rest)
    other, _ = model.step(TARGET[:, 1], forgotten)
    assert (next_logits - other).abs().max() > 1e-4


def test_a_beam_of_one_is_greedy():
    model = translator(input_feeding=True)
    (row,) = greedy(model, SOURCE[:1], 6)
    assert beam_search(model, SOURCE[:1], 1, 6)[0].tokens == row


# --- What the page says


def test_the_example_by_hand_is_right():
    hand = shown.by_hand()
    places = [(0, 2), (2, 0), (1, 1)]
    assert hand["annotations"].tolist() == [list(place) for place in places]
    wanted = {
        "dot": [2 * a + b for a, b in places],
        "general": [2 * a - b for a, b in places],
        "concat": [math.tanh(2 + a) + math.tanh(-1 - b) for a, b in places],
    }
    for name, scores in wanted.items():
        assert hand["scores"][name].tolist() == pytest.approx(scores, abs=1e-6)
    by_v = (hand["squashed"] @ hand["v"]).tolist()
    assert by_v == pytest.approx(wanted["concat"], abs=1e-6)
