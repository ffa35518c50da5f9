"""Three searches by hand, padding that changes nothing, a context after training."""

from __future__ import annotations

import math
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.corpora.batches import Batch
from snippets.corpora.translation import Settings, sentences, train
from snippets.lab import plots
from snippets.lab.tables import table
from snippets.recurrence.recurrent_networks import unroll
from snippets.recurrence.seq2seq import Encoder, Seq2Seq
from snippets.text.logits import cross_entropy
from snippets.text.search import beam_search, greedy
from snippets.text.vocabulary import BEGIN, END

PORTUGUESE = "escorregou"  # it slipped, he slipped, she slipped
CHANCES = {
    "": {"it": 0.40, "he": 0.35, "she": 0.25},
    "it": {"slipped": 0.4, "slid": 0.3, "fell": 0.3},
    "he": {"has": 0.5, "had": 0.5},
    "he has": {"slipped": 0.25, "slid": 0.25, "gone": 0.25, "left": 0.25},
    "he had": {"slipped": 0.25, "slid": 0.25, "gone": 0.25, "left": 0.25},
    "she": {"slipped": 1.0},
}
WIDTHS = [1, 2, 3]

D_MODEL, D_HIDDEN = 48, 96
SETTINGS = Settings(
    steps=400, count=1500, longest=6, d_model=D_MODEL, d_hidden=D_HIDDEN
)
TEST, SHOWN = 200, 2  # sentences
MAX_LEN = 3 * SETTINGS.longest
ROWS = 16  # of a state, in the figure


