"""One network by hand, facts by width, and what MiniLM's neurons fire for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.lab import diagrams, plots, weights
from snippets.lab.minilm import N_LAYERS, MiniLM
from snippets.lab.tables import table
from snippets.text.wordpiece import WordPiece
from snippets.transformer.feed_forward import FeedForward, gelu, gelu_tanh, moved, relu

# --- By hand: does it break?

# What attention has gathered at each position: is it fragile, is it falling?
TOKENS = ["it", "glass", "dropped", "the"]
X = torch.tensor([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])


def does_it_break() -> FeedForward:
    """Two questions in, three neurons; out: breaks, and stays whole."""
    network = FeedForward(d_model=2, d_ff=3, activation=relu)
    # PyTorch keeps W transposed: a row is what one neuron looks for.
    both, only_fragile, only_falling = [1.0, 1.0], [1.0, -2.0], [-2.0, 1.0]
    network.load_state_dict(
        {
            "widen.weight": torch.tensor([both, only_fragile, only_falling]),
            "widen.bias": torch.tensor([-1.0, 0.0, 0.0]),
            "narrow.weight": torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 1.0]]),
            "narrow.bias": torch.zeros(2),
        }
    )
    return network.requires_grad_(False)


def by_hand() -> dict[str, Any]:
    """Every step of that network, a row a token."""
    network = does_it_break()
    widened = network.widen(X)
    return {
        "tokens": TOKENS,
        "x": X,
        "W1": network.widen.weight.T,
        "b1": network.widen.bias,
        "W2": network.narrow.weight.T,
        "widened": widened,
        "fires": network.activation(widened),
        "output": network(X),
    }


def gelus() -> dict[str, Any]:
    """Where the two forms of GELU differ most, and curves to draw."""
    x = torch.linspace(-6, 6, 120_001, dtype=torch.float64)
    apart = gelu(x) - gelu_tanh(x)
    worst = apart.abs().argmax()
    few = torch.linspace(-4, 4, 81, dtype=torch.float64)
    return {
        "largest": apart[worst].abs(),
        "at": x[worst].abs(),
        "lowest": gelu(x).min(),
        "x": few,
        "relu": relu(few),
        "gelu": gelu(few),
    }


# --- What width buys

FACTS, ANSWERS, D_MODEL = 600, 40, 12
RATIOS = [0.5, 1, 2, 4, 8]  # d_ff to d_model


def learned(d_ff: int, activation: Any, seed: int) -> float:
    """The share of made-up facts that a network of this width learns by heart.

    A fact is a random vector, which names something, and one of forty answers. The
    network has learned it if its output points most nearly at the answer's vector.
    """
    random = torch.Generator().manual_seed(seed)
    asked = torch.randn(FACTS, D_MODEL, generator=random).double()
    answer = torch.randint(ANSWERS, (FACTS,), generator=random)
    answers = torch.randn(ANSWERS, D_MODEL, generator=random).double() / 2
    torch.manual_seed(seed)
    network = FeedForward(D_MODEL, d_ff, activation).double()  # as exact anywhere
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(300):
        scores = network(asked) @ answers.T
        optimizer.zero_grad()
        F.cross_entropy(scores, answer).backward()
        optimizer.step()
    share: float = (scores.argmax(-1) == answer).float().mean().item()
    return share


def widths(seed: int = 0) -> list[dict[str, float]]:
    """Facts learned for each width, with the activation and without one."""
    return [
        {
            "ratio": ratio,
            "relu": learned(int(ratio * D_MODEL), relu, seed),
            "none": learned(int(ratio * D_MODEL), lambda x: x, seed),
        }
        for ratio in RATIOS
    ]


# --- Where a block's weights are

# The paper's four times as wide: also that of BERT and GPT.
RATIO = 4
MODELS = {
    "MiniLM": 384,
    "paper, base": 512,
    "BERT-base, GPT-2": 768,
    "paper, big": 1024,
    "GPT-3": 12288,
}


def block_weights(d_model: int, d_ff: int) -> dict[str, int]:
    """The numbers in one block, biases included, by its parts."""
    return {
        "feed_forward": 2 * d_model * d_ff + d_ff + d_model,
        "attention": 4 * (d_model * d_model + d_model),
        "norms": 2 * 2 * d_model,
    }


def gated_weights(d_model: int, d_ff: int) -> dict[str, int]:
    """The same for LLaMA: three matrices, no bias, one number a norm."""
    return {
        "feed_forward": 3 * d_model * d_ff,
        "attention": 4 * d_model * d_model,
        "norms": 2 * d_model,
    }


def shares() -> list[dict[str, Any]]:
    """What part of a block's weights is in its feed-forward network."""
    blocks = {name: block_weights(d, RATIO * d) for name, d in MODELS.items()}
    # Two thirds of 4 d_model, rounded up to a multiple of 256.
    d_ff = 256 * math.ceil(2 * 4 * 4096 / 3 / 256)
    blocks["LLaMA 7B, gated"] = gated_weights(4096, d_ff)
    return [
        {
            "model": name,
            "feed_forward": parts["feed_forward"],
            "attention": parts["attention"],
            "share": parts["feed_forward"] / sum(parts.values()),
        }
        for name, parts in blocks.items()
    ]


