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
    taken = [[f"it: {name}", look["what"][key]] for name, key in WHAT]
    taken += [[f"she: {name}", look["who"][key]] for name, key in WHO]
    table(taken, ["", ""], ["taken", "times"])
    print(f"of {look['what']['of']} and {look['who']['of']}")


WHAT = (("none", "none"), ("all but the reason", "other"), ("the reason", "reason"))
WHO = (("none", "none"), ("all but the subject", "other"), ("the subject", "subject"))

# --- Pictures

COLUMNS = (56, 152, 248, 344)
READ, MADE, ASKS, FED, WRITES = 372, 262, 146, 84, 26


def reads(axes: Axes, hand: dict[str, Any]) -> None:
    """The source, through the encoder, to a vector for each word."""
    for x, word, key in zip(COLUMNS, hand["source"], hand["keys"], strict=True):
        diagrams.words(axes, x, READ, word, plots.INK, 12, bold=True)
        for to in COLUMNS:
            diagrams.arrow(axes, (x, READ - 13), (to, 316), width=0.8, faint=to != x)
        diagrams.box(axes, x, MADE, " ".join(f"{n:g}" for n in key), plots.KEY, 84)
        diagrams.arrow(axes, (x, 290), (x, MADE + 14))
    diagrams.box(axes, 200, 303, "encoder: all see all", plots.KEY, 384, fill=True)


def writes(axes: Axes, hand: dict[str, Any], step: int, strong: bool) -> None:
    """One position of the decoder: fed a word, it looks across and writes the next."""
    x, weights = COLUMNS[step], hand["weights"][step]
    diagrams.words(axes, x, FED, hand["target"][step], plots.MUTED)
    query = " ".join(f"{n:g}" for n in hand["queries"][step])
    diagrams.box(axes, x, ASKS, query, plots.QUERY, 84)
    diagrams.arrow(axes, (x, FED + 10), (x, ASKS - 14))
    diagrams.words(axes, x, WRITES, hand["written"][step], plots.VALUE, 12, bold=True)
    for place, weight in enumerate(weights):
        if strong or weight > 0.5:
            diagrams.arrow(
                axes, (COLUMNS[place], MADE - 14), (x, ASKS + 14),
                plots.LINK if weight > 0.5 else plots.MUTED,
                f"{weight:.2f}" if strong else "", width=0.5 + 5 * weight,
            )  # fmt: skip


def frames(data: dict[str, Any]) -> list[Figure]:
    """Read once; then the, new, glass; then all at once, as in training."""
    hand, drawn = data["by_hand"], []
    for step in range(5):
        figure, axes = diagrams.board(392)
        drawn.append(figure)
        reads(axes, hand)
        if step == 0:
            text = "nothing is written yet"
            diagrams.words(axes, 200, ASKS, text, plots.MUTED)
        for before in range(step if step < 4 else 4):
            last = before == step - 1 and step < 4
            writes(axes, hand, before, strong=last)
            # The word that is fed next is the one just written.
            x = COLUMNS[before]
            diagrams.arrow(axes, (x, FED - 10), (x, WRITES + 12), plots.VALUE)
            for after in range(before + 1, step if step < 4 else 4):
                diagrams.arrow(
                    axes, (x + 30, FED + 8), (COLUMNS[after] - 20, ASKS - 14),
                    plots.MUTED, width=0.8,
                )  # fmt: skip
    return drawn


def draw(data: dict[str, Any]) -> Figure:
    """Whose vectors make it "she", word by word."""
    who, source = data["look"]["who"], data["look"]["sentences"][2].split()
    shares = [times / who["of"] for times in who["alone"]]
    labels = [*source, "[end]", "the first two", "all the others"]
    shares += [who["subject"] / who["of"], who["other"] / who["of"]]
    figure, axes = plots.canvas(330)
    plots.bars(axes, labels, shares, '"she" likelier than "he": share')
    return figure


def look(data: dict[str, Any]) -> Figure:
    """One head of each kind of attention, in the sentence of all pages."""
    sentence, best = data["look"]["sentence"], data["look"]["best"]
    source = [*sentence["portuguese"], "[end]"]
    fed = ["[begin]", *sentence["english"]]
    figure, axes = plots.canvas(1110, 3)
    figure.set_layout_engine("constrained", h_pad=0.12)
    labels = {
        "encoder": ("Encoder: a row looks at columns", source, source),
        "decoder": ("Decoder: at what it has written", fed, fed),
        "cross": ("Across: to write the row's word", [*fed[1:], "[end]"], source),
    }
    for part, axis in zip(labels, axes, strict=True):
        title, rows, columns = labels[part]
        where = f"layer {best[part]['layer']}, head {best[part]['head']}"
        weights = sentence["weights"][part]
        plots.heat_map(axis, weights, rows, columns, f"{title}\n{where}")
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ("    [0, 1.0, 2.0, 0],", "    [0, 2.0, 1.0, 0],"),
    (
        "        past = causal_mask(target.shape[1], device=x.device)",
        "        past = causal_mask(target.shape[1]) | True",
    ),
    (
        "        x = self.embed(token[:, None], start=kept[0].shape[-2])",
        "        x = self.embed(token[:, None])",
    ),
]
