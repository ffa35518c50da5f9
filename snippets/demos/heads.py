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
from snippets.lab.diagrams import arrow, board, box, cells, words
from snippets.lab.minilm import MiniLM
from snippets.lab.plots import INK, KEY, LINK, MUTED, QUERY, VALUE
from snippets.lab.tables import table
from snippets.text.wordpiece import WordPiece

# "it" asks, of three words of the sentence. Numbers 1 and 2 go to head 1, which
# finds out what "it" is; 3 and 4 to head 2, which finds out what is said of it.
TOKENS = ["robot", "glass", "slippery"]
QUERY_OF_IT = torch.tensor([[2.0, 1.0, 1.0, 2.0]])
KEYS = torch.tensor([[1.0, 0.0, 0.0, 1.0], [2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]])
# Each value tells both heads the same, so that half glass and half slippery is robot.
VALUES = torch.tensor(
    [[2.0, 2.0, 2.0, 2.0], [4.0, 0.0, 4.0, 0.0], [0.0, 4.0, 0.0, 4.0]]
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
SHOWN = ("previous", "same", "stop", "sink")  # those that are drawn


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
        "coins": coins(chances, counts),
        "near": near(
            [every[i] for i in chosen_on], [looks[i] for i in chosen_on], counts
        ),
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
def weights_of_heads(model: MiniLM, ids: Sequence[int], **parts: bool) -> Looks:
    """Where each head looks, from the vectors that enter its block, by our functions.

    Args:
        parts: of what `MiniLM.embed` adds, what to leave out.
    """
    blocks = model.read(ids, **parts)
    entering = [model.embed(ids, **parts), *(block.output for block in blocks)]
    looks = []
    for x, layer in zip(entering, model.layers, strict=False):  # one more leaves
        query, key, value = (
            split(F.linear(x[None], *layer[f"attention.self.{name}"]), model.n_heads)
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
        "plural": (probed[2][finder] * 1e4).round() / 1e4,
        "plural_tokens": ["[CLS]", *probes[2].tokens, "[SEP]"],
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

    print("\nright by always taking one noun")
    rows = [
        (
            label, part["head"]["n"], part["nearest"]["right"],
            part["first"]["right"], f"{part['chance']:.1f}",
        )
        for label, part in parts.items()
    ]  # fmt: skip
    table(rows, [""] * 5, ["", "of", "nearest", "first", "any"], gap=1)

    coins = found["coins"]
    low, high = coins["likely"]
    n = coins["guessers"]
    print(f"\nthe {n} heads, and {n} who guess, on {chosen['n']} sentences")
    rows = [
        (f"best head: {named(found)}", f"{chosen['right']}"),
        ("one guesser, on average", f"{coins['mean']:.1f}"),
        (f"luckiest of {n}, on average", f"{coins['luckiest']:.1f}"),
        ("  95 times in 100", f"{low}-{high}"),
        (f"  {chosen['right']} or more", f"{coins['as_good']:.0%}"),
    ]
    table(rows, ["", ">5"])

    nearest = found["near"]
    print(
        f"the nearest noun is right in {nearest['right']}; of {nearest['hump']} heads"
    )
    print(f"with {HUMP[0]} to {HUMP[-1]}, {nearest['mostly']} mostly look at it")

    other, back = found["by_grammar"], found["back"]
    print("\nchosen otherwise")
    print(
        f"by grammar alone: head {named(other)}, {other['held_out']['right']} of"
        f" {other['held_out']['n']}, fresh {other['fresh']['right']} of"
        f" {other['fresh']['n']}"
    )
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

    robot = found["robot"]
    print("\nheads in which it gives the glass more than the robot")
    rows = [(f'"{word}"', robot[word], n) for word in ("slippery", "clumsy")]
    table(rows, ["", "", ""], ["it was ...", "heads", "of"])
    print(f"both times: {robot['always_glass']}; it changes to the noun that is")
    print(f"meant in {robot['right_way']}, to the other in {robot['wrong_way']}")

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


def steps_of(hand: dict[str, Any], n: int) -> Figure:
    """Step n: project and cut (1, 2), then what the heads do, up to n (3 to 5)."""
    if n == 1:
        figure, axes = board(146)
        whole(axes, hand)
    elif n == 2:
        figure, axes = board(338)
        whole(axes, hand)
        # A cut through the middle of every vector; each side is a head.
        for x, top, bottom in ((135, 28, 56), (240, 56, 140), (345, 56, 140)):
            axes.plot([x, x], [top, bottom], color=INK, linewidth=3)
        in_heads(axes, hand, n, 164)
    else:
        figure, axes = board((0, 186, 236, 328)[n - 2])
        in_heads(axes, hand, n, 12)
    return figure


def whole(axes: Axes, hand: dict[str, Any]) -> None:
    """The vectors as the projections made them, under the names of their columns."""
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


def in_heads(axes: Axes, hand: dict[str, Any], n: int, top: float) -> None:
    """The slices in their heads, below `top`; with step 3 scores and weights."""
    words(axes, 4, top + 28, "it", QUERY, ha="left")
    for row, token in enumerate(hand["tokens"]):
        words(axes, 4, top + 84 + 28 * row, token, ha="left")
    for head, left in enumerate((66, 236)):
        half = slice(2 * head, 2 * head + 2)
        words(axes, left, top, f"head {head + 1}", ha="left", bold=True)
        cells(axes, left + 22, top + 28, hand["query"][half], QUERY, ".0f")
        words(axes, left + 50, top + 28, "query", QUERY, ha="left")
        words(axes, left + 22, top + 57, "key", KEY)
        words(axes, left + 132, top + 57, "value", VALUE)
        if n > 2:
            words(axes, left + 77, top + 57, "weight", MUTED)
        for row in range(len(hand["tokens"])):
            y = top + 84 + 28 * row
            cells(axes, left + 22, y, hand["keys"][row][half], KEY, ".0f")
            cells(axes, left + 132, y, hand["values"][row][half], VALUE, ".0f")
            if n > 2:
                score, weight = (
                    hand[name][head][row] for name in ("scores", "weights")
                )
                words(axes, left + 77, y, f"{score:.0f}→{weight:.2f}")
        if n > 3:
            arrow(axes, (left + 132, top + 156), (left + 132, top + 176))
            cells(axes, left + 125, top + 190, hand["heads"][head], VALUE)
        if n > 4:
            start = (left + 125, top + 204)
            arrow(axes, start, (171 + 76 * head, top + 240))
    if n > 3:
        words(axes, 4, top + 190, "average", ha="left")
    if n > 4:
        words(axes, 4, top + 254, "end to end", ha="left")
        cells(axes, 209, top + 254, hand["output"], VALUE)
        arrow(axes, (209, top + 268), (209, top + 284))
        box(axes, 209, top + 298, "W_O mixes the four: output", LINK)


def draw(data: dict[str, Any]) -> Figure:
    """Where six rows of heads look in our sentence, and one in its plural."""
    look = data["look"]
    kinds = {
        row["kind"]: (row, look["maps"][n]) for n, row in enumerate(look["gallery"])
    }
    found = look["search"]
    it, they = look["maps"][-1], look["plural"]
    shown = [
        *((kinds[kind][0], GALLERY[kind], kinds[kind][1]) for kind in SHOWN),
        (found, '"it"', it),
        (found, '"they"', they),
    ]
    tokens = [*[look["tokens"]] * 5, look["plural_tokens"]]
    figure, panels = plots.canvas(840, 3, 2)
    for panel, (head, name, weights), columns in zip(
        panels.flatten(), shown, tokens, strict=True
    ):
        rows = columns if panel.get_subplotspec().is_first_col() else []
        title = f"{named(head)}: {name}"
        plots.heat_map(panel, weights, rows, columns, title, numbers=False)
        panel.set_xticks(range(len(columns)), columns, rotation=90, ha="center")
        if head is found:
            corner = (-0.5, look["tokens"].index("it") - 0.5)
            frame = Rectangle(
                corner, len(columns), 1, fill=False, edgecolor=QUERY, linewidth=2,
                clip_on=False,
            )  # fmt: skip
            panel.add_patch(frame)
    return figure


def look(data: dict[str, Any]) -> Figure:
    """How many heads get how many right, beside as many guessers."""
    found = data["look"]["search"]
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
