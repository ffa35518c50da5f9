"""One branch by hand, order, the stream through depth, parameters counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Bool, Float
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.corpora.robot import SENTENCE
from snippets.lab import plots
from snippets.transformer.parameters import (
    PUBLISHED,
    SIZES,
    TABLE_3,
    parameters,
    vocabulary_behind,
)
from snippets.transformer.transformer import (
    LayerNorm,
    TransformerBlock,
    TransformerStack,
    add_branch,
)

TOKENS = ["robot", "glass", "it"]
VECTORS = torch.tensor(
    [[4.0, 0.0, 2.0, 2.0], [2.0, 2.0, 6.0, 2.0], [3.0, 1.0, 1.0, -1.0]]
)


def by_hand() -> dict[str, Any]:
    """One branch, which hands every token the average of all, in both forms."""

    def average(x: Tensor) -> Tensor:
        return x.mean(0, keepdim=True).expand_as(x)

    norm = LayerNorm(4)
    it = TOKENS.index("it")
    summed = (VECTORS + average(VECTORS))[it]
    return {
        "tokens": TOKENS,
        "vectors": VECTORS,
        "x": VECTORS[it],
        "norm": norm(VECTORS)[it],
        "branch_post": average(VECTORS)[it],
        "sum_post": summed,
        "mean_post": summed.mean().item(),
        "variance_post": summed.var(correction=0).item(),
        "post": add_branch(VECTORS, average, norm, pre_norm=False)[it],
        "branch_pre": average(norm(VECTORS))[it],
        "pre": add_branch(VECTORS, average, norm, pre_norm=True)[it],
    }


def order_matters(
    stack: TransformerStack,
    words: Float[Tensor, "seq d_model"],
    places: Float[Tensor, "seq d_model"],
    shuffle: list[int],
    mask: Bool[Tensor, "seq seq"] | None = None,
) -> float:
    """How far shuffled words are from shuffling the outputs."""
    straight = stack((words + places)[None], mask)
    shuffled = stack((words[shuffle] + places)[None], mask)
    difference: Tensor = shuffled - straight[:, shuffle]
    return difference.abs().max().item()


def order(seed: int) -> dict[str, Any]:
    """The robot's sentence, shuffled: with places, without, with a causal mask."""
    random = torch.Generator().manual_seed(seed)
    words = SENTENCE.split()
    vectors = torch.randn(len(words), 32, generator=random)
    places = torch.randn(len(words), 32, generator=random)
    shuffle = torch.randperm(len(words), generator=random).tolist()
    causal = torch.ones(len(words), len(words), dtype=torch.bool).tril()
    stack = TransformerStack(2, d_model=32, n_heads=4, d_ff=128)
    nowhere = torch.zeros_like(places)
    return {
        "shuffled": [words[i] for i in shuffle],
        "without": order_matters(stack, vectors, nowhere, shuffle),
        "with": order_matters(stack, vectors, places, shuffle),
        "causal": order_matters(stack, vectors, nowhere, shuffle, causal),
    }


def streams(seed: int, n_layers: int = 12) -> dict[str, list[list[float]]]:
    """The stream after 0 to 12 untrained blocks: its size, and its likeness to x."""
    measured: dict[str, list[list[float]]] = {}
    for form in ("post", "pre"):
        torch.manual_seed(seed)
        stack = TransformerStack(n_layers, 64, 4, 256, pre_norm=form == "pre")
        for matrix in stack.parameters():
            if matrix.dim() == 2:  # Xavier's sizes, as in xiong-2020
                nn.init.xavier_uniform_(matrix)
        x = torch.randn(4, 32, 64)
        with torch.no_grad():
            states = stack.stream(x)
        measured[form] = [
            [
                state.square().mean().sqrt().item(),
                F.cosine_similarity(state, x, dim=-1).mean().item(),
            ]
            for state in states
        ]
    return measured


def differences(seed: int, device: str) -> dict[str, float]:
    """The largest differences to PyTorch's own layer, in both forms."""
    found = {}
    for form in ("post", "pre"):
        torch.manual_seed(seed)
        theirs = nn.TransformerEncoderLayer(
            64, 4, 256, dropout=0.0, batch_first=True, norm_first=form == "pre"
        )
        ours = TransformerBlock(64, 4, 256, pre_norm=form == "pre")
        ours.load_state_dict(from_torch(theirs.state_dict()))
        x = torch.randn(2, 10, 64, device=device)
        ours, theirs = ours.to(device), theirs.to(device)
        found[form] = (ours(x) - theirs(x)).abs().max().item()
    return found


