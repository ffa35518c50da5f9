"""One network by hand, who moves whom, and where a block keeps its weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from matplotlib.figure import Figure

from snippets.lab import plots
from snippets.lab.tables import table
from snippets.transformer.feed_forward import FeedForward, gelu, gelu_tanh, moved, relu

TOKENS = ["robot", "glass", "it"]
X = torch.tensor([[3.0, 1.0], [1.0, 3.0], [2.0, 2.0]])


def apart_and_larger() -> FeedForward:
    """How far apart two positive numbers are, and the larger one."""
    network = FeedForward(d_model=2, d_ff=4, activation=relu)
    network.load_state_dict(
        {
            "widen.weight": torch.tensor(
                [[1.0, -1.0], [-1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
            ),
            "widen.bias": torch.zeros(4),
            "narrow.weight": torch.tensor([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]]),
            "narrow.bias": torch.zeros(2),
        }
    )
    return network.requires_grad_(False)


def by_hand() -> dict[str, Any]:
    """Every step of that network, a row a token."""
    network = apart_and_larger()
    widened = network.widen(X)
    return {
        "tokens": TOKENS,
        "x": X,
        "widened": widened,
        "bent": network.activation(widened),
        "output": network(X),
    }


def gelus() -> dict[str, Any]:
    """Where the two forms of GELU differ most, and curves to draw."""
    x = torch.linspace(-6, 6, 120_001, dtype=torch.float64)
    apart = gelu(x) - gelu_tanh(x)
    worst = apart.abs().argmax()
    few = torch.linspace(-5, 5, 101, dtype=torch.float64)
    return {
        "largest": apart[worst].abs(),
        "at": x[worst].abs(),
        "x": few,
        "relu": relu(few),
        "gelu": gelu(few),
        "apart": gelu(few) - gelu_tanh(few),
    }


# The paper's four times as wide: also that of BERT and GPT.
RATIO = 4
MODELS = {
    "MiniLM": 384,
    "paper, base": 512,
    "BERT-base, GPT-2": 768,
    "paper, big": 1024,
    "GPT-3": 12288,
}


def block_weights(d_model: int, d_ff: int) -> dict[str, int]:
    """The numbers in one block, biases included, by its parts."""
    return {
        "feed_forward": 2 * d_model * d_ff + d_ff + d_model,
        "attention": 4 * (d_model * d_model + d_model),
        "norms": 2 * 2 * d_model,
    }


def gated_weights(d_model: int, d_ff: int) -> dict[str, int]:
    """The same for LLaMA: three matrices, no bias, one number a norm."""
    return {
        "feed_forward": 3 * d_model * d_ff,
        "attention": 4 * d_model * d_model,
        "norms": 2 * d_model,
    }


def shares() -> list[dict[str, Any]]:
    """What part of a block's weights is in its feed-forward network."""
    blocks = {name: block_weights(d, RATIO * d) for name, d in MODELS.items()}
    # Two thirds of 4 d_model, rounded up to a multiple of 256.
    d_ff = 256 * math.ceil(2 * 4 * 4096 / 3 / 256)
    blocks["LLaMA 7B, gated"] = gated_weights(4096, d_ff)
    return [
        {
            "model": name,
            "feed_forward": parts["feed_forward"],
            "attention": parts["attention"],
            "share": parts["feed_forward"] / sum(parts.values()),
        }
        for name, parts in blocks.items()
    ]


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, who moves whom, both GELUs, and the weights."""
    torch.manual_seed(seed)
    layer = FeedForward(8, 32).to(device)
    return {
        "by_hand": by_hand(),
        "moved": moved(layer, torch.randn(3, 8).to(device)),
        "gelu": gelus(),
        "blocks": shares(),
    }


def show(data: dict[str, Any]) -> None:
    """Print the example and the tables."""
    hand = data["by_hand"]
    steps = zip(hand["tokens"], hand["x"], hand["bent"], hand["output"], strict=True)
    rows = [[token, *x, *bent, *out] for token, x, bent, out in steps]
    header = ["token", "in", "", "bent", "", "", "", "out", ""]
    table(rows, ["", *[".3g"] * 8], header)
    print("\nchange one token: which outputs move?")
    marks = [["yes" if yes else "-" for yes in row] for row in data["moved"]]
    rows = [[token, *row] for token, row in zip(TOKENS, marks, strict=True)]
    table(rows, [""] * 4, ["", *TOKENS])

    both = data["gelu"]
    print("\nthe two forms of GELU differ by at most")
    print(f"{both['largest']:.1e}, at x = ±{both['at']:.2f}")

    print("\nmillions of numbers in one block")
    header = ["model", "network", "attention", "share"]
    rows = [
        [b["model"], b["feed_forward"] / 1e6, b["attention"] / 1e6, b["share"]]
        for b in data["blocks"]
    ]
    table(rows, ["", ".2f", ".2f", ".2f"], header)


def draw(data: dict[str, Any]) -> Figure:
    """ReLU and GELU; and what is left between the two forms of GELU."""
    both = data["gelu"]
    figure, (curves, apart) = plots.canvas(360, 2, 1, sharex=True)
    curves.axhline(0, color=plots.MUTED, linewidth=0.5)
    curves.plot(both["x"], both["relu"], plots.DASHED, color=plots.MUTED)
    curves.plot(both["x"], both["gelu"], plots.SOLID, color=plots.LINK)
    curves.annotate("ReLU", (-4.8, 0.25), color=plots.MUTED)
    curves.annotate("GELU", (-1.6, -0.75), color=plots.LINK)
    curves.set(ylim=(-1, 5), yticks=[0, 2, 4])
    curves.set_title("the bend")
    apart.axhline(0, color=plots.MUTED, linewidth=0.5)
    apart.plot(
        both["x"], [1e4 * y for y in both["apart"]], plots.SOLID, color=plots.LINK
    )
    apart.set(yticks=[-4, -2, 0, 2], xticks=[-4, -2, 0, 2, 4])
    apart.set_title("exact GELU minus tanh form, in 1/10,000")
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ("    return torch.where(x <= 0, 0, x)", "    return x"),
    (
        "    network = FeedForward(d_model=2, d_ff=4, activation=relu)",
        "    network = FeedForward(d_model=2, d_ff=4, activation=gelu)",
    ),
    ("RATIO = 4", "RATIO = 1"),
]
