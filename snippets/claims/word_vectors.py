"""Do like words become neighbours, and do steps between them answer analogies?

The text is the English side of our own sentence pairs. Its grammar knows which nouns
are of a kind, and which forms belong together: that is the gold.
"""

from __future__ import annotations

from itertools import islice
from statistics import fmean
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.lab import plots, portuguese
from snippets.lab.portuguese_words import lexicon, verbs, with_s
from snippets.text.word_vectors import Text, WordVectors, train

CLAIM = (
    "Vectors learned from the words around a word bring like words"
    " together, and steps between them answer analogies."
)
PAPER = "mikolov-2013-word2vec"
WHERE = "section 4, tables 1 and 3"
REPORTED = (
    "Of questions such as king − man + woman, skip-gram vectors of 640 numbers"
    " answer 55\N{NO-BREAK SPACE}% about meaning and 59\N{NO-BREAK SPACE}% about"
    " grammar; those of a recurrent network, trained on the same text,"
    " 9\N{NO-BREAK SPACE}% and 36\N{NO-BREAK SPACE}%."
)

SENTENCES, D_MODEL, WINDOW, EPOCHS = 20_000, 32, 3, 8
# What the tasks ask, for who reads the conclusion alone.
ASKED = {
    "kinds": "whether a noun's nearest word is of its kind",
    "plurals": "cat is to cats as dog is to what",
    "pasts": "eat is to ate as break is to what",
    "-ing": "eat is to eating as wash is to what",
}
METHODS = ("skip-gram", "counts", "chance")
Row = dict[str, Any]


def nouns() -> list[tuple[str, str, str]]:
    """The English nouns: kind, singular, plural."""
    found = []
    for kind, some in lexicon()["nouns"].items():
        for _, english, *odd in some.values():
            many = odd[0].get("men") if odd else None
            found.append((kind, english, many or with_s(english)))
    return found


def kinds() -> dict[str, str]:
    """The kind of each noun, in both numbers."""
    return {word: kind for kind, *both in nouns() for word in both}


def forms() -> dict[str, list[tuple[str, str]]]:
    """Pairs of forms: cat and cats; eat and ate; eat and eating."""
    three = [verb.en for some in verbs().values() for verb in some]
    found = {
        "plurals": [(one, many) for _, one, many in nouns()],
        "pasts": [(base, past) for base, past, _ in three],
        "-ing": [(base, ing) for base, _, ing in three],
    }
    return {
        task: sorted(
            {(a, b) for a, b in some if a != b and " " not in a}
        )
        for task, some in found.items()
    }


def sentences(seed: int, count: int) -> list[list[str]]:
    """The English side of our pairs."""
    source = portuguese.pairs("train", seed=seed, max_len=15)
    return [list(pair.english) for pair in islice(source, count)]


def ppmi(
    text: Text, window: int
) -> tuple[list[str], Float[Tensor, "vocab_size vocab_size"]]:
    """How much oftener than by chance two words meet: its logarithm, or zero.

    Near neighbours count more, and frequent ones less, as in skip-gram's sampling.
    """
    words = sorted({word for line in text for word in line})
    ids = {word: i for i, word in enumerate(words)}
    met = torch.zeros(len(words), len(words))
    for line in text:
        row = [ids[word] for word in line]
        for n in range(1, window + 1):
            for a, b in zip(row, row[n:], strict=False):
                met[a, b] += 1 - (n - 1) / window
    met = met + met.T
    each, smooth = met.sum(0), met.sum(0) ** 0.75
    chance = each[:, None] * (smooth / smooth.sum())
    return words, (met / chance).clamp(min=1).log()


def by_counting(text: Text, d_model: int, window: int) -> WordVectors:
    """No learning: count who meets whom, keep the largest singular values.

    As in Levy, Goldberg and Dagan (2015), with the root of the values.
    """
    words, matrix = ppmi(text, window)
    left, sizes, _ = torch.linalg.svd(matrix)
    table = left[:, :d_model] * sizes[:d_model].sqrt()
    return WordVectors(words, table, table)


def answers(
    vectors: WordVectors, some: list[tuple[str, str]]
) -> list[bool]:
    """Whether each analogy comes out; `WordVectors.analogy`, all at once.

    Each pair asks each other pair: cat is to cats as dog is to?
    """
    unit = F.normalize(vectors.table, dim=-1)
    one, other = torch.tensor(
        [[vectors.ids[a], vectors.ids[b]] for a, b in some]
    ).T
    found = []
    for x, y in zip(one, other, strict=True):
        cosines = (unit[y] - unit[x] + unit[one]) @ unit.T
        # None of the three words of the question is an answer.
        cosines[:, [x, y]] = -torch.inf
        cosines[range(len(one)), one] = -torch.inf
        right = cosines.argmax(-1) == other
        found += right[(one != x) & (one != y) & (other != y)].tolist()
    return found


