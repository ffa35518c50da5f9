"""Three logits by hand, then a bigram model that learns, speaks, and is examined."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from snippets.corpora.robot import robot
from snippets.lab import diagrams, plots
from snippets.lab.tables import table
from snippets.text.fast_bpe import train
from snippets.text.logits import (
    Bigram,
    bigram_shares,
    cross_entropy,
    fit,
    log_softmax,
    sample,
    softmax,
)
from snippets.text.tokenization import Tokenizer

TOKENS = ["glass", "cup", "it"]
LOGITS = torch.tensor([2.0, 1.0, -1.0])
CAME = [0, 0, 1]  # what followed three times: glass, glass, cup
TEMPERATURES = [0.5, 1.0, 2.0]

STEPS = 60
SIZES = [256, 320, 512]  # 256 is bytes alone
BEGINNING = "The robot dropped the"
# Temperatures to choose from, and the bounds of a favourite's probability.
GRID = [1 + n / 10 for n in range(41)]
BOUNDS = [0, 0.1, 0.2, 0.4, 0.7, 1.01]


def by_hand() -> dict[str, Any]:
    """Three logits: probabilities, surprises, temperatures, smoothing."""
    glass = torch.tensor(0)
    came = softmax(LOGITS)[CAME]
    loss = cross_entropy(LOGITS.expand(3, 3), torch.tensor(CAME))
    return {
        "tokens": TOKENS,
        "logits": LOGITS,
        "powers": LOGITS.exp(),
        "sum": LOGITS.exp().sum(),
        "probabilities": softmax(LOGITS),
        "surprise": -log_softmax(LOGITS),
        "perplexity": cross_entropy(LOGITS, glass).exp(),
        "chain": {
            "came": came,
            "likelihood": came.prod(),
            "logarithms": came.log(),
            "log_likelihood": came.log().sum(),
            "negative": -came.log().sum(),
            "words": len(CAME),
            "mean": loss,
            "perplexity": loss.exp(),
        },
        "temperatures": [
            {"temperature": t, "probabilities": softmax(LOGITS / t)}
            for t in TEMPERATURES
        ],
        "squares": LOGITS**2 / (LOGITS**2).sum(),
        "powers_of_2": 2**LOGITS,
        "shares_of_2": 2**LOGITS / (2**LOGITS).sum(),
        "smoothed": cross_entropy(LOGITS, glass, smoothing=0.1),
        # Raising e to the power of 1000 is too much for a float.
        "huge": softmax(torch.tensor([1000.0, 0.0])),
    }


def parts(text: str) -> tuple[str, str, str]:
    """The stories to learn from, to choose by, and to be examined on."""
    stories = text.split("\n* * *\n")
    kept: list[list[str]] = [[], [], []]
    for n, story in enumerate(stories):
        kept[max(n % 5 - 2, 0)].append(story)
    learn, choose, examine = ("".join(part) for part in kept)
    return learn, choose, examine


def nats(logits: Tensor, ids: Tensor, temperature: float = 1) -> float:
    """The mean surprise at each token of a text but the first."""
    return cross_entropy(logits[ids[:-1]] / temperature, ids[1:]).item()


def course(tokenizer: Tokenizer, texts: Sequence[str]) -> dict[str, Any]:
    """Fit a bigram model to the first text; after each step ask about all three."""
    ids = [torch.tensor(tokenizer.encode(text)) for text in texts]
    model = Bigram(len(tokenizer.tokens))
    tables, losses = [], []
    steps = fit(model, ids[0])
    for _ in range(STEPS + 1):
        tables.append(model.table.weight.detach().clone())
        losses.append([nats(tables[-1], part) for part in ids])
        next(steps)
    best = min(range(STEPS + 1), key=lambda step: losses[step][1])
    return {"ids": ids, "tables": tables, "losses": losses, "best": best}


def examined(course: dict[str, Any], tokenizer: Tokenizer) -> dict[str, Any]:
    """The same model on stories that it never saw, per token and per byte."""
    *_, ids = course["ids"]
    loss = course["losses"][course["best"]][2]
    told = sum(len(tokenizer.tokens[i]) for i in ids[1:])
    return {
        "vocab_size": len(tokenizer.tokens),
        "tokens": len(ids) - 1,
        "a_token": math.exp(loss),
        "a_byte": math.exp(loss * (len(ids) - 1) / told),
    }


def calibration(logits: Tensor, ids: Tensor, temperature: float) -> dict[str, Any]:
    """What the model's favourite is given, and how often the favourite comes."""
    given, favourite = softmax(logits[ids[:-1]] / temperature).max(-1)
    right = (favourite == ids[1:]).float()
    bins = []
    for low, high in pairwise(BOUNDS):
        inside = (given >= low) & (given < high)
        if inside.any():
            bins.append(
                {
                    "n": int(inside.sum()),
                    "given": given[inside].mean(),
                    "right": right[inside].mean(),
                }
            )
    return {
        "temperature": temperature,
        "nats": nats(logits, ids, temperature),
        "given": given.mean(),
        "right": right.mean(),
        "bins": bins,
    }


