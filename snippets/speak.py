"""Train networks that write letter after letter, and record what they write.

    python -m snippets train recurrent-networks
    python -m snippets train recurrent-networks --record

An LSTM and a plain RNN with as many numbers to learn read the prose of this site, page
by page, and guess each next character. Whole pages are held out. It takes about six
minutes on one thread.
"""

from __future__ import annotations

if __name__ == "__main__":
    raise SystemExit("write: python -m snippets train recurrent-networks")

import argparse
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call

from snippets.corpora.pages import pages
from snippets.lab import record
from snippets.lab.arguments import Parser, count, device, known, seed
from snippets.lab.training import cosine, fit
from snippets.recurrence.recurrent_networks import (
    Cell,
    LSTMCell,
    RNNCell,
    State,
    fused_lstm,
)
from snippets.text.embeddings import Embedding
from snippets.text.logits import cross_entropy, log_softmax

NAME = "recurrent-networks"
RESULTS = record.RESULTS / "trained"
PROMPT = "The robot "


@dataclass(frozen=True)
class Settings:
    """Of both networks; the widths give them as many numbers to learn."""

    steps: int = 1500
    batch_size: int = 32
    window: int = 100  # characters that the gradient travels back over
    d_model: int = 64
    lstm: int = 256
    rnn: int = 522
    lr: float = 0.003
    rnn_lr: float = 0.001
    warmup: int = 100
    dropout: float = 0.2
    looks: tuple[int, ...] = (100, 500)  # steps at which it writes, besides the ends
    written: int = 400  # characters of a sample
    samples: int = 50  # samples that are counted
    temperature: float = 0.6


class Speaker(nn.Module):
    """A language model of characters: embedding, one recurrent cell, logits."""

    def __init__(
        self, cell: Cell, vocab_size: int, d_model: int, dropout: float
    ) -> None:
        super().__init__()
        self.embedding = Embedding(vocab_size, d_model)
        self.cell = cell
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(cell.d_hidden, vocab_size)

    def forward(
        self, ids: Int[Tensor, "batch seq"], state: State | None = None
    ) -> tuple[Float[Tensor, "batch seq vocab_size"], State]:
        """Logits of the next character after each, and the state at the end."""
        x = self.dropout(self.embedding(ids))
        hidden, state = (
            fused_lstm(self.cell, x, state=state)
            if isinstance(self.cell, LSTMCell)
            else fused_rnn(self.cell, x, state)
        )
        return self.output(self.dropout(hidden)), state


def fused_rnn(
    cell: Cell, x: Float[Tensor, "batch seq d_model"], state: State | None
) -> tuple[Float[Tensor, "batch seq d_hidden"], State]:
    """What `unroll` gives for a plain cell, by PyTorch's own loop."""
    fused = nn.RNN(x.shape[-1], cell.d_hidden, batch_first=True, device="meta")
    weights = {
        "weight_ih_l0": cell.input.weight,
        "weight_hh_l0": cell.recurrent.weight,
        "bias_ih_l0": cell.input.bias,
        "bias_hh_l0": cell.recurrent.bias,
    }
    start = None if state is None else state[0][None]
    hidden, end = functional_call(fused, weights, (x, start))
    return hidden, (end[0],)


class Text:
    """Pages as ids of characters; the last of the alphabet begins every page."""

    def __init__(self) -> None:
        self.parts = {part: pages(part) for part in ("train", "choose", "test")}
        every = "".join(page for part in self.parts.values() for page in part)
        self.alphabet = sorted(set(every))
        self.number = {sign: i for i, sign in enumerate(self.alphabet)}
        self.start = len(self.alphabet)
        # All training pages one after the other, a start before each.
        self.train = torch.cat([self.ids(page) for page in self.parts["train"]])
        self.known = set(words(" ".join(self.parts["train"])))

    def ids(self, page: str) -> Int[Tensor, " seq"]:
        return torch.tensor([self.start, *(self.number[sign] for sign in page)])

    def written(self, ids: list[int]) -> str:
        return "".join(self.alphabet[i] for i in ids if i != self.start)

    def batch(
        self, step: int, settings: Settings, seed: int
    ) -> Int[Tensor, "batch seq"]:
        """Windows of the training pages and one character more, drawn by the step."""
        source = torch.Generator().manual_seed(1_000_003 * (seed + 1) + step)
        last = len(self.train) - settings.window - 1
        starts = torch.randint(last, (settings.batch_size, 1), generator=source)
        return self.train[starts + torch.arange(settings.window + 1)]


def words(text: str) -> list[str]:
    """Runs of four letters or more, in lower case: shorter ones exist by accident."""
    return re.findall(r"[a-z]{4,}", text.lower())


# --- What it knows


@torch.no_grad()
def bits(model: Speaker, text: Text, part: str) -> float:
    """Bits a character on held-out pages, each read from its beginning."""
    nats, characters = 0.0, 0
    for page in text.parts[part]:
        ids = text.ids(page)
        logits, _ = model(ids[None, :-1])
        nats += cross_entropy(logits[0], ids[1:]).item() * (len(ids) - 1)
        characters += len(ids) - 1
    return nats / characters / math.log(2)


