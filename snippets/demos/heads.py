"""Two heads by hand, then the 72 of MiniLM: what they look at, and what "it" finds.

MiniLM is a small BERT, see devlin-2018-bert. Every head shown is chosen on 50 of our
sentences (pronouns.txt) and counted on others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

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
from snippets.lab.diagrams import arrow, board, box, cells, words
from snippets.lab.plots import INK, KEY, LINK, MUTED, QUERY, VALUE
from snippets.lab.tables import table
from snippets.transformer.minilm import MiniLM, minilm, padded, tokenizer

# "it" asks, of three words of the sentence. Numbers 1 and 2 go to head 1, which
# finds out what "it" is; 3 and 4 to head 2, which finds out what is said of it.
TOKENS = ["robot", "glass", "slippery"]
QUERY_OF_IT = torch.tensor([[2.0, 1.0, 1.0, 2.0]])
KEYS = torch.tensor([[1.0, 0.0, 0.0, 1.0], [2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]])
VALUES = torch.tensor(
    [[0.0, 4.0, 0.0, 0.0], [4.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 4.0]]
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
    output = merge(heads)[0, 0]
    return {
        "tokens": TOKENS,
        "query": QUERY_OF_IT[0],
        "keys": KEYS,
        "values": VALUES,
        "scores": (query @ key.mT)[0, :, 0],
        "scaled": (query @ key.mT)[0, :, 0] / 2**0.5,
        "weights": looks[0, :, 0],
        "heads": heads[0, :, 0],
        "output": output,
        "sum": (output[0] + output[3]),
        "one_scores": (QUERY_OF_IT @ KEYS.mT)[0],
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
    layer: Any = model.stack.blocks[0]
    query, key = layer.attention.query.weight.T, layer.attention.key.weight.T
    d_head = query.shape[1] // layer.attention.n_heads
    rank = torch.linalg.matrix_rank
    query, key = query.double(), key.double()
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
    wrong = [i for i in reported_on if not right[i, layer, head]]
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
        "kinds": by_kind,
        "fresh": guesses(fresh),
        "twins": twins(every, looks, right, reported_on, (layer, head)),
        "fails": [told(every[i], looks[i][layer, head]) for i in wrong],
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
            "both_right": (right[0] & right[1]).sum(),
        },
        "by_grammar": {
            "layer": other[0] + 1,
            "head": other[1] + 1,
            "held_out": report(right[(grammar, *other)].tolist()),
            "fresh": report(right[(fresh, *other)].tolist()),
        },
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


def positions_or_words(
    model: MiniLM, ids: Int[Tensor, "1 seq"], layer: int, head: int
) -> dict[str, float]:
    """What a head gives the previous token: as it is, and with half of its input."""

    def on_previous(**parts: bool) -> float:
        x = model.stack.stream(model.embed(ids, **parts))[layer]
        block: Any = model.stack.blocks[layer]
        look = block.attention.steps(x).weights[0, head]
        return float(look.diagonal(-1).mean())

    return {
        "usual": on_previous(),
        "no_words": on_previous(words=False),
        "no_positions": on_previous(positions=False),
    }


def real(device: str) -> dict[str, Any]:
    """MiniLM's heads on our sentences."""
    model = minilm()
    model.to(device)
    bert = tokenizer()

    def looking(of: list[Case]) -> list[Looks]:
        ids, mask = padded([bert.for_bert(c.text)[1] for c in of])
        batch = model.looks(ids.to(device), mask.to(device)).cpu()
        ends = [len(c.tokens) + 2 for c in of]
        return [look[..., :n, :n] for look, n in zip(batch, ends, strict=True)]

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
    ours = torch.tensor([ids], device=device)
    return {
        "tokens": tokens,
        "gallery": kinds,
        # Four digits: the rest differs between processors.
        "maps": [(probed[0][at] * 1e4).round() / 1e4 for at in (*shown, finder)],
        "search": found,
        "probes": [
            told(c, look[finder]) for c, look in zip(probes, probed, strict=True)
        ],
        "previous": positions_or_words(model, ours, *shown[0]),
        "ranks": ranks(model),
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, the count of parameters, and MiniLM's heads."""
    found = real(device)
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
        "look": found,
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
        ["", *[".2f"] * 3],
        ["", *hand["tokens"]],
    )
    for name in ("output", "one_output"):
        numbers = ", ".join(f"{number:.2f}" for number in hand[name])
        print(f"{'one head' if name == 'one_output' else 'two heads'}: ({numbers})")

    print("\nmore heads are narrower heads")
    counts = [row.values() for row in data["parameters"]]
    table(counts, ["", "", ","], ["heads", "d_head", "parameters (d_model 768)"])
    rank = data["look"]["ranks"]
    print(f"rank of W_Q W_K^T: {rank['head']} a head, {rank['whole']} uncut")

    look = data["look"]
    rows: list[Sequence[Any]]
    print("\nkinds of head, counted on the other 50 sentences")
    rows = [
        (
            GALLERY[row["kind"]], named(row), row["right"], row["n"],
            f"{row['chance']:.0%}",
        )
        for row in look["gallery"]
    ]  # fmt: skip
    header = ["most weight on", "head", "right", "of", "chance"]
    table(rows, ["", "", "", "", ""], header)

    print("\nin how many heads of a layer most positions look there")
    rows = [(GALLERY[row["kind"]], *row["by_layer"]) for row in look["gallery"]]
    table(rows, ["", *[""] * 6], ["layer", *"123456"])

    name = named(look["gallery"][0])
    print(f"\nhead {name}: mean weight on the previous token")
    kept = {
        "our sentence": "usual",
        "positions alone": "no_words",
        "words alone": "no_positions",
    }
    rows = [(label, look["previous"][key]) for label, key in kept.items()]
    table(rows, ["", ".2f"])

    found = look["search"]
    chosen = found["chosen_on"]
    print(f"\nhead {named(found)} finds the noun: chosen with {chosen['right']} of")
    print(f"{chosen['n']}, on the sentences it was not chosen on")
    parts = {
        "the other 50": found["held_out"],
        **{f"  {kind}": part for kind, part in found["kinds"].items()},
        "40 fresh, by grammar": found["fresh"],
    }
    rows = [
        (
            label, part["head"]["right"], part["head"]["n"],
            f"{part['head']['low']:.0%}-{part['head']['high']:.0%}",
            part["nearest"]["right"], part["first"]["right"], f"{part['chance']:.1f}",
        )
        for label, part in parts.items()
    ]  # fmt: skip
    header = ["", "right", "of", "95 %", "nearest", "first", "chance"]
    table(rows, [""] * 7, header, gap=1)
    other = found["by_grammar"]
    print(
        f"chosen by grammar alone: head {named(other)}, {other['held_out']['right']} of"
        f" {other['held_out']['n']}, fresh {other['fresh']['right']} of"
        f" {other['fresh']['n']}"
    )

    back = found["back"]
    print(
        f"from noun to pronoun: head {named(back)}, chosen with"
        f" {back['chosen_on']['right']},"
        f" {back['held_out']['right']} of {back['held_out']['n']}"
    )

    pairs = found["twins"]
    print("\ntwins: one word decides who is meant")
    rows = [
        (f"both right, head {named(found)}", pairs["both"], pairs["pairs"]),
        ("  leans the right way", pairs["leans"], pairs["pairs"]),
        ("both right, best of all heads", pairs["most_of_any_head"], pairs["of_all"]),
    ]
    table(rows, ["", "", ""], ["", "pairs", "of"])

    print(f"\nhead {named(found)} on the robot: weight of the pronoun on each noun")
    told_rows(look["probes"])
    print(f"\nwhere head {named(found)} fails, of the other 50 (* is meant)")
    told_rows(found["fails"])


