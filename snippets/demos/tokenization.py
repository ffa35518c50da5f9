"""Train on our stories, cut our sentence, and count what a merge buys.

Beside it, the same words as BERT cuts them, by the vocabulary of all-MiniLM-L6-v2.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from unicodedata import east_asian_width

from matplotlib.figure import Figure

from snippets.corpora.robot import SENTENCE, robot
from snippets.lab import boxes, weights
from snippets.text.tokenization import Tokenizer, Words, split, train
from snippets.text.wordpiece import WordPiece


def shown(token: bytes) -> str:
    r"""A token for people: a dot for a space, \x for part of a character."""
    text = token.decode("utf-8", "backslashreplace")
    return text.replace(" ", "·")


def cut(tokenizer: Tokenizer, text: str) -> list[dict[str, Any]]:
    """The text's tokens, each with its id."""
    return [
        {"text": shown(tokenizer.tokens[token]), "id": token}
        for token in tokenizer.encode(text)
    ]


def longest_first(tokenizer: Tokenizer, word: str) -> list[str]:
    """Not BPE: from the left, always the longest token that fits."""
    data, pieces = word.encode(), []
    while data:
        fits = [t for t in tokenizer.tokens if data.startswith(t)]
        pieces.append(shown(max(fits, key=len)))
        data = data[len(max(fits, key=len)) :]
    return pieces


def replay(text: str, tokenizer: Tokenizer) -> dict[str, Any]:
    """The training once more: what each merge found, and what was left.

    `rivals` counts the other pairs that were as frequent, where the rule for
    ties decided; `tokens` is the length of the text when training was done.
    """
    words = Words(Counter(split(text)))
    rounds = []
    for n, pair in enumerate(tokenizer.merges):
        left, right = (shown(tokenizer.tokens[token]) for token in pair)
        times = words.counts[pair]
        rounds.append(
            {
                "left": left,
                "right": right,
                "id": 256 + n,
                "times": times,
                "rivals": list(words.counts.values()).count(times) - 1,
            }
        )
        words.merge(pair, 256 + n)
    tokens = sum(
        times * len(ids) for times, ids in zip(words.times, words.ids, strict=True)
    )
    return {"rounds": rounds, "tokens": tokens}


HAND = "a hat that sat"
WORDS = ["glass", " glass", "Glass", " glasses", " that", "slippery"]
WORDS += ["café", "скользкий", "<|endoftext|>"]
COMPARED = [" slipperier", "Glass", "CAFÉ", "скользкий", "滑る", "robot🤖"]


def by_hand() -> dict[str, Any]:
    """A text of four words, from bytes to the last pair that comes twice."""
    tokenizer = train(HAND, 300)
    stages = [Tokenizer(tokenizer.merges[:n]) for n in range(len(tokenizer.merges) + 1)]
    return {
        "text": HAND,
        "rounds": replay(HAND, tokenizer)["rounds"],
        "stages": [
            [[token["text"] for token in cut(stage, word)] for word in split(HAND)]
            for stage in stages
        ],
        "bat": [token["text"] for token in cut(tokenizer, " bat")],
    }


def three_ways(tokenizer: Tokenizer) -> dict[str, Any]:
    """Our sentence, then some hard words, by bytes, by BPE and by WordPiece."""
    bert = WordPiece(weights.vocabulary())

    def ways(text: str) -> dict[str, Any]:
        return {
            "text": shown(text.encode()),
            "bytes": len(text.encode()),
            "bpe": [token["text"] for token in cut(tokenizer, text)],
            "wordpiece": bert.cut(text),
            "back": bert.decode(bert.encode(text)),
        }

    return {
        "vocab_size": len(bert.tokens),
        "robot": ways(SENTENCE),
        "words": [ways(word) for word in COMPARED],
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """Train on our stories, cut our sentence; nothing here is random."""
    text = robot()
    tokenizer = train(text, 512)
    training = replay(text, tokenizer)
    early = Tokenizer(tokenizer.merges[:64])
    sizes = {size: train(text, size) for size in (256, 320, 512, 1024)}
    return {
        "by_hand": by_hand(),
        "text": {
            "bytes": len(text.encode()),
            "words": len(split(text)),
            "distinct": len(set(split(text))),
            "ties": sum(r["rivals"] > 0 for r in training["rounds"]),
        },
        "merges": training["rounds"][:8],
        "robot": {
            "text": SENTENCE,
            "bytes": cut(Tokenizer([]), SENTENCE),
            "early": cut(early, SENTENCE),
            "tokens": cut(tokenizer, SENTENCE),
        },
        "words": [
            {"text": shown(word.encode()), "tokens": cut(tokenizer, word)}
            for word in WORDS
        ],
        "three_ways": three_ways(tokenizer),
        "dropped": {
            "merged": [t["text"] for t in cut(tokenizer, " dropped")],
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
    for line in boxes.lines(robot["tokens"], 40):
        print(line)

    dropped = data["dropped"]
    print("\none word, two ways to cut it")
    print(f"merge by merge  {' '.join(dropped['merged'])}")
    print(f"longest first   {' '.join(dropped['longest'])}")

    print("\nthe text in tokens")
    print(f"when training ended {data['agreement']['trained']:6}")
    print(f"encoded afterwards  {data['agreement']['encoded']:6}")

    print("\nthe first merges")
    print("left  right    id  times")
    for merged in data["merges"]:
        print(
            f"{merged['left']:5} {merged['right']:5}{merged['id']:6}{merged['times']:7}"
        )

    print("\nother words")
    for word in data["words"]:
        pieces = " ".join(token["text"] for token in word["tokens"])
        if len(pieces) > 28:
            pieces = f"{len(word['tokens'])} single bytes"
        print(f"{word['text']:14}{pieces}")

    print("\nthe same by BERT's WordPiece")
    for word in data["three_ways"]["words"]:
        wide = sum(east_asian_width(sign) == "W" for sign in word["text"])
        gap = " " * (14 - len(word["text"]) - wide)
        print(word["text"] + gap + " ".join(word["wordpiece"]))

    print("\nwhat a larger vocabulary buys")
    print("size asked   got  tokens  bytes a token")
    for size in data["sizes"]:
        each = data["text"]["bytes"] / size["tokens"]
        print(f"{size['asked']:10}{size['got']:6}{size['tokens']:8}{each:15.2f}")


def draw(data: dict[str, Any]) -> Figure:
    """The sentence as bytes, after 64 merges and after 256, its ids below."""
    names = {"bytes": "{} bytes", "early": "{} tokens after 64 merges"}
    names["tokens"] = "{} tokens after 256 merges"
    return boxes.draw(
        {
            title.format(len(data["robot"][name])): data["robot"][name]
            for name, title in names.items()
        },
        thick=lambda token: token["id"] >= 256,
    )


# What the page proposes to change, and what then stands there.
EDITS = [
    ("    words: list[str] = PATTERN.findall(text)", "    words = [text]"),
    (
        "            pair = min(known, key=self.rank.__getitem__)",
        "            pair = max(known, key=self.rank.__getitem__)",
    ),
    ("    text = robot()", "    text = robot().upper()"),
]
