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
from torch import Tensor
from torch.nn import functional as F

from snippets.corpora import portuguese
from snippets.corpora.portuguese.words import verbs
from snippets.corpora.robot import SENTENCE
from snippets.corpora.senses import TO_CHOOSE, TO_REPORT
from snippets.lab import plots, tables, weights
from snippets.lab.chances import interval
from snippets.lab.diagrams import arrow, board, box, cells, words
from snippets.lab.minilm import N_LAYERS, MiniLM
from snippets.text.embeddings import neighbours, one_hot_product, pca
from snippets.text.word_vectors import WordVectors, gradient, loss, train
from snippets.text.wordpiece import WordPiece

TOKENS = ["the", "robot", "glass", "it"]
TABLE = torch.tensor([[0.0, 1.0], [3.0, 1.0], [2.0, -1.0], [1.0, 2.0]])
IDS = torch.tensor([0, 2, 0])

# One step of skip-gram: the word's row, then the rows of the others it meets.
WORD, OTHERS = "glass", ["dropped", "school", "monday"]
ROW = torch.tensor([1.0, 1.0])
ROWS = torch.tensor([[-1.0, 0.0], [2.0, 0.0], [1.0, -1.0]])
LR, WINDOW = 0.5, 2

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
    }


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
    points, shares = pca(vectors)
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
        "points": points,
        "labels": labels,
        "share": shares.sum(),
        "wrong": [
            [lines[i], lines[j]] for i, j in enumerate(near) if labels[i] != labels[j]
        ],
        "wrong_at": [i for i, j in enumerate(near) if labels[i] != labels[j]],
        "ours": {"nearest": lines[ours], "sense": labels[ours]},
    }


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
    # Whole words only: no pieces, no signs, no single letters.
    whole = [
        i for i, t in enumerate(vocabulary) if t.isascii() and t.isalpha() and t[1:]
    ]
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
        "ing": analogies(
            F.normalize(table[whole].cpu(), dim=-1),
            {vocabulary[i]: n for n, i in enumerate(whole)},
            forms(),
        ),
        "plane": {
            "words": MAP,
            "points": points,
            "share": shares.sum(),
            "misled": misled(MAP, points, directions @ directions.T),
        },
        "learned": learned(seed),
        "look": in_context(),
    }


def sentence(data: dict[str, Any]) -> list[tuple[str, int, list[float]]]:
    """Token, id and first numbers of each word, [CLS] and [SEP] left out."""
    robot = data["robot"]
    columns = robot["tokens"], robot["ids"], robot["vectors"]
    return list(zip(*columns, strict=True))[1:-1]


def show(data: dict[str, Any]) -> None:
    """Print each table under a title."""
    ours = data["learned"]
    show_step(data["by_hand"]["step"])
    show_company(ours["company"])
    print(f"\nskip-gram on {ours['sentences']:,} sentences of ours")
    near = ours["near"]
    tables.table(zip(*near.values(), strict=True), [""] * len(near), list(near), gap=1)
    print("\nanalogies asked of these vectors")
    for a, b, c, answer in ours["analogies"]:
        print(f"{a} to {b} is {c} to {answer}")

    print("\nverb and -ing form, analogies answered")
    tables.table(
        [
            (name, *(found[k] for k in ("questions", "step", "no_step", "all_words")))
            for name, found in (("ours", ours["ing"]), ("MiniLM", data["ing"]))
        ],
        [""] * 5,
        ["", "asked", "step", "no step", "none left out"],
        gap=1,
    )

    rows, numbers = data["vocab_size"], data["d_model"]
    print(f"\nMiniLM: {rows:,} rows of {numbers} numbers")
    tables.table(
        [(token, i, *row[:3]) for token, i, row in sentence(data)],
        ["", "", *[".3f"] * 3],
        ["token", "id", "its", "row", "begins"],
    )
    print("\nnearest rows of MiniLM by cosine")
    columns = [
        [
            *(place["token"] for place in line["near"]),
            f"1st {line['near'][0]['cosine']:.2f}",
            f"5th {line['near'][-1]['cosine']:.2f}",
        ]
        for line in data["neighbours"]
    ]
    asked = [line["word"] for line in data["neighbours"]]
    tables.table(zip(*columns, strict=True), [""] * 4, asked, gap=1)
    print("\nnearest to king - man + woman")
    tables.table([place.values() for place in data["analogy"]], ["", ".2f"])

    seen, misled = data["plane"], data["plane"]["misled"]
    print(f"\nthe map shows {100 * seen['share']:.0f} % of the variance")
    print(f"on it, {misled['word']} lies beside {misled['beside']}")
    print(f"cosine with {misled['beside']:10} {misled['cosine']:.2f}")
    print(f"cosine with {misled['nearest']:10} {misled['nearest_cosine']:.2f}")
    show_look(data["look"])


