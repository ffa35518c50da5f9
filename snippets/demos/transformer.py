"""One token through a block by hand, five stacks by depth, and MiniLM's six blocks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.attention.masking import causal_mask
from snippets.corpora.robot import SENTENCE
from snippets.demos.feed_forward import kinds
from snippets.lab import diagrams, plots, weights
from snippets.lab.minilm import MiniLM
from snippets.lab.tables import table
from snippets.text.wordpiece import WordPiece
from snippets.transformer.feed_forward import FeedForward
from snippets.transformer.parameters import (
    PUBLISHED,
    SIZES,
    TABLE_3,
    Size,
    parameters,
    vocabulary_behind,
)
from snippets.transformer.transformer import LayerNorm, TransformerStack, add_branch

# --- By hand: "it" through one block

# What the four numbers of a vector mean.
MEANINGS = ["thing", "slippery", "open", "falls"]
TOKENS = ["glass", "it"]
VECTORS = torch.tensor([[6.0, 6.0, 2.0, 2.0], [1.0, 3.0, 3.0, 1.0]])


def mostly_glass(x: Float[Tensor, "2 4"]) -> Float[Tensor, "2 4"]:
    """Attention that gives three quarters of its weight to "glass".

    A value is four times "thing" and "open" of its token, and nothing else.
    """
    weights_of_it = torch.tensor([0.75, 0.25])
    values = 4 * x * torch.tensor([1.0, 0.0, 1.0, 0.0])
    return (weights_of_it @ values).expand_as(x)


def two_neurons() -> FeedForward:
    """A slippery thing? Then add 4 to "falls". Slippery, but what? Then to "open"."""
    network = FeedForward(d_model=4, d_ff=2)
    network.load_state_dict(
        {
            "widen.weight": torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0]]),
            "widen.bias": torch.tensor([-1.0, -1.0]),
            "narrow.weight": torch.tensor(
                [[0.0, 0.0], [0.0, 0.0], [0.0, 4.0], [4.0, 0.0]]
            ),
            "narrow.bias": torch.zeros(4),
        }
    )
    return network.requires_grad_(False)


def by_hand() -> dict[str, Any]:
    """A pre-norm block step by step, and its first half in post-norm."""
    norm, network, it = LayerNorm(4, eps=0.0).requires_grad_(False), two_neurons(), 1
    x = VECTORS
    middle = add_branch(x, mostly_glass, norm, pre_norm=True)
    return {
        "vectors": x,
        "normed": norm(x),
        "attention": mostly_glass(norm(x))[it],
        "middle": middle[it],
        "middle_normed": norm(middle)[it],
        "neurons": network.activation(network.widen(norm(middle)))[it],
        "feed_forward": network(norm(middle))[it],
        "output": add_branch(middle, network, norm, pre_norm=True)[it],
        "sum_post": (x + mostly_glass(x))[it],
        "post": add_branch(x, mostly_glass, norm, pre_norm=False)[it],
    }


def order(seed: int) -> dict[str, float]:
    """How far the outputs of shuffled words are from shuffling the outputs.

    Without positions, with them, and with a causal mask in their place.
    """
    random = torch.Generator().manual_seed(seed)
    seq = len(SENTENCE.split())
    words, places = torch.randn(2, seq, 32, generator=random)
    shuffle = torch.randperm(seq, generator=random)
    stack = TransformerStack(Size(d_model=32, n_heads=4, d_ff=128, n_layers=2))

    def apart(places: Tensor, mask: Tensor | None = None) -> float:
        straight = stack((words + places)[None], mask)
        shuffled = stack((words[shuffle] + places)[None], mask)
        difference: Tensor = shuffled - straight[:, shuffle]
        return difference.abs().max().item()

    nowhere = torch.zeros_like(places)
    return {
        "without": apart(nowhere),
        "with": apart(places),
        "causal": apart(nowhere, causal_mask(seq)),
    }


# --- Twelve blocks, with and without

Step = Callable[[Tensor, Any, Any], Tensor]
# What becomes of x at a branch.
FORMS: dict[str, Step] = {
    "neither": lambda x, branch, norm: branch(x),
    "norm alone": lambda x, branch, norm: norm(branch(x)),
    "residual alone": lambda x, branch, norm: x + branch(x),
    "post-norm": lambda x, branch, norm: add_branch(x, branch, norm, pre_norm=False),
    "pre-norm": lambda x, branch, norm: add_branch(x, branch, norm, pre_norm=True),
}
BLOCKS = 12


def stacked(seed: int, d_model: int) -> TransformerStack:
    """Twelve untrained blocks; in float64, so that processors agree."""
    torch.manual_seed(seed)
    size = Size(d_model=d_model, n_heads=4, d_ff=4 * d_model, n_layers=BLOCKS)
    return TransformerStack(size, pre_norm=True).double()


def through(stack: TransformerStack, x: Tensor, form: str) -> list[Tensor]:
    """The stream before the first block and after each; at the end, pre-norm's norm."""
    states = [x]
    for block in stack.blocks:
        x = FORMS[form](x, block.attention, block.attention_norm)
        x = FORMS[form](x, block.feed_forward, block.feed_forward_norm)
        states.append(x)
    if form == "pre-norm":
        states.append(stack.norm(x))
    return states