# --- What a neuron fires for

STRONGEST = 10  # firings of a neuron that are looked at
ENOUGH = 5  # of them, for a neuron to be called after what it fires for


@cache
def kinds() -> tuple[dict[str, str], list[list[str]]]:
    """The kind of each word on our list, and two halves of sentences.

    No listed word is in both halves: what a neuron is called after on the first, it
    has to do on the second with words that had no part in calling it so.
    """
    text = Path(__file__).with_name("kinds.txt").read_text(encoding="utf-8")
    listed, *halves = text.rstrip("\n").split("\n\n")
    kind_of: dict[str, str] = {}
    for line in listed.splitlines():
        kind, words = line.split(": ")
        kind_of |= dict.fromkeys(words.replace(" | ", " ").split(), kind)
    return kind_of, [half.splitlines() for half in halves]


def fire(sentences: list[str]) -> tuple[list[str], Float[Tensor, "n_layers seq d_ff"]]:
    """Every token of the sentences, and what each neuron of MiniLM makes of it."""
    bert, model = WordPiece(weights.vocabulary()), MiniLM()
    tokens, fired = [], []
    for sentence in sentences:
        pieces, ids = bert.for_bert(sentence)
        neurons = torch.stack([block.neurons for block in model.read(ids)])
        tokens += pieces[1:-1]  # without [CLS] and [SEP]
        fired.append(neurons[:, 1:-1])
    return tokens, torch.cat(fired, 1)


def neurons() -> dict[str, Any]:
    """Neurons called after a kind of words on one half, reported on the other."""
    kind_of, halves = kinds()
    words, fired, hits = [], [], []
    names = list(dict.fromkeys(kind_of.values()))
    for half in halves:
        tokens, values = fire(half)
        is_kind = torch.tensor([[kind_of.get(t) == k for k in names] for t in tokens])
        top = values.topk(STRONGEST, 1).indices
        words.append(tokens)
        fired.append((values, top))
        hits.append(is_kind[top].sum(1))  # layer, neuron, kind
    (chosen_on, reported_on), d_ff = hits, hits[0].shape[1]
    found = []
    for kind, name in enumerate(names):
        # The first of those with the most hits.
        best = int(
            chosen_on[..., kind].flatten().argsort(stable=True, descending=True)[0]
        )
        layer, neuron = divmod(best, d_ff)
        values, top = fired[1]
        ten = top[layer, :, neuron].tolist()
        found.append(
            {
                "kind": name,
                "layer": layer + 1,
                "neuron": neuron,
                "chosen": chosen_on[layer, neuron, kind],
                "held": reported_on[layer, neuron, kind],
                "words": [words[1][i] for i in ten],
                "right": [kind_of.get(words[1][i]) == name for i in ten],
                "values": [round(values[layer, i, neuron].item(), 2) for i in ten],
            }
        )
    named = names.index("name")
    among = [kind_of.get(token) for token in words[1]]
    share = sum(kind is not None for kind in among) / len(among) / len(names)
    return {
        "found": found,
        "held": sum(row["held"] for row in found),
        "of": STRONGEST * len(found),
        "tokens": [len(half) for half in words],
        "sentences": [len(half) for half in halves],
        "base": share,
        "chance": share * STRONGEST * len(found),
        "stories": stories(words, [top for _, top in fired], kind_of),
        "misled": misled(words[1], fired[1][0], *(h[..., named] for h in hits)),
    }


