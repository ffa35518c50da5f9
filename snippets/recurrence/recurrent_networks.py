"""Recurrent networks: one cell reads token after token and carries a state along.

Papers: hochreiter-1997-lstm, whose cells had no forget gate yet;
cho-2014-rnn-encoder-decoder, whose reset gate acts before the matrix as published, and
after it in its first preprint, in cuDNN and in PyTorch (`reset_after`).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import rnn

# What a cell hands on to its next step: the hidden state, which is also its output,
# and in an LSTM the cell state.
State = tuple[Float[Tensor, "*batch d_hidden"], ...]


# --8<-- [start:rnn]
class RNNCell(nn.Module):
    """Mix token and state: h = tanh(x W + h U + b), b in two parts."""

    parts: ClassVar[int] = 1  # vectors in its state

    def __init__(self, d_model: int, d_hidden: int) -> None:
        super().__init__()
        self.d_hidden = d_hidden
        self.input = nn.Linear(d_model, d_hidden)
        self.recurrent = nn.Linear(d_hidden, d_hidden)

    def forward(
        self, x: Float[Tensor, "*batch d_model"], state: State
    ) -> State:
        (hidden,) = state
        return (torch.tanh(self.input(x) + self.recurrent(hidden)),)


# --8<-- [end:rnn]


def gated(
    d_in: int, d_hidden: int, n_maps: int, bias: float = 0.0
) -> nn.Linear:
    """The maps of all gates in one, d_in to n_maps × d_hidden.

    `bias` is added to that of the second gate: of an LSTM the forget gate, of a GRU the
    update gate. With 3.0 such a gate begins near sigmoid(3) = 0.95.
    """
    linear = nn.Linear(d_in, n_maps * d_hidden)
    with torch.no_grad():
        linear.bias[d_hidden : 2 * d_hidden] += bias
    return linear


class LSTMCell(nn.Module):
    """Three gates, and a cell state that is added to and never squashed.

    A `forget_bias` above 0 opens the forget gate to begin with.
    """

    parts: ClassVar[int] = 2  # the hidden state, the cell state

    def __init__(
        self, d_model: int, d_hidden: int, forget_bias: float = 0.0
    ) -> None:
        super().__init__()
        self.d_hidden = d_hidden
        self.input = gated(d_model, d_hidden, 4, forget_bias)
        self.recurrent = gated(d_hidden, d_hidden, 4)

    # --8<-- [start:lstm]
    def forward(
        self, x: Float[Tensor, "*batch d_model"], state: State
    ) -> State:
        hidden, cell = state
        maps = self.input(x) + self.recurrent(hidden)
        i, f, n, o = maps.chunk(4, -1)
        input_gate = torch.sigmoid(i)
        forget_gate = torch.sigmoid(f)  # 1 keeps all
        output_gate = torch.sigmoid(o)
        new = torch.tanh(n)
        # No matrix and no tanh between this cell and the last.
        cell = forget_gate * cell + input_gate * new
        return output_gate * torch.tanh(cell), cell

    # --8<-- [end:lstm]


class GRUCell(nn.Module):
    """One state, two gates: z × old + (1 - z) × new.

    An `update_bias` above 0 opens the update gate z, which keeps the old state, to
    begin with. Without `reset_after` it is the one of the published paper.
    """

    parts: ClassVar[int] = 1

    def __init__(
        self,
        d_model: int,
        d_hidden: int,
        update_bias: float = 0.0,
        reset_after: bool = True,
    ) -> None:
        super().__init__()
        self.d_hidden = d_hidden
        self.reset_after = reset_after
        self.input = gated(d_model, d_hidden, 3, update_bias)
        self.recurrent = gated(d_hidden, d_hidden, 3)

    def forward(
        self, x: Float[Tensor, "*batch d_model"], state: State
    ) -> State:
        (hidden,) = state
        x_reset, x_update, x_new = self.input(x).chunk(3, -1)
        reset, update, new = self.recurrent(hidden).chunk(3, -1)
        reset_gate = torch.sigmoid(x_reset + reset)
        update_gate = torch.sigmoid(x_update + update)  # 1 keeps all
        if self.reset_after:
            new = reset_gate * new
        else:
            past = self.recurrent(reset_gate * hidden)
            new = past.chunk(3, -1)[2]
        new = torch.tanh(x_new + new)
        return (update_gate * hidden + (1 - update_gate) * new,)


Cell = RNNCell | LSTMCell | GRUCell


def unroll(
    cell: Cell,
    x: Float[Tensor, "*batch seq d_model"],
    mask: Bool[Tensor, "*batch seq"] | None = None,
    state: State | None = None,
) -> tuple[Float[Tensor, "*batch seq d_hidden"], State]:
    """Read from left to right: all hidden states, and the last state.

    At padding, where `mask` is False, the state stays as it was.
    """
    if state is None:  # nothing is read yet: zeros
        zeros = x.new_zeros(*x.shape[:-2], cell.d_hidden)
        state = (zeros,) * cell.parts
    hidden = []
    for step in range(x.shape[-2]):
        before, state = state, cell(x[..., step, :], state)
        if mask is not None:
            real = mask[..., step, None]
            both = zip(state, before, strict=True)
            state = tuple(torch.where(real, a, b) for a, b in both)
        hidden.append(state[0])
    return torch.stack(hidden, -2), state


def fused_lstm(
    lstm: LSTMCell,
    x: Float[Tensor, "batch seq d_model"],
    mask: Bool[Tensor, "batch seq"] | None = None,
    state: State | None = None,
) -> tuple[Float[Tensor, "batch seq d_hidden"], State]:
    """What `unroll` gives, by PyTorch's own loop. Padding follows the tokens.

    Raises:
        ValueError: a row of the mask is all False, and nn.LSTM reads no such row.
    """
    fused = nn.LSTM(
        x.shape[-1], lstm.d_hidden, batch_first=True, device="meta"
    )
    weights = {
        "weight_ih_l0": lstm.input.weight,
        "weight_hh_l0": lstm.recurrent.weight,
        "bias_ih_l0": lstm.input.bias,
        "bias_hh_l0": lstm.recurrent.bias,
    }
    start = state and tuple(part.unsqueeze(0) for part in state)
    if mask is None:
        hidden, end = functional_call(fused, weights, (x, start))
        return hidden, tuple(part.squeeze(0) for part in end)
    lengths = mask.sum(-1).cpu()  # PyTorch wants them there
    if not lengths.all():
        raise ValueError("a row is padding alone: leave it out")
    packed = rnn.pack_padded_sequence(x, lengths, True, False)
    packed, end = functional_call(fused, weights, (packed, start))
    hidden, _ = rnn.pad_packed_sequence(
        packed, batch_first=True, total_length=x.shape[1]
    )
    last = tuple(part.squeeze(0) for part in end)
    # PyTorch has zeros at padding, `unroll` the last hidden state.
    return torch.where(mask[..., None], hidden, last[0][:, None]), last
