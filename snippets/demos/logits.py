"""Three logits by hand, then a bigram model that learns and speaks."""

from __future__ import annotations

import math
import textwrap
from itertools import islice
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.corpora.robot import robot
from snippets.lab import plots
from snippets.text.logits import (
    Bigram,
    counted,
    cross_entropy,
    fit,
    log_softmax,
    softmax,
    speak,
)
from snippets.text.tokenization import Tokenizer
from snippets.text.tokenization import train as train_tokenizer

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
        "probabilities": softmax(LOGITS),
        "surprise": -log_softmax(LOGITS),
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
    shares = counted(ids, vocab_size)[ids[:-1], ids[1:]]
    nats = -shares.log().sum().item()
    predicted = sum(len(tokenizer.tokens[i]) for i in ids[1:])
    return {
        "vocab_size": vocab_size,
        "tokens": len(ids),
        "a_token": math.exp(nats / len(shares)),
        "a_byte": math.exp(nats / predicted),
    }


def difference_to_pytorch(seed: int, device: str) -> dict[str, float]:
    """The largest differences to PyTorch's own, on logits far apart."""
    random = torch.Generator().manual_seed(seed)
    logits = (50 * torch.randn(64, 100, generator=random)).to(device)
    targets = torch.randint(100, (64,), generator=random).to(device)

    def apart(ours: Tensor, theirs: Tensor) -> float:
        return (ours - theirs).abs().max().item()

    return {
        "softmax": apart(softmax(logits), logits.softmax(-1)),
        "loss": apart(cross_entropy(logits, targets), F.cross_entropy(logits, targets)),
        "smoothed": apart(
            cross_entropy(logits, targets, smoothing=0.1),
            F.cross_entropy(logits, targets, label_smoothing=0.1),
        ),
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """Three logits by hand, then a bigram model that learns and speaks."""
    text = robot()
    tokenizers = [train_tokenizer(text, size) for size in SIZES]
    rows = [perplexities(tokenizer, text) for tokenizer in tokenizers]
    tokenizer = tokenizers[-1]
    ids = torch.tensor(tokenizer.encode(text))
    model = Bigram(len(tokenizer.tokens))
    losses = list(islice(fit(model, ids), STEPS + 1))
    with torch.no_grad():
        twice = cross_entropy(softmax(model(ids[:-1])), ids[1:]).item()

    start = tokenizer.encode(BEGINNING)
    chances = softmax(model(torch.tensor(start[-1])).detach())
    best = chances.topk(5)
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
                {"token": tokenizer.decode([i]), "p": p}
                for p, i in zip(
                    best.values.tolist(), best.indices.tolist(), strict=True
                )
            ],
        },
        "sampled": [
            {
                "temperature": t,
                "text": tokenizer.decode(speak(model, start, 40, t, random)),
            }
            for t in TEMPERATURES
        ],
        "difference": difference_to_pytorch(seed, device),
    }


def show(data: dict[str, Any]) -> None:
    """Print the example, the learning, the perplexities and the speech."""
    hand = data["by_hand"]
    print("token  logit    exp      p  surprise")
    steps = ("logits", "powers", "probabilities", "surprise")
    for token, logit, power, p, surprise in zip(
        hand["tokens"], *(hand[s] for s in steps), strict=True
    ):
        print(f"{token:5}{logit:7.2f}{power:7.2f}{p:7.2f}{surprise:10.2f}")
    one, other = hand["huge"]
    print(f"glass, smoothed by 0.1:{hand['smoothed']:13.2f}")
    print(f"logits 1000 and 0: p is {one:.2f} and {other:.2f}")

    print(
        "\ntemperature"
        + "".join(f"{row['temperature']:7.1f}" for row in hand["temperatures"])
    )
    for token, *p in zip(
        hand["tokens"],
        *(row["probabilities"] for row in hand["temperatures"]),
        strict=True,
    ):
        print(f"{token:11}" + "".join(f"{number:7.2f}" for number in p))

    bigram = data["bigram"]
    print(f"\na bigram model of {bigram['vocab_size']} tokens learns")
    print("               loss  perplexity")
    lines = [(f"step {row['step']}", row["loss"]) for row in bigram["losses"]]
    lines += [("by counting", bigram["counts"])]
    lines += [("softmax twice", bigram["twice"])]
    for line, loss in lines:
        print(f"{line:13}{loss:6.2f}{math.exp(loss):12.1f}")

    print("\nperplexity of the same text, by counting")
    print("vocabulary  tokens  a token  a byte")
    for row in data["tokenizers"]:
        print(
            f"{row['vocab_size']:10}{row['tokens']:8,}"
            f"{row['a_token']:9.2f}{row['a_byte']:8.2f}"
        )

    robot = data["robot"]
    print(f"\n{robot['after']} ...")
    for row in robot["next"]:
        print(f"{row['token']:10}{row['p']:5.2f}")
    for said in data["sampled"]:
        print(f"\nit speaks at temperature {said['temperature']}")
        print(textwrap.fill(legible(said["text"]), 42))

    print("\nlargest difference to PyTorch")
    for what, size in data["difference"].items():
        print(f"{what:9} {size:.1e}")


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
