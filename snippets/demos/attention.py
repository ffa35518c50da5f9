"""Three tokens by hand, a mask, and what the root of d_head is good for."""

from __future__ import annotations

import math
from typing import Any

import torch
from matplotlib.figure import Figure

from snippets.attention.attention import attention
from snippets.lab import plots
from snippets.lab.tables import table
from snippets.text.logits import softmax

TOKENS = ["robot", "glass", "it"]
QUERY = torch.tensor([[1.0, 1.0], [0.0, 1.0], [2.0, 1.0]])
KEY = torch.tensor([[0.0, 2.0], [2.0, 0.0], [0.0, 1.0]])
VALUE = torch.tensor([[0.0, 4.0], [4.0, 0.0], [1.0, 1.0]])


def by_hand() -> dict[str, Any]:
    """Every step for "it", one query over three keys, as the page types it."""
    it = TOKENS.index("it")
    scores = KEY @ QUERY[it]
    scaled = scores / math.sqrt(QUERY.shape[-1])
    output, weights = attention(QUERY, KEY, VALUE)
    return {
        "tokens": TOKENS,
        "queries": QUERY,
        "keys": KEY,
        "values": VALUE,
        "scores": scores,
        "scaled": scaled,
        "powers": scaled.exp(),
        "weights": weights[it],
        "output": output[it],
    }


# --8<-- [start:slopes]
def slopes(d_head: int, scale: float, seed: int) -> dict[str, float]:
    """How strongly the weights answer when a query moves a little.

    For each of 64 random queries over 16 random keys the size of
    d weights / d query: training reaches the query through it. One
    query in ten has less than `low`, half have less than `median`,
    one in ten has more than `high`. `top` is the mean largest weight.
    """
    random = torch.Generator().manual_seed(seed)
    query = torch.randn(64, d_head, generator=random)
    key = torch.randn(16, d_head, generator=random)
    weights = softmax(query @ key.T * scale)
    # Each weight follows its own key, away from the average key.
    away = key - (weights @ key)[:, None]
    jacobian = scale * weights[..., None] * away
    sizes = jacobian.square().sum((-2, -1)).sqrt()
    parts = torch.tensor([0.1, 0.5, 0.9])
    low, median, high = sizes.quantile(parts).tolist()
    top = weights.amax(-1).mean().item()
    return {"top": top, "low": low, "median": median, "high": high}


# --8<-- [end:slopes]


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, a mask, and the effect of the root of d_head."""
    past_only = torch.ones(3, 3, dtype=torch.bool).tril()
    return {
        "by_hand": by_hand(),
        "masked": attention(QUERY, KEY, VALUE, past_only)[1],
        "softness": [
            {
                "d_head": d_head,
                "plain": slopes(d_head, 1.0, seed),
                "scaled": slopes(d_head, 1 / math.sqrt(d_head), seed),
            }
            for d_head in (4, 16, 64, 256, 1024)
        ],
    }


def show(data: dict[str, Any]) -> None:
    """Print what the code gave for "it", the mask, and the two tables of slopes."""
    hand = data["by_hand"]
    tokens = hand["tokens"]
    print('"it" looks at three tokens')
    steps = zip(tokens, hand["scores"], hand["weights"], strict=True)
    table(steps, ["", ".2f", ".2f"], ["key", "score", "weight"])
    x, y = hand["output"]
    print(f"output ({x:.2f}, {y:.2f})")

    print("\nwith a mask: only itself and the past")
    masked = zip(tokens, data["masked"], strict=True)
    rows = [(token, *weights) for token, weights in masked]
    table(rows, ["", *[".2f"] * 3], ["query", *tokens])

    print("\nwhy divide by the root of d_head: how")
    print("strongly weights answer to their query;")
    print("10%, 50%, 90% of 64 queries are below")
    for name, label in (
        ("plain", "without the root"),
        ("scaled", "divided by the root of d_head"),
    ):
        print(f"\n{label}")
        rows = [(row["d_head"], *row[name].values()) for row in data["softness"]]
        table(rows, ["", *[".2f"] * 4], ["d_head", "top", "10%", "50%", "90%"])


def draw(data: dict[str, Any]) -> Figure:
    """One query: scores, scaled scores, weights, and the sum of the values."""
    hand = data["by_hand"]
    figure, ((scores, scaled), (weights, plane)) = plots.canvas(330, 2, 2)
    plots.bars(scores, hand["tokens"], hand["scores"], "1 scores")
    plots.bars(scaled, hand["tokens"], hand["scaled"], "2 divided by √2")
    plots.bars(weights, hand["tokens"], hand["weights"], "3 softmax: weights")
    plane.set_title("4 average of values")
    names = zip(hand["tokens"], hand["values"], hand["weights"], strict=True)
    for name, (x, y), weight in names:
        plane.plot(
            [hand["output"][0], x], [hand["output"][1], y],
            color=plots.VALUE, linestyle=plots.DOTTED, linewidth=1 + 4 * weight,
        )  # fmt: skip
        plane.plot(x, y, "s", color=plots.VALUE)
        plane.annotate(name, (x, y), xytext=(6, 4), textcoords="offset points")
    plane.plot(*hand["output"], "o", color=plots.QUERY, markersize=9)
    plane.annotate(
        "output", hand["output"], xytext=(-4, -16), textcoords="offset points",
        ha="right", color=plots.QUERY,
    )  # fmt: skip
    plane.set(xlim=(-0.3, 5.2), ylim=(-0.4, 4.9), xticks=[0, 2, 4], yticks=[0, 2, 4])
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ("    scaled = scores / math.sqrt(d_head)", "    scaled = scores"),
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
