"""Does a plain LSTM translate better when it reads the source backwards?"""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics
from collections.abc import Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.lab import plots
from snippets.lab.batches import Vocabulary, batch, shuffled
from snippets.lab.portuguese import Pair, pairs
from snippets.lab.scores import bleu
from snippets.lab.training import fit
from snippets.recurrence.search import greedy
from snippets.recurrence.seq2seq import Seq2Seq, translation_loss
from snippets.text.logits import log_softmax

CLAIM = "Reversing the source helps a plain LSTM encoder-decoder."
PAPER = "sutskever-2014-seq2seq"
WHERE = "section 3.3"
REPORTED = (
    "With the words of the source reversed, test perplexity dropped from 5.8 to 4.7"
    " and BLEU rose from 25.9 to 30.6."
)

SHORTEST, LONGEST = 4, 15
TRAIN, TEST, STEPS, BATCH, LR = 10_000, 300, 900, 64, 5e-3
D_MODEL, D_HIDDEN = 96, 192
BEGINNING = 3  # so many words of a translation are its beginning
ORDERS = ("as it is", "reversed")
Row = dict[str, Any]


def backwards(some: Sequence[Pair]) -> list[Pair]:
    """The pairs with the words of the source from last to first."""
    return [
        dataclasses.replace(
            pair,
            portuguese=pair.portuguese[::-1],
            alignment=frozenset(
                (len(pair.portuguese) - 1 - i, j)
                for i, j in pair.alignment
            ),
        )
        for pair in some
    ]


def rate(step: int) -> float:
    """The learning rate: up over 50 steps, then down to nearly nothing."""
    return LR * min(1, (step + 1) / 50) * max(0.02, 1 - step / STEPS)


def surprises(
    model: Seq2Seq, test: Sequence[Pair], *words: Vocabulary
) -> Tensor:
    """The surprise at each true word (sentence, place); NaN where there is none."""
    held_out = batch(test, *words)
    known, wanted = held_out.target[:, :-1], held_out.target[:, 1:]
    log_chances = log_softmax(model(held_out.source, known))
    surprise = -log_chances.gather(-1, wanted[..., None])[..., 0]
    return surprise.masked_fill(~held_out.target_mask[:, 1:], math.nan)


@torch.no_grad()
def score(
    model: Seq2Seq, test: Sequence[Pair], *words: Vocabulary
) -> Row:
    """How well a model does on sentences that it has not seen."""
    surprise = surprises(model, test, *words)
    source = batch(test, *words).source
    written = [
        tuple(words[1].decode(row))
        for row in greedy(model, source, 2 * LONGEST)
    ]
    true = [pair.english for pair in test]
    right = sum(t == w for t, w in zip(true, written, strict=True))
    return {
        "perplexity": surprise.nanmean().exp().item(),
        "bleu": bleu(written, true),
        "exact": right / len(true),
        "beginning": surprise[:, :BEGINNING].nanmean().item(),
        "rest": surprise[:, BEGINNING:].nanmean().item(),
    }


def measure(seed: int) -> list[Row]:
    """Two models that differ in nothing but the order in which they read."""
    some = pairs("train", seed, SHORTEST, LONGEST)
    train = list(itertools.islice(some, TRAIN))
    some = pairs("test", seed, SHORTEST, LONGEST)
    test = list(itertools.islice(some, TEST))
    source = Vocabulary(pair.portuguese for pair in train)
    target = Vocabulary(pair.english for pair in train)
    rows = []
    for order in ORDERS:
        if order == "reversed":
            train, test = backwards(train), backwards(test)
        torch.manual_seed(seed)
        model = Seq2Seq(len(source), len(target), D_MODEL, D_HIDDEN)
        fit(
            model,
            shuffled(train, source, target, BATCH, seed),
            translation_loss,
            STEPS,
            rate,
            seed,
            label=f"seed {seed}, {order}",
        )
        rows.append(
            {"source": order, **score(model, test, source, target)}
        )
    return rows


def column(rows: Sequence[Row], order: str, key: str) -> list[float]:
    """One number of every seed, in the order of the seeds."""
    return [row[key] for row in rows if row["source"] == order]


def gains(rows: Sequence[Row], key: str) -> list[float]:
    """What reversing adds to a number, for each seed."""
    both = (column(rows, order, key) for order in ORDERS)
    return [after - before for before, after in zip(*both, strict=True)]


def conclude(rows: Sequence[Row]) -> tuple[str, str]:
    """Seen where every seed gains in BLEU and in perplexity."""
    gained, perplexity = gains(rows, "bleu"), gains(rows, "perplexity")
    if min(gained) > 0 > max(perplexity):
        verdict = "seen"
    elif statistics.mean(gained) > 0 > statistics.mean(perplexity):
        verdict = "partly"
    else:
        verdict = "not seen"
    before, after = (
        statistics.mean(column(rows, order, "perplexity"))
        for order in ORDERS
    )
    start, rest = (
        statistics.mean(gains(rows, key))
        for key in ("beginning", "rest")
    )
    return verdict, (
        f"Reversing the source changes BLEU by {statistics.mean(gained):+.1f} on"
        f" average ({min(gained):+.1f} to {max(gained):+.1f} over {len(gained)} seeds)"
        f" and perplexity from {before:.2f} to {after:.2f}. Surprise changes by"
        f" {start:+.2f} at the first {BEGINNING} words of a translation and by"
        f" {rest:+.2f} at the rest."
    )


def show(rows: Sequence[Row]) -> None:
    """Print a line for each model."""
    print(
        f"{STEPS} steps, {SHORTEST} to {LONGEST} words, greedy search"
    )
    print("seed  source    perplexity  BLEU   exact")
    for row in rows:
        print(
            f"{row['seed']:4}  {row['source']:9} {row['perplexity']:10.2f}"
            f" {row['bleu']:5.1f}  {row['exact']:6.1%}"
        )


def draw(rows: Sequence[Row]) -> Figure:
    """BLEU and perplexity in both orders; a line joins what has one seed."""
    figure, panels = plots.canvas(220, 1, 2)
    names = ("bleu", "BLEU", 0), ("perplexity", "perplexity", 1)
    for axes, (key, title, lowest) in zip(panels, names, strict=True):
        before, after = (column(rows, order, key) for order in ORDERS)
        for ends in zip(before, after, strict=True):
            axes.plot((0, 1), ends, "o-", color=plots.LINK, linewidth=1)
        axes.set_xticks((0, 1), ORDERS)
        axes.set(title=title, xlim=(-0.4, 1.4))
        top = max(*before, *after)
        axes.set_ylim(lowest, top + 0.1 * (top - lowest))
    return figure
