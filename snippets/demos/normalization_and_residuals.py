"""One vector normalized by hand, networks stacked in five ways, and MiniLM's norms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.demos.feed_forward import kinds
from snippets.lab import diagrams, plots, weights
from snippets.lab.minilm import MiniLM
from snippets.lab.tables import table
from snippets.text.wordpiece import WordPiece
from snippets.transformer.feed_forward import FeedForward
from snippets.transformer.normalization_and_residuals import (
    LayerNorm,
    RMSNorm,
    add_branch,
)

# --- By hand: "glass" through one sub-layer

# What the four numbers of a vector mean.
MEANINGS = ["thing", "person", "drink", "fragile"]
GLASS = torch.tensor([9.0, 1.0, 3.0, 3.0]).double()
SLOPE, SUB_LAYERS = 0.5, 24


def one_neuron() -> FeedForward:
    """A thing, and no person? Then more fragile, and less of a drink."""
    network = FeedForward(d_model=4, d_ff=1).double()
    network.load_state_dict(
        {
            "widen.weight": torch.tensor([[3.0, -3.0, 0.0, 0.0]]),
            "widen.bias": torch.tensor([-2.0]),
            "narrow.weight": torch.tensor([[0.0], [0.0], [-1 / 3], [1.0]]).double(),
            "narrow.bias": torch.zeros(4),
        }
    )
    return network.requires_grad_(False)


def by_hand() -> dict[str, Any]:
    """Norm, sub-layer, sum, and the next norm; then slopes and shares by depth."""
    norm = LayerNorm(4, eps=0.0).double().requires_grad_(False)
    rms, network, x = RMSNorm(4, eps=0.0).requires_grad_(False), one_neuron(), GLASS
    centred = x - x.mean()
    after = add_branch(x, network, norm, pre_norm=True)
    depths = [1, 2, 3, SUB_LAYERS]
    return {
        "x": x,
        "mean": x.mean(),
        "centred": centred,
        "squares": centred.square(),
        "spread": centred.square().mean().sqrt(),
        "normed": norm(x),
        "times": 10,
        "larger": 10 * x,
        "larger_normed": norm(10 * x),
        "raw_squares": x.square(),
        "mean_square": x.square().mean(),
        "root_mean_square": x.square().mean().sqrt(),
        "rms_normed": rms(x),
        "neuron": network.activation(network.widen(norm(x))),
        "raw": 3 * x,
        "neuron_of_raw": network.activation(network.widen(x)),
        "adds": network(norm(x)),
        "after": after,
        "after_mean": after.mean(),
        "after_spread": (after - after.mean()).square().mean().sqrt(),
        "next": norm(after),
        "depths": depths,
        "in_a_row": [SLOPE**n for n in depths],
        "one_in": [1 / SLOPE**n for n in depths],
        "with_residual": [(1 + SLOPE) ** n for n in depths],
        # A branch that reads 1 adds SLOPE: the steps (2 + n + 1) / (2 + n), multiplied.
        "with_norm": [1 + SLOPE * n for n in depths],
        "roughly": round((1 + SLOPE) ** SUB_LAYERS),
        "share_pre_one_in": [1 + n for n in depths],
        "share_post_one_in": [2**n for n in depths],
    }


# --- Twenty-four sub-layers in five forms

Step = Callable[[Tensor, Any, Any], Tensor]
# What becomes of x at a branch.
FORMS: dict[str, Step] = {
    "neither": lambda x, branch, norm: branch(x),
    "norm alone": lambda x, branch, norm: norm(branch(x)),
    "residual alone": lambda x, branch, norm: x + branch(x),
    "post-norm": lambda x, branch, norm: add_branch(x, branch, norm, pre_norm=False),
    "pre-norm": lambda x, branch, norm: add_branch(x, branch, norm, pre_norm=True),
}
# The share of its input's mean square that such a network returns, to begin with:
# Xavier's matrices have a variance of 2 / (5 d), and ReLU lets half through.
ADDS = (2 / 5) / 2 * (4 * 2 / 5)


class Stack:
    """Feed-forward networks one after the other, in one of the five forms."""

    def __init__(self, form: str, d_model: int, seed: int, depth: int = SUB_LAYERS):
        torch.manual_seed(seed)
        # PyTorch's own ReLU and norm, which are the same and take less time.
        self.networks = nn.ModuleList(
            FeedForward(d_model, 4 * d_model, F.relu) for _ in range(depth)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(depth + 1))
        for matrix in self.networks.parameters():
            if matrix.dim() == 1:  # a bias
                nn.init.zeros_(matrix)
            else:  # as in xiong-2020
                nn.init.xavier_uniform_(matrix)
        self.form = form
        self.parts = nn.ModuleList([self.networks, self.norms])
        self.parts.double()  # so that processors agree

    def stream(self, x: Tensor) -> list[Tensor]:
        """x, and what it is after each network."""
        states = [x]
        for network, norm in zip(self.networks, self.norms[:-1], strict=True):
            states.append(FORMS[self.form](states[-1], network, norm))
        return states

    def last(self, x: Tensor) -> Tensor:
        """What a pre-norm stack adds at its end: one more norm."""
        out: Tensor = self.norms[-1](x) if self.form == "pre-norm" else x
        return out


def depth(seed: int) -> dict[str, dict[str, Any]]:
    """By networks passed: size of the vectors, likeness to the first, gradient.

    And, after the last, how like the vectors of different tokens are to each other.
    """
    random = torch.Generator().manual_seed(seed)
    start, wanted = torch.randn(2, 128, 64, generator=random).double()
    measured = {}
    for form in FORMS:
        stack = Stack(form, 64, seed)
        states = stack.stream(start.clone().requires_grad_())
        loss = (stack.last(states[-1]) * wanted).mean()
        gradients = [g.norm() for g in torch.autograd.grad(loss, states)]
        ways = F.normalize(states[-1], dim=-1)
        n = len(ways)
        measured[form] = {
            "among": ((ways @ ways.T).sum() - n) / (n * (n - 1)),
            "size": [s.square().mean().sqrt() for s in states],
            "likeness": [F.cosine_similarity(s, start, dim=-1).mean() for s in states],
            "gradient": [g / gradients[-1] for g in gradients],
        }
    return measured


def foreseen() -> dict[str, list[float]]:
    """Size, likeness and gradient by the pencil, if what is added is unrelated.

    Each network returns `ADDS` of the mean square that it is given.
    """
    n = SUB_LAYERS
    return {
        "neither": [ADDS ** (n / 2), 0, ADDS ** (n / 2)],
        "norm alone": [1, 0, 1],
        "residual alone": [
            (1 + ADDS) ** (n / 2), (1 + ADDS) ** (-n / 2), (1 + ADDS) ** (n / 2),
        ],
        "post-norm": [1, (1 + ADDS) ** (-n / 2), 1],
        "pre-norm": [
            math.sqrt(1 + n * ADDS), 1 / math.sqrt(1 + n * ADDS),
            math.sqrt(1 + n * ADDS),
        ],
    }  # fmt: skip


NOISE = 0.01


def by_depth(seed: int) -> list[dict[str, Any]]:
    """In stacks of several depths, untrained, for either order of the norm.

    The gradient at the last matrix, and how far what leaves is moved by random changes
    of all matrices by one per cent, each as a share of its length.
    """
    random = torch.Generator().manual_seed(seed)
    start, wanted = torch.randn(2, 32, 64, generator=random).double()
    rows = []
    for n in (6, 24, 96):
        row: dict[str, Any] = {"networks": n, "gradient": {}, "moved": {}}
        for form in ("post-norm", "pre-norm"):
            stack = Stack(form, 64, seed, n)
            out = stack.last(stack.stream(start)[-1])
            matrices = [m for m in stack.networks.parameters() if m.dim() == 2]
            loss = (out * wanted).sum(-1).mean()
            row["gradient"][form] = torch.autograd.grad(loss, matrices[-1])[0].norm()
            with torch.no_grad():
                for m in matrices:
                    m.add_(NOISE * m.std() * torch.randn(m.shape, generator=random))
                moved = stack.last(stack.stream(start)[-1]) - out
            row["moved"][form] = moved.norm() / out.norm()
        rows.append(row)
    return rows


RATE, WARM_UP, STEPS, EVERY, WORDS = 0.005, 20, 40, 10, 16


def train(seed: int = 0) -> dict[str, dict[str, list[float]]]:
    """Learn to repeat the word that went in: the loss, a mean of every ten steps.

    Each form at the full learning rate from the start, and with a warm-up.
    """
    rates = {"full": 1, "warm-up": WARM_UP}
    return {
        form: {name: losses(form, rising, seed) for name, rising in rates.items()}
        for form in FORMS
    }


def losses(form: str, rising: int, seed: int) -> list[float]:
    """One training by Adam, whose learning rate rises for so many steps."""
    stack = Stack(form, 32, seed)
    words, scores = nn.Embedding(WORDS, 32).double(), nn.Linear(32, WORDS).double()
    parts = nn.ModuleList([stack.parts, words, scores])
    optimizer = torch.optim.Adam(parts.parameters(), lr=RATE, fused=True)
    found = []
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = RATE * min(1, (step + 1) / rising)
        logits = scores(stack.last(stack.stream(words.weight)[-1]))
        loss = F.cross_entropy(logits, torch.arange(WORDS))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return torch.tensor(found).view(-1, EVERY).mean(-1).tolist()


# --- What MiniLM's branches add, and what its norms take away


def minilm() -> dict[str, Any]:
    """Of every token of our sentences: what is added, and what is left of it.

    `alike` is the cosine with the vector that went in, `foreseen` the same from the
    lengths of what was added alone; `known` the share of tokens whose vector is, of
    all that went in, still nearest to one of the same token; `mean` the share of the
    mean in the mean square of what a norm is given.
    """
    bert, model = WordPiece(weights.vocabulary()), MiniLM()
    sentences = kinds()[1][1]
    tokens, first, read = [], [], []
    for sentence in sentences:
        pieces, ids = bert.for_bert(sentence)
        tokens += pieces[1:-1]
        first.append(model.embed(ids)[1:-1])
        read.append(model.read(ids))
    start = torch.cat(first)
    layers, left = [], torch.ones(len(tokens))
    for layer, blocks in enumerate(zip(*read, strict=True)):
        x, attended, middle, worked, output = (
            torch.cat([getattr(block, name)[1:-1] for block in blocks])
            for name in ("entered", "attended", "middle", "worked", "output")
        )
        added = attended.norm(dim=-1) / x.norm(dim=-1)
        added_then = worked.norm(dim=-1) / middle.norm(dim=-1)
        left = left / torch.sqrt((1 + added**2) * (1 + added_then**2))
        near = (F.normalize(output, dim=-1) @ F.normalize(start, dim=-1).T).argmax(-1)
        known = [tokens[i] == tokens[j] for i, j in enumerate(near.tolist())]
        sums = torch.cat([x + attended, middle + worked])
        layers.append(
            {
                "layer": layer + 1,
                "attention": quartiles(added),
                "feed_forward": quartiles(added_then),
                "alike": quartiles(F.cosine_similarity(output, start, dim=-1)),
                "foreseen": left.median(),
                "known": sum(known) / len(known),
                "mean": (sums.mean(-1) ** 2 / sums.square().mean(-1)).median(),
            }
        )
    random = torch.Generator().manual_seed(0)
    noise = torch.randn(2000, start.shape[1], generator=random)
    return {
        "layers": layers,
        "tokens": len(tokens),
        "sentences": len(sentences),
        "often": max(map(tokens.count, set(tokens))) / len(tokens),
        "mean_of_noise": (noise.mean(-1) ** 2 / noise.square().mean(-1)).median(),
    }


def quartiles(values: Tensor) -> Tensor:
    return values.quantile(torch.tensor([0.25, 0.5, 0.75]))


TRAINS = "train"


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, the five stacks, a training, and MiniLM."""
    return {
        "by_hand": by_hand(),
        "adds": ADDS,
        "depth": depth(seed),
        "foreseen": foreseen(),
        "by_depth": by_depth(seed),
        "train": train(seed),
        "guess": math.log(WORDS),
        "look": minilm(),
    }


