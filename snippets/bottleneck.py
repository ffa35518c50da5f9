"""Is it the training or the vector? The plain translator, trained otherwise.

    python -m snippets.bottleneck longer
    python -m snippets.bottleneck wider --record

`python -m snippets train seq2seq` trains it for 4,000 steps with a state of 128 numbers
and records what it makes of new sentences. This does the same for longer, or with a
wider state, and also asks what the model makes of sentences it was trained on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import torch

from snippets.corpora.held_out import groups, right
from snippets.corpora.portuguese import Pair
from snippets.corpora.translation import Settings, Translator, train
from snippets.lab import record
from snippets.recurrence.seq2seq import Seq2Seq
from snippets.train import LR, RESULTS, STEPS, TESTS, data

PLAIN = Settings(STEPS, lr=LR)
TRAININGS = {
    "longer": replace(PLAIN, steps=4 * STEPS),
    "wider": replace(PLAIN, d_hidden=2 * PLAIN.d_hidden),
    # Each sentence is read as often as in the first training.
    "more": replace(PLAIN, steps=4 * STEPS, count=4 * PLAIN.count),
}


def by_length(translator: Translator, test: Sequence[Pair]) -> list[dict[str, Any]]:
    """How many sentences of each length it gets right, and BLEU."""
    written = translator.translate(test, 2 * PLAIN.longest)
    return [
        {"shortest": first, "longest": last, **right(some, theirs)}
        for (first, last), some, theirs in groups(test, written)
    ]


def measure(settings: Settings, seed: int = 0) -> dict[str, Any]:
    """Train it so, and count on new sentences and on some of the training."""
    training, test = data(None, settings)
    translator = train(Seq2Seq, training, settings, seed, label="seq2seq")
    weights = translator.model.parameters()
    return {
        "settings": asdict(settings),
        "parameters": sum(weight.numel() for weight in weights),
        "lengths": by_length(translator, test),
        "trained_on": by_length(translator, training[:TESTS]),
    }


def main(arguments: Sequence[str]) -> int:
    """Train, print, and record where asked."""
    parser = argparse.ArgumentParser("snippets.bottleneck")
    parser.add_argument("name", choices=TRAININGS)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    found = measure(TRAININGS[options.name])
    for key in ("lengths", "trained_on"):
        print(key)
        for group in found[key]:
            print(*group.values())
    if options.record:
        name, command = options.name, f"python -m snippets.bottleneck {options.name}"
        module = "snippets.bottleneck"
        record.write_trained(f"seq2seq-{name}", command, module, 0, found, RESULTS)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
