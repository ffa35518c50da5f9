"""A translator, from its training to what it writes and where it looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from snippets.corpora.batches import Batch, batch, shuffled
from snippets.corpora.portuguese import Pair, pairs, words_of
from snippets.lab import checkpoints
from snippets.lab.checkpoints import Checkpoint
from snippets.lab.scores import alignment_error_rate, bleu, strongest
from snippets.lab.training import fit
from snippets.text.logits import cross_entropy
from snippets.text.search import greedy
from snippets.text.vocabulary import Vocabulary

# From the sizes of both vocabularies, of a word's vector and of a state: `source_size`,
# `target_size`, `d_model`, `d_hidden`.
Build = Callable[..., nn.Module]

# The sentence that runs through all pages, with an adjective to turn round.
SENTENCE = Pair(
    words_of("o robô deixou cair o copo novo porque estava escorregadio."),
    words_of("the robot dropped the new glass because it was slippery."),
    frozenset(
        enumerate([0, 1, 2, 2, 3, 5, 4, 6, 7, 9, 10]),
    )
    | {(8, 8)},  # "estava" is both "it" and "was"
)


def translation_loss(
    model: nn.Module,
    batch: Batch,
) -> Float[Tensor, ""]:
    """The mean surprise at a word, after the true words before it.

    A target goes from BEGIN to END. Padding counts nowhere.
    """
    known, wanted = batch.target[:, :-1], batch.target[:, 1:]
    logits = model(batch.source, known)
    real = batch.target_mask[:, 1:]
    return cross_entropy(logits[real], wanted[real])


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

    def schedule(self, step: int) -> float:
        """The share of `lr`: up for 50 steps, down to a fiftieth, in straight lines."""
        rising = (step + 1) / 50
        return min(1, rising, max(0.02, 1 - step / self.steps))


@dataclass(frozen=True)
class Translator:
    """A trained model and its words."""

    model: Any
    source: Vocabulary
    target: Vocabulary
    losses: list[float] = field(default_factory=list)

    @classmethod
    def load(
        cls, folder: Path, build: Build, device: torch.device | str = "cpu"
    ) -> Translator:
        """The translator of a checkpoint.

        Raises:
            TrainingError: there is no whole checkpoint of such a model.
        """
        model, about = checkpoints.load(folder, build, device)
        source, target = map(Vocabulary.of, about.vocabulary)
        return cls(model, source, target)

    def rows(self, sentences: Sequence[Pair]) -> Batch:
        """The sentences as the model reads them, where the model is."""
        device = next(self.model.parameters()).device
        return batch(sentences, self.source, self.target).to(device)

    def translate(self, sentences: Sequence[Pair], max_len: int) -> list[list[str]]:
        """The likeliest words, one after the other."""
        source = self.rows(sentences).source
        ids = greedy(self.model.eval(), source, max_len)
        return [self.target.decode(row) for row in ids]

    @torch.no_grad()
    def look(self, sentences: Sequence[Pair]) -> list[Tensor]:
        """Where it looks while it writes the true words: no END on either side."""
        rows = self.rows(sentences)
        _, weights = self.model.eval().aligned(rows.source, rows.target[:, :-1])
        return [
            matrix[: len(pair.english), : len(pair.portuguese)]
            for matrix, pair in zip(weights, sentences, strict=True)
        ]


def train(
    build: Build,
    training: Sequence[Pair],
    settings: Settings,
    seed: int,
    checkpoint: Checkpoint | None = None,
    label: str = "",
    device: torch.device | str = "cpu",
) -> Translator:
    """A translator with the words of the training pairs."""
    source = Vocabulary(pair.portuguese for pair in training)
    target = Vocabulary(pair.english for pair in training)
    sizes = {
        "source_size": len(source),
        "target_size": len(target),
        "d_model": settings.d_model,
        "d_hidden": settings.d_hidden,
    }
    if checkpoint:
        checkpoint.sizes = sizes
        checkpoint.vocabulary = [source.words, target.words]
    torch.manual_seed(seed)
    model = build(*sizes.values()).to(device)
    losses = fit(
        model,
        torch.optim.Adam(model.parameters(), settings.lr),
        shuffled(training, source, target, settings.batch_size, seed),
        translation_loss,
        settings.steps,
        schedule=settings.schedule,
        tokens=lambda batch: int(batch.target_mask[:, 1:].sum()),
        checkpoint=checkpoint,
        label=label,
    )
    return Translator(model, source, target, losses)


def scores(
    translator: Translator, test: Sequence[Pair], longest: int
) -> dict[str, float]:
    """BLEU, the share of perfect sentences, the alignment error rate."""
    written = translator.translate(test, 2 * longest)
    wanted = [list(pair.english) for pair in test]
    same = [a == b for a, b in zip(written, wanted, strict=True)]
    found = {"bleu": bleu(written, wanted), "perfect": sum(same) / len(same)}
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


def sentences(split: Any, settings: Settings, count: int, seed: int = 0) -> list[Pair]:
    """Pairs of our own, without the sentence that we draw."""
    ours = pairs(split, seed, settings.shortest, settings.longest)
    others = (p for p in ours if p.portuguese != SENTENCE.portuguese)
    return list(islice(others, count))
