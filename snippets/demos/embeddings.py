"""A look-up and a step of skip-gram by hand, then tables that were trained.

One table is learned here, from the English side of our own sentence pairs; the other is
that of all-MiniLM-L6-v2, whose blocks then make vectors that depend on context.
"""

from __future__ import annotations

import functools
import math
from itertools import islice
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor
from torch.nn import functional as F

from snippets.corpora import portuguese
from snippets.corpora.portuguese.words import verbs
from snippets.corpora.robot import SENTENCE
from snippets.corpora.senses import TO_CHOOSE, TO_REPORT
from snippets.lab import plots, tables, weights
from snippets.lab.chances import interval
from snippets.lab.diagrams import arrow, board, box, cells, signed, words
from snippets.lab.minilm import N_LAYERS, MiniLM
from snippets.text.embeddings import neighbours, one_hot_product, pca
from snippets.text.word_vectors import WordVectors, gradient, loss, train
from snippets.text.wordpiece import WordPiece

TOKENS = ["the", "robot", "glass", "it"]
TABLE = torch.tensor([[0.0, 1.0], [3.0, 1.0], [1.0, 1.0], [1.0, 2.0]])
IDS = torch.tensor([0, 2, 0])

# One step of skip-gram: the word's row, then the rows of the others it meets.
WORD, OTHERS = "glass", ["dropped", "school", "monday"]
ROW = torch.tensor([1.0, 1.0])
ROWS = torch.tensor([[-1.0, 1.0], [2.0, 0.0], [0.0, -2.0]])
LR, WINDOW = 0.5, 2
# The same step again and again, for words that meet the same others or not the same:
# where the row begins, and which of OTHERS was its neighbour.
STEPS = 8
PATHS = {
    "glass": ([1.0, 1.0], "dropped"),
    "cup": ([1.0, -1.0], "dropped"),
    "friend": ([1.0, 2.0], "school"),
}

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
    ("eat", "eating", "wash"),
    ("break", "broke", "drop"),
    ("cup", "cups", "dog"),
    ("man", "woman", "king"),
]
# Sentences of the training text, with the word that the page hides.
CONTEXTS = [
    ("i break the glass .", "glass"),
    ("a singer cleaned our glass .", "glass"),
    ("yesterday we dropped a cup because it was slippery .", "cup"),
    ("a queen will drop our cup .", "cup"),
]
COMPANY = ["glass", "cup", "cheese", "friend"]
# A verb in all its forms counts as one.
NEAR = {
    "break": {"break", "breaks", "broke", "breaking"},
    "drop": {"drop", "drops", "dropped", "dropping"},
    "wash": {"wash", "washes", "washed", "washing"},
    "eat": {"eat", "eats", "ate", "eating"},
    "the": {"the"},
}


def by_hand() -> dict[str, Any]:
    """Three look-ups in a table of four rows, what flows back, a step of skip-gram."""
    table = TABLE.clone().requires_grad_()
    vectors = one_hot_product(IDS, table)
    (flown,) = torch.autograd.grad(vectors.sum(), table)
    return {
        "tokens": TOKENS,
        "table": TABLE,
        "ids": IDS,
        "one_hot": F.one_hot(IDS, len(TABLE)),
        "vectors": vectors,
        "gradient": flown,
        "step": step(),
        "paths": paths(),
    }


# --8<-- [start:nudged]
def nudged(
    word: Float[Tensor, " d_model"],
    others: Float[Tensor, "word d_model"],
    right: Float[Tensor, " word"],
    lr: float,
) -> Float[Tensor, " d_model"]:
    """Where the word's row goes in one step."""
    scores = others @ word
    said = torch.sigmoid(scores)
    errors = right - said
    return word + lr * (errors @ others)


# --8<-- [end:nudged]