def holds(data: dict[str, Any]) -> dict[str, bool]:
    """What the page says of the training."""
    ends = {
        (form, rate): found[-1]
        for form, both in data["train"].items()
        for rate, found in both.items()
    }
    good = [ends[key] for key in ends if "pre-norm" in key]
    bad = [ends[key] for key in ends if key[0] in ("neither", "norm alone")]
    return {
        "without the residual nothing is learned": min(bad) > 0.7 * data["guess"],
        "pre-norm learns at once": max(good) < 0.1,
        "post-norm at the full rate does not": ends["post-norm", "full"] > 1,
        "post-norm learns with a warm-up": ends["post-norm", "warm-up"] < 0.2,
    }


def show(data: dict[str, Any]) -> None:
    """Print the steps and the tables."""
    hand = data["by_hand"]
    print('"glass" through one sub-layer, pre-norm')
    steps = [
        ("in", hand["x"]),
        ("minus the mean", hand["centred"]),
        ("layer norm", hand["normed"]),
        ("the branch adds", hand["adds"]),
        ("sum", hand["after"]),
        ("next layer norm", hand["next"]),
        ("RMSNorm of what came in", hand["rms_normed"]),
    ]
    rows = [[label, *row] for label, row in steps]
    table(rows, ["", *[".3g"] * 4], ["", "t", "p", "d", "f"])

    print(f"\n{SUB_LAYERS} untrained networks: what leaves")
    rows = []
    for form, found in data["depth"].items():
        ends = found["size"][-1], found["likeness"][-1], found["gradient"][0]
        rows += [[form, *ends], ["  pencil", *data["foreseen"][form]]]
    header = ["", "size", "likeness", "gradient"]
    table(rows, ["", ".2g", ".2f", ".2g"], header)

    first = STEPS - EVERY + 1
    print(f"\ntrained to repeat a word: loss, steps {first} to {STEPS}")
    rows = [
        [form, found["full"][-1], found["warm-up"][-1]]
        for form, found in data["train"].items()
    ]
    table(rows, ["", ".2f", ".2f"], ["", "full rate", "warm-up"])
    print(f"a guess has {data['guess']:.2f}")

    print("\nby depth: last gradient; moved by 1 % noise")
    header = ["networks", "post", "pre", "post", "pre"]
    rows = [
        [row["networks"], *row["gradient"].values(), *row["moved"].values()]
        for row in data["by_depth"]
    ]
    table(rows, ["", ".1f", ".1f", ".1%", ".1%"], header)

    print("\nMiniLM: added, if the stream is 1; what is left")
    rows = [
        [
            row["layer"], row["attention"][1], row["feed_forward"][1],
            row["alike"][1], row["foreseen"], row["known"],
        ]
        for row in data["look"]["layers"]
    ]  # fmt: skip
    header = ["block", "att.", "ffn", "alike", "pencil", "known"]
    table(rows, ["", ".2f", ".2f", ".2f", ".2f", ".0%"], header)

    print("\nhow much of what MiniLM's norms get is the mean")
    rows = [[row["layer"], row["mean"]] for row in data["look"]["layers"]]
    rows.append(["random numbers", data["look"]["mean_of_noise"]])
    table(rows, ["", ".2%"], ["block", "of the mean square"])


