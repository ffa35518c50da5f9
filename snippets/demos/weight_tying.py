"""A matrix in two uses, gradients from both ends, and what breaks the tie."""

from __future__ import annotations

import copy
import io
import math
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.corpora.robot import SENTENCE
from snippets.lab import plots
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


def by_hand() -> dict[str, Any]:
    """A matrix of three rows: "it" goes in at one end and out at the other."""
    vector = MATRIX[TOKENS.index("it")]
    logits = MATRIX @ vector
    return {
        "tokens": TOKENS,
        "matrix": MATRIX,
        "logits": logits,
        "probabilities": softmax(logits),
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
    }


def show(data: dict[str, Any]) -> None:
    """Print the example, the gradients, what keeps the tie, what it saves."""
    hand, ends = data["by_hand"], data["ends"]
    print('"it" in at one end, out at the other')
    columns = (hand[key] for key in ("tokens", "matrix", "logits", "probabilities"))
    table(
        [[token, *row, *scores] for token, row, *scores in zip(*columns, strict=True)],
        ["", ".0f", ".0f", ".2f", ".2f"],
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