def step() -> dict[str, Any]:
    """One positive pair and two negative ones nudge the word's row."""
    parts = ROW[None], ROWS[:1], ROWS[None, 1:]
    nudge = -LR * gradient(*parts)[0][0]
    moved = ROW + nudge
    said, then = (ROWS @ ROW).sigmoid(), (ROWS @ moved).sigmoid()
    labels = torch.tensor([1.0, 0.0, 0.0])
    after = moved[None], *parts[1:]
    return {
        "word": WORD,
        "others": OTHERS,
        "row": ROW,
        "rows": ROWS,
        "labels": [1, 0, 0],
        "scores": ROWS @ ROW,
        # What 1 is divided by to give the answer.
        "below": 1 + (-ROWS @ ROW).exp(),
        "said": said,
        "errors": labels - said,
        "pushes": (labels - said)[:, None] * ROWS,
        "sum": nudge / LR,
        "nudge": nudge,
        "moved": moved,
        "then": then,
        "loss": loss(*parts),
        "loss_then": loss(*after),
    }


def paths() -> dict[str, Any]:
    """Some steps for each of three words; the rows of the others stay as they are."""
    found = {}
    for word, (start, beside) in PATHS.items():
        right = torch.tensor([float(other == beside) for other in OTHERS])
        rows = [torch.tensor(start)]
        for _ in range(STEPS):
            rows.append(nudged(rows[-1], ROWS, right, LR))
        found[word] = torch.stack(rows)
    glass = found[WORD]
    return {
        "rows": found,
        "nudge": {word: rows[1] - rows[0] for word, rows in found.items()},
        "cosine": {
            word: F.cosine_similarity(glass, rows) for word, rows in found.items()
        },
        "met": {
            word: F.cosine_similarity(ROWS[OTHERS.index(PATHS[word][1])], rows)
            for word, rows in found.items()
        },
        "apart": {word: (glass - rows).norm(dim=-1) for word, rows in found.items()},
    }


def misled(
    names: list[str],
    points: Float[Tensor, "word 2"],
    cosines: Float[Tensor, "word word"],
) -> dict[str, Any]:
    """The word that the map puts farthest from its truly nearest, and who is nearer."""
    itself = torch.eye(len(names), dtype=torch.bool)
    apart = torch.cdist(points, points).masked_fill(itself, torch.inf)
    beside = apart.argmin(-1)
    true = cosines.masked_fill(itself, -1).argmax(-1)
    rows = torch.arange(len(names))
    worst = int((apart[rows, true] - apart[rows, beside]).argmax())
    return {
        "word": names[worst],
        "beside": names[int(beside[worst])],
        "cosine": cosines[worst, beside[worst]],
        "nearest": names[int(true[worst])],
        "nearest_cosine": cosines[worst, true[worst]],
        # Between arrows of length 1, as those of the map are.
        "distance": (2 - 2 * cosines[worst, beside[worst]]).sqrt(),
        "nearest_distance": (2 - 2 * cosines[worst, true[worst]]).sqrt(),
    }


def company(text: list[tuple[str, ...]], window: int = 3) -> dict[str, Any]:
    """How often words have others within the window, and how often by chance."""
    met = {word: dict.fromkeys(NEAR, 0) for word in COMPANY}
    word_met, near_met = dict.fromkeys(COMPANY, 0), dict.fromkeys(NEAR, 0)
    everything = 0
    for line in text:
        for i, word in enumerate(line):
            around = line[max(0, i - window) : i] + line[i + 1 : i + 1 + window]
            everything += len(around)
            if word in met:
                word_met[word] += len(around)
            for name, forms in NEAR.items():
                count = sum(other in forms for other in around)
                near_met[name] += count
                if word in met:
                    met[word][name] += count
    expected = {
        word: {name: word_met[word] * near_met[name] / everything for name in NEAR}
        for word in COMPANY
    }
    return {
        "times": {word: sum(line.count(word) for line in text) for word in COMPANY},
        "met": met,
        # Places around each word, and how many of all places have a form of these.
        "around": word_met,
        "share": {name: count / everything for name, count in near_met.items()},
        "expected": expected,
        "pmi": {
            name: math.log(met[WORD][name] / expected[WORD][name])
            for name in NEAR
            if met[WORD][name]
        },
        "found": [tuple(line.split()) in set(text) for line, _ in CONTEXTS],
    }