def depth(seed: int) -> dict[str, dict[str, list[float]]]:
    """By blocks passed: size of the stream, likeness to the token, gradient."""
    measured = {}
    random = torch.Generator().manual_seed(seed)
    start, wanted = torch.randn(2, 4, 32, 64, generator=random).double()
    for form in FORMS:
        x = start.clone().requires_grad_()
        stack = stacked(seed, 64)
        for matrix in stack.parameters():
            if matrix.dim() == 2:  # as in xiong-2020
                nn.init.xavier_uniform_(matrix)
        states = through(stack, x, form)
        loss = (states[-1] * wanted).mean()
        stream = states[: BLOCKS + 1]
        with torch.no_grad():
            measured[form] = {
                "size": [s.square().mean().sqrt().item() for s in stream],
                "likeness": [
                    F.cosine_similarity(s, x, dim=-1).mean().item() for s in stream
                ],
            }
        gradients = torch.autograd.grad(loss, stream)
        measured[form]["gradient"] = [g.norm().item() for g in gradients]
    return measured


# --- Twelve blocks, trained

RATE, WARM_UP = 0.005, 40
STEPS, EVERY, VOCAB, SEQ = 80, 10, 8, 8


def train(seed: int = 0) -> dict[str, dict[str, list[float]]]:
    """Learn to name the token to the left: the loss, a mean of every ten steps.

    Each form at the full learning rate from the start, and with a warm-up.
    """
    rates = {"full": 1, "warm-up": WARM_UP}
    return {
        form: {name: losses(form, rising, seed) for name, rising in rates.items()}
        for form in FORMS
    }


