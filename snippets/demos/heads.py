"""Two heads by hand, then the 72 of MiniLM: what they look at, and what "it" finds.

MiniLM is a small BERT, see devlin-2018-bert. Every head shown is chosen on 50 of our
sentences (pronouns.txt) and counted on others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor
from torch.nn import functional as F

from snippets.attention.attention import attention
from snippets.attention.heads import MultiHeadAttention, merge, split
from snippets.attention.pronouns import (
    KINDS,
    Case,
    case,
    cases,
    finds,
    found_back,
    halves,
    report,
    weight_on_nouns,
)
from snippets.corpora.robot import SENTENCE
from snippets.lab import plots
from snippets.lab import weights as published
from snippets.lab.chances import guessing, luckiest
from snippets.lab.diagrams import arrow, board, cells, words
from snippets.lab.minilm import MiniLM
from snippets.lab.plots import KEY, LINK, MUTED, QUERY
from snippets.lab.tables import table
from snippets.text.wordpiece import WordPiece

# "it" asks, of three words of the sentence. Numbers 1 and 2 go to head 1, which
# finds out what "it" is; 3 and 4 to head 2, which finds out what is said of it.
TOKENS = ["robot", "glass", "slippery"]
QUERY_OF_IT = torch.tensor([[2.0, 1.0, 1.0, 2.0]])
KEYS = torch.tensor([[1.0, 0.0, 0.0, 1.0], [2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]])
VALUES = torch.tensor(
    [[4.0, 0.0, 1.0, 2.0], [0.0, 4.0, 2.0, 0.0], [2.0, 2.0, 0.0, 4.0]]
)
# Row n says what number n of the joined vector adds to the output.
W_O = torch.tensor(
    [
        [0.0, 1.0, -1.0, 0.0],
        [1.0, 0.0, 1.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [1.0, 0.0, 0.0, 1.0],
    ]
)

SEED = 0  # of the halves, whatever the demo's
# Our sentence, and two in which grammar alone says what is meant.
PROBES = (
    "The {robot} dropped the {glass=} because <it> was slippery.",
    "The {robot=} dropped the {glass} because <it> was clumsy.",
    "The {robot} dropped the {glasses=} because <they> were slippery.",
    "The {robots=} dropped the {glass} because <they> were clumsy.",
)
# What a kind of head looks at, in the words of the page's tables.
GALLERY = {
    "previous": "previous token",
    "next": "next token",
    "same": "same word again",
    "stop": "full stop",
    "sink": "[CLS]",
}


def by_hand() -> dict[str, Any]:
    """Two heads of two numbers, and one head of all four, for one query."""
    query, key, value = (split(x[None], 2) for x in (QUERY_OF_IT, KEYS, VALUES))
    heads, looks = attention(query, key, value)
    one_output, one_look = attention(QUERY_OF_IT, KEYS, VALUES)
    joined = merge(heads)[0, 0]
    return {
        "tokens": TOKENS,
        "query": QUERY_OF_IT[0],
        "keys": KEYS,
        "values": VALUES,
        "w_o": W_O,
        "scores": (query @ key.mT)[0, :, 0],
        "scaled": (query @ key.mT)[0, :, 0] / 2**0.5,
        "weights": looks[0, :, 0],
        "heads": heads[0, :, 0],
        "joined": joined,
        "written": (heads @ W_O.unflatten(0, (2, -1)))[0, :, 0],
        "output": joined @ W_O,
        "one_scores": (QUERY_OF_IT @ KEYS.mT)[0],
        "one_scaled": (QUERY_OF_IT @ KEYS.mT)[0] / 4**0.5,
        "one_weights": one_look[0],
        "one_output": one_output[0],
    }


def parameters(d_model: int, n_heads: int) -> int:
    """How many numbers a module with so many heads learns."""
    with torch.device("meta"):
        module = MultiHeadAttention(d_model, n_heads)
    return sum(p.numel() for p in module.parameters())


def ranks(model: MiniLM) -> dict[str, Any]:
    """The rank of W_Q W_K^T: of one head of MiniLM's first layer, and uncut."""
    query, key = (
        model.layers[0][f"attention.self.{name}"][0].T.double()
        for name in ("query", "key")
    )
    d_head = query.shape[1] // model.n_heads
    rank = torch.linalg.matrix_rank
    return {
        "d_model": query.shape[0],
        "d_head": d_head,
        "head": rank(query[:, :d_head] @ key[:, :d_head].T).item(),
        "whole": rank(query @ key.T).item(),
    }


