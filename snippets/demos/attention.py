"""Three tokens by hand, masks, what the root of d_head is good for, and MiniLM's heads.

The figures: each step for "it"; how strongly weights answer to their query; over how
many tokens the heads of a trained model spread their weight.
"""

from __future__ import annotations

import math
import re
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from snippets.attention.attention import attention, self_attention
from snippets.corpora.robot import robot
from snippets.lab import diagrams, plots, weights
from snippets.lab.minilm import N_HEADS, N_LAYERS, MiniLM
from snippets.lab.tables import table
from snippets.text.logits import softmax
from snippets.text.wordpiece import WordPiece

TOKENS = ["robot", "glass", "it"]
# Three numbers a token: is a thing, acts, stands for another word. The first two
# mean the same in queries and keys.
X = torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
W_QUERY = torch.tensor([[0.0, 1.0], [1.0, 1.0], [1.0, -1.0]])
W_KEY = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-2.0, -1.0]])
W_VALUE = torch.tensor([[4.0, 0.0], [0.0, 4.0], [-3.0, -3.0]])
QUERY, KEY, VALUE = X @ W_QUERY, X @ W_KEY, X @ W_VALUE

D_HEAD = 32  # of MiniLM: 384 numbers in 12 heads


def by_hand() -> dict[str, Any]:
    """Every step for "it", one query over three keys, as the page types it."""
    it = TOKENS.index("it")
    plain = softmax(X @ X[it])
    scores = KEY @ QUERY[it]
    scaled = scores / math.sqrt(QUERY.shape[-1])
    output, weights = self_attention(X, W_QUERY, W_KEY, W_VALUE)
    return {
        "tokens": TOKENS,
        "vectors": X,
        "matrices": {"query": W_QUERY, "key": W_KEY, "value": W_VALUE},
        "queries": QUERY,
        "keys": KEY,
        "values": VALUE,
        "plain": {
            "scores": X @ X[it],
            "powers": (X @ X[it]).exp(),
            "weights": plain,
            "output": plain @ X,
        },
        "scores": scores,
        "scaled": scaled,
        "powers": scaled.exp(),
        "sum": scaled.exp().sum(),
        "weights": weights[it],
        "output": output[it],
        "all_weights": weights,
    }


def strengths(
    query: Float[Tensor, "count d_head"],
    key: Float[Tensor, "count key d_head"],
    scale: float,
) -> Float[Tensor, " count"]:
    """How strongly the weights answer when a query moves a little.

    For each query over its own keys the size of d weights / d query: training
    reaches the query through it.
    """
    weights = softmax((key @ query[..., None]).squeeze(-1) * scale)
    # Each weight follows its own key, away from the average key.
    away = key - weights[:, None] @ key
    jacobian = scale * weights[..., None] * away
    return jacobian.square().sum((-2, -1)).sqrt()


def slopes(d_head: int, scale: float, seed: int) -> dict[str, float]:
    """How strongly weights answer to 1,000 random queries, each over 16 random keys.

    One query in ten has less than `low`, half have less than `median`, one in
    ten has more than `high`; `still` is the share below 0.1, and `wild` above 1.
    """
    random = torch.Generator().manual_seed(seed)
    query = torch.randn(1000, d_head, generator=random)
    key = torch.randn(1000, 16, d_head, generator=random)
    sizes = strengths(query, key, scale)
    low, middle, high = sizes.quantile(torch.tensor([0.1, 0.5, 0.9])).tolist()
    return {
        "low": low,
        "median": middle,
        "high": high,
        "still": sizes.lt(0.1).float().mean().item(),
        "wild": sizes.gt(1).float().mean().item(),
    }


def scores_of_heads(
    model: MiniLM, ids: list[int]
) -> list[Float[Tensor, "n_heads seq seq"]]:
    """The scores of all heads of MiniLM, layer by layer, before any scaling."""
    return [block.query @ block.key.mT for block in model.read(ids)]


def shared_by(weights: Float[Tensor, "*batch key"]) -> Float[Tensor, "*batch"]:
    """Over how many keys the weight is spread: e to the entropy.

    1 where one key has it all; n where n keys have equal shares.
    """
    entropy: Tensor = torch.special.entr(weights).sum(-1)
    return entropy.exp()