def misled(
    tokens: list[str],
    values: Float[Tensor, "n_layers seq d_ff"],
    chosen_on: Tensor,
    reported_on: Tensor,
) -> list[dict[str, Any]]:
    """The best neuron for names of every layer: "He has a mark on his face"."""
    rows = []
    for layer in range(N_LAYERS):
        neuron = int(chosen_on[layer].argsort(stable=True, descending=True)[0])
        at = {t: values[layer, tokens.index(t), neuron] for t in ("mark", "michael")}
        rows.append(
            {
                "layer": layer + 1,
                "neuron": neuron,
                "held": reported_on[layer, neuron],
                **{token: round(value.item(), 2) for token, value in at.items()},
            }
        )
    return rows


def stories(
    words: list[list[str]], tops: list[Tensor], kind_of: dict[str, str]
) -> list[dict[str, int]]:
    """By layer, how many neurons can be called after one word or one of our kinds.

    Called so, if half of the strongest firings on the first half are that word or that
    kind; and kept, if this is so on the second half too.
    """
    counted = []
    for layer in range(N_LAYERS):
        row = Counter({"called": 0, "word": 0, "kind": 0})
        first, second = (
            [[words[half][i] for i in ten] for ten in tops[half][layer].T.tolist()]
            for half in (0, 1)
        )
        for before, after in zip(first, second, strict=True):
            word, words_hit = Counter(before).most_common(1)[0]
            of_kind = Counter(kind_of[t] for t in before if t in kind_of)
            kind, kinds_hit = of_kind.most_common(1)[0] if of_kind else ("", 0)
            if max(words_hit, kinds_hit) < ENOUGH:
                continue
            row["called"] += 1
            if kinds_hit > words_hit:
                held = sum(kind_of.get(token) == kind for token in after)
                row["kind"] += held >= ENOUGH
            else:
                row["word"] += after.count(word) >= ENOUGH
        counted.append({"layer": layer + 1, "neurons": len(first), **row})
    return counted


def measured(seed: int) -> dict[str, Any]:
    """What takes seconds: the facts that networks learn, and MiniLM's neurons."""
    return {"widths": widths(seed), "neurons": neurons()}


# The key of what takes seconds, and the function that gives it.
TRAINS = "measured"


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, who moves whom, width, weights, and MiniLM's neurons."""
    torch.manual_seed(seed)
    layer = FeedForward(8, 32).to(device)
    who_moves = moved(layer, torch.randn(4, 8).to(device))
    return {
        "by_hand": by_hand(),
        "moved": who_moves,
        "gelu": gelus(),
        "blocks": shares(),
        "measured": measured(seed),
    }


def show(data: dict[str, Any]) -> None:
    """Print the example and the tables."""
    hand = data["by_hand"]
    print("does it break? (fragile, falling)")
    steps = zip(hand["tokens"], hand["x"], hand["fires"], hand["output"], strict=True)
    rows = [[token, *x, *fires, *out] for token, x, fires, out in steps]
    header = ["", "in", "", "fires", "", "", "out", ""]
    table(rows, ["", *[".3g"] * 7], header)

    print("\nchange one token: which outputs move?")
    marks = [["yes" if yes else "-" for yes in row] for row in data["moved"]]
    rows = [[token, *row] for token, row in zip(TOKENS, marks, strict=True)]
    table(rows, [""] * 5, ["", *TOKENS])

    print(f"\nof {FACTS:,} facts, learned by heart")
    rows = [
        [f"{w['ratio']:g} × d_model", w["relu"], w["none"]]
        for w in data["measured"]["widths"]
    ]
    table(rows, ["", ".0%", ".0%"], ["width", "ReLU", "no activation"])

    look = data["measured"]["neurons"]
    print("\nname neurons: a scar, and a person")
    rows = [
        [f"{m['layer']}/{m['neuron']}", m["held"], m["mark"], m["michael"]]
        for m in look["misled"]
    ]
    table(rows, ["", "", ".2f", ".2f"], ["layer/no.", "of 10", "mark", "Michael"])

    print("\nmillions of numbers in one block")
    header = ["model", "network", "attention", "share"]
    rows = [
        [b["model"], b["feed_forward"] / 1e6, b["attention"] / 1e6, b["share"]]
        for b in data["blocks"]
    ]
    table(rows, ["", ".2f", ".2f", ".2f"], header)