def analogies(
    unit: Float[Tensor, "vocab_size d_model"],
    ids: dict[str, int],
    pairs: list[tuple[str, str]],
) -> dict[str, Any]:
    """Each pair asks each other: eat is to eating as wash is to what?

    Counted three ways: with the step, with nothing subtracted, and with the step
    where the three words of the question may be answers too.
    """
    there = [pair for pair in pairs if {*pair} <= ids.keys()]
    one, other = torch.tensor([[ids[a], ids[b]] for a, b in there]).T
    found = {"step": 0, "no_step": 0, "all_words": 0}
    for x, y in zip(one, other, strict=True):
        asked = (one != x) & (one != y) & (other != y)
        for start, name in ((unit[x], "step"), (0, "no_step")):
            cosines = (unit[y] - start + unit[one]) @ unit.T
            if name == "step":
                right = cosines.argmax(-1) == other
                found["all_words"] += int(right[asked].sum())
            cosines[:, [x, y]] = -torch.inf
            cosines[range(len(one)), one] = -torch.inf
            right = cosines.argmax(-1) == other
            found[name] += int(right[asked].sum())
    questions = sum(
        int(((one != x) & (one != y) & (other != y)).sum())
        for x, y in zip(one, other, strict=True)
    )
    return {"questions": questions, **found}


def forms() -> list[tuple[str, str]]:
    """Verbs and their -ing form, of our grammar."""
    three = [verb.en for some in verbs().values() for verb in some]
    return sorted({(base, ing) for base, _, ing in three if " " not in base})


def learned(seed: int) -> dict[str, Any]:
    """Skip-gram on our sentences: contexts, neighbours, analogies."""
    source = portuguese.pairs("train", seed=seed, max_len=15)
    text = [pair.english for pair in islice(source, SENTENCES)]
    vectors = train(text, epochs=EPOCHS, seed=seed)
    return {
        "sentences": len(text),
        "words": sum(map(len, text)),
        "vocab_size": len(vectors.words),
        "company": company(text),
        "near": {word: vectors.like(word)[:5] for word in LIKE},
        "rows": {word: vectors[word] for word in COMPANY},
        "cosine": {
            word: F.cosine_similarity(vectors[WORD], vectors[word], dim=0)
            for word in COMPANY
        },
        "analogies": [
            [*question, vectors.analogy(*question)] for question in QUESTIONS
        ],
        "parallelogram": parallelogram(vectors, *QUESTIONS[0]),
        "ing": analogies(F.normalize(vectors.table, dim=-1), vectors.ids, forms()),
    }


def parallelogram(vectors: WordVectors, a: str, b: str, c: str) -> dict[str, Any]:
    """a, b, c and the answer on the plane that shows most of them."""
    names = [a, b, c, vectors.analogy(a, b, c)]
    unit = F.normalize(torch.stack([vectors[word] for word in names]), dim=-1)
    points, shares = pca(unit)
    # The map is linear: where b - a + c comes to lie, follows from the three.
    sought = points[1] - points[0] + points[2]
    return {
        "words": names,
        "points": points,
        "sought": sought,
        "share": shares.sum(),
        "cosine": F.cosine_similarity(unit[1] - unit[0], unit[3] - unit[2], dim=0),
    }


# --- The senses of a word, in context


@functools.cache
def minilm() -> MiniLM:
    """MiniLM, read from its file once."""
    return MiniLM()


def states(ids: list[int]) -> Float[Tensor, "count seq d_model"]:
    """What MiniLM makes of a text: what its first block reads, then every block."""
    model = minilm()
    blocks = [block.output for block in model.read(ids)]
    return torch.stack([model.embed(ids), *blocks])


