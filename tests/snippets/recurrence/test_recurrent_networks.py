"""Why `recurrent_networks` can be believed."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils import rnn

from snippets.recurrence.recurrent_networks import (
    GRUCell,
    LSTMCell,
    RNNCell,
    fused_lstm,
    unroll,
)
from tests.snippets.peers import recurrent_weights

BATCH, SEQ, D_MODEL, D_HIDDEN = 4, 7, 5, 6
MASK = torch.arange(SEQ) < torch.tensor([[7], [2], [5], [1]])
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-14}
PAIRS = {
    "RNN": (RNNCell, nn.RNN),
    "GRU": (GRUCell, nn.GRU),
    "LSTM": (LSTMCell, nn.LSTM),
}
WAYS = [*((kind, unroll) for kind in PAIRS), ("LSTM", fused_lstm)]


def twins(kind, dtype=torch.float64):
    """Our cell and PyTorch's module with the same random weights."""
    torch.manual_seed(0)
    ours, theirs = PAIRS[kind]
    cell = ours(D_MODEL, D_HIDDEN).to(dtype)
    module = theirs(D_MODEL, D_HIDDEN, batch_first=True).to(dtype)
    module.load_state_dict(recurrent_weights(cell))
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


@pytest.mark.parametrize(("kind", "read"), WAYS)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "packed"])
def test_reading_equals_pytorchs_module(kind, read, dtype, started, mask):
    cell, module = twins(kind, dtype)
    x = random_inputs(dtype).requires_grad_()
    state = random_state(cell, dtype) if started else None
    given = [x, *(part.requires_grad_() for part in state or ())]
    real = torch.ones_like(MASK) if mask is None else mask
    ways = [
        (read(cell, x, mask, state), recurrent_weights(cell)),
        (run_theirs(module, x, state, mask), dict(module.named_parameters())),
    ]
    outputs, gradients = [], []
    for (output, last), weights in ways:
        loss = output[real].square().sum() + sum(part.sin().sum() for part in last)
        learned = [weights[name] for name in sorted(weights)]
        gradients.append(torch.autograd.grad(loss, given + learned))
        outputs.append((output[real], *last))
    within = TOLERANCE[dtype]
    torch.testing.assert_close(*outputs, rtol=0, atol=within)
    torch.testing.assert_close(*gradients, rtol=0, atol=100 * within)


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


def test_fused_lstm_refuses_a_row_of_padding_alone():
    cell, _ = twins("LSTM")
    mask = torch.arange(SEQ) < torch.tensor([[3], [1], [0], [7]])
    with pytest.raises(ValueError, match="a row is padding alone: leave it out"):
        fused_lstm(cell, random_inputs(), mask)


@pytest.mark.parametrize("read", [unroll, fused_lstm])
def test_hidden_state_stays_at_padding(read):
    cell, _ = twins("LSTM")
    hidden, (last, _) = read(cell, random_inputs(), MASK)
    assert hidden[~MASK].equal(last[:, None].expand_as(hidden)[~MASK])


def test_unroll_of_padding_alone_leaves_the_state():
    cell, _ = twins("LSTM")
    state = random_state(cell)
    _, last = unroll(cell, random_inputs(), torch.zeros_like(MASK), state)
    torch.testing.assert_close(last, state, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("kind", "bias"), [(LSTMCell, "forget_bias"), (GRUCell, "update_bias")]
)
def test_bias_of_a_gate_keeps_the_state(kind, bias):
    torch.manual_seed(0)
    plain = kind(D_MODEL, D_HIDDEN).double()
    torch.manual_seed(0)
    keeps = kind(D_MODEL, D_HIDDEN, **{bias: 30.0}).double()
    with torch.no_grad():
        plain.input.bias[D_HIDDEN : 2 * D_HIDDEN] += 30.0
    torch.testing.assert_close(keeps.state_dict(), plain.state_dict())
    if kind is LSTMCell:
        with torch.no_grad():  # and nothing is written
            keeps.input.bias[:D_HIDDEN] = -30.0
    state = random_state(keeps)
    _, last = unroll(keeps, random_inputs(), state=state)
    torch.testing.assert_close(last[-1], state[-1])