def targets(tokens: list[str]) -> dict[str, list[tuple[int, list[int]]]]:
    """For each kind of the gallery: which positions, and what they would look at."""
    n = len(tokens)
    same = [
        [j for j, token in enumerate(tokens) if token == tokens[i] and j != i]
        for i in range(n)
    ]
    return {
        "previous": [(i, [i - 1]) for i in range(1, n)],
        "next": [(i, [i + 1]) for i in range(n - 1)],
        "same": [(i, others) for i, others in enumerate(same) if others],
        "stop": [(i, [n - 2]) for i in range(n - 2)],
        "sink": [(i, [0]) for i in range(1, n)],
    }


Looks = Float[Tensor, "n_layers n_heads seq seq"]


def gallery(
    rows: list[list[str]], looks: list[Looks], parts: tuple[list[int], list[int]]
) -> list[dict[str, Any]]:
    """A head of each kind, chosen on half of the sentences, counted on the other.

    A position counts if its largest weight is where the kind would look.
    """
    counted: list[dict[str, list[Any]]] = []
    for part in parts:
        found: dict[str, list[Any]] = {kind: [0, 0, 0.0] for kind in GALLERY}
        for i in part:
            largest = looks[i].argmax(-1)
            for kind, positions in targets(rows[i]).items():
                for query, keys in positions:
                    hit = torch.isin(largest[..., query], torch.tensor(keys))
                    found[kind][0] = found[kind][0] + hit.int()
                    found[kind][1] += 1
                    found[kind][2] += len(keys) / len(rows[i])
        counted.append(found)
    chosen_on, reported_on = counted
    result = []
    for kind in GALLERY:
        layer, head = place(chosen_on[kind][0])
        right, n, chance = reported_on[kind]
        result.append(
            {
                "kind": kind,
                "layer": layer + 1,
                "head": head + 1,
                "right": right[layer, head],
                "n": n,
                "chance": chance / n,
                # In how many heads of each layer most positions look there.
                "by_layer": (right > n / 2).sum(-1),
            }
        )
    return result


def place(counts: Int[Tensor, "n_layers n_heads"]) -> tuple[int, int]:
    """Layer and head of the largest count, the first of equals."""
    return divmod(int(counts.argmax()), counts.shape[1])


def search(every: list[Case], looks: list[Looks]) -> dict[str, Any]:
    """The head that finds the noun most often on 50 sentences, tried on other 50."""
    hundred = [c for c in every if c.kind in KINDS]
    chosen_on, reported_on = halves(hundred, SEED)
    chances = [1 / len(every[i].nouns) for i in chosen_on]
    fresh = [i for i, c in enumerate(every) if c.kind == "fresh"]
    right = torch.stack([finds(look, c) for look, c in zip(looks, every, strict=True)])
    counts = right[chosen_on].sum(0)
    layer, head = place(counts)

    def guesses(of: list[int]) -> dict[str, Any]:
        return {
            "head": report(right[of, layer, head].tolist()),
            "nearest": report([every[i].meant == len(every[i].nouns) - 1 for i in of]),
            "first": report([every[i].meant == 0 for i in of]),
            "chance": sum(1 / len(every[i].nouns) for i in of),
        }

    by_kind = {
        kind: guesses([i for i in reported_on if every[i].kind == kind])
        for kind in KINDS
    }
    # How much choosing flatters: heads asked the other way, from noun to pronoun.
    back = torch.stack(
        [found_back(look, c) for look, c in zip(looks, every, strict=True)]
    )
    best = place(back[chosen_on].sum(0))
    # The other way to have chosen: by the sentences that grammar decides.
    plain = [i for i in chosen_on if every[i].kind == "grammar"]
    other = place(right[plain].sum(0))
    grammar = [i for i in reported_on if every[i].kind == "grammar"]
    return {
        "counts": counts,
        "layer": layer + 1,
        "head": head + 1,
        "chosen_on": report(right[chosen_on, layer, head].tolist()),
        "held_out": guesses(reported_on),
        "coins": coins(chances, counts),
        "near": near(
            [every[i] for i in chosen_on], [looks[i] for i in chosen_on], counts
        ),
        "kinds": by_kind,
        "fresh": guesses(fresh),
        "twins": twins(every, looks, right, reported_on, (layer, head)),
        "back": {
            "layer": best[0] + 1,
            "head": best[1] + 1,
            "chosen_on": report(back[(chosen_on, *best)].tolist()),
            "held_out": report(back[(reported_on, *best)].tolist()),
        },
        # In how many heads the glass gets more than the robot, by how it ends.
        "robot": {
            "slippery": right[0].sum(),
            "clumsy": (~right[1]).sum(),
            "always_glass": (right[0] & ~right[1]).sum(),
            "right_way": (right[0] & right[1]).sum(),
            "wrong_way": (~right[0] & ~right[1]).sum(),
        },
        "by_grammar": {
            "layer": other[0] + 1,
            "head": other[1] + 1,
            "held_out": report(right[(grammar, *other)].tolist()),
            "fresh": report(right[(fresh, *other)].tolist()),
        },
    }