def told_rows(rows: list[dict[str, Any]]) -> None:
    """A sentence a line, and the weights of its nouns below."""
    for row in rows:
        print(row["text"])
        nouns = (
            f"{noun}{'*' * (noun == row['meant'])} {weight:.2f}"
            for noun, weight in row["nouns"].items()
        )
        print(f"  {row['pronoun']}: {', '.join(nouns)}")


def frames(data: dict[str, Any]) -> list[Figure]:
    """The example by hand, from whole vectors to heads and back, step by step."""
    return [steps_of(data["by_hand"], n) for n in range(1, 6)]


HEIGHTS = (146, 296, 296, 344, 436)  # of the drawing, with each step


def steps_of(hand: dict[str, Any], n: int) -> Figure:
    """The first n steps: project, cut, weigh, average, join."""
    figure, axes = board(HEIGHTS[n - 1])
    vectors = {"query": QUERY, "key": KEY, "value": VALUE}
    for x, (name, colour) in zip((135, 240, 345), vectors.items(), strict=True):
        words(axes, x, 14, name, colour)
    words(axes, 4, 42, "it", QUERY, ha="left")
    cells(axes, 135, 42, hand["query"], QUERY, ".0f")
    for row, (token, key, value) in enumerate(
        zip(hand["tokens"], hand["keys"], hand["values"], strict=True)
    ):
        words(axes, 4, 70 + 28 * row, token, ha="left")
        cells(axes, 240, 70 + 28 * row, key, KEY, ".0f")
        cells(axes, 345, 70 + 28 * row, value, VALUE, ".0f")
    if n == 1:
        return figure
    # A cut through the middle of every vector; each side is a head.
    for x, top, bottom in ((135, 28, 56), (240, 56, 140), (345, 56, 140)):
        axes.plot([x, x], [top, bottom], color=INK, linewidth=3)
    for head, left in enumerate((62, 232)):
        half = slice(2 * head, 2 * head + 2)
        words(axes, left, 170, f"head {head + 1}", ha="left", bold=True)
        cells(axes, left + 22, 198, hand["query"][half], QUERY, ".0f")
        for row, token in enumerate(hand["tokens"]):
            y = 226 + 28 * row
            if head == 0:
                words(axes, 4, y, token, ha="left")
            cells(axes, left + 22, y, hand["keys"][row][half], KEY, ".0f")
            cells(axes, left + 132, y, hand["values"][row][half], VALUE, ".0f")
            if n > 2:
                score, weight = (
                    hand[name][head][row] for name in ("scores", "weights")
                )
                words(axes, left + 77, y, f"{score:.0f}→{weight:.2f}")
        if n > 3:
            x = left + 94
            arrow(axes, (x, 298), (x, 316))
            cells(axes, x, 328, hand["heads"][head], VALUE)
        if n > 4:
            arrow(axes, (left + 94, 342), (160 + 74 * head, 366))
    if n > 2:
        for x in (139, 309):
            words(axes, x, 198, "weight", MUTED)
    if n > 3:
        words(axes, 4, 328, "average", ha="left")
    if n > 4:
        words(axes, 4, 380, "end to end", ha="left")
        cells(axes, 196, 380, hand["output"], VALUE)
        arrow(axes, (196, 394), (196, 408))
        box(axes, 196, 421, "W_O mixes the four: output", LINK)
    return figure


