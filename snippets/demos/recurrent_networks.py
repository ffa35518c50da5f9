"""Three tokens by hand, and how fast the gradient fades on its way back."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from snippets.lab import plots
from snippets.lab.tables import table
from snippets.recurrence.recurrent_networks import (
    Cell,
    GRUCell,
    LSTMCell,
    RNNCell,
    unroll,
)

SENTENCE = "The robot dropped the glass because it was slippery ."
TOKENS = ["robot", "dropped", "glass"]
VECTORS = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]])
KEPT = 0.9  # a forget gate of the example by hand

D_MODEL = D_HIDDEN = 32
BATCH, STEPS, SEEDS = 16, 41, 3
FORGET_BIAS = 3.0
KINDS: dict[str, Callable[[], Cell]] = {
    "RNN": lambda: RNNCell(D_MODEL, D_HIDDEN),
    "GRU": lambda: GRUCell(D_MODEL, D_HIDDEN),
    "LSTM": lambda: LSTMCell(D_MODEL, D_HIDDEN),
    "open": lambda: LSTMCell(D_MODEL, D_HIDDEN, FORGET_BIAS),
}


def by_hand() -> dict[str, Any]:
    """A state of two numbers: each token is added to half the state, then tanh."""
    cell = RNNCell(d_model=2, d_hidden=2)
    cell.load_state_dict(
        {
            "input.weight": torch.eye(2),
            "input.bias": torch.zeros(2),
            "recurrent.weight": torch.eye(2) / 2,
            "recurrent.bias": torch.zeros(2),
        }
    )
    x = VECTORS.clone().requires_grad_()
    hidden, _ = unroll(cell, x)
    (gradient,) = torch.autograd.grad(hidden[0, -1, 0], x)
    return {
        "tokens": TOKENS,
        "vectors": VECTORS[0],
        "sums": hidden[0].atanh(),
        "hidden": hidden[0],
        "slopes": 1 - hidden[0, :, 0] ** 2,
        "left": gradient[0, :, 0],
        "kept": KEPT,
        "kept_twice": KEPT**2,
    }


def gradient_by_distance(
    cell: Cell, x: Float[Tensor, "batch seq d_model"]
) -> Float[Tensor, " seq"]:
    """How much the last hidden state changes with each token.

    The norm of the gradient of its sum at a token's vector, a mean over the batch. The
    last token comes first: the index is the distance to the end.
    """
    x = x.detach().requires_grad_()
    hidden, _ = unroll(cell, x)
    (gradient,) = torch.autograd.grad(hidden[:, -1].sum(), x)
    by_distance: Tensor = gradient.norm(dim=-1).mean(0).flip(0)
    return by_distance


def decay(kind: str, seed: int) -> dict[str, Any]:
    """The gradient by distance in a cell with weights as it begins with."""
    torch.manual_seed(seed)
    x = torch.randn(BATCH, STEPS, D_MODEL)
    gradient = gradient_by_distance(KINDS[kind](), x)
    return {"kind": kind, "seed": seed, "gradient": gradient / gradient[0]}


def middle(rows: list[dict[str, Any]], distance: int) -> dict[str, float]:
    """Of each kind the gradient that is neither the largest nor the smallest."""
    return {
        kind: statistics.median(
            row["gradient"][distance].item() for row in rows if row["kind"] == kind
        )
        for kind in KINDS
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, and the decay over several seeds."""
    rows = [decay(kind, seed + more) for kind in KINDS for more in range(SEEDS)]
    return {
        "by_hand": by_hand(),
        "words": SENTENCE.split(),
        "forget_bias": FORGET_BIAS,
        "opened": torch.tensor(FORGET_BIAS).sigmoid(),
        "decay": rows,
        "table": [
            {"distance": distance, **middle(rows, distance)}
            for distance in (0, 1, 2, 5, 10, 20, 40)
        ],
        "parameters": {
            kind: sum(weight.numel() for weight in KINDS[kind]().parameters())
            for kind in ("RNN", "GRU", "LSTM")
        },
    }


