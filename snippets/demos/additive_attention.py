"""The scorer of one word, its bound, and where a trained translator looks."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.figure import Figure

from snippets.lab import alignments
from snippets.lab.tables import table
from snippets.recurrence.additive_attention import AdditiveAttention, additive_scores

# About to write "glass": the decoder's state, and three places of the source.
PLACES = ["robô", "copo", "novo"]
STATE = torch.tensor([[-1.0, 1.0]])
ANNOTATIONS = torch.tensor([[0.0, 2.0], [2.0, 0.0], [1.0, 1.0]])
W = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
U = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
V = torch.tensor([2.0, 2.0])


def by_hand() -> dict[str, Any]:
    """Every step for one word that is about to be written."""
    scorer = AdditiveAttention(2, 2, 2)
    with torch.no_grad():
        scorer.query.weight.copy_(W)
        scorer.key.weight.copy_(U)
        scorer.v.copy_(V)
        context, weights = scorer(STATE, ANNOTATIONS)
    query, keys = STATE @ W.T, ANNOTATIONS @ U.T
    return {
        "places": PLACES,
        "state": STATE[0],
        "annotations": ANNOTATIONS,
        "query": query[0],
        "keys": keys,
        "v": V,
        "sums": query + keys,
        "squashed": torch.tanh(query + keys),
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


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """By hand; the spread of scores; what `python -m snippets train` recorded."""
    trained = alignments.recorded("additive-attention")
    return {
        "by_hand": by_hand(),
        "spread": [spread(d, seed) for d in (16, 64, 256, 1024)],
        "trained": {
            "sentence": trained["sentence"],
            "looks": trained["looks"],
            "scores": trained["scores"],
            "steps": trained["settings"]["steps"],
            "parameters": trained["parameters"],
        },
    }


def show(data: dict[str, Any]) -> None:
    """Print the steps of one word, the table and where the translator looked."""
    hand = data["by_hand"]
    print('about to write "glass"')
    sums = [f"({a:.0f}, {b:.0f})" for a, b in hand["sums"]]
    columns = hand["places"], sums, hand["scores"], hand["weights"]
    header = ["position", "s W + h U", "score", "weight"]
    table(zip(*columns, strict=True), ["", "", ".2f", ".2f"], header)
    x, y = hand["context"]
    print(f"context ({x:.2f}, {y:.2f})")

    print("\nspread of random scores: dot, additive,")
    print("additive with v over the root of d_score")
    header = ["d_score", "dot", "additive", "v/root"]
    rows = [[*row.values()] for row in data["spread"]]
    table(rows, ["", ".2f", ".2f", ".2f"], header)

    print("\nwhere a trained one looks most")
    alignments.show(data["trained"])


def draw(data: dict[str, Any]) -> Figure:
    """Where the translator looks, over where a person would."""
    return alignments.draw(data["trained"]["sentence"])


# What the page proposes to change, and what then stands there.
EDITS = [
    ("    return torch.tanh(sums) @ v", "    return sums @ v"),
    ("STATE = torch.tensor([[-1.0, 1.0]])", "STATE = torch.tensor([[1.0, -1.0]])"),
    ("V = torch.tensor([2.0, 2.0])", "V = torch.tensor([20.0, 20.0])"),
]
