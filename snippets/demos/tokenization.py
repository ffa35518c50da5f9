"""Train by hand and on our stories, cut our sentence, and ask a real vocabulary.

The real one is BERT's WordPiece, as all-MiniLM-L6-v2 carries it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from statistics import mean
from typing import Any

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch.nn import functional as F

from snippets.corpora.portuguese.words import lexicon
from snippets.corpora.robot import SENTENCE, robot
from snippets.lab import diagrams, plots, weights
from snippets.lab.tables import table
from snippets.text.tokenization import Tokenizer, count, distinct, merge, split, train
from snippets.text.wordpiece import WordPiece

# A corpus that a pencil can follow: five words, and how often each comes.
HAND = {"slip": 6, "slippery": 3, "lip": 2, "drip": 3, "drop": 5}
UNSEEN = ["flipper", "slipped", "dripping"]
SPLIT = ["it's 7.30,  isn't it?", "IT'S"]
WORDS = ["glass", " glass", "Glass", " glasses", " that", "slippery"]
WORDS += ["café", "скользкий", "<|endoftext|>"]
COMPARED = [" slipperier", "unhappiness", "CAFÉ", "скользкий", "滑る", "robot🤖"]
NUMBERS = ["1999", "2031", "1234", "5678"]
# In Russian, the first nouns of our Portuguese lexicon: people and animals.
RUSSIAN = """
мальчик девочка мужчина женщина король королева учитель врач сосед соседка друг
подруга брат сестра дядя кузен дедушка бабушка сын дочь повар рыбак садовник актёр
актриса певица художница студент робот кот собака лошадь птица корова курица мышь
кролик черепаха лиса волк
"""
# Each of them before or behind each noun of the lexicon: most were never written.
BEFORE = ["un", "re", "mis", "non", "anti", "super"]
AFTER = ["less", "like", "ness", "hood"]

Token = dict[str, Any]  # its text and its id


def shown(token: bytes) -> str:
    r"""A token for people: · for a space, ↵ for a line's end, \x for half a sign."""
    text = token.decode("utf-8", "backslashreplace")
    return text.replace(" ", "·").replace("\n", "↵")


def pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    """The text's tokens, for people."""
    return [shown(tokenizer.tokens[token]) for token in tokenizer.encode(text)]


def with_ids(tokenizer: Tokenizer, text: str) -> list[Token]:
    """The text's tokens, each with its id."""
    cut = zip(pieces(tokenizer, text), tokenizer.encode(text), strict=True)
    return [{"text": text, "id": token} for text, token in cut]


def longest_first(tokenizer: Tokenizer, word: str) -> list[str]:
    """Not BPE: from the left, always the longest token that fits."""
    data, found = word.encode(), []
    while data:
        longest = max(filter(data.startswith, tokenizer.tokens), key=len)
        found.append(shown(longest))
        data = data[len(longest) :]
    return found


def replay(text: str, tokenizer: Tokenizer) -> dict[str, Any]:
    """The training once more: the merges, how many were ties, the tokens at the end."""
    words, merges, ties = distinct(text), [], 0
    for new, pair in enumerate(tokenizer.merges, 256):
        left, right = (shown(tokenizer.tokens[token]) for token in pair)
        counts = count(words)
        times = counts[pair]
        merges.append({"left": left, "right": right, "id": new, "times": times})
        ties += list(counts.values()).count(times) > 1
        words = [(merge(ids, pair, new), n) for ids, n in words]
    tokens = sum(n * len(ids) for ids, n in words)
    return {"merges": merges, "ties": ties, "tokens": tokens}


def tree(word: str, tokenizer: Tokenizer) -> list[dict[str, Any]]:
    """The merges that build a word, in order: each part, from where to where.

    `round` counts the merges of the training, from 1.
    """
    [(ids, _)] = distinct(word)
    spans = [(at, at + 1) for at in range(len(ids))]
    grown = []
    for new, pair in enumerate(tokenizer.merges, 256):
        while pair in (there := list(pairwise(ids))):
            at = there.index(pair)
            start, end = spans[at][0], spans[at + 1][1]
            ids[at : at + 2], spans[at : at + 2] = [new], [(start, end)]
            text = shown(tokenizer.tokens[new])
            grown.append({"text": text, "start": start, "end": end, "round": new - 255})
    return grown


