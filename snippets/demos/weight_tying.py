"""A matrix in two uses, gradients from both ends, what breaks a tie, what it learns."""

from __future__ import annotations

import copy
import io
import math
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor
from torch.nn import functional as F

from snippets.corpora import portuguese
from snippets.corpora.robot import SENTENCE
from snippets.lab import diagrams, plots
from snippets.lab.tables import table
from snippets.lab.training import fit
from snippets.text.logits import softmax
from snippets.transformer.parameters import SIZES, Size, parameters
from snippets.transformer.weight_tying import (
    LanguageModel,
    gradients,
    is_tied,
    surprise,
    untied_twin,
)

TOKENS = ["robot", "glass", "it"]
MATRIX = torch.tensor([[1.0, 0.0], [0.0, 3.0], [1.0, 1.0]])
# The sentence, and words that are not in it.
OTHERS = ["cat", "cup", "fell"]
SENTENCES, WINDOW, STEPS, RUNS = 1500, 16, 400, 2
RARE = 10  # words that the text has less often


def by_hand() -> dict[str, Any]:
    """ "it" goes in, "robot" comes next: the logits, and the gradient at either end."""
    read, answer = TOKENS.index("it"), TOKENS.index("robot")
    vector = MATRIX[read]
    logits = MATRIX @ vector
    # As on paper: three decimals, and on with these.
    probabilities = softmax(logits).round(decimals=3)
    errors = probabilities.clone()
    errors[answer] -= 1
    at_output = errors[:, None] * vector
    at_look_up = torch.zeros_like(MATRIX)
    at_look_up[read] = errors @ MATRIX
    return {
        "tokens": TOKENS,
        "matrix": MATRIX,
        "vector": vector,
        "logits": logits,
        "probabilities": probabilities,
        "errors": errors,
        "at_output": at_output,
        "at_look_up": at_look_up,
        "together": at_output + at_look_up,
    }


def sentence() -> tuple[list[str], Tensor, Tensor]:
    """The vocabulary, the ids of the robot's sentence, the ids that come next."""
    words = SENTENCE.lower().replace(".", " .").split()
    vocabulary = [*dict.fromkeys(words), *OTHERS]
    ids = torch.tensor([[vocabulary.index(word) for word in words]])
    return vocabulary, ids[:, :-1], ids[:, 1:]


def small_model(tied: bool = True) -> LanguageModel:
    """Two blocks over the words of the sentence."""
    vocab_size = len(sentence()[0])
    size = Size(
        d_model=16, n_heads=2, d_ff=64, n_layers=2, vocab_size=vocab_size, max_len=16
    )
    return LanguageModel(size, tied)


def both_ends() -> dict[str, Any]:
    """How much of the gradient of each row arrives at which end."""
    vocabulary, ids, targets = sentence()
    model = small_model()
    look_up, logits = gradients(untied_twin(model), ids, targets)
    together, _ = gradients(model, ids, targets)
    return {
        "tokens": vocabulary,
        "look_up": look_up.norm(dim=-1),
        "logits": logits.norm(dim=-1),
        "both": together.norm(dim=-1),
    }


def step(model: LanguageModel) -> LanguageModel:
    """One step of an optimizer."""
    _, ids, targets = sentence()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    fit(
        model,
        optimizer,
        batches=lambda step: (ids, targets),
        loss=lambda model, batch: surprise(model, *batch),
        steps=1,
        clip=math.inf,
    )
    return model


def saved_and_loaded(content: Any, weights_only: bool = True) -> Any:
    """Through torch.save: the numbers, or the whole model with its code."""
    file = io.BytesIO()
    torch.save(content, file)
    file.seek(0)
    return torch.load(file, weights_only=weights_only)


def load_state(model: LanguageModel, assign: bool = False) -> LanguageModel:
    """Through torch.save of the numbers, into a new model."""
    fresh = small_model()
    fresh.load_state_dict(saved_and_loaded(model.state_dict()), assign=assign)
    return fresh


