"""Three scores by hand, a window, and where two trained translators look."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
W = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
V = torch.tensor([-2.0, -2.0])
CLAUSE = ["o", "robô", "deixou", "cair", "o", "copo", "novo"]  # for the window


@torch.no_grad()
def by_hand() -> dict[str, Any]:
    """Three scores of one state and three positions, and what each finds."""
    general, concat = General(2, 2), Concat(2, 2, 2)
    general.weight.weight.copy_(W)
    concat.weight.weight.copy_(torch.cat([torch.eye(2), torch.eye(2)], 1))
    concat.v.copy_(V)
    kinds: dict[str, Score] = {"dot": dot, "general": general, "concat": concat}
    scores = {name: score(STATE, ANNOTATIONS)[0] for name, score in kinds.items()}
    weights = {name: row.softmax(-1) for name, row in scores.items()}
    scaled = scores["dot"] / 2**0.5
    return {
        "places": PLACES,
        "state": STATE[0],
        "annotations": ANNOTATIONS,
        "W": W,
        "turned": (STATE @ W)[0],
        "scores": scores,
        "weights": weights,
        "scaled": scaled,
        "scaled_weights": scaled.softmax(-1),
        "contexts": {name: row @ ANNOTATIONS for name, row in weights.items()},
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


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """By hand; the window; what two trainings recorded."""
    luong = trained("multiplicative-attention")
    return {
        "by_hand": {**by_hand(), "window": window()},
        "parameters": parameters(luong["d_hidden"]),
        "trained": luong,
        "look": {"additive": trained("additive-attention"), "general": luong},
    }


def show(data: dict[str, Any]) -> None:
    """Print the scores, the window and where the translators looked."""
    hand, found = data["by_hand"], data["trained"]
    for name in ("scores", "weights"):
        print(f'{name}, about to write "glass"')
        columns = hand["places"], *hand[name].values()
        header = ["position", *hand[name]]
        table(zip(*columns, strict=True), ["", ".2f", ".2f", ".2f"], header)
        print()

    print(f"numbers to learn, at d_hidden {found['d_hidden']}")
    table(data["parameters"].items(), ["", ","])

    bell = hand["window"]
    print(f"\na window of 2 around {bell['middle']:.2f}")
    columns = range(len(CLAUSE)), CLAUSE, bell["alike"], bell["falling"]
    lines = zip(*columns, bell["weights"], strict=True)
    header = ["", "word", "alike", "bell", "weight"]
    table(lines, ["", "", ".2f", ".2f", ".2f"], header)
    print(f"sum of the weights {bell['sum']:.2f}")

    both = data["look"]
    print("\non a gold position, of the same words")
    counts = {name: row["held_out"] for name, row in both.items()}
    rows = [(name, row["gold"], row["share"]) for name, row in counts.items()]
    table(rows, ["", ",", ".3f"])
    print(f"of {counts['general']['words']:,} words")

    print("\nwhere a trained one looks most (general)")
    alignments.show(found)


# --- Two decoders side by side, in four frames

ACROSS = (38, 100, 162)  # the three positions, in each half


def frames(data: dict[str, Any]) -> list[Figure]:
    """Which state scores; what is found; where that enters; what is fed back."""
    other = additive_attention.by_hand(STATE[0].tolist())
    return [_frame(data["by_hand"], other, number) for number in range(1, 5)]


def _frame(hand: dict[str, Any], other: dict[str, Any], number: int) -> Figure:
    figure, axes = board(372)
    axes.plot([200, 200], [8, 324], color=MUTED, linewidth=0.8, linestyle=":")
    words(axes, 100, 14, "Bahdanau, 2014", INK, bold=True)
    words(axes, 300, 14, "Luong, 2015", INK, bold=True)
    for left in (0, 200):
        _source(axes, left)
    words(axes, 176, 192, '"new"', faint=number < 3)
    words(axes, 378, 192, '"new"')
    box(axes, 38, 150, "state\nbefore", QUERY, 58, 38)
    box(axes, 238, 150, "state\nbefore", INK, 58, 38)
    arrow(axes, (376, 184), (360, 170))
    arrow(axes, (268, 150), (315, 150))
    box(axes, 345, 150, "current\nstate", QUERY, 60, 38)
    _score(axes, 38, 0, other["scores"], number > 1)
    _score(axes, 345, 200, hand["scores"]["dot"], number > 1)
    words(axes, 200, 336, "score", QUERY)
    if number >= 2:
        _average(axes, 146, 0, other["weights"], other["context"])
        context = hand["contexts"]["dot"]
        _average(axes, 246, 200, hand["weights"]["dot"], context)
        words(axes, 200, 357, "weight", VALUE)
    if number >= 3:
        _enter(axes)
    if number == 4:
        arrow(axes, (376, 94), (399, 146), LINK, line="--", width=2, bend=-0.3)
        words(axes, 262, 66, "fed into the", LINK)
        words(axes, 262, 80, "next step", LINK)
    return figure


def _source(axes: Axes, left: float) -> None:
    for x, word, annotation in zip(ACROSS, PLACES, ANNOTATIONS.tolist(), strict=True):
        cells(axes, left + x, 290, annotation, VALUE, ".0f")
        words(axes, left + x, 314, word, bold=True)


def _score(axes: Axes, x: float, left: float, scores: list[float], faint: bool) -> None:
    """Arrows from the state that scores, and below the words what comes out."""
    for place, score in zip(ACROSS, scores, strict=True):
        arrow(axes, (x, 170), (left + place, 278), QUERY, faint=faint)
        words(axes, left + place, 336, f"{score:.2f}".replace("-", "−"), QUERY)


def _average(
    axes: Axes, x: float, left: float, weights: list[float], context: list[float]
) -> None:
    """Arrows as wide as the weights, and the context."""
    for place, weight in zip(ACROSS, weights, strict=True):
        arrow(axes, (left + place, 278), (x, 222), VALUE, width=1 + 8 * weight)
        words(axes, left + place, 357, f"{weight:.2f}", VALUE)
    cells(axes, x, 210, context, VALUE)


def _enter(axes: Axes) -> None:
    """The context goes into the new state on the left, above the state on the right."""
    arrow(axes, (176, 184), (162, 170))
    arrow(axes, (68, 150), (118, 150))
    arrow(axes, (146, 198), (146, 170), VALUE, line=":", width=2)
    box(axes, 146, 150, "new\nstate", LINK, 56, 38)
    arrow(axes, (146, 130), (146, 60), LINK)
    words(axes, 146, 46, "glass", LINK, size=13, bold=True)
    arrow(axes, (246, 198), (318, 108), VALUE, line=":", width=2)
    arrow(axes, (345, 130), (345, 108), QUERY)
    box(axes, 345, 94, "mixture", LINK, 60)
    arrow(axes, (345, 81), (345, 60), LINK)
    words(axes, 345, 46, "glass", LINK, size=13, bold=True)


def draw(data: dict[str, Any]) -> Figure:
    """The bell of local attention over a clause, with its numbers."""
    bell = data["by_hand"]["window"]
    figure, axes = plots.canvas(260)
    places = torch.linspace(-0.5, len(CLAUSE) - 0.5, 121)
    curve = torch.exp(-2 * ((places - bell["middle"]) / 2) ** 2)
    axes.plot(places.tolist(), curve.tolist(), color=KEY, linestyle="--")
    heights = [f * n for f, n in zip(bell["falling"], bell["near"], strict=True)]
    axes.bar(range(len(CLAUSE)), heights, color=VALUE, width=0.6)
    for place, height in enumerate(heights):
        inside = height > 0.2
        axes.text(
            place, height / 2 if inside else 0.05, f"{height:.2f}", ha="center",
            va="center" if inside else "bottom", color=plots.PAPER if inside else INK,
        )  # fmt: skip
    axes.plot([bell["middle"]] * 2, [1.03, 1.13], color=QUERY)
    axes.text(
        bell["middle"], 1.17, f"middle {bell['middle']:.2f}", ha="center", color=QUERY
    )
    axes.set_xticks(range(len(CLAUSE)), CLAUSE, rotation=35)
    axes.set(ylim=(0, 1.3), yticks=[])
    axes.spines["left"].set_visible(False)
    return figure


def look(data: dict[str, Any]) -> Figure:
    """Two trained translators on the sentence; frames are the gold places."""
    figure, axes = plots.canvas(700, 2, 1)
    titles = "Bahdanau's, in per cent", "Luong's (general), in per cent"
    for place, row, title in zip(axes, data["look"].values(), titles, strict=True):
        alignments.outlined(place, row["sentence"], title)
    return figure


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
    (
        "        falling = torch.exp(-2 * (distance / self.reach) ** 2)",
        "        falling = torch.ones_like(distance)",
    ),
]