def word_piece_scores(words: dict[str, int]) -> list[dict[str, Any]]:
    """How the published rule rates each pair of neighbours, the best first.

    A letter that does not begin its word carries ##, and counts as another letter.
    """
    letters: Counter[str] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    for word, times in words.items():
        marked = [word[0], *(f"##{letter}" for letter in word[1:])]
        for letter in marked:
            letters[letter] += times
        for pair in pairwise(marked):
            found[pair] += times
    scores = [
        {
            "pair": f"{left} {right}",
            "times": times,
            "left": letters[left],
            "right": letters[right],
            "score": times / (letters[left] * letters[right]),
        }
        for (left, right), times in found.items()
    ]
    return sorted(scores, key=lambda row: -row["score"])


def by_hand() -> dict[str, Any]:
    """Five words, from letters to the last pair that comes twice."""
    # One a line, so that no word has a space in front.
    text = "".join(f"{word}\n" * times for word, times in HAND.items())
    tokenizer = train(text, 300)
    rounds = replay(text, tokenizer)["merges"]
    for n, row in enumerate(rounds, 1):
        stage = Tokenizer(tokenizer.merges[:n])
        row["words"] = [" ".join(pieces(stage, word)) for word in HAND]
    counts = count(distinct(text))
    [(letters, _)] = distinct("slippery")
    return {
        "corpus": HAND,
        "neighbours": [counts[pair] for pair in pairwise(letters)],
        "rounds": rounds,
        "trees": {w: tree(w, tokenizer) for w in ("slippery", "flipper")},
        "unseen": [{"word": w, "tokens": pieces(tokenizer, w)} for w in UNSEEN],
        "word_piece": word_piece_scores(HAND),
    }


# --- What a real vocabulary does


def boundaries(tokens: list[str]) -> list[int]:
    """After how many letters a word was cut."""
    ends, end = [], 0
    for token in tokens[:-1]:
        end += len(token.removeprefix("##"))
        ends.append(end)
    return ends


def coined(bert: WordPiece, words: list[tuple[str, str]]) -> dict[str, float]:
    """How often a coined word is cut where its two parts meet, and how often by chance.

    By chance the same number of cuts falls anywhere between two letters.
    """
    cut, by_chance, two = 0, 0.0, 0
    for left, right in words:
        ends = boundaries(bert.tokenize(left + right))
        cut += len(left) in ends
        two += ends == [len(left)]
        by_chance += len(ends) / (len(left + right) - 1)
    return {"words": len(words), "cut": cut, "by_chance": by_chance, "two": two}


def letters_in_rows(bert: WordPiece, seed: int) -> list[dict[str, Any]]:
    """How well a linear layer reads a letter off the row of a token's id.

    Least squares with a small penalty, from the row to one number a letter, over the
    tokens that are words of four English letters or more: fitted on three of four,
    asked about the fourth. `most` is what always naming the commonest letter gives.
    """
    words = [token for token in bert.tokens if token.isascii() and token.isalpha()]
    words = [word for word in words if len(word) >= 4]
    random.Random(seed).shuffle(words)
    [table] = weights.tensors("embeddings.word_embeddings.weight")
    rows = table[[bert.ids[word] for word in words]].double()
    rows = (rows - rows.mean(0)) / rows.std(0)
    known = len(rows) * 3 // 4
    fitted, asked = rows[:known], rows[known:]
    gram = fitted.T @ fitted + 100 * torch.eye(rows.shape[1], dtype=rows.dtype)
    found = []
    for name, at in (("first", 0), ("second", 1), ("third", 2), ("last", -1)):
        letter = torch.tensor([ord(word[at]) - ord("a") for word in words])
        one_hot = F.one_hot(letter[:known], 26).to(rows)
        shares = one_hot.mean(0)
        layer = torch.linalg.solve(gram, fitted.T @ (one_hot - shares))
        said = (asked @ layer + shares).argmax(-1)
        right = (said == letter[known:]).double().mean()
        most = (letter[known:] == shares.argmax()).double().mean()
        found.append({"letter": name, "right": right, "most": most})
    return [*found, {"letter": "n", "fitted": known, "asked": len(words) - known}]