def occurrences(word: str, lines: list[str]) -> tuple[Tensor, Tensor]:
    """The vectors of a word in sentences, layer by layer, and its company's mean row.

    Returns:
        (sentence, layer, d_model), and (sentence, d_model): the mean of the static
        rows of all the other tokens.
    """
    cutter = WordPiece(weights.vocabulary())
    (table,) = weights.tensors("embeddings.word_embeddings.weight")
    found, around = [], []
    for line in lines:
        tokens, ids = cutter.for_bert(line)
        at = tokens.index(word)
        found.append(states(ids)[:, at])
        around.append(table[ids[1:at] + ids[at + 1 : -1]].mean(0))
    return torch.stack(found), torch.stack(around)


def nearest(vectors: Float[Tensor, "count d_model"]) -> list[int]:
    """For each vector, which other one has the largest cosine."""
    unit = F.normalize(vectors, dim=-1)
    cosines = (unit @ unit.T).fill_diagonal_(-torch.inf)
    return cosines.argmax(-1).tolist()


def senses(given: dict[str, dict[str, list[str]]]) -> list[dict[str, Any]]:
    """Does a word's nearest occurrence share its sense? By word and layer."""
    results = []
    for word, by_sense in given.items():
        lines = [line for some in by_sense.values() for line in some]
        labels = [sense for sense, some in by_sense.items() for _ in some]
        vectors, around = occurrences(word, lines)

        def right(vectors: Tensor, labels: list[str] = labels) -> list[bool]:
            found = enumerate(nearest(vectors))
            return [labels[i] == labels[j] for i, j in found]

        same = [labels.count(label) - 1 for label in labels]
        results.append(
            {
                "word": word,
                "count": len(lines),
                "right": [sum(right(vectors[:, n])) for n in range(N_LAYERS + 1)],
                "company": sum(right(around)),
                "chance": sum(same) / (len(lines) - 1),
            }
        )
    return results


def in_context() -> dict[str, Any]:
    """The layer is chosen on three words and reported on three others."""
    chosen_on, reported = senses(TO_CHOOSE), senses(TO_REPORT)
    by_layer = [sum(r["right"][n] for r in chosen_on) for n in range(N_LAYERS + 1)]
    layer = max(range(N_LAYERS + 1), key=by_layer.__getitem__)
    count = sum(r["count"] for r in reported)
    right = sum(r["right"][layer] for r in reported)

    by_sense = TO_REPORT[WORD]
    lines = [line for some in by_sense.values() for line in some]
    labels = [sense for sense, some in by_sense.items() for _ in some]
    vectors = occurrences(WORD, [*lines, SENTENCE])[0][:, layer]
    near = nearest(vectors[:-1])
    ours = nearest(vectors)[-1]
    return {
        "chosen_on": chosen_on,
        "reported": reported,
        "layer": layer,
        "count": count,
        "right": right,
        "interval": interval(right, count),
        "first": sum(r["right"][0] for r in reported),
        "company": sum(r["company"] for r in reported),
        "chance": sum(r["chance"] for r in reported),
        "choosing": {"count": sum(r["count"] for r in chosen_on), "right": by_layer},
        "wrong": [
            [lines[i], lines[j]] for i, j in enumerate(near) if labels[i] != labels[j]
        ],
        "ours": {"nearest": lines[ours], "sense": labels[ours]},
    }


def verbs_of_minilm() -> dict[str, Any]:
    """The analogies of verbs, asked of the rows of MiniLM."""
    (table,) = weights.tensors("embeddings.word_embeddings.weight")
    # Whole words only: no pieces, no signs, no single letters.
    whole = {
        t: i
        for i, t in enumerate(weights.vocabulary())
        if t.isascii() and t.isalpha() and t[1:]
    }
    unit = F.normalize(table[[*whole.values()]], dim=-1)
    return analogies(unit, {t: n for n, t in enumerate(whole)}, forms())