def exam(course: dict[str, Any]) -> dict[str, Any]:
    """How a model that learned too long does on new stories, and what mends it."""
    learn, choose, ids = course["ids"]
    first, *_, last = course["tables"]
    vocab_size = len(first)
    counts = torch.bincount(learn, minlength=vocab_size) + 1
    best = course["best"]
    cooled = min(GRID, key=lambda t: nats(last, choose, t))
    pairs = bigram_shares(learn, vocab_size)[ids[:-1], ids[1:]]
    losses = {
        "uniform": nats(first, ids),
        "unigram": nats(counts.log().expand(vocab_size, -1), ids),
        "best": course["losses"][best][2],
        "last": course["losses"][STEPS][2],
        "cooled": nats(last, ids, cooled),
    }
    return {
        "n": len(ids) - 1,
        "best_step": best,
        "nats": losses,
        "perplexity": {name: math.exp(loss) for name, loss in losses.items()},
        "never_seen": (pairs == 0).float().mean(),
        "calibration": [calibration(last, ids, t) for t in (1.0, cooled)],
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """Three logits by hand, then a bigram model that learns and speaks."""
    texts = parts(robot())
    merges = train(texts[0], SIZES[-1]).merges
    tokenizers = [Tokenizer(merges[: size - 256]) for size in SIZES]
    courses = [course(tokenizer, texts) for tokenizer in tokenizers]
    tokenizer, longest = tokenizers[-1], courses[-1]
    ids, tables, losses = (longest[key] for key in ("ids", "tables", "losses"))
    vocab_size = len(tokenizer.tokens)

    model = Bigram(vocab_size)
    model.load_state_dict({"table.weight": tables[-1]})
    with torch.no_grad():
        twice = cross_entropy(softmax(model(ids[0][:-1])), ids[0][1:]).item()
    shares = bigram_shares(ids[0], vocab_size)[ids[0][:-1], ids[0][1:]]
    start = tokenizer.encode(BEGINNING)
    chances = softmax(model(torch.tensor(start[-1])).detach())
    random = torch.Generator().manual_seed(seed)
    shown = sorted({0, 1, longest["best"], 30, STEPS})
    return {
        "by_hand": by_hand(),
        "bigram": {
            "vocab_size": vocab_size,
            "tokens": [len(part) for part in ids],
            "losses": [
                {"step": step, "learned": losses[step][0], "held_out": losses[step][2]}
                for step in shown
            ],
            "counts": -shares.log().mean(),
            "twice": twice,
            # When the right token has probability 1, all others 0.
            "twice_floor": math.log(math.e + vocab_size - 1) - 1,
        },
        "curves": losses,
        "tokenizers": [
            examined(*pair) for pair in zip(courses, tokenizers, strict=True)
        ],
        "robot": {
            "after": BEGINNING,
            "next": [
                {"token": tokenizer.decode([i]), "p": chances[i]}
                for i in chances.topk(5).indices.tolist()
            ],
        },
        "sampled": [
            {
                "temperature": t,
                "text": tokenizer.decode(sample(model, start, 40, t, random)),
            }
            for t in TEMPERATURES
        ],
        "look": exam(longest),
    }


def show(data: dict[str, Any]) -> None:
    """Print the example, the learning, the examination and the speech."""
    hand = data["by_hand"]
    tokens = hand["tokens"]
    print("three logits, step by step")
    steps = (hand[step] for step in ("logits", "powers", "probabilities", "surprise"))
    header = ["token", "logit", "exp", "p", "surprise"]
    table(zip(tokens, *steps, strict=True), ["", *[".2f"] * 4], header)
    one, other = hand["huge"]
    print(f"glass, smoothed by 0.1: {hand['smoothed']:.2f}")
    print(f"logits 1000 and 0: p is {one:.2f} and {other:.2f}")

    print("\nthe same logits at three temperatures")
    columns = (row["probabilities"] for row in hand["temperatures"])
    header = [f"{row['temperature']:.1f}" for row in hand["temperatures"]]
    formats = ["", *[".2f"] * len(header)]
    table(zip(tokens, *columns, strict=True), formats, ["temperature", *header])

    bigram = data["bigram"]
    print(f"\na bigram model of {bigram['vocab_size']} tokens learns")
    learning = [
        (f"step {row['step']}", row["learned"], row["held_out"])
        for row in bigram["losses"]
    ]
    table(learning, ["", ".2f", ".2f"], ["loss", "its text", "new text"])
    print(f"by counting, its own text {bigram['counts']:.2f}, new text infinite")
    print(f"softmax twice, its own text {bigram['twice']:.2f}")

    print("\nnew text: what a token's length does")
    header = ["vocabulary", "tokens", "a token", "a byte"]
    counts = [row.values() for row in data["tokenizers"]]
    table(counts, ["", ",", ".1f", ".2f"], header)

    exam = data["look"]
    print(f"\n{exam['n']} tokens of new text")
    before, after = exam["calibration"]
    names = [
        "all alike",
        "how often each comes",
        f"bigram, step {exam['best_step']}",
        f"bigram, step {STEPS}",
        f"  at temperature {after['temperature']:.1f}",
    ]
    rows = zip(names, exam["nats"].values(), exam["perplexity"].values(), strict=True)
    table(rows, ["", ".2f", ".3g"], ["", "loss", "perplexity"])

    print("\nits favourite at step 60")
    kept = [
        (f"temperature {row['temperature']:.1f}", row["given"], row["right"])
        for row in (before, after)
    ]
    table(kept, ["", ".2f", ".2f"], ["", "is given", "is right"])

    said = data["robot"]
    print(f"\n{said['after']} ...")
    table([row.values() for row in said["next"]], ["", ".2f"])
    for said in data["sampled"]:
        print(f"\nit speaks at temperature {said['temperature']}")
        print(textwrap.fill(legible(said["text"]), 42))


def legible(text: str) -> str:
    """One paragraph; a sign that cannot be printed becomes a question mark."""
    words = " ".join(text.split())
    return "".join(c if c.isprintable() else "?" for c in words)


# --- From scores to a loss, step by step

COLUMN = [88, 200, 312]  # the middles of the three words


def column(
    axes: Axes, top: float, bottom: float, x: float, colour: str, width: float = 40
) -> None:
    """A bar between two heights."""
    axes.bar(x, bottom - top, width, top, color=colour, linewidth=0)


def frames(data: dict[str, Any]) -> list[Figure]:
    """Logits, their powers, their shares, the loss, and the temperature."""
    return [_frame(data["by_hand"], step) for step in range(1, 6)]


def _frame(hand: dict[str, Any], step: int) -> Figure:
    figure, axes = diagrams.board(346)
    words = diagrams.words

    def row(y: float, name: str, numbers: list[str], strong: bool) -> None:
        words(axes, 4, y, name, plots.MUTED, ha="left")
        for x, number in zip(COLUMN, numbers, strict=True):
            colour = plots.LINK if strong else plots.INK
            diagrams.box(axes, x, y, number, colour, width=62, fill=strong)

    def down(y: float, label: str) -> None:
        for x in COLUMN:
            diagrams.arrow(axes, (x, y), (x, y + 24))
        words(axes, COLUMN[2] + 10, y + 10, label, plots.MUTED, ha="left")

    for x, token in zip(COLUMN, hand["tokens"], strict=True):
        words(axes, x, 14, token, bold=True)
    row(44, "logit", [f"{z:.0f}".replace("-", "−") for z in hand["logits"]], step == 1)
    if step > 1:
        down(58, "e to the")
        row(96, "power", [f"{power:.2f}" for power in hand["powers"]], step == 2)
    if step > 2:
        down(110, f"/ {hand['sum']:.2f}")
        shares = [f"{p:.2f}" for p in hand["probabilities"]]
        row(148, "share", shares, step == 3)
    if step > 3:
        x = COLUMN[0]
        diagrams.arrow(axes, (x, 162), (x, 186), plots.QUERY)
        words(axes, x + 10, 173, "came: −ln", plots.QUERY, ha="left")
        diagrams.box(
            axes, x, 200, f"{hand['surprise'][0]:.2f}", plots.QUERY, 62, fill=step == 4
        )
        words(axes, 4, 200, "loss", plots.MUTED, ha="left")
    # Below, the row that this step made, as bars.
    floor, tallest = 324, 90
    if step < 5:
        key = ["logits", "powers", "probabilities", "probabilities"][step - 1]
        scale = [28.0, 12.0, 100.0, 100.0][step - 1]
        zero = floor - 30 if step == 1 else floor
        for x, number in zip(COLUMN, hand[key], strict=True):
            colour = plots.QUERY if step == 4 and x == COLUMN[0] else plots.LINK
            column(axes, zero - scale * number, zero, x, colour)
        axes.plot([50, 350], [zero, zero], color=plots.MUTED, linewidth=1)
        return figure
    for x, token in zip((112, 212, 312), hand["temperatures"], strict=True):
        for shift, p in zip((-26, 0, 26), token["probabilities"], strict=True):
            column(axes, floor - tallest * p, floor, x + shift, plots.LINK, 22)
            words(axes, x + shift, floor - tallest * p - 8, f"{p:.2f}".lstrip("0"))
        words(axes, x, floor + 14, f"T = {token['temperature']:g}", bold=True)
    axes.plot([68, 356], [floor, floor], color=plots.MUTED, linewidth=1)
    words(axes, 4, floor - 8, "share", plots.MUTED, ha="left")
    return figure


def draw(data: dict[str, Any]) -> Figure:
    """The loss while it learns, on its own text and on new text."""
    curves = data["curves"]
    figure, axes = plots.canvas(250)
    steps = range(len(curves))
    axes.plot(steps, [row[0] for row in curves], plots.DASHED, color=plots.KEY)
    axes.plot(steps, [row[2] for row in curves], plots.SOLID, color=plots.QUERY)
    uniform = data["look"]["nats"]["uniform"]
    axes.axhline(uniform, color=plots.MUTED, linewidth=1, linestyle=plots.DOTTED)
    last = curves[-1]
    axes.annotate("new text", (30, 6.9), ha="right", color=plots.QUERY)
    axes.annotate("its own text", (30, last[0] + 0.2), va="bottom", color=plots.KEY)
    axes.annotate("all tokens alike", (60, uniform - 0.1), va="top", ha="right",
                  color=plots.MUTED)  # fmt: skip
    best = data["look"]["best_step"]
    axes.plot(best, curves[best][2], "o", color=plots.QUERY)
    axes.set(xlabel="step of learning", ylim=(0, 7.8))
    axes.set_title("loss, in nats a token")
    return figure


def look(data: dict[str, Any]) -> Figure:
    """How much of its word the model keeps, before and after one temperature."""
    figure, axes = plots.canvas(340)
    axes.plot([0, 1], [0, 1], plots.DOTTED, color=plots.MUTED)
    axes.annotate("keeps its word", (0.97, 0.93), ha="right", va="top",
                  color=plots.MUTED, rotation=42)  # fmt: skip
    before, after = data["look"]["calibration"]
    for run, colour, line, mark in (
        (before, plots.QUERY, plots.SOLID, "o"),
        (after, plots.KEY, plots.DASHED, "s"),
    ):
        x = [row["given"] for row in run["bins"]]
        y = [row["right"] for row in run["bins"]]
        # Two standard errors of a share, were the tokens independent.
        wide = [2 * math.sqrt(b["right"] * (1 - b["right"]) / b["n"])
                for b in run["bins"]]  # fmt: skip
        axes.errorbar(x, y, wide, color=colour, linestyle=line, marker=mark,
                      label=f"temperature {run['temperature']:g}")  # fmt: skip
    axes.legend(frameon=False, loc="upper left")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability of its favourite")
    axes.set_title("how often the favourite comes")
    return figure


def holds(data: dict[str, Any]) -> dict[str, bool]:
    """What the page concludes from the training."""
    bigram, exam = data["bigram"], data["look"]
    counts, last = bigram["counts"], bigram["losses"][-1]["learned"]
    nats = exam["nats"]
    bytes_, _, tokens = data["tokenizers"]
    return {
        "it learns what counting gives": counts <= last < counts + 0.05,
        "softmax twice stays above a floor": bigram["twice"] > bigram["twice_floor"],
        "stopped in time it beats the unigrams": nats["best"] < nats["unigram"],
        "learning on, it ends behind knowing nothing": nats["last"] > nats["uniform"],
        "one temperature mends it": nats["cooled"] < nats["unigram"],
        "a larger vocabulary is worse a token": bytes_["a_token"] < tokens["a_token"],
        "and better a byte": bytes_["a_byte"] > tokens["a_byte"],
    }


# What the page proposes to change, and what then stands there.
EDITS = [
    ("        logits - largest.masked_fill(largest == -math.inf, 0)", "        logits"),
    (
        "        loss = cross_entropy(model(ids[:-1]), ids[1:])",
        "        loss = cross_entropy(softmax(model(ids[:-1])), ids[1:])",
    ),
    ("TEMPERATURES = [0.5, 1.0, 2.0]", "TEMPERATURES = [0.1, 1.0, 10.0]"),
]
