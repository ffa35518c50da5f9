"""Byte-level BPE: text becomes ids by merging the most frequent pair, again and again.

Papers: sennrich-2015-bpe (algorithm 1), radford-2019-gpt2 (section 2.2: bytes, and no
merge across kinds of character). The pattern and the order of the bytes are those of
openai-gpt2-repo, which stores bytes as printable characters; ours stay bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import regex

Pair = tuple[int, int]
Word = tuple[list[int], int]  # its ids, and how often it comes

# GPT-2's pattern: 's and the like, then letters, digits or signs,
# each with one space before it, then what is left of the spaces.
PATTERN = regex.compile(
    r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+"
    r"| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
)
# GPT-2's order of the bytes: those that print come first.
PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
BYTES = PRINTABLE + [b for b in range(256) if b not in PRINTABLE]
TO_ID = bytes(BYTES.index(byte) for byte in range(256))


def split(text: str) -> list[str]:
    """Cut into words that no token may cross; nothing is lost.

    >>> split("a hat  that")
    ['a', ' hat', ' ', ' that']
    """
    words: list[str] = PATTERN.findall(text)
    return words


def to_ids(word: str) -> list[int]:
    """One id a byte; even a lone surrogate passes, as three.

    >>> to_ids("hé")
    [71, 127, 102]
    """
    data = word.encode("utf-8", "surrogatepass")
    return list(data.translate(TO_ID))


def distinct(text: str) -> list[Word]:
    """Each distinct word of a text once.

    >>> distinct("a b b")
    [([64], 1), ([220, 65], 2)]
    """
    times = Counter(split(text))
    return [(to_ids(word), n) for word, n in times.items()]


def check_sizes(vocab_size: int, min_frequency: int) -> None:
    """Refuse what no training can give.

    Raises:
        ValueError: fewer tokens than bytes, or pairs that never come.
    """
    if vocab_size < 256 or min_frequency < 1:
        raise ValueError("at least 256 tokens and a frequency of 1")


# --8<-- [start:merge]
def count(words: Iterable[Word]) -> Counter[Pair]:
    """How often each pair of neighbours occurs in all words."""
    counts: Counter[Pair] = Counter()
    for ids, times in words:
        for pair in pairwise(ids):
            counts[pair] += times
    return counts


def merge(ids: list[int], pair: Pair, new: int) -> list[int]:
    """Put `new` wherever the pair occurs, from the left."""
    left, right = pair
    merged: list[int] = []
    for token in ids:
        if token == right and merged and merged[-1] == left:
            merged[-1] = new
        else:
            merged.append(token)
    return merged


# --8<-- [end:merge]


# --8<-- [start:tokenizer]
@dataclass
class Tokenizer:
    """Ids 0 to 255 are the bytes, as in BYTES; then the merges."""

    merges: list[Pair]

    def __post_init__(self) -> None:
        self.rank = {pair: n for n, pair in enumerate(self.merges)}
        self.tokens = [bytes([byte]) for byte in BYTES]
        for left, right in self.merges:
            self.tokens.append(self.tokens[left] + self.tokens[right])

    def encode_word(self, word: str) -> list[int]:
        """Replay the merges, in the order of their learning."""
        ids = to_ids(word)
        while known := [p for p in pairwise(ids) if p in self.rank]:
            pair = min(known, key=self.rank.__getitem__)
            ids = merge(ids, pair, 256 + self.rank[pair])
        return ids

    # --8<-- [end:tokenizer]

    def encode(self, text: str) -> list[int]:
        """The text's ids; a word that comes twice is encoded once."""
        words = split(text)
        ids = {word: self.encode_word(word) for word in set(words)}
        return [token for word in words for token in ids[word]]

    def decode(self, ids: list[int]) -> str:
        """The text; bytes that are no UTF-8 become U+FFFD.

        Raises:
            ValueError: an id is not in the vocabulary.
        """
        size = len(self.tokens)
        wrong = [token for token in ids if not 0 <= token < size]
        if wrong:
            raise ValueError(
                f"no token {wrong[0]}: ids go from 0 to {size - 1}"
            )
        data = b"".join(self.tokens[token] for token in ids)
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:  # half a character
            return data.decode("utf-8", "replace")


# --8<-- [start:train]
def train(
    text: str, vocab_size: int, min_frequency: int = 2
) -> Tokenizer:
    """Merge the most frequent pair until the vocabulary is full.

    Of equally frequent pairs the one with the smaller ids wins. The
    vocabulary stays smaller if no pair comes `min_frequency` times.
    """
    check_sizes(vocab_size, min_frequency)
    words = distinct(text)
    merges: list[Pair] = []
    while 256 + len(merges) < vocab_size:
        counts = count(words)
        if max(counts.values(), default=0) < min_frequency:
            break
        # The largest count; of equal counts the smallest ids.
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        new = 256 + len(merges)
        words = [(merge(ids, pair, new), n) for ids, n in words]
        merges.append(pair)
    return Tokenizer(merges)


# --8<-- [end:train]
