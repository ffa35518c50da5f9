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
    unroll,
)

BATCH, SEQ, D_MODEL, D_HIDDEN = 4, 7, 5, 6
MASK = torch.arange(SEQ) < torch.tensor([[7], [2], [5], [1]])
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-14}
PAIRS = {
    "RNN": (RNNCell, nn.RNN),
    "GRU": (GRUCell, nn.GRU),
    "LSTM": (LSTMCell, nn.LSTM),
}

every_kind = pytest.mark.parametrize("kind", PAIRS)


def twins(kind, dtype=torch.float64):
    """Our cell and PyTorch's module with the same random weights."""
    torch.manual_seed(0)
    ours, theirs = PAIRS[kind]
    cell = ours(D_MODEL, D_HIDDEN).to(dtype)
    module = theirs(D_MODEL, D_HIDDEN, batch_first=True).to(dtype)
    module.load_state_dict(
        {
            "weight_ih_l0": cell.input.weight,
            "weight_hh_l0": cell.recurrent.weight,
            "bias_ih_l0": cell.input.bias,
            "bias_hh_l0": cell.recurrent.bias,
        }
    )
    return cell, module


def random_inputs(dtype=torch.float64):
    random = torch.Generator().manual_seed(1)
    return torch.randn(BATCH, SEQ, D_MODEL, generator=random, dtype=dtype)


def random_state(cell, dtype=torch.float64):
    random = torch.Generator().manual_seed(2)
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
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "packed"])
def test_unroll_equals_pytorchs_module(kind, dtype, started, mask):
    cell, module = twins(kind, dtype)
    x = random_inputs(dtype)
    state = random_state(cell, dtype) if started else None
    ours, our_last = unroll(cell, x, mask, state)
    theirs, their_last = run_theirs(module, x, state, mask)
    tolerance = {"rtol": 0, "atol": TOLERANCE[dtype]}
    real = slice(None) if mask is None else mask
    torch.testing.assert_close(ours[real], theirs[real], **tolerance)
    torch.testing.assert_close(our_last, their_last, **tolerance)


@every_kind
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "packed"])
def test_unroll_has_the_gradients_of_pytorchs_module(kind, mask):
    cell, module = twins(kind)
    x = random_inputs().requires_grad_()
    state = tuple(part.requires_grad_() for part in random_state(cell))
    real = torch.ones_like(MASK) if mask is None else mask

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


def test_gru_of_the_paper_equals_its_equations_in_loops():
    torch.manual_seed(3)
    cell = GRUCell(D_MODEL, D_HIDDEN, reset_after=False).double()
    x, (hidden,) = random_inputs(), random_state(cell)
    (ours,) = cell(x[:, 0], (hidden,))
    rows = zip(x[:, 0].tolist(), hidden.tolist(), strict=True)
    by_loops = torch.tensor([gru_in_loops(cell, *row) for row in rows])
    torch.testing.assert_close(ours, by_loops.double(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "packed"])
@pytest.mark.parametrize("started", [False, True])
def test_fused_lstm_equals_unroll(mask, started):
    cell, _ = twins("LSTM")
    x = random_inputs().requires_grad_()
    state = random_state(cell) if started else None
    ours, fused = (read(cell, x, mask, state) for read in (unroll, fused_lstm))
    torch.testing.assert_close(fused, ours, rtol=0, atol=1e-14)
    learned = [x, *cell.parameters()]
    for our, their in zip(
        torch.autograd.grad(ours[0].square().sum(), learned),
        torch.autograd.grad(fused[0].square().sum(), learned),
        strict=True,
    ):
        assert our.abs().max() > 1e-3
        torch.testing.assert_close(their, our, rtol=0, atol=1e-12)


def test_fused_lstm_refuses_a_row_of_padding_alone():
    cell, _ = twins("LSTM")
    mask = torch.arange(SEQ) < torch.tensor([[3], [1], [0], [7]])
    with pytest.raises(ValueError, match="a row is padding alone: leave it out"):
        fused_lstm(cell, random_inputs(), mask)