@torch.no_grad()
def by_memory(
    model: Speaker, text: Text, lengths: Sequence[int], longest: int = 200
) -> list[float]:
    """Bits a character when the state is allowed to know the last so many only.

    All lengths are asked for the same test characters, those with `longest` before
    them, every third of them.
    """
    found = []
    rows = torch.cat(
        [
            text.ids(page).unfold(0, longest + 1, 3)
            for page in text.parts["test"]
            if len(page) >= longest
        ]
    )
    for length in lengths:
        nats = 0.0
        for some in rows.split(500):
            logits, _ = model(some[:, longest - length : longest])
            nats += cross_entropy(logits[:, -1], some[:, -1]).item() * len(some)
        found.append(nats / len(rows) / math.log(2))
    return found


# --- What it writes


@torch.no_grad()
def write(model: Speaker, text: Text, settings: Settings, seed: int = 0) -> list[str]:
    """Samples, each character drawn at the temperature; they begin with PROMPT."""
    source = torch.Generator().manual_seed(seed)
    prompt = text.ids(PROMPT).expand(settings.samples, -1)
    logits, state = model(prompt)
    columns = []
    for _ in range(settings.written):
        scores = log_softmax(logits[:, -1] / settings.temperature).exp()
        scores[:, text.start] = 0  # a sample stays on its page
        drawn = torch.multinomial(scores, 1, generator=source)
        columns.append(drawn)
        logits, state = model(drawn, state)
    rows = torch.cat(columns, 1).tolist()
    return [PROMPT + text.written(row) for row in rows]


def judged(samples: list[str], text: Text) -> dict[str, Any]:
    """How many of the words exist in the training pages, and the longest copy."""
    # What it was given is not counted, nor the last word, which may be cut off.
    samples = [sample.removeprefix(PROMPT) for sample in samples]
    found = [word for sample in samples for word in words(sample.rpartition(" ")[0])]
    source = "".join(text.parts["train"])
    return {
        "words": len(found),
        "exist": sum(word in text.known for word in found) / max(1, len(found)),
        "copied": max((copied(sample, source) for sample in samples), key=len),
    }


def copied(sample: str, source: str) -> str:
    """The longest part of the sample that the source has letter for letter."""
    best = ""
    start = 0
    for end in range(1, len(sample) + 1):
        while sample[start:end] not in source:
            start += 1
        if end - start > len(best):
            best = sample[start:end]
    return best


# --- What counting knows


class Counts:
    """The next character by counts after the last `order - 1`, smoothed.

    Witten and Bell's interpolation: what a context has seen counts, and the shorter
    context gets a share by how many different characters came after this one.
    """

    def __init__(self, text: Text, order: int) -> None:
        self.order = order
        self.size = len(text.alphabet) + 1
        self.counts: dict[tuple[int, ...], Counter[int]] = {}
        for page in text.parts["train"]:
            ids = text.ids(page).tolist()
            for end in range(1, len(ids)):
                for length in range(min(order, end + 1)):
                    context = tuple(ids[end - length : end])
                    self.counts.setdefault(context, Counter())[ids[end]] += 1
        self.totals = {c: counter.total() for c, counter in self.counts.items()}

    def probability(self, context: Sequence[int], character: int) -> float:
        p = 1 / self.size
        for length in range(self.order):
            if length > len(context):
                break
            key = tuple(context[len(context) - length :])
            seen = self.counts.get(key)
            if seen is None:
                break
            kinds = len(seen)
            p = (seen[character] + kinds * p) / (self.totals[key] + kinds)
        return p

    def bits(self, text: Text, part: str) -> float:
        surprise, characters = 0.0, 0
        for page in text.parts[part]:
            ids = text.ids(page).tolist()
            for end in range(1, len(ids)):
                before = ids[max(0, end - self.order + 1) : end]
                surprise -= math.log2(self.probability(before, ids[end]))
            characters += len(ids) - 1
        return surprise / characters


# --- How open its gates are


@torch.no_grad()
def forgetting(model: Speaker, text: Text) -> dict[str, float]:
    """Of the forget gates on the test pages: means over units, and who keeps long."""
    assert isinstance(model.cell, LSTMCell)
    gates = []
    for page in text.parts["test"]:
        ids = text.ids(page)[None]
        hidden, _ = fused_lstm(model.cell, model.embedding(ids))
        before = torch.cat([torch.zeros_like(hidden[:, :1]), hidden[:, :-1]], 1)
        maps = model.cell.input(model.embedding(ids)) + model.cell.recurrent(before)
        gates.append(maps.chunk(4, -1)[1].sigmoid()[0])
    kept = torch.cat(gates)
    # A unit's mean logarithm says after how many characters half of it is left.
    lives = math.log(0.5) / kept.log().mean(0)
    return {
        "mean": kept.mean().item(),
        "half_life": lives.median().item(),
        "longest": lives.max().item(),
        "over_ten": (lives > 10).float().mean().item(),
    }


# --- The training


