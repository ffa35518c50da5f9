"""A row of weights masked by hand, a model that sees its answers, MiniLM padded."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import compress
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from snippets.attention.attention import attention, self_attention
from snippets.attention.masking import (
    additive,
    causal_and_padding,
    causal_mask,
    padding_mask,
)
from snippets.corpora.robot import robot
from snippets.lab import diagrams, plots, weights
from snippets.lab.minilm import MiniLM
from snippets.lab.tables import table
from snippets.text.logits import cross_entropy, softmax
from snippets.text.wordpiece import WordPiece

# --- By hand: what may "was" look at?

TEXTS = ["the robot was clumsy", "it was slippery"]
TRANSLATION = ["es", "war", "glatt"]
PAD = 0
# e to the power of each score of the second text, a row a query.
POWERS = torch.tensor([[1.0, 1, 2, 4], [2.0, 1, 4, 1], [4.0, 2, 1, 1], [1.0, 1, 1, 1]])
WAS = 1  # the query that is followed


def batch() -> tuple[list[list[str]], Int[Tensor, "batch longest"]]:
    """The two texts with their padding: as words and as ids."""
    words = ["[PAD]", *dict.fromkeys(" ".join(TEXTS).split())]
    texts = [torch.tensor([words.index(w) for w in text.split()]) for text in TEXTS]
    ids = pad_sequence(texts, batch_first=True, padding_value=PAD)
    return [[words[id] for id in row] for row in ids.tolist()], ids


def by_hand() -> dict[str, Any]:
    """The batch, its masks, and the row of "was" masked in right and wrong ways."""
    words, ids = batch()
    mask = causal_and_padding(ids, PAD)[1]
    row, may = POWERS[WAS].log(), mask[WAS]
    masked = row + additive(mask)[WAS]
    return {
        "words": words,
        "scores": row,
        "powers": row.exp(),
        "sum": row.exp().sum(),
        "masked_powers": masked.exp(),
        "all_powers": POWERS,
        "all_sums": (POWERS * mask).sum(-1),
        "weights": {
            "no mask": softmax(row),
            "score −∞": softmax(masked),
            "score 0": softmax(row * may),
            "weight 0": softmax(row) * may,
        },
        "masks": {
            "padding": padding_mask(ids, PAD)[1].expand(4, 4),
            "causal": causal_mask(4),
            "both": mask,
            "cross": padding_mask(ids, PAD)[1].expand(len(TRANSLATION), 4),
        },
    }


# --- Whose True is it?


def looks_by(mask: Bool[Tensor, "seq seq"], seed: int) -> dict[str, list[bool]]:
    """At whom "was" looks when our function and two of PyTorch's get the same mask."""
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(len(mask), 8, generator=random)
    torch.manual_seed(seed)
    heads = nn.MultiheadAttention(8, 1)
    looks = {
        "our attention": attention(x, x, x, mask)[1],
        # Where the values are the identity, the outputs are the weights.
        "F.scaled_dot_product...": F.scaled_dot_product_attention(
            x, x, torch.eye(len(mask)), mask
        ),
        "nn.MultiheadAttention": heads(x, x, x, attn_mask=mask)[1],
    }
    return {name: (weights[WAS] > 0).tolist() for name, weights in looks.items()}


# --- Nothing to look at

Weigh = Callable[[Tensor, Tensor], Tensor]
WAYS: dict[str, Weigh] = {
    "−∞, plain": lambda scores, mask: (scores + additive(mask)).softmax(-1),
    "−1e9, plain": lambda scores, mask: scores.masked_fill(~mask, -1e9).softmax(-1),
    "−∞, ours": softmax,
}


