"""A look-up by hand, the neighbours in a trained table, and a table trained here.

The first table is that of all-MiniLM-L6-v2; the second learns from the English side of
our own sentence pairs.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.corpora import portuguese
from snippets.corpora.robot import SENTENCE
from snippets.lab import plots, tables, weights
from snippets.text.embeddings import neighbours, one_hot_product, pca
from snippets.text.word_vectors import train
from snippets.text.wordpiece import WordPiece

TOKENS = ["the", "robot", "glass", "it"]
TABLE = torch.tensor([[0.0, 1.0], [3.0, 1.0], [2.0, -1.0], [1.0, 2.0]])
IDS = torch.tensor([0, 2, 0])

ASKED = ["robot", "glass", "slippery", "cup"]
MAP = [
    "glass", "cup", "bowl", "spoon", "robot", "machine", "computer",
    "cat", "dog", "bird", "dropped", "fell", "slipped", "broke",
    "monday", "tuesday", "sunday", "two", "three", "seven",
    "paris", "london", "rome",
]  # fmt: skip

SENTENCES, EPOCHS = 8000, 8
LIKE = ["glass", "red", "eat", "slippery"]
QUESTIONS = [
    ("cup", "cups", "dog"),
    ("eat", "eating", "wash"),
    ("break", "broke", "drop"),
    ("man", "woman", "king"),
]


def by_hand() -> dict[str, Any]:
    """Three look-ups in a table of four rows, and what flows back."""
    table = TABLE.clone().requires_grad_()
    vectors = one_hot_product(IDS, table)
    (gradient,) = torch.autograd.grad(vectors.sum(), table)
    return {
        "tokens": TOKENS,
        "table": TABLE,
        "ids": IDS,
        "one_hot": F.one_hot(IDS, len(TABLE)),
        "vectors": vectors,
        "gradient": gradient,
    }


def misled(
    words: list[str],
    points: Float[Tensor, "word 2"],
    cosines: Float[Tensor, "word word"],
) -> dict[str, Any]:
    """The word that the map puts farthest from its truly nearest, and who is nearer."""
    itself = torch.eye(len(words), dtype=torch.bool)
    apart = torch.cdist(points, points).masked_fill(itself, torch.inf)
    beside = apart.argmin(-1)
    true = cosines.masked_fill(itself, -1).argmax(-1)
    rows = torch.arange(len(words))
    worst = int((apart[rows, true] - apart[rows, beside]).argmax())
    return {
        "word": words[worst],
        "beside": words[int(beside[worst])],
        "cosine": cosines[worst, beside[worst]],
        "nearest": words[int(true[worst])],
        "nearest_cosine": cosines[worst, true[worst]],
    }


def learned(seed: int) -> dict[str, Any]:
    """Skip-gram on our sentences: who is near whom, and four analogies."""
    source = portuguese.pairs("train", seed=seed, max_len=15)
    text = [pair.english for pair in islice(source, SENTENCES)]
    vectors = train(text, epochs=EPOCHS, seed=seed)
    return {
        "sentences": len(text),
        "words": sum(map(len, text)),
        "near": {word: vectors.like(word)[:5] for word in LIKE},
        "analogies": [
            [*question, vectors.analogy(*question)] for question in QUESTIONS
        ],
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The look-up by hand, and what stands in the table of a trained model."""
    (table,) = weights.tensors("embeddings.word_embeddings.weight")
    table = table.to(device)
    vocabulary = weights.vocabulary()
    tokens, ids = WordPiece(vocabulary).for_bert(SENTENCE)
    row = {token: i for i, token in enumerate(vocabulary)}

    def near(vector: Tensor, count: int) -> list[dict[str, Any]]:
        cosines, found = neighbours(vector, table, count)
        pairs = zip(cosines.tolist(), found.tolist(), strict=True)
        return [{"token": vocabulary[i], "cosine": c} for c, i in pairs]

    directions = F.normalize(table[[row[word] for word in MAP]].cpu(), dim=-1)
    points, shares = pca(directions)
    queen = table[row["king"]] - table[row["man"]] + table[row["woman"]]
    unused = torch.tensor([t.startswith("[unused") for t in vocabulary])
    lengths = table.norm(dim=-1).cpu()
    return {
        "by_hand": by_hand(),
        "vocab_size": len(table),
        "d_model": table.shape[1],
        "robot": {
            "tokens": tokens,
            "ids": ids,
            "vectors": table[ids, :8],
            "d_model": table.shape[1],
        },
        "neighbours": [
            {"word": word, "near": near(table[row[word]], 6)[1:]} for word in ASKED
        ],
        "analogy": near(queen, 2),
        "unused": {
            "count": int(unused.sum()),
            "length": lengths[unused].mean(),
            "others": lengths[~unused].mean(),
        },
        "plane": {
            "words": MAP,
            "points": points,
            "share": shares.sum(),
            "misled": misled(MAP, points, directions @ directions.T),
        },
        "learned": learned(seed),
    }


def sentence(data: dict[str, Any]) -> list[tuple[str, int, list[float]]]:
    """Token, id and first numbers of each word, [CLS] and [SEP] left out."""
    robot = data["robot"]
    columns = robot["tokens"], robot["ids"], robot["vectors"]
    return list(zip(*columns, strict=True))[1:-1]