HUMP = range(28, 31)  # of the heads' counts: more of them than chance would have


def near(
    every: list[Case], looks: list[Looks], counts: Int[Tensor, "n_layers n_heads"]
) -> dict[str, Any]:
    """Of the heads in the hump, how many mostly look at the nearest noun."""
    last = [len(c.nouns) - 1 for c in every]
    on = [weight_on_nouns(look, c) for look, c in zip(looks, every, strict=True)]
    nearest = sum((row.argmax(-1) == i).int() for row, i in zip(on, last, strict=True))
    hump = torch.isin(counts, torch.tensor(HUMP))
    return {
        "right": sum(c.meant == i for c, i in zip(every, last, strict=True)),
        "hump": hump.sum(),
        "mostly": (hump & (4 * nearest > 3 * len(every))).sum(),
    }


def coins(
    chances: list[float], counts: Int[Tensor, "n_layers n_heads"]
) -> dict[str, Any]:
    """What as many guessers as there are heads get, and the luckiest of them."""
    n, best = counts.numel(), int(counts.max())
    one, top = guessing(chances), luckiest(chances, n)
    return {
        "of_each": [n * p for p in one],
        "guessers": n,
        "mean": sum(chances),
        "luckiest": sum(k * p for k, p in enumerate(top)),
        "as_good": sum(top[best:]),
        "likely": [
            next(k for k in range(len(top)) if sum(top[: k + 1]) >= share)
            for share in (0.025, 0.975)
        ],
    }


def twins(
    every: list[Case],
    looks: list[Looks],
    right: Bool[Tensor, "case n_layers n_heads"],
    reported_on: list[int],
    chosen: tuple[int, int],
) -> dict[str, Any]:
    """Pairs that one word decides: does a head change its mind, or at least lean?"""
    pairs = [
        (i, i + 1)
        for i, c in enumerate(every[:-1])
        if c.kind == "twins" and c.block == every[i + 1].block
    ]
    both = torch.stack([right[i] & right[j] for i, j in pairs])
    # The share of the first noun, among the two, with one ending and the other.
    on = [weight_on_nouns(look, c) for look, c in zip(looks, every, strict=True)]
    share = [nouns[..., 0] / nouns.sum(-1) for nouns in on]
    leans = torch.stack(
        [
            share[i] > share[j] if every[i].meant == 0 else share[i] < share[j]
            for i, j in pairs
        ]
    )
    held_out = [n for n, (i, _) in enumerate(pairs) if i in reported_on]
    return {
        "pairs": len(held_out),
        "both": both[(held_out, *chosen)].sum(),
        "leans": leans[(held_out, *chosen)].sum(),
        "of_all": len(pairs),
        "most_of_any_head": both.sum(0).max(),
    }


