"""A translator by hand, three searches in a tree, padding, and a trained translator."""

from __future__ import annotations

import math
from collections import Counter
from difflib import SequenceMatcher
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from snippets.lab import plots, record
from snippets.lab.diagrams import arrow, board, box, words
from snippets.lab.plots import INK, KEY, LINK, MUTED, PAPER, QUERY, VALUE
from snippets.lab.tables import table
from snippets.recurrence.recurrent_networks import unroll
from snippets.recurrence.seq2seq import Encoder
from snippets.text.search import DecoderState, beam_search
from snippets.text.vocabulary import BEGIN, END

PORTUGUESE = ["hoje", "ela", "caiu"]  # today, she, fell
ENGLISH = ["she", "fell", "today"]
TAUGHT = ["today", "she", "fell"]  # as the teacher says it
# What each word adds to the state that reads it.
READ = torch.tensor([[0.0, 0, 2], [6, 0, 0], [0, 4, 0]])
# What each takes away once it is written: nothing before the first word.
WRITTEN = torch.tensor([[0.0] * 3] * 3 + [[6, 0, 0], [0, 4, 0], [0, 0, 2]])
# The logits of [pad], [begin] and [end].
MARKS = torch.tensor([[-math.inf, -math.inf, 1.0]])

DROPPED = "caiu"  # it fell, he fell, she fell
CHANCES = {
    "": {"it": 0.40, "he": 0.36, "she": 0.24},
    "it": {"fell": 0.4, "slipped": 0.3, "tumbled": 0.3},
    "he": {"has": 0.5, "had": 0.5},
    "he has": {"fallen": 0.5, "slipped": 0.3, "tumbled": 0.2},
    "he had": {"fallen": 0.4, "slipped": 0.3, "tumbled": 0.3},
    "she": {"fell": 1.0},
}
WIDTHS = [1, 2, 3]
STOPS = 0.7  # suppose that the decoder might stop after "it"

D_MODEL, D_HIDDEN = 48, 96
WAYS = ("longer", "wider", "more")  # the trainings of `snippets.bottleneck`
SLIP = "they followed a tired hen .", "they called a tired hen ."