def spread() -> dict[str, Any]:
    """Over how many tokens each head of MiniLM spreads, with the root and without."""
    model, bert = MiniLM(), WordPiece(weights.vocabulary())
    sentences = [
        sentence
        for sentence in re.split(r"(?<=[.!?])\s+", robot())
        if 8 <= len(sentence.split()) <= 14
    ][:60]
    with_root, without, sizes = (torch.zeros(N_LAYERS, N_HEADS) for _ in range(3))
    tokens = 0
    for sentence in sentences:
        _, ids = bert.for_bert(sentence)
        tokens += len(ids)
        scores = torch.stack(scores_of_heads(model, ids))
        scaled = scores / math.sqrt(D_HEAD)
        with_root += shared_by(softmax(scaled)).mean(-1)
        without += shared_by(softmax(scores)).mean(-1)
        sizes += scaled.std(-1, correction=0).mean(-1)
    count = len(sentences)
    means = {
        "with_root": with_root / count,
        "without": without / count,
        "sizes": sizes / count,
    }
    return {
        "sentences": count,
        "tokens": tokens / count,
        # Four digits: the rest differs between processors.
        **{name: (mean * 1e4).round() / 1e4 for name, mean in means.items()},
        "median": {name: mean.quantile(0.5) for name, mean in means.items()},
        "least": means["with_root"].min(),
        "most": means["with_root"].max(),
        "largest_size": means["sizes"].max(),
    }