# --- Pictures

ROWS = [62, 196, 256, 384]  # in, widened, fires, out
HEIGHTS = [84, 218, 278, 404, 404]
COLUMNS = [72, 185, 270, 355]
COLOURS = [plots.QUERY, plots.INK, plots.VALUE, plots.LINK]
STEPS = ["", "× W1 + b1", "ReLU", "× W2"]
SUMS = [
    ["fragile 1, falling 1"],
    [
        "1 + 1 − 1 = 1: both?",
        "1 − 2·1 = −1: only fragile?",
        "1 − 2·1 = −1: only falling?",
    ],
    ["what is below 0 becomes 0:", "only neuron 1 fires"],
    ["it adds its row, 1 · (2, 0):", "breaks 2, stays whole 0"],
]
# The same sums for each token, and what its neurons add.
IN_SHORT = [
    ["1+1−1", "1−2·1", "1−2·1", "1·(2, 0)"],
    ["1+0−1", "1−2·0", "0−2·1", "1·(0, 1)"],
    ["0+1−1", "0−2·1", "1−2·0", "1·(0, 1)"],
    ["0+0−1", "0−2·0", "0−2·0", "nothing"],
]


def column(
    axes: Axes, hand: dict[str, Any], token: int, rows: int, below: Sequence[int]
) -> None:
    """One token's way down, its first rows; arrows begin so far below each row."""
    x = COLUMNS[token]
    vectors = [hand[key][token] for key in ("x", "widened", "fires", "output")]
    diagrams.words(axes, x, 30, hand["tokens"][token], plots.INK, 12, bold=True)
    for row, vector in enumerate(vectors[:rows]):
        if row:
            diagrams.arrow(
                axes, (x, ROWS[row - 1] + below[row - 1]), (x, ROWS[row] - 13)
            )
        diagrams.cells(axes, x, ROWS[row], vector, COLOURS[row], "g")


def grid(
    axes: Axes,
    top: float,
    numbers: list[list[float]],
    rows: list[str],
    columns: list[str],
    lit: Callable[[int, int], bool],
) -> None:
    """A matrix with the names of its rows and columns; what is `lit` is filled."""
    left = 222
    wide = diagrams.CELL if len(columns) == 3 else 44
    for column, name in enumerate(columns):
        x = left + wide * (column + 0.5)
        diagrams.words(axes, x, top, name, plots.MUTED)
    for row, (name, line) in enumerate(zip(rows, numbers, strict=True)):
        y = top + 19 + diagrams.CELL * row
        diagrams.words(axes, left - 8, y, name, plots.MUTED, ha="right")
        for column, number in enumerate(line):
            diagrams.box(
                axes, left + wide * (column + 0.5), y,
                diagrams.signed(number, "g"),
                plots.LINK if lit(row, column) else plots.MUTED, wide - 2,
                diagrams.CELL - 2, fill=lit(row, column),
            )  # fmt: skip


