"""Byte-level BPE: text becomes ids by merging the most frequent pair, again and again.

Papers: sennrich-2015-bpe (algorithm 1), radford-2019-gpt2 (section 2.2: bytes, and no
merge across kinds of character). The pattern and the order of the bytes are those of
openai-gpt2-repo, which stores bytes as printable characters; ours stay bytes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise

import regex

Pair = tuple[int, int]

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
    """Cut into words that no token may cross; nothing is lost."""
    words: list[str] = PATTERN.findall(text)
    return words


def to_ids(word: str) -> list[int]:
    """One id a byte; even a lone surrogate passes, as three."""
    data = word.encode("utf-8", "surrogatepass")
    return list(data.translate(TO_ID))


# --8<-- [start:merge]
def count(
    words: Iterable[tuple[list[int], int]],
) -> Counter[Pair]:
    """How often each pair stands in words that come so many times."""
    counts: Counter[Pair] = Counter()
    for ids, times in words:
        for pair in pairwise(ids):
            counts[pair] += times
    return counts


def merge(ids: list[int], pair: Pair, new: int) -> list[int]:
    """`new` in place of each pair: (1, 1) in 1 1 1 leaves new 1."""
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
    """Ids 0 to 255 are bytes, then one a merge; none is special."""

    merges: list[Pair]

    def __post_init__(self) -> None:
        self.rank = {pair: n for n, pair in enumerate(self.merges)}
        self.tokens = [bytes([byte]) for byte in BYTES]
        for left, right in self.merges:
            self.tokens.append(self.tokens[left] + self.tokens[right])

    def encode_word(self, word: str) -> list[int]:
        """The merge learned first comes first, as in training."""
        ids = to_ids(word)
        while known := [p for p in pairwise(ids) if p in self.rank]:
            pair = min(known, key=self.rank.__getitem__)
            ids = merge(ids, pair, 256 + self.rank[pair])
        return ids

    def encode(self, text: str) -> list[int]:
        words = split(text)
        ids = {word: self.encode_word(word) for word in set(words)}
        return [token for word in words for token in ids[word]]

    # --8<-- [end:tokenizer]

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
    if vocab_size < 256 or min_frequency < 1:
        raise ValueError("at least 256 tokens and a frequency of 1")
    words = Words(Counter(split(text)))
    merges: list[Pair] = []
    while 256 + len(merges) < vocab_size:
        pair, times = words.most_frequent()
        if times < min_frequency:
            break
        words.merge(pair, 256 + len(merges))
        merges.append(pair)
    return Tokenizer(merges)


# --8<-- [end:train]


class Words:
    """The distinct words, and how often each pair stands in them.

    A merge visits only the words that hold the pair: the rest of the text is
    never read again.
    """

    def __init__(self, times: Counter[str]) -> None:
        self.times = list(times.values())
        self.ids = [to_ids(word) for word in times]
        self.counts = count(zip(self.ids, self.times, strict=True))
        self.where: dict[Pair, set[int]] = defaultdict(set)
        for n, ids in enumerate(self.ids):
            for pair in pairwise(ids):
                self.where[pair].add(n)
        # The most frequent first, of equals the smallest ids.
        self.queue = [(-times, p) for p, times in self.counts.items()]
        heapify(self.queue)

    def most_frequent(self) -> tuple[Pair, int]:
        """The next pair to merge and its count, 0 where no pair is left."""
        while self.queue:
            times, pair = heappop(self.queue)
            if -times == self.counts[pair]:
                return pair, -times
            # Counts only fall: an old one goes back to where it belongs now.
            heappush(self.queue, (-self.counts[pair], pair))
        return (0, 0), 0

    def merge(self, pair: Pair, new: int) -> None:
        """Merge the pair in every word that holds it, and count again there."""
        fresh = set()
        for n in self.where.pop(pair):
            for old in pairwise(self.ids[n]):
                self.counts[old] -= self.times[n]
            self.ids[n] = merge(self.ids[n], pair, new)
            for now in pairwise(self.ids[n]):
                self.counts[now] += self.times[n]
                if new in now:
                    self.where[now].add(n)
                    fresh.add(now)
        for now in fresh:
            heappush(self.queue, (-self.counts[now], now))
