"""Train on our stories, cut our sentence, and count what a merge buys.

Beside it, the same words as BERT cuts them, by the vocabulary of all-MiniLM-L6-v2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from snippets.corpora.robot import SENTENCE, robot
from snippets.lab import plots, weights
from snippets.lab.tables import table
from snippets.text.tokenization import (
    Tokenizer,
    count,
    distinct,
    merge,
    split,
    train,
)
from snippets.text.wordpiece import WordPiece

HAND = "a hat that sat"
WORDS = ["glass", " glass", "Glass", " glasses", " that", "slippery"]
WORDS += ["café", "скользкий", "<|endoftext|>"]
COMPARED = [" slipperier", "Glass", "CAFÉ", "скользкий", "滑る", "robot🤖"]

Token = dict[str, Any]  # its text and its id


def shown(token: bytes) -> str:
    r"""A token for people: a dot for a space, \x for part of a character."""
    text = token.decode("utf-8", "backslashreplace")
    return text.replace(" ", "·")


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


def by_hand() -> dict[str, Any]:
    """A text of four words, from bytes to the last pair that comes twice."""
    tokenizer = train(HAND, 300)
    stages = [Tokenizer(tokenizer.merges[:n]) for n in range(len(tokenizer.merges) + 1)]
    return {
        "rounds": replay(HAND, tokenizer)["merges"],
        "stages": [
            {"merges": n, "words": [pieces(stage, word) for word in split(HAND)]}
            for n, stage in enumerate(stages)
        ],
        "bat": pieces(tokenizer, " bat"),
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """Train on our stories, cut our sentence; nothing here is random."""
    text = robot()
    most = train(text, 1024)
    # A smaller vocabulary is what the same training had learned by then.
    sizes = {size: Tokenizer(most.merges[: size - 256]) for size in (256, 320, 512)}
    tokenizer = sizes[512]
    sizes[1024] = most
    training = replay(text, tokenizer)
    bert = WordPiece(weights.vocabulary())

    def three_ways(text: str) -> dict[str, Any]:
        return {
            "text": shown(text.encode()),
            "bytes": len(text.encode()),
            "bpe": pieces(tokenizer, text),
            "wordpiece": bert.tokenize(text),
        }

    return {
        "by_hand": by_hand(),
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
        "three_ways": {
            "vocab_size": len(bert.tokens),
            "robot": three_ways(SENTENCE),
            "words": [three_ways(word) for word in COMPARED],
        },
        "dropped": {
            "merged": pieces(tokenizer, " dropped"),
            "longest": longest_first(tokenizer, " dropped"),
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
    }


def show(data: dict[str, Any]) -> None:
    """Print the cuts, the first merges, some words and what a size buys."""
    robot = data["robot"]
    print(f"{len(robot['bytes'])} bytes become")
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

    print("\nother words")
    rows = []
    for word in data["words"]:
        cut = " ".join(word["tokens"])
        if len(cut) > 28:
            cut = f"{len(word['tokens'])} single bytes"
        rows.append((word["text"], cut))
    table(rows, ["", ""])

    print("\nthe same by BERT's WordPiece")
    words = data["three_ways"]["words"]
    table([(word["text"], " ".join(word["wordpiece"])) for word in words], ["", ""])

    print("\nwhat a larger vocabulary buys")
    header = ["size asked", "got", "tokens", "bytes a token"]
    size = data["text"]["bytes"]
    rows = [(*row.values(), size / row["tokens"]) for row in data["sizes"]]
    table(rows, ["", "", "", ".2f"], header)


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


def draw(data: dict[str, Any]) -> Figure:
    """The sentence as bytes, after 64 merges and after 256, its ids below."""
    limit, gap = (399 - PADDING) / LETTER, (PADDING + GAP) / LETTER
    bytes_, early, tokens = data["robot"].values()
    cuts = {
        f"{len(bytes_)} bytes": in_rows(bytes_, limit, gap),
        f"{len(early)} tokens after 64 merges": in_rows(early, limit, gap),
        f"{len(tokens)} tokens after 256 merges": in_rows(tokens, limit, gap),
    }
    height = sum(TITLE + ROW * len(rows) for rows in cuts.values())
    figure, axes = plots.canvas(height)
    axes.set(xlim=(0, 400), ylim=(height, 0))
    axes.set_axis_off()
    top = 0.0
    for title, rows in cuts.items():
        axes.text(0, top + 18, title, weight="bold")
        top += TITLE
        for row in rows:
            x = 1.0
            for token in row:
                wide = LETTER * width(token) + PADDING
                box = Rectangle((x, top), wide, BOX, fill=False, edgecolor=plots.MUTED)
                box.set_linewidth(0.6)
                if token["id"] >= 256:  # it was merged
                    box.set(edgecolor=plots.LINK, linewidth=1.5)
                axes.add_patch(box)
                middle = x + wide / 2
                text, number = token["text"], token["id"]
                axes.text(middle, top + 15, text, ha="center", fontsize=13)
                axes.text(middle, top + 34, number, ha="center", color=plots.MUTED)
                x += wide + GAP
            top += ROW
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    ("    words: list[str] = PATTERN.findall(text)", "    words = [text]"),
    (
        "            pair = min(known, key=self.rank.__getitem__)",
        "            pair = max(known, key=self.rank.__getitem__)",
    ),
    ("    text = robot()", "    text = robot().upper()"),
]
