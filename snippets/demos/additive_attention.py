"""The scorer of one word, its bound, and where a trained translator looks."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from statistics import fmean
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Rectangle

from snippets.corpora.portuguese import Pair
from snippets.corpora.translation import Settings, sentences
from snippets.lab import alignments, plots, record
from snippets.lab.claims import column
from snippets.lab.diagrams import FAINT, arrow, board, box, cells, signed, words
from snippets.lab.plots import INK, KEY, LINK, MUTED, PAPER, QUERY, VALUE
from snippets.lab.tables import table
from snippets.recurrence.additive_attention import AdditiveAttention, additive_scores

# Two steps of the decoder: the state before each, and three positions of the source.
PLACES = ["robô", "copo", "novo"]
GLOSSES = ["robot", "glass", "new"]
STATES = {"glass": [2.0, 0.0], "robot": [0.0, 2.0]}
ANNOTATIONS = torch.tensor([[0.0, 2.0], [2.0, 0.0], [1.0, 1.0]])
W = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
U = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
V = torch.tensor([-2.0, -2.0])
TESTS = 500  # sentences, as `python -m snippets train` takes


def by_hand(state: list[float]) -> dict[str, Any]:
    """Every step for one word that is about to be written."""
    scorer = AdditiveAttention(2, 2, 2)
    query_of = torch.tensor([state])
    with torch.no_grad():
        scorer.query.weight.copy_(W.T)
        scorer.key.weight.copy_(U.T)
        scorer.v.copy_(V)
        context, weights = scorer(query_of, ANNOTATIONS)
    query, keys = query_of @ W, ANNOTATIONS @ U
    squashed = torch.tanh(query + keys)
    return {
        "state": state,
        "query": query[0],
        "keys": keys,
        "sums": query + keys,
        "squashed": squashed,
        "totals": squashed.sum(-1),
        "spilt": (query + keys - squashed).sum(-1),
        "scores": additive_scores(query, keys, V)[0],
        "weights": weights[0],
        "context": context[0],
    }


def spread(d_score: int, seed: int) -> dict[str, float]:
    """How far scores of random vectors are apart: a dot product's, ours.

    Ours once with numbers of size one in v, once as v begins: with that over the root.
    """
    random = torch.Generator().manual_seed(seed)
    query = torch.randn(64, d_score, generator=random)
    key = torch.randn(16, d_score, generator=random)
    v = torch.randn(d_score, generator=random)
    over_root = v / d_score**0.5
    return {
        "d_score": d_score,
        "dot": (query @ key.T).std().item(),
        "plain": additive_scores(query, key, v).std().item(),
        "additive": additive_scores(query, key, over_root).std().item(),
    }


@cache
def tested(shortest: int, longest: int) -> list[Pair]:
    """The test sentences of so many words."""
    settings = Settings(steps=0, shortest=shortest, longest=longest)
    return sentences("test", settings, TESTS)


def held_out(trained: dict[str, Any]) -> dict[str, Any]:
    """How many words of the test sentences look most at a gold place."""
    settings = Settings(**trained["settings"])
    test = tested(settings.shortest, settings.longest)
    sizes = [(len(pair.portuguese), len(pair.english)) for pair in test]
    gold = [pair.alignment for pair in test]
    found = alignments.held_out(trained["scores"]["error_rate"], sizes, gold)
    return {**found, "with_it": sum("it" in pair.english for pair in test)}


def by_length() -> list[dict[str, Any]]:
    """BLEU without and with attention as sentences grow: means of the claim."""
    rows = record.Result.read("length", record.RESULTS / "claims").record["data"]
    bands = dict.fromkeys((row["shortest"], row["longest"]) for row in rows)
    return [
        {
            "words": f"{shortest}-{longest}",
            **{
                model: fmean(column(rows, "bleu", shortest=shortest, model=model))
                for model in ("plain", "attention")
            },
        }
        for shortest, longest in bands
    ]


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """By hand; the spread of scores; what `python -m snippets train` recorded."""
    trained = alignments.recorded("additive-attention")
    return {
        "by_hand": {
            "places": PLACES,
            "annotations": ANNOTATIONS,
            "v": V,
            **{word: by_hand(state) for word, state in STATES.items()},
        },
        "spread": [spread(d, seed) for d in (16, 64, 256, 1024)],
        "trained": {
            "sentence": trained["sentence"],
            "looks": trained["looks"],
            "scores": trained["scores"],
            "steps": trained["settings"]["steps"],
            "parameters": trained["parameters"],
        },
        "held_out": held_out(trained),
        "length": by_length(),
    }


def show(data: dict[str, Any]) -> None:
    """Print the steps of two words, and the spreads."""
    hand = data["by_hand"]
    for word in STATES:
        step = hand[word]
        print(f'about to write "{word}"')
        sums = [f"({a:.0f}, {b:.0f})" for a, b in step["sums"]]
        rest = step["totals"], step["scores"], step["weights"]
        columns = hand["places"], sums, *rest
        header = ["position", "s W + h U", "kept", "score", "weight"]
        table(zip(*columns, strict=True), ["", "", ".2f", ".2f", ".2f"], header)
        x, y = step["context"]
        print(f"context ({x:.2f}, {y:.2f})\n")

    print("spread of random scores: dot, additive,")
    print("additive with v over the root of d_score")
    header = ["d_score", "dot", "additive", "v/root"]
    spreads = [[*row.values()] for row in data["spread"]]
    table(spreads, ["", ".2f", ".2f", ".2f"], header)


# --- The decoder unrolled in time, in five frames

ACROSS = [70, 200, 330]  # the three positions
NOW, EARLIER = 305, 105  # where the two steps of the decoder are
HIGH, SOURCE, BOX = 464, 404, 267  # the board; annotations; the boxes' middle


def frames(data: dict[str, Any]) -> list[Figure]:
    """Read; score; average; write; and the same annotations at another step."""
    hand = data["by_hand"]
    return [_frame(hand, number) for number in range(1, 6)]


def _frame(hand: dict[str, Any], number: int) -> Figure:
    figure, axes = board(108 if number == 1 else HIGH)
    axes.set_ylim(HIGH, HIGH - 108 if number == 1 else 0)  # what is empty is left out
    _read(axes, hand)
    if number >= 2:
        words(axes, 200, 36, "state", QUERY)
        cells(axes, 200, 60, hand["glass"]["state"], QUERY, ".0f")
    if 2 <= number <= 4:
        _score(axes, hand["glass"], asked=number > 2, faint=number > 3)
    if number >= 3:
        tops = SOURCE - 12 if number == 5 else BOX - 67
        _average(axes, NOW, hand["glass"], tops)
    if number >= 4:
        _write(axes, NOW, 222, "new", "glass")
    if number == 5:
        words(axes, 30, 36, "state", QUERY)
        cells(axes, 30, 60, hand["robot"]["state"], QUERY, ".0f")
        _average(axes, EARLIER, hand["robot"], SOURCE - 12)
        _write(axes, EARLIER, 52, "the", "robot")
        arrow(axes, (142, 60), (178, 60), line="--")
    return figure


def _read(axes: Axes, hand: dict[str, Any]) -> None:
    """The words, and the annotations that two readers leave at them."""
    rows = zip(ACROSS, PLACES, GLOSSES, hand["annotations"], strict=True)
    for x, word, gloss, annotation in rows:
        cells(axes, x, SOURCE, annotation, VALUE, ".0f")
        words(axes, x, SOURCE + 31, word, bold=True)
        words(axes, x, SOURCE + 47, gloss, MUTED)
    for left, right in pairwise(ACROSS):
        arrow(axes, (left + 28, SOURCE - 5), (right - 28, SOURCE - 5))
        arrow(axes, (right - 28, SOURCE + 6), (left + 28, SOURCE + 6))


def _score(axes: Axes, step: dict[str, Any], asked: bool, faint: bool) -> None:
    """The state and an annotation pour into the same buckets: one score a pair."""
    if not faint:
        for y, text in ((14, "from the state"), (32, "from the annotation")):
            _litre(axes, 12, y + 5, y > 20, faint)
            words(axes, 34, y, text, KEY if y > 20 else QUERY, ha="left")
        words(axes, 12, 50, "one block: one litre", MUTED, ha="left")
    keys = "keys", "squashed", "totals", "scores"
    rows = zip(ACROSS, *(step[key] for key in keys), strict=True)
    for x, key, levels, total, score in rows:
        arrow(axes, (200, 73), (x, BOX - 67), QUERY, faint=asked)
        arrow(axes, (x, SOURCE - 12), (x, BOX + 68), KEY, line="--", faint=faint)
        box(axes, x, BOX, "", height=134, width=112, faint=faint)
        _poured(axes, x, step["query"], key, levels, faint)
        words(axes, x, BOX + 39, f"kept {total:.2f}", LINK, faint=faint)
        words(axes, x, BOX + 55, f"score {signed(score)}", faint=faint)


def _litre(axes: Axes, left: float, bottom: float, key: bool, faint: bool) -> None:
    """One litre: a full block from the state, an empty one from the annotation."""
    block = Rectangle(
        (left, bottom), 18, -8, facecolor=PAPER if key else QUERY,
        edgecolor=KEY if key else QUERY, linestyle="--" if key else "-",
        alpha=FAINT if faint else None,
    )  # fmt: skip
    axes.add_patch(block)


def _poured(
    axes: Axes,
    x: float,
    query: list[float],
    key: list[float],
    levels: list[float],
    faint: bool,
) -> None:
    """What is poured into each bucket; what stays, as tanh says; what runs over."""
    alpha = FAINT if faint else None
    rim, ground = BOX - 11, BOX + 17
    for middle, a, b, level in zip((x - 27, x + 27), query, key, levels, strict=True):
        left, right, spilt = middle - 11, middle + 11, a + b - level
        for number in range(round(a + b)):
            _litre(axes, middle - 9, rim - 6 - 10 * number, number >= a, faint)
        water = Rectangle((left, ground), 22, -28 * level, facecolor=LINK, alpha=alpha)
        axes.add_patch(water)
        if spilt > 0:
            for side in (left - 3, right + 3):
                axes.plot(
                    [side, side], [rim - 1, ground + 3], color=LINK,
                    linewidth=1.7 * spilt, alpha=alpha,
                )  # fmt: skip
            puddle = Ellipse((middle, ground + 6), 24 + 9 * spilt, 7, color=LINK)
            puddle.set_alpha(alpha)
            axes.add_patch(puddle)
        sides = [left, left, right, right], [rim, ground, ground, rim]
        axes.plot(*sides, color=INK, linewidth=1.4, alpha=alpha)


def _average(axes: Axes, x: float, step: dict[str, Any], tops: float) -> None:
    """Arrows as wide as the weights are large, and the context they make."""
    for place, weight in zip(ACROSS, step["weights"], strict=True):
        start, end = (place, tops), (x, 154)
        # Where two steps cross, only the widest arrows have their numbers.
        label = f"{weight:.2f}" if tops < 300 or weight > 0.5 else ""
        arrow(axes, start, end, VALUE, label, width=1 + 8 * weight)
    cells(axes, x, 142, step["context"], VALUE)
    words(axes, x + 40, 142, "context", VALUE, ha="left")


def _write(axes: Axes, x: float, left: float, last: str, word: str) -> None:
    """State, context and last word make the new state; it and the context, the word."""
    arrow(axes, (left, 60), (x - 36, 60))
    arrow(axes, (x, 131), (x, 74), VALUE, line=":")
    arrow(axes, (x + 30, 131), (x + 27, 18), VALUE, line=":", bend=0.3)
    words(axes, x - 52, 95, f'"{last}"')
    arrow(axes, (x - 38, 87), (x - 24, 74))
    box(axes, x, 60, "new state", LINK, width=70)
    arrow(axes, (x, 47), (x, 26), LINK)
    words(axes, x, 14, word, LINK, size=13, bold=True)


def draw(data: dict[str, Any]) -> Figure:
    """Where the translator looks; frames are where a person would."""
    figure, axes = plots.canvas(370)
    title = "weights in per cent; framed: gold"
    alignments.outlined(axes, data["trained"]["sentence"], title)
    return figure


def look(data: dict[str, Any]) -> Figure:
    """BLEU as sentences grow, with one vector and with attention."""
    figure, axes = plots.canvas(240)
    rows = data["length"]
    lines = ("attention", LINK, "-"), ("plain", MUTED, "--")
    for name, colour, line in lines:
        scores = [row[name] for row in rows]
        axes.plot(scores, color=colour, linestyle=line, marker="o", markersize=4)
        for x, score in enumerate(scores):
            text = f"{score:.0f}"
            axes.text(x, score + 5, text, color=colour, ha="center", va="bottom")
    axes.text(4.5, 112, "with attention", color=LINK, ha="right")
    axes.text(5.2, 34, "one vector", color=MUTED, ha="right")
    axes.set_xticks(range(len(rows)), [row["words"] for row in rows])
    axes.set(ylim=(0, 122), yticks=[0, 50, 100], xlabel="words of the source")
    axes.set_title("BLEU on new sentences")
    return figure


# The key of what takes seconds, and the function that gives it.
TRAINS = "held_out"
# What the page proposes to change, and what then stands there.
EDITS = [
    ("    return torch.tanh(sums) @ v", "    return sums @ v"),
    ("V = torch.tensor([-2.0, -2.0])", "V = torch.tensor([2.0, 2.0])"),
]