def losses(form: str, rising: int, seed: int) -> list[float]:
    """One training by Adam, whose learning rate rises for so many steps."""
    stack = stacked(seed, 32)
    # PyTorch's own norm and ReLU, which are the same and take less time.
    for part in stack.modules():
        for name, child in part.named_children():
            if isinstance(child, LayerNorm):
                setattr(part, name, nn.LayerNorm(32).double())
            elif isinstance(child, FeedForward):
                child.activation = F.relu
    ends = nn.ModuleList(
        [nn.Embedding(VOCAB, 32), nn.Embedding(SEQ, 32), nn.Linear(32, VOCAB)]
    ).double()
    word, position, scores = ends
    parameters = [*stack.parameters(), *ends.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=RATE, fused=True)
    random = torch.Generator().manual_seed(seed)
    found = []
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = RATE * min(1, (step + 1) / rising)
        ids = torch.randint(VOCAB, (16, SEQ), generator=random)
        x = word(ids) + position(torch.arange(SEQ))
        logits = scores(through(stack, x, form)[-1])
        loss = F.cross_entropy(logits[:, 1:].flatten(0, 1), ids[:, :-1].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return torch.tensor(found).view(-1, EVERY).mean(-1).tolist()


# --- What MiniLM's blocks add


def minilm() -> dict[str, Any]:
    """Of every token of our sentences: what each block adds, and what is left of it.

    `alike` is the cosine with the vector that went in; `known` the share of tokens
    whose vector is, of all that went in, still nearest to one of the same token.
    """
    bert, model = WordPiece(weights.vocabulary()), MiniLM()
    tokens, first, layers = [], [], []
    sentences = [sentence for half in kinds()[1] for sentence in half]
    for sentence in sentences:
        pieces, ids = bert.for_bert(sentence)
        tokens += pieces[1:-1]
        start = model.embed(ids)
        rows, x = [], start
        for block in model.read(ids):
            added = [
                block.attended.norm(dim=-1) / x.norm(dim=-1),
                block.worked.norm(dim=-1) / block.middle.norm(dim=-1),
                F.cosine_similarity(block.output, start, dim=-1),
            ]
            rows.append((torch.stack(added)[:, 1:-1], block.output[1:-1]))
            x = block.output
        first.append(start[1:-1])
        layers.append(rows)
    entered = F.normalize(torch.cat(first), dim=-1)
    found = []
    for layer, block_rows in enumerate(zip(*layers, strict=True)):
        parts, outputs = zip(*block_rows, strict=True)
        quartiles = torch.cat(parts, 1).quantile(torch.tensor([0.25, 0.5, 0.75]), 1)
        near = (F.normalize(torch.cat(outputs), dim=-1) @ entered.T).argmax(-1).tolist()
        known = [tokens[i] == tokens[j] for i, j in enumerate(near)]
        found.append(
            {
                "layer": layer + 1,
                **dict(
                    zip(
                        ("attention", "feed_forward", "alike"), quartiles.T, strict=True
                    )
                ),
                "known": sum(known) / len(known),
            }
        )
    often = max(map(tokens.count, set(tokens))) / len(tokens)
    return {
        "layers": found,
        "tokens": len(tokens),
        "sentences": len(sentences),
        "often": often,
    }


# --- How many numbers there are


def counted() -> dict[str, Any]:
    """What the formula counts, and which vocabularies the paper's numbers leave."""
    counts = {name: parameters(size) for name, size in SIZES.items()}
    totals = {name: sum(parts.values()) for name, parts in counts.items()}
    base = SIZES["base"]
    ranges = [
        vocabulary_behind(replace(base, **row), millions) for row, millions in TABLE_3
    ]
    lows, highs = zip(*ranges, strict=True)
    biases = {
        name: sum(parameters(replace(SIZES[name], bias=True)).values()) - totals[name]
        for name in ("base", "big")
    }
    return {
        "parameters": counts,
        "totals": totals,
        "published": PUBLISHED,
        "behind": {
            "rows": len(ranges),
            "base": [max(lows), min(highs)],
            "biases": biases,
            "big": vocabulary_behind(SIZES["big"], PUBLISHED["big"]),
        },
    }


TRAINS = "train"


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """One token by hand, order, depth, a training, MiniLM, and the parameters."""
    return {
        "by_hand": by_hand(),
        "order": order(seed),
        "depth": depth(seed),
        "train": train(seed),
        "guess": math.log(VOCAB),
        "look": minilm(),
        **counted(),
    }


def show(data: dict[str, Any]) -> None:
    """Print the steps and the tables."""
    hand = data["by_hand"]
    print('"it" through one pre-norm block')
    steps = [
        ("in", hand["vectors"][1]),
        ("layer norm", hand["normed"][1]),
        ("attention adds", hand["attention"]),
        ("sum", hand["middle"]),
        ("layer norm", hand["middle_normed"]),
        ("feed-forward adds", hand["feed_forward"]),
        ("out", hand["output"]),
    ]
    header = ["", *MEANINGS]
    table([[label, *row] for label, row in steps], ["", *[".3g"] * 4], header)
    print("\npost-norm, its first half")
    steps = [("in + attention", hand["sum_post"]), ("layer norm", hand["post"])]
    table([[label, *row] for label, row in steps], ["", *[".2f"] * 4])

    print(f"\n{BLOCKS} untrained blocks: what leaves")
    rows = []
    for form, found in data["depth"].items():
        ends = found["gradient"][0] / found["gradient"][-1]
        rows.append([form, found["size"][-1], found["likeness"][-1], ends])
    header = ["", "size", "likeness", "gradient"]
    table(rows, ["", ".2f", ".2f", ".1e"], header)

    print(f"\nloss in training; a guess has {data['guess']:.2f}")
    shown = [0, 3, 5, 7]
    rows = [
        [f"{form}{', warm-up' * (name == 'warm-up')}", *(found[i] for i in shown)]
        for form, both in data["train"].items()
        for name, found in both.items()
    ]
    header = ["steps", *(f"{EVERY * i + 1}-{EVERY * (i + 1)}" for i in shown)]
    table(rows, ["", *[".2f"] * 4], header)

    look = data["look"]
    print("\nMiniLM: added, if the stream is 1; what is left")
    rows = [
        [
            row["layer"],
            row["attention"][1],
            row["feed_forward"][1],
            row["alike"][1],
            row["known"],
        ]
        for row in look["layers"]
    ]
    header = ["block", "attention", "network", "alike", "known"]
    table(rows, ["", ".2f", ".2f", ".2f", ".0%"], header)

    print("\nshuffle the words: do the outputs follow?")
    labels = {
        "without": "no positions: difference",
        "with": "positions added",
        "causal": "no positions, causal mask",
    }
    table([[labels[kind], apart] for kind, apart in data["order"].items()], ["", ".1e"])

    names = list(data["published"])
    counts = [data["parameters"][name] for name in names]
    print("\nparameters, in millions")
    rows = [[part, *[count[part] / 1e6 for count in counts]] for part in counts[0]]
    rows.append(["total", *[data["totals"][name] / 1e6 for name in names]])
    header = ["", *[name.removesuffix("-base") for name in names]]
    table(rows, ["", *[".2f"] * len(names)], header)
    print("published:", ", ".join(f"{data['published'][name]}" for name in names))


# --- Pictures

STREAM, BRANCH = 84, 272  # where the stream and the branches run
ROWS = {"in": 40, "attention": 126, "middle": 184, "network": 270, "out": 326}


def frames(data: dict[str, Any]) -> list[Figure]:
    """ "it" down the stream: norm, attention, sum, norm and network, sum."""
    hand = data["by_hand"]
    return [_frame(hand, step) for step in range(1, 6)]


def _frame(hand: dict[str, Any], step: int) -> Figure:
    figure, axes = diagrams.board((72, 146, 216, 290, 354)[step - 1])
    below = {name: y + 12 for name, y in ROWS.items()}
    above = {name: y - 30 for name, y in ROWS.items()}
    parts = [(below["in"], 66 if step < 3 else above["middle"])]
    if step > 2:
        parts.append((below["middle"], 210 if step < 5 else above["out"]))
    if step > 4:
        parts.append((below["out"], 350))
    for part in parts:
        axes.plot([STREAM, STREAM], part, color=plots.MUTED, lw=5, alpha=0.35)
    diagrams.words(axes, 8, 14, "it", bold=True, ha="left", size=12)
    _stream(axes, "in", hand["vectors"][1])
    adds = hand["attention"] if step > 1 else None
    name = "attention: ¾ glass, ¼ it\nthing: ¾ · 4 − ¼ · 4 = 2"
    _branch(axes, ROWS["in"], name, plots.QUERY, hand["normed"][1], adds)
    if step > 2:
        _add(axes, ROWS["attention"], plots.QUERY)
        _stream(axes, "middle", hand["middle"])
    if step > 3:
        name = "feed-forward\nneuron 1: 1 + 1 − 1 = 1"
        normed, adds = hand["middle_normed"], hand["feed_forward"]
        _branch(axes, ROWS["middle"], name, plots.VALUE, normed, adds)
    if step > 4:
        _add(axes, ROWS["network"], plots.VALUE)
        _stream(axes, "out", hand["output"])
        diagrams.words(axes, STREAM + 52, ROWS["out"], "out", plots.MUTED, ha="left")
    return figure


def _stream(axes: Axes, row: str, vector: Any) -> None:
    """The vector on the stream, each number under the first letter of its meaning."""
    for number, meaning in enumerate(MEANINGS):
        x = STREAM + diagrams.CELL * (number - 1.5)
        diagrams.words(axes, x, ROWS[row] - 20, meaning[0], plots.MUTED)
    diagrams.cells(axes, STREAM, ROWS[row], vector, plots.LINK, ".3g")


def _branch(
    axes: Axes, top: float, name: str, colour: str, normed: Any, adds: Any
) -> None:
    """To the right, through the norm, and down through one sub-layer."""
    diagrams.arrow(axes, (STREAM + 48, top), (BRANCH - 50, top), label="layer norm")
    diagrams.cells(axes, BRANCH, top, normed, plots.INK, ".3g")
    diagrams.words(axes, BRANCH, top - 20, "mean 0, variance 1", plots.MUTED)
    if adds is not None:
        diagrams.arrow(axes, (BRANCH, top + 12), (BRANCH, top + 26))
        diagrams.box(axes, BRANCH, top + 43, name, colour, 192, 34)
        diagrams.arrow(axes, (BRANCH, top + 60), (BRANCH, top + 75))
        diagrams.cells(axes, BRANCH, top + 86, adds, colour, ".3g")
        diagrams.words(axes, BRANCH + 56, top + 86, "adds", plots.MUTED, ha="left")


def _add(axes: Axes, y: float, colour: str) -> None:
    """Back to the stream, where it is added."""
    diagrams.arrow(axes, (BRANCH - 50, y), (STREAM + 10, y), colour)
    diagrams.words(axes, STREAM, y, "+", plots.INK, 18, bold=True)


LOOKS: dict[str, tuple[str, Any, float]] = {
    "neither": (plots.MUTED, (0, (1, 2)), 1.8),
    "norm alone": (plots.KEY, plots.DASHED, 1.5),
    "residual alone": (plots.QUERY, (0, (6, 2, 1, 2)), 1.5),
    "post-norm": (plots.VALUE, (0, (9, 2)), 1.5),
    "pre-norm": (plots.LINK, plots.SOLID, 2.4),
}
APART = 0.105  # of the axes' height, between two labels


def lines(axes: Axes, x: list[float], values: dict[str, list[float]]) -> None:
    """A line each, and at the right its name, none on another's."""
    for name, y in values.items():
        colour, line, width = LOOKS[name]
        axes.plot(x, y, linestyle=line, color=colour, linewidth=width)
    to_axes = axes.transScale + axes.transLimits
    ends = {n: float(to_axes.transform((x[-1], y[-1]))[1]) for n, y in values.items()}
    lowest = 0.0
    for name, height in sorted(ends.items(), key=lambda end: end[1]):
        at = max(height, lowest)
        lowest = at + APART
        axes.annotate(
            name, (1, height), xycoords="axes fraction",
            xytext=(1.09, at), textcoords="axes fraction", va="center",
            color=LOOKS[name][0], annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "color": LOOKS[name][0], "lw": 0.6,
                "relpos": (0, 0.5), "shrinkA": 2, "shrinkB": 0,
            },
        )  # fmt: skip