NAMES = {
    "previous": "previous token",
    "next": "next token",
    "same": "same word",
    "stop": "full stop",
    "sink": "[CLS], a sink",
}


def draw(data: dict[str, Any]) -> Figure:
    """Our sentence in six heads, one of each kind; rows and columns are its tokens."""
    look = data["look"]
    names = [f"{named(row)} {NAMES[row['kind']]}" for row in look["gallery"]]
    names.append(f"{named(look['search'])} a noun for it")
    figure, panels = plots.canvas(760, 3, 2)
    for n, (panel, name, weights) in enumerate(
        zip(panels.flatten(), names, look["maps"], strict=True)
    ):
        rows = look["tokens"] if n % 2 == 0 else []
        plots.heat_map(panel, weights, rows, [], name, numbers=False)
        it = look["tokens"].index("it")
        corner, width = (-0.5, it - 0.5), len(look["tokens"])
        panel.add_patch(
            Rectangle(corner, width, 1, fill=False, edgecolor=QUERY, clip_on=False)
        )
    return figure


def look(data: dict[str, Any]) -> Figure:
    """The 72 heads on the 50 sentences to choose on; the chosen one on the others."""
    found = data["look"]["search"]
    figure, (upper, lower) = plots.canvas(620, 2, height_ratios=(5, 6))
    counts = found["counts"]
    low, high = min(map(min, counts)), max(map(max, counts))
    shades = [[(n - low) / (high - low) for n in row] for row in counts]
    layers, heads = len(counts), len(counts[0])
    columns = [str(n + 1) for n in range(heads)]
    rows = [f"layer {n + 1}" for n in range(layers)]
    plots.heat_map(upper, shades, rows, columns, "", numbers=False)
    upper.set_xticks(range(heads), columns, rotation=0, ha="center")
    upper.set_title("right on the 50 to choose on, by head")
    for row in range(layers):
        for column in range(heads):
            upper.text(
                column, row, counts[row][column], ha="center", va="center",
                fontsize=10, color="black" if shades[row][column] > 0.5 else "white",
            )  # fmt: skip
    corner = found["head"] - 1.5, found["layer"] - 1.5
    upper.add_patch(
        Rectangle(corner, 1, 1, fill=False, edgecolor=QUERY, linewidth=3, clip_on=False)
    )
    parts = {
        "the other 50": found["held_out"],
        "  twins": found["kinds"]["twins"],
        "  grammar": found["kinds"]["grammar"],
        "  meaning": found["kinds"]["meaning"],
        "40 fresh, grammar": found["fresh"],
    }
    for row, part in enumerate(parts.values()):
        head = part["head"]
        share = head["right"] / head["n"]
        lower.plot([head["low"], head["high"]], [row, row], color=QUERY, linewidth=2)
        lower.plot(share, row, "o", color=QUERY, markersize=8)
        lower.annotate(
            f"{head['right']} of {head['n']}", (share, row), xytext=(0, 9),
            textcoords="offset points", ha="center", va="bottom", color=INK,
        )  # fmt: skip
        nearest = part["nearest"]["right"] / part["nearest"]["n"]
        first = part["first"]["right"] / part["first"]["n"]
        lower.plot(nearest, row, "|", color=KEY, markersize=16, markeredgewidth=2)
        lower.plot(first, row, "x", color=VALUE, markersize=7, markeredgewidth=2)
    lower.set_yticks(range(len(parts)), list(parts))
    lower.set_ylim(len(parts) - 0.5, -0.7)
    lower.set_xlim(0, 1.02)
    lower.set_xticks([0, 0.5, 1], ["0", "half", "all"])
    lower.tick_params(axis="y", length=0)
    lower.spines["left"].set_visible(False)
    lower.axvline(0.5, color=MUTED, linewidth=0.8, linestyle=":")
    lower.set_title(f"o head {named(found)}  | nearest  x first noun")
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "    return slices.transpose(-3, -2)",
        "    return x.reshape(x.shape[0], n_heads, x.shape[1], -1)",
    ),
    ("    model = minilm()", "    model = minilm(n_heads=6)"),
    (
        '    "The {robot=} dropped the {glass} because <it> was clumsy.",',
        '    "The {maid=} dropped the {glass} because <she> was clumsy.",',
    ),
]