def real(seed: int) -> dict[str, Any]:
    """What BERT's vocabulary makes of nouns, numbers, slips and coined words."""
    bert = WordPiece(weights.vocabulary())
    kinds = lexicon()["nouns"].values()
    nouns = {noun: entry[1] for kind in kinds for noun, entry in kind.items()}
    english = list(dict.fromkeys(nouns.values()))
    ours = dict(list(nouns.items())[: len(RUSSIAN.split())])

    def a_word(words: Iterable[str]) -> float:
        return mean(len(bert.tokenize(word)) for word in words)

    draw = random.Random(seed)
    long = [t for t in bert.tokens if t.isascii() and t.isalpha() and len(t) >= 6]
    slips = []
    for word in draw.sample(long, 1000):
        at = draw.randrange(1, len(word) - 2)
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        if swapped != word:
            slips.append((word, bert.tokenize(swapped)))
    four = Counter(
        "+".join(str(len(token.removeprefix("##"))) for token in bert.tokenize(str(n)))
        for n in range(1000, 10000)
    )
    return {
        "vocab_size": len(bert.tokens),
        "sentence": bert.tokenize(SENTENCE),
        "nouns": {
            "n": len(ours),
            "English": a_word(ours.values()),
            "Portuguese": a_word(ours),
            "Russian": a_word(RUSSIAN.split()),
        },
        "slips": {
            "n": len(slips),
            "tokens": mean(len(tokens) for _, tokens in slips),
            "shared": sum(word in tokens for word, tokens in slips),
            "examples": [
                bert.tokenize(word) for word in ("slippery", "slipprey", "strawberry")
            ],
        },
        "numbers": [{"text": n, "tokens": bert.tokenize(n)} for n in NUMBERS],
        "four_digits": dict(four.most_common()),
        "years": sum(str(year) in bert.ids for year in range(1500, 2026)),
        "stems": len(english),
        "inside": sum(f"##{word}" in bert.ids for word in english),
        "coined": {
            "noun + ending": coined(
                bert, [(w, ending) for w in english for ending in AFTER]
            ),
            "prefix + noun": coined(
                bert, [(prefix, w) for w in english for prefix in BEFORE]
            ),
        },
        "examples": [
            bert.tokenize(word)
            for word in ("robotless", "unrobot", "unglass", "regirl", "antiqueen")
        ],
        "letters": letters_in_rows(bert, seed),
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """Train, cut our sentence, and look at a real vocabulary."""
    text = robot()
    most = train(text, 1024)
    # A smaller vocabulary is what the same training had learned by then.
    sizes = {size: Tokenizer(most.merges[: size - 256]) for size in (256, 320, 512)}
    tokenizer = sizes[512]
    sizes[1024] = most
    training = replay(text, tokenizer)
    learned = {token: new for new, token in enumerate(tokenizer.tokens)}
    bert = WordPiece(weights.vocabulary())
    return {
        "by_hand": by_hand(),
        "split": [[shown(word.encode()) for word in split(text)] for text in SPLIT],
        "text": {
            "bytes": len(text.encode()),
            "words": len(split(text)),
            "distinct": len(set(split(text))),
            "ties": training["ties"],
        },
        "merges": training["merges"][:8],
        "robot": {
            "bytes": with_ids(sizes[256], SENTENCE),
            "early": with_ids(sizes[320], SENTENCE),
            "tokens": with_ids(tokenizer, SENTENCE),
        },
        "words": [
            {"text": shown(word.encode()), "tokens": pieces(tokenizer, word)}
            for word in WORDS
        ],
        "word_piece": [
            {"text": shown(word.encode()), "tokens": bert.tokenize(word)}
            for word in COMPARED
        ],
        "dropped": {
            "merged": pieces(tokenizer, " dropped"),
            "longest": longest_first(tokenizer, " dropped"),
            # The smaller id was learned first.
            "ids": {"pp": learned.get(b"pp"), "drop": learned.get(b" drop")},
        },
        "sizes": [
            {
                "asked": asked,
                "got": len(trained.tokens),
                "tokens": len(trained.encode(text)),
            }
            for asked, trained in sizes.items()
        ],
        "agreement": {
            "trained": training["tokens"],
            "encoded": len(tokenizer.encode(text)),
        },
        "real": real(seed),
    }


def show(data: dict[str, Any]) -> None:
    """Print the merges, the cuts, and what a real vocabulary does."""
    hand = data["by_hand"]
    print("five words, merge by merge")
    header = ["", "left", "right", "times"]
    rounds = [(row["id"] - 255, *list(row.values())[:2], row["times"])
              for row in hand["rounds"]]  # fmt: skip
    table(rounds, [""] * 4, header)
    for word in hand["unseen"]:
        print(f"{word['word']}: {' '.join(word['tokens'])}")

    robot = data["robot"]
    print(f"\n{len(robot['bytes'])} bytes become")
    print(f"{len(robot['tokens'])} tokens after 256 merges")
    for row in in_rows(robot["tokens"], 40, gap=1):
        for key in ("text", "id"):
            print(" ".join(str(t[key]).ljust(width(t)) for t in row).rstrip())

    dropped = data["dropped"]
    print("\none word, two ways to cut it")
    print(f"merge by merge  {' '.join(dropped['merged'])}")
    print(f"longest first   {' '.join(dropped['longest'])}")

    print("\nthe text in tokens")
    print(f"when training ended {data['agreement']['trained']:6}")
    print(f"encoded afterwards  {data['agreement']['encoded']:6}")

    print("\nthe first merges")
    header = ["left", "right", "id", "times"]
    table([merge.values() for merge in data["merges"]], [""] * 4, header)

    print("\nthe pattern's words")
    for words in data["split"]:
        print("|".join(words))

    print("\nother words")
    rows = []
    for word in data["words"]:
        cut = " ".join(word["tokens"])
        if len(cut) > 28:
            cut = f"{len(word['tokens'])} single bytes"
        rows.append((word["text"], cut))
    table(rows, ["", ""])

    print("\nwhat a larger vocabulary buys")
    header = ["size asked", "got", "tokens", "bytes a token"]
    size = data["text"]["bytes"]
    rows = [(*row.values(), size / row["tokens"]) for row in data["sizes"]]
    table(rows, ["", "", "", ".2f"], header)


# --- A word that is built merge by merge


def grow(
    letters: str,
    nodes: list[dict[str, Any]],
    times: list[int],
    labels: list[str],
    note: str,
    corpus: list[str] | None = None,
) -> Figure:
    """A word's letters, the parts that merges made of them, and the cut that is left.

    Args:
        times: how often each two neighbours come; empty where that was told before.
        labels: of each merge of the training.
        corpus: every word as it is cut by then, to stand below the tree.
    """
    step = 400 / 8.6
    x = [step * (at + 0.8) for at in range(len(letters))]
    top = 46.0 if times else 22.0
    there = {(at, at + 1): (x[at], top, 0) for at in range(len(letters))}
    arrows = []
    for node in nodes:
        start, end = node["start"], node["end"]
        inner = [s for s in there if start <= s[0] and s[1] <= end]
        parts = [s for s in inner if not any(_within(s, other) for other in inner)]
        depth = 1 + max(there[part][2] for part in parts)
        to = (sum(there[part][0] for part in parts) / 2, top + 39.0 * depth, depth)
        arrows += [(there[part], to) for part in parts]
        there[start, end] = to
    low = max(down for _, down, _ in there.values()) + 40
    rows = (len(corpus) + 1) // 2 if corpus else 0
    figure, axes = diagrams.board(low + 14 + (40 + 19 * rows if rows else 0))
    for at, number in enumerate(times):
        most = number == max(times)
        colour = plots.QUERY if most else plots.MUTED
        middle = (x[at] + x[at + 1]) / 2
        diagrams.words(axes, middle, 14, str(number), colour, bold=most)
        diagrams.words(axes, middle, top, "+", colour)
    for part, to in arrows:
        diagrams.arrow(axes, (part[0], part[1] + 12), (to[0], to[1] - 12))
    left = [s for s in there if not any(_within(s, other) for other in there)]
    made = {(node["start"], node["end"]): node for node in nodes}
    for span, (across, down, _) in there.items():
        whole = span in made and span in left  # no merge took it further
        colour = plots.LINK if span in made else plots.INK
        diagrams.box(axes, across, down, letters[slice(*span)], colour, fill=whole)
        if span in made:
            right = across + 6.7 * (span[1] - span[0]) / 2 + 12
            label = labels[made[span]["round"] - 1]
            diagrams.words(axes, right, down, label, plots.MUTED, ha="left")
    cut = " | ".join(letters[slice(*span)] for span in sorted(left))
    diagrams.words(axes, 8, low, f"{note}  {cut}", ha="left", bold=True)
    if corpus:
        axes.plot([8, 392], [low + 18] * 2, color=plots.MUTED, linewidth=0.8)
        diagrams.words(axes, 8, low + 36, "the corpus by then:", plots.MUTED, ha="left")
    for n, word in enumerate(corpus or []):
        column, row = divmod(n, rows)
        down = low + 55 + 19 * row
        diagrams.words(axes, 8 + 210 * column, down, word, ha="left")
    return figure


def _within(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return span != other and other[0] <= span[0] and span[1] <= other[1]


def frames(data: dict[str, Any]) -> list[Figure]:
    """The letters of "slippery", joined merge by merge; then a word never seen."""
    hand = data["by_hand"]
    known, new = hand["trees"]["slippery"], hand["trees"]["flipper"]
    times = [f"{row['times']}×" for row in hand["rounds"]]
    ordinals = {1: "1st", 2: "2nd", 3: "3rd"}
    merges = [ordinals.get(n, f"{n}th") for n, _ in enumerate(times, 1)]
    now = [" ".join(word) for word in hand["corpus"]]
    stages = [now, *(row["words"] for row in hand["rounds"])]
    lines = [
        [f"{n}× {word}" for n, word in zip(hand["corpus"].values(), stage, strict=True)]
        for stage in stages
    ]  # fmt: skip
    counted = hand["neighbours"]
    drawn = [grow("slippery", [], counted, times, "now:", lines[0])]
    for n in (1, 3):
        drawn.append(grow("slippery", known[:n], [], times, "now:", lines[n]))
    drawn.append(grow("slippery", known, [], merges, "at the end:"))
    return [*drawn, grow("flipper", new, [], merges, "never seen:")]


# --- Tokens in boxes, their ids below


def width(token: Token) -> int:
    """How many characters a box needs for the text and for the id."""
    return max(len(token["text"]), len(str(token["id"])))


def in_rows(tokens: Iterable[Token], limit: float, gap: float) -> list[list[Token]]:
    """The tokens in rows of at most `limit` characters, `gap` between two."""
    rows: list[list[Token]] = []
    left = -1.0
    for token in tokens:
        if width(token) > left:
            rows.append([])
            left = limit
        rows[-1].append(token)
        left -= width(token) + gap
    return rows


LETTER, PADDING, GAP = 7.9, 5, 2  # pixels, across
BOX, ROW, TITLE = 21, 47, 28  # pixels, down
BARE = 26  # a row without ids


def draw(data: dict[str, Any]) -> Figure:
    """The sentence as bytes, then after 64 merges and after 256, with the ids."""
    limit, gap = (399 - PADDING) / LETTER, (PADDING + GAP) / LETTER
    bytes_, early, tokens = data["robot"].values()
    bare = [{"text": token["text"], "id": ""} for token in bytes_]
    cuts = {
        f"{len(bytes_)} bytes": (in_rows(bare, limit, gap), BARE),
        f"{len(early)} tokens after 64 merges": (in_rows(early, limit, gap), ROW),
        f"{len(tokens)} tokens after 256 merges": (in_rows(tokens, limit, gap), ROW),
    }
    height = sum(TITLE + down * len(rows) for rows, down in cuts.values())
    figure, axes = plots.canvas(height)
    axes.set(xlim=(0, 400), ylim=(height, 0))
    axes.set_axis_off()
    top = 0.0
    for title, (rows, down) in cuts.items():
        axes.text(0, top + 18, title, weight="bold")
        top += TITLE
        for row in rows:
            x = 1.0
            for token in row:
                wide = LETTER * width(token) + PADDING
                box = Rectangle((x, top), wide, BOX, fill=False, edgecolor=plots.MUTED)
                box.set_linewidth(0.6)
                if down == ROW and token["id"] >= 256:  # it was merged
                    box.set(edgecolor=plots.LINK, linewidth=1.5)
                axes.add_patch(box)
                middle = x + wide / 2
                text, number = token["text"], token["id"]
                axes.text(middle, top + 15, text, ha="center", fontsize=13)
                if down == ROW:
                    axes.text(middle, top + 34, number, ha="center", color=plots.MUTED)
                x += wide + GAP
            top += down
    return figure


def look(data: dict[str, Any]) -> Figure:
    """How many tokens BERT's vocabulary needs for words it was not made for."""
    real = data["real"]
    figure, axes = plots.canvas(176)
    nouns, slips = real["nouns"], real["slips"]
    labels = ["English noun", "in Portuguese", "in Russian", "misspelled"]
    values = [nouns["English"], nouns["Portuguese"], nouns["Russian"], slips["tokens"]]
    plots.bars(axes, labels, values, "tokens for one word, on average", plots.LINK)
    return figure


# The key of what takes seconds, and the function that gives it.
TRAINS = "real"
# What the page proposes to change, and what then stands there.
EDITS = [
    ("    words: list[str] = PATTERN.findall(text)", "    words = [text]"),
    (
        "            pair = min(known, key=self.rank.__getitem__)",
        "            pair = max(known, key=self.rank.__getitem__)",
    ),
    ("    text = robot()", "    text = robot().upper()"),
]
