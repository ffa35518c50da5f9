"""Two heads by hand, then the twelve of MiniLM's first layer at work.

MiniLM is a small BERT, see devlin-2018-bert.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.attention.attention import attention
from snippets.attention.heads import MultiHeadAttention, merge, split
from snippets.corpora.robot import SENTENCE, robot
from snippets.demos.attention import KEY, QUERY, TOKENS, VALUE
from snippets.lab import plots, weights
from snippets.text.wordpiece import WordPiece

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
    prefix = "encoder.layer.0.attention"
    names = {
        f"{ours}.{kind}": f"{prefix}.{theirs}.{kind}"
        for ours, theirs in PARTS.items()
        for kind in ("weight", "bias")
    }
    loaded = weights.tensors(*names.values())
    layer.load_state_dict(dict(zip(names, loaded, strict=True)))
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
    one, look = attention(QUERY, KEY, VALUE)
    return {
        "tokens": TOKENS,
        "query": QUERY[it],
        "keys": KEY,
        "values": VALUE,
        "scores": (query @ key.mT)[0, :, it],
        "weights": looks[0, :, it],
        "output": merge(heads)[0, it],
        "one_weights": look[it],
        "one_output": one[it],
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
    without = {
        "no_words": on_previous(look(ids, words=False)),
        "no_places": on_previous(look(ids, places=False)),
    }
    # The same 64 tokens, with more and more behind them.
    longer = {
        n: on_previous(look(story[:n])[:, :64, :64]) for n in (64, 128, 256, MAX_LEN)
    }
    followers = without["no_words"].topk(2).indices.tolist()
    return {
        "tokens": tokens,
        # Four digits: the rest differs between processors.
        "weights": (usual * 1e4).round() / 1e4,
        "previous": on_previous(usual),
        "itself": usual.diagonal(dim1=-2, dim2=-1).mean(-1),
        "cls": usual[:, :, 0].mean(-1),
        "sep": usual[:, :, -1].mean(-1),
        # The two heads that follow the places most, counted from 1.
        "followers": [
            {
                "head": head + 1,
                "usual": on_previous(usual)[head],
                **{name: row[head] for name, row in without.items()},
                "longer": {n: row[head] for n, row in longer.items()},
            }
            for head in followers
        ],
    }


def the_robots_head(found: dict[str, Any]) -> dict[str, Any]:
    """The head in which "it" looks hardest at a word, but for the followers."""
    tokens: list[str] = found["tokens"]
    it = tokens.index("it")
    looks = found["weights"][:, it, 1:-2].clone()  # the words alone
    for follower in found["followers"]:
        looks[follower["head"] - 1] = 0
    head = int(looks.amax(-1).argmax())
    return {
        "tokens": tokens,
        "query": "it",
        "head": head + 1,
        "attention": found["weights"][head],
        "weights": found["weights"][head, it],
    }


def difference_to_pytorch(seed: int, device: str) -> dict[str, float]:
    """The largest differences to nn.MultiheadAttention with our weights."""
    torch.manual_seed(seed)
    ours = MultiHeadAttention(64, 4).to(device)
    theirs = nn.MultiheadAttention(64, 4, batch_first=True).to(device)
    state = ours.state_dict()
    theirs.load_state_dict(
        {
            **{
                f"in_proj_{kind}": torch.cat(
                    [state[f"{name}.{kind}"] for name in PARTS][:3]
                )
                for kind in ("weight", "bias")
            },
            "out_proj.weight": state["output.weight"],
            "out_proj.bias": state["output.bias"],
        }
    )
    x = torch.randn(2, 10, 64).to(device)
    with torch.no_grad():
        steps = ours.steps(x)
        output, looks = theirs(x, x, x, average_attn_weights=False)
    return {
        "output": (steps.output - output).abs().max().item(),
        "weights": (steps.weights - looks).abs().max().item(),
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
        "robot": the_robots_head(found),
        "difference": difference_to_pytorch(seed, device),
    }


def show(data: dict[str, Any]) -> None:
    """Print the example, the count, and the two tables of MiniLM."""
    hand = data["by_hand"]
    print('"it" looks with two heads, and with one')
    print("       " + "".join(f"{token:>7}" for token in hand["tokens"]))
    rows = {
        "head 1": hand["weights"][0],
        "head 2": hand["weights"][1],
        "one": hand["one_weights"],
    }
    for name, row in rows.items():
        print(f"{name:7}" + "".join(f"{w:7.2f}" for w in row))
    for name, output in (
        ("two heads", hand["output"]),
        ("one head", hand["one_output"]),
    ):
        x, y = output
        print(f"output of {name:9} ({x:.2f}, {y:.2f})")

    print("\nheads  d_head  parameters (d_model 768)")
    for row in data["parameters"]:
        print(f"{row['n_heads']:5}  {row['d_head']:6}  {row['count']:10,}")

    found = data["minilm"]
    print("\nMiniLM, layer 1: mean weight on")
    print("head  previous  itself  [CLS]  [SEP]")
    columns = (found[k] for k in ("previous", "itself", "cls", "sep"))
    for head, (previous, *others) in enumerate(zip(*columns, strict=True), 1):
        itself, cls, sep = others
        print(f"{head:4}  {previous:8.2f}  {itself:6.2f}  {cls:5.2f}  {sep:5.2f}")

    print("\nweight on the previous token")
    followers = found["followers"]
    print(" " * 21 + "".join(f"  head {row['head']:2}" for row in followers))
    for key, name in (
        ("usual", "our sentence"),
        ("no_words", "words taken away"),
        ("no_places", "places taken away"),
    ):
        _line(name, [row[key] for row in followers])
    for n in followers[0]["longer"]:
        _line(f"first 64 of {n}", [row["longer"][n] for row in followers])
    print(
        "\nlargest difference to PyTorch's module:\n"
        f"output {data['difference']['output']:.1e},"
        f" weights {data['difference']['weights']:.1e}"
    )


def _line(name: str, numbers: list[float]) -> None:
    print(f"{name:21}" + "".join(f"  {x:7.2f}" for x in numbers))


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