def build(kind: str, text: Text, settings: Settings) -> Speaker:
    cells: dict[str, Callable[[], Cell]] = {
        "LSTM": lambda: LSTMCell(settings.d_model, settings.lstm),
        "RNN": lambda: RNNCell(settings.d_model, settings.rnn),
    }
    size = len(text.alphabet) + 1
    return Speaker(cells[kind](), size, settings.d_model, settings.dropout)


def train(
    kind: str, text: Text, settings: Settings, seed: int, device: str = "cpu"
) -> tuple[Speaker, dict[str, Any]]:
    """A trained network, its curve, and what it wrote on the way."""
    torch.manual_seed(seed)
    model = build(kind, text, settings).to(device)
    lr = settings.lr if kind == "LSTM" else settings.rnn_lr
    stages: list[dict[str, Any]] = []
    curve: list[list[float]] = []
    every = 100

    def look(step: int) -> None:
        model.eval()
        samples = write(model, text, settings)
        found = judged(samples, text)
        stages.append({"step": step, "text": samples[0], **found})
        model.train()

    def evaluate(model: nn.Module) -> float:
        assert isinstance(model, Speaker)
        step = every * (len(curve) + 1)
        score = bits(model, text, "choose")
        curve.append([step, score])
        if step in settings.looks:
            look(step)
        return score

    def loss(model: Speaker, ids: Tensor) -> Tensor:
        return cross_entropy(model(ids[:, :-1])[0], ids[:, 1:])

    look(0)
    start = time.process_time()
    losses = fit(
        model,
        torch.optim.Adam(model.parameters(), lr),
        batches=lambda step: text.batch(step, settings, seed),
        loss=loss,
        steps=settings.steps,
        schedule=lambda step: cosine(step, settings.steps, settings.warmup, 0.05),
        evaluate=evaluate,
        every=every,
        label=kind,
    )
    seconds = time.process_time() - start
    look(len(losses))
    model.eval()
    print(f"{kind}: {len(losses)} steps in {seconds:.0f} s", file=sys.stderr)
    return model, {
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "loss": [mean_of(losses[i : i + every]) for i in range(0, len(losses), every)],
        "curve": curve,
        "stages": stages,
        "bits": {part: bits(model, text, part) for part in ("choose", "test")},
    }


def mean_of(losses: list[float]) -> float:
    """In bits, over some steps."""
    return sum(losses) / len(losses) / math.log(2)


MEMORY = (1, 2, 3, 5, 10, 20, 50, 100, 200)


def result(settings: Settings, seed: int, device: str = "cpu") -> dict[str, Any]:
    """Both networks, the baselines by counting, the memory, a unit."""
    text = Text()
    found: dict[str, Any] = {}
    for kind in ("LSTM", "RNN"):
        model, found[kind] = train(kind, text, settings, seed, device)
        found[kind]["memory"] = by_memory(model, text, MEMORY)
        if kind == "LSTM":
            found["forgetting"] = forgetting(model, text)
    counting = {
        name: Counts(text, order).bits(text, "test")
        for name, order in (("unigram", 1), ("bigram", 2), ("5-gram", 5))
    }
    unseen = words(" ".join(text.parts["test"]))
    return {
        "characters": {part: sum(map(len, some)) for part, some in text.parts.items()},
        "pages": {part: len(some) for part, some in text.parts.items()},
        "alphabet": len(text.alphabet),
        "networks": {kind: found[kind] for kind in ("LSTM", "RNN")},
        "forgetting": found["forgetting"],
        "counting": counting,
        "memory": MEMORY,
        # Of the words that people wrote on the test pages.
        "people": sum(word in text.known for word in unseen) / len(unseen),
    }


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser("train", __doc__, "what to train")
    parser.add_argument(
        "--steps", type=count, default=Settings.steps, help="updates of the weights"
    )
    parser.add_argument("--seed", type=seed, default=0, help="for all random numbers")
    parser.flag("--record", "write the result into docs/results/trained")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Train both, print what they write, record.

    Raises:
        RefusalError: the record cannot be written.
    """
    options = parse(arguments)
    known(options.name, "training", [NAME], "train")
    device(options.device)
    torch.set_num_threads(1)
    settings = replace(Settings(), steps=options.steps)
    data = result(settings, options.seed, options.device)
    show(data)
    if options.record:
        command = f"train {NAME} --steps {settings.steps} --seed {options.seed}"
        record.write_trained(
            NAME,
            f"python -m snippets {command}",
            __name__,
            options.seed,
            {"settings": asdict(settings), **data},
            RESULTS,
        )
    return 0


def show(data: dict[str, Any]) -> None:
    """Print the scores, and what the networks write."""
    for name, score in data["counting"].items():
        print(f"{name:8}{score:6.2f} bits a character")
    for kind, found in data["networks"].items():
        print(f"{kind:8}{found['bits']['test']:6.2f} bits, {found['parameters']:,}")
        for stage in found["stages"]:
            print(
                f"\n{kind}, step {stage['step']}: {stage['exist']:.0%} of"
                f" {stage['words']} words exist,\nlongest copy {stage['copied']!r}"
            )
            print(stage["text"][:200])
    print(data["forgetting"])