def told(c: Case, look: Float[Tensor, "seq seq"]) -> dict[str, Any]:
    """A sentence, its pronoun, and what the pronoun gives each noun."""
    on = weight_on_nouns(look, c)
    return {
        "text": c.text,
        "pronoun": c.tokens[c.pronoun],
        "meant": c.words(c.meant),
        "nouns": {c.words(i): weight for i, weight in enumerate(on.tolist())},
    }


@torch.no_grad()
def weights_of_heads(model: MiniLM, ids: Sequence[int], **parts: Any) -> Looks:
    """Where each head looks, from the vectors that enter its block, by our functions.

    Args:
        parts: of what `MiniLM.embed` adds, what to leave out.
    """
    blocks, looks = model.read(ids, **parts), []
    for block, layer in zip(blocks, model.layers, strict=True):
        x = block.entered[None]
        query, key, value = (
            split(F.linear(x, *layer[f"attention.self.{name}"]), model.n_heads)
            for name in ("query", "key", "value")
        )
        looks.append(attention(query, key, value)[1][0])
    return torch.stack(looks)


def positions_or_words(
    model: MiniLM, ids: Sequence[int], layer: int, head: int
) -> dict[str, float]:
    """What a head gives the previous token: as it is, and with half of its input."""

    def on_previous(**parts: bool) -> float:
        look = weights_of_heads(model, ids, **parts)[layer, head]
        return float(look.diagonal(-1).mean())

    return {
        "usual": on_previous(),
        "no_words": on_previous(words=False),
        "no_positions": on_previous(positions=False),
    }


