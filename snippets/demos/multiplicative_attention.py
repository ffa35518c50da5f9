"""Three scores by hand, a swap that W mends, the root, and two trained translators."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from snippets.demos import additive_attention
from snippets.lab import alignments, plots
from snippets.lab.diagrams import arrow, board, box, cells, words
from snippets.lab.plots import INK, KEY, LINK, MUTED, QUERY, VALUE
from snippets.lab.tables import table
from snippets.recurrence.luong import Luong
from snippets.recurrence.multiplicative_attention import (
    Concat,
    General,
    LocalWindow,
    Score,
    dot,
)

# About to write "glass": a state that has read "new", and positions of the source.
PLACES = ["robô", "copo", "novo"]
STATE = torch.tensor([[2.0, 0.0]])
ANNOTATIONS = torch.tensor([[0.0, 2.0], [2.0, 0.0], [1.0, 1.0]])
SWAPPED = torch.tensor([[0.0, 2.0]])  # a decoder that keeps its numbers the other way
W = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
V = torch.tensor([-2.0, -2.0])
CLAUSE = ["o", "robô", "deixou", "cair", "o", "copo", "novo"]  # for the window


@torch.no_grad()
def by_hand() -> dict[str, Any]:
    """Dot; dot of a swapped state; general of that one; concat: a score a place."""
    general, concat = General(2, 2), Concat(2, 2, 2)
    general.weight.weight.copy_(W)
    concat.weight.weight.copy_(torch.cat([torch.eye(2), torch.eye(2)], 1))
    concat.v.copy_(V)
    kinds: dict[str, tuple[Score, Tensor]] = {
        "dot": (dot, STATE),
        "swapped": (dot, SWAPPED),
        "general": (general, SWAPPED),
        "concat": (concat, STATE),
    }
    scores = {name: score(q, ANNOTATIONS)[0] for name, (score, q) in kinds.items()}
    weights = {name: row.softmax(-1) for name, row in scores.items()}
    keys = dict.fromkeys(kinds, ANNOTATIONS)
    keys["general"] = ANNOTATIONS @ W.T
    return {
        "places": PLACES,
        "annotations": ANNOTATIONS,
        "W": W,
        "states": {name: state[0] for name, (_, state) in kinds.items()},
        "keys": keys,
        "products": {name: kinds[name][1] * keys[name] for name in keys},
        "scores": scores,
        "weights": weights,
        "contexts": {name: row @ ANNOTATIONS for name, row in weights.items()},
        "squashed": torch.tanh(STATE + ANNOTATIONS),
    }


def spread(d: int, seed: int, queries: int = 1_000, keys: int = 16) -> dict[str, float]:
    """Dot products of random vectors: their variance, and what softmax makes of them.

    `largest` is the largest of a query's 16 weights, on average; `root` after the
    products are divided by the root of d.
    """
    random = torch.Generator().manual_seed(seed)
    query = torch.randn(queries, 1, d, generator=random)
    key = torch.randn(queries, keys, d, generator=random)
    scores = dot(query, key)[:, 0]
    largest = scores.softmax(-1).amax(-1).mean()
    root = (scores / d**0.5).softmax(-1).amax(-1).mean()
    return {
        "d": d,
        "variance": scores.var().item(),
        "largest": largest.item(),
        "root": root.item(),
    }


@torch.no_grad()
def window() -> dict[str, Any]:
    """Where local attention puts its window of 2 to either side, and the bell."""
    guess = LocalWindow(2, reach=2)
    guess.hidden.weight.copy_(torch.eye(2))
    guess.v.weight.fill_(1.0)
    mask = torch.ones(1, len(CLAUSE), dtype=torch.bool)
    near, falling = guess(STATE[None], mask)
    squashed = torch.tanh(STATE)[0]
    share = torch.sigmoid(squashed.sum())
    alike = near[0, 0] / near.sum()
    weights = alike * falling[0, 0]
    return {
        "words": CLAUSE,
        "squashed": squashed,
        "share": share,
        "middle": share * len(CLAUSE),
        "near": near[0, 0],
        "alike": alike,
        "falling": falling[0, 0],
        "weights": weights,
        "sum": weights.sum(),
    }


def parameters(d_hidden: int) -> dict[str, int]:
    """How many numbers each score learns: what a translator has more than with dot."""
    scores: dict[str, Score] = {
        "dot": dot,
        "general": General(d_hidden, d_hidden),
        "concat": Concat(d_hidden, d_hidden, d_hidden // 2),
    }
    counts = {
        name: sum(w.numel() for w in Luong(1, 1, 1, d_hidden, score).parameters())
        for name, score in scores.items()
    }
    return {name: count - counts["dot"] for name, count in counts.items()}


def trained(name: str) -> dict[str, Any]:
    """What `python -m snippets train` recorded, and its counts on held-out pairs."""
    found = alignments.recorded(name)
    return {
        "sentence": found["sentence"],
        "looks": found["looks"],
        "scores": found["scores"],
        "steps": found["settings"]["steps"],
        "d_hidden": found["settings"]["d_hidden"],
        "held_out": additive_attention.held_out(found),
    }


def both() -> dict[str, Any]:
    """Bahdanau's translator and Luong's, on the same sentences."""
    names = {"additive": "additive-attention", "general": "multiplicative-attention"}
    return {score: trained(name) for score, name in names.items()}


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """By hand; the window; the root; what two trainings recorded."""
    found = both()
    return {
        "by_hand": {**by_hand(), "window": window()},
        "spread": [spread(d, seed) for d in (4, 16, 64, 256)],
        "parameters": parameters(found["general"]["d_hidden"]),
        "both": found,
    }


def show(data: dict[str, Any]) -> None:
    """Print the scores, the root and the window."""
    hand = data["by_hand"]
    for name in ("scores", "weights"):
        print(f'{name}, about to write "glass"')
        columns = hand["places"], *hand[name].values()
        header = ["position", *hand[name]]
        table(zip(*columns, strict=True), ["", *[".2f"] * 4], header)
        print()

    print("random vectors, 16 keys: variance of dot,")
    print("the largest weight, and after the root")
    spreads = [[*row.values()] for row in data["spread"]]
    table(spreads, ["", ".1f", ".2f", ".2f"], ["d", "variance", "largest", "root"])
    print()

    bell = hand["window"]
    print(f"a window of 2 around {bell['middle']:.2f}")
    columns = range(len(CLAUSE)), CLAUSE, bell["alike"], bell["falling"]
    lines = zip(*columns, bell["weights"], strict=True)
    header = ["", "word", "alike", "bell", "weight"]
    table(lines, ["", "", ".2f", ".2f", ".2f"], header)
    print(f"sum of the weights {bell['sum']:.2f}")


# --- The scores of one state, in four frames

COLUMNS = (118, 228, 338)  # the three positions
WORDS, KEYS = 18, 146  # how high the words are when W is drawn, and what is multiplied


def frames(data: dict[str, Any]) -> list[Figure]:
    """Dot; softmax and average; a state that is swapped; W turns the annotations."""
    hand = data["by_hand"]
    shown = ("dot", False), ("dot", True), ("swapped", True), ("general", True)
    return [_frame(hand, name, average) for name, average in shown]


def _frame(hand: dict[str, Any], name: str, average: bool) -> Figure:
    turned = name == "general"
    top, bottom = 0 if turned else KEYS - 60, 362 if average else 264
    figure, axes = board(bottom - top)
    axes.set_ylim(bottom, top)
    _source(axes, hand, turned)
    parts = (hand[key][name] for key in ("keys", "products", "scores", "weights"))
    rows = list(zip(COLUMNS, *parts, strict=True))
    state, best = hand["states"][name], max(hand["scores"][name])
    named = "turned" if turned else "annotation"
    words(axes, 6, KEYS, named, KEY if turned else VALUE, ha="left")
    words(axes, 6, KEYS + 27, "× state", QUERY, ha="left")
    words(axes, 6, KEYS + 62, "products", ha="left")
    words(axes, 6, KEYS + 94, "score", LINK, ha="left")
    for x, key, products, score, weight in rows:
        cells(axes, x, KEYS, key, KEY if turned else VALUE, ".0f")
        cells(axes, x, KEYS + 27, state, QUERY, ".0f")
        axes.plot([x - 30, x + 30], [KEYS + 45.5] * 2, color=MUTED, linewidth=1)
        first, second = products
        words(axes, x, KEYS + 62, f"{first:.0f} + {second:.0f}")
        bold = score == best
        size = 13 if bold else 11
        words(axes, x, KEYS + 94, f"{score:.0f}", LINK, size=size, bold=bold)
        if average:
            start, end = (x, KEYS + 106), (228, KEYS + 174)
            arrow(axes, start, end, VALUE, f"{weight:.2f}", width=1 + 8 * weight)
    if average:
        words(axes, 6, KEYS + 140, "weight", VALUE, ha="left")
        cells(axes, 228, KEYS + 187, hand["contexts"][name], VALUE)
        words(axes, 6, KEYS + 187, "context", VALUE, ha="left")
    return figure


def _source(axes: Axes, hand: dict[str, Any], turned: bool) -> None:
    """The words; and, where W turns them, their annotations on the way through W."""
    high = WORDS if turned else KEYS - 44
    for x, word, gloss in zip(COLUMNS, PLACES, additive_attention.GLOSSES, strict=True):
        words(axes, x, high, word, bold=True)
        words(axes, x, high + 16, gloss, MUTED)
    if not turned:
        return
    words(axes, 6, 62, "annotation", VALUE, ha="left")
    words(axes, 6, 104, "through W", KEY, ha="left")
    for x, annotation in zip(COLUMNS, hand["annotations"], strict=True):
        cells(axes, x, 62, annotation, VALUE, ".0f")
        # W exchanges the two numbers.
        arrow(axes, (x - 11, 75), (x + 11, 133), KEY, line="--")
        arrow(axes, (x + 11, 75), (x - 11, 133), KEY, line="--")


# --- Two decoders side by side

ACROSS = (38, 100, 162)  # the three positions, in each half


def draw(data: dict[str, Any]) -> Figure:
    """Bahdanau's order of things and Luong's, each step with its number."""
    hand = data["by_hand"]
    other = additive_attention.by_hand(STATE[0].tolist())
    figure, axes = board(332)
    axes.plot([200, 200], [8, 326], color=MUTED, linewidth=0.8, linestyle=":")
    words(axes, 100, 14, "Bahdanau, 2014", INK, bold=True)
    words(axes, 300, 14, "Luong, 2015", INK, bold=True)
    _half(axes, 0, 38, 146, other["weights"], other["context"])
    dots = hand["weights"]["dot"], hand["contexts"]["dot"]
    _half(axes, 200, 345, 246, *dots)
    box(axes, 38, 150, "state\nbefore", QUERY, 58, 38)
    box(axes, 238, 150, "state\nbefore", INK, 58, 38)
    box(axes, 345, 150, "current\nstate", QUERY, 60, 38)
    box(axes, 146, 150, "new\nstate", LINK, 56, 38)
    box(axes, 318, 94, "mixture", LINK, 60)

    # On the left: ask, average, take the step, write.
    words(axes, 182, 188, '"new"')
    arrow(axes, (178, 181), (165, 170))
    arrow(axes, (68, 150), (117, 150))
    arrow(axes, (146, 197), (146, 170), VALUE, line=":", width=2)
    arrow(axes, (130, 198), (126, 58), VALUE, line=":", width=2, bend=-0.35)
    arrow(axes, (146, 130), (146, 60), LINK)
    words(axes, 146, 46, "glass", LINK, size=13, bold=True)
    for x, y, text in ((38, 186, "1"), (100, 228, "2"), (86, 138, "3"), (157, 96, "4")):
        words(axes, x, y, text, bold=True, size=13)

    # On the right: take the step, ask, average, mix, write.
    words(axes, 382, 188, '"new"')
    arrow(axes, (378, 181), (365, 170))
    arrow(axes, (268, 150), (314, 150))
    arrow(axes, (279, 198), (305, 108), VALUE, line=":", width=2)
    arrow(axes, (345, 130), (330, 108), QUERY)
    arrow(axes, (318, 81), (318, 60), LINK)
    words(axes, 318, 46, "glass", LINK, size=13, bold=True)
    arrow(axes, (349, 94), (398, 94), LINK, line="--", width=2)
    words(axes, 374, 80, "next", LINK)
    words(axes, 374, 109, "step", LINK)
    marks = (281, 138, "1"), (345, 186, "2"), (216, 240, "3"), (276, 94, "4")
    for x, y, text in (*marks, (330, 70, "5")):
        words(axes, x, y, text, bold=True, size=13)
    return figure


def _half(
    axes: Axes,
    left: float,
    asks: float,
    x: float,
    weights: list[float],
    context: list[float],
) -> None:
    """The annotations; the state's arrows to them; theirs to the context."""
    rows = zip(ACROSS, PLACES, ANNOTATIONS.tolist(), weights, strict=True)
    for place, word, annotation, weight in rows:
        cells(axes, left + place, 292, annotation, VALUE, ".0f")
        words(axes, left + place, 316, word, bold=True)
        arrow(axes, (asks, 196), (left + place, 280), QUERY)
        arrow(axes, (left + place, 280), (x, 222), VALUE, width=1 + 8 * weight)
    cells(axes, x, 210, context, VALUE)


def look(data: dict[str, Any]) -> Figure:
    """Two trained translators on the sentence; frames are the gold places."""
    figure, axes = plots.canvas(700, 2, 1)
    titles = "Bahdanau's, in per cent", "Luong's (general), in per cent"
    for place, row, title in zip(axes, data["both"].values(), titles, strict=True):
        alignments.outlined(place, row["sentence"], title)
    return figure


# The key of what takes seconds, and the function that gives it.
TRAINS = "both"
# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "    return query @ key.mT  # no root: Luong does not scale",
        "    return query @ key.mT / key.shape[-1] ** 0.5",
    ),
    (
        "        return additive_scores(query @ left.T, key @ right.T, self.v)",
        "        return (query @ left.T) @ (key @ right.T).mT",
    ),
]
