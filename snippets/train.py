"""Train a translator for longer than a demo may take, and record how good it is.

    python -m snippets.train additive-attention
    python -m snippets.train additive-attention --record
    python -m snippets.train seq2seq --pairs por.txt --steps 20000

It trains on our own Portuguese and English sentences, or on a file of pairs: English,
tab, Portuguese, as in the files that manythings.org/anki makes of Tatoeba's sentences.
Ctrl-C keeps what there is; --resume goes on from it.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from snippets.lab import record
from snippets.lab.arguments import Parser, guarded, seed
from snippets.lab.portuguese import Pair, PairsError, read_pairs
from snippets.lab.scores import alignment_error_rate, bleu, strongest
from snippets.lab.training import TrainingError
from snippets.recurrence.additive_attention import RNNSearch
from snippets.recurrence.luong import Luong
from snippets.recurrence.multiplicative_attention import General
from snippets.recurrence.seq2seq import Seq2Seq
from snippets.recurrence.translation import (
    SENTENCE,
    Build,
    Settings,
    Translator,
    sentences,
    train,
)

RESULTS = record.RESULTS / "benchmarks"
CACHE = record.ROOT / ".cache" / "training"
TESTS = 500  # sentences


def luong(
    source_size: int, target_size: int, d_model: int, d_hidden: int
) -> nn.Module:
    """Luong's, with the score called general."""
    score = General(d_hidden, d_hidden)
    return Luong(source_size, target_size, d_model, d_hidden, score)


MODELS: dict[str, Build] = {
    "seq2seq": Seq2Seq,
    "additive-attention": RNNSearch,
    "multiplicative-attention": luong,
}


def scores(
    translator: Translator, test: Sequence[Pair], longest: int
) -> dict[str, float]:
    """BLEU, the share of perfect sentences, the alignment error rate."""
    written = translator.translate(test, 2 * longest)
    wanted = [list(pair.english) for pair in test]
    same = [a == b for a, b in zip(written, wanted, strict=True)]
    found = {
        "bleu": bleu(written, wanted),
        "perfect": sum(same) / len(same),
    }
    gold = [pair.alignment for pair in test]
    if hasattr(translator.model, "aligned") and all(gold):
        links = map(strongest, translator.look(test))
        found["error_rate"] = alignment_error_rate(links, gold)
    return found


def drawing(translator: Translator) -> dict[str, Any]:
    """The sentence of all pages, and where the translator looks in it."""
    (written,) = translator.translate([SENTENCE], 30)
    shown: dict[str, Any] = {
        "portuguese": SENTENCE.portuguese,
        "english": SENTENCE.english,
        "gold": sorted(SENTENCE.alignment),
        "written": written,
    }
    if hasattr(translator.model, "aligned"):
        (shown["weights"],) = translator.look([SENTENCE])
    return shown


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="python -m snippets.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=MODELS)
    parser.add_argument(
        "--steps",
        type=int,
        default=4000,
        help="updates of the weights; 4000 without it",
    )
    parser.add_argument(
        "--seed",
        type=seed,
        default=0,
        help="for all random numbers; 0 without it",
    )
    parser.add_argument(
        "--pairs",
        type=Path,
        help="a file of pairs: English, tab, Portuguese",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint, where the last training ended",
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="write the result into docs/results/benchmarks",
    )
    options = parser.parse_args(arguments)
    if options.steps < 1:
        parser.error("--steps: at least 1")
    if options.record and options.pairs:
        parser.error("--record: of our own pairs only")
    if options.record and options.resume:
        parser.error("--record: of a training from its beginning only")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    torch.set_num_threads(1)
    # With twice this rate one score, general, learns or not by the seed.
    settings = Settings(options.steps, lr=0.005)

    def trained() -> int:
        # What scores in the end is missing before the training, not after it.
        importlib.import_module("sacrebleu")
        try:
            return run(options, settings)
        except (PairsError, TrainingError) as error:
            return refuse(str(error))

    return guarded(trained)


def refuse(why: str) -> int:
    """One line on standard error, exit status 2."""
    print(f"train: {why}", file=sys.stderr)
    return 2


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Train, translate what it has never seen, print, record.

    Raises:
        PairsError: the file of pairs cannot be read.
        TrainingError: there is nothing to resume, or the result cannot be written.
    """
    if options.pairs:
        checkpoint = CACHE / f"{options.name}-{options.pairs.stem}.pt"
        known = read_pairs(options.pairs)
        if len(known) < 2:
            raise PairsError(
                f"{options.pairs}: one pair; give two or more, some to test"
            )
        # One in twenty is kept to test on, at most so many.
        apart = max(20, len(known) // TESTS)
        test = known[::apart]
        # A sentence that comes again is not new.
        asked = {pair.portuguese for pair in test}
        training = [p for p in known if p.portuguese not in asked]
        if not training:
            raise PairsError(
                f"{options.pairs}: one sentence only; give others to train on"
            )
    else:
        checkpoint = CACHE / f"{options.name}.pt"
        training = sentences("train", settings, settings.count)
        test = sentences("test", settings, TESTS)
    # Of one processor: a busy machine does not make it slower.
    start = time.process_time()
    translator = train(
        MODELS[options.name],
        training,
        settings,
        options.seed,
        checkpoint,
        options.resume,
        options.name,
    )
    seconds = time.process_time() - start
    done = len(translator.losses)
    if done > options.steps:
        raise TrainingError(
            f"{checkpoint}: is at step {done} already; give more --steps"
        )
    found = scores(translator, test, settings.longest)
    print(f"{options.name}: {done} steps in {seconds:.0f} s")
    for name, score in found.items():
        print(f"{name.replace('_', ' '):12}{score:8.3f}")
    if options.pairs or done < options.steps:
        for pair in test[:5]:
            (words,) = translator.translate([pair], 60)
            print(f"{' '.join(pair.portuguese)}\n  {' '.join(words)}")
        return 0
    shown = drawing(translator)
    print(" ".join(shown["portuguese"]))
    print(" ".join(shown["written"]))
    if options.record:
        write(options, settings, translator, found, shown)
    return 0


def write(
    options: argparse.Namespace,
    settings: Settings,
    translator: Translator,
    found: dict[str, float],
    shown: dict[str, Any],
) -> None:
    """Write the result beside those of the demos.

    Raises:
        TrainingError: it cannot be written.
    """
    weights = translator.model.parameters()
    content = {
        "name": options.name,
        "recipe": record.recipe(
            f"python -m snippets train {options.name}"
            f" --steps {settings.steps} --seed {options.seed}",
            seed=options.seed,
            device="cpu",
            code=record.code_hash(__name__),
        ),
        "data": {
            "settings": asdict(settings),
            "parameters": sum(weight.numel() for weight in weights),
            "scores": found,
            "sentence": shown,
        },
    }
    try:
        paths = record.Result(record.plain(content)).write(RESULTS)
    except OSError as error:
        raise TrainingError(
            f"{error.filename}: cannot write there ({error.strerror})"
        ) from error
    print(f"wrote {paths[0]}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