def show(data: dict[str, Any]) -> None:
    """Print the look-up, the neighbours and what the map hides."""
    rows, numbers = data["vocab_size"], data["d_model"]
    print(f"a table of {rows:,} rows of {numbers} numbers\n")
    tables.table(
        [(token, i, *row[:3]) for token, i, row in sentence(data)],
        ["", "", *[".3f"] * 3],
        ["token", "id", "its", "row", "begins"],
    )

    print("\nnearest rows by cosine")
    found = data["neighbours"]
    columns = [
        [
            *(place["token"] for place in line["near"]),
            f"1st {line['near'][0]['cosine']:.2f}",
            f"5th {line['near'][-1]['cosine']:.2f}",
        ]
        for line in found
    ]
    words = [line["word"] for line in found]
    tables.table(zip(*columns, strict=True), [""] * 4, words, gap=1)

    print("\nnearest to king - man + woman")
    tables.table([place.values() for place in data["analogy"]], ["", ".2f"])

    unused = data["unused"]
    print("\nmean length of a row")
    print(f"{unused['count']} rows never used {unused['length']:.2f}")
    print(f"all other rows      {unused['others']:.2f}")

    seen, misled = data["plane"], data["plane"]["misled"]
    print(f"\nthe map shows {100 * seen['share']:.0f} % of the variance")
    print(f"on it, {misled['word']} stands beside {misled['beside']}")
    print(f"cosine with {misled['beside']:10} {misled['cosine']:.2f}")
    print(f"cosine with {misled['nearest']:10} {misled['nearest_cosine']:.2f}")

    ours = data["learned"]
    print(f"\nskip-gram on {ours['sentences']:,} sentences of ours")
    near = ours["near"]
    tables.table(zip(*near.values(), strict=True), [""] * len(near), list(near), gap=1)
    for a, b, c, answer in ours["analogies"]:
        print(f"{a} to {b} is {c} to {answer}")


def draw(data: dict[str, Any]) -> Figure:
    """An id lights a row of the matrix; below it, the map of words."""
    figure, (matrix, words) = plots.canvas(580, 2, 1, height_ratios=[2, 3])
    # In the order of the table, where "the" stands once.
    places = sorted(
        {row[1]: row for row in sentence(data)}.values(), key=lambda place: place[1]
    )
    lit = next(p for p in places if p[0] == "glass")
    at = places.index(lit)
    colours = mpl.colormaps[plots.HEAT](
        np.array([values for _, _, values in places]) / 0.24 + 0.5
    )
    colours[np.arange(len(places)) != at, :, 3] = 0.3
    matrix.imshow(colours, interpolation="none", aspect="auto")
    for y, (token, i, _) in enumerate(places):
        colour = plots.LINK if y == at else plots.INK
        look = {"va": "center", "color": colour}
        matrix.text(-1.9, y, f"{token} {i:5}", ha="right", **look)
        matrix.text(-1.1, y, f"{y == at:d}", ha="center", **look)
    for x, number in enumerate(lit[2]):
        matrix.text(
            x, at, f"{number:.2f}", ha="center", va="center", fontsize=9,
            color="black" if number > 0 else "white",
        )  # fmt: skip
    frame = mpl.patches.Rectangle(
        (-0.5, at - 0.5), 8, 1, fill=False, color=plots.LINK, linewidth=2
    )
    matrix.add_patch(frame)
    for left, top, text in (
        (-1.1, -1, "one-hot"),
        (3.5, -1, f"8 of {data['d_model']} columns"),
        (-3.2, len(places), f"… {data['vocab_size']:,} rows"),
    ):
        matrix.text(left, top, text, ha="center", va="center", color=plots.MUTED)
    matrix.set(xlim=(-5.9, 7.5), ylim=(len(places) + 0.5, -1.5))
    matrix.set(xticks=[], yticks=[])
    matrix.spines[:].set_visible(False)
    matrix.set_title(f"the id {lit[1]} lights one row")

    share = data["plane"]["share"]
    words.set_title(f"a flat map: {100 * share:.0f} % of the variance")
    plots.named_points(
        figure, words, data["plane"]["words"], data["plane"]["points"], lit[0]
    )
    return figure


def holds(data: dict[str, Any]) -> dict[str, bool]:
    """What the page concludes from the training."""
    near, found = (data["learned"][k] for k in ("near", "analogies"))
    answers = [answer for *_, answer in found]
    return {
        "blue and green are most like red": near["red"][:2] == ["blue", "green"],
        "eat is to eating as wash is to washing": "washing" in answers,
        "break is to broke as drop is to dropped": "dropped" in answers,
    }


# The key of what takes seconds, and the function that gives it.
TRAINS = "learned"
# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "    cosines = F.cosine_similarity(vector, table, dim=-1)",
        "    cosines = table @ vector / vector.norm() ** 2",
    ),
    (
        'ASKED = ["robot", "glass", "slippery", "cup"]',
        'ASKED = ["happy", "monday", "paris", "apple"]',
    ),
    ("    centred = vectors - vectors.mean(0)", "    centred = vectors"),
]
