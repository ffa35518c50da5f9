"""Train a translator for longer than a demo may take, and record how good it is.

    python -m snippets.train additive-attention
    python -m snippets.train additive-attention --record
    python -m snippets.train seq2seq --pairs por.txt --steps 20000

It trains on our own Portuguese and English sentences, or on a file of tab-separated
pairs in Tatoeba's format. Ctrl-C keeps what there is; --resume goes on from it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from snippets.lab import record
from snippets.lab.batches import Vocabulary, batch, shuffled
from snippets.lab.portuguese import (
    Pair,
    PairsError,
    pairs,
    read_pairs,
    words_of,
)
from snippets.lab.scores import alignment_error_rate, bleu, strongest
from snippets.lab.training import TrainingError, fit
from snippets.recurrence.additive_attention import RNNSearch
from snippets.recurrence.luong import Luong
from snippets.recurrence.multiplicative_attention import General
from snippets.recurrence.search import greedy
from snippets.recurrence.seq2seq import Seq2Seq, translation_loss

Build = Callable[[int, int, int, int], nn.Module]
RESULTS = record.RESULTS / "benchmarks"
CACHE = record.ROOT / ".cache" / "training"

# The sentence that runs through all pages, with an adjective to turn round.
SENTENCE = Pair(
    words_of(
        "o robô deixou cair o copo novo porque estava escorregadio."
    ),
    words_of(
        "the robot dropped the new glass because it was slippery."
    ),
    frozenset(
        enumerate([0, 1, 2, 2, 3, 5, 4, 6, 7, 9, 10]),
    )
    | {(8, 8)},  # "estava" is both "it" and "was"
)


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


@dataclass(frozen=True)
class Settings:
    """How a translator is trained."""

    steps: int
    count: int = 30_000  # pairs
    shortest: int = 4
    longest: int = 20
    batch_size: int = 32
    lr: float = 0.01
    d_model: int = 64
    d_hidden: int = 128

    def rate(self, step: int) -> float:
        """Rises for 50 steps, then falls to a fiftieth, in straight lines."""
        rising = (step + 1) / 50
        return self.lr * min(
            1, rising, max(0.02, 1 - step / self.steps)
        )


@dataclass(frozen=True)
class Translator:
    """A trained model and its words."""

    model: Any
    source: Vocabulary
    target: Vocabulary
    losses: list[float]

    def translate(
        self, sentences: Sequence[Pair], max_len: int
    ) -> list[list[str]]:
        """The likeliest words, one after the other."""
        rows = batch(sentences, self.source, self.target)
        ids = greedy(self.model.eval(), rows.source, max_len)
        return [self.target.decode(row) for row in ids]

    @torch.no_grad()
    def look(self, sentences: Sequence[Pair]) -> list[Tensor]:
        """Where it looks while it writes the true words: no END on either side."""
        rows = batch(sentences, self.source, self.target)
        _, weights = self.model.eval().aligned(
            rows.source, rows.target[:, :-1]
        )
        return [
            matrix[: len(pair.english), : len(pair.portuguese)]
            for matrix, pair in zip(weights, sentences, strict=True)
        ]


def train(
    build: Build,
    training: Sequence[Pair],
    settings: Settings,
    seed: int,
    checkpoint: Path | None = None,
    resume: bool = False,
    label: str = "",
) -> Translator:
    """A translator with the words of the training pairs."""
    source = Vocabulary(pair.portuguese for pair in training)
    target = Vocabulary(pair.english for pair in training)
    torch.manual_seed(seed)
    model = build(
        len(source), len(target), settings.d_model, settings.d_hidden
    )
    losses = fit(
        model,
        shuffled(training, source, target, settings.batch_size, seed),
        translation_loss,
        settings.steps,
        settings.rate,
        seed,
        checkpoint,
        resume,
        label,
    )
    return Translator(model, source, target, losses)


def sentences(
    split: Any, settings: Settings, count: int, seed: int = 0
) -> list[Pair]:
    """Pairs of our own, without the sentence that we draw."""
    ours = pairs(split, seed, settings.shortest, settings.longest)
    others = (p for p in ours if p.portuguese != SENTENCE.portuguese)
    return list(islice(others, count))


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
    parser = argparse.ArgumentParser(
        prog="python -m snippets.train", description=__doc__
    )
    parser.add_argument("name", choices=MODELS)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--pairs", type=Path, help="a file of tab-separated pairs"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint",
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
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    torch.set_num_threads(1)
    settings = Settings(options.steps)
    try:
        return run(options, settings)
    except (PairsError, TrainingError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 2


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Train, translate what it has never seen, print, record.

    Raises:
        PairsError: the file of pairs cannot be read.
        TrainingError: there is nothing to resume.
    """
    if options.pairs:
        known = read_pairs(options.pairs)
        test, training = (
            known[::20][:500],
            [pair for place, pair in enumerate(known) if place % 20]
            or known,
        )
    else:
        training = sentences("train", settings, settings.count)
        test = sentences("test", settings, 500)
    # Of one processor: a busy machine does not make it slower.
    start = time.process_time()
    translator = train(
        MODELS[options.name],
        training,
        settings,
        options.seed,
        CACHE / f"{options.name}.pt",
        options.resume,
        options.name,
    )
    seconds = time.process_time() - start
    done = len(translator.losses)
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
        write(options, settings, seconds, translator, found, shown)
    return 0


def write(
    options: argparse.Namespace,
    settings: Settings,
    seconds: float,
    translator: Translator,
    found: dict[str, float],
    shown: dict[str, Any],
) -> None:
    """Write the result beside those of the demos."""
    content = {
        "name": options.name,
        "recipe": record.recipe(
            f"python -m snippets.train {options.name}",
            f"snippets.recurrence.{options.name.replace('-', '_')}",
            seconds,
            seed=options.seed,
        ),
        "settings": asdict(settings),
        "parameters": sum(
            p.numel() for p in translator.model.parameters()
        ),
        "losses": translator.losses[99::100],
        "scores": found,
        "sentence": shown,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{options.name}.json"
    text = json.dumps(
        record.plain(content), indent=1, ensure_ascii=False
    )
    path.write_text(text + "\n", encoding="utf-8")
    print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