# --- Pictures

STREAM, BRANCH = 70, 296  # where the stream and the branch run
ROWS = {"in": 46, "normed": 116, "added": 214, "after": 266}
HEIGHTS = [74, 142, 288, 288, 332]


def frames(data: dict[str, Any]) -> list[Figure]:
    """ "glass": centre, scale, add, normalize again; then the ways of the gradient."""
    return [_frame(data["by_hand"], step) for step in range(1, 6)]


def _frame(hand: dict[str, Any], step: int) -> Figure:
    figure, axes = diagrams.board(HEIGHTS[step - 1])
    way = [ROWS["in"], HEIGHTS[step - 1] - (24 if step > 4 else 4)]
    axes.plot([STREAM] * 2, way, color=plots.MUTED, lw=5, alpha=0.35, zorder=0)
    diagrams.words(axes, 8, 12, "glass", bold=True, ha="left", size=12)
    _stream(axes, "in", hand["x"])
    leave = ROWS["in"]
    diagrams.arrow(axes, (STREAM + 46, leave), (BRANCH - 52, leave), label="− 4")
    diagrams.cells(axes, BRANCH, leave, hand["centred"], plots.INK, ".3g")
    diagrams.words(axes, BRANCH, leave - 20, "minus the mean", plots.MUTED)
    if step > 1:
        y = ROWS["normed"]
        diagrams.arrow(axes, (BRANCH, leave + 12), (BRANCH, y - 13), label="÷ 3")
        diagrams.cells(axes, BRANCH, y, hand["normed"], plots.INK, ".2f")
        for row, text in enumerate(("25 + 9 + 1 + 1 = 36,", "36 ÷ 4 = 9, √9 = 3")):
            x, y_text = STREAM + 12, leave + 28 + 15 * row
            diagrams.words(axes, x, y_text, text, plots.MUTED, ha="left")
    if step > 2:
        y = ROWS["added"]
        diagrams.arrow(axes, (BRANCH, ROWS["normed"] + 12), (BRANCH, 140))
        name = "a thing, no person?\n5 + 3 − 2 = 6"
        diagrams.box(axes, BRANCH, 160, name, plots.VALUE, 180, 36)
        diagrams.arrow(axes, (BRANCH, 178), (BRANCH, y - 12))
        diagrams.cells(axes, BRANCH, y, hand["adds"], plots.VALUE, ".3g")
        diagrams.arrow(axes, (BRANCH - 48, y), (STREAM + 10, y), plots.VALUE)
        diagrams.words(axes, STREAM, y, "+", plots.INK, 18, bold=True)
        _stream(axes, "after", hand["after"])
    if step > 3:
        y = ROWS["after"]
        diagrams.arrow(axes, (STREAM + 46, y), (BRANCH - 52, y), label="− 5, ÷ 4")
        diagrams.cells(axes, BRANCH, y, hand["next"], plots.INK, ".3g")
    if step > 4:
        up, side = ROWS["in"] + 18, BRANCH + 96
        diagrams.arrow(axes, (12, 308), (12, up), plots.QUERY, width=2)
        diagrams.words(axes, 19, 164, "× 1", plots.QUERY, ha="left", bold=True)
        y = ROWS["added"]
        diagrams.arrow(axes, (side, y + 12), (side, up), plots.QUERY, line="--")
        diagrams.words(axes, side - 4, y - 20, "× slope", plots.QUERY, ha="right")
        text = "the gradient, on its way back from the loss"
        diagrams.words(axes, 6, 320, text, plots.QUERY, ha="left")
    return figure