def safe(model: LanguageModel) -> LanguageModel:
    """Through a safetensors file, which holds the matrix once."""
    fresh = small_model()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.safetensors")
        safetensors.torch.save_model(model, str(file))
        safetensors.torch.load_model(fresh, file)
    return fresh


SURVIVALS: dict[str, Callable[[LanguageModel], LanguageModel]] = {
    "a step of the optimizer": step,
    "copy.deepcopy": copy.deepcopy,
    "state_dict, saved and loaded": load_state,
    "torch.save of the whole": partial(saved_and_loaded, weights_only=False),
    "safetensors save_model": safe,
    "load_state_dict(assign=True)": lambda model: load_state(model, True),
}


def saved() -> list[dict[str, Any]]:
    """What published models would weigh without the tie."""
    rows = []
    for name, uses in (("BERT-base", 2), ("GPT-2", 2), ("base", 3)):
        parts = parameters(SIZES[name])
        spared = (uses - 1) * parts["tokens"]
        untied = sum(parts.values()) + spared
        rows.append(
            {
                "name": name,
                "uses": uses,
                "matrix": parts["tokens"],
                "untied": untied,
                "share": spared / untied,
            }
        )
    return rows


def likenesses(matrix: Float[Tensor, "vocab_size d_model"]) -> Float[Tensor, " count"]:
    """For every two rows the cosine between them, the mean row taken away."""
    rows = F.normalize(matrix - matrix.mean(0), dim=-1)
    above = torch.ones(len(rows), len(rows), dtype=torch.bool).triu(1)
    return (rows @ rows.T)[above]


def alike(one: Tensor, other: Tensor) -> float:
    """Whether two matrices find the same rows alike: the correlation of likenesses."""
    both = torch.stack([likenesses(one), likenesses(other)])
    return torch.corrcoef(both)[0, 1].item()


def corpus(split: portuguese.Split, count: int) -> list[str]:
    """The English words of our sentences, one after the other."""
    pairs = portuguese.pairs(split, max_len=12)
    return [word for pair in islice(pairs, count) for word in pair.english]


def surprise_at(
    model: LanguageModel, ids: Tensor, targets: Tensor, where: Tensor
) -> Tensor:
    """The mean cross-entropy over some of the positions."""
    losses = F.cross_entropy(model(ids).mT, targets, reduction="none")
    return losses[where].mean()