def frames(data: dict[str, Any]) -> list[Figure]:
    """ "it" through the network, step by step; then the same network at every token."""
    hand, drawn = data["by_hand"], []
    for step in range(5):
        figure, axes = diagrams.board(HEIGHTS[step])
        drawn.append(figure)
        if step < 4:
            column(axes, hand, 0, step + 1, (13, 13, 13))
        for row, texts in enumerate(SUMS[: step + 1] if step < 4 else []):
            for line, text in enumerate(texts):
                y = ROWS[row] + 15 * (line - (len(texts) - 1) / 2)
                colour = plots.INK if row == step else plots.MUTED
                diagrams.words(axes, 132, y, text, colour, ha="left")
        for row in range(1, step + 1) if step < 4 else [2]:
            y = (ROWS[row - 1] + ROWS[row]) / 2
            diagrams.words(axes, 66, y, STEPS[row], plots.MUTED, ha="right")
        if 0 < step < 4:
            asked = [*hand["W1"], hand["b1"]]
            names, numbers = ["fragile", "falling", "b1"], ["1", "2", "3"]
            grid(axes, 82, asked, names, numbers, lambda row, column: column == 0)
            diagrams.words(axes, 300, 82, "neuron", plots.MUTED, ha="left")
            diagrams.words(axes, 300, 112, "W1", plots.INK, 12, "left", bold=True)
        if step == 3:
            names, slots = ["neuron 1", "2", "3"], ["breaks", "whole"]
            grid(axes, 290, hand["W2"], names, slots, lambda row, column: row == 0)
            diagrams.words(axes, 312, 331, "W2", plots.INK, 12, "left", bold=True)
        if step == 4:
            for token in range(4):
                column(axes, hand, token, 4, (78, 13, 58))
                *sums, added = IN_SHORT[token]
                for line, text in enumerate([*sums, added]):
                    y = 88 + 17 * line if line < 3 else 284 + 17
                    diagrams.words(axes, COLUMNS[token], y, text)
                if token:
                    x = (COLUMNS[token - 1] + COLUMNS[token]) / 2
                    axes.plot([x, x], [20, 398], plots.DASHED, color=plots.MUTED, lw=1)
    return drawn


def draw(data: dict[str, Any]) -> Figure:
    """ReLU and GELU, which goes a little below zero."""
    both = data["gelu"]
    figure, axes = plots.canvas(220)
    axes.axhline(0, color=plots.MUTED, linewidth=0.5)
    axes.plot(both["x"], both["relu"], plots.DASHED, color=plots.MUTED)
    axes.plot(both["x"], both["gelu"], plots.SOLID, color=plots.LINK)
    axes.annotate("ReLU", (0.6, 2.2), color=plots.MUTED)
    axes.annotate("GELU", (2.2, 1.2), color=plots.LINK)
    lowest = f"GELU's lowest: {diagrams.signed(both['lowest'])}"
    axes.annotate(lowest, (-3.9, -0.75), color=plots.LINK)
    axes.set(ylim=(-1, 4), yticks=[0, 2, 4], xticks=[-4, -2, 0, 2, 4])
    axes.set_xlabel("the neuron's sum")
    axes.set_title("how strongly it fires")
    return figure


def look(data: dict[str, Any]) -> Figure:
    """A neuron for each kind, and its ten strongest words on the other sentences."""
    found = data["measured"]["neurons"]["found"]
    figure, axes = diagrams.board(58 * len(found) + 6)
    for number, row in enumerate(found):
        y = 14 + 58 * number
        diagrams.words(axes, 4, y, row["kind"], plots.LINK, ha="left", bold=True)
        where = (
            f"{row['held']} of {STRONGEST} · layer {row['layer']}, no. {row['neuron']}"
        )
        diagrams.words(axes, 396, y, where, plots.MUTED, ha="right")
        texts = zip(row["words"], row["right"], strict=True)
        x, line = 4.0, 1
        for word, right in texts:
            text = word if right else f"({word})"
            wide = 11 * diagrams.LETTER * (len(text) + 1)
            if x + wide > 402:
                x, line = 4.0, line + 1
            colour = plots.INK if right else plots.QUERY
            diagrams.words(axes, x, y + 17 * line, text, colour, ha="left")
            x += wide
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ("    return torch.where(x <= 0, 0, x)", "    return x"),
    (
        "    network = FeedForward(d_model=2, d_ff=3, activation=relu)",
        "    network = FeedForward(d_model=2, d_ff=3, activation=gelu)",
    ),
    ("RATIO = 4", "RATIO = 1"),
]
