"""The scorer of one word, its bound, and where a trained translator looks."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.figure import Figure
from torch import nn

from snippets.lab import plots, record
from snippets.lab.scores import table_of
from snippets.recurrence.additive_attention import AdditiveAttention, additive_scores

FOLDER = record.RESULTS / "trained"
TRAINED = "additive-attention"

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


def whole(sentence: dict[str, Any]) -> dict[str, Any]:
    """The sentence with its last place, [end], where the rest of each row looks."""
    return {
        **sentence,
        "portuguese": [*sentence["portuguese"], "[end]"],
        "weights": [[*row, max(0.0, 1 - sum(row))] for row in sentence["weights"]],
    }


def looks(sentence: dict[str, Any]) -> list[dict[str, Any]]:
    """Where each written word looks most, with what weight, and whether it is gold."""
    rows = []
    for word, weights in enumerate(sentence["weights"]):
        place = weights.index(max(weights))
        rows.append(
            {
                "word": sentence["english"][word],
                "place": sentence["portuguese"][place],
                "weight": weights[place],
                "gold": [place, word] in sentence["gold"],
            }
        )
    return rows


@torch.no_grad()
def difference_to_layers(seed: int, device: str) -> float:
    """Ours against PyTorch's layers over state and annotation side by side."""
    torch.manual_seed(seed)
    scorer = AdditiveAttention(5, 7, 8).to(device)
    layers = nn.Sequential(
        nn.Linear(12, 8, bias=False), nn.Tanh(), nn.Linear(8, 1, bias=False)
    ).to(device)
    layers.load_state_dict(
        {
            "0.weight": torch.cat([scorer.query.weight, scorer.key.weight], 1),
            "2.weight": scorer.v[None],
        }
    )
    state = torch.randn(4, 5, device=device)
    value = torch.randn(6, 7, device=device)
    pairs = torch.cat(
        [state[:, None].expand(-1, 6, -1), value[None].expand(4, -1, -1)], -1
    )
    theirs = layers(pairs)[..., 0].softmax(-1)
    ours = scorer(state, value)[1]
    return float((ours - theirs).abs().max())


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """By hand; the spread of scores; what `python -m snippets train` recorded."""
    trained = record.Result.read(TRAINED, FOLDER).record["data"]
    sentence = whole(trained["sentence"])
    return {
        "by_hand": by_hand(),
        "spread": [spread(d, seed) for d in (16, 64, 256, 1024)],
        "difference": difference_to_layers(seed, device),
        "trained": {
            "sentence": sentence,
            "looks": looks(sentence),
            "scores": trained["scores"],
            "steps": trained["settings"]["steps"],
            "parameters": trained["parameters"],
        },
    }


def show(data: dict[str, Any]) -> None:
    """Print the steps of one word, the table and where the translator looked."""
    hand = data["by_hand"]
    print('about to write "glass"')
    print("position   s W + h U   score  weight")
    # What the code gave; the steps between are on the page.
    names = ("places", "sums", "scores", "weights")
    for name, (a, b), score, weight in zip(*(hand[n] for n in names), strict=True):
        print(f"{name:8} {a:5.1f} {b:5.1f} {score:7.2f} {weight:7.2f}")
    x, y = hand["context"]
    print(f"context ({x:.2f}, {y:.2f})")

    print("\nspread of random scores: dot, additive,")
    print("additive with v over the root of d_score")
    print("d_score     dot  additive  v/root")
    for row in data["spread"]:
        print(
            f"{row['d_score']:7} {row['dot']:7.2f}"
            f" {row['plain']:9.2f} {row['additive']:7.2f}"
        )

    trained = data["trained"]
    print("\nwhere a trained one looks most")
    show_looks(trained["looks"])
    print(
        f"trained {trained['steps']:,} steps\n"
        f"BLEU {trained['scores']['bleu']:.1f}, alignment error rate"
        f" {trained['scores']['error_rate']:.2f}"
    )
    print(f"\nlargest difference to layers over\n[s; h]: {data['difference']:.1e}")


def show_looks(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        print(f"{row['word']:9} {row['place']:12} {row['weight']:.2f}")


def draw(data: dict[str, Any]) -> Figure:
    """Where the translator looks, over where a person would."""
    sentence = data["trained"]["sentence"]
    rows, columns = sentence["english"], sentence["portuguese"]
    gold = table_of(sentence["gold"], len(rows), len(columns))
    figure, axes = plots.canvas(680, 2, 1)
    titles = ("learned, in per cent", "gold")
    for place, table, title in zip(
        axes, (sentence["weights"], gold), titles, strict=True
    ):
        plots.heat_map(
            place,
            table[:-1],  # the full stop is no news
            rows[:-1],
            columns,
            title,
        )
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ("    return torch.tanh(met) @ v", "    return met @ v"),
    ("STATE = torch.tensor([[-1.0, 1.0]])", "STATE = torch.tensor([[1.0, -1.0]])"),
    ("V = torch.tensor([2.0, 2.0])", "V = torch.tensor([20.0, 20.0])"),
]