def show_step(step: dict[str, Any]) -> None:
    """The step by hand, then what it changed."""
    print(f"one step for {step['word']}")
    columns = ("labels", "scores", "said", "errors", "then")
    tables.table(
        zip(step["others"], *(step[name] for name in columns), strict=True),
        ["", "", ".2f", ".2f", "+.2f", ".2f"],
        ["", "label", "score", "sigma", "error", "after"],
    )
    for name, key in (("nudge", "nudge"), ("row after", "moved")):
        x, y = step[key]
        print(f"{name:9} ({x:.2f}, {y:.2f})")
    print(f"loss {step['loss']:.2f}, after the step {step['loss_then']:.2f}")


def show_company(company: dict[str, Any]) -> None:
    """Counts within three words, and their logarithm against chance."""
    print("\nneighbours within three words, counted")
    tables.table(
        [(word, *counts.values()) for word, counts in company["met"].items()],
        [""] * (1 + len(NEAR)),
        ["", *NEAR],
    )
    print(f"\n{WORD} and its neighbours, against chance")
    tables.table(
        [
            (name, company["met"][WORD][name], company["expected"][WORD][name], pmi)
            for name, pmi in company["pmi"].items()
        ],
        ["", "", ".1f", ".2f"],
        ["", "met", "by chance", "PMI"],
    )


def show_look(look: dict[str, Any]) -> None:
    """Right nearest occurrences, by word and layer."""
    print("\nnearest occurrence has the same sense")
    for title, results in (
        ("to choose", look["chosen_on"]),
        ("to report", look["reported"]),
    ):
        tables.table(
            [
                (r["word"], r["count"], *r["right"], r["company"], r["chance"])
                for r in results
            ],
            ["", *[""] * (N_LAYERS + 3), ".0f"],
            [title, "of", *(f"L{n}" for n in range(N_LAYERS + 1)), "bag", "ch."],
            gap=1,
        )
    low, high = look["interval"]
    print(f"layer {look['layer']}: {look['right']} of {look['count']}")
    print(f"95 % interval {100 * low:.0f} to {100 * high:.0f} %")
    print("\nour own glass is nearest to")
    print(look["ours"]["nearest"])


# --- Drawings

# The sentence of the frames, and which of its words stand in the middle of a window.
LINE = ["the", "robot", "dropped", "the", "glass", "because", "it", "was", "slippery"]
CENTRES = (2, 4)


def frames(data: dict[str, Any]) -> list[Figure]:
    """A window slides, pairs are collected, one of them makes a step."""
    step = data["by_hand"]["step"]
    return [frame(step, number) for number in range(1, 6)]


def frame(step: dict[str, Any], number: int) -> Figure:
    """The drawing up to its frame of this number."""
    figure, axes = board([158, 158, 264, 264, 470][number - 1])
    draw_window(axes, CENTRES[min(number, 2) - 1])
    for column, centre in enumerate(CENTRES[:number]):
        draw_pairs(axes, 100 + 200 * column, centre, number)
    if number >= 3:
        draw_rows(axes, step, number)
    if number >= 5:
        draw_nudge(axes, step)
    return figure


