"""Two heads by hand, then the twelve of MiniLM's first layer at work.

MiniLM is a small BERT, see devlin-2018-bert.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.attention.attention import attention
from snippets.attention.heads import MultiHeadAttention, merge, split
from snippets.corpora.robot import SENTENCE, robot
from snippets.lab import plots, weights
from snippets.lab.tables import table
from snippets.text.wordpiece import WordPiece

# The three tokens of the page on attention.
TOKENS = ["robot", "glass", "it"]
QUERY = torch.tensor([[1.0, 1.0], [0.0, 1.0], [2.0, 1.0]])
KEY = torch.tensor([[0.0, 2.0], [2.0, 0.0], [0.0, 1.0]])
VALUE = torch.tensor([[0.0, 4.0], [4.0, 0.0], [1.0, 1.0]])

D_MODEL, N_HEADS, MAX_LEN = 384, 12, 512  # MiniLM's config.json
PARTS = {
    "query": "self.query",
    "key": "self.key",
    "value": "self.value",
    "output": "output.dense",
}


def first_layer() -> MultiHeadAttention:
    """The attention of MiniLM's first layer, its real weights."""
    layer = MultiHeadAttention(D_MODEL, N_HEADS)
    for ours, theirs in PARTS.items():
        name = f"encoder.layer.0.attention.{theirs}"
        weight, bias = weights.tensors(f"{name}.weight", f"{name}.bias")
        layer.get_submodule(ours).load_state_dict({"weight": weight, "bias": bias})
    return layer.requires_grad_(False)


def into_first_layer(
    ids: list[int], words: bool = True, places: bool = True
) -> Float[Tensor, "1 seq d_model"]:
    """What MiniLM's first layer reads: word + place, normalized.

    Without `words` all tokens are alike but for their place,
    without `places` two equal words are equal anywhere.
    """
    word, place, kind, gain, shift = weights.tensors(
        "embeddings.word_embeddings.weight",
        "embeddings.position_embeddings.weight",
        "embeddings.token_type_embeddings.weight",
        "embeddings.LayerNorm.weight",
        "embeddings.LayerNorm.bias",
    )
    x = words * word[ids] + places * place[: len(ids)] + kind[0]
    return F.layer_norm(x, x.shape[-1:], gain, shift, eps=1e-12)[None]


def on_previous(look: Float[Tensor, "n_heads seq seq"]) -> Float[Tensor, " n_heads"]:
    """The mean weight of a token on the one just before it."""
    return look.diagonal(-1, dim1=-2, dim2=-1).mean(-1)


def by_hand() -> dict[str, Any]:
    """The example of attention once more, its two numbers cut into two heads."""
    it = TOKENS.index("it")
    query, key, value = (split(x[None], 2) for x in (QUERY, KEY, VALUE))
    heads, looks = attention(query, key, value)
    one_output, one_look = attention(QUERY, KEY, VALUE)
    output = merge(heads)[0, it]
    return {
        "tokens": TOKENS,
        "query": QUERY[it],
        "keys": KEY,
        "values": VALUE,
        "scores": (query @ key.mT)[0, :, it],
        "weights": looks[0, :, it],
        "output": output,
        "sum": output.sum(),
        "one_weights": one_look[it],
        "one_output": one_output[it],
    }


def parameters(d_model: int, n_heads: int) -> int:
    """How many numbers a module with so many heads learns."""
    with torch.device("meta"):
        module = MultiHeadAttention(d_model, n_heads)
    return sum(p.numel() for p in module.parameters())


def minilm(device: str) -> dict[str, Any]:
    """Where the heads of MiniLM's first layer look, and who follows places."""
    layer = first_layer().to(device)

    def look(ids: list[int], **parts: bool) -> Float[Tensor, "n_heads seq seq"]:
        x = into_first_layer(ids, **parts).to(device)
        return layer.steps(x).weights[0]

    bert = WordPiece(weights.vocabulary())
    tokens, ids = bert.for_bert(SENTENCE)
    _, story = bert.for_bert(robot())
    usual = look(ids)
    previous = {
        "usual": on_previous(usual),
        "no_words": on_previous(look(ids, words=False)),
        "no_places": on_previous(look(ids, places=False)),
    }
    # The same 64 tokens, with more and more behind them.
    longer = {
        n: on_previous(look(story[:n])[:, :64, :64]) for n in (64, 128, 256, MAX_LEN)
    }
    followers = previous["no_words"].topk(2).indices.tolist()
    return {
        "tokens": tokens,
        # Four digits: the rest differs between processors.
        "weights": (usual * 1e4).round() / 1e4,
        "previous": previous["usual"],
        "itself": usual.diagonal(dim1=-2, dim2=-1).mean(-1),
        "cls": usual[:, :, 0].mean(-1),
        "sep": usual[:, :, -1].mean(-1),
        # The two heads that follow the places most, counted from 1.
        "followers": [
            {
                "head": head + 1,
                **{name: row[head] for name, row in previous.items()},
                "longer": {n: row[head] for n, row in longer.items()},
            }
            for head in followers
        ],
    }


