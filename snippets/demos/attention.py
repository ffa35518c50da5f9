"""Three tokens by hand, a mask, and what the root of d_head is good for."""

from __future__ import annotations

import math
from typing import Any

import torch
from matplotlib.figure import Figure

from snippets.attention.attention import attention, fused_attention
from snippets.lab import plots
from snippets.text.logits import softmax

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
        "queries": QUERY,
        "query": QUERY[it],
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


def difference_to_fused(seed: int, device: str) -> float:
    """The largest difference between the formula and PyTorch's fused operator."""
    random = torch.Generator().manual_seed(seed)
    query, key, value = torch.randn(3, 2, 4, 10, 16, generator=random).to(device)
    causal = torch.ones(10, 10, dtype=torch.bool, device=device).tril()
    ours, _ = attention(query, key, value, causal)
    return (ours - fused_attention(query, key, value, causal)).abs().max().item()


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, the effect of the root of d_head, and a mask."""
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
        "difference": difference_to_fused(seed, device),
    }


def show(data: dict[str, Any]) -> None:
    """Print the example, the table and the difference."""
    hand = data["by_hand"]
    print('"it" looks at three tokens')
    print("key       score  weight")
    # What the code gave; the steps between are on the page.
    for token, score, weight in zip(
        hand["tokens"], hand["scores"], hand["weights"], strict=True
    ):
        print(f"{token:6}{score:9.2f}{weight:8.2f}")
    x, y = hand["output"]
    print(f"output ({x:.2f}, {y:.2f})")

    print("\nwith a mask: only itself and the past")
    print("query  " + "".join(f"{token:>8}" for token in hand["tokens"]))
    for token, weights in zip(hand["tokens"], data["masked"], strict=True):
        print(f"{token:7}" + "".join(f"{weight:8.2f}" for weight in weights))

    print("\nwhy divide by the root of d_head: how")
    print("strongly weights answer to their query;")
    print("10%, 50%, 90% of 64 queries are below")
    for name, label in (
        ("plain", "without the root"),
        ("scaled", "divided by the root of d_head"),
    ):
        print(f"\n{label}")
        print("d_head   top     10%     50%     90%")
        for row in data["softness"]:
            top, *spread = (row[name][k] for k in ("top", "low", "median", "high"))
            print(
                f"{row['d_head']:6}  {top:.2f}"
                + "".join(f"{size:8.2f}" for size in spread)
            )
    print(f"\nlargest difference to the fused\noperator: {data['difference']:.1e}")


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
