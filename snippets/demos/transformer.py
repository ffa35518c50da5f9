"""One branch by hand, order, the stream through depth, parameters counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.corpora.robot import SENTENCE
from snippets.lab import plots
from snippets.lab.tables import table
from snippets.transformer.parameters import (
    PUBLISHED,
    SIZES,
    TABLE_3,
    Size,
    parameters,
    vocabulary_behind,
)
from snippets.transformer.transformer import LayerNorm, TransformerStack, add_branch

TOKENS = ["robot", "glass", "it"]
VECTORS = torch.tensor(
    [[4.0, 0.0, 2.0, 2.0], [2.0, 2.0, 6.0, 2.0], [3.0, 1.0, 1.0, -1.0]]
)


def by_hand() -> dict[str, Any]:
    """One branch, which hands every token the average of all, in both forms."""

    def average(x: Tensor) -> Tensor:
        return x.mean(0, keepdim=True).expand_as(x)

    norm = LayerNorm(4)
    it = TOKENS.index("it")
    summed = (VECTORS + average(VECTORS))[it]
    return {
        "vectors": VECTORS,
        "x": VECTORS[it],
        "norm": norm(VECTORS)[it],
        "branch_post": average(VECTORS)[it],
        "sum_post": summed,
        "mean_post": summed.mean().item(),
        "variance_post": summed.var(correction=0).item(),
        "post": add_branch(VECTORS, average, norm, pre_norm=False)[it],
        "branch_pre": average(norm(VECTORS))[it],
        "pre": add_branch(VECTORS, average, norm, pre_norm=True)[it],
    }


def order(seed: int) -> dict[str, float]:
    """How far the outputs of shuffled words are from shuffling the outputs.

    Without positions, with them, and with a causal mask in their place.
    """
    random = torch.Generator().manual_seed(seed)
    seq = len(SENTENCE.split())
    words, places = torch.randn(2, seq, 32, generator=random)
    shuffle = torch.randperm(seq, generator=random)
    stack = TransformerStack(Size(d_model=32, n_heads=4, d_ff=128, n_layers=2))

    def apart(places: Tensor, mask: Tensor | None = None) -> float:
        straight = stack((words + places)[None], mask)
        shuffled = stack((words[shuffle] + places)[None], mask)
        difference: Tensor = shuffled - straight[:, shuffle]
        return difference.abs().max().item()

    nowhere = torch.zeros_like(places)
    return {
        "without": apart(nowhere),
        "with": apart(places),
        "causal": apart(nowhere, torch.ones(seq, seq, dtype=torch.bool).tril()),
    }


def streams(seed: int) -> dict[str, list[list[float]]]:
    """The stream after 0 to 12 untrained blocks: its size, and its likeness to x."""
    measured: dict[str, list[list[float]]] = {}
    size = Size(d_model=64, n_heads=4, d_ff=256, n_layers=12)
    for form in ("post", "pre"):
        torch.manual_seed(seed)
        stack = TransformerStack(size, pre_norm=form == "pre")
        for matrix in stack.parameters():
            if matrix.dim() == 2:  # Xavier's sizes, as in xiong-2020
                nn.init.xavier_uniform_(matrix)
        x = torch.randn(4, 32, 64)
        with torch.no_grad():
            states = stack.stream(x)
        measured[form] = [
            [
                state.square().mean().sqrt().item(),
                F.cosine_similarity(state, x, dim=-1).mean().item(),
            ]
            for state in states
        ]
    return measured


def counted() -> dict[str, Any]:
    """What the formula counts, and which vocabularies the paper's numbers leave."""
    counts = {name: parameters(size) for name, size in SIZES.items()}
    totals = {name: sum(parts.values()) for name, parts in counts.items()}
    base = SIZES["base"]
    ranges = [
        vocabulary_behind(replace(base, **row), millions) for row, millions in TABLE_3
    ]
    lows, highs = zip(*ranges, strict=True)
    biases = {
        name: sum(parameters(replace(SIZES[name], bias=True)).values()) - totals[name]
        for name in ("base", "big")
    }
    return {
        "parameters": counts,
        "totals": totals,
        "published": PUBLISHED,
        "behind": {
            "rows": len(ranges),
            "base": [max(lows), min(highs)],
            "biases": biases,
            "big": vocabulary_behind(SIZES["big"], PUBLISHED["big"]),
        },
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """One branch by hand, order, the stream over depth, and the parameters."""
    return {
        "by_hand": by_hand(),
        "order": order(seed),
        "streams": streams(seed),
        **counted(),
    }


def show(data: dict[str, Any]) -> None:
    """Print the branch, the order, the stream and the parameters."""
    print('one branch by hand: "it" takes an average')
    steps = [
        ("x", "x"),
        ("post-norm: average", "branch_post"),
        ("  x + average", "sum_post"),
        ("  normalized", "post"),
        ("pre-norm: norm(x)", "norm"),
        ("  average of norms", "branch_pre"),
        ("  x + average", "pre"),
    ]
    rows = [[label, *data["by_hand"][key]] for label, key in steps]
    table(rows, ["", *[".2f"] * 4])

    print("\nshuffle the words: do the outputs follow?")
    labels = {
        "without": "no positions: difference",
        "with": "positions added",
        "causal": "no positions, causal mask",
    }
    table([[labels[kind], apart] for kind, apart in data["order"].items()], ["", ".1e"])

    print("\nthe stream after random blocks")
    print("          size        like x")
    pairs = zip(data["streams"]["post"], data["streams"]["pre"], strict=True)
    rows = [
        [block, post[0], pre[0], post[1], pre[1]]
        for block, (post, pre) in enumerate(pairs)
    ]
    table(rows[::3], ["", *[".2f"] * 4], ["block", "post", "pre", "post", "pre"])

    names = list(data["published"])
    counts = [data["parameters"][name] for name in names]
    print("\nparameters, in millions")
    rows = [[part, *[count[part] / 1e6 for count in counts]] for part in counts[0]]
    rows.append(["total", *[data["totals"][name] / 1e6 for name in names]])
    header = ["", *[name.removesuffix("-base") for name in names]]
    table(rows, ["", *[".2f"] * len(names)], header)
    print("published:", ", ".join(f"{data['published'][name]}" for name in names))


def draw(data: dict[str, Any]) -> Figure:
    """The stream through depth: how large it is, and how much of x is left."""
    figure, panels = plots.canvas(330, 2, 1, sharex=True)
    panels[0].set_title("size of the stream")
    panels[1].set_title("likeness to the token's own vector")
    for column, axes in enumerate(panels):
        for form, colour, line, mark in (
            ("pre", plots.LINK, plots.SOLID, "o"),
            ("post", plots.MUTED, plots.DASHED, "s"),
        ):
            values = [state[column] for state in data["streams"][form]]
            axes.plot(values, color=colour, linestyle=line, marker=mark, markersize=4)
            axes.annotate(
                f"{form}-norm", (len(values) - 1, values[-1]), xytext=(0, 11),
                textcoords="offset points", ha="right", color=colour,
            )  # fmt: skip
        axes.set_ylim(0, axes.get_ylim()[1] * 1.15)
        axes.set_xticks(range(0, 13, 3))
    panels[1].set_xlabel("blocks passed")
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ("        return x + branch(norm(x))", "        return branch(norm(x))"),
    (
        "        variance = centred.square().mean(-1, keepdim=True)",
        "        variance = x.var(-1, keepdim=True)",
    ),
    (
        "                nn.init.xavier_uniform_(matrix)",
        "                nn.init.xavier_uniform_(matrix, gain=0.2)",
    ),
]