def _stream(axes: Axes, row: str, vector: Any) -> None:
    """The vector on the stream, each number under the first letter of its meaning."""
    diagrams.cells(axes, STREAM, ROWS[row], vector, plots.LINK, ".3g", names=MEANINGS)


LOOKS: dict[str, tuple[str, Any, float]] = {
    "neither": (plots.MUTED, (0, (1, 2)), 1.8),
    "norm alone": (plots.KEY, plots.DASHED, 1.5),
    "residual alone": (plots.QUERY, (0, (6, 2, 1, 2)), 1.5),
    "post-norm": (plots.VALUE, (0, (9, 2)), 1.5),
    "pre-norm": (plots.LINK, plots.SOLID, 2.4),
}


def draw(data: dict[str, Any]) -> Figure:
    """On the way back from the last network to the first: what the gradient becomes."""
    figure, (top, bottom) = plots.canvas(500, 2, 1)
    for form, found in data["depth"].items():
        colour, line, width = LOOKS[form]
        look = {"color": colour, "linestyle": line, "linewidth": width}
        top.plot(found["gradient"][::-1], label=form, **look)
        bottom.plot(found["likeness"], **look)
    top.set(yscale="log", yticks=[1e-6, 1e-4, 1e-2, 1, 100])
    top.minorticks_off()
    top.set_title("gradient, if it is 1 at the end")
    top.set_xlabel("networks passed on the way back")
    bottom.set(ylim=(-0.05, 1.02), yticks=[0, 0.5, 1])
    bottom.set_title("likeness to the vector that came in")
    bottom.set_xlabel("networks passed on the way there")
    for axes in (top, bottom):
        axes.set(xlim=(0, SUB_LAYERS), xticks=range(0, SUB_LAYERS + 1, 6))
    figure.legend(loc="outside upper left", ncols=2, frameon=False)
    return figure