def draw(data: dict[str, Any]) -> Figure:
    """The five stacks in training, at the full learning rate and with a warm-up."""
    figure, both = plots.canvas(460, 2, 1, sharex=True)
    titles = {
        "full": "loss, full learning rate at once",
        "warm-up": f"loss, warm-up over {WARM_UP} steps",
    }
    middles = [EVERY * (i + 0.5) for i in range(STEPS // EVERY)]
    for axes, (name, title) in zip(both, titles.items(), strict=True):
        axes.set(xlim=(0, middles[-1]), ylim=(-0.1, 4), yticks=[0, 1, 2, 3, 4])
        axes.set_title(title)
        found = {form: losses[name] for form, losses in data["train"].items()}
        lines(axes, middles, found)
    both[1].set(xlabel="steps of training", xticks=[0, 20, 40, 60])
    return figure


def look(data: dict[str, Any]) -> Figure:
    """By block of MiniLM: what its branches add, and what is left of the token."""
    layers = data["look"]["layers"]
    figure, (top, bottom) = plots.canvas(390, 2, 1, sharex=True)
    across = [row["layer"] for row in layers]
    for key, name, colour, line, mark in (
        ("attention", "attention", plots.QUERY, plots.SOLID, "o"),
        ("feed_forward", "feed-forward", plots.VALUE, plots.DASHED, "s"),
        ("alike", "cosine with what went in", plots.LINK, plots.SOLID, "o"),
    ):
        axes = bottom if key == "alike" else top
        low, middle, high = zip(*(row[key] for row in layers), strict=True)
        axes.fill_between(across, low, high, color=colour, alpha=0.15, lw=0)
        axes.plot(
            across, middle, line, color=colour, marker=mark, markersize=4, label=name
        )
    known = [row["known"] for row in layers]
    bottom.plot(
        across, known, plots.DASHED, color=plots.INK, marker="s", markersize=4,
        label="token still recognized",
    )  # fmt: skip
    for axes in (top, bottom):
        axes.set_ylim(0, max(axes.get_ylim()[1], 1))
        axes.legend(frameon=False, loc="best", fontsize=11)
    top.set_title("length of what is added, if the stream's is 1")
    bottom.set_title("what is left of the token")
    bottom.set_xlabel("block of MiniLM")
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ("        return x + branch(norm(x))", "        return branch(norm(x))"),
    (
        "    weights_of_it = torch.tensor([0.75, 0.25])",
        "    weights_of_it = torch.tensor([0.0, 1.0])",
    ),
    (
        "                nn.init.xavier_uniform_(matrix)",
        "                nn.init.xavier_uniform_(matrix, gain=0.2)",
    ),
]
