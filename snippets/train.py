"""Train a translator for longer than a demo may take, and record how good it is.

    python -m snippets train additive-attention
    python -m snippets train additive-attention --record
    python -m snippets train seq2seq --pairs por.txt --steps 20000

It trains on our own Portuguese and English sentences, or on a file of pairs: English,
tab, Portuguese, as in the files that manythings.org/anki makes of Tatoeba's sentences.
Ctrl-C keeps what there is; --resume goes on from it. Started by torchrun, several
processes train together, each with batches of its own, and begin again from the last
checkpoint where one of them was killed:

    torchrun --nproc-per-node 2 --max-restarts 3 -m snippets train seq2seq
"""

from __future__ import annotations

if __name__ == "__main__":
    raise SystemExit("write: python -m snippets train")

import argparse
import hashlib
import importlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from torch import nn

from snippets.corpora.held_out import held_out
from snippets.corpora.portuguese import Pair, PairsError, read_pairs
from snippets.corpora.translation import (
    SENTENCE,
    Build,
    Settings,
    Translator,
    drawing,
    scores,
    sentences,
    train,
)
from snippets.lab import processes, record
from snippets.lab.arguments import Parser, call, count, device, fail, known, seed
from snippets.lab.checkpoints import ABOUT, Checkpoint, TrainingError
from snippets.recurrence.additive_attention import RNNSearch
from snippets.recurrence.luong import Luong
from snippets.recurrence.multiplicative_attention import General
from snippets.recurrence.seq2seq import Seq2Seq

RESULTS = record.RESULTS / "trained"
CACHE = record.ROOT / ".cache" / "training"
TESTS = 500  # sentences
STEPS = 4000
LR = 0.005  # with twice this rate one score, general, learns or not by the seed


def luong(source_size: int, target_size: int, d_model: int, d_hidden: int) -> nn.Module:
    """Luong's, with the score called general."""
    score = General(d_hidden, d_hidden)
    return Luong(source_size, target_size, d_model, d_hidden, score)


