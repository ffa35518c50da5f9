"""Train a Transformer that translates, and record how good it is and where it looks.

    python -m snippets train encoder-decoder
    python -m snippets train encoder-decoder --record

It trains on the sentences of `python -m snippets train additive-attention`, with one
vocabulary for both languages. It takes about four minutes on one thread.
"""

from __future__ import annotations

if __name__ == "__main__":
    raise SystemExit("write: python -m snippets train encoder-decoder")

import argparse
import importlib
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from snippets.corpora.batches import Batch, shuffled
from snippets.corpora.held_out import held_out, right
from snippets.corpora.portuguese import Pair
from snippets.corpora.translation import SENTENCE, Translator, scores, sentences
from snippets.corpora.translation import Settings as Data
from snippets.lab import record
from snippets.lab.alignments import held_out as in_words
from snippets.lab.arguments import Parser, count, device, known, seed
from snippets.lab.scores import alignment_error_rate, strongest
from snippets.lab.training import cosine, fit
from snippets.text.length_penalty import penalized_beam
from snippets.text.logits import cross_entropy
from snippets.text.vocabulary import Vocabulary
from snippets.transformer.encoder_decoder import EncoderDecoder
from snippets.transformer.parameters import Size
from snippets.transformer.watching import watched

NAME = "encoder-decoder"
RESULTS = record.RESULTS / "trained"
TESTS = 500  # sentences
ALPHAS = (0.0, 0.6, 1.0)
Weights = list[Float[Tensor, "n_heads _query _key"]]


@dataclass(frozen=True)
class Settings:
    """How it is trained: the paper's recipe, with the norms inside the branches."""

    steps: int = 1600
    count: int = 30_000  # pairs
    batch_size: int = 64
    d_model: int = 128
    n_heads: int = 4
    d_ff: int = 256
    n_layers: int = 2
    dropout: float = 0.0
    lr: float = 0.003
    warmup: int = 100
    smoothing: float = 0.1

    @property
    def data(self) -> Data:
        """What `sentences` asks: as many, and as long, as for the others."""
        return Data(self.steps, self.count)


def build(vocab_size: int, settings: Settings) -> EncoderDecoder:
    """The model, with the norms inside the branches."""
    size = Size(
        d_model=settings.d_model,
        n_heads=settings.n_heads,
        d_ff=settings.d_ff,
        n_layers=settings.n_layers,
        vocab_size=vocab_size,
        dropout=settings.dropout,
    )
    return EncoderDecoder(size, pre_norm=True)


def loss(
    model: EncoderDecoder, batch: Batch, smoothing: float = 0.0
) -> Float[Tensor, ""]:
    """The surprise at each word, after the true words before it."""
    known, wanted = batch.target[:, :-1], batch.target[:, 1:]
    real = batch.target_mask[:, 1:]
    logits = model(batch.source, known)
    return cross_entropy(logits[real], wanted[real], smoothing)


def train(
    training: Sequence[Pair], settings: Settings, seed: int, device: str = "cpu"
) -> Translator:
    """A translator whose two languages share one vocabulary."""
    words = Vocabulary(side for p in training for side in (p.portuguese, p.english))
    torch.manual_seed(seed)
    model = build(len(words), settings).to(device)
    losses = fit(
        model,
        torch.optim.Adam(model.parameters(), settings.lr, betas=(0.9, 0.98)),
        shuffled(training, words, words, settings.batch_size, seed),
        partial(loss, smoothing=settings.smoothing),
        settings.steps,
        schedule=lambda step: cosine(step, settings.steps, settings.warmup, 0.01),
        label=NAME,
    )
    return Translator(model, words, words, losses)


# --- Where it looks


@torch.no_grad()
def looks(translator: Translator, pairs: Sequence[Pair]) -> dict[str, Weights]:
    """The weights of each attention while it writes the true words, by its name.

    For each pair those of all heads; the source with its END, the target from BEGIN to
    its last word, so that row i of `cross` is where it looks to write word i.
    """
    rows = translator.rows(pairs)
    with watched(translator.model.eval()) as seen:
        translator.model(rows.source, rows.target[:, :-1])
    found: dict[str, Weights] = {}
    for name, weights in seen.items():
        reads = name.startswith("encoder")
        across = name.endswith("cross")
        found[name] = []
        for matrix, pair in zip(weights, pairs, strict=True):
            source, target = len(pair.portuguese) + 1, len(pair.english) + 1
            queries = source if reads else target
            keys = source if reads or across else target
            found[name].append(matrix[:, :queries, :keys])
    return found


def error_rates(weights: Weights, pairs: Sequence[Pair]) -> list[float]:
    """The alignment error rate of each head that looks across."""
    gold = [pair.alignment for pair in pairs]
    return [
        alignment_error_rate(
            (
                # Neither the END of the source nor the step that writes END.
                strongest(matrix[head, :-1, :-1])
                for matrix in weights
            ),
            gold,
        )
        for head in range(len(weights[0]))
    ]


def habits(weights: Weights) -> list[dict[str, Any]]:
    """How far from itself each head looks most often, and how often."""
    found = []
    for head in range(len(weights[0])):
        far: Counter[int] = Counter()
        for matrix in weights:
            places = matrix[head].argmax(-1).tolist()
            far.update(place - query for query, place in enumerate(places))
        offset, times = far.most_common(1)[0]
        found.append({"offset": offset, "share": times / far.total()})
    return found