class Tree:
    """A translator written down: the chances of a word after each beginning.

    A beginning that is not in it is a sentence; one that is may end with "[end]".
    """

    def __init__(self, chances: dict[str, dict[str, float]]) -> None:
        words = {word for row in chances.values() for word in row}
        names = sorted(words - {"[end]"})
        self.chances = chances
        self.ids = {word: END + 1 + i for i, word in enumerate(names)}
        self.ids["[end]"] = END
        self.names = {i: word for word, i in self.ids.items()}

    def text(self, ids: list[int]) -> str:
        return " ".join(self.names.get(i, "?") for i in ids)

    def start(self, source: Tensor) -> tuple[Tensor, ...]:
        return (source.new_empty(len(source), 0),)

    def step(
        self, token: Tensor, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        written = torch.cat([state[0], token[:, None]], 1)
        size = END + len(self.ids)
        logits = torch.full((len(token), size), -math.inf)
        for row, (_, *ids) in enumerate(written.tolist()):
            after = self.chances.get(self.text(ids), {"[end]": 1})
            for word, chance in after.items():
                logits[row, self.ids[word]] = math.log(chance)
        return logits, (written,)


def by_hand() -> dict[str, Any]:
    """What beams of three widths find in the tree."""
    tree = Tree(CHANCES)
    source = torch.tensor([[END]])
    rows = []
    for width in WIDTHS:
        best = beam_search(tree, source, width, max_len=4)[0]
        rows.append(
            {
                "width": width,
                "text": tree.text(best.tokens),
                "chance": math.exp(best.score),
            }
        )
    second = CHANCES[""]["he"] * max(CHANCES["he"].values())
    return {"chances": CHANCES, "second": second, "found": rows}


@torch.no_grad()
def padding(seed: int, device: str) -> dict[str, float]:
    """How far padding moves the context: where the state waits, where it reads on."""
    torch.manual_seed(seed)
    encoder = Encoder(100, D_MODEL, D_HIDDEN).to(device)
    source = torch.randint(4, 100, (8, 9)).to(device)
    lengths = torch.tensor([[6, 3, 5, 6, 1, 4, 2, 6]]).to(device)
    mask = torch.arange(9, device=device) < lengths.T
    alone = torch.cat(
        [
            encoder(row[None, :length])[1][0]
            for row, length in zip(source, lengths[0], strict=True)
        ]
    )
    waits = unroll(encoder.cell, encoder.embedding(source), mask)[1][0]
    reads = encoder(source)[1][0]
    return {
        "masked": (waits - alone).abs().max().item(),
        "read": (reads - alone).abs().max().item(),
    }


@torch.no_grad()
def tried(model: Seq2Seq, new: Batch) -> dict[str, float]:
    """A trained model on new sentences.

    The share of words that are right after the true words, of sentences that it writes
    alone, and the surprise at a word with its own and with another one's context.
    """
    known, wanted = new.target[:, :-1], new.target[:, 1:]
    real = new.target_mask[:, 1:]
    context = model.start(new.source)
    own = model.decoder(known, context)
    other = model.decoder(known, tuple(part.roll(1, 0) for part in context))
    written = greedy(model, new.source, MAX_LEN)
    right = [
        [*ours, END] == theirs[: len(ours) + 1]
        for ours, theirs in zip(written, wanted.tolist(), strict=True)
    ]
    return {
        "words": (own.argmax(-1) == wanted)[real].double().mean().item(),
        "sentences": sum(right) / len(right),
        "own": cross_entropy(own[real], wanted[real]).item(),
        "other": cross_entropy(other[real], wanted[real]).item(),
    }


@torch.no_grad()
def states(model: Seq2Seq, source: Tensor, written: list[int]) -> dict[str, Any]:
    """Some of the hidden state after each word read and each word written."""
    read, state = model.encoder(source)
    after = []
    for token in [BEGIN, *written]:
        _, state = model.step(source.new_tensor([token]), state)
        after.append(state[0][0])
    shown = read[0, :, :ROWS], torch.stack(after)[:, :ROWS]
    return dict(zip(("read", "written"), shown, strict=True))


def trained(seed: int, device: str) -> dict[str, Any]:
    """Some seconds of training, then new sentences, with the states of the last."""
    training = sentences("train", SETTINGS, SETTINGS.count, seed)
    new = sentences("test", SETTINGS, TEST, seed)
    translator = train(Seq2Seq, training, SETTINGS, seed, device=device)
    examples = []
    for pair in new[:SHOWN]:
        source = translator.rows([pair]).source
        (alone,) = greedy(translator.model, source, MAX_LEN)
        examples.append(
            {
                "portuguese": pair.portuguese,
                "english": " ".join(pair.english),
                "words": translator.target.decode(alone),
            }
        )
    return {
        **tried(translator.model, translator.rows(new)),
        "examples": examples,
        "states": states(translator.model, source, alone),
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The searches by hand, the padding, and a translator after some seconds."""
    return {
        "by_hand": by_hand(),
        "padding": padding(seed, device),
        "sizes": {
            "context": 2 * D_HIDDEN,
            "hidden": D_HIDDEN,
            "train": SETTINGS.count,
            "steps": SETTINGS.steps,
        },
        "trained": trained(seed, device),
    }


def show(data: dict[str, Any]) -> None:
    """Print what each search finds, the padding, and how the translator does."""
    print(f'"{PORTUGUESE}" in a beam of')
    found = data["by_hand"]["found"]
    table([[*row.values()] for row in found], ["3", "", ".3f"])

    moved = data["padding"]
    print("\nhow far padding moves the context vector")
    rows = [
        ("  the state waits", moved["masked"]),
        ("  the state reads on", moved["read"]),
    ]
    table(rows, ["", ".1e"])

    sizes, trained_ = data["sizes"], data["trained"]
    print(f"\n{sizes['steps']} steps on {sizes['train']:,} short sentences;")
    print("then, of sentences never seen:")
    print(f"  words right, when helped    {trained_['words']:4.0%}")
    print(f"  sentences right, when alone {trained_['sentences']:4.0%}")
    print("surprise at a word")
    print(f"  with the sentence's context {trained_['own']:.2f}")
    print(f"  with another one's          {trained_['other']:.2f}")
    for example in trained_["examples"]:
        print(f"\n{' '.join(example['portuguese'])}")
        print(f"  true    {example['english']}")
        print(f"  alone   {' '.join(example['words'])}")


def draw(data: dict[str, Any]) -> Figure:
    """The hidden state after each word; the last one of the left goes to the right."""
    example, after = data["trained"]["examples"][-1], data["trained"]["states"]
    read, written = after["read"], after["written"]
    figure, (left, middle, right) = plots.canvas(
        330, 1, 3, width_ratios=[len(read), 1.2, len(written)]
    )
    parts = [
        (left, read, [*example["portuguese"], "[end]"], "reads"),
        (middle, read[-1:], ["context"], ""),
        (right, written, ["[begin]", *example["words"]], "writes"),
    ]
    for axes, columns, words, title in parts:
        values = [[(column[row] + 1) / 2 for column in columns] for row in range(ROWS)]
        plots.heat_map(axes, values, [], words, numbers=False)
        axes.set_xlabel(title)
    middle.spines[:].set(visible=True, color=plots.LINK, linewidth=2)
    return figure


def holds(data: dict[str, Any]) -> dict[str, bool]:
    """What the page concludes from the training."""
    of = data["trained"]
    return {
        "a third of the next words is right": of["words"] > 1 / 3,
        "hardly a sentence is, alone": of["sentences"] < 0.1,
        "another's state costs a nat a word": of["other"] > of["own"] + 1,
    }


# The key of what takes seconds, and the function that gives it.
TRAINS = "trained"
# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "    mask = torch.arange(9, device=device) < lengths.T",
        "    mask = torch.arange(9, device=device) <= lengths.T",
    ),
    (
        '    "it": {"slipped": 0.4, "slid": 0.3, "fell": 0.3},',
        '    "it": {"[end]": 0.7, "slipped": 0.3},',
    ),
    ('    "he": {"has": 0.5, "had": 0.5},', '    "he": {"slipped": 1.0},'),
]
