"""Three tokens by hand, a mask, and what the root of d_head is good for."""

from __future__ import annotations

import math
from typing import Any

import torch
from matplotlib.figure import Figure

from snippets.attention.attention import (
    attention,
    fused_attention,
    softness,
)
from snippets.lab import plots

TOKENS = ["robot", "glass", "it"]
QUERY = torch.tensor([[1.0, 1.0], [0.0, 1.0], [2.0, 1.0]])
KEY = torch.tensor([[0.0, 2.0], [2.0, 0.0], [0.0, 1.0]])
VALUE = torch.tensor([[0.0, 4.0], [4.0, 0.0], [1.0, 1.0]])


def by_hand() -> dict[str, Any]:
    """Every step for "it", one query over three keys, as the page shows it."""
    output, weights = attention(QUERY, KEY, VALUE)
    it = TOKENS.index("it")
    scores = KEY @ QUERY[it]
    scaled = scores / math.sqrt(QUERY.shape[-1])
    return {
        "tokens": TOKENS,
        "query": QUERY[it],
        "keys": KEY,
        "values": VALUE,
        "scores": scores,
        "scaled": scaled,
        "powers": scaled.exp(),
        "weights": weights[it],
        "output": output[it],
    }


def difference_to_fused(seed: int, device: str) -> float:
    """The largest difference between the formula and PyTorch's fused operator."""
    random = torch.Generator().manual_seed(seed)
    query, key, value = torch.randn(
        3, 2, 4, 10, 16, generator=random
    ).to(device)
    causal = torch.ones(10, 10, dtype=torch.bool, device=device).tril()
    ours, _ = attention(query, key, value, causal)
    return (
        (ours - fused_attention(query, key, value, causal))
        .abs()
        .max()
        .item()
    )


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, the effect of the root of d_head, and a mask."""
    past_only = torch.ones(3, 3, dtype=torch.bool).tril()
    return {
        "by_hand": by_hand(),
        "masked": attention(QUERY, KEY, VALUE, past_only)[1],
        "softness": [
            {
                "d_head": d_head,
                "plain": softness(d_head, 1.0, seed),
                "scaled": softness(d_head, 1 / math.sqrt(d_head), seed),
            }
            for d_head in (4, 16, 64, 256, 1024)
        ],
        "difference": difference_to_fused(seed, device),
    }


def show(data: dict[str, Any]) -> None:
    """Print the example, the table and the difference."""
    hand = data["by_hand"]
    print('"it" looks at three tokens')
    print("token   score  /root2    exp  weight")
    steps = ("scores", "scaled", "powers", "weights")
    for token, *numbers in zip(
        hand["tokens"], *(hand[s] for s in steps), strict=True
    ):
        print(
            f"{token:6}"
            + "".join(f"{number:8.2f}" for number in numbers)
        )
    x, y = hand["output"]
    print(f"output ({x:.2f}, {y:.2f})")

    print("\nwith a mask: only itself and the past")
    for token, weights in zip(
        hand["tokens"], data["masked"], strict=True
    ):
        print(
            f"{token:6}"
            + "".join(f"{weight:8.2f}" for weight in weights)
        )

    print("\nwhy divide by the root of d_head")
    print("         without        with")
    print("d_head   top   slope    top   slope")
    for row in data["softness"]:
        plain, scaled = row["plain"], row["scaled"]
        print(
            f"{row['d_head']:6}  {plain['top']:.2f}  {plain['slope']:.4f}"
            f"   {scaled['top']:.2f}  {scaled['slope']:.4f}"
        )
    print(
        f"\nlargest difference to the fused\noperator: {data['difference']:.1e}"
    )


def draw(data: dict[str, Any]) -> Figure:
    """One query: scores, scaled scores, weights, and the sum of the values."""
    hand = data["by_hand"]
    figure, ((scores, scaled), (weights, plane)) = plots.canvas(
        330, 2, 2
    )
    plots.bars(scores, hand["tokens"], hand["scores"], "1 scores")
    plots.bars(
        scaled, hand["tokens"], hand["scaled"], "2 divided by √2"
    )
    plots.bars(
        weights, hand["tokens"], hand["weights"], "3 softmax: weights"
    )
    plane.set_title("4 average of values")
    names = zip(
        hand["tokens"], hand["values"], hand["weights"], strict=True
    )
    for name, (x, y), weight in names:
        plane.plot(
            [hand["output"][0], x], [hand["output"][1], y],
            color=plots.VALUE, linestyle=plots.DOTTED, linewidth=1 + 4 * weight,
        )  # fmt: skip
        plane.plot(x, y, "s", color=plots.VALUE)
        plane.annotate(
            name, (x, y), xytext=(6, 4), textcoords="offset points"
        )
    plane.plot(*hand["output"], "o", color=plots.QUERY, markersize=9)
    plane.annotate(
        "output", hand["output"], xytext=(-4, -16), textcoords="offset points",
        ha="right", color=plots.QUERY,
    )  # fmt: skip
    plane.set(
        xlim=(-0.3, 5.2),
        ylim=(-0.4, 4.9),
        xticks=[0, 2, 4],
        yticks=[0, 2, 4],
    )
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "    scaled = scores / math.sqrt(d_head)",
        "    scaled = scores",
    ),
    (
        "    weights = softmax(scaled, mask)  # over the keys",
        "    mask = None if mask is None else mask.mT\n"
        "    weights = softmax(scaled.mT, mask).mT  # over the queries",
    ),
    (
        "    past_only = torch.ones(3, 3, dtype=torch.bool).tril()",
        "    past_only = torch.ones(3, 3, dtype=torch.bool).tril(-1)",
    ),
]