def draw_window(axes: Axes, centre: int) -> None:
    """The sentence, a frame around the window, its middle filled."""
    letter = 6.62
    x, middles = (400 - letter * len(" ".join(LINE))) / 2, []
    for word in LINE:
        middles.append((x, x + letter * len(word)))
        x = middles[-1][1] + letter
    left, right = middles[centre - WINDOW][0], middles[centre + WINDOW][1]
    box(axes, (left + right) / 2, 22, "", plots.LINK, right - left + 8, 30)
    for place, (word, (start, end)) in enumerate(zip(LINE, middles, strict=True)):
        if place == centre:
            box(
                axes, (start + end) / 2, 22, word, plots.LINK, end - start + 7, 22, True
            )
        else:
            faint = abs(place - centre) > WINDOW
            words(axes, (start + end) / 2, 22, word, faint=faint)


def draw_pairs(axes: Axes, x: float, centre: int, number: int) -> None:
    """The pairs that one position of the window gives."""
    around = [n for n in range(centre - WINDOW, centre + WINDOW + 1) if n != centre]
    old = centre != CENTRES[-1] and number >= 2
    words(axes, x, 58, "word and neighbour", plots.MUTED, faint=old)
    for row, other in enumerate(around):
        y = 80 + 20 * row
        chosen = LINE[centre] == WORD and LINE[other] == "dropped" and number >= 3
        faint = old or (number >= 3 and not chosen)
        words(axes, x - 8, y, LINE[centre], plots.LINK, ha="right", faint=faint)
        words(axes, x + 8, y, LINE[other], ha="left", faint=faint, bold=chosen)


def signed(vector: list[float]) -> str:
    """A vector of whole numbers as a person writes it."""
    return (
        "(" + ", ".join(f"{n:.0f}" for n in vector).replace("-", "\N{MINUS SIGN}") + ")"
    )


def draw_rows(axes: Axes, step: dict[str, Any], number: int) -> None:
    """The pair, two words drawn at random, and what the rows say of them."""
    x = {"label": 196, "score": 250, "\N{GREEK SMALL LETTER SIGMA}": 304, "error": 360}
    top = 176
    row = f"{step['word']} {signed(step['row'])}" if number >= 4 else step["word"]
    words(axes, 20, top, row, plots.LINK, ha="left", bold=True)
    for name in list(x)[: 1 if number == 3 else 4]:
        words(axes, x[name], top, name, plots.MUTED)
    for n, other in enumerate(step["others"]):
        y = top + 24 * (n + 1)
        colour, line = (plots.LINK, "-") if n == 0 else (plots.MUTED, "--")
        vector = f" {signed(step['rows'][n])}" if number >= 4 else ""
        words(axes, 20, y, other + vector, ha="left")
        box(
            axes, x["label"], y, f"{step['labels'][n]}", colour, 26, 20, line=line,
            fill=n == 0,
        )  # fmt: skip
        if number >= 4:
            texts = (
                f"{step['scores'][n]:.0f}", f"{step['said'][n]:.2f}",
                f"{step['errors'][n]:+.2f}",
            )  # fmt: skip
            for name, text in zip(list(x)[1:], texts, strict=True):
                shown = text.replace("-", "\N{MINUS SIGN}")
                words(axes, x[name], y, shown, bold=name == "error")
    if number == 3:
        words(axes, 230, top + 24, "they were neighbours", plots.LINK, ha="left")
        words(axes, 230, top + 60, "drawn at random", plots.MUTED, ha="left")


