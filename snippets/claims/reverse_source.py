"""Does a plain LSTM translate better when it reads the source backwards?"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from statistics import mean

import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.corpora.portuguese import Pair
from snippets.corpora.translation import Settings, Translator, sentences, train
from snippets.lab import plots
from snippets.lab.claims import Row, column, dots, gains, span, verdict
from snippets.lab.scores import bleu
from snippets.lab.tables import table
from snippets.recurrence.seq2seq import Seq2Seq
from snippets.text.logits import log_softmax

CLAIM = "Reversing the source helps a plain LSTM encoder-decoder."
PAPER = "sutskever-2014-seq2seq"
WHERE = "section 3.3"
REPORTED = (
    "With the words of the source reversed, test perplexity dropped from 5.8 to 4.7"
    " and BLEU rose from 25.9 to 30.6."
)
# As far apart as two processors may be.
TOLERANCES = {
    "perplexity": 0.1,
    "bleu": 3.0,
    "exact": 0.05,
    "beginning": 0.1,
    "rest": 0.1,
}

SETTINGS = Settings(
    steps=900,
    count=10_000,
    longest=15,
    batch_size=64,
    lr=5e-3,
    d_model=96,
    d_hidden=192,
)
TEST = 300  # sentences
BEGINNING = 3  # so many words of a translation are its beginning
ORDERS = ("as it is", "reversed")


def backwards(some: Sequence[Pair]) -> list[Pair]:
    """The pairs with the words of the source from last to first."""
    return [
        dataclasses.replace(
            pair,
            portuguese=pair.portuguese[::-1],
            alignment=frozenset(
                (len(pair.portuguese) - 1 - i, j) for i, j in pair.alignment
            ),
        )
        for pair in some
    ]


def surprises(translator: Translator, test: Sequence[Pair]) -> Tensor:
    """The surprise at each true word (sentence, place); NaN where there is none."""
    held_out = translator.rows(test)
    known, wanted = held_out.target[:, :-1], held_out.target[:, 1:]
    log_chances = log_softmax(translator.model(held_out.source, known))
    surprise = -log_chances.gather(-1, wanted[..., None])[..., 0]
    return surprise.masked_fill(~held_out.target_mask[:, 1:], math.nan)


@torch.no_grad()
def score(translator: Translator, test: Sequence[Pair]) -> Row:
    """How well a translator does on sentences that it has not seen."""
    surprise = surprises(translator, test)
    written = translator.translate(test, 2 * SETTINGS.longest)
    true = [list(pair.english) for pair in test]
    right = sum(t == w for t, w in zip(true, written, strict=True))
    return {
        "perplexity": surprise.nanmean().exp().item(),
        "bleu": bleu(written, true),
        "exact": right / len(true),
        "beginning": surprise[:, :BEGINNING].nanmean().item(),
        "rest": surprise[:, BEGINNING:].nanmean().item(),
    }


def measure(seed: int, device: str = "cpu") -> list[Row]:
    """Two models that differ in nothing but the order in which they read."""
    training = sentences("train", SETTINGS, SETTINGS.count, seed)
    test = sentences("test", SETTINGS, TEST, seed)
    rows = []
    for order in ORDERS:
        if order == "reversed":
            training, test = backwards(training), backwards(test)
        translator = train(
            Seq2Seq,
            training,
            SETTINGS,
            seed,
            label=f"seed {seed}, {order}",
            device=device,
        )
        rows.append({"source": order, **score(translator, test)})
    return rows


def gained(rows: Sequence[Row], key: str) -> list[float]:
    """What reversing adds to a number, for each seed."""
    before, after = ({"source": order} for order in ORDERS)
    return gains(rows, key, before, after)


def conclude(rows: Sequence[Row]) -> tuple[str, str]:
    """Seen where every seed gains in BLEU and in perplexity."""
    bleus, perplexity = (gained(rows, k) for k in ("bleu", "perplexity"))
    seen = min(bleus) > 0 > max(perplexity)
    partly = mean(bleus) > 0 > mean(perplexity)
    before, after = (mean(column(rows, "perplexity", source=o)) for o in ORDERS)
    start, rest = (mean(gained(rows, key)) for key in ("beginning", "rest"))
    agrees = "which agrees" if start < rest else "which does not agree"
    return verdict(seen, partly), (
        "With the words of the source in reverse, BLEU changes by"
        f" {mean(bleus):+.1f} on average ({span(bleus, '+.1f', ' to ')} over"
        f" {len(bleus)} seeds) and perplexity from {before:.2f} to {after:.2f}. The"
        " authors had expected that the early words of a translation alone would gain,"
        " and write that they were wrong, since long sentences gained too. Here the"
        f" loss changes by {start:+.2f} at the first {BEGINNING} words and by"
        f" {rest:+.2f} at all others, {agrees} with what they had expected."
    )


def show(rows: Sequence[Row]) -> None:
    """Print a line for each model."""
    print(
        f"{SETTINGS.steps} steps, {SETTINGS.shortest} to"
        f" {SETTINGS.longest} words, greedy search"
    )
    keys = ("seed", "source", "perplexity", "bleu", "exact")
    lines = [[row[key] for key in keys] for row in rows]
    header = ["seed", "source", "perplexity", "BLEU", "exact"]
    table(lines, ["", "", ".2f", ".1f", ".1%"], header)


def draw(rows: Sequence[Row]) -> Figure:
    """BLEU and perplexity in both orders; a line joins what has one seed."""
    figure, panels = plots.canvas(220, 1, 2)
    names = ("bleu", "BLEU", 0), ("perplexity", "perplexity", 1)
    for axes, (key, title, lowest) in zip(panels, names, strict=True):
        before, after = (column(rows, key, source=order) for order in ORDERS)
        dots(axes, (0, 1), (before, after), "o-", plots.LINK, linewidth=1)
        axes.set_xticks((0, 1), ORDERS)
        axes.set(title=title, xlim=(-0.4, 1.4))
        top = max(*before, *after)
        axes.set_ylim(lowest, top + 0.1 * (top - lowest))
    return figure