MODELS: dict[str, Build] = {
    "seq2seq": Seq2Seq,
    "additive-attention": RNNSearch,
    "multiplicative-attention": luong,
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser("train", __doc__, "what to train")
    parser.add_argument(
        "--steps",
        type=count,
        help=f"updates of the weights; {STEPS} without it, or as many as the training"
        " that --resume goes on with",
    )
    parser.add_argument("--seed", type=seed, default=0, help="for all random numbers")
    parser.add_argument(
        "--pairs", type=Path, help="a file of pairs: English, tab, Portuguese"
    )
    parser.flag("--resume", "go on from the checkpoint, where the last training ended")
    parser.flag("--restart", "begin anew, and write over the checkpoint")
    parser.add_argument(
        "--checkpoints",
        type=Path,
        default=CACHE,
        help="the folder for them; .cache/training without it",
    )
    parser.flag("--record", "write the result into docs/results/trained")
    options = parser.parse_args(arguments)
    if options.resume and options.restart:
        parser.error("--resume: not with --restart, which begins anew")
    if options.record and options.pairs:
        parser.error("--record: of our own pairs only")
    if options.record and options.resume:
        parser.error("--record: of a training from its beginning only")
    return options


def main(arguments: Sequence[str], others: Sequence[str] = ()) -> int:
    """Train one translator, or list those and what `others` can be trained."""
    options = parse(arguments)
    names = [*MODELS, *others]
    if options.name is None:
        print("\n".join(names))
        print(f"\nTrain one: {call('train NAME')}")
        return 0
    known(options.name, "training", names, "train")
    device(options.device)
    # What scores in the end is missing before the training, not after it.
    importlib.import_module("sacrebleu")
    try:
        with processes.joined(options.device) as options.device:
            return run(options)
    except PairsError as error:
        fail(str(error))


def run(options: argparse.Namespace) -> int:
    """Train, translate what it has never seen, print, record.

    Raises:
        PairsError: the file of pairs cannot be read.
        TrainingError: the checkpoint cannot be used.
        RefusalError: the result cannot be written.
    """
    settings = Settings(STEPS, lr=LR)
    print(f"{options.name}: reading the pairs", file=sys.stderr)
    training, test = data(options.pairs, settings)
    with checkpoint_of(options, settings, training) as checkpoint:
        settings = replace(settings, steps=steps_of(options.steps, checkpoint))
        # Of one processor: a busy machine does not make it slower.
        start = time.process_time()
        translator = train(
            MODELS[options.name],
            training,
            settings,
            options.seed,
            checkpoint,
            options.name,
            options.device,
        )
        seconds = time.process_time() - start
    done = len(translator.losses)
    found = scores(translator, test, settings.longest)
    print(f"{options.name}: {done} steps in {seconds:.0f} s")
    for name, score in found.items():
        print(f"{name.replace('_', ' '):12}{score:8.3f}")
    if options.pairs or done < settings.steps:
        shown = [(p, translator.translate([p], 60)[0]) for p in test[:5]]
    else:
        drawn = drawing(translator)
        shown = [(SENTENCE, drawn["written"])]
        if options.record and processes.first():
            new = held_out(translator, test, 2 * settings.longest)
            seen = {"sentence": drawn, "held_out": new}
            write(options, settings, translator, found, seen)
    for pair, words in shown:
        print(f"{' '.join(pair.portuguese)}\n  {' '.join(words)}")
    if checkpoint.trouble:
        raise TrainingError(checkpoint.trouble)
    # As a shell counts a program that Ctrl-C has ended.
    return 0 if done == settings.steps else 130


def data(path: Path | None, settings: Settings) -> tuple[list[Pair], list[Pair]]:
    """The pairs to train on, and others to test on.

    Raises:
        PairsError: the file of pairs cannot be read, or is too small.
    """
    if path is None:
        training = sentences("train", settings, settings.count)
        return training, sentences("test", settings, TESTS)
    pairs = read_pairs(path)
    if len(pairs) < 2:
        raise PairsError(f"{path}: one pair; give two or more, some to test")
    # One in twenty is kept to test on, at most so many.
    test = pairs[:: max(20, len(pairs) // TESTS)]
    # A sentence that comes again is not new.
    asked = {pair.portuguese for pair in test}
    training = [pair for pair in pairs if pair.portuguese not in asked]
    if not training:
        raise PairsError(f"{path}: one sentence only; give others to train on")
    return training, test


def checkpoint_of(
    options: argparse.Namespace, settings: Settings, training: Sequence[Pair]
) -> Checkpoint:
    """A checkpoint for this model, this seed and these very sentences."""
    words = [(pair.portuguese, pair.english) for pair in training]
    digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()
    of = {
        "model": options.name,
        "data": digest,
        "seed": options.seed,
        **asdict(settings),
    }
    del of["steps"]  # may change: see `steps_of`
    folder = options.checkpoints / f"{options.name}-{options.seed}-{digest[:8]}"
    if processes.restarted():
        # By torchrun: from the last checkpoint, where one was written.
        return Checkpoint(folder, of, resume=(folder / ABOUT).exists())
    return Checkpoint(folder, of, options.resume, options.restart)


def steps_of(asked: int | None, checkpoint: Checkpoint) -> int:
    """How many steps in all; what is resumed has a number of its own.

    Raises:
        TrainingError: it has taken more already.
    """
    about = checkpoint.about
    if about is None:
        return asked or STEPS
    steps = asked or about.steps
    if about.step > steps:
        raise TrainingError(
            f"{checkpoint.path}: is at step {about.step} already; give more --steps"
        )
    if steps != about.steps:
        print(
            f"it began as a training of {about.steps} steps, so its learning rate, and"
            f" with it every loss, is not that of one of {steps}",
            file=sys.stderr,
        )
    return steps


def write(
    options: argparse.Namespace,
    settings: Settings,
    translator: Translator,
    found: dict[str, float],
    seen: dict[str, Any],
) -> None:
    """Write the result beside those of the demos.

    Raises:
        RefusalError: it cannot be written.
    """
    weights = translator.model.parameters()
    command = f"train {options.name} --steps {settings.steps} --seed {options.seed}"
    data = {
        "settings": asdict(settings),
        "parameters": sum(weight.numel() for weight in weights),
        "scores": found,
        **seen,
    }
    record.write_trained(
        options.name,
        f"python -m snippets {command}",
        __name__,
        options.seed,
        data,
        RESULTS,
    )
