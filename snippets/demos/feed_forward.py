"""One network by hand, who moves whom, and where a block keeps its weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from snippets.lab import plots
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
    blocks = [
        (name, d_model, RATIO * d_model, block_weights)
        for name, d_model in MODELS.items()
    ]
    # Two thirds of 4 d_model, rounded up to a multiple of 256.
    d_ff = 256 * math.ceil(2 * 4 * 4096 / 3 / 256)
    blocks.append(("LLaMA 7B, gated", 4096, d_ff, gated_weights))
    rows = []
    for name, d_model, d_ff, count in blocks:
        parts = count(d_model, d_ff)
        share = parts["feed_forward"] / sum(parts.values())
        sizes = {"model": name, "d_model": d_model, "d_ff": d_ff}
        rows.append({**sizes, **parts, "share": share})
    return rows


def difference_to_pytorch() -> dict[str, float]:
    """The largest differences to PyTorch's activations, in float32."""
    x = torch.linspace(-6, 6, 12_001)
    theirs = {
        relu: F.relu(x),
        gelu: F.gelu(x),
        gelu_tanh: F.gelu(x, approximate="tanh"),
    }
    return {
        ours.__name__: (ours(x) - their).abs().max().item()
        for ours, their in theirs.items()
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, who moves whom, both GELUs, and the weights."""
    torch.manual_seed(seed)
    layer = FeedForward(8, 32).to(device)
    return {
        "by_hand": by_hand(),
        "moved": moved(layer, torch.randn(3, 8).to(device)),
        "gelu": gelus(),
        "blocks": shares(),
        "difference": difference_to_pytorch(),
    }


def show(data: dict[str, Any]) -> None:
    """Print the example and the tables."""
    hand = data["by_hand"]
    print("token    in   widened and bent        out")
    for token, x, bent, output in zip(
        hand["tokens"], hand["x"], hand["bent"], hand["output"], strict=True
    ):
        inside = "".join(f"{_short(y):>5}" for y in [*bent, *output])
        print(f"{token:6}{x[0]:3.0f}{x[1]:3.0f}{inside}")

    print("\nchange one token: which outputs move?")
    print("       " + "".join(f"{token:>7}" for token in TOKENS))
    for token, row in zip(TOKENS, data["moved"], strict=True):
        print(f"{token:7}" + "".join(f"{'yes' if yes else '-':>7}" for yes in row))

    both = data["gelu"]
    print("\nthe two forms of GELU differ by at most")
    print(f"{both['largest']:.1e}, at x = ±{both['at']:.2f}")

    print("\nmillions of numbers in one block")
    print("model             network  attention share")
    for row in data["blocks"]:
        print(
            f"{row['model']:16} {row['feed_forward'] / 1e6:8.2f}"
            f"  {row['attention'] / 1e6:9.2f}  {row['share']:.2f}"
        )

    print("\nlargest difference to PyTorch's")
    for name, apart in data["difference"].items():
        print(f"{name:10} {apart:.1e}")


def _short(number: float) -> str:
    return f"{number:.0f}" if number == int(number) else f"{number:.1f}"


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