def nothing_to_see(seed: int) -> dict[str, Any]:
    """Padding on the left, so that the first query may look at nobody.

    For each way: that query's weight on each key, and rows of NaN after two layers.
    """
    ids = batch()[1][1].roll(1)  # [PAD] it was slippery
    mask = causal_and_padding(ids, PAD)
    x = torch.randn(4, 8, generator=torch.Generator().manual_seed(seed))
    found = {}
    for name, weigh in WAYS.items():
        state, looks, rows = x, [], []
        for _ in range(2):
            looks.append(weigh(state @ state.T / math.sqrt(8), mask))
            state = looks[-1] @ state
            rows.append(state.isnan().any(-1).sum())
        # The first query's weights are all alike; NaN is no number of a record.
        found[name] = {"weight": f"{looks[0][0, 0]:.2f}", "nan": rows}
    heads = nn.MultiheadAttention(8, 1).requires_grad_(False)
    theirs = {
        "F.scaled_dot_product...": F.scaled_dot_product_attention(x, x, x, mask),
        "nn.MultiheadAttention": heads(x, x, x, attn_mask=~mask)[0],
        "  need_weights=False": heads(x, x, x, None, False, ~mask)[0],
    }
    nan = {name: y.isnan().any(-1).sum() for name, y in theirs.items()}
    return {"ways": found, "theirs": nan}


# --- A model that may see the answer

SEQ, WIDTH, STEPS, EVERY = 16, 32, 300, 30


class Reader(nn.Module):
    """Letters, their positions, one attention: which letter comes next?"""

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.letter = nn.Embedding(vocab_size, WIDTH)
        self.position = nn.Embedding(SEQ, WIDTH)
        self.matrices = nn.Parameter(torch.randn(3, WIDTH, WIDTH) / math.sqrt(WIDTH))
        self.output = nn.Linear(WIDTH, vocab_size)

    def forward(
        self, ids: Int[Tensor, "batch seq"], mask: Bool[Tensor, "seq seq"] | None
    ) -> Float[Tensor, "batch seq vocab_size"]:
        x = self.letter(ids) + self.position.weight[: ids.shape[-1]]
        query, key, value = self.matrices
        heard, _ = self_attention(x, query, key, value, mask)
        logits: Tensor = self.output(x + heard)
        return logits

    def write(
        self, ids: Int[Tensor, "batch seq"], mask: Bool[Tensor, "seq seq"] | None
    ) -> Float[Tensor, "batch seq vocab_size"]:
        """The same one beginning after another: nothing follows the last letter."""
        last = []
        for n in range(1, ids.shape[-1] + 1):
            last.append(self(ids[:, :n], None if mask is None else mask[:n, :n])[:, -1])
        return torch.stack(last, 1)


def cut(
    text: Int[Tensor, " seq"], count: int, random: torch.Generator
) -> tuple[Int[Tensor, "count seq"], Int[Tensor, "count seq"]]:
    """Pieces of a text, and for each letter the one that follows."""
    starts = torch.randint(len(text) - SEQ, (count, 1), generator=random)
    pieces = text[starts + torch.arange(SEQ + 1)]
    return pieces[:, :-1], pieces[:, 1:]