def hardest_look(found: dict[str, Any]) -> dict[str, Any]:
    """The head in which "it" looks hardest at a word, but for the followers."""
    it = found["tokens"].index("it")
    words = found["weights"][:, it, 1:-2].clone()
    words[[follower["head"] - 1 for follower in found["followers"]]] = 0
    head = words.amax(-1).argmax()
    return {
        "tokens": found["tokens"],
        "query": "it",
        "attention": found["weights"][head],
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The example by hand, the count of parameters, and MiniLM's heads."""
    found = minilm(device)
    return {
        "by_hand": by_hand(),
        "parameters": [
            {
                "n_heads": n_heads,
                "d_head": 768 // n_heads,
                "count": parameters(768, n_heads),
            }
            for n_heads in (1, 12, 96)
        ],
        "minilm": found,
        "robot": hardest_look(found),
    }


def show(data: dict[str, Any]) -> None:
    """Print the example, the count, and the two tables of MiniLM."""
    hand = data["by_hand"]
    print('"it" looks with two heads, and with one')
    looks = dict(zip(("head 1", "head 2"), hand["weights"], strict=True))
    looks["one"] = hand["one_weights"]
    rows = [(name, *row) for name, row in looks.items()]
    table(rows, ["", *[".2f"] * 3], ["", *hand["tokens"]])
    for name, (x, y) in (
        ("two heads", hand["output"]),
        ("one head", hand["one_output"]),
    ):
        print(f"output of {name:9} ({x:.2f}, {y:.2f})")

    print()
    counts = [row.values() for row in data["parameters"]]
    table(counts, ["", "", ","], ["heads", "d_head", "parameters (d_model 768)"])

    found = data["minilm"]
    print("\nMiniLM, layer 1: mean weight on")
    means = (found[key] for key in ("previous", "itself", "cls", "sep"))
    table(
        zip(range(1, len(found["cls"]) + 1), *means, strict=True),
        ["", *[".2f"] * 4],
        ["head", "previous", "itself", "[CLS]", "[SEP]"],
    )

    print("\nweight on the previous token")
    one, other = found["followers"]
    names = {
        "usual": "our sentence",
        "no_words": "words taken away",
        "no_places": "places taken away",
    }
    rows = [(name, one[key], other[key]) for key, name in names.items()]
    rows += [
        (f"first 64 of {n}", weight, other["longer"][n])
        for n, weight in one["longer"].items()
    ]
    header = ["", f"head {one['head']}", f"head {other['head']}"]
    table(rows, ["", ".2f", ".2f"], header)


def draw(data: dict[str, Any]) -> Figure:
    """The head that follows the previous token, large; then all heads, small."""
    found = data["minilm"]
    tokens = found["tokens"]
    n_heads = len(found["weights"])
    figure, whole = plots.canvas(880)
    whole.remove()
    parts: Any = figure.subfigures(2, height_ratios=(3, 4))
    large = parts[0].subplots()
    head = found["followers"][0]["head"]
    words = slice(1, len(tokens) - 2)  # from "the" to "slippery"
    plots.heat_map(
        large,
        [row[: words.stop] for row in found["weights"][head - 1][words]],
        tokens[words],
        tokens[: words.stop],
        f"head {head} of {n_heads}, in per cent",
    )
    small = parts[1].subplots(-(-n_heads // 3), 3).flatten()
    for number, (panel, looks) in enumerate(
        zip(small, found["weights"], strict=True), 1
    ):
        plots.heat_map(panel, looks, [], [], f"head {number}", numbers=False)
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "    return slices.transpose(-3, -2)",
        "    return x.reshape(x.shape[0], n_heads, x.shape[1], -1)",
    ),
    (
        "D_MODEL, N_HEADS, MAX_LEN = 384, 12, 512  # MiniLM's config.json",
        "D_MODEL, N_HEADS, MAX_LEN = 384, 6, 512",
    ),
    (
        "    tokens, ids = bert.for_bert(SENTENCE)",
        '    words = reversed(SENTENCE.rstrip(".").split())\n'
        '    tokens, ids = bert.for_bert(" ".join(words) + ".")',
    ),
]