def measured(seed: int) -> dict[str, Any]:
    """What takes a second: what the root does for training, and in MiniLM's heads."""
    return {
        "softness": [
            {
                "d_head": d_head,
                "plain": slopes(d_head, 1.0, seed),
                "scaled": slopes(d_head, 1 / math.sqrt(d_head), seed),
            }
            for d_head in (4, 16, 64, 256, 1024)
        ],
        "spread": spread(),
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, masks, the effect of the root, and MiniLM's heads."""
    past_only = torch.ones(3, 3, dtype=torch.bool).tril()
    return {
        "by_hand": by_hand(),
        "masked": attention(QUERY, KEY, VALUE, past_only)[1],
        "measured": measured(seed),
    }


def show(data: dict[str, Any]) -> None:
    """Print what the code gave for each query."""
    hand = data["by_hand"]
    tokens = hand["tokens"]
    print('"it" looks at three tokens')
    steps = zip(tokens, hand["scores"], hand["weights"], strict=True)
    table(steps, ["", ".2f", ".2f"], ["key", "score", "weight"])
    x, y = hand["output"]
    print(f"output ({x:.2f}, {y:.2f})")

    for title, looks in (
        ("all queries: weights on each key", hand["all_weights"]),
        ("with a mask: only itself and the past", data["masked"]),
    ):
        print(f"\n{title}")
        rows = [(token, *row) for token, row in zip(tokens, looks, strict=True)]
        table(rows, ["", *[".2f"] * 3], ["query", *tokens])


COLUMNS = (122, 232, 342)  # of robot, glass and it
BAR = 70  # px for a weight of 1


def _bars(axes: Axes, y: float, numbers: list[float], faint: bool = False) -> None:
    """A weight under each token, as long as it is large."""
    alpha = diagrams.FAINT if faint else None
    for x, number in zip(COLUMNS, numbers, strict=True):
        axes.add_patch(
            Rectangle((x - 45, y - 6), BAR * number, 12, color=plots.QUERY, alpha=alpha)
        )
        diagrams.words(
            axes, x - 41 + BAR * number, y, f"{number:.2f}", ha="left", faint=faint
        )


def _label(axes: Axes, y: float, text: str, colour: str = plots.MUTED) -> None:
    diagrams.words(axes, 4, y, text, colour, ha="left")


def _names(axes: Axes, y: float, tokens: list[str]) -> None:
    for x, token in zip(COLUMNS, tokens, strict=True):
        diagrams.words(axes, x, y, token, bold=True)


def _products(axes: Axes, y: float, left: list[float], rows: list[list[float]]) -> None:
    """Each dot product, written out: number by number, then the sum."""
    for x, row in zip(COLUMNS, rows, strict=True):
        terms = [f"{a:.0f}×{b:.0f}" for a, b in zip(left, row, strict=True)]
        total = sum(a * b for a, b in zip(left, row, strict=True))
        diagrams.words(axes, x, y, "+".join(terms))
        diagrams.words(axes, x, y + 15, f"= {total:.0f}", bold=True)


def _without_matrices(hand: dict[str, Any]) -> Figure:
    """The vectors themselves are compared and averaged."""
    plain = hand["plain"]
    figure, axes = diagrams.board(212)
    _names(axes, 14, hand["tokens"])
    _label(axes, 42, "vector")
    for x, vector in zip(COLUMNS, hand["vectors"], strict=True):
        diagrams.cells(axes, x, 42, vector, fmt=".0f")
    _label(axes, 82, "compare")
    _label(axes, 97, "with “it”")
    _products(axes, 82, hand["vectors"][-1], hand["vectors"])
    _label(axes, 132, "weight")
    _bars(axes, 132, plain["weights"])
    for x, weight in zip(COLUMNS, plain["weights"], strict=True):
        diagrams.arrow(axes, (x, 144), (232, 178), width=0.7 + 3 * weight)
    _label(axes, 192, "average")
    diagrams.cells(axes, 232, 192, plain["output"])
    return figure


def _step(hand: dict[str, Any], step: int) -> Figure:
    """From the vector of "it" to its output, as far as the step says."""
    figure, axes = diagrams.board((0, 206, 290, 352, 446)[step])
    _label(axes, 16, "“it”")
    diagrams.cells(axes, 200, 16, hand["vectors"][-1], fmt=".0f", faint=step > 1)
    parts = (
        (66, "query", "W_Q", plots.QUERY, hand["queries"][-1]),
        (200, "key", "W_K", plots.KEY, hand["keys"][-1]),
        (334, "value", "W_V", plots.VALUE, hand["values"][-1]),
    )
    for x, name, matrix, colour, vector in parts:
        past = step > 1
        diagrams.arrow(axes, (200, 28), (x, 54), colour, faint=past)
        diagrams.words(axes, x - 32, 88, matrix, colour, ha="right", faint=past)
        for number, row in enumerate(hand["matrices"][name]):
            diagrams.cells(axes, x, 66 + 22 * number, row, colour, ".0f", faint=past)
        diagrams.arrow(axes, (x, 122), (x, 144), colour, faint=past)
        diagrams.cells(axes, x, 158, vector, colour, ".0f", faint=past and x > 66)
        diagrams.words(axes, x, 180, name, colour, faint=past and x > 66)
    if step > 1:
        _names(axes, 204, hand["tokens"])
        _label(axes, 228, "keys", plots.KEY)
        for x, key in zip(COLUMNS, hand["keys"], strict=True):
            diagrams.cells(axes, x, 228, key, plots.KEY, ".0f")
        _label(axes, 258, "query")
        _label(axes, 273, "· key")
        _products(axes, 258, hand["queries"][-1], hand["keys"])
    if step > 2:
        _label(axes, 304, "÷ √2")
        for x, number in zip(COLUMNS, hand["scaled"], strict=True):
            diagrams.words(axes, x, 304, f"{number:.2f}")
        _label(axes, 334, "weight")
        _bars(axes, 334, hand["weights"])
    if step > 3:
        _label(axes, 364, "values", plots.VALUE)
        columns = zip(COLUMNS, hand["values"], hand["weights"], strict=True)
        for x, value, weight in columns:
            diagrams.cells(axes, x, 364, value, plots.VALUE, ".0f")
            diagrams.arrow(
                axes, (x, 376), (232, 412), plots.VALUE, width=0.7 + 3 * weight
            )
        _label(axes, 426, "output")
        diagrams.cells(axes, 232, 426, hand["output"], plots.VALUE)
    return figure


def frames(data: dict[str, Any]) -> list[Figure]:
    """An average without matrices; then query, key, value, and the steps to one."""
    hand = data["by_hand"]
    return [_without_matrices(hand), *(_step(hand, step) for step in range(1, 5))]


def draw(data: dict[str, Any]) -> Figure:
    """How many queries learn next to nothing, how many wildly, by d_head."""
    figure, panels = plots.canvas(280, 1, 2, sharey=True)
    rows = data["measured"]["softness"]
    titles = ("without the root", "divided by the root")
    for axes, name, title in zip(panels, ("plain", "scaled"), titles, strict=True):
        still, wild = (
            torch.tensor([100 * row[name][kind] for row in rows])
            for kind in ("still", "wild")
        )
        begin = torch.zeros(len(rows))
        for part, colour, label in (
            (still, plots.PAPER, "next to nothing (below 0.1)"),
            (100 - still - wild, plots.QUERY, "a usable step (0.1 to 1)"),
            (wild, plots.INK, "a violent one (above 1)"),
        ):
            axes.bar(
                range(len(rows)), part, bottom=begin, width=0.7, color=colour,
                edgecolor=plots.QUERY, label=label,
            )  # fmt: skip
            begin = begin + part
        axes.set_xticks(range(len(rows)), [row["d_head"] for row in rows])
        axes.set_title(title)
        axes.set_xlabel("d_head")
    panels[0].set_ylabel("queries in 100")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles[::-1], labels[::-1], loc="outside lower center", frameon=False
    )
    return figure


def look(data: dict[str, Any]) -> Figure:
    """Over how many tokens each of MiniLM's heads spreads its weight."""
    found = data["measured"]["spread"]
    figure, axes = plots.canvas(290)
    for layer in range(N_LAYERS):
        heads, bare = found["with_root"][layer], found["without"][layer]
        axes.plot(
            heads, [layer - 0.12] * N_HEADS, "o", color=plots.QUERY, markersize=6,
            alpha=0.6, label="" if layer else "with the root",
        )  # fmt: skip
        axes.plot(
            bare, [layer + 0.2] * N_HEADS, "x", color=plots.MUTED, markersize=5,
            label="" if layer else "without it",
        )  # fmt: skip
    axes.set_yticks(range(N_LAYERS), [f"layer {n + 1}" for n in range(N_LAYERS)])
    axes.invert_yaxis()
    axes.set_xlim(0.5, found["tokens"] + 0.5)
    axes.set_xlabel("tokens that share a head's weight")
    axes.legend(loc="lower right", frameon=False)
    return figure


# The key of what takes seconds, and the function that gives it.
TRAINS = "measured"
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
