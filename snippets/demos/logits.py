"""Three logits by hand, then a bigram model that learns and speaks."""

from __future__ import annotations

import math
import textwrap
from itertools import islice
from typing import Any

import torch
from matplotlib.figure import Figure

from snippets.corpora.robot import robot
from snippets.lab import plots
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
TEMPERATURES = [0.5, 1.0, 2.0]

STEPS = 60
SIZES = [256, 320, 512]  # 256 is bytes alone
BEGINNING = "The robot dropped the"


def by_hand() -> dict[str, Any]:
    """Three logits: probabilities, surprises, temperatures, smoothing."""
    glass = torch.tensor(0)
    return {
        "tokens": TOKENS,
        "logits": LOGITS,
        "powers": LOGITS.exp(),
        "sum": LOGITS.exp().sum(),
        "probabilities": softmax(LOGITS),
        "surprise": -log_softmax(LOGITS),
        "perplexity": cross_entropy(LOGITS, glass).exp(),
        "temperatures": [
            {"temperature": t, "probabilities": softmax(LOGITS / t)}
            for t in TEMPERATURES
        ],
        "smoothed": cross_entropy(LOGITS, glass, smoothing=0.1),
        # Raising e to the power of 1000 is too much for a float.
        "huge": softmax(torch.tensor([1000.0, 0.0])),
    }


def perplexities(tokenizer: Tokenizer, text: str) -> dict[str, Any]:
    """How well counting predicts a text, for each token and for each byte."""
    ids = torch.tensor(tokenizer.encode(text))
    vocab_size = len(tokenizer.tokens)
    shares = bigram_shares(ids, vocab_size)[ids[:-1], ids[1:]]
    nats = -shares.log().sum().item()
    predicted = sum(len(tokenizer.tokens[i]) for i in ids[1:])
    return {
        "vocab_size": vocab_size,
        "tokens": len(ids),
        "a_token": math.exp(nats / len(shares)),
        "a_byte": math.exp(nats / predicted),
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """Three logits by hand, then a bigram model that learns and speaks."""
    text = robot()
    merges = train(text, SIZES[-1]).merges
    tokenizers = [Tokenizer(merges[: size - 256]) for size in SIZES]
    rows = [perplexities(tokenizer, text) for tokenizer in tokenizers]
    tokenizer = tokenizers[-1]
    ids = torch.tensor(tokenizer.encode(text))
    model = Bigram(len(tokenizer.tokens))
    losses = list(islice(fit(model, ids), STEPS + 1))
    with torch.no_grad():
        twice = cross_entropy(softmax(model(ids[:-1])), ids[1:]).item()

    start = tokenizer.encode(BEGINNING)
    chances = softmax(model(torch.tensor(start[-1])).detach())
    random = torch.Generator().manual_seed(seed)
    return {
        "by_hand": by_hand(),
        "bigram": {
            "vocab_size": rows[-1]["vocab_size"],
            "losses": [
                {"step": step, "loss": losses[step]} for step in (0, 1, 10, 30, STEPS)
            ],
            "counts": math.log(rows[-1]["a_token"]),
            "twice": twice,
            # When the right token has probability 1, all others 0.
            "twice_floor": math.log(math.e + len(model.table.weight) - 1) - 1,
        },
        "tokenizers": rows,
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
    }


def show(data: dict[str, Any]) -> None:
    """Print the example, the learning, the perplexities and the speech."""
    hand = data["by_hand"]
    tokens = hand["tokens"]
    steps = (hand[step] for step in ("logits", "powers", "probabilities", "surprise"))
    header = ["token", "logit", "exp", "p", "surprise"]
    table(zip(tokens, *steps, strict=True), ["", *[".2f"] * 4], header)
    one, other = hand["huge"]
    print(f"glass, smoothed by 0.1: {hand['smoothed']:.2f}")
    print(f"logits 1000 and 0: p is {one:.2f} and {other:.2f}")

    print()
    columns = (row["probabilities"] for row in hand["temperatures"])
    header = [f"{row['temperature']:.1f}" for row in hand["temperatures"]]
    table(
        zip(tokens, *columns, strict=True),
        ["", *[".2f"] * len(header)],
        ["temperature", *header],
    )

    bigram = data["bigram"]
    print(f"\na bigram model of {bigram['vocab_size']} tokens learns")
    lines = [(f"step {row['step']}", row["loss"]) for row in bigram["losses"]]
    lines += [("by counting", bigram["counts"]), ("softmax twice", bigram["twice"])]
    rows = [(line, loss, math.exp(loss)) for line, loss in lines]
    table(rows, ["", ".2f", ".1f"], ["", "loss", "perplexity"])

    print("\nperplexity of the same text, by counting")
    header = ["vocabulary", "tokens", "a token", "a byte"]
    counts = [row.values() for row in data["tokenizers"]]
    table(counts, ["", ",", ".2f", ".2f"], header)

    robot = data["robot"]
    print(f"\n{robot['after']} ...")
    table([row.values() for row in robot["next"]], ["", ".2f"])
    for said in data["sampled"]:
        print(f"\nit speaks at temperature {said['temperature']}")
        print(textwrap.fill(legible(said["text"]), 42))


def legible(text: str) -> str:
    """One paragraph; a sign that cannot be printed becomes a question mark."""
    words = " ".join(text.split())
    return "".join(c if c.isprintable() else "?" for c in words)


def draw(data: dict[str, Any]) -> Figure:
    """The logits, then the probabilities at three temperatures."""
    hand = data["by_hand"]
    figure, axes = plots.canvas(300, 2, 2)
    first, *others = axes.flat
    plots.bars(first, hand["tokens"], hand["logits"], "logits", plots.LINK)
    first.axvline(0, color=plots.MUTED, linewidth=1)
    first.spines["left"].set_visible(False)
    first.set_xlim(-3, 4)
    for panel, row in zip(others, hand["temperatures"], strict=True):
        title = f"temperature {row['temperature']:g}"
        plots.bars(panel, hand["tokens"], row["probabilities"], title, plots.LINK)
        panel.set_xlim(0, 1.3)
    return figure


def holds(data: dict[str, Any]) -> dict[str, bool]:
    """What the page concludes from the training."""
    bigram = data["bigram"]
    counts, last = bigram["counts"], bigram["losses"][-1]["loss"]
    floor = bigram["twice_floor"]
    return {
        "it learns what counting gives": counts <= last < counts + 0.05,
        "softmax twice stays above a floor": bigram["twice"] > floor,
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
