"""Three scores by hand, a window, and where a trained translator looks."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.demos import additive_attention
from snippets.lab import record
from snippets.recurrence.luong import Luong
from snippets.recurrence.multiplicative_attention import (
    Concat,
    General,
    LocalWindow,
    dot,
)

FOLDER = record.RESULTS / "trained"
TRAINED = "multiplicative-attention"

# About to write "glass": a state that has read "new", the places of the last page.
PLACES = additive_attention.PLACES
STATE = torch.tensor([[2.0, 1.0]])
ANNOTATIONS = additive_attention.ANNOTATIONS
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
    alike = near[0, 0] / near.sum()
    return {
        "near": near[0, 0],
        "falling": falling[0, 0],
        "alike": alike,
        "weights": alike * falling[0, 0],
        "sum": (alike * falling[0, 0]).sum(),
    }


def beside(query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """Every query with every key."""
    shape = len(query), len(key), -1
    return (
        query[:, None].expand(shape).contiguous(),
        key[None].expand(shape).contiguous(),
    )


@torch.no_grad()
def differences(seed: int, device: str) -> dict[str, float]:
    """Ours against PyTorch: an operator without its root, and two layers."""
    torch.manual_seed(seed)
    query, key = torch.randn(2, 6, 8, device=device)
    general, concat = (General(8, 8).to(device), Concat(8, 8, 5).to(device))
    bilinear = nn.Bilinear(8, 8, 1, bias=False).to(device)
    bilinear.load_state_dict({"weight": general.weight.weight[None]})
    pairs = beside(query, key)
    network = torch.tanh(concat.weight(torch.cat(pairs, -1))) @ concat.v
    both = {
        "dot": (
            dot(query, key).softmax(-1) @ key,
            F.scaled_dot_product_attention(query, key, key, scale=1.0),
        ),
        "general": (general(query, key), bilinear(*pairs)[..., 0]),
        "concat": (concat(query, key), network),
    }
    return {
        name: float((ours - theirs).abs().max())
        for name, (ours, theirs) in both.items()
    }


@torch.no_grad()
def at_once(seed: int) -> float:
    """How far the logits of all steps at once are from those of step after step."""
    torch.manual_seed(seed)
    model = Luong(9, 9, 4, 8, General(8, 8))
    source, target = torch.arange(3, 9)[None], torch.arange(1, 8)[None]
    memory, steps = model.start(source), []
    for token in target.unbind(1):
        logits, memory = model.step(token, memory)
        steps.append(logits)
    together: Tensor = model(source, target)
    return float((together - torch.stack(steps, 1)).abs().max())


def parameters(d_hidden: int) -> dict[str, int]:
    """How many numbers each score learns, as in our translators."""
    scores = {
        "general": General(d_hidden, d_hidden),
        "concat": Concat(d_hidden, d_hidden, d_hidden // 2),
    }
    counts = {
        name: sum(weight.numel() for weight in score.parameters())
        for name, score in scores.items()
    }
    return {"dot": 0, **counts}


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """By hand; the window; what `python -m snippets train` recorded."""
    trained = record.Result.read(TRAINED, FOLDER).record["data"]
    sentence = additive_attention.whole(trained["sentence"])
    return {
        "by_hand": by_hand(),
        "window": window(),
        "parameters": parameters(trained["settings"]["d_hidden"]),
        "differences": differences(seed, device),
        "at_once": at_once(seed),
        "trained": {
            "sentence": sentence,
            "looks": additive_attention.looks(sentence),
            "scores": trained["scores"],
            "steps": trained["settings"]["steps"],
            "d_hidden": trained["settings"]["d_hidden"],
        },
    }


def show(data: dict[str, Any]) -> None:
    """Print the scores, the window and where the translator looked."""
    hand, window_, trained = (data["by_hand"], data["window"], data["trained"])
    print('about to write "glass"')
    print("place    dot  general  concat   weight")
    for row, name in enumerate(hand["places"]):
        by_dot, general, concat = (hand["scores"][s][row] for s in hand["scores"])
        print(
            f"{name:5} {by_dot:6.2f} {general:8.2f} {concat:7.2f}"
            f"   {hand['weights'][row]:6.2f}"
        )
    x, y = hand["context"]
    print(f"context of dot ({x:.2f}, {y:.2f})")
    print(f"\nlearned, at d_hidden {trained['d_hidden']}")
    for name, count in data["parameters"].items():
        print(f"{name:8} {count:7,} numbers")

    print("\na window of 2 around place 3")
    print("place    alike  falls to  weight")
    for place, numbers in enumerate(
        zip(window_["alike"], window_["falling"], window_["weights"], strict=True)
    ):
        alike, falling, weight = numbers
        print(f"{place:5} {alike:8.2f} {falling:9.2f} {weight:7.2f}")
    print(f"sum of the weights {window_['sum']:.2f}")

    print("\nwhere a trained one looks most (general)")
    additive_attention.show_looks(trained["looks"])
    print(
        f"trained {trained['steps']:,} steps\n"
        f"BLEU {trained['scores']['bleu']:.1f}, alignment error rate"
        f" {trained['scores']['error_rate']:.2f}"
    )
    print("\nlargest difference to PyTorch")
    for name, difference in data["differences"].items():
        print(f"{name:8} {difference:.1e}")
    print(f"all steps at once, or one by one: {data['at_once']:.0e}")


def draw(data: dict[str, Any]) -> Figure:
    """Where the translator looks, drawn as for additive attention."""
    return additive_attention.draw(data)


# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "    return query @ key.mT  # no root: Luong does not scale",
        "    return query @ key.mT / key.shape[-1] ** 0.5",
    ),
    (
        "        return additive_scores(query @ left.T, key @ right.T, self.v)",
        "        return additive_scores(query @ left.T, key @ left.T, self.v)",
    ),
    (
        "        falling = torch.exp(-2 * (distance / self.reach) ** 2)",
        "        falling = torch.ones_like(distance)",
    ),
]
