"""The scorer of one word, its bound, and where a trained translator looks."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from snippets.corpora.translation import Settings, sentences
from snippets.lab import alignments, record
from snippets.lab.claims import column
from snippets.lab.diagrams import FAINT, arrow, board, box, cells, words
from snippets.lab.plots import INK, KEY, LINK, MUTED, QUERY, VALUE
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


def held_out(trained: dict[str, Any]) -> dict[str, Any]:
    """How many words of the test sentences look most at a gold place."""
    test = sentences("test", Settings(**trained["settings"]), TESTS)
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
        "look": held_out(trained),
        "length": by_length(),
    }


def show(data: dict[str, Any]) -> None:
    """Print the steps of two words, the spreads and where the translator looked."""
    hand = data["by_hand"]
    for word in STATES:
        step = hand[word]
        print(f'about to write "{word}"')
        sums = [f"({a:.0f}, {b:.0f})" for a, b in step["sums"]]
        columns = hand["places"], sums, step["scores"], step["weights"]
        header = ["position", "s W + h U", "score", "weight"]
        table(zip(*columns, strict=True), ["", "", ".2f", ".2f"], header)
        x, y = step["context"]
        print(f"context ({x:.2f}, {y:.2f})\n")

    print("where a trained one looks most")
    alignments.show(data["trained"])

    found = data["look"]
    print(f"\nin {found['sentences']} sentences it never saw")
    rows = [("gold position", found["gold"])]
    rows += [(name, found[key]) for name, key in alignments.GUESSES.items()]
    table([(*row, row[1] / found["words"]) for row in rows], ["", ",", ".3f"])
    print(f"of {found['words']:,} words")

    print("\nBLEU by words of the source")
    lengths = [[*row.values()] for row in data["length"]]
    table(lengths, ["", ".1f", ".1f"], ["words", "one vector", "attention"])

    print("\nspread of random scores: dot, additive,")
    print("additive with v over the root of d_score")
    header = ["d_score", "dot", "additive", "v/root"]
    spreads = [[*row.values()] for row in data["spread"]]
    table(spreads, ["", ".2f", ".2f", ".2f"], header)


# --- The decoder unrolled in time, in five frames

ACROSS = [70, 200, 330]  # the three positions
NOW, EARLIER = 305, 105  # where the two steps of the decoder are


def frames(data: dict[str, Any]) -> list[Figure]:
    """Read; score; average; write; and the same annotations at another step."""
    hand = data["by_hand"]
    return [_frame(hand, number) for number in range(1, 6)]


def _frame(hand: dict[str, Any], number: int) -> Figure:
    figure, axes = board(108 if number == 1 else 378)
    axes.set_ylim(378, 270 if number == 1 else 0)  # what is still empty is left out
    _read(axes, hand)
    if number >= 2:
        words(axes, 200, 36, "state", QUERY)
        cells(axes, 200, 60, hand["glass"]["state"], QUERY, ".0f")
    if 2 <= number <= 4:
        _score(axes, hand["glass"], asked=number > 2, faint=number > 3)
    if number >= 3:
        tops = 306 if number == 5 else 199
        _average(axes, NOW, hand["glass"], tops)
    if number >= 4:
        _write(axes, NOW, 222, "new", "glass")
    if number == 5:
        words(axes, 30, 36, "state", QUERY)
        cells(axes, 30, 60, hand["robot"]["state"], QUERY, ".0f")
        _average(axes, EARLIER, hand["robot"], 306)
        _write(axes, EARLIER, 52, "the", "robot")
        arrow(axes, (138, 60), (178, 60), line="--")
    return figure


def _read(axes: Axes, hand: dict[str, Any]) -> None:
    """The words, and the annotations that two readers leave at them."""
    rows = zip(ACROSS, PLACES, GLOSSES, hand["annotations"], strict=True)
    for x, word, gloss, annotation in rows:
        cells(axes, x, 318, annotation, VALUE, ".0f")
        words(axes, x, 349, word, bold=True)
        words(axes, x, 365, gloss, MUTED)
    for left, right in pairwise(ACROSS):
        arrow(axes, (left + 28, 313), (right - 28, 313))
        arrow(axes, (right - 28, 324), (left + 28, 324))


def _score(axes: Axes, step: dict[str, Any], asked: bool, faint: bool) -> None:
    """The state goes to every annotation; each pair gives one score."""
    keys = "sums", "squashed", "scores"
    rows = zip(ACROSS, *(step[key] for key in keys), strict=True)
    for x, (first, second), levels, score in rows:
        arrow(axes, (200, 73), (x, 198), QUERY, faint=asked)
        arrow(axes, (x, 306), (x, 274), KEY, line="--", faint=faint)
        box(axes, x, 236, "", height=74, width=92, faint=faint)
        words(axes, x, 210, f"sum {first:.0f}, {second:.0f}", faint=faint)
        _buckets(axes, x, levels, faint)
        text = f"score {score:.2f}".replace("-", "−")
        words(axes, x, 263, text, faint=faint)


def _buckets(axes: Axes, x: float, levels: list[float], faint: bool) -> None:
    """A bucket for each number of the sum, as full as tanh says."""
    alpha = FAINT if faint else None
    for left, level in zip((x - 24, x + 4), levels, strict=True):
        water = Rectangle((left, 251), 20, -26 * level, facecolor=LINK, alpha=alpha)
        axes.add_patch(water)
        sides = [left, left, left + 20, left + 20], [222, 251, 251, 222]
        axes.plot(*sides, color=INK, linewidth=1.2, alpha=alpha)


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
    """State, context and last word make the new state, which gives the next word."""
    arrow(axes, (left, 60), (x - 33, 60))
    arrow(axes, (x, 131), (x, 74), VALUE, line=":")
    words(axes, x + 58, 110, f'"{last}"')
    arrow(axes, (x + 50, 101), (x + 26, 74))
    box(axes, x, 60, "new state", LINK, width=70)
    arrow(axes, (x, 47), (x, 26), LINK)
    words(axes, x, 14, word, LINK, size=13, bold=True)


def draw(data: dict[str, Any]) -> Figure:
    """Where the translator looks, over where a person would."""
    return alignments.draw(data["trained"]["sentence"])


def look(data: dict[str, Any]) -> Figure:
    """How many words look at a gold place, beside what needs no model."""
    return alignments.draw_counts([("translator", data["look"])])


# What the page proposes to change, and what then stands there.
EDITS = [
    ("    return torch.tanh(sums) @ v", "    return sums @ v"),
    ("V = torch.tensor([-2.0, -2.0])", "V = torch.tensor([2.0, 2.0])"),
    ("V = torch.tensor([-2.0, -2.0])", "V = torch.tensor([-20.0, -20.0])"),
]