def best_heads(
    translator: Translator, choose: Sequence[Pair], test: Sequence[Pair]
) -> dict[str, Any]:
    """Of every head what it does; the best of each kind, chosen on other sentences."""
    chosen_on, reported_on = looks(translator, choose), looks(translator, test)
    rows: list[dict[str, Any]] = []
    for name in chosen_on:
        _, layer, kind = name.replace("encoder.blocks", "encoder").split(".")
        part = {"cross": "cross"}.get(kind, name.partition(".")[0])
        of = partial(error_rates, pairs=choose) if part == "cross" else habits
        on = partial(error_rates, pairs=test) if part == "cross" else habits
        pairs = zip(of(chosen_on[name]), on(reported_on[name]), strict=True)
        for head, (before, after) in enumerate(pairs):
            row = {"part": part, "layer": int(layer) + 1, "head": head + 1}
            rows.append({**row, "name": name, "chosen": before, "test": after})
    best = {
        "cross": min((r for r in rows if r["part"] == "cross"), key=_chosen),
        **{
            part: max((r for r in rows if r["part"] == part), key=_share)
            for part in ("encoder", "decoder")
        },
    }
    sizes = [(len(pair.portuguese), len(pair.english)) for pair in test]
    gold = [pair.alignment for pair in test]
    words = in_words(best["cross"]["test"], sizes, gold)
    return {"heads": rows, "best": best, "aligned": words}


def _chosen(row: dict[str, Any]) -> float:
    return float(row["chosen"])


def _share(row: dict[str, Any]) -> float:
    return float(row["chosen"]["share"])


# --- What it writes


def pronouns(translator: Translator, test: Sequence[Pair]) -> dict[str, Any]:
    """Of the pronouns after "because", which Portuguese has not, how many are right."""
    told = [pair for pair in test if "because" in pair.english]
    written = translator.translate(told, 60)
    right, wanted = 0, Counter[str]()
    for pair, words in zip(told, written, strict=True):
        true = pair.english[pair.english.index("because") + 1]
        wanted[true] += 1
        ours = words[words.index("because") + 1 :] if "because" in words else []
        right += ours[:1] == [true]
    return {"right": right, "of": len(told), "wanted": dict(wanted.most_common())}


def with_penalty(
    translator: Translator, test: Sequence[Pair], alpha: float
) -> dict[str, Any]:
    """What the paper's beam of four writes."""
    written = [
        translator.target.decode(
            penalized_beam(
                translator.model.eval(), translator.rows([pair]).source, 4, 60, alpha
            )[0].tokens
        )
        for pair in test
    ]
    return {"alpha": alpha, **right(test, written)}


def measured(translator: Translator, settings: Settings) -> dict[str, Any]:
    """All that is recorded of it."""
    test, unseen, choose = (
        sentences(split, settings.data, TESTS) for split in ("test", "unseen", "valid")
    )
    longest = settings.data.longest
    (written,) = translator.translate([SENTENCE], 30)
    shown = looks(translator, [SENTENCE])
    return {
        "settings": asdict(settings),
        "parameters": sum(w.numel() for w in translator.model.parameters()),
        "vocabulary": len(translator.source),
        "scores": scores(translator, test, longest),
        "unseen": scores(translator, unseen, longest),
        **best_heads(translator, choose, test),
        "pronouns": pronouns(translator, sentences("test", settings.data, 4 * TESTS)),
        "held_out": held_out(translator, test, 2 * longest),
        "penalties": [with_penalty(translator, test, alpha) for alpha in ALPHAS],
        "sentence": {
            "portuguese": SENTENCE.portuguese,
            "english": SENTENCE.english,
            "gold": sorted(SENTENCE.alignment),
            "written": written,
            "weights": {name: of[0] for name, of in shown.items()},
        },
    }


# --- The program


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser("train", __doc__, "what to train")
    parser.add_argument(
        "--steps", type=count, default=Settings.steps, help="updates of the weights"
    )
    parser.add_argument("--seed", type=seed, default=0, help="for all random numbers")
    parser.flag("--record", "write the result into docs/results/trained")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Train, translate what it has never seen, print, record.

    Raises:
        RefusalError: the record cannot be written.
    """
    options = parse(arguments)
    known(options.name, "training", [NAME], "train")
    device(options.device)
    # What scores in the end is missing before the training, not after it.
    importlib.import_module("sacrebleu")
    torch.set_num_threads(1)
    settings = replace(Settings(), steps=options.steps)
    training = sentences("train", settings.data, settings.count)
    start = time.process_time()
    translator = train(training, settings, options.seed, options.device)
    seconds = time.process_time() - start
    print(f"{NAME}: {len(translator.losses)} steps in {seconds:.0f} s", file=sys.stderr)
    data = measured(translator, settings)
    show(data)
    if options.record:
        command = f"train {NAME} --steps {settings.steps} --seed {options.seed}"
        record.write_trained(
            NAME, f"python -m snippets {command}", __name__, options.seed, data, RESULTS
        )
    return 0


def show(data: dict[str, Any]) -> None:
    """Print the scores, and the sentence of all pages."""
    for name in ("scores", "unseen"):
        print(f"{name:8}{data[name]['bleu']:6.1f} BLEU, {data[name]['perfect']:.1%}")
    print(f"alignment error rate {data['best']['cross']['test']:.3f}")
    sentence = data["sentence"]
    print(" ".join(sentence["portuguese"]))
    print(f"  {' '.join(sentence['written'])}")
