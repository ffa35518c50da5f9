"""One row of scores masked in three ways, and who hears of a change under each mask."""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Bool, Float
from matplotlib.figure import Figure
from torch import Tensor

from snippets.attention.attention import attention
from snippets.attention.masking import (
    causal_and_padding,
    causal_mask,
    padded,
    padding_mask,
)
from snippets.corpora.robot import SENTENCE
from snippets.lab import plots
from snippets.lab.tables import table
from snippets.text.logits import softmax

TOKENS = ["robot", "glass", "it"]
SCORES = torch.tensor([1.0, 3.0, 2.0])
MAY = torch.tensor([True, True, False])  # "it" is still to come
PAD = 0


def by_hand() -> dict[str, Any]:
    """The weights of "glass": without a mask, and with one in three places."""
    early = SCORES.masked_fill(~MAY, -math.inf)
    return {
        "tokens": TOKENS,
        "scores": SCORES,
        "no mask": softmax(SCORES),
        "before": softmax(early),
        "after": softmax(SCORES) * MAY,
        "score 0": softmax(SCORES * MAY),
    }


def heard(mask: Bool[Tensor, "#batch #seq seq"], seed: int) -> Float[Tensor, "seq seq"]:
    """How far each output (row) moves when one token's key and value (column) change.

    Of the last text; queries, keys and values are random.
    """
    random = torch.Generator().manual_seed(seed)
    seq = mask.shape[-1]
    query, key, value = torch.randn(3, seq, 8, generator=random)
    before, _ = attention(query, key, value, mask[-1])
    columns = []
    for place in range(seq):
        more = torch.zeros(seq, 1)
        more[place] = 1
        after, _ = attention(query, key + more, value + more, mask[-1])
        columns.append((after - before).norm(dim=-1))
    return torch.stack(columns, -1)


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """One row by hand; two texts in a batch, and what their masks let through."""
    words = SENTENCE.lower().removesuffix(".").split()
    vocabulary = ["[PAD]", *dict.fromkeys(words)]
    texts = [words[:5], words[:3]]
    ids = padded([[vocabulary.index(word) for word in text] for text in texts], PAD)
    masks = {
        "causal": causal_mask(ids.shape[1])[None],
        "padding": padding_mask(ids, PAD),
        "both": causal_and_padding(ids, PAD),
    }
    return {
        "by_hand": by_hand(),
        "ids": ids,
        "tokens": [vocabulary[id] for id in ids[-1]],
        "masks": {
            name: mask[-1].expand(ids.shape[1], -1) for name, mask in masks.items()
        },
        "heard": {name: heard(mask, seed) for name, mask in masks.items()},
    }


def show(data: dict[str, Any]) -> None:
    """Print the row, the batch, and who hears of whom."""
    hand = data["by_hand"]
    print('"glass" must not look at "it"')
    kinds = ["no mask", "before", "after", "score 0"]
    rows = [[kind, *hand[kind], sum(hand[kind])] for kind in kinds]
    table(rows, ["", *[".2f"] * 4], ["mask", *hand["tokens"], "sum"])

    print("\ntwo texts in one batch, 0 is padding")
    table(data["ids"], [""] * len(data["ids"][0]))

    tokens = data["tokens"]
    for name, moved in data["heard"].items():
        print(f"\n{name}: how far outputs (rows) move")
        rows = [[token, *row] for token, row in zip(tokens, moved, strict=True)]
        table(rows, ["", *[".2f"] * len(tokens)], ["", *tokens], gap=1)


def draw(data: dict[str, Any]) -> Figure:
    """The three masks of the shorter text."""
    figure, panels = plots.canvas(520, 3, 1)
    for axes, (name, mask) in zip(panels, data["masks"].items(), strict=True):
        allowed = [[float(may) for may in row] for row in mask]
        tokens = data["tokens"]
        plots.heat_map(axes, allowed, tokens, tokens, name, numbers=False)
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ("    return past.tril(key - query)", "    return past.tril(key - query - 1)"),
    (
        "    return past & padding_mask(ids, pad)",
        "    return past | padding_mask(ids, pad)",
    ),
]