def draw_nudge(axes: Axes, step: dict[str, Any]) -> None:
    """The vectors in the plane, and where the word's row goes."""
    unit, left, top = 66, 104, 376

    def at(vector: list[float]) -> tuple[float, float]:
        return left + unit * vector[0], top - unit * vector[1]

    arrow(axes, (left - 84, top), (left + 160, top), width=0.6)
    arrow(axes, (left, top + 80), (left, top - 98), width=0.6)
    sides = [(-4, -10, "center"), (0, -10, "center"), (8, 6, "left")]
    for n, other in enumerate(step["others"]):
        colour, line = (plots.LINK, "-") if n == 0 else (plots.MUTED, "--")
        end = at(step["rows"][n])
        arrow(axes, (left, top), end, colour, line=line, width=1.8)
        across, down, ha = sides[n]
        words(axes, end[0] + across, end[1] + down, other, colour, ha=ha)
    old, new = at(step["row"]), at(step["moved"])
    arrow(axes, (left, top), old, plots.INK, width=1.2, faint=True)
    words(axes, old[0] + 6, old[1], "glass before", ha="left", faint=True)
    arrow(axes, (left, top), new, plots.INK, width=2.4)
    words(axes, new[0] - 10, new[1] - 10, "glass after", bold=True)
    arrow(axes, old, new, plots.LINK, width=1.4, line=":")
    words(axes, (old[0] + new[0]) / 2 + 30, old[1] - 18, "nudge", plots.LINK)
    # What moved it, in words beside the plane.
    for n, (other, error) in enumerate(
        zip(step["others"], step["errors"], strict=True)
    ):
        verb = "pull to" if error > 0 else "push off"
        text = f"{abs(error):.2f} {verb} {other}"
        words(axes, 396, top + 36 + 18 * n, text, ha="right")
    cells(axes, 350, top - 76, step["moved"], plots.INK)


def draw(data: dict[str, Any]) -> Figure:
    """The map of words; below it a parallelogram of learned vectors."""
    figure, (names, step) = plots.canvas(600, 2, 1, height_ratios=[3, 2])
    found = data["learned"]["parallelogram"]
    step.set_title("eat \N{RIGHTWARDS ARROW} eating, and the same step from wash")
    points = [*found["points"], found["sought"]]
    step.plot(*zip(*points[:4], strict=True), "o", color=plots.MUTED, markersize=4)
    for start, end, line, colour in (
        (0, 1, "-", plots.LINK), (2, 4, "--", plots.LINK), (2, 3, ":", plots.INK),
    ):  # fmt: skip
        step.annotate(
            "", points[end], points[start],
            arrowprops={
                "arrowstyle": "-|>", "color": colour, "linestyle": line,
                "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0,
            },
        )  # fmt: skip
    for word, point, side in zip(
        [*found["words"], "wash + step"], points,
        [(8, -4), (8, 4), (8, -6), (8, -4), (1, 9)], strict=True,
    ):  # fmt: skip
        step.annotate(
            word, point, xytext=side, textcoords="offset points",
            ha="left" if side[0] > 0 else "right",
        )  # fmt: skip
    step.set(xticks=[], yticks=[])
    step.set_aspect("equal", adjustable="datalim")
    step.margins(x=0.25, y=0.2)

    share = data["plane"]["share"]
    names.set_title(f"a flat map: {100 * share:.0f} % of the variance")
    plots.named_points(
        figure, names, data["plane"]["words"], data["plane"]["points"], "glass"
    )
    return figure


def look(data: dict[str, Any]) -> Figure:
    """Each "glass" of the held-out sentences, on the plane that shows most."""
    found = data["look"]
    figure, axes = plots.canvas(340)
    *points, ours = found["points"]
    marks = {"vessel": ("o", plots.LINK), "material": ("x", plots.INK)}
    for sense, (mark, colour) in marks.items():
        some = [p for p, s in zip(points, found["labels"], strict=True) if s == sense]
        axes.plot(
            *zip(*some, strict=True), mark, color=colour, label=sense, markersize=7,
            markeredgewidth=1.8,
        )  # fmt: skip
    wrong = [points[i] for i in found["wrong_at"]]
    axes.plot(
        *zip(*wrong, strict=True), "o", color=plots.INK, fillstyle="none",
        markersize=15, label="wrong neighbour",
    )  # fmt: skip
    axes.plot(*ours, "*", color=plots.INK, markersize=13, label="our sentence")
    axes.set(xticks=[], yticks=[])
    axes.margins(0.1)
    figure.legend(loc="outside upper left", ncols=2, frameon=False)
    return figure


def holds(data: dict[str, Any]) -> dict[str, bool]:
    """What the page concludes from the training."""
    ours = data["learned"]
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
    ("SENTENCES, EPOCHS = 8000, 8", "SENTENCES, EPOCHS = 8000, 1"),
]
