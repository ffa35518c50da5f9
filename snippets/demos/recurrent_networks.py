"""Three tokens by hand, and how fast the gradient fades on its way back."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import torch
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor, nn

from snippets.lab import plots
from snippets.recurrence.recurrent_networks import (
    Cell,
    GRUCell,
    LSTMCell,
    RNNCell,
    gradient_by_distance,
    unroll,
)

SENTENCE = "The robot dropped the glass because it was slippery ."
TOKENS = ["robot", "dropped", "glass"]
VECTORS = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]])
KEPT = 0.9  # a forget gate of the example by hand

D_MODEL = D_HIDDEN = 32
BATCH, STEPS, SEEDS = 16, 41, 3
KEEP_BIAS = 3.0
KINDS: dict[str, Callable[[], Cell]] = {
    "RNN": lambda: RNNCell(D_MODEL, D_HIDDEN),
    "GRU": lambda: GRUCell(D_MODEL, D_HIDDEN),
    "LSTM": lambda: LSTMCell(D_MODEL, D_HIDDEN),
    "open": lambda: LSTMCell(D_MODEL, D_HIDDEN, KEEP_BIAS),
}
LIBRARY = {
    "RNN": (RNNCell, nn.RNN),
    "GRU": (GRUCell, nn.GRU),
    "LSTM": (LSTMCell, nn.LSTM),
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
        "hidden": hidden[0],
        "slopes": 1 - hidden[0, :, 0] ** 2,
        "left": gradient[0, :, 0],
        "kept": KEPT,
        "kept_twice": KEPT**2,
    }


def decay(kind: str, seed: int) -> dict[str, Any]:
    """The gradient by distance in a cell with weights as it begins with."""
    torch.manual_seed(seed)
    x = torch.randn(BATCH, STEPS, D_MODEL)
    gradient = gradient_by_distance(KINDS[kind](), x)
    return {"kind": kind, "seed": seed, "gradient": gradient / gradient[0]}


def difference_to_pytorch(kind: str, seed: int, device: str) -> float:
    """The largest difference in any output, with the same weights."""
    torch.manual_seed(seed)
    ours, theirs = LIBRARY[kind]
    cell = ours(D_MODEL, D_HIDDEN).to(device)
    module = theirs(D_MODEL, D_HIDDEN, batch_first=True).to(device)
    state = cell.state_dict()
    module.load_state_dict(
        {
            "weight_ih_l0": state["input.weight"],
            "weight_hh_l0": state["recurrent.weight"],
            "bias_ih_l0": state["input.bias"],
            "bias_hh_l0": state["recurrent.bias"],
        }
    )
    x = torch.randn(BATCH, STEPS, D_MODEL).to(device)
    difference: Tensor = unroll(cell, x)[0] - module(x)[0]
    return difference.abs().max().item()


def middle(rows: list[dict[str, Any]], kind: str, distance: int) -> float:
    """The gradient that is neither the largest nor the smallest of the seeds."""
    return float(
        statistics.median(
            row["gradient"][distance] for row in rows if row["kind"] == kind
        )
    )


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, the decay over several seeds, and PyTorch's own."""
    rows = [decay(kind, seed + more) for kind in KINDS for more in range(SEEDS)]
    return {
        "by_hand": by_hand(),
        "words": SENTENCE.split(),
        "keep_bias": KEEP_BIAS,
        "opened": torch.tensor(KEEP_BIAS).sigmoid(),
        "decay": rows,
        "table": [
            {
                "distance": distance,
                **{kind: middle(rows, kind, distance) for kind in KINDS},
            }
            for distance in (0, 1, 2, 5, 10, 20, 40)
        ],
        "parameters": {
            kind: sum(w.numel() for w in KINDS[kind]().parameters()) for kind in LIBRARY
        },
        "difference": {
            kind: difference_to_pytorch(kind, seed, device) for kind in LIBRARY
        },
    }


def show(data: dict[str, Any]) -> None:
    """Print the states by hand, the table of the decay, the differences."""
    hand = data["by_hand"]
    print("reading three tokens")
    print("           token       state")
    for token, vector, hidden in zip(
        hand["tokens"], hand["vectors"], hand["hidden"], strict=True
    ):
        x, y = vector
        print(f"{token:8}  ({x:.0f}, {y:.0f})  ({hidden[0]:.2f}, {hidden[1]:.2f})")
    print(f'what is left of "robot": {hand["left"][0]:.3f}')

    print("\ngradient at a token, by distance")
    print(f"(last token = 1, middle of {SEEDS} seeds)")
    print("steps" + "".join(f"{kind:>9}" for kind in KINDS))
    for row in data["table"]:
        print(f"{row['distance']:5}" + "".join(f"{row[kind]:9.1e}" for kind in KINDS))
    print(
        "open: an LSTM whose forget gates\n"
        f"begin at {data['opened']:.2f}, not near one half"
    )

    print("\nnumbers to learn, and the largest\ndifference to PyTorch's own")
    for kind, count in data["parameters"].items():
        print(f"{kind:5}{count:7,}   {data['difference'][kind]:.1e}")


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
    last = len(words) - 1
    chain.set(xlim=(-0.6, last + 0.9), ylim=(-1.1, 1.1))
    chain.set_axis_off()
    chain.set_title("one network, unrolled over the sentence")
    for place in range(len(words)):
        chain.add_patch(
            FancyBboxPatch(
                (place - 0.26, -0.32), 0.52, 0.64,
                boxstyle="round,pad=0,rounding_size=0.1",
                facecolor="none", edgecolor=plots.LINK,
            )
        )  # fmt: skip
        chain.text(
            place, -0.03, "W", ha="center", va="center",
            color=plots.LINK,
        )  # fmt: skip
        arrow = {"arrowstyle": "->", "color": plots.MUTED}
        chain.annotate("", (place, -0.34), (place, -1.05), arrowprops=arrow)
        if place < last:
            chain.annotate("", (place + 0.76, 0), (place + 0.24, 0), arrowprops=arrow)
    chain.annotate("", (last, 1.0), (last, 0.34), arrowprops=arrow)
    chain.text(last - 0.2, 0.72, "last state", ha="right", va="center")
    for kind, (colour, line, mark, above) in LINES.items():
        rows = [row for row in data["decay"] if row["kind"] == kind]
        for row in rows:
            decays.plot(
                range(len(words)),
                row["gradient"][last::-1],
                color=colour, linestyle=line, marker=mark,
                markersize=3.5, linewidth=1,
            )  # fmt: skip
        first = [row["gradient"][last] for row in rows]
        decays.annotate(
            "LSTM, gates open" if kind == "open" else kind,
            (0, max(first) if above else min(first)),
            xytext=(-4, 6 if above else -6), textcoords="offset points",
            va="bottom" if above else "top", color=colour,
        )  # fmt: skip
    decays.set(
        yscale="log",
        ylim=(2.5e-4, 1.6),
        title="gradient of the last state at each word",
    )
    decays.set_yticks([1e-3, 1e-2, 1e-1, 1], ["1/1000", "1/100", "1/10", "1"])
    decays.minorticks_off()
    decays.set_xticks(
        range(len(words)), words, rotation=60, ha="right",
        rotation_mode="anchor",
    )  # fmt: skip
    decays.tick_params(axis="x", length=0)
    return figure


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
