"""Why `recurrent_networks` can be believed."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import rnn

from snippets.demos import recurrent_networks as shown
from snippets.recurrence.recurrent_networks import (
    GRUCell,
    LSTMCell,
    RNNCell,
    fused_lstm,
    gradient_by_distance,
    unroll,
)

BATCH, SEQ, D_MODEL, D_HIDDEN = 4, 7, 5, 6
LENGTHS = torch.tensor([7, 2, 5, 1])
LATER = torch.arange(SEQ)
MASK = LENGTHS[:, None] > LATER
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-14}
PAIRS = {
    "RNN": (RNNCell, nn.RNN),
    "GRU": (GRUCell, nn.GRU),
    "LSTM": (LSTMCell, nn.LSTM),
}

every_kind = pytest.mark.parametrize("kind", PAIRS)


def twins(kind, dtype=torch.float64, seed=0):
    """Our cell and PyTorch's module with the same random weights."""
    torch.manual_seed(seed)
    ours, theirs = PAIRS[kind]
    cell = ours(D_MODEL, D_HIDDEN).to(dtype)
    module = theirs(D_MODEL, D_HIDDEN, batch_first=True).to(dtype)
    names = {"ih": "input", "hh": "recurrent"}
    state = {
        name: cell.state_dict()[f"{names[name.split('_')[1]]}.{name.split('_')[0]}"]
        for name in module.state_dict()
    }
    assert len(state) == len(cell.state_dict()) == 4
    module.load_state_dict(state)
    return cell, module


def random_inputs(seed=1, dtype=torch.float64):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, SEQ, D_MODEL, generator=random, dtype=dtype)


def random_state(cell, seed=2, dtype=torch.float64):
    random = torch.Generator().manual_seed(seed)
    shape = (cell.parts, BATCH, D_HIDDEN)
    return tuple(torch.randn(shape, generator=random, dtype=dtype).tanh())


def run_theirs(module, x, state=None, mask=None):
    """PyTorch's outputs and last state, in our shapes."""
    start = None
    if state is not None:
        stacked = [part[None] for part in state]
        start = tuple(stacked) if len(stacked) > 1 else stacked[0]
    if mask is not None:
        lengths = mask.sum(-1)
        x = rnn.pack_padded_sequence(x, lengths, True, enforce_sorted=False)
    output, last = module(x, start)
    if mask is not None:
        output, _ = rnn.pad_packed_sequence(output, True, total_length=SEQ)
    last = last if isinstance(last, tuple) else (last,)
    return output, tuple(part[0] for part in last)


@every_kind
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("started", [False, True])
def test_equals_pytorchs_module(kind, dtype, started):
    cell, module = twins(kind, dtype)
    x = random_inputs(dtype=dtype)
    state = random_state(cell, dtype=dtype) if started else None
    ours, our_last = unroll(cell, x, state=state)
    theirs, their_last = run_theirs(module, x, state)
    tolerance = {"rtol": 0, "atol": TOLERANCE[dtype]}
    torch.testing.assert_close(ours, theirs, **tolerance)
    torch.testing.assert_close(our_last, their_last, **tolerance)


@every_kind
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_equals_pytorchs_module_on_a_packed_batch(kind, dtype):
    cell, module = twins(kind, dtype)
    x = random_inputs(dtype=dtype)
    ours, our_last = unroll(cell, x, MASK)
    theirs, their_last = run_theirs(module, x, mask=MASK)
    tolerance = {"rtol": 0, "atol": TOLERANCE[dtype]}
    torch.testing.assert_close(ours[MASK], theirs[MASK], **tolerance)
    torch.testing.assert_close(our_last, their_last, **tolerance)


@every_kind
@pytest.mark.parametrize("padded", [False, True])
def test_gradients_equal_those_of_pytorchs_module(kind, padded):
    cell, module = twins(kind)
    x = random_inputs().requires_grad_()
    state = tuple(part.requires_grad_() for part in random_state(cell))
    mask = MASK if padded else None
    real = MASK if padded else torch.ones_like(MASK)

    def gradients(output, last, parameters):
        loss = output[real].square().sum() + sum(part.sin().sum() for part in last)
        return torch.autograd.grad(loss, [x, *state, *parameters])

    ours = gradients(*unroll(cell, x, mask, state), cell.parameters())
    theirs = gradients(*run_theirs(module, x, state, mask), module.parameters())
    # Ours come as weight, bias of the input, then of the recurrence.
    head, (w_in, b_in, w_rec, b_rec) = ours[:-4], ours[-4:]
    for our, their in zip([*head, w_in, w_rec, b_in, b_rec], theirs, strict=True):
        assert their.abs().max() > 1e-3
        torch.testing.assert_close(our, their, rtol=0, atol=1e-12)


