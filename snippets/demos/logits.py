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

Numbers = dict[str, Any]

TOKENS = ["glass", "cup", "it"]
LOGITS = torch.tensor([2.0, 1.0, -1.0])
CAME = [0, 0, 1]  # what followed three times: glass, glass, cup
CAME_SHARES = torch.bincount(torch.tensor(CAME), minlength=3) / len(CAME)
TEMPERATURES = [0.5, 1.0, 2.0]

STEPS = 60
SIZES = [256, 320, 512]  # 256 is bytes alone
BEGINNING = "The robot dropped the"
# Temperatures to choose from, and the bounds of a favourite's probability.
GRID = [1 + n / 10 for n in range(41)]
BOUNDS = [0, 0.1, 0.2, 0.4, 0.7, 1.01]


# --8<-- [start:simple]
def simple_softmax(logits: Tensor) -> Tensor:
    """Raise e to each, divide by the sum."""
    powers = torch.exp(logits)
    return powers / powers.sum(-1, keepdim=True)


def simple_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of -ln p of the true tokens; one row a position."""
    positions = torch.arange(len(targets))
    given = simple_softmax(logits)[positions, targets]
    return -given.log().mean()


# --8<-- [end:simple]


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
        # The loss where two of three cases are glass and one is cup, by the shares.
        "crossed": {
            "shares": CAME_SHARES,
            "loss": -(CAME_SHARES * log_softmax(LOGITS)).sum(),
            "entropy": torch.special.entr(CAME_SHARES).sum(),
        },
        # Raising e to the power of 1000 is too much for a float.
        "huge": 0 - log_softmax(torch.tensor([1000.0, 0.0])),
        "simple": {
            "loss": simple_cross_entropy(LOGITS.expand(3, 3), torch.tensor(CAME)),
            # Texts, since JSON has no name for what is not a number.
            "huge": [f"{p:.2f}" for p in simple_softmax(torch.tensor([1000.0, 0.0]))],
        },
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


def learned(seed: int) -> dict[str, Any]:
    """Bigram models of three vocabularies learn; the last speaks and is examined."""
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
        "exam": exam(longest),
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """Three logits by hand, then a bigram model that learns and speaks."""
    return {"by_hand": by_hand(), "learned": learned(seed)}


def show(data: dict[str, Any]) -> None:
    """Print the example, the learning, the examination and the speech."""
    hand, found = data["by_hand"], data["learned"]
    tokens = hand["tokens"]
    print("three logits, step by step")
    steps = (hand[step] for step in ("logits", "powers", "probabilities", "surprise"))
    header = ["token", "logit", "exp", "p", "surprise"]
    table(zip(tokens, *steps, strict=True), ["", *[".2f"] * 4], header)
    one, other = hand["huge"]
    print(f"glass, smoothed by 0.1: {hand['smoothed']:.2f}")
    print(f"logits 1000 and 0: loss {one:.0f} or {other:.0f}")
    one, other = hand["simple"]["huge"]
    print(f"the simple softmax says {one} and {other}")

    print("\nthe same logits at three temperatures")
    columns = (row["probabilities"] for row in hand["temperatures"])
    header = [f"{row['temperature']:.1f}" for row in hand["temperatures"]]
    formats = ["", *[".2f"] * len(header)]
    table(zip(tokens, *columns, strict=True), formats, ["temperature", *header])

    bigram = found["bigram"]
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
    counts = [row.values() for row in found["tokenizers"]]
    table(counts, ["", ",", ".1f", ".2f"], header)

    exam = found["exam"]
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

    said = found["robot"]
    print(f"\n{said['after']} ...")
    table([row.values() for row in said["next"]], ["", ".2f"])
    for said in found["sampled"]:
        print(f"\nit speaks at temperature {said['temperature']}")
        print(textwrap.fill(legible(said["text"]), 42))


def legible(text: str) -> str:
    """One paragraph; a sign that cannot be printed becomes a question mark."""
    words = " ".join(text.split())
    return "".join(c if c.isprintable() else "?" for c in words)


# --- From scores to a loss, step by step

# Bars lie: one unit is as long for logits as for their powers.
ZERO, UNIT, LINE = 92, 28, 20


def frames(data: dict[str, Any]) -> list[Figure]:
    """Logits, their powers, their shares, the loss, and the temperature."""
    hand = data["by_hand"]
    return [*(_chain(hand, step) for step in range(1, 5)), _temperatures(hand)]


def _bars(axes: Axes, top: float, title: str, hand: Numbers, key: str) -> None:
    diagrams.words(axes, 4, top, title, ha="left", bold=True)
    for row, (token, number) in enumerate(zip(hand["tokens"], hand[key], strict=True)):
        y = top + LINE * (row + 1)
        diagrams.words(axes, 4, y, token, plots.MUTED, ha="left")
        axes.barh(y, UNIT * number, 14, ZERO, color=plots.LINK, linewidth=0)
        text = diagrams.signed(number, ".2f" if key == "powers" else ".0f")
        right = ZERO + UNIT * max(number, 0) + 6
        diagrams.words(axes, right, y, text, ha="left")
    low = top + LINE * len(hand["tokens"]) + 12
    axes.plot([ZERO, ZERO], [top + 10, low], color=plots.MUTED, linewidth=1)


def _cake(axes: Axes, y: float, hand: Numbers, shares: Tensor, names: bool) -> None:
    """All three shares in one bar, as long as the sum of the powers above."""
    left = float(ZERO)
    whole = UNIT * float(hand["sum"])
    styles = [(plots.LINK, plots.PAPER), (plots.PAPER, plots.LINK), (plots.INK, "")]
    for token, p, (fill, ink) in zip(hand["tokens"], shares, styles, strict=True):
        wide = whole * float(p)
        axes.barh(y, wide, 24, left, color=fill, edgecolor=plots.LINK, linewidth=1)
        if ink:
            diagrams.words(axes, left + wide / 2, y, f"{p:.2f}", ink, bold=True)
        else:
            at = ZERO + whole - 4
            diagrams.words(axes, at, y - 20, f"{p:.2f}", ha="right", bold=True)
        if names:
            middle = left + wide / 2
            diagrams.words(axes, middle, y + 21, token, plots.MUTED)
        left += wide


def _chain(hand: Numbers, step: int) -> Figure:
    height = [92, 188, 264, 434][step - 1]
    figure, axes = diagrams.board(height)
    _bars(axes, 14, "logits", hand, "logits")
    if step > 1:
        _bars(axes, 110, "e to the power of each, on the same scale", hand, "powers")
    if step > 2:
        title = f"shares: divided by the sum, {hand['sum']:.2f}"
        diagrams.words(axes, 4, 204, title, ha="left", bold=True)
        _cake(axes, 230, hand, hand["probabilities"], names=True)
    if step > 3:
        _surprises(axes, hand)
    return figure


def _surprises(axes: Axes, hand: Numbers) -> None:
    """The curve of -ln p, over the same line as the shares above."""
    title = "loss: −ln of the share that the truth had"
    diagrams.words(axes, 4, 280, title, ha="left", bold=True)
    floor, wide, unit = 408, UNIT * float(hand["sum"]), 27
    p = torch.linspace(0.014, 1, 120)
    x, y = ZERO + wide * p, floor + unit * p.log()
    axes.plot(x.tolist(), y.tolist(), color=plots.QUERY)
    axes.plot([ZERO, ZERO + wide], [floor, floor], color=plots.MUTED, linewidth=1)
    axes.plot([ZERO, ZERO], [floor - 4.3 * unit, floor], color=plots.MUTED, linewidth=1)
    for mark in range(5):
        diagrams.words(axes, ZERO - 8, floor - unit * mark, str(mark), ha="right")
    for share in (0.0, 0.5, 1.0):
        at = ZERO + wide * share
        diagrams.words(axes, at, floor + 14, f"{share:g}", plots.MUTED)
    for token, share, loss in zip(
        hand["tokens"], hand["probabilities"], hand["surprise"], strict=True
    ):
        at, up = ZERO + wide * float(share), floor - unit * float(loss)
        axes.plot(at, up, "o", color=plots.QUERY)
        diagrams.words(axes, at + 9, up - 9, f"{token}: {loss:.2f}", ha="left")


def _temperatures(hand: Numbers) -> Figure:
    figure, axes = diagrams.board(228)
    for n, run in enumerate(hand["temperatures"]):
        top, t = 14 + 70 * n, run["temperature"]
        divided = ", ".join(diagrams.signed(z / t, "g") for z in hand["logits"])
        diagrams.words(axes, 4, top, f"T = {t:g}", ha="left", bold=True)
        diagrams.words(axes, ZERO, top, f"logits / T: {divided}", ha="left")
        last = n == len(hand["temperatures"]) - 1
        _cake(axes, top + 30, hand, run["probabilities"], names=last)
    return figure


def draw(data: dict[str, Any]) -> Figure:
    """The loss while it learns, on its own text and on new text."""
    found = data["learned"]
    curves, exam = found["curves"], found["exam"]
    figure, axes = plots.canvas(250)
    steps = range(len(curves))
    axes.plot(steps, [row[0] for row in curves], plots.DASHED, color=plots.KEY)
    axes.plot(steps, [row[2] for row in curves], plots.SOLID, color=plots.QUERY)
    uniform = exam["nats"]["uniform"]
    axes.axhline(uniform, color=plots.MUTED, linewidth=1, linestyle=plots.DOTTED)
    last = curves[-1]
    axes.annotate("new text", (30, 6.9), ha="right", color=plots.QUERY)
    axes.annotate("its own text", (30, last[0] + 0.2), va="bottom", color=plots.KEY)
    axes.annotate("all tokens alike", (60, uniform - 0.1), va="top", ha="right",
                  color=plots.MUTED)  # fmt: skip
    best = exam["best_step"]
    axes.plot(best, curves[best][2], "o", color=plots.QUERY)
    axes.annotate(f"step {best}", (best, curves[best][2]), xytext=(6, -12),
                  textcoords="offset points", color=plots.QUERY)  # fmt: skip
    axes.set(xlabel="step of learning", ylim=(0, 7.8))
    axes.set_title("loss, in nats a token")
    return figure


def look(data: dict[str, Any]) -> Figure:
    """How much of its word the model keeps, before and after one temperature."""
    figure, axes = plots.canvas(340)
    axes.plot([0, 1], [0, 1], plots.DOTTED, color=plots.MUTED)
    axes.annotate("right as often as it says", (0.97, 0.93), ha="right", va="top",
                  color=plots.MUTED, rotation=42)  # fmt: skip
    before, after = data["learned"]["exam"]["calibration"]
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
    found = data["learned"]
    bigram, exam = found["bigram"], found["exam"]
    counts, last = bigram["counts"], bigram["losses"][-1]["learned"]
    nats = exam["nats"]
    bytes_, _, tokens = found["tokenizers"]
    return {
        "it learns what counting gives": counts <= last < counts + 0.05,
        "softmax twice stays above a floor": bigram["twice"] > bigram["twice_floor"],
        "stopped in time it beats the unigrams": nats["best"] < nats["unigram"],
        "learning on, it ends behind knowing nothing": nats["last"] > nats["uniform"],
        "one temperature mends it": nats["cooled"] < nats["unigram"],
        "a larger vocabulary is worse a token": bytes_["a_token"] < tokens["a_token"],
        "and better a byte": bytes_["a_byte"] > tokens["a_byte"],
    }


# The key of what takes seconds, and the function that gives it.
TRAINS = "learned"
# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "    shifted = logits - logits.detach().amax(-1, keepdim=True)",
        "    shifted = logits",
    ),
    (
        "        loss = cross_entropy(model(ids[:-1]), ids[1:])",
        "        loss = cross_entropy(softmax(model(ids[:-1])), ids[1:])",
    ),
    ("TEMPERATURES = [0.5, 1.0, 2.0]", "TEMPERATURES = [0.1, 1.0, 10.0]"),
]