def look(data: dict[str, Any]) -> Figure:
    """By block of MiniLM: what its branches add, and what is left of the token."""
    layers = data["look"]["layers"]
    figure, (top, bottom) = plots.canvas(400, 2, 1, sharex=True)
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
    for key, name, line, mark in (
        ("foreseen", "from the lengths alone", plots.DOTTED, "x"),
        ("known", "token still recognized", plots.DASHED, "s"),
    ):
        values = [row[key] for row in layers]
        bottom.plot(
            across, values, line, color=plots.INK, marker=mark, markersize=4, label=name
        )
    for axes in (top, bottom):
        axes.set_ylim(0, max(axes.get_ylim()[1], 1))
        axes.legend(frameon=False, loc="best", fontsize=11)
    top.set_title("length of what is added, if the stream's is 1")
    bottom.set_title("what is left of the token")
    bottom.set_xlabel("block of MiniLM")
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "        variance = centred.square().mean(-1, keepdim=True)",
        "        variance = centred.var(-1, keepdim=True)",
    ),
    (
        "        return x + branch(norm(x))",
        "        return norm(x) + branch(norm(x))",
    ),
    (
        "                nn.init.xavier_uniform_(matrix)",
        "                nn.init.xavier_uniform_(matrix, gain=0.2)",
    ),
]