@every_kind
@given(st.lists(st.integers(0, SEQ), min_size=BATCH, max_size=BATCH))
def test_unroll_reads_a_padded_row_as_if_alone(kind, lengths):
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
        # At padding the hidden state stays.
        assert hidden[row, length:].eq(hidden[row, length - 1]).all()


@pytest.mark.parametrize("size", [0.5, 1.0, 1.25])
def test_gradient_by_distance_is_the_power_of_the_matrix(size):
    # At zero tanh has slope 1: only the matrix is left, and it is a turn times `size`.
    cell, _ = twins("RNN")
    turn = torch.linalg.qr(torch.randn(D_HIDDEN, D_HIDDEN, dtype=torch.float64))[0]
    with torch.no_grad():
        cell.recurrent.weight.copy_(size * turn)
        cell.recurrent.bias.zero_()
        cell.input.bias.zero_()
    gradient = shown.gradient_by_distance(cell, torch.zeros_like(random_inputs()))
    back = torch.ones(D_HIDDEN, dtype=torch.float64)
    for distance in range(SEQ):
        expected = (back @ cell.input.weight).norm()
        torch.testing.assert_close(gradient[distance], expected)
        back = back @ cell.recurrent.weight
        # As long as before, times the size: it vanishes, stays or explodes.
        torch.testing.assert_close(back.norm().item(), 6**0.5 * size ** (distance + 1))


def test_gradient_by_distance_is_a_mean_over_the_batch():
    cell, _ = twins("LSTM")
    x = random_inputs()
    alone = [shown.gradient_by_distance(cell, row[None]) for row in x]
    mean = torch.stack(alone).mean(0)
    torch.testing.assert_close(shown.gradient_by_distance(cell, x), mean)


@given(st.floats(-6, 6))
def test_lstm_forgets_its_cell_by_the_product_of_its_forget_gates(forget):
    cell, _ = twins("LSTM")
    with torch.no_grad():  # gates that do not listen: their biases alone decide
        cell.recurrent.weight.zero_()
        cell.recurrent.bias.zero_()
        cell.input.weight.zero_()
        cell.input.bias[D_HIDDEN : 2 * D_HIDDEN] = forget
    start = tuple(part.requires_grad_() for part in random_state(cell))
    _, (_, last) = unroll(cell, random_inputs(), state=start)
    (gradient,) = torch.autograd.grad(last.sum(), start[1])
    expected = torch.full_like(gradient, sigmoid(forget) ** SEQ)
    torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize(
    ("kind", "bias"), [(LSTMCell, "forget_bias"), (GRUCell, "update_bias")]
)
def test_bias_of_a_gate_keeps_the_state(kind, bias):
    torch.manual_seed(0)
    plain = kind(D_MODEL, D_HIDDEN)
    torch.manual_seed(0)
    keeps = kind(D_MODEL, D_HIDDEN, **{bias: 30.0})
    with torch.no_grad():
        plain.input.bias[D_HIDDEN : 2 * D_HIDDEN] += 30.0
    torch.testing.assert_close(keeps.state_dict(), plain.state_dict())
    if kind is LSTMCell:
        with torch.no_grad():  # and nothing is written
            keeps.input.bias[:D_HIDDEN] = -30.0
    state = random_state(keeps, torch.float32)
    _, last = unroll(keeps, random_inputs(torch.float32), state=state)
    torch.testing.assert_close(last[-1], state[-1])


def test_decay_is_eased_by_gates_and_not_cured():
    # Hochreiter and Schmidhuber, section 3.1, over three seeds.
    for seed in range(3):
        plain, gru, lstm, opened = (
            shown.decay(kind, seed)["gradient"] for kind in shown.KINDS
        )
        for far in (10, 20, 40):
            assert plain[far] < lstm[far] / 3 and plain[far] < gru[far] / 3
        # By powers of ten: the road of a plain RNN, of gates half shut, of gates open.
        assert plain[40] < 1e-11 < lstm[40] < 1e-6 < 0.05 < opened[40]
        assert 1e-11 < gru[40] < 1e-6
