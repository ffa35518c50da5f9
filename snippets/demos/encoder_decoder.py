"""A sentence written word by word, who sees whom, sizes, and a trained translator."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from snippets.attention.attention import attention
from snippets.lab import alignments, diagrams, plots, record
from snippets.lab.chances import interval
from snippets.lab.tables import table
from snippets.text.length_penalty import length_penalty
from snippets.transformer.encoder_decoder import EncoderDecoder
from snippets.transformer.parameters import PUBLISHED, SIZES, Size, parameters
from snippets.transformer.watching import watched

SOURCE = ["o", "copo", "novo", "[end]"]
TARGET = ["[begin]", "the", "new", "glass"]
NEXT = [*TARGET[1:], "[end]"]
# What a word of the source is: article, noun, adjective, end.
KEYS = [[2.0, 0, 0, 0], [0, 2.0, 0, 0], [0, 0, 2.0, 0], [0, 0, 0, 2.0]]
# What comes next, after each word of the target.
QUERIES = [
    [2.0, 0, 0, 0],
    [0, 1.0, 2.0, 0],
    [0, 2.0, 0, 0],
    [0, 0, 0, 2.0],
]
MEANS = ["the", "glass", "new", "[end]"]  # what each value says


def by_hand() -> dict[str, Any]:
    """Four steps of a decoder: where each looks across, and what it writes."""
    key = torch.tensor(KEYS)
    scores = torch.tensor(QUERIES) @ key.T
    _, weights = attention(torch.tensor(QUERIES), key, key)
    return {
        "source": SOURCE,
        "target": TARGET,
        "keys": KEYS,
        "queries": QUERIES,
        "scores": scores,
        "scaled": scores / math.sqrt(4),
        "weights": weights,
        "written": [MEANS[place] for place in weights.argmax(-1).tolist()],
    }


# --- Who sees whom, with random weights

TINY = Size(d_model=16, n_heads=2, d_ff=32, n_layers=2, vocab_size=20)


def apart(before: Tensor, after: Tensor) -> list[bool]:
    """Which positions of one sentence have other logits."""
    moved: list[bool] = ((after - before).abs().amax(-1) > 1e-9)[0].tolist()
    return moved


def seen(seed: int) -> dict[str, Any]:
    """Change one word and look which logits move; write word by word, and compare."""
    torch.manual_seed(seed)
    model = EncoderDecoder(TINY, pre_norm=True).double().eval()
    source, target = torch.tensor([[4, 5, 6, 2]]), torch.tensor([[1, 7, 8, 9]])
    with torch.no_grad():
        before = model(source, target)
        rows = []
        for place in range(4):
            other = source.clone()
            other[0, place] = 10
            rows.append(["source", SOURCE[place], *apart(before, model(other, target))])
        for place in range(4):
            other = target.clone()
            other[0, place] = 10
            rows.append(["target", TARGET[place], *apart(before, model(source, other))])
        state, steps = model.start(source), []
        for token in target.unbind(1):
            logits, state = model.step(token, state)
            steps.append(logits)
    difference = (torch.stack(steps, 1) - before).abs().max().item()
    with watched(model) as weights, torch.no_grad():
        model(source, target[:, :3])
    kinds = ("encoder.blocks.0.attention", "decoder.0.attention", "decoder.0.cross")
    return {
        "moved": rows,
        "cached": difference,
        "same": difference < 1e-12,
        "shapes": [list(weights[kind].shape[1:]) for kind in kinds],
    }


def sizes() -> list[dict[str, Any]]:
    """The paper's two models: as we build them, as its formulas have it, published."""
    return [
        {
            "model": name,
            "built": sum(parameters(replace(SIZES[name], bias=True)).values()),
            "without_biases": sum(parameters(SIZES[name]).values()),
            "published": PUBLISHED[name] * 1e6,
            "untied": 2 * parameters(SIZES[name])["tokens"],
            "tokens": parameters(SIZES[name])["tokens"],
        }
        for name in ("base", "big")
    ]


# --- The trained one