def trained(seed: int = 0) -> dict[str, Any]:
    """Next letters got right on held-out text, with and without a causal mask.

    In training, the whole piece is there; in writing, what follows is not.
    """
    text = robot()
    letters = sorted(set(text))
    ids = torch.tensor([letters.index(letter) for letter in text])
    learn, held = ids.split(len(ids) * 9 // 10)[:2]
    x, y = cut(held, 100, torch.Generator().manual_seed(seed))
    often = learn.mode().values
    found: dict[str, Any] = {
        "letters": len(ids),
        "often": letters[int(often)],
        "guess": (y == often).float().mean(),
    }

    def right(logits: Tensor) -> Tensor:
        return (logits.argmax(-1) == y).float().mean()

    for name, mask in (("mask", causal_mask(SEQ)), ("no mask", None)):
        torch.manual_seed(seed)
        random = torch.Generator().manual_seed(seed)
        model = Reader(len(letters)).double()  # as exact anywhere
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        rows = []
        for step in range(STEPS + 1):
            if step % EVERY == 0:
                with torch.no_grad():
                    exam, alone = right(model(x, mask)), right(model.write(x, mask))
                rows.append({"step": step, "training": exam, "writing": alone})
            asked, answers = cut(learn, 32, random)
            loss = cross_entropy(model(asked, mask), answers)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        found[name] = rows
    return found


# --- What padding does to MiniLM

SENTENCES, LONGEST = 50, 32


def mean(
    x: Float[Tensor, "batch seq d_model"], real: Bool[Tensor, "batch seq"]
) -> Float[Tensor, "batch d_model"]:
    """One vector a text: the average of those of its tokens, of length 1."""
    return F.normalize((x * real[..., None]).sum(1), dim=-1)


def minilm() -> dict[str, Any]:
    """Sentences in a batch with one of 32 tokens, where masks are forgotten or not.

    `itself` is the cosine with the right vector, `alike` that of two sentences; `same`
    counts the sentences whose nearest other is still the right one.
    """
    lists = Path(__file__).with_name("kinds.txt").read_text(encoding="utf-8")
    sentences = lists.split("\n\n")[1].splitlines()[:SENTENCES]
    bert, model = WordPiece(weights.vocabulary()), MiniLM()
    read = [torch.tensor(bert.for_bert(sentence)[1]) for sentence in sentences]
    ids = F.pad(pad_sequence(read, batch_first=True), (0, LONGEST))[:, :LONGEST]
    real, every = ids != PAD, torch.ones_like(ids, dtype=torch.bool)
    pairs = torch.ones(SENTENCES, SENTENCES, dtype=torch.bool).tril(-1)
    masked = model.read(ids, mask=padding_mask(ids, PAD))[-1].output
    bare = model.read(ids)[-1].output
    right, blank = mean(masked, real), mean(masked, ~real)
    wanted = nearest(right @ right.T)
    forms = []
    for x, counted in ((masked, real), (bare, real), (masked, every), (bare, every)):
        vectors = mean(x, counted)
        cosines, itself = vectors @ vectors.T, (vectors * right).sum(-1)
        forms.append(
            {
                "itself": (itself * 1e4).round() / 1e4,
                "mean": itself.mean(),
                "alike": cosines[pairs].mean(),
                "same": (nearest(cosines) == wanted).sum(),
            }
        )
    return {
        "sentences": len(sentences),
        "tokens": sum(map(len, read)) / len(read),
        "padding": (blank @ blank.T)[pairs].mean(),  # alike in two sentences
        "forms": forms,
    }


def nearest(cosines: Float[Tensor, "case case"]) -> Int[Tensor, " case"]:
    """For each sentence, which other one is most like it."""
    return (cosines - 2 * torch.eye(len(cosines))).argmax(-1)


TRAINS = "trained"


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The row by hand, three opinions on True, NaN, the cheat, and MiniLM."""
    hand = by_hand()
    return {
        "by_hand": hand,
        "looks_by": looks_by(hand["masks"]["both"], seed),
        "nothing": nothing_to_see(seed),
        "trained": trained(seed),
        "look": minilm(),
    }


def holds(data: dict[str, Any]) -> dict[str, bool]:
    """What the page concludes from the training."""
    mask, none = (data["trained"][name][-1] for name in ("mask", "no mask"))
    return {
        "with a mask, writing is like training": mask["training"] == mask["writing"],
        "without one, it gets nearly all right": none["training"] > 0.9,
        "and when it writes, far fewer": none["writing"] < mask["writing"] / 2,
    }


FORMS = ["nowhere", "in attention", "in the average", "in both"]


def show(data: dict[str, Any]) -> None:
    """Print the row, the masks' meaning, the NaN, the training, and MiniLM."""
    hand = data["by_hand"]
    print('weights of "was", and their sum')
    rows = [[name, *row, sum(row)] for name, row in hand["weights"].items()]
    header = ["hidden by", "it", "was", "slip.", "[PAD]", "sum"]
    table(rows, ["", *[".3f"] * 5], header, 1)

    print('\none mask; "was" looks at')
    words = hand["words"][1]
    rows = [[n, ", ".join(compress(words, w))] for n, w in data["looks_by"].items()]
    table(rows, ["", ""])

    print("\nnothing to look at: rows of NaN after")
    ways = data["nothing"]["ways"].items()
    rows = [[name, *way["nan"], way["weight"]] for name, way in ways]
    table(rows, [""] * 4, ["", "layer 1", "layer 2", "weight"])
    print("\nthe same, PyTorch: rows of NaN")
    table(data["nothing"]["theirs"].items(), ["", ""])

    print("\nnext letters right, in held-out text")
    last = {name: data["trained"][name][-1] for name in ("no mask", "mask")}
    rows = [[name, row["training"], row["writing"]] for name, row in last.items()]
    table(rows, ["", ".0%", ".0%"], ["", "text there", "not there"])

    look = data["look"]
    print("\nMiniLM: where the mask is forgotten")
    forms = zip(FORMS, look["forms"], strict=True)
    rows = [[name, form["same"], form["mean"], form["alike"]] for name, form in forms]
    table(rows, ["", "", ".2f", ".2f"], ["", "nearest", "itself", "others"])


# --- Pictures

LEFT, STEP = 128, 76  # the middle of the first column, from one to the next
BAR = 54  # px for a weight of 1


def row(axes: Axes, y: float, label: str, texts: list[str], **style: Any) -> None:
    """A line with a text under each word of the second text."""
    diagrams.words(axes, 4, y, label, plots.MUTED, ha="left")
    for column, text in enumerate(texts):
        diagrams.words(axes, LEFT + STEP * column, y, text, **style)


def weighed(axes: Axes, y: float, powers: list[float], kept: str) -> None:
    """Powers, the weights that they give as bars, and how they add up."""
    row(axes, y, "e^score", [f"{power:.0f}" for power in powers])
    row(axes, y + 22, "weight", [])
    row(axes, y + 44, f"{kept} = {sum(powers):.0f}", [])
    for column, power in enumerate(powers):
        left, wide = LEFT + STEP * column - 28, BAR * power / sum(powers)
        axes.barh(y + 22, wide, 10, left=left, color=plots.QUERY)
        text = f"{power:.0f}/{sum(powers):.0f}" if power else "0"
        diagrams.words(axes, left + wide + 4, y + 22, text, ha="left")


def pairs(
    axes: Axes,
    mask: list[list[bool]],
    x: float,
    y: float,
    wide: float,
    text: Callable[[int, int], str] = lambda query, key: "",
) -> None:
    """A mask: a cell for each query and key, filled where it may look."""
    for query, line in enumerate(mask):
        for key, may in enumerate(line):
            colour, dash = (plots.QUERY, "-") if may else (plots.MUTED, ":")
            at, label = (x + wide * key, y + 24 * query), text(query, key)
            diagrams.box(axes, *at, label, colour, wide - 3, 21, may, dash)


def step(hand: dict[str, Any], number: int) -> Figure:
    """The batch; the row of "was" without a mask, with one; then all rows."""
    figure, axes = diagrams.board((84, 194, 322, 440)[number])
    for line, words in enumerate(hand["words"]):
        y = 18 + 28 * line
        row(axes, y, f"text {line + 1}", [])
        for column, word in enumerate(words):
            pad = word == "[PAD]"
            asks = number > 0 and (line, column) == (1, WAS)
            colour = plots.QUERY if asks else plots.MUTED if pad else plots.INK
            dash, faint = "--" if pad else "-", number > 0 and line == 0
            x = LEFT + STEP * column
            diagrams.box(axes, x, y, word, colour, 70, 24, asks, dash, faint)
    second, mask = hand["words"][1], hand["masks"]["both"]
    row(axes, 72, "guess next", [*second[1:3], "(the end)", ""], colour=plots.LINK)
    scores = [f"{float(score):.2f}" for score in hand["scores"]]
    if number > 0:
        row(axes, 108, "score", scores)
        weighed(axes, 132, [float(p) for p in hand["powers"]], "2 + 1 + 4 + 1")
    if number > 1:
        may = mask[WAS]
        row(axes, 212, "may look?", ["yes" if yes else "no" for yes in may], bold=True)
        why = ["past", "itself", "ahead", "padding"]
        row(axes, 227, "", why, colour=plots.MUTED)
        kept = [s if yes else "−∞" for s, yes in zip(scores, may, strict=True)]
        row(axes, 249, "score", kept)
        weighed(axes, 271, [float(p) for p in hand["masked_powers"]], "2 + 1")
    if number > 2:

        def share(query: int, key: int) -> str:
            if not mask[query][key]:
                return "padding" if second[key] == "[PAD]" else "ahead"
            return f"{hand['all_powers'][query][key]:.0f}/{hand['all_sums'][query]:.0f}"

        for query, word in enumerate(second):
            y = 350 + 24 * query
            diagrams.words(axes, 4, y, word, ha="left", bold=query == WAS)
        pairs(axes, mask, LEFT, 350, STEP, share)
    return figure


def kinds(hand: dict[str, Any]) -> Figure:
    """Four masks: what each query may see."""
    figure, axes = diagrams.board(302)
    for number, (name, mask) in enumerate(hand["masks"].items()):
        left, top = 62 + 198 * (number % 2), 154 * (number // 2)
        diagrams.words(axes, left - 56, top + 12, name, plots.LINK, 12, "left", True)
        for key, word in enumerate(["it", "was", "slip.", "pad"]):
            diagrams.words(axes, left + 20 + 32 * key, top + 34, word, size=10)
        queries = TRANSLATION if name == "cross" else hand["words"][1]
        for query, word in enumerate(queries):
            diagrams.words(axes, left, top + 54 + 24 * query, word, size=10, ha="right")
        pairs(axes, mask, left + 20, top + 54, 32)
    return figure


def frames(data: dict[str, Any]) -> list[Figure]:
    """A batch, the row of "was" without a mask and with one, all rows; four masks."""
    hand = data["by_hand"]
    return [*(step(hand, number) for number in range(4)), kinds(hand)]


def draw(data: dict[str, Any]) -> Figure:
    """Next letters got right while learning, with the text there and when writing."""
    found = data["trained"]
    figure, axes = plots.canvas(270)
    for name, when, colour, line, label, y in (
        ("no mask", "training", plots.QUERY, plots.DASHED, "no mask, training", 86),
        ("mask", "writing", plots.KEY, plots.SOLID, "mask, training and writing", 56),
        ("no mask", "writing", plots.QUERY, plots.DOTTED, "no mask, writing", 20),
    ):  # fmt: skip
        steps = [row["step"] for row in found[name]]
        values = [100 * row[when] for row in found[name]]
        axes.plot(steps, values, line, color=colour, linewidth=2)
        axes.annotate(label, (STEPS, y), color=colour, ha="right", va="center")
    axes.set(ylim=(0, 100), xlim=(0, STEPS), xlabel="training steps")
    axes.set_title("of 100 next letters, right")
    return figure


def look(data: dict[str, Any]) -> Figure:
    """Each sentence of the batch beside itself: where the mask was forgotten."""
    figure, axes = plots.canvas(250)
    for y, (name, form) in enumerate(zip(FORMS, data["look"]["forms"], strict=True)):
        label = f"{name}: {form['same']} of {SENTENCES} keep their nearest"
        axes.annotate(label, (0.4, y - 0.32))
        x, style = form["itself"], {"color": plots.QUERY, "alpha": 0.4}
        axes.plot(x, [y] * len(x), "o", markersize=6, clip_on=False, **style)
    axes.set(ylim=(3.4, -0.8), xlim=(0.4, 1), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("cosine with the sentence's right vector")
    axes.set_title("the mask was forgotten ...")
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ("    return past.tril(key - query)", "    return ~past.tril(key - query)"),
    ("    return nothing.masked_fill(~mask, -math.inf)", "    return nothing + mask"),
    (
        "    return past & padding_mask(ids, pad)",
        "    return past | padding_mask(ids, pad)",
    ),
]
