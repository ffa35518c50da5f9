"""Clock hands by hand, then what MiniLM makes of positions: a model that learned them.

MiniLM is a small BERT, see devlin-2018-bert.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from torch import Tensor
from torch.nn import functional as F

from snippets.attention.heads import MultiHeadAttention
from snippets.attention.positional_encoding import (
    RotaryAttention,
    alibi,
    rotary,
    sinusoids,
    speeds,
)
from snippets.lab import diagrams, plots
from snippets.lab import weights as published
from snippets.lab.minilm import MiniLM
from snippets.lab.tables import table
from snippets.text.logits import softmax
from snippets.text.wordpiece import WordPiece

# --- By hand: two clocks, and a query that is turned

SENTENCE = ["the", "dog", "bit", "the", "man"]
# Two hands: a quarter turn a position, and an hour of the clock face.
HANDS = torch.tensor([math.pi / 2, math.pi / 6], dtype=torch.float64)
WORDS = {"the": 0, "dog": 1, "bit": 2, "man": 3}  # which of four numbers is its 2
QUARTER = HANDS[:1]
NOUN, NOTHING = [1.0, 0.0], [0.0, 0.0]  # keys: of a noun, of another word
WHO = [0.0, -2.0]  # the query of "bit"
CASES = ["the dog bit the man", "the man bit the dog", "today the dog bit the man"]


def whole(x: Tensor) -> Tensor:
    """Without the last digits, where a cosine is not quite 0."""
    return x.round(decimals=6) + 0.0


def who_bit(words: list[str]) -> dict[str, Any]:
    """What "bit" gives to the nouns: query, keys and scores, turned and as they are."""
    position = torch.arange(len(words), dtype=torch.float64)
    keys = torch.tensor([NOUN if w in ("dog", "man") else NOTHING for w in words])
    keys = keys.double()
    queries = torch.tensor(WHO).double().expand(len(words), -1)
    bit = words.index("bit")
    query = rotary(queries, position, QUARTER)
    key = rotary(keys, position, QUARTER)
    scores = (query @ key.T)[bit]
    return {
        "words": words,
        "keys": keys,
        "query": queries[bit],
        "scores": (queries @ keys.T)[bit] + 0.0,
        "turned_keys": whole(key),
        "turned_query": whole(query[bit]),
        "turned_scores": whole(scores),
        "dog": whole(scores[words.index("dog")]),
        "man": whole(scores[words.index("man")]),
    }


def by_hand() -> dict[str, Any]:
    """Where the hands point, what is added to the words, and who bit."""
    position = torch.arange(len(SENTENCE), dtype=torch.float64)
    places = sinusoids(position, HANDS)
    words = 2 * torch.eye(4).double()[[WORDS[word] for word in SENTENCE]]
    return {
        "places": whole(places),
        "words": words,
        "inputs": whole(words + places),
        "who": [who_bit(case.split()) for case in CASES],
    }


# --- What can be measured without a trained model

BASE = 10_000.0
D_HEAD = 128


def bag(seed: int) -> dict[str, Tensor]:
    """How far outputs move, at most, when the words of a text are shuffled."""
    torch.manual_seed(seed)
    plain, turning = MultiHeadAttention(16, 2).double(), RotaryAttention(16, 2).double()
    x, order = torch.randn(5, 16).double(), torch.randperm(5)
    causal = torch.ones(5, 5, dtype=torch.bool).tril()
    places = sinusoids(torch.arange(5.0), speeds(16))
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "none": plain,
        "sinusoids added": lambda x: plain(x + places),
        "rotary": turning,
        "none, causal mask": lambda x: plain(x, mask=causal),
    }
    with torch.no_grad():
        return {
            name: whole((way(x[order]) - way(x)[order]).abs().max())
            for name, way in ways.items()
        }


def likeness() -> dict[str, Any]:
    """The stripes, and the dot product of two positions, by distance."""
    p = sinusoids(torch.arange(1100, dtype=torch.float64), speeds(64))
    far = 64
    by_start = {start: p[start : start + far] @ p[start] for start in (0, 100, 1000)}
    lines = torch.stack([*by_start.values()]) / 32
    return {
        "stripes": p[:32].round(decimals=2),
        "by_distance": lines[0],
        "apart": whole((lines - lines[0]).abs().max()),
    }


# --- MiniLM

PAIRS = """dog bit bitten man, cat chased chased dog, girl hugged hugged boy,
teacher praised praised nurse, king warned warned queen, lion followed followed wolf,
farmer kicked kicked horse, doctor helped helped lawyer, thief saw seen soldier,
robot pushed pushed child, baker called called butcher, mother washed washed daughter,
sailor saved saved captain, bear attacked attacked hunter, waiter paid paid guest,
player beat beaten champion, uncle visited visited aunt, judge blamed blamed minister,
goat licked licked sheep, spider ate eaten frog, driver hit hit cyclist,
actor painted painted writer, pilot thanked thanked engineer, clerk hired hired manager,
monkey scratched scratched parrot, student taught taught professor,
guard caught caught prisoner, duck pecked pecked goose, brother teased teased sister,
president invited invited mayor"""
N_HANDS = 4
KNOWN, HELD_OUT = range(1, 64), range(64, 127)  # position 0 is always [CLS]


def reads(model: MiniLM) -> dict[str, Any]:
    """Does MiniLM know who bit whom, with its positions and without?

    A sentence is the mean of its vectors, as MiniLM was trained.
    """
    bert = WordPiece(published.vocabulary())

    def vector(text: str, positions: bool = True) -> Tensor:
        ids = bert.for_bert(text)[1]
        return model.read(ids, positions=positions)[-1].output.mean(0)

    def like(one: Tensor, other: Tensor) -> float:
        return F.cosine_similarity(one, other, dim=0).item()

    swapped, apart, right = [], [], 0
    for line in PAIRS.replace("\n", " ").split(", "):
        one, did, done, other = line.split()
        said = [f"The {one} {did} the {other}.", f"The {other} {did} the {one}."]
        # In the passive, what each of the two means.
        meant = [
            vector(f"The {b} was {done} by the {a}.")
            for a, b in ((one, other), (other, one))
        ]
        vectors = [vector(text) for text in said]
        swapped.append(like(*vectors))
        bags = [vector(text, positions=False) for text in said]
        apart.append((bags[0] - bags[1]).abs().max().item())
        for i in (0, 1):
            right += like(vectors[i], meant[i]) > like(vectors[i], meant[1 - i])
    return {
        "pairs": len(swapped),
        "same": sum(a < 1e-5 for a in apart),
        "swapped": median(swapped),
        "right": right,
        "asked": 2 * len(swapped),
    }


def turns(
    known: Float[Tensor, "seq d_model"],
    held_out: Float[Tensor, "seq d_model"],
    n_hands: int = N_HANDS,
) -> dict[str, Any]:
    """One rotation, from each known position to the next, tried on positions held out.

    It is the best one in the few directions in which the known positions differ most
    (orthogonal Procrustes).
    """
    mean = known.mean(0)
    directions = torch.linalg.svd(known - mean, full_matrices=False)[2]
    plane = directions[: 2 * n_hands].T
    x, y = (known - mean) @ plane, (held_out - mean) @ plane
    spread = held_out - held_out.mean(0)
    left, _, right = torch.linalg.svd(x[:-1].T @ x[1:])
    rotation = left @ right
    distance = torch.cdist(y[:-1] @ rotation, y)
    ahead = torch.cdist(y[:-10] @ torch.matrix_power(rotation, 10), y)
    angles, axes = torch.linalg.eig(rotation)
    order = angles.angle().argsort(descending=True)[:n_hands]
    hands = y.to(axes) @ axes[:, order]
    # From its own zero: a hand has a direction, not a beginning.
    hands = hands * (hands[0].abs() / hands[0])
    return {
        "right": (distance.argmin(1) == torch.arange(1, len(y))).sum(),
        "n": len(y) - 1,
        "ten": (ahead.argmin(1) == torch.arange(10, len(y))).sum(),
        "of_ten": len(y) - 10,
        "error": (y[:-1] @ rotation - y[1:]).norm() / y[1:].norm(),
        "still": (y[:-1] - y[1:]).norm() / y[1:].norm(),
        "share": ((spread @ plane).norm() / spread.norm()) ** 2,
        "turn": 2 * math.pi / angles.angle()[order],
        "hands": torch.view_as_real(hands).transpose(0, 1).round(decimals=4),
    }


def learned(model: MiniLM) -> dict[str, Any]:
    """What MiniLM's vectors of positions are like."""
    positions = model.embeddings[1].double()
    first, second = positions[KNOWN], positions[HELD_OUT]
    folds = [turns(first, second), turns(second, first)]
    hands, _ = (fold.pop("hands") for fold in folds)
    return {
        "hands": hands[:2],
        "folds": folds,
        # The same with fewer and with more hands.
        "others": [
            turns(*pair, n_hands)["right"]
            for pair in ((first, second), (second, first))
            for n_hands in (3, 5, 6, 8)
        ],
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The clocks by hand, what shuffling moves, and MiniLM with and without positions.

    All of it is small, and runs on the processor.
    """
    model = MiniLM()
    return {
        "by_hand": by_hand(),
        "bag": bag(seed),
        "sinusoids": likeness(),
        "full_turn": 2 * math.pi / speeds(D_HEAD, BASE)[[0, 16, 32, 48, 63]],
        # The last of ten tokens, which sees all, where all scores are the same.
        "alibi": softmax(alibi(8, 10)[:, -1]),
        "look": {**reads(model), **learned(model)},
    }


def show(data: dict[str, Any]) -> None:
    """Print the example and the tables."""
    hand = data["by_hand"]
    print("position: fast hand, slow hand")
    rows = [[f"{i} {SENTENCE[i]}", *place] for i, place in enumerate(hand["places"])]
    table(rows, ["", *[".2f"] * 4], ["", "sin", "cos", "sin", "cos"])

    print('\nscores of "bit", with rotary')
    rows = [[" ".join(who["words"]), who["dog"], who["man"]] for who in hand["who"]]
    table(rows, ["", ".0f", ".0f"], ["", "dog", "man"])

    print("\nshuffle the words: outputs move by")
    table([[name, moved] for name, moved in data["bag"].items()], ["", ".2f"])

    print("\nfull turn of a hand, in tokens")
    numbers = [1, 17, 33, 49, 64]
    rows = [
        [f"{n} of 64", turn] for n, turn in zip(numbers, data["full_turn"], strict=True)
    ]
    table(rows, ["", ",.1f"], ["hand", "tokens"])

    print("\nALiBi: weights if all scores are equal")
    rows = [
        [f"{back} back", *(data["alibi"][head][-1 - back] for head in (0, 3, 7))]
        for back in (0, 1, 2, 4, 9)
    ]
    table(rows, ["", ".2f", ".2f", ".2f"], ["", "head 1", "head 4", "head 8"])

    look = data["look"]
    print("\nMiniLM: who bit whom?")
    print(f"the same without positions: {look['same']} of {look['pairs']} pairs")
    print(f"with positions, likeness {look['swapped']:.3f}")
    print(f"nearer to its own passive: {look['right']} of {look['asked']}")

    print("\nMiniLM's positions: one rotation for all")
    rows = [
        [name, f"{fold['right']} of {fold['n']}", fold["error"], fold["still"]]
        for name, fold in zip(("64 to 126", "1 to 63"), look["folds"], strict=True)
    ]
    table(rows, ["", "", ".2f", ".2f"], ["held out", "next", "error", "at rest"])
    print("\nits four hands: tokens to a full turn")
    for fold in look["folds"]:
        print("  ".join(f"{turn:.1f}" for turn in fold["turn"]))


# --- Pictures

COLUMNS = [46, 123, 200, 277, 354]
RADIUS = 24
HEIGHTS = [118, 200, 302, 136, 252]


def clock(
    axes: Axes, x: float, y: float, hand: list[float], colour: str, line: str = "-"
) -> None:
    """A hand on its face, as long as the vector; none if that is zero."""
    axes.add_patch(Circle((x, y), RADIUS, fill=False, edgecolor=plots.MUTED, lw=0.6))
    long = RADIUS / max(1.0, math.hypot(*hand))
    tip = (x + long * hand[0], y - long * hand[1])
    if any(hand):
        axes.plot([x, tip[0]], [y, tip[1]], line, color=colour, lw=1.8)
        axes.plot(*tip, "o", color=colour, markersize=5)


def number(x: float) -> str:
    """In few letters: 1, or 0.87."""
    return (f"{x:.0f}" if x == round(x) else f"{x:.2f}").replace("-", "−")


def vector(x: list[float]) -> str:
    """As the text writes it, without the brackets."""
    return ", ".join(map(number, x))


def heading(axes: Axes) -> None:
    for i, x in enumerate(COLUMNS):
        diagrams.words(axes, x, 12, SENTENCE[i], bold=True)
        diagrams.words(axes, x, 28, str(i), plots.MUTED)


def places(hand: dict[str, Any], step: int) -> Figure:
    """The position of each word on one clock or two, then added to the word."""
    figure, axes = diagrams.board(HEIGHTS[step])
    heading(axes)
    for i, x in enumerate(COLUMNS):
        for row in range(min(step + 1, 2)):
            pair = hand["places"][i][2 * row : 2 * row + 2]
            y, colour = 66 + 84 * row, (plots.LINK, plots.VALUE)[row]
            clock(axes, x, y, pair, colour)
            diagrams.words(axes, x, y + 36, vector(pair), colour)
        if step < 2:
            continue
        sums = zip(hand["words"][i], hand["inputs"][i], strict=True)
        diagrams.words(axes, x - 21, 216, "word", plots.MUTED)
        diagrams.words(axes, x + 17, 216, "sum", plots.MUTED)
        for row, (word, total) in enumerate(sums):
            y, colour = 236 + 17 * row, (plots.LINK, plots.VALUE)[row // 2]
            diagrams.words(axes, x - 21, y, number(word))
            diagrams.words(axes, x + 17, y, number(total), colour)
    return figure


def turned(who: dict[str, Any], step: int) -> Figure:
    """Keys of the nouns and the query of "bit", as they are and turned."""
    figure, axes = diagrams.board(HEIGHTS[step])
    heading(axes)
    for row, kind in enumerate(("", "turned_")[: step - 2]):
        y = 66 + 116 * row
        for i, x in enumerate(COLUMNS):
            key, asks = who[f"{kind}keys"][i], SENTENCE[i] == "bit"
            hand = who[f"{kind}query"] if asks else key
            colour, line = (plots.QUERY, "-") if asks else (plots.KEY, "--")
            clock(axes, x, y, hand, colour, line)
            if not any(hand):
                continue
            diagrams.words(axes, x, y + 36, vector(hand), colour)
            score = f"score {number(who[f'{kind}scores'][i])}"
            below = "query" if asks else score
            diagrams.words(axes, x, y + 53, below, bold=not asks and row == step - 3)
            if row:
                diagrams.words(axes, x, y - 36, f"{i} × 90°", plots.MUTED)
    return figure


def frames(data: dict[str, Any]) -> list[Figure]:
    """A hand for each position, a second, the sum; then the words' own hands turn."""
    hand = data["by_hand"]
    return [
        *(places(hand, step) for step in range(3)),
        *(turned(hand["who"][0], step) for step in (3, 4)),
    ]


def draw(data: dict[str, Any]) -> Figure:
    """The stripes of the sinusoids, and how alike two positions are by distance."""
    found = data["sinusoids"]
    figure, (stripes, line) = plots.canvas(420, rows=2)
    stripes.imshow(
        found["stripes"], cmap=plots.HEAT, vmin=-1, vmax=1, interpolation="none",
        aspect="auto",
    )  # fmt: skip
    stripes.set_title("a row for each position, 64 numbers")
    stripes.set_ylabel("position")
    line.plot(found["by_distance"], color=plots.LINK)
    line.set(ylim=(0, 1.05), yticks=[0, 0.5, 1])
    line.set_title("likeness of two positions")
    line.set_xlabel("how many tokens apart")
    return figure


def look(data: dict[str, Any]) -> Figure:
    """Where two learned hands point, at positions that nothing was fitted on."""
    turn_of = data["look"]["folds"][0]["turn"]
    figure, panels = plots.canvas(230, columns=2)
    shown = zip(panels, turn_of[:2], data["look"]["hands"], (1, 3), strict=True)
    for axes, turn, points, step in shown:
        x, y = zip(*points, strict=True)
        once = math.ceil(turn)
        axes.plot(x, y, "o", color=plots.MUTED, markersize=2)
        axes.plot(x[:once], y[:once], "o-", color=plots.LINK, lw=0.8, markersize=3)
        for i in range(0, once, step):
            axes.annotate(
                f"{HELD_OUT[0] + i}", (0.78 * x[i], 0.78 * y[i]), color=plots.LINK,
                ha="center", va="center",
            )  # fmt: skip
        axes.set_title(f"a turn in {turn:.1f} tokens")
        axes.set_aspect("equal", adjustable="datalim")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "    pairs = torch.stack([angle.sin(), angle.cos()], -1)",
        "    pairs = torch.stack([angle.sin(), angle.sin()], -1)",
    ),
    ("    query = rotary(queries, position, QUARTER)", "    query = queries"),
    ("BASE = 10_000.0", "BASE = 500_000.0"),
]