def show(data: dict[str, Any]) -> None:
    """Print the states by hand, and the table of the decay."""
    hand = data["by_hand"]
    print("reading three tokens")
    rows = [
        [token, f"({x:.0f}, {y:.0f})", f"({first:.2f}, {second:.2f})"]
        for token, (x, y), (first, second) in zip(
            hand["tokens"], hand["vectors"], hand["hidden"], strict=True
        )
    ]
    table(rows, ["", "", ""], ["", "token", "state"])
    print(f'what is left of "robot": {hand["left"][0]:.3f}')

    print("\ngradient at a token, by distance")
    print(f"(last token = 1, middle of {SEEDS} seeds)")
    formats = ["", *[".1e"] * len(KINDS)]
    table([[*row.values()] for row in data["table"]], formats, ["steps", *KINDS])
    print(
        "open: an LSTM whose forget gates\n"
        f"begin at {data['opened']:.2f}, not near one half"
    )

    print("\nnumbers to learn")
    table(data["parameters"].items(), ["", ","])


# Colour, line, mark, and whether the name stands above the lines.
LINES = {
    "RNN": (plots.INK, plots.SOLID, "o", False),
    "GRU": (plots.MUTED, plots.DASHED, "s", True),
    "LSTM": (plots.LINK, plots.DOTTED, "^", False),
    "open": (plots.LINK, plots.SOLID, "D", True),
}


def draw(data: dict[str, Any]) -> Figure:
    """The sentence as a chain of one network; below, what each word's gradient is."""
    words = data["words"]
    figure, (chain, decays) = plots.canvas(
        430, 2, 1, sharex=True, height_ratios=[1, 3.6]
    )
    draw_chain(chain, len(words) - 1)
    for kind, (colour, line, mark, above) in LINES.items():
        # The oldest word first, as in the sentence.
        rows = [
            row["gradient"][: len(words)][::-1]
            for row in data["decay"]
            if row["kind"] == kind
        ]
        for row in rows:
            decays.plot(
                row, color=colour, linestyle=line, marker=mark, markersize=3.5,
                linewidth=1,
            )  # fmt: skip
        first = [row[0] for row in rows]
        decays.annotate(
            "LSTM, gates open" if kind == "open" else kind,
            (0, max(first) if above else min(first)),
            xytext=(-4, 6 if above else -6), textcoords="offset points",
            va="bottom" if above else "top", color=colour,
        )  # fmt: skip
    decays.set_title("gradient of the last state at each word")
    decays.set(yscale="log", ylim=(2.5e-4, 1.6))
    decays.set_yticks([1e-3, 1e-2, 1e-1, 1], ["1/1000", "1/100", "1/10", "1"])
    decays.minorticks_off()
    decays.set_xticks(
        range(len(words)), words, rotation=60, ha="right", rotation_mode="anchor"
    )
    decays.tick_params(axis="x", length=0)
    return figure


def draw_chain(chain: Axes, last: int) -> None:
    """One box a word, each handing its state to the next; an arrow out of the last."""
    chain.set(xlim=(-0.6, last + 0.9), ylim=(-1.1, 1.1))
    chain.set_axis_off()
    chain.set_title("one network, unrolled over the sentence")
    box = {"boxstyle": "round", "facecolor": "none", "edgecolor": plots.LINK}
    style = {"arrowstyle": "->", "color": plots.MUTED}
    for place in range(last + 1):
        chain.text(
            place, -0.03, "W", ha="center", va="center", color=plots.LINK, bbox=box
        )
        chain.annotate("", (place, -0.34), (place, -1.05), arrowprops=style)
        if place < last:
            chain.annotate("", (place + 0.7, 0), (place + 0.3, 0), arrowprops=style)
    chain.annotate("", (last, 1.0), (last, 0.34), arrowprops=style)
    chain.text(last - 0.2, 0.72, "last state", ha="right", va="center")


# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "        cell = forget_gate * cell + input_gate * new",
        "        cell = torch.tanh(forget_gate * cell + input_gate * new)",
    ),
    (
        "        return (torch.tanh(self.input(x) + self.recurrent(hidden)),)",
        "        mixed = self.input(x) + 4 * self.recurrent(hidden)\n"
        "        return (torch.tanh(mixed),)",
    ),
    ("        reset_after: bool = True,", "        reset_after: bool = False,"),
]