def test_equals_pytorchs_lstm_step_by_step():
    cell, _ = twins("LSTM")
    step = nn.LSTMCell(D_MODEL, D_HIDDEN, dtype=torch.float64)
    state = cell.state_dict()
    step.load_state_dict(
        {
            "weight_ih": state["input.weight"],
            "weight_hh": state["recurrent.weight"],
            "bias_ih": state["input.bias"],
            "bias_hh": state["recurrent.bias"],
        }
    )
    x, before = random_inputs(), random_state(cell)
    ours, theirs = cell(x[:, 0], before), step(x[:, 0], before)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-14)


def sigmoid(number):
    return 1 / (1 + math.exp(-number))


def gru_in_loops(cell, x, hidden):
    """The paper's equations 5 to 8, number by number: the reset gate comes first."""
    size = len(hidden)
    w, u = cell.input.weight.tolist(), cell.recurrent.weight.tolist()
    b, c = cell.input.bias.tolist(), cell.recurrent.bias.tolist()

    def dot(row, vector):
        return sum(a * b for a, b in zip(row, vector, strict=True))

    def mixed(gate, j, past):
        row = gate * size + j
        return dot(w[row], x) + b[row] + dot(u[row], past) + c[row]

    reset = [sigmoid(mixed(0, j, hidden)) for j in range(size)]
    past = [r * h for r, h in zip(reset, hidden, strict=True)]
    after = []
    for j in range(size):
        update = sigmoid(mixed(1, j, hidden))
        after.append(update * hidden[j] + (1 - update) * math.tanh(mixed(2, j, past)))
    return after


def test_the_gru_of_the_paper_equals_its_equations_in_loops():
    torch.manual_seed(3)
    cell = GRUCell(D_MODEL, D_HIDDEN, reset_after=False).double()
    x, (hidden,) = random_inputs(), random_state(cell)
    (ours,) = cell(x[:, 0], (hidden,))
    rows = zip(x[:, 0].tolist(), hidden.tolist(), strict=True)
    by_loops = torch.tensor([gru_in_loops(cell, *row) for row in rows])
    torch.testing.assert_close(ours, by_loops.double(), rtol=0, atol=1e-6)


def test_the_two_grus_are_one_where_the_reset_gate_is_open():
    x = random_inputs()
    for bias, same in ((0.0, False), (50.0, True)):
        after, _ = twins("GRU")
        before = GRUCell(D_MODEL, D_HIDDEN, reset_after=False).double()
        with torch.no_grad():
            after.input.bias[:D_HIDDEN] += bias
        before.load_state_dict(after.state_dict())
        difference = (unroll(after, x)[0] - unroll(before, x)[0]).abs().max().item()
        assert (difference < 1e-12) == same
        assert same or difference > 1e-3


def test_the_fused_path_is_the_loop():
    cell, _ = twins("LSTM")
    x, state = random_inputs().requires_grad_(), random_state(cell)
    for mask in (None, MASK):
        for start in (None, state):
            ours = unroll(cell, x, mask, start)
            fused = fused_lstm(cell, x, mask, start)
            torch.testing.assert_close(fused, ours, rtol=0, atol=1e-14)
            learned = [x, *cell.parameters()]
            for our, their in zip(
                torch.autograd.grad(ours[0].square().sum(), learned),
                torch.autograd.grad(fused[0].square().sum(), learned),
                strict=True,
            ):
                assert our.abs().max() > 1e-3
                torch.testing.assert_close(their, our, rtol=0, atol=1e-12)


def test_a_row_of_padding_alone_is_refused_in_a_line():
    cell, _ = twins("LSTM")
    with pytest.raises(ValueError, match="a row is padding alone: leave it out"):
        fused_lstm(cell, random_inputs(), torch.tensor([[3], [1], [0], [7]]) > LATER)


@every_kind
@given(st.lists(st.integers(0, SEQ), min_size=BATCH, max_size=BATCH))
def test_a_padded_row_is_read_as_if_alone(kind, lengths):
    cell, _ = twins(kind)
    x = random_inputs()
    mask = torch.arange(SEQ) < torch.tensor(lengths)[:, None]
    hidden, last = unroll(cell, x, mask)
    for row, length in enumerate(lengths):
        if not length:  # nothing read: the state it began with
            assert all(part[row].eq(0).all() for part in last)
            continue
        alone, end = unroll(cell, x[row : row + 1, :length])
        torch.testing.assert_close(hidden[row, :length], alone[0])
        for part, alone_part in zip(last, end, strict=True):
            torch.testing.assert_close(part[row], alone_part[0])
        # At padding the hidden state waits.
        assert hidden[row, length:].eq(hidden[row, length - 1]).all()


@every_kind
@given(st.integers(1, SEQ - 1))
def test_to_stop_and_go_on_changes_nothing(kind, place):
    cell, _ = twins(kind)
    x = random_inputs()
    whole, last = unroll(cell, x)
    first, state = unroll(cell, x[:, :place])
    second, end = unroll(cell, x[:, place:], state=state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)
    torch.testing.assert_close(end, last)


