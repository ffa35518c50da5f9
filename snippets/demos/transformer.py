"""One token through a block by hand, its order, and pronouns in MiniLM's blocks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.attention.masking import causal_mask
from snippets.attention.pronouns import cases
from snippets.corpora.robot import SENTENCE
from snippets.lab import diagrams, plots, weights
from snippets.lab.minilm import MiniLM
from snippets.lab.tables import table
from snippets.text.wordpiece import WordPiece
from snippets.transformer.feed_forward import FeedForward
from snippets.transformer.normalization_and_residuals import LayerNorm, add_branch
from snippets.transformer.parameters import (
    PUBLISHED,
    SIZES,
    TABLE_3,
    Size,
    parameters,
    vocabulary_behind,
)
from snippets.transformer.transformer import TransformerStack

# --- By hand: "it" through one block

# What the four numbers of a vector mean.
MEANINGS = ["thing", "slippery", "open", "falls"]
TOKENS = ["glass", "it"]
VECTORS = torch.tensor([[6.0, 6.0, 2.0, 2.0], [1.0, 3.0, 3.0, 1.0]])


def mostly_glass(x: Float[Tensor, "2 4"]) -> Float[Tensor, "2 4"]:
    """Attention that gives three quarters of its weight to "glass".

    A value is four times "thing" and "open" of its token, and nothing else.
    """
    weights_of_it = torch.tensor([0.75, 0.25])
    values = 4 * x * torch.tensor([1.0, 0.0, 1.0, 0.0])
    return (weights_of_it @ values).expand_as(x)


def two_neurons() -> FeedForward:
    """A slippery thing? Then add 4 to "falls". Slippery, but what? Then to "open"."""
    network = FeedForward(d_model=4, d_ff=2)
    network.load_state_dict(
        {
            "widen.weight": torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0]]),
            "widen.bias": torch.tensor([-1.0, -1.0]),
            "narrow.weight": torch.tensor(
                [[0.0, 0.0], [0.0, 0.0], [0.0, 4.0], [4.0, 0.0]]
            ),
            "narrow.bias": torch.zeros(4),
        }
    )
    return network.requires_grad_(False)


def by_hand() -> dict[str, Any]:
    """A pre-norm block step by step, and its first half in post-norm."""
    norm, network, it = LayerNorm(4, eps=0.0).requires_grad_(False), two_neurons(), 1
    x = VECTORS
    middle = add_branch(x, mostly_glass, norm, pre_norm=True)
    return {
        "vectors": x,
        "normed": norm(x),
        "attention": mostly_glass(norm(x))[it],
        "middle": middle[it],
        "middle_normed": norm(middle)[it],
        "neurons": network.activation(network.widen(norm(middle)))[it],
        "feed_forward": network(norm(middle))[it],
        "output": add_branch(middle, network, norm, pre_norm=True)[it],
        "sum_post": (x + mostly_glass(x))[it],
        "post": add_branch(x, mostly_glass, norm, pre_norm=False)[it],
    }


def order(seed: int) -> dict[str, float]:
    """How far the outputs of shuffled words are from shuffling the outputs.

    Without positions, with them, and with a causal mask in their place.
    """
    random = torch.Generator().manual_seed(seed)
    seq = len(SENTENCE.split())
    words, places = torch.randn(2, seq, 32, generator=random)
    shuffle = torch.randperm(seq, generator=random)
    stack = TransformerStack(Size(d_model=32, n_heads=4, d_ff=128, n_layers=2))

    def apart(places: Tensor, mask: Tensor | None = None) -> float:
        straight = stack((words + places)[None], mask)
        shuffled = stack((words[shuffle] + places)[None], mask)
        difference: Tensor = shuffled - straight[:, shuffle]
        return difference.abs().max().item()

    nowhere = torch.zeros_like(places)
    return {
        "without": apart(nowhere),
        "with": apart(places),
        "causal": apart(nowhere, causal_mask(seq)),
    }


# --- Which noun is "it" like?

# Where grammar decides which noun a pronoun means, and where knowledge of the world.
DECIDED = {
    "grammar": "grammar",
    "fresh": "grammar",
    "twins": "knowledge",
    "meaning": "knowledge",
}


def nouns() -> list[dict[str, Any]]:
    """By what decides, in how many sentences a pronoun is likest the noun meant.

    Before the first block of MiniLM and after each, by the cosine of their vectors.
    """
    bert, model = WordPiece(weights.vocabulary()), MiniLM()
    found: dict[str, dict[str, Any]] = {
        decided: {"decided": decided, "n": 0, "chance": 0.0, "right": [0] * 7}
        for decided in ("grammar", "knowledge")
    }
    for case in cases(lambda text: bert.for_bert(text)[0][1:-1]):
        blocks = model.read(bert.for_bert(case.text)[1])
        row = found[DECIDED[case.kind]]
        row["n"] += 1
        row["chance"] += 1 / len(case.nouns)
        states = [blocks[0].entered, *(block.output for block in blocks)]
        for number, state in enumerate(states):
            tokens = state[1:-1]  # without [CLS] and [SEP]
            vectors = torch.stack([tokens[list(noun)].mean(0) for noun in case.nouns])
            alike = F.cosine_similarity(tokens[case.pronoun], vectors, dim=-1)
            row["right"][number] += int(alike.argmax()) == case.meant
    return list(found.values())


# --- How many numbers there are


def counted() -> dict[str, Any]:
    """What the formula counts, and which vocabularies the paper's numbers leave."""
    counts = {name: parameters(size) for name, size in SIZES.items()}
    totals = {name: sum(parts.values()) for name, parts in counts.items()}
    base = SIZES["base"]
    ranges = [
        vocabulary_behind(replace(base, **row), millions) for row, millions in TABLE_3
    ]
    lows, highs = zip(*ranges, strict=True)
    biases = {
        name: sum(parameters(replace(SIZES[name], bias=True)).values()) - totals[name]
        for name in ("base", "big")
    }
    return {
        "parameters": counts,
        "totals": totals,
        "published": PUBLISHED,
        "behind": {
            "rows": len(ranges),
            "base": [max(lows), min(highs)],
            "biases": biases,
            "big": vocabulary_behind(SIZES["big"], PUBLISHED["big"]),
        },
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """One token by hand, order, MiniLM's pronouns, and the parameters."""
    return {
        "by_hand": by_hand(),
        "order": order(seed),
        "look": nouns(),
        **counted(),
    }


def show(data: dict[str, Any]) -> None:
    """Print the steps and the tables."""
    hand = data["by_hand"]
    print('"it" through one pre-norm block')
    steps = [
        ("in", hand["vectors"][1]),
        ("layer norm", hand["normed"][1]),
        ("attention adds", hand["attention"]),
        ("sum", hand["middle"]),
        ("layer norm", hand["middle_normed"]),
        ("feed-forward adds", hand["feed_forward"]),
        ("out", hand["output"]),
    ]
    header = ["", *MEANINGS]
    table([[label, *row] for label, row in steps], ["", *[".3g"] * 4], header)
    print("\npost-norm, its first half")
    steps = [("in + attention", hand["sum_post"]), ("layer norm", hand["post"])]
    table([[label, *row] for label, row in steps], ["", *[".2f"] * 4])

    print("\nis a pronoun likest the noun it means?")
    kinds = data["look"]
    rows = [["before", *(kind["right"][0] for kind in kinds)]]
    rows += [[f"{n}", *(kind["right"][n] for kind in kinds)] for n in range(1, 7)]
    rows.append(["of", *(kind["n"] for kind in kinds)])
    rows.append(["by chance", *(round(kind["chance"]) for kind in kinds)])
    header = ["block", *(kind["decided"] for kind in kinds)]
    table(rows, [""] * 3, header)

    print("\nshuffle the words: do the outputs follow?")
    labels = {
        "without": "no positions: difference",
        "with": "positions added",
        "causal": "no positions, causal mask",
    }
    table([[labels[kind], apart] for kind, apart in data["order"].items()], ["", ".1e"])

    names = list(data["published"])
    counts = [data["parameters"][name] for name in names]
    print("\nparameters, in millions")
    rows = [[part, *[count[part] / 1e6 for count in counts]] for part in counts[0]]
    rows.append(["total", *[data["totals"][name] / 1e6 for name in names]])
    header = ["", *[name.removesuffix("-base") for name in names]]
    table(rows, ["", *[".2f"] * len(names)], header)
    print("published:", ", ".join(f"{data['published'][name]}" for name in names))


# --- Pictures

STREAM, BRANCH = 84, 272  # where the stream and the branches run
ROWS = {"in": 40, "attention": 126, "middle": 184, "network": 270, "out": 326}


def frames(data: dict[str, Any]) -> list[Figure]:
    """ "it" down the stream: norm, attention, sum, norm and network, sum."""
    hand = data["by_hand"]
    return [_frame(hand, step) for step in range(1, 6)]


def _frame(hand: dict[str, Any], step: int) -> Figure:
    figure, axes = diagrams.board((72, 146, 216, 290, 354)[step - 1])
    below = {name: y + 12 for name, y in ROWS.items()}
    above = {name: y - 30 for name, y in ROWS.items()}
    parts = [(below["in"], 66 if step < 3 else above["middle"])]
    if step > 2:
        parts.append((below["middle"], 210 if step < 5 else above["out"]))
    if step > 4:
        parts.append((below["out"], 350))
    for part in parts:
        axes.plot([STREAM, STREAM], part, color=plots.MUTED, lw=5, alpha=0.35)
    diagrams.words(axes, 8, 14, "it", bold=True, ha="left", size=12)
    _stream(axes, "in", hand["vectors"][1])
    adds = hand["attention"] if step > 1 else None
    name = "attention: ¾ glass, ¼ it\nthing: ¾ · 4 − ¼ · 4 = 2"
    _branch(axes, ROWS["in"], name, plots.QUERY, hand["normed"][1], adds)
    if step > 2:
        _add(axes, ROWS["attention"], plots.QUERY)
        _stream(axes, "middle", hand["middle"])
    if step > 3:
        name = "feed-forward\nneuron 1: 1 + 1 − 1 = 1"
        normed, adds = hand["middle_normed"], hand["feed_forward"]
        _branch(axes, ROWS["middle"], name, plots.VALUE, normed, adds)
    if step > 4:
        _add(axes, ROWS["network"], plots.VALUE)
        _stream(axes, "out", hand["output"])
        diagrams.words(axes, STREAM + 52, ROWS["out"], "out", plots.MUTED, ha="left")
    return figure


def _stream(axes: Axes, row: str, vector: Any) -> None:
    """The vector on the stream, each number under the first letter of its meaning."""
    diagrams.cells(axes, STREAM, ROWS[row], vector, plots.LINK, ".3g", names=MEANINGS)


def _branch(
    axes: Axes, top: float, name: str, colour: str, normed: Any, adds: Any
) -> None:
    """To the right, through the norm, and down through one sub-layer."""
    diagrams.arrow(axes, (STREAM + 48, top), (BRANCH - 50, top), label="layer norm")
    diagrams.cells(axes, BRANCH, top, normed, plots.INK, ".3g")
    diagrams.words(axes, BRANCH, top - 20, "mean 0, variance 1", plots.MUTED)
    if adds is not None:
        diagrams.arrow(axes, (BRANCH, top + 12), (BRANCH, top + 26))
        diagrams.box(axes, BRANCH, top + 43, name, colour, 192, 34)
        diagrams.arrow(axes, (BRANCH, top + 60), (BRANCH, top + 75))
        diagrams.cells(axes, BRANCH, top + 86, adds, colour, ".3g")
        diagrams.words(axes, BRANCH + 56, top + 86, "adds", plots.MUTED, ha="left")


def _add(axes: Axes, y: float, colour: str) -> None:
    """Back to the stream, where it is added."""
    diagrams.arrow(axes, (BRANCH - 50, y), (STREAM + 10, y), colour)
    diagrams.words(axes, STREAM, y, "+", plots.INK, 18, bold=True)


def look(data: dict[str, Any]) -> Figure:
    """In how many sentences a pronoun is likest its noun, by blocks of MiniLM."""
    figure, axes = plots.canvas(260)
    styles = {
        "grammar": ("o-", plots.LINK, "grammar decides"),
        "knowledge": ("s--", plots.QUERY, "knowledge decides"),
    }
    for kind in data["look"]:
        style, colour, name = styles[kind["decided"]]
        share = [100 * right / kind["n"] for right in kind["right"]]
        axes.plot(range(7), share, style, color=colour, label=name)
        axes.axhline(
            100 * kind["chance"] / kind["n"], color=colour, linewidth=0.8,
            linestyle=plots.DOTTED,
        )  # fmt: skip
    axes.set(ylim=(0, 104), yticks=[0, 50, 100])
    axes.set_xticks(range(7), ["none", *"123456"])
    axes.set_xlabel("blocks of MiniLM")
    axes.set_title("likest the noun that is meant, in per cent")
    axes.legend(loc="lower right", frameon=False)
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "    middle = add_branch(x, mostly_glass, norm, pre_norm=True)",
        "    middle = add_branch(x, mostly_glass, norm, pre_norm=False)",
    ),
    (
        "    weights_of_it = torch.tensor([0.75, 0.25])",
        "    weights_of_it = torch.tensor([0.0, 1.0])",
    ),
    (
        "        x = self.add(x, self.attention, self.attention_norm, mask=mask)",
        "        # no attention",
    ),
]