def from_torch(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of an nn.TransformerEncoderLayer under our names."""
    names = {
        "self_attn.out_proj": "attention.output",
        "linear1": "feed_forward.widen",
        "linear2": "feed_forward.narrow",
        "norm1": "attention_norm",
        "norm2": "feed_forward_norm",
    }
    ours = {}
    for kind in ("weight", "bias"):
        for their, our in names.items():
            ours[f"{our}.{kind}"] = theirs[f"{their}.{kind}"]
        # PyTorch keeps the three projections in one matrix.
        three = theirs[f"self_attn.in_proj_{kind}"].chunk(3)
        for part, tensor in zip(("query", "key", "value"), three, strict=True):
            ours[f"attention.{part}.{kind}"] = tensor
    return ours


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """One branch by hand, order, the stream over depth, and the parameters."""
    counts = {name: parameters(size) for name, size in SIZES.items()}
    base = SIZES["base"]
    rows = [
        vocabulary_behind(replace(base, **row), millions) for row, millions in TABLE_3
    ]
    return {
        "by_hand": by_hand(),
        "order": order(seed),
        "streams": streams(seed),
        "parameters": counts,
        "totals": {n: sum(parts.values()) for n, parts in counts.items()},
        "published": PUBLISHED,
        "behind": {
            "rows": len(rows),
            "base": [max(low for low, _ in rows), min(high for _, high in rows)],
            "biases": {
                name: sum(parameters(replace(SIZES[name], bias=True)).values())
                - sum(counts[name].values())
                for name in ("base", "big")
            },
            "big": vocabulary_behind(SIZES["big"], PUBLISHED["big"]),
        },
        "difference": differences(seed, device),
    }


def show(data: dict[str, Any]) -> None:
    """Print the branch, the order, the stream, the table and the differences."""
    hand = data["by_hand"]
    print('one branch by hand: "it" takes an average')
    for label, key in (
        ("x", "x"),
        ("post-norm: average", "branch_post"),
        ("  x + average", "sum_post"),
        ("  normalized", "post"),
        ("pre-norm: norm(x)", "norm"),
        ("  average of norms", "branch_pre"),
        ("  x + average", "pre"),
    ):
        numbers = "".join(f"{number:6.2f}" for number in hand[key])
        print(f"{label:18}{numbers}")

    order = data["order"]
    print("\nshuffle the words: do the outputs follow?")
    print(f"{'no positions: difference':31}{order['without']:10.1e}")
    print(f"{'positions added':31}{order['with']:10.1e}")
    print(f"{'no positions, causal mask':31}{order['causal']:10.1e}")

    print("\nthe stream after random blocks")
    print("        size         like x")
    print("block   post   pre   post   pre")
    post, pre = data["streams"]["post"], data["streams"]["pre"]
    for block in range(0, len(post), 3):
        print(
            f"{block:5}{post[block][0]:7.2f}{pre[block][0]:6.2f}"
            f"{post[block][1]:7.2f}{pre[block][1]:6.2f}"
        )

    def row(label: str, cells: list[str]) -> None:
        print(f"{label:12}" + "".join(f"{cell:>7}" for cell in cells))

    names = list(data["published"])
    counts = [data["parameters"][name] for name in names]
    print("\nparameters, in millions")
    row("", [name.removesuffix("-base") for name in names])
    for part in counts[0]:
        row(part, [f"{count[part] / 1e6:.2f}" for count in counts])
    row("total", [f"{data['totals'][name] / 1e6:.2f}" for name in names])
    row("published", [str(data["published"][name]) for name in names])

    found = data["difference"]
    print("\nlargest difference to PyTorch's layer:")
    print(f"post-norm {found['post']:.1e}  pre-norm {found['pre']:.1e}")


def draw(data: dict[str, Any]) -> Figure:
    """The stream through depth: how large it is, and how much of x is left."""
    figure, panels = plots.canvas(330, 2, 1, sharex=True)
    panels[0].set_title("size of the stream")
    panels[1].set_title("likeness to the token's own vector")
    for column, axes in enumerate(panels):
        for form, colour, line, mark in (
            ("pre", plots.LINK, plots.SOLID, "o"),
            ("post", plots.MUTED, plots.DASHED, "s"),
        ):
            values = [state[column] for state in data["streams"][form]]
            axes.plot(
                values, color=colour, linestyle=line, marker=mark, markersize=4
            )  # fmt: skip
            axes.annotate(
                f"{form}-norm", (len(values) - 1, values[-1]), xytext=(0, 11),
                textcoords="offset points", ha="right", color=colour,
            )  # fmt: skip
        axes.set_ylim(0, axes.get_ylim()[1] * 1.15)
        axes.set_xticks(range(0, 13, 3))
    panels[1].set_xlabel("blocks passed")
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ("        return x + branch(norm(x))", "        return branch(norm(x))"),
    (
        "        variance = centred.square().mean(-1, keepdim=True)",
        "        variance = x.var(-1, keepdim=True)",
    ),
    (
        "                nn.init.xavier_uniform_(matrix)",
        "                nn.init.xavier_uniform_(matrix, gain=0.2)",
    ),
]