def measured(seed: int) -> dict[str, Any]:
    """What takes seconds: our own vectors, and what MiniLM's rows and blocks know."""
    return {"ours": learned(seed), "ing": verbs_of_minilm(), "senses": in_context()}


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """By hand, the table of a trained model, one trained here, words in context."""
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
    return {
        "by_hand": by_hand(),
        "vocab_size": len(table),
        "d_model": table.shape[1],
        "robot": {
            "tokens": tokens,
            "ids": ids,
            "vectors": table[ids, :8],
            "d_model": table.shape[1],
            # The word whose id is half-way between those of "was" and "glass".
            "between": vocabulary[(row["was"] + row["glass"]) // 2],
        },
        "neighbours": [
            {"word": word, "near": near(table[row[word]], 6)[1:]} for word in ASKED
        ],
        "analogy": near(queen, 2),
        "plane": {
            "words": MAP,
            "points": points,
            "share": shares.sum(),
            "misled": misled(MAP, points, directions @ directions.T),
        },
        "measured": measured(seed),
    }


def show(data: dict[str, Any]) -> None:
    """Print each table under a title."""
    ours, step = data["measured"]["ours"], data["by_hand"]["step"]
    print(f"one step for {step['word']}")
    columns = ("labels", "scores", "said", "errors", "then")
    tables.table(
        zip(step["others"], *(step[name] for name in columns), strict=True),
        ["", "", ".2f", ".2f", "+.2f", ".2f"],
        ["", "label", "score", "sigma", "error", "after"],
    )
    print("1 divided by", *(f"{number:.2f}" for number in step["below"]))
    for name, key in (("nudge", "nudge"), ("row after", "moved")):
        x, y = step[key]
        print(f"{name:9} ({x:.2f}, {y:.2f})")
    print(f"loss {step['loss']:.2f}, after the step {step['loss_then']:.2f}")
    print(f"\nskip-gram on {ours['sentences']:,} sentences of ours")
    for word, near in ours["near"].items():
        print(f"{word:9}{' '.join(near)}")
    print("\nnearest rows of MiniLM by cosine")
    for line in data["neighbours"]:
        near = [place["token"] for place in line["near"][:4]]
        print(f"{line['word']:9}{' '.join(near)}")


# --- Drawings

# The sentence of the frames, and which of its words stand in the middle of a window.
LINE = ["the", "robot", "dropped", "the", "glass", "because", "it", "was", "slippery"]
CENTRES = (2, 3, 4)
LETTER = 6.62  # how wide a letter is, in px
SIGMA = "\N{GREEK SMALL LETTER SIGMA}"


def frames(data: dict[str, Any]) -> list[Figure]:
    """Contexts and counts, the step by hand, then what was learned."""
    hand, ours = data["by_hand"], data["measured"]["ours"]
    return [
        draw_contexts(),
        draw_counts(ours["company"]["met"]),
        draw_windows(),
        draw_scores(hand["step"]),
        draw_nudge(hand["step"]),
        draw_paths(hand["paths"]),
        draw_learned(ours),
        draw_parallelogram(ours["parallelogram"]),
    ]


def bar(
    axes: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    colour: str,
    **more: Any,
) -> None:
    """A filled rectangle from its corner; below a line where the height is negative."""
    axes.add_patch(Rectangle((x, y), width, -height, facecolor=colour, **more))


def draw_windows() -> Figure:
    """Three places of the window, and the pairs that each gives."""
    figure, axes = board(264)
    for n, centre in enumerate(CENTRES):
        top = 22 + 88 * n
        draw_window(axes, top, centre)
        x = 14 + LETTER * len("dropped")
        words(axes, x, top + 36, LINE[centre], plots.LINK, ha="right", bold=True)
        arrow(axes, (x + 6, top + 36), (x + 26, top + 36), plots.LINK)
        x += 12
        for place in range(centre - WINDOW, centre + WINDOW + 1):
            if place != centre:
                width = LETTER * len(LINE[place]) + 12
                box(axes, x + 22 + width / 2, top + 36, LINE[place], width=width)
                x += width + 6
    return figure


def draw_window(axes: Axes, y: float, centre: int) -> None:
    """The sentence, a frame around the window, its middle filled."""
    x, middles = (400 - LETTER * len(" ".join(LINE))) / 2, []
    for word in LINE:
        middles.append((x, x + LETTER * len(word)))
        x = middles[-1][1] + LETTER
    left, right = middles[centre - WINDOW][0], middles[centre + WINDOW][1]
    box(axes, (left + right) / 2, y, "", plots.LINK, right - left + 8, 30)
    for place, (word, (start, end)) in enumerate(zip(LINE, middles, strict=True)):
        middle = (start + end) / 2
        if place == centre:
            box(axes, middle, y, word, plots.LINK, end - start + 7, 22, True)
        else:
            words(axes, middle, y, word, faint=abs(place - centre) > WINDOW)


def draw_scores(step: dict[str, Any]) -> Figure:
    """A neighbour and two words drawn at random: score, answer, error."""
    figure, axes = board(196)
    words(axes, 12, 20, "glass", plots.LINK, ha="left", bold=True)
    cells(axes, 92, 20, step["row"], plots.LINK, ".0f")
    for x, name in ((208, "score"), (284, f"{SIGMA}, said"), (364, "error")):
        words(axes, x, 20, name, plots.MUTED)
    for n, other in enumerate(step["others"]):
        y = 64 + 46 * n
        colour = plots.LINK if n == 0 else plots.MUTED
        words(axes, 12, y - 6, other, ha="left", bold=n == 0)
        note = "a neighbour" if n == 0 else "at random"
        words(axes, 12, y + 9, note, colour, ha="left")
        cells(axes, 124, y, step["rows"][n], plots.INK, ".0f")
        words(axes, 208, y, signed(step["scores"][n], ".0f"))
        # What was said, as a part of a whole; the label is where it should end.
        said, label = step["said"][n], step["labels"][n]
        bar(axes, 244, y + 3, 80, 14, plots.PAPER, edgecolor=plots.MUTED)
        bar(axes, 244, y + 3, 80 * said, 14, colour, alpha=0.55)
        goal = 244 + 80 * label
        axes.plot([goal, goal], [y - 15, y + 7], color=plots.INK, linewidth=2.4)
        words(axes, 284, y + 14, f"{said:.2f}, right: {label}")
        words(axes, 364, y, signed(step["errors"][n], "+.2f"), bold=True)
    return figure


def plane(
    height: float, unit: float, left: float, top: float, reach: tuple[float, ...]
) -> tuple[Figure, Axes, Any]:
    """A board with two axes, and where a vector's end lies on it."""
    figure, axes = board(height)

    def at(vector: list[float]) -> tuple[float, float]:
        return left + unit * vector[0], top - unit * vector[1]

    west, east, south, north = reach
    arrow(axes, at([west, 0]), at([east, 0]), width=0.6)
    arrow(axes, at([0, south]), at([0, north]), width=0.6)
    return figure, axes, at


def draw_others(axes: Axes, at: Any) -> None:
    """The context rows as arrows, each with its name at the end."""
    sides = [(-10, 9, "right"), (6, 14, "left"), (8, 2, "left")]
    for other, row, (across, down, ha) in zip(
        OTHERS, ROWS.tolist(), sides, strict=True
    ):
        end = at(row)
        arrow(axes, at([0, 0]), end, plots.MUTED, width=1.6)
        words(axes, end[0] + across, end[1] + down, other, plots.MUTED, ha=ha)


def draw_nudge(step: dict[str, Any]) -> Figure:
    """The three pulls head to tail, from the old row to the new one."""
    figure, axes, at = plane(334, 84, 150, 150, (-1.5, 2.6, -2.1, 1.6))
    draw_others(axes, at)
    old, new = at(step["row"]), at(step["moved"])
    arrow(axes, at([0, 0]), old, plots.LINK, width=2, line="--")
    words(axes, old[0] + 8, old[1] + 4, "glass before", plots.LINK, ha="left")
    arrow(axes, at([0, 0]), new, plots.LINK, width=2.6)
    words(
        axes, new[0] - 6, new[1] - 8, "glass after", plots.LINK, ha="right", bold=True
    )
    here, sides = step["row"], [(12, -8, "left"), (6, -12, "center"), (8, -8, "left")]
    for n, (push, (across, down, ha)) in enumerate(
        zip(step["pushes"], sides, strict=True)
    ):
        then = [x + LR * dx for x, dx in zip(here, push, strict=True)]
        arrow(axes, at(here), at(then), plots.QUERY, width=1.8)
        x, y = (sum(pair) / 2 for pair in zip(at(here), at(then), strict=True))
        words(axes, x + across, y + down, f"{n + 1}", plots.QUERY, ha=ha, bold=True)
        here = then
    for n, (other, error) in enumerate(
        zip(step["others"], step["errors"], strict=True)
    ):
        verb = "towards" if error > 0 else "off"
        words(
            axes, 226, 262 + 18 * n, f"{n + 1}  {verb} {other}", plots.QUERY, ha="left"
        )
    return figure


def draw_paths(found: dict[str, Any]) -> Figure:
    """Some steps of three words, each step a dot, and the rows that pull them."""
    figure, axes, at = plane(366, 74, 186, 190, (-2.4, 2.8, -2.1, 2.4))
    draw_others(axes, at)
    looks = {
        "glass": ("-", plots.LINK, (10, 2, "left"), (-4, -14, "center")),
        "cup": ("--", plots.QUERY, (10, 2, "left"), (-10, 8, "right")),
        "friend": (":", plots.VALUE, (10, -6, "left"), (4, -14, "right")),
    }
    for word, (line, colour, begin, end) in looks.items():
        rows = [at(row) for row in found["rows"][word]]
        axes.plot(
            *zip(*rows, strict=True), color=colour, linestyle=line, linewidth=1.8,
            marker="o", markersize=3.5,
        )  # fmt: skip
        axes.plot(
            *rows[0], "o", color=colour, markersize=8, markerfacecolor=plots.PAPER
        )
        for row, (across, down, ha), bold in ((0, begin, False), (-1, end, True)):
            x, y = rows[row]
            words(axes, x + across, y + down, word, colour, ha=ha, bold=bold)
    return figure


def draw_contexts() -> Figure:
    """The sentences, one below the other, so that the hidden words make a column."""
    figure, axes = board(142)
    middle, hole = 180, 36
    bar(axes, middle - hole / 2 - 2, 134, hole + 4, 126, plots.LINK, alpha=0.12)
    for n, (line, hidden) in enumerate(CONTEXTS):
        tokens, y = line.split(), 26 + 30 * n
        at = tokens.index(hidden)
        box(axes, middle, y, "?", plots.LINK, hole, 22)
        x = middle - hole / 2 - 8
        for far, word in enumerate(reversed(tokens[:at])):
            words(axes, x, y, word, ha="right", faint=far >= 3)
            x -= LETTER * (len(word) + 1)
        x = middle + hole / 2 + 8
        for far, word in enumerate(tokens[at + 1 :]):
            words(axes, x, y, word, ha="left", faint=far >= 3)
            x += LETTER * (len(word) + 1)
    return figure


def draw_counts(met: dict[str, dict[str, int]]) -> Figure:
    """Counts as cells, the darker the more; the last column is another matter."""
    figure, axes = board(182)
    wide, high = 60, 34
    for row, (word, counts) in enumerate(met.items()):
        y = 42 + high * row
        words(axes, 72, y + high / 2, word, ha="right", bold=True)
        for column, (name, count) in enumerate(counts.items()):
            x = 84 + wide * column + (8 if name == "the" else 0)
            if row == 0:
                words(axes, x + wide / 2, 24, name, plots.MUTED)
            colour = plots.MUTED if name == "the" else plots.LINK
            strong = 0.3 if name == "the" else 0.75 * min(count / 21, 1)
            bar(axes, x, y + high, wide, high, plots.PAPER, edgecolor=plots.MUTED)
            bar(axes, x, y + high, wide, high, colour, alpha=strong)
            words(
                axes, x + wide / 2, y + high / 2, f"{count}", size=12, bold=count > 15
            )
    return figure


def draw_learned(ours: dict[str, Any]) -> Figure:
    """Each learned row as a strip of shaded cells, in the order of the first one's."""
    rows = ours["rows"]
    figure, axes = board(62 + 50 * len(rows))
    top = 0.8 * max(abs(number) for row in rows.values() for number in row)
    order = sorted(range(len(rows[WORD])), key=lambda place: rows[WORD][place])
    words(axes, 396, 12, "cosine", plots.MUTED, ha="right")
    for n, (word, row) in enumerate(rows.items()):
        y = 44 + 50 * n
        words(axes, 54, y, word, ha="right", bold=n < 2)
        axes.imshow(
            [[row[place] for place in order]], cmap=plots.HEAT, vmin=-top, vmax=top,
            interpolation="none", aspect="auto", extent=(62, 350, y + 19, y - 19),
        )  # fmt: skip
        words(axes, 396, y, f"{ours['cosine'][word]:.2f}", ha="right", bold=n < 2)
    y = 40 + 50 * len(rows)
    words(axes, 62, y, "dark: below 0", plots.MUTED, ha="left")
    words(axes, 350, y, "light: above 0", plots.MUTED, ha="right")
    axes.set(xlim=(0, 400), ylim=(62 + 50 * len(rows), 0))
    return figure


def draw_parallelogram(found: dict[str, Any]) -> Figure:
    """Three words, the step between two, and where it leads from the third."""
    figure, axes = board(236)
    points = [*found["points"], found["sought"]]
    xs, ys = zip(*points, strict=True)
    scale = min(280 / (max(xs) - min(xs)), 150 / (max(ys) - min(ys)))
    middle = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    at = [
        (200 + scale * (x - middle[0]), 118 - scale * (y - middle[1]))
        for x, y in points
    ]
    axes.plot(
        *zip(at[0], at[2], strict=True), color=plots.MUTED, linewidth=0.8, alpha=0.6
    )
    axes.plot(
        *zip(at[1], at[4], strict=True), color=plots.MUTED, linewidth=0.8, alpha=0.6
    )
    arrow(axes, at[0], at[1], plots.LINK, width=2.2)
    arrow(axes, at[2], at[4], plots.LINK, width=2.2, line="--")
    for word, point, (across, down, ha) in zip(
        [*found["words"], "same step"], at,
        [(0, 16, "center"), (0, -14, "center"), (0, 16, "center"), (10, 12, "left"),
         (0, -14, "center")], strict=True,
    ):  # fmt: skip
        step = word == "same step"
        if not step:
            axes.plot(*point, "o", color=plots.INK, markersize=5)
        words(
            axes, point[0] + across, point[1] + down, word,
            plots.LINK if step else plots.INK, ha=ha, bold=not step,
        )  # fmt: skip
    return figure


def draw(data: dict[str, Any]) -> Figure:
    """The map of words."""
    figure, names = plots.canvas(380)
    # Room at both sides for the names.
    figure.set_layout_engine("none")
    names.set_position((0.08, 0.01, 0.8, 0.98))
    plots.named_points(
        figure, names, data["plane"]["words"], data["plane"]["points"], "glass"
    )
    names.spines[:].set_visible(False)
    return figure


def holds(data: dict[str, Any]) -> dict[str, bool]:
    """What the page concludes from the training."""
    ours = data["measured"]["ours"]
    answers = [answer for *_, answer in ours["analogies"]]
    return {
        "the contexts are sentences of the text": all(ours["company"]["found"]),
        "blue and green are most like red": ours["near"]["red"][:2]
        == ["blue", "green"],
        "eat is to eating as wash is to washing": "washing" in answers,
        "break is to broke as drop is to dropped": "dropped" in answers,
        "the step answers more than nothing subtracted": ours["ing"]["step"]
        > ours["ing"]["no_step"],
    }


# The key of what takes seconds, and the function that gives it.
TRAINS = "measured"
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
    ("SENTENCES, EPOCHS = 8000, 8", "SENTENCES, EPOCHS = 8000, 1"),
]