class ByHand:
    """A translator with weights that a person chose.

    Reading adds to a state of three numbers, writing takes away; they are the logits.
    """

    def start(self, source: Tensor) -> DecoderState:
        return (READ[source].sum(1),)

    def step(self, token: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        left = state[0] - WRITTEN[token]
        return torch.cat([MARKS.expand(len(token), -1), left], 1), (left,)


class Tree:
    """A translator written down: the chances of a word after each beginning.

    A beginning that is not in it is a sentence; one that is may end with "[end]".
    """

    def __init__(self, chances: dict[str, dict[str, float]]) -> None:
        found = {word for row in chances.values() for word in row}
        names = sorted(found - {"[end]"})
        self.chances = chances
        self.ids = {word: END + 1 + i for i, word in enumerate(names)}
        self.ids["[end]"] = END
        self.names = {i: word for word, i in self.ids.items()}

    def text(self, ids: list[int]) -> str:
        return " ".join(self.names.get(i, "?") for i in ids)

    def start(self, source: Tensor) -> tuple[Tensor, ...]:
        return (source.new_empty(len(source), 0),)

    def step(
        self, token: Tensor, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        written = torch.cat([state[0], token[:, None]], 1)
        size = END + len(self.ids)
        logits = torch.full((len(token), size), -math.inf)
        for row, (_, *ids) in enumerate(written.tolist()):
            after = self.chances.get(self.text(ids), {"[end]": 1})
            for word, chance in after.items():
                logits[row, self.ids[word]] = math.log(chance)
        return logits, (written,)


def translated(taught: list[str] | None = None) -> dict[str, Any]:
    """The three words, read and written with weights that a person chose.

    With `taught` the next step reads that word, whatever this one would have written.
    """
    model = ByHand()
    source = torch.arange(len(PORTUGUESE))
    token, state = torch.tensor([BEGIN]), model.start(source[None])
    steps: list[dict[str, Any]] = []
    names = ["[end]", *ENGLISH]
    for true in [*(taught or ENGLISH), "[end]"]:
        logits, state = model.step(token, state)
        chances = logits[0, END:].softmax(0).tolist()
        chance = chances[names.index(true)]
        steps.append(
            {
                "reads": steps[-1]["true"] if steps else "[begin]",
                "state": state[0][0].tolist(),
                "chances": dict(zip(names, chances, strict=True)),
                "says": names[chances.index(max(chances))],
                "true": true,
                "chance": chance,
                "surprise": -math.log(chance),
                "powers": logits[0].exp().tolist(),
                "sum": logits[0].exp().sum().item(),
            }
        )
        token = torch.tensor([END + names.index(true)])
    assert taught or all(step["says"] == step["true"] for step in steps)
    return {
        "states": READ.cumsum(0).tolist(),
        "steps": steps,
        "product": math.prod(step["chance"] for step in steps),
        "loss": sum(step["surprise"] for step in steps) / len(steps),
    }


def searched() -> dict[str, Any]:
    """What beams of three widths find in the tree."""
    tree = Tree(CHANCES)
    source = torch.tensor([[END]])
    rows, ends = [], {}
    for width in WIDTHS:
        found = beam_search(tree, source, width, max_len=4)
        best, ends[width] = found[0], [tree.text(one.tokens) for one in found]
        rows.append(
            {
                "width": width,
                "text": tree.text(best.tokens),
                "chance": math.exp(best.score),
            }
        )
    second = CHANCES[""]["he"] * max(CHANCES["he"].values())
    whole = sorted(sentences(CHANCES), key=lambda row: -row["normalized"])
    return {
        "chances": CHANCES,
        "second": second,
        "found": rows,
        "ends": ends,
        "sentences": whole,
        "stops": STOPS,
        "short": scored("it", CHANCES[""]["it"] * STOPS),
    }


def scored(text: str, chance: float) -> dict[str, Any]:
    """A sentence's probability, its logarithm, and that with the length divided out.

    The divisor is that of wu-2016-gnmt-wordpiece (section 7), with an alpha of 1.
    """
    log = math.log(chance)
    divided = log / ((5 + len(text.split())) / 6)
    return {"text": text, "chance": chance, "log": log, "normalized": divided}


def sentences(
    chances: dict[str, dict[str, float]], text: str = "", chance: float = 1
) -> list[dict[str, Any]]:
    """All that a tree can say, each with what it scores."""
    if text not in chances:
        return [scored(text.removesuffix(" [end]"), chance)]
    return [
        row
        for word, share in chances[text].items()
        for row in sentences(chances, f"{text} {word}".strip(), chance * share)
    ]


def overlap(wanted: str, written: str) -> dict[str, Any]:
    """BLEU of a sentence as long as it should be: no penalty for a short one."""
    found = []
    for n in range(1, 5):
        theirs, ours = (
            Counter(zip(*(text.split()[i:] for i in range(n)), strict=False))
            for text in (wanted, written)
        )
        found.append([sum((theirs & ours).values()), sum(ours.values())])
    product = math.prod(common / of for common, of in found)
    return {
        "wanted": wanted,
        "written": written,
        "common": found,
        "product": product,
        "bleu": 100 * product ** (1 / 4),
    }


@torch.no_grad()
def padding(seed: int, device: str) -> dict[str, float]:
    """How far padding moves the context: where the state waits, where it reads on."""
    torch.manual_seed(seed)
    encoder = Encoder(100, D_MODEL, D_HIDDEN).to(device)
    source = torch.randint(4, 100, (8, 9)).to(device)
    lengths = torch.tensor([[6, 3, 5, 6, 1, 4, 2, 6]]).to(device)
    mask = torch.arange(9, device=device) < lengths.T
    alone = torch.cat(
        [
            encoder(row[None, :length])[1][0]
            for row, length in zip(source, lengths[0], strict=True)
        ]
    )
    waits = unroll(encoder.cell, encoder.embedding(source), mask)[1][0]
    reads = encoder(source)[1][0]
    return {
        "masked": (waits - alone).abs().max().item(),
        "read": (reads - alone).abs().max().item(),
    }


def trained() -> dict[str, Any]:
    """What `python -m snippets train` recorded, without and with attention."""
    plain, attentive, *others = (
        record.Result.read(name, record.RESULTS / "trained").record["data"]
        for name in (
            *("seq2seq", "additive-attention"),
            *(f"seq2seq-{way}" for way in WAYS),
        )
    )
    new = plain["held_out"]
    per_group = len(new["examples"]) // len(new["lengths"])
    examples = [
        {**example, "right": same(example), "marked": marked(example)}
        for example in new["examples"]
    ]
    return {
        **{key: plain[key] for key in ("scores", "parameters")},
        **{key: plain["settings"][key] for key in ("steps", "count", "d_hidden")},
        "context": 2 * plain["settings"]["d_hidden"],
        "sentence": {
            key: " ".join(plain["sentence"][key])
            for key in ("portuguese", "english", "written")
        },
        "tested": new["count"],
        "perfect": sum(group["perfect"] for group in new["lengths"]),
        **{key: new[key] for key in ("another", "lengths", "prefix", "beams")},
        "examples": examples,
        "per_group": per_group,
        **{way: otherwise(of) for way, of in zip(WAYS, others, strict=True)},
        "attention": {
            "scores": attentive["scores"],
            "parameters": attentive["parameters"],
            "lengths": attentive["held_out"]["lengths"],
            "beams": attentive["held_out"]["beams"],
        },
    }


def otherwise(of: dict[str, Any]) -> dict[str, Any]:
    """What `python -m snippets.bottleneck` recorded."""
    return {
        **{key: of["settings"][key] for key in ("steps", "count")},
        "context": 2 * of["settings"]["d_hidden"],
        **{key: of[key] for key in ("parameters", "lengths", "trained_on")},
        "perfect": sum(group["perfect"] for group in of["lengths"]),
    }


def same(example: dict[str, str]) -> bool:
    return example["written"] == example["english"]


def marked(example: dict[str, str]) -> str:
    """What was written, in Markdown: bold what the true translation has not."""
    wanted, written = example["english"].split(), example["written"].split()
    found = []
    pieces = SequenceMatcher(None, wanted, written, autojunk=False).get_opcodes()
    for kind, _, _, start, end in pieces:
        if piece := " ".join(written[start:end]):
            found.append(piece if kind == "equal" else f"**{piece}**")
    return " ".join(found)


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """By hand; padding; what a trained translator makes of new sentences."""
    return {
        "by_hand": {
            "translated": translated(),
            "taught": translated(TAUGHT),
            "searched": searched(),
            "overlap": overlap(*SLIP),
        },
        "padding": padding(seed, device),
        "look": trained(),
    }


def show(data: dict[str, Any]) -> None:
    """Print the examples by hand, then what the trained translator does."""
    hand = data["by_hand"]
    print(f'"{DROPPED}" in a beam of')
    found = hand["searched"]["found"]
    table([[*row.values()] for row in found], ["3", "<14", ".2f"])

    print("\nthe sentences: p, log p, log p / lp")
    rows = [[*row.values()] for row in hand["searched"]["sentences"][:5]]
    table(rows, ["<14", ".2f", ".2f", ".2f"])

    print("\nthe new sentences in a beam of")
    rows = [
        [b["width"], b["perfect"], b["bleu"], b["log_probability"], b["length"]]
        for b in data["look"]["beams"]
    ]
    header = ["", "right", "BLEU", "log p", "length"]
    table(rows, ["", "", ".1f", ".2f", ".3f"], header)


# --- The two networks, unrolled in time

# px: the columns of the encoder (the first of them before any word), the context
# vector, the decoder
EMPTY, READS = 15, (55, 97, 139)
CONTEXT = 184
WRITES = (226, 275, 324, 373)
TOP, STATE, BOTTOM = 62, 148, 232
CELL = 20


def column(axes: Axes, x: float, numbers: list[float], colour: str) -> None:
    """A vector as a column of cells."""
    for row, number in enumerate(numbers):
        y = STATE + CELL * (row - 1)
        cell = Rectangle(
            (x - 13, y - CELL / 2), 26, CELL, facecolor=PAPER, edgecolor=colour
        )
        axes.add_patch(cell)
        words(axes, x, y, f"{number:.0f}", colour)


def reading(axes: Axes, count: int, states: list[list[float]]) -> None:
    """The encoder, after so many words."""
    words(axes, READS[1], 272, "encoder reads", QUERY, bold=True)
    column(axes, EMPTY, [0, 0, 0], QUERY)
    for place in range(count):
        x = READS[place]
        box(axes, x, BOTTOM, PORTUGUESE[place], width=38)
        arrow(axes, (x, BOTTOM - 13), (x, STATE + 32), QUERY)
        column(axes, x, states[place], QUERY)
        before = READS[place - 1] if place else EMPTY
        arrow(axes, (before + 14, STATE), (x - 14, STATE), QUERY)


def context(axes: Axes, state: list[float]) -> None:
    """The one vector between the two."""
    arrow(axes, (READS[-1] + 14, STATE), (CONTEXT - 17, STATE), LINK, width=2)
    edge = Rectangle(
        (CONTEXT - 17, STATE - 34), 34, 68, facecolor=PAPER, edgecolor=LINK, linewidth=2
    )
    axes.add_patch(edge)
    column(axes, CONTEXT, state, LINK)
    words(axes, CONTEXT, STATE - 60, "context", LINK, bold=True)
    words(axes, CONTEXT, STATE - 46, "vector", LINK, bold=True)


def writing(axes: Axes, steps: list[dict[str, Any]], forced: bool = False) -> None:
    """The decoder, after so many words, that are its own or the teacher's."""
    words(axes, (WRITES[0] + WRITES[-1]) / 2, 272, "decoder writes", KEY, bold=True)
    before = CONTEXT + 17
    for place, step in enumerate(steps):
        x = WRITES[place]
        arrow(axes, (before, STATE), (x - 14, STATE), KEY, line="--")
        before = x + 14
        told = forced and place > 0
        wide = 45 if place else 51
        box(axes, x, BOTTOM, step["reads"], KEY, width=wide, fill=told)
        arrow(axes, (x, BOTTOM - 13), (x, STATE + 32), KEY, line="--")
        column(axes, x, step["state"], KEY)
        tip = TOP + 10 if forced else TOP + 24
        arrow(axes, (x, STATE - 32), (x, tip), KEY, line="--")
        if not forced:
            words(axes, x, TOP + 17, f"{step['chance']:.2f}")
        wrong = step["says"] != step["true"]
        line = "--" if wrong else "-"
        box(axes, x, TOP - 4, step["says"], MUTED if wrong else INK, 45, line=line)
        if place and not forced:
            # Between the columns, so that it crosses one arrow alone, straight on.
            start = (WRITES[place - 1] + 21, TOP + 9)
            arrow(axes, start, (x - 20, BOTTOM - 13), INK, line=":", width=1.6)


LEAVES = ("fallen", "slipped", "tumbled")
TREE = {  # px: the beginnings, each at its place
    "it": (104, 68), "he": (104, 182), "she": (104, 276),
    "it fell": (214, 28), "it slipped": (214, 68), "it tumbled": (214, 108),
    "he has": (214, 157), "he had": (214, 207), "she fell": (214, 276),
    **{f"he has {word}": (340, 128 + 23 * n) for n, word in enumerate(LEAVES)},
    **{f"he had {word}": (340, 197 + 23 * n) for n, word in enumerate(LEAVES)},
}  # fmt: skip


def beam(
    axes: Axes, chances: dict[str, Any], length: int, kept: set[str], best: str
) -> None:
    """The beginnings of up to so many words; a beam has kept some of them."""
    wide = sum(text in kept for text in chances[""])
    words(axes, 8, 14, f"a beam of {wide}", LINK, ha="left", bold=True)
    box(axes, 26, 182, "caiu", width=44)
    for text, (x, y) in TREE.items():
        before, _, word = text.rpartition(" ")
        unread = text == "she fell" and text not in kept
        depth = len(text.split())
        if depth > length or unread:
            continue
        chance = math.prod(
            chances[" ".join(text.split()[:n])][step]
            for n, step in enumerate(text.split())
        )
        lit = text in kept
        colour, line = (LINK, "-") if lit else (MUTED, "--")
        left, middle = TREE.get(before, (26, 182))
        width, height = {1: (58, 34), 2: (82, 34), 3: (108, 19)}[depth]
        start = left + {1: 22, 2: 29, 3: 41}[depth]
        arrow(axes, (start, middle), (x - width / 2 - 1, y), colour, line=line)
        word += "" if text in chances else " •"
        number = f"{chance:.2f}"
        name = f"{word} {number}" if depth == 3 else f"{word}\n{number}"
        box(
            axes, x, y, name, colour, width=width, height=height, fill=text == best,
            line=line,
        )  # fmt: skip
    if length > 1:
        words(axes, 262, TREE["it fell"][1], "← greedy", MUTED, ha="left")
        words(axes, 392, 285, "• [end] follows", MUTED, ha="right")


def frames(data: dict[str, Any]) -> list[Figure]:
    """The two networks, then the tree that a beam searches, step by step."""
    hand = data["by_hand"]["translated"]
    states, steps = hand["states"], hand["steps"]
    drawn = []
    for read, written in ((1, 0), (3, 0), (3, 1), (3, 4)):
        top = 36 if written else 92  # nothing is above it yet
        figure, axes = board(286 - top)
        axes.set_ylim(286, top)
        reading(axes, read, states)
        if written:
            context(axes, states[-1])
            writing(axes, steps[:written])
        drawn.append(figure)
    figure, axes = board(286)
    reading(axes, 3, states)
    context(axes, states[-1])
    taught = data["by_hand"]["taught"]["steps"]
    writing(axes, taught, forced=True)
    for x, step in zip(WRITES, taught, strict=True):
        words(axes, x, 12, f"{step['surprise']:.2f}", LINK)
        words(axes, x, 30, f"{step['chance']:.2f}")
    left = WRITES[0] - 30
    words(axes, left, 12, "loss", LINK, ha="right", bold=True)
    words(axes, left, 30, "p of the true word", ha="right")
    words(axes, left, TOP - 4, "would write", ha="right")
    drawn.append(figure)

    chances = data["by_hand"]["searched"]["chances"]
    two = {"it", "he", "he has", "he had", *data["by_hand"]["searched"]["ends"]["2"]}
    three = two | {"she", "she fell"}
    for length, kept, best in (
        (1, two, ""),
        (2, two, ""),
        (3, two, "he has fallen"),
        (3, three, "she fell"),
    ):
        figure, axes = board(306)
        beam(axes, chances, length, kept, best)
        drawn.append(figure)
    return drawn


# --- What a trained one does


def draw(data: dict[str, Any]) -> Figure:
    """The share of sentences that are right, by length: four translators."""
    of = data["look"]
    figure, axes = plots.canvas(330)
    parts = (
        (of["lengths"], "as first trained", QUERY, plots.SOLID, "o"),
        (of["longer"]["lengths"], "four times as long", MUTED, "-.", "^"),
        (of["more"]["lengths"], "longer, on more", VALUE, plots.DOTTED, "D"),
        (of["attention"]["lengths"], "with attention", KEY, plots.DASHED, "s"),
    )
    for groups, name, colour, line, mark in parts:
        shares = [100 * group["perfect"] / group["count"] for group in groups]
        axes.plot(
            shares, line, color=colour, marker=mark, markersize=5, label=name,
        )  # fmt: skip
    groups = of["lengths"]
    labels = [f"{group['shortest']}-{group['longest']}" for group in groups]
    axes.set_xticks(range(len(groups)), labels)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.22), ncols=2, frameon=False)
    axes.set(
        ylim=(-4, 104), xlabel="words of the Portuguese sentence",
        ylabel="sentences right, per cent",
    )  # fmt: skip
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ('    "he": {"has": 0.5, "had": 0.5},', '    "he": {"fell": 1.0},'),
    (
        '    "it": {"fell": 0.4, "slipped": 0.3, "tumbled": 0.3},',
        '    "it": {"[end]": 0.7, "fell": 0.3},',
    ),
]