def real() -> dict[str, Any]:
    """MiniLM's heads on our sentences."""
    model = MiniLM()
    bert = WordPiece(published.vocabulary())

    def looking(of: list[Case]) -> list[Looks]:
        return [weights_of_heads(model, bert.for_bert(c.text)[1]) for c in of]

    every = cases(bert.tokenize)
    looks = looking(every)
    rows = [["[CLS]", *c.tokens, "[SEP]"] for c in every]
    hundred = [c for c in every if c.kind in KINDS]
    kinds = gallery(rows, looks, halves(hundred, SEED))
    found = search(every, looks)
    shown = [(row["layer"] - 1, row["head"] - 1) for row in kinds]
    finder = found["layer"] - 1, found["head"] - 1
    probes = [case(line, bert.tokenize) for line in PROBES]
    probed = looking(probes)
    tokens, ids = bert.for_bert(SENTENCE)
    return {
        "tokens": tokens,
        "gallery": kinds,
        # Four digits: the rest differs between processors.
        "maps": [(probed[0][at] * 1e4).round() / 1e4 for at in (*shown, finder)],
        "search": found,
        "probes": [
            told(c, look[finder]) for c, look in zip(probes, probed, strict=True)
        ],
        "previous": positions_or_words(model, ids, *shown[0]),
        "ranks": ranks(model),
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, the count of parameters, and MiniLM's heads."""
    found = real()
    return {
        "by_hand": by_hand(),
        "parameters": [
            {
                "n_heads": n_heads,
                "d_head": 768 // n_heads,
                "count": parameters(768, n_heads),
            }
            for n_heads in (1, 12, 96)
        ],
        "real": found,
        "robot": {
            "tokens": found["tokens"],
            "query": "it",
            "attention": found["maps"][-1],
            "plural": found["probes"][2],
        },
    }


def named(head: dict[str, Any]) -> str:
    """A head's name: layer and number, counted from 1."""
    return f"{head['layer']}-{head['head']}"


def show(data: dict[str, Any]) -> None:
    """Print the example by hand, the counts, and what MiniLM's heads do."""
    hand = data["by_hand"]
    print('"it" looks with two heads, and with one')
    looks = dict(zip(("head 1", "head 2"), hand["weights"], strict=True))
    looks["one head"] = hand["one_weights"]
    table(
        [(name, *row) for name, row in looks.items()],
        ["", *[".3f"] * 3],
        ["", *hand["tokens"]],
    )
    rows_of = {
        "one head": hand["one_output"],
        "two heads, joined": hand["joined"],
        "  head 1 writes": hand["written"][0],
        "  head 2 writes": hand["written"][1],
        "two heads, output": hand["output"],
    }
    table([(name, *row) for name, row in rows_of.items()], ["", *[".2f"] * 4], gap=1)

    print("\nmore heads are narrower heads")
    counts = [row.values() for row in data["parameters"]]
    table(counts, ["", "", ","], ["heads", "d_head", "parameters (d_model 768)"])
    rank = data["real"]["ranks"]
    print(f"rank of W_Q W_K^T: {rank['head']} a head, {rank['whole']} uncut")

    look = data["real"]
    rows: list[Sequence[Any]]
    print("\nkinds of head, on the other 50 sentences")
    rows = [
        (
            GALLERY[row["kind"]], named(row), row["right"], row["n"],
            f"{row['chance']:.0%}",
        )
        for row in look["gallery"]
    ]  # fmt: skip
    header = ["most weight on", "head", "right", "of", "chance"]
    table(rows, ["", "", "", "", ""], header)

    found = look["search"]
    print(f"\nhead {named(found)} on other sentences")
    parts = {
        "the other 50": found["held_out"],
        "  grammar": found["kinds"]["grammar"],
        "  sense": found["kinds"]["meaning"],
        "  one word": found["kinds"]["twins"],
        "40 more grammar": found["fresh"],
    }
    rows = [
        (
            label, part["head"]["right"], part["head"]["n"],
            f"{part['head']['low']:.0%}-{part['head']['high']:.0%}",
            max(part["nearest"]["right"], part["first"]["right"]),
        )
        for label, part in parts.items()
    ]  # fmt: skip
    table(rows, [""] * 5, ["", "right", "of", "95 %", "guess"])

    print(f"\nhead {named(found)} on the robot: weight of the pronoun on each noun")
    for row in look["probes"]:
        print(row["text"])
        nouns = (
            f"{noun}{'*' * (noun == row['meant'])} {weight:.2f}"
            for noun, weight in row["nouns"].items()
        )
        print(f"  {row['pronoun']}: {', '.join(nouns)}")


# Head 1 and head 2, by colour and by the line around them.
HEADS = ((LINK, "-"), (QUERY, "--"))
ASKS = ("which one is it?", "what is said of it?")


def frames(data: dict[str, Any]) -> list[Figure]:
    """The example by hand: one attention, one wide one, then two heads and W_O."""
    hand = data["by_hand"]
    figures = []
    for height, draw_on in (
        (176, alone), (162, uncut), (156, cut), (366, in_heads), (298, mixed)
    ):  # fmt: skip
        figure, axes = board(height)
        draw_on(axes, hand)
        figures.append(figure)
    return figures


def tint(
    axes: Axes, left: float, top: float, width: float, height: float, head: int,
    edge: bool = True,
) -> None:  # fmt: skip
    """An area in the colour of a head, with its line around it."""
    colour, line = HEADS[head]
    at, size = (left, top), (width, height)
    axes.add_patch(Rectangle(at, *size, facecolor=colour, alpha=0.13, linewidth=0))
    if edge:
        axes.add_patch(Rectangle(at, *size, fill=False, edgecolor=colour, ls=line))


def row_of(axes: Axes, x: float, y: float, numbers: Any, fmt: str = ".0f") -> None:
    """Four numbers in two slices, each in the colour of its head, around (x, y)."""
    width = 22 if fmt == ".0f" else 37
    for head, (colour, _) in enumerate(HEADS):
        middle = x + (2 * head - 1) * (width + 3)
        cells(axes, middle, y, numbers[2 * head : 2 * head + 2], colour, fmt)
        tint(axes, middle - width, y - 11, 2 * width, 22, head, edge=False)


def one_head(axes: Axes, hand: dict[str, Any], head: int, top: float) -> None:
    """All that a head does, line by line, in its own colour."""
    colour, _ = HEADS[head]
    half = slice(2 * head, 2 * head + 2)
    tint(axes, 3, top, 394, 172, head)
    words(axes, 12, top + 18, "it", ha="left", bold=True)
    cells(axes, 104, top + 18, hand["query"][half], colour, ".0f")
    words(axes, 134, top + 18, f"query: {ASKS[head]}", colour, ha="left")
    for x, name in ((104, "key"), (187, "score"), (252, "÷ √2"), (301, "weight")):
        words(axes, x, top + 44, name, MUTED)
    words(axes, 358, top + 44, "value", MUTED)
    query = hand["query"][half]
    for row, token in enumerate(hand["tokens"]):
        y = top + 66 + 26 * row
        key = hand["keys"][row][half]
        words(axes, 12, y, token, ha="left")
        cells(axes, 104, y, key, colour, ".0f")
        sum_of = "+".join(f"{q:.0f}×{k:.0f}" for q, k in zip(query, key, strict=True))
        words(axes, 187, y, f"{sum_of} = {hand['scores'][head][row]:.0f}")
        words(axes, 252, y, f"{hand['scaled'][head][row]:.2f}")
        weight = float(hand["weights"][head][row])
        words(axes, 301, y, f"{weight:.3f}", colour, bold=weight > 0.5)
        cells(axes, 358, y, hand["values"][row][half], colour, ".0f")
    arrow(axes, (358, top + 130), (358, top + 143))
    words(axes, 311, top + 156, "average by weight", ha="right")
    cells(axes, 358, top + 156, hand["heads"][head], colour)


def alone(axes: Axes, hand: dict[str, Any]) -> None:
    """One attention of two numbers."""
    one_head(axes, hand, 0, 2)


def uncut(axes: Axes, hand: dict[str, Any]) -> None:
    """One attention of all four numbers, which cannot decide."""
    words(axes, 4, 14, "it", ha="left", bold=True)
    cells(axes, 112, 14, hand["query"], fmt=".0f")
    words(axes, 164, 14, "query: both questions at once", ha="left")
    for x, name in ((112, "key"), (196, "score"), (244, "÷ √4"), (285, "weight")):
        words(axes, x, 39, name, MUTED)
    words(axes, 352, 39, "value", MUTED)
    for row, token in enumerate(hand["tokens"]):
        y = 61 + 26 * row
        key = hand["keys"][row]
        words(axes, 4, y, token, ha="left")
        cells(axes, 112, y, key, fmt=".0f")
        parts = [f"{q * k:.0f}" for q, k in zip(hand["query"], key, strict=True)]
        kept = "+".join(part for part in parts if part != "0")
        words(axes, 196, y, f"{kept} = {hand['one_scores'][row]:.0f}")
        words(axes, 244, y, f"{hand['one_scaled'][row]:.0f}")
        words(axes, 285, y, f"{hand['one_weights'][row]:.3f}", bold=True)
        cells(axes, 352, y, hand["values"][row], fmt=".0f")
    arrow(axes, (352, 125), (352, 136))
    words(axes, 300, 149, "average by weight", ha="right")
    cells(axes, 352, 149, hand["one_output"], fmt=".0f")


def cut(axes: Axes, hand: dict[str, Any]) -> None:
    """The same rows, each slice in the colour of its head."""
    vectors = {"query": 115, "key": 227, "value": 339}
    for name, x in vectors.items():
        words(axes, x, 12, name, MUTED)
        for head, (colour, _) in enumerate(HEADS):
            words(axes, x + 50 * head - 25, 30, f"head {head + 1}", colour, bold=True)
    rows = zip(hand["tokens"], hand["keys"], hand["values"], strict=True)
    words(axes, 4, 54, "it", ha="left")
    row_of(axes, 115, 54, hand["query"])
    for row, (token, key, value) in enumerate(rows):
        words(axes, 4, 80 + 26 * row, token, ha="left")
        row_of(axes, 227, 80 + 26 * row, key)
        row_of(axes, 339, 80 + 26 * row, value)


def in_heads(axes: Axes, hand: dict[str, Any]) -> None:
    """The two heads, one below the other."""
    for head, (colour, _) in enumerate(HEADS):
        one_head(axes, hand, head, 2 + 186 * head)
        words(axes, 388, 20 + 186 * head, f"head {head + 1}", colour, 12, "right", True)


def mixed(axes: Axes, hand: dict[str, Any]) -> None:
    """End to end, then by W_O: each head writes a vector, and these are added."""
    words(axes, 4, 14, "end to end", ha="left")
    row_of(axes, 209, 14, hand["joined"], ".2f")
    arrow(axes, (209, 28), (209, 44))
    words(axes, 37, 56, "joined", MUTED)
    words(axes, 122, 56, "row of W_O", MUTED)
    for head, (colour, _) in enumerate(HEADS):
        top = 70 + 86 * head
        tint(axes, 3, top, 394, 68, head)
        for row in range(2):
            y = top + 21 + 26 * row
            cells(axes, 37, y, [hand["joined"][2 * head + row]], colour)
            words(axes, 66, y, "×", colour)
            cells(axes, 122, y, hand["w_o"][2 * head + row], colour, ".0f")
        arrow(axes, (174, top + 34), (222, top + 34), colour)
        words(axes, 198, top + 20, "add", MUTED)
        words(axes, 308, top + 14, f"head {head + 1} writes", colour, bold=True)
        cells(axes, 308, top + 38, hand["written"][head], colour)
    words(axes, 308, 147, "+", size=14, bold=True)
    arrow(axes, (308, 226), (308, 244))
    cells(axes, 308, 258, hand["output"])
    words(axes, 222, 258, "output for “it”", ha="right", bold=True)
    words(axes, 222, 281, "glass and slippery meet", MUTED, ha="right")
    arrow(axes, (226, 281), (254, 272))


def draw(data: dict[str, Any]) -> Figure:
    """Where six heads look in our sentence."""
    look = data["real"]
    rows = [*look["gallery"], look["search"]]
    names = [*(GALLERY[row["kind"]] for row in look["gallery"]), 'a noun for "it"']
    tokens = look["tokens"]
    the = [n for n, token in enumerate(tokens) if token == "the"]
    it = tokens.index("it")
    framed = {
        GALLERY["same"]: [(the[0], the[1], 1), (the[1], the[0], 1)],
        names[-1]: [(it, 0, len(tokens))],
    }
    figure, panels = plots.canvas(840, 3, 2)
    for panel, head, name, weights in zip(
        panels.flatten(), rows, names, look["maps"], strict=True
    ):
        labels = tokens if panel.get_subplotspec().is_first_col() else []
        title = f"{named(head)}: {name}"
        plots.heat_map(panel, weights, labels, tokens, title, numbers=False)
        panel.set_xticks(range(len(tokens)), tokens, rotation=90, ha="center")
        for row, column, width in framed.get(name, []):
            frame = Rectangle(
                (column - 0.5, row - 0.5), width, 1, fill=False, edgecolor=QUERY,
                linewidth=2, clip_on=False,
            )  # fmt: skip
            panel.add_patch(frame)
    return figure


def look(data: dict[str, Any]) -> Figure:
    """How many heads get how many right, beside as many guessers."""
    found = data["real"]["search"]
    every = [count for row in found["counts"] for count in row]
    low, high = min(every) - 3, max(every) + 3
    at = range(low, high + 1)
    heads = [every.count(right) for right in at]
    guessers = found["coins"]["of_each"][low : high + 1]
    figure, axes = plots.canvas(270)
    axes.bar(at, heads, color=QUERY, width=0.7)
    axes.plot(at, guessers, "o--", color=KEY, markersize=4)
    axes.set_ylim(0, max(heads) + 3.5)
    axes.set_xlabel("right, of the 50 sentences to choose on")
    axes.set_ylabel("heads")
    best = max(every)
    axes.annotate(
        f"head {named(found)}", (best, 1.2), xytext=(best, 4.2), ha="center",
        color=QUERY, arrowprops={"arrowstyle": "-|>", "color": QUERY},
    )  # fmt: skip
    axes.set_title("bars: 72 heads; dashed line: 72 who only guess")
    return figure


# The key of what takes seconds, and the function that gives it.
TRAINS = "real"
# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "    return slices.transpose(-3, -2)",
        "    return x.reshape(x.shape[0], n_heads, x.shape[1], -1)",
    ),
    ("    model = MiniLM()", "    model = MiniLM(n_heads=6)"),
    (
        '    "The {robot=} dropped the {glass} because <it> was clumsy.",',
        '    "The {maid=} dropped the {glass} because <she> was clumsy.",',
    ),
]