def scores(vectors: WordVectors) -> dict[str, float]:
    """The share of right answers to each kind of question."""
    known = vectors.ids
    kind = {w: k for w, k in kinds().items() if w in known}
    found = {
        "kinds": fmean(
            kind.get(vectors.like(word)[0]) == kind[word]
            for word in kind
        )
    }
    for task, some in forms().items():
        there = [pair for pair in some if {*pair} <= known.keys()]
        found[task] = fmean(answers(vectors, there))
    return found


def by_chance(vectors: WordVectors) -> dict[str, float]:
    """What a blind choice among the other words would get right."""
    others = len(vectors.words) - 1
    kind = [k for w, k in kinds().items() if w in vectors.ids]
    same = fmean(kind.count(k) - 1 for k in kind)
    return {"kinds": same / others} | dict.fromkeys(
        forms(), 1 / (others - 2)
    )


def measure(seed: int) -> list[Row]:
    """Both methods on one text, and chance."""
    text = sentences(seed, SENTENCES)
    learned = train(text, D_MODEL, WINDOW, epochs=EPOCHS, seed=seed)
    results = (
        scores(learned),
        scores(by_counting(text, D_MODEL, WINDOW)),
        by_chance(learned),
    )
    return [
        {"method": method, "task": task, "right": right}
        for method, found in zip(METHODS, results, strict=True)
        for task, right in found.items()
    ]


def of(rows: list[Row], method: str, task: str) -> list[float]:
    """The scores of all seeds."""
    return [
        row["right"]
        for row in rows
        if (row["method"], row["task"]) == (method, task)
    ]


def tasks(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(row["task"] for row in rows))


def conclude(rows: list[Row]) -> tuple[str, str]:
    """Seen where even the worst seed is right ten times as often as chance."""
    lift = {
        task: min(of(rows, "skip-gram", task))
        / max(of(rows, "chance", task))
        for task in tasks(rows)
    }
    above = sum(times >= 10 for times in lift.values())
    verdict = (
        "seen"
        if above == len(lift)
        else "partly"
        if above
        else "not seen"
    )
    against = [
        f"{ASKED[task]} ({100 * fmean(of(rows, 'skip-gram', task)):.0f}"
        f" against {100 * fmean(of(rows, 'counts', task)):.0f}\N{NO-BREAK SPACE}%)"
        for task in lift
    ]
    return verdict, (
        f"In its worst seed skip-gram is right {min(lift.values()):.0f} to"
        f" {max(lift.values()):.0f} times as often as chance. Asked were, with the"
        " mean of skip-gram against that of counting and a singular value"
        f" decomposition: {', '.join(against)}."
    )


def show(rows: list[Row]) -> None:
    """The mean of all seeds, and the lowest and the highest."""
    widths = dict(zip(METHODS, (14, 14, 7), strict=True))
    print("of 100 " + "".join(f"{m:>{w}}" for m, w in widths.items()))
    for task in tasks(rows):
        line = f"{task:7}"
        for method, width in widths.items():
            found = [100 * right for right in of(rows, method, task)]
            cell = f"{fmean(found):.1f}"
            if method != "chance":
                spread = f"({min(found):.0f}-{max(found):.0f})"
                cell = f"{fmean(found):.0f} {spread}"
            line += f"{cell:>{width}}"
        print(line)


def draw(rows: list[Row]) -> Figure:
    """A line for each task, a dot for each seed."""
    figure, axes = plots.canvas(240)
    looks = {
        "skip-gram": (plots.QUERY, "o", 0.22),
        "counts": (plots.KEY, "s", 0.0),
        "chance": (plots.MUTED, "|", -0.22),
    }
    for method, (colour, marker, up) in looks.items():
        points = [
            (100 * right, place - up)
            for place, task in enumerate(tasks(rows))
            for right in of(rows, method, task)
        ]
        axes.plot(
            *zip(*points, strict=True),
            marker,
            color=colour,
            label=method,
            markersize=6,
        )
    axes.set_yticks(range(len(tasks(rows))), tasks(rows))
    axes.invert_yaxis()
    axes.set(xlim=(-3, 103), xlabel="right answers, of 100")
    figure.legend(loc="outside upper left", ncols=3, frameon=False)
    return figure