def trained() -> dict[str, Any]:
    """What was recorded of the training, and of its weights those that are shown."""
    found = record.Result.read("encoder-decoder", record.RESULTS / "trained")
    data = found.record["data"]
    sentence, shown = data["sentence"], {}
    for part, head in data["best"].items():
        shown[part] = sentence["weights"][head["name"]][head["head"] - 1]
    what, who, told = data["swapped"]["what"], data["swapped"]["who"], data["pronouns"]
    low, high = interval(told["right"], told["of"])
    by_layer = [row for row in data["heads"] if row["part"] == "cross"]
    best = data["best"]["cross"]
    looks = [row.index(max(row)) for row in shown["cross"]]
    gold = {tuple(link) for link in sentence["gold"]}
    return {
        "settings": data["settings"],
        "parameters": data["parameters"],
        "vocabulary": data["vocabulary"],
        "scores": data["scores"],
        "unseen": data["unseen"],
        "lengths": data["held_out"]["lengths"],
        "penalties": data["penalties"],
        "best": data["best"],
        "cross": by_layer,
        "aligned": data["aligned"],
        "before": alignments.recorded("additive-attention")["scores"]["error_rate"],
        "is_best": min(row["test"] for row in by_layer) == best["test"],
        "pronouns": {
            **told,
            "share": told["right"] / told["of"],
            "low": low,
            "high": high,
            "guess": max(told["wanted"].values()) / told["of"],
        },
        "what": what,
        "who": who,
        "sentences": data["swapped"]["sentences"],
        "written": data["swapped"]["written"],
        "sentence": {**sentence, "weights": shown},
        "on_gold": sum((p, w) in gold for w, p in enumerate(looks[:-1])),
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example, who sees whom, the sizes, and what was trained."""
    return {
        "by_hand": by_hand(),
        "seen": seen(seed),
        "sizes": sizes(),
        "penalty": [[length, length_penalty(length, 0.6)] for length in (1, 7, 13)],
        "look": trained(),
    }


def holds(data: dict[str, Any]) -> dict[str, bool]:
    """What the page says of the training."""
    look = data["look"]
    return {
        "it reaches 97 BLEU": look["scores"]["bleu"] >= 97,
        "and 90 on unseen combinations": look["unseen"]["bleu"] >= 90,
        "its best head aligns better than additive attention": (
            look["best"]["cross"]["test"] < look["before"]
        ),
    }


def show(data: dict[str, Any]) -> None:
    """Print the example and the tables."""
    hand = data["by_hand"]
    print("where each word looks across")
    steps = zip(hand["target"], hand["weights"], hand["written"], strict=True)
    table(
        [[word, *weights, written] for word, weights, written in steps],
        ["", *[".2f"] * 4, ""],
        ["after", *hand["source"], "writes"],
    )

    print("\nchange one word: which logits move?")
    marks = [
        [where, word, *("yes" if yes else "-" for yes in row)]
        for where, word, *row in data["seen"]["moved"]
    ]
    table(marks, [""] * 6, ["", "", *hand["target"]], gap=1)

    print("\nweights, with three words written")
    kinds = ("encoder", "decoder", "across")
    table(
        [[kind, *n] for kind, n in zip(kinds, data["seen"]["shapes"], strict=True)],
        [""] * 4,
        ["", "heads", "queries", "keys"],
    )

    print("\nword by word against all at once")
    same = "none" if data["seen"]["same"] else f"{data['seen']['cached']:.1f}"
    print(f"largest difference of a logit: {same}")

    print("\nmillions of numbers, vocabulary of 37,000")
    table(
        [
            [
                s["model"],
                s["built"] / 1e6,
                s["without_biases"] / 1e6,
                s["published"] / 1e6,
            ]
            for s in data["sizes"]
        ],
        ["", ".1f", ".1f", ".0f"],
        ["model", "ours", "no biases", "paper"],
    )

    print("\nlength penalty, alpha 0.6")
    table(data["penalty"], ["", ".2f"], ["words", "divided by"])

    look = data["look"]
    print("\na trained one")
    rows = [
        [name, look[key]["bleu"], look[key]["perfect"]]
        for name, key in (("new sentences", "scores"), ("new pairings", "unseen"))
    ]
    table(rows, ["", ".1f", ".1%"], ["", "BLEU", "perfect"])

    print("\nalignment error rate of each head")
    table(
        [[r["layer"], r["head"], r["chosen"], r["test"]] for r in look["cross"]],
        ["", "", ".3f", ".3f"],
        ["layer", "head", "chosen on", "test"],
    )

    told = look["pronouns"]
    print(f"\npronouns after because: {told['right']} of {told['of']} right")
    for source, target in zip(look["sentences"], look["written"], strict=True):
        print(f"{source}\n  {target}")

    print("\nvectors from the other sentence")
    taken = [[f"it: {name}", look["what"][key]] for name, key in (*WHAT, ALL)]
    taken += [[f"she: {name}", look["who"][key]] for name, key in (*WHO, ALL)]
    table(taken, ["", ""], ["taken", "times"])
    print(f"of {look['what']['of']} and {look['who']['of']}")


WHAT = (("none", "none"), ("all but the reason", "other"), ("the reason", "reason"))
WHO = (("none", "none"), ("all but the subject", "other"), ("the subject", "subject"))
ALL = ("all", "all")

# --- Pictures

COLUMNS = (102, 186, 270, 354)
SAYS = ("article", "noun", "adjective", "end")  # the axis on which a key has its 2
# Heights of the rows, from the source at the top to what is written.
READ, MADE, SHARES, ASKS, FED, WRITES = 18, 148, 182, 274, 348, 394


def half(axes: Axes, name: str, top: float, bottom: float, colour: str) -> None:
    """The box of the encoder or of the decoder, with its name."""
    middle = (top + bottom) / 2
    diagrams.box(axes, 200, middle, "", colour, 396, bottom - top)
    diagrams.words(axes, 10, top + 14, name, colour, ha="left", bold=True)


def label(axes: Axes, y: float, text: str) -> None:
    """What a row is, at its left."""
    diagrams.words(axes, 6, y, text, plots.MUTED, 10, ha="left")


def reads(axes: Axes, hand: dict[str, Any]) -> None:
    """The source, through the encoder, to a vector for each word."""
    half(axes, "encoder", 42, 108, plots.KEY)
    label(axes, READ, "source")
    label(axes, MADE, "memory")
    for x, word, key in zip(COLUMNS, hand["source"], hand["keys"], strict=True):
        diagrams.words(axes, x, READ, word, plots.INK, 12, bold=True)
        diagrams.arrow(axes, (x, READ + 10), (x, 58))
        for to in COLUMNS:
            diagrams.arrow(axes, (x, 60), (to, 100), width=0.8, faint=to != x)
        diagrams.arrow(axes, (x, 102), (x, MADE - 20))
        says = " ".join(f"{n:g}" for n in key) + "\n" + SAYS[key.index(max(key))]
        diagrams.box(axes, x, MADE, says, plots.KEY, 76, 38)


def writes(axes: Axes, hand: dict[str, Any], step: int, now: bool, top: float) -> None:
    """One position of the decoder: fed a word, it looks across and writes the next.

    Of one that is done, its strongest arrow stays, faint. The arrows begin at `top`.
    """
    x, weights = COLUMNS[step], hand["weights"][step]
    query = " ".join(f"{n:g}" for n in hand["queries"][step])
    diagrams.box(axes, x, ASKS, query, plots.QUERY, 62)
    diagrams.words(axes, x - 18, FED, hand["target"][step], plots.INK)
    diagrams.arrow(axes, (x - 18, FED - 10), (x - 18, ASKS + 13), plots.QUERY)
    written = hand["written"][step]
    diagrams.words(axes, x + 16, WRITES, written, plots.VALUE, 12, bold=True)
    diagrams.arrow(axes, (x + 16, ASKS + 13), (x + 16, WRITES - 11), plots.VALUE)
    for place, weight in enumerate(weights):
        if now or weight > 0.5:
            diagrams.arrow(
                axes, (COLUMNS[place], top), (x, ASKS - 13),
                plots.LINK if weight > 0.5 else plots.MUTED, width=0.5 + 5 * weight,
                faint=not now,
            )  # fmt: skip


def frames(data: dict[str, Any]) -> list[Figure]:
    """Read once; then the, new, glass; then all at once, as in training."""
    hand, drawn = data["by_hand"], []
    for step in range(5):
        figure, axes = diagrams.board(172 if step == 0 else 408)
        drawn.append(figure)
        reads(axes, hand)
        if step == 0:
            continue
        training = step == 4
        top = MADE + 21 if training else SHARES + 9
        half(axes, "decoder", 236, 320, plots.QUERY)
        if not training:
            label(axes, SHARES, "weights")
            for x, weight in zip(COLUMNS, hand["weights"][step - 1], strict=True):
                diagrams.words(axes, x, SHARES, f"{weight:.2f}", plots.LINK)
        label(axes, ASKS, "query")
        label(axes, FED, "true" if training else "fed in")
        label(axes, WRITES, "predicts" if training else "writes")
        for place in range(step):
            writes(axes, hand, place, training or place == step - 1, top)
            x = COLUMNS[place]
            for after in range(place + 1, step):  # self-attention: back at the past
                gap = after - place
                diagrams.arrow(
                    axes, (x + 4, ASKS + 12), (COLUMNS[after] - 4, ASKS + 13),
                    plots.MUTED, width=0.8, bend=0.24 / gap + 0.04,
                )  # fmt: skip
            if place < step - 1 and not training:  # the word written is fed next
                start, end = (x + 34, WRITES - 8), (COLUMNS[place + 1] - 38, FED + 8)
                diagrams.arrow(axes, start, end, plots.VALUE, line="--")
    return drawn


def draw(data: dict[str, Any]) -> Figure:
    """Whose vectors decide the pronoun."""
    what, who = data["look"]["what"], data["look"]["who"]
    figure, axes = plots.canvas(290, 2)
    for axis, title, found, names in (
        (axes[0], 'Person or thing: "it" likelier, share', what, WHAT),
        (axes[1], 'Boy or girl: "she" likelier, share', who, WHO),
    ):
        taken = [(name, found[key] / found["of"]) for name, key in (*names, ALL)]
        plots.bars(axis, [n for n, _ in taken], [share for _, share in taken], title)
    return figure


def look(data: dict[str, Any]) -> Figure:
    """Where the head that aligns best looks across, in the sentence of all pages."""
    sentence, best = data["look"]["sentence"], data["look"]["best"]["cross"]
    columns, rows = ([*sentence[key], "[end]"] for key in ("portuguese", "english"))
    figure, axes = plots.canvas(370)
    title = f"to write the row's word (layer {best['layer']}, head {best['head']})"
    plots.heat_map(axes, sentence["weights"]["cross"], rows, columns, title)
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ("    [0, 1.0, 2.0, 0],", "    [0, 2.0, 1.0, 0],"),
    (
        "        past = causal_mask(target.shape[1], device=x.device)",
        "        past = causal_mask(target.shape[1]) | True",
    ),
]
