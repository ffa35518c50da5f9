"""Three scores by hand, a window, and where a trained translator looks."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.figure import Figure

from snippets.lab import alignments
from snippets.lab.tables import table
from snippets.recurrence.luong import Luong
from snippets.recurrence.multiplicative_attention import (
    Concat,
    General,
    LocalWindow,
    Score,
    dot,
)

# About to write "glass": a state that has read "new", and places of the source.
PLACES = ["robô", "copo", "novo"]
STATE = torch.tensor([[2.0, 1.0]])
ANNOTATIONS = torch.tensor([[0.0, 2.0], [2.0, 0.0], [1.0, 1.0]])
W = torch.tensor([[1.0, 0.0], [0.0, -1.0]])
V = torch.tensor([1.0, 1.0])
WORDS = 6  # of a source sentence, for the window


@torch.no_grad()
def by_hand() -> dict[str, Any]:
    """The three scores of one state and three places, and what dot does with them."""
    general, concat = General(2, 2), Concat(2, 2, 2)
    general.weight.weight.copy_(W)
    concat.weight.weight.copy_(torch.cat([W, W], 1))
    concat.v.copy_(V)
    scores = {
        name: score(STATE, ANNOTATIONS)[0]
        for name, score in (("dot", dot), ("general", general), ("concat", concat))
    }
    weights = scores["dot"].softmax(-1)
    query, keys = STATE @ W.T, ANNOTATIONS @ W.T
    return {
        "places": PLACES,
        "state": STATE[0],
        "annotations": ANNOTATIONS,
        "v": V,
        "query": query[0],
        "keys": keys,
        "squashed": torch.tanh(query + keys),
        "scores": scores,
        "weights": weights,
        "context": weights @ ANNOTATIONS,
    }


@torch.no_grad()
def window() -> dict[str, Any]:
    """An untrained guess is the middle; two places to either side may be seen."""
    guess = LocalWindow(2, reach=2)
    guess.v.weight.zero_()
    near, falling = guess(STATE[None], torch.ones(1, WORDS, dtype=torch.bool))
    alike, factors = near[0, 0] / near.sum(), falling[0, 0]
    weights = alike * factors
    return {
        "alike": alike,
        "falling": factors,
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


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """By hand; the window; what `python -m snippets train` recorded."""
    trained = alignments.recorded("multiplicative-attention")
    return {
        "by_hand": by_hand(),
        "window": window(),
        "parameters": parameters(trained["settings"]["d_hidden"]),
        "trained": {
            "sentence": trained["sentence"],
            "looks": trained["looks"],
            "scores": trained["scores"],
            "steps": trained["settings"]["steps"],
            "d_hidden": trained["settings"]["d_hidden"],
        },
    }


def show(data: dict[str, Any]) -> None:
    """Print the scores, the window and where the translator looked."""
    hand, window_, trained = data["by_hand"], data["window"], data["trained"]
    print('about to write "glass"')
    columns = hand["places"], *hand["scores"].values(), hand["weights"]
    header = ["place", *hand["scores"], "weight"]
    table(zip(*columns, strict=True), ["", ".2f", ".2f", ".2f", ".2f"], header)
    x, y = hand["context"]
    print(f"context of dot ({x:.2f}, {y:.2f})")

    print(f"\nnumbers to learn, at d_hidden {trained['d_hidden']}")
    table(data["parameters"].items(), ["", ","])

    print("\na window of 2 around place 3")
    columns = range(WORDS), *(window_[k] for k in ("alike", "falling", "weights"))
    header = ["place", "alike", "falls to", "weight"]
    table(zip(*columns, strict=True), ["", ".2f", ".2f", ".2f"], header)
    print(f"sum of the weights {window_['sum']:.2f}")

    print("\nwhere a trained one looks most (general)")
    alignments.show(trained)


def draw(data: dict[str, Any]) -> Figure:
    """Where the translator looks, over where a person would."""
    return alignments.draw(data["trained"]["sentence"])


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