@every_kind
def test_all_steps_share_the_weights(kind):
    cell, module = twins(kind)
    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[kind]
    ours = sum(weight.numel() for weight in cell.parameters())
    assert ours == gates * (D_HIDDEN * (D_MODEL + D_HIDDEN) + 2 * D_HIDDEN)
    assert ours == sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize("size", [0.5, 1.0, 1.25])
def test_the_gradient_is_the_power_of_the_matrix(size):
    # At zero tanh has slope 1: only the matrix is left, and it is a turn times `size`.
    cell, _ = twins("RNN")
    turn = torch.linalg.qr(torch.randn(D_HIDDEN, D_HIDDEN, dtype=torch.float64))[0]
    with torch.no_grad():
        cell.recurrent.weight.copy_(size * turn)
        cell.recurrent.bias.zero_()
        cell.input.bias.zero_()
    gradient = gradient_by_distance(cell, torch.zeros_like(random_inputs()))
    back = torch.ones(D_HIDDEN, dtype=torch.float64)
    for distance in range(SEQ):
        expected = (back @ cell.input.weight).norm()
        torch.testing.assert_close(gradient[distance], expected)
        back = back @ cell.recurrent.weight
        # As long as before, times the size: it vanishes, stays or explodes.
        torch.testing.assert_close(back.norm().item(), 6**0.5 * size ** (distance + 1))


def test_the_gradient_is_a_mean_of_lengths_and_leaves_its_input_alone():
    cell, _ = twins("LSTM")
    x = random_inputs()
    alone = [gradient_by_distance(cell, row[None]) for row in x]
    mean = torch.stack(alone).mean(0)
    torch.testing.assert_close(gradient_by_distance(cell, x), mean)
    assert not x.requires_grad


def with_gates(forget, write):
    """An LSTM whose gates do not listen: their biases alone decide."""
    cell, _ = twins("LSTM")
    with torch.no_grad():
        cell.recurrent.weight.zero_()
        cell.recurrent.bias.zero_()
        cell.input.weight.zero_()
        cell.input.bias[:D_HIDDEN] = write
        cell.input.bias[D_HIDDEN : 2 * D_HIDDEN] = forget
    return cell


@given(st.floats(-6, 6))
def test_an_lstms_cell_is_forgotten_by_the_product_of_its_gates(forget):
    cell = with_gates(forget, write=0.0)
    x = random_inputs()
    start = tuple(part.requires_grad_() for part in random_state(cell))
    _, (_, last) = unroll(cell, x, state=start)
    (gradient,) = torch.autograd.grad(last.sum(), start[1])
    expected = torch.full_like(gradient, sigmoid(forget) ** SEQ)
    torch.testing.assert_close(gradient, expected)


def test_a_shut_input_and_an_open_forget_gate_keep_the_cell_for_ever():
    cell = with_gates(forget=100.0, write=-100.0)
    state = random_state(cell)
    long = torch.randn(BATCH, 1000, D_MODEL, dtype=torch.float64)
    _, (_, last) = unroll(cell, long, state=state)
    assert torch.equal(last, state[1])


@pytest.mark.parametrize("kind", [LSTMCell, GRUCell])
def test_the_bias_that_keeps_is_that_of_the_keeping_gate(kind):
    torch.manual_seed(0)
    plain = kind(D_MODEL, D_HIDDEN)
    torch.manual_seed(0)
    keeps = kind(D_MODEL, D_HIDDEN, keep_bias=30.0)
    with torch.no_grad():
        plain.input.bias[D_HIDDEN : 2 * D_HIDDEN] += 30.0
    torch.testing.assert_close(keeps.state_dict(), plain.state_dict())
    # It keeps whatever it has, were it not for what is written.
    x = random_inputs(dtype=torch.float32)
    state = random_state(keeps, dtype=torch.float32)
    with torch.no_grad():
        if kind is LSTMCell:
            keeps.input.bias[:D_HIDDEN] = -30.0
    torch.testing.assert_close(unroll(keeps, x, state=state)[1][-1], state[-1])


def test_gates_ease_the_fading_and_do_not_cure_it():
    # Hochreiter and Schmidhuber, section 3.1, over three seeds.
    for seed in range(3):
        rnn_, gru, lstm, opened = (
            shown.decay(kind, seed)["gradient"] for kind in shown.KINDS
        )
        for far in (10, 20, 40):
            assert rnn_[far] < lstm[far] / 3 and rnn_[far] < gru[far] / 3
        # By powers of ten: the road of a plain RNN, of gates half shut, of gates open.
        assert rnn_[40] < 1e-11 < lstm[40] < 1e-6 < 0.05 < opened[40]
        assert 1e-11 < gru[40] < 1e-6