def trained(seed: int) -> dict[str, Any]:
    """A tied and an untied model learn our English; each begins with its own numbers.

    In how many steps did each row get a gradient, at either end? Which matrix of the
    untied model does the tied one resemble? How well does each guess other sentences,
    and how well at rare words and just after them?
    """
    text, other = corpus("train", SENTENCES), corpus("valid", 400)
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys(text))}
    ids = torch.tensor([vocabulary[word] for word in text])
    held_out = torch.tensor([vocabulary[word] for word in other if word in vocabulary])
    held_out = held_out[: (len(held_out) - 1) // WINDOW * WINDOW + 1]
    count = ids.bincount(minlength=len(vocabulary))
    reached = {end: torch.zeros(len(count)) for end in ("look_up", "logits")}
    size = Size(
        d_model=32, n_heads=2, d_ff=128, vocab_size=len(count),
        max_len=WINDOW, dropout=0.1,
    )  # fmt: skip

    inputs, targets = (part.view(-1, WINDOW) for part in (held_out[:-1], held_out[1:]))
    places = {
        "all": torch.ones_like(inputs, dtype=torch.bool),
        "at_rare": count[targets] < RARE,
        "after_rare": count[inputs] < RARE,
    }

    def learn(tied: bool, seed: int) -> tuple[LanguageModel, dict[str, float]]:
        torch.manual_seed(2 * seed + tied)
        model = LanguageModel(size, tied)
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, fused=True)
        for _ in range(STEPS):
            begins = torch.randint(len(ids) - WINDOW, (8, 1))
            windows = ids[begins + torch.arange(WINDOW + 1)]
            optimizer.zero_grad()
            surprise(model, windows[:, :-1], windows[:, 1:]).backward()
            if not tied and seed == 0:
                for end, matrix in (
                    ("look_up", model.embedding.weight),
                    ("logits", model.output.weight),
                ):
                    assert matrix.grad is not None
                    reached[end] += matrix.grad.ne(0).any(-1)
            optimizer.step()
        model.eval().requires_grad_(False)
        return model, {
            name: surprise_at(model, inputs, targets, where).item()
            for name, where in places.items()
        }

    runs, untied_ends = [], []
    for run in range(RUNS):
        (tied, tied_loss), (untied, untied_loss) = (
            learn(kind, seed + run) for kind in (True, False)
        )
        one = tied.embedding.weight
        two = untied.embedding.weight, untied.output.weight
        untied_ends.append(two)
        runs.append(
            {
                "like_input": alike(one, two[0]),
                "like_output": alike(one, two[1]),
                "ends": alike(*two),
                "tied": tied_loss,
                "untied": untied_loss,
            }
        )
    groups = []
    for least, most in ((1, 1), (2, 4), (5, 9), (10, 19), (20, 99), (100, 10**6)):
        rows = (count >= least) & (count <= most)
        shares = {end: steps[rows].mean() / STEPS for end, steps in reached.items()}
        groups.append({"least": least, "most": most, "words": rows.sum(), **shares})
    return {
        "sentences": SENTENCES,
        "words": len(text),
        "vocabulary": len(count),
        "steps": STEPS,
        "groups": groups,
        "runs": runs,
        "predicted": {name: where.sum() for name, where in places.items()},
        # As much as two matrices of the same kind agree that began apart.
        "same": {
            "input": alike(untied_ends[0][0], untied_ends[1][0]),
            "output": alike(untied_ends[0][1], untied_ends[1][1]),
        },
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The two uses by hand, gradients from both ends, what breaks the tie."""
    torch.manual_seed(seed)
    copied = step(untied_twin(small_model()))
    apart = copied.output.weight - copied.embedding.weight
    counts = {
        kind: sum(weight.numel() for weight in small_model(kind == "tied").parameters())
        for kind in ("tied", "untied")
    }
    return {
        "by_hand": by_hand(),
        "parameters": counts,
        "ends": both_ends(),
        "survives": {
            name: is_tied(travel(small_model())) for name, travel in SURVIVALS.items()
        },
        "copied_apart": apart.abs().max().item(),
        "saved": saved(),
        "trained": trained(seed),
    }


def show(data: dict[str, Any]) -> None:
    """Print the example, the gradients, what keeps the tie, what it saves."""
    hand, ends = data["by_hand"], data["ends"]
    print('"it" in at one end, out at the other')
    columns = (hand[key] for key in ("tokens", "matrix", "logits", "probabilities"))
    table(
        [[token, *row, *scores] for token, row, *scores in zip(*columns, strict=True)],
        ["", ".0f", ".0f", ".0f", ".3f"],
        ["token", "row", "", "logit", "probability"],
    )
    print("\nsize of a row's gradient, by end")
    columns = (ends[key] for key in ("tokens", "look_up", "logits", "both"))
    header = ["token", "look-up", "logits", "tied"]
    table(zip(*columns, strict=True), ["", ".3f", ".3f", ".3f"], header)
    print("\nare the ends still one matrix after")
    survives = data["survives"].items()
    table([[name, "yes" if tied else "no"] for name, tied in survives], ["", ""])
    print(f"copied ends, after one step: {data['copied_apart']:.2f} apart")

    print("\nmillions of parameters")
    header = ["model", "matrix", "uses", "untied", "saved"]
    rows = [
        [
            row["name"],
            row["matrix"] / 1e6,
            row["uses"],
            row["untied"] / 1e6,
            row["share"],
        ]
        for row in data["saved"]
    ]
    table(rows, ["", ".2f", "", ".2f", ".0%"], header)
    ours = data["parameters"]
    print(f"the model above: {ours['tied']:,}, untied {ours['untied']:,}")

    found = data["trained"]
    print("\ncross-entropy on other sentences")
    names = {"all": "all", "at_rare": "a rare one", "after_rare": "after a rare one"}
    rows = [
        [
            name,
            *(run[kind][key] for kind in ("tied", "untied") for run in found["runs"]),
        ]
        for key, name in names.items()
    ]
    header = ["words", "tied", "", "untied", ""]
    table(rows, ["", *[".2f"] * 4], header)


def _times(group: dict[str, Any]) -> str:
    """How often the words of a group are in the text, as a range."""
    least, most = group["least"], group["most"]
    if least == most:
        return f"{least}"
    return f"{least} to {most}" if most < 10**6 else f"{least} or more"


ROWS = (44, 70, 96)  # of the matrix, where its middle is at 176
BELOW = (254, 280, 306)  # the same rows again, with their gradients
LOGITS, LOOK_UP, BOTH = 110, 228, 346


def _forward(axes: Axes, hand: dict[str, Any], step: int) -> None:
    """The word goes in, its row comes out, and meets every row."""
    it = hand["tokens"].index("it")
    past = step > 1
    diagrams.box(axes, 34, ROWS[it], "“it”", faint=past)
    diagrams.arrow(axes, (58, ROWS[it]), (126, ROWS[it]), label="in", faint=past)
    for i, (token, y) in enumerate(zip(hand["tokens"], ROWS, strict=True)):
        faint = step == 1 and i != it
        diagrams.words(axes, 146, y, token, ha="right", faint=faint)
        diagrams.cells(axes, 176, y, hand["matrix"][i], plots.LINK, ".0f", faint=faint)
    diagrams.arrow(axes, (176, 108), (176, 138), faint=past)
    diagrams.words(axes, 146, 150, "vector", ha="right", faint=past)
    diagrams.cells(axes, 176, 150, hand["vector"], fmt=".0f", faint=past)
    if step == 1:
        return
    past = step > 2
    diagrams.arrow(axes, (200, 150), (236, 150), faint=past)
    diagrams.box(axes, 275, 150, "no blocks", faint=past)
    diagrams.arrow(axes, (275, 137), (275, 110), label="out", faint=past)
    for x, name in ((222, "logit"), (300, "share")):
        diagrams.words(axes, x, 20, name, plots.MUTED, faint=past)
    for y, logit, share in zip(
        ROWS, hand["logits"], hand["probabilities"], strict=True
    ):
        diagrams.words(axes, 222, y, f"{logit:.0f}", faint=past)
        alpha = diagrams.FAINT if past else None
        bar = Rectangle((248, y - 6), 45 * share, 12, color=plots.MUTED, alpha=alpha)
        axes.add_patch(bar)
        diagrams.words(axes, 328, y, f"{share:.3f}", ha="right", faint=past)


def _backward(axes: Axes, hand: dict[str, Any], step: int) -> None:
    """The error of every word, and beside each row the gradient that it gets."""
    past = step > 3
    diagrams.words(axes, 368, 20, "error", plots.MUTED, faint=past)
    for y, error in zip(ROWS, hand["errors"], strict=True):
        diagrams.words(axes, 368, y, diagrams.signed(error, "+.3f"), faint=past)
    diagrams.words(axes, 4, 204, "what each row gets", bold=True, ha="left")
    columns = [(LOGITS, "output end", "at_output", plots.INK, past)]
    if step > 3:
        columns += [
            (LOOK_UP, "input end", "at_look_up", plots.LINK, False),
            (BOTH, "tied: sum", "together", plots.INK, False),
        ]
    for token, y in zip(hand["tokens"], BELOW, strict=True):
        diagrams.words(axes, 50, y, token, ha="right")
        for (x, *_), sign in zip(columns[1:], "+=", strict=False):
            diagrams.words(axes, x - 59, y, sign, plots.MUTED)
    for x, name, key, colour, faint in columns:
        diagrams.words(axes, x, 230, name, colour, faint=faint)
        for y, row in zip(BELOW, hand[key], strict=True):
            diagrams.cells(axes, x, y, row, colour, "6.3f", faint or not any(row))


def _step(hand: dict[str, Any], step: int) -> Figure:
    """One matrix entered from both ends; then what flows back into it."""
    figure, axes = diagrams.board(176 if step < 3 else 326)
    _forward(axes, hand, step)
    if step > 2:
        _backward(axes, hand, step)
    return figure


def frames(data: dict[str, Any]) -> list[Figure]:
    """In, out, and back again from both ends into the one matrix."""
    return [_step(data["by_hand"], step) for step in range(1, 5)]


def draw(data: dict[str, Any]) -> Figure:
    """For every row, the gradient that comes from the left and from the right."""
    ends = data["ends"]
    rows = range(len(ends["tokens"]))
    figure, (left, right) = plots.canvas(330, 1, 2, sharey=True)
    for axes, key, colour, title in (
        (left, "look_up", plots.LINK, "from the look-up"),
        (right, "logits", plots.MUTED, "from the logits"),
    ):
        axes.barh(rows, ends[key], color=colour, height=0.6)
        axes.set_title(title)
        axes.set_xlim(0, 1.1 * max(ends["look_up"] + ends["logits"]))
    left.invert_xaxis()
    left.invert_yaxis()
    left.spines[["left"]].set_visible(False)
    left.spines[["right"]].set_visible(True)
    left.yaxis.tick_right()
    left.set_yticks(rows, ends["tokens"])
    left.tick_params(axis="y", length=0, pad=8)
    right.tick_params(axis="y", length=0)
    return figure


def look(data: dict[str, Any]) -> Figure:
    """How often a word's row gets a gradient, at either end, by its frequency."""
    groups = data["trained"]["groups"]
    figure, axes = plots.canvas(240)
    for key, style, colour, name in (
        ("logits", "s--", plots.MUTED, "output row"),
        ("look_up", "o-", plots.LINK, "input row"),
    ):
        shares = [100 * group[key] for group in groups]
        axes.plot(range(len(groups)), shares, style, color=colour, label=name)
    labels = [_times(g).replace(" to ", "–").replace(" or more", "+") for g in groups]
    axes.set_xticks(range(len(groups)), labels)
    axes.set_ylim(0, 108)
    axes.set_xlabel("times that the word is in the text")
    axes.set_title("steps with a gradient, in per cent")
    axes.legend(loc="center left", frameon=False)
    return figure


def holds(data: dict[str, Any]) -> dict[str, bool]:
    """What the page concludes from the training."""
    found = data["trained"]
    rare, *_, common = found["groups"]
    return {
        "every output row gets a gradient in every step": all(
            group["logits"] == 1 for group in found["groups"]
        ),
        "the input rows of rare words hardly get any": rare["look_up"] < 0.05,
        "those of common words do": common["look_up"] > 0.5,
        "the tied matrix is more like the output": all(
            run["like_output"] > run["like_input"] + 0.05 for run in found["runs"]
        ),
    }


# The key of what takes seconds, and the function that gives it.
TRAINS = "trained"
# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "            self.output.weight = self.embedding.weight",
        "            numbers = self.embedding.weight.detach().clone()\n"
        "            self.output.weight = nn.Parameter(numbers)",
    ),
    (
        "        x = self.embedding(ids) * self.scale  # one end: ids in",
        "        x = self.embedding(ids)  # one end: ids in",
    ),
    (
        "            nn.init.normal_(end.weight, std=d_model**-0.5)",
        "            nn.init.normal_(end.weight, std=1.0)",
    ),
]
