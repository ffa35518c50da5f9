"""Train a Transformer that translates, and record how good it is and where it looks.

    python -m snippets train encoder-decoder
    python -m snippets train encoder-decoder --record

It trains on the sentences of `python -m snippets train additive-attention`, with one
vocabulary for both languages. It takes about three minutes on one thread.
"""

from __future__ import annotations

if __name__ == "__main__":
    raise SystemExit("write: python -m snippets train encoder-decoder")

import argparse
import importlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from snippets.corpora.batches import Batch, shuffled
from snippets.corpora.held_out import held_out, right
from snippets.corpora.portuguese import Pair
from snippets.corpora.reasons import REASON, SUBJECT, Reasons, he_and_she, reasons
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
TOLD = 10_000  # of which some have a reason
ALPHAS = (0.0, 0.6, 1.0)
Words = tuple[str, ...]
Weights = list[Float[Tensor, "n_heads _ _"]]


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


def sharpness(weights: Weights) -> list[float]:
    """The largest weight of a query, on average over all: 1 looks at one key alone."""
    largest = torch.cat([matrix.amax(-1) for matrix in weights], 1)
    found: list[float] = largest.mean(1).tolist()
    return found


def best_heads(
    translator: Translator, choose: Sequence[Pair], test: Sequence[Pair]
) -> dict[str, Any]:
    """Of every head how it aligns, or how sharp it is; the best of each kind.

    They are chosen on other sentences than `test`, where they are measured again.
    """
    chosen_on, reported_on = looks(translator, choose), looks(translator, test)
    rows: list[dict[str, Any]] = []
    for name in chosen_on:
        _, layer, kind = name.replace("encoder.blocks", "encoder").split(".")
        part = {"cross": "cross"}.get(kind, name.partition(".")[0])
        measure = partial(error_rates, pairs=choose) if part == "cross" else sharpness
        again = partial(error_rates, pairs=test) if part == "cross" else sharpness
        numbers = zip(measure(chosen_on[name]), again(reported_on[name]), strict=True)
        for head, (before, after) in enumerate(numbers):
            row = {"part": part, "layer": int(layer) + 1, "head": head + 1}
            rows.append({**row, "name": name, "chosen": before, "test": after})

    def best_of(part: str, best: Any) -> dict[str, Any]:
        some = (row for row in rows if row["part"] == part)
        found: dict[str, Any] = best(some, key=lambda row: row["chosen"])
        return found

    best = {
        "encoder": best_of("encoder", max),
        "decoder": best_of("decoder", max),
        "cross": best_of("cross", min),
    }
    sizes = [(len(pair.portuguese), len(pair.english)) for pair in test]
    gold = [pair.alignment for pair in test]
    words = in_words(best["cross"]["test"], sizes, gold)
    return {"heads": rows, "best": best, "aligned": words}


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


Likelier = Callable[[Tensor], int]


@torch.no_grad()
def likelier_after(
    translator: Translator, said: Sequence[Reasons], before: str, after: str
) -> Likelier:
    """Of vectors given to the decoder: how often is one pronoun likelier than another?

    The decoder has written the English of `said`; the sentences are of one length.
    """
    model = translator.model.eval()
    rows = translator.rows([Pair(one.hungry, one.english) for one in said])
    ids = translator.target.ids

    @torch.no_grad()
    def likelier(memory: Tensor) -> int:
        real = torch.ones(len(memory), 1, memory.shape[1], dtype=torch.bool)
        logits = model.decode(rows.target[:, :-1], memory, real)[:, -1]
        return int((logits[:, ids[after]] > logits[:, ids[before]]).sum())

    return likelier


@torch.no_grad()
def vectors(translator: Translator, sources: Sequence[Words]) -> Tensor:
    """What the encoder makes of sentences of one length."""
    rows = translator.rows([Pair(words, ()) for words in sources])
    memory: Tensor = translator.model.eval().encode(rows.source)[0]
    return memory


def swapped(translator: Translator, known: Collection[Words]) -> dict[str, Any]:
    """After "because", which of the encoder's vectors does the pronoun come from?

    The decoder is given the vectors of one sentence, some of them taken from another
    that has another pronoun. Counted is how often the other's is then the likelier.

    Args:
        known: the sentences that it was trained on.
    """
    new = [r for r in reasons() if not {r.hungry, r.delicious} & {*known}]
    what: Counter[str] = Counter()
    for pronoun in ("he", "she"):
        some = [one for one in new if one.pronoun == pronoun]
        likelier = likelier_after(translator, some, pronoun, "it")
        first = vectors(translator, [one.hungry for one in some])
        second = vectors(translator, [one.delicious for one in some])
        told, its = first[:, :REASON], second[:, :REASON]
        hungry, delicious = first[:, REASON:], second[:, REASON:]
        what["of"] += len(some)
        what["none"] += likelier(first)
        what["all"] += likelier(second)
        what["reason"] += likelier(torch.cat([told, delicious], 1))
        what["other"] += likelier(torch.cat([its, hungry], 1))
    both = [pair for pair in he_and_she() if not {p.hungry for p in pair} & {*known}]
    likelier = likelier_after(translator, [he for he, _ in both], "he", "she")
    first = vectors(translator, [he.hungry for he, _ in both])
    second = vectors(translator, [she.hungry for _, she in both])

    def taken(places: slice) -> int:
        some = first.clone()
        some[:, places] = second[:, places]
        return likelier(some)

    seq = first.shape[1]
    who = {
        "of": len(both),
        "none": likelier(first),
        "all": likelier(second),
        "subject": taken(slice(SUBJECT)),
        "other": taken(slice(SUBJECT, None)),
        "alone": [taken(slice(place, place + 1)) for place in range(seq)],
    }
    he, she = both[0]
    shown = [Pair(words, ()) for words in (he.hungry, he.delicious, she.hungry)]
    written = translator.translate(shown, 30)
    return {
        "what": dict(what),
        "who": who,
        "sentences": [" ".join(pair.portuguese) for pair in shown],
        "written": [" ".join(words) for words in written],
    }


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


def measured(
    translator: Translator, settings: Settings, training: Sequence[Pair]
) -> dict[str, Any]:
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
        "pronouns": pronouns(translator, sentences("test", settings.data, TOLD)),
        "swapped": swapped(translator, {pair.portuguese for pair in training}),
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
    data = measured(translator, settings, training)
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
