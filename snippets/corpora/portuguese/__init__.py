"""A corpus of our own: Portuguese sentences, their English, and which word is which.

A grammar of a few hundred words writes both languages at once, so the gold alignment
is known. What makes the pair interesting: the adjective follows its noun, articles and
adjectives agree in gender and number, prepositions melt into articles (`de` + `o` is
`do`), I and we are dropped, verbs are reflexive, English needs `do` to deny and to ask,
and relative clauses nest. Brazilian Portuguese, lower case, punctuation apart.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from snippets.corpora.portuguese.grammar import Writer
from snippets.corpora.portuguese.phrases import Phrase

Split = Literal["train", "valid", "test", "unseen"]
SHORTEST, LONGEST = 4, 40
# So many sentences in a row that are known or do not fit: there are no more.
MISSES = 100_000


@dataclass(frozen=True)
class Pair:
    """A sentence in both languages, and the gold alignment.

    Attributes:
        portuguese: the words of the source.
        english: the words of the target.
        alignment: pairs (place in portuguese, place in english), from 0. A word
            without a partner is in none. Empty where nobody knows.
    """

    portuguese: tuple[str, ...]
    english: tuple[str, ...]
    alignment: frozenset[tuple[int, int]] = frozenset()

    def __str__(self) -> str:
        """A line as `read_pairs` reads it."""
        return f"{' '.join(self.english)}\t{' '.join(self.portuguese)}"


class PairsError(ValueError):
    """A file of pairs cannot be read; the message is one line for the user."""


def pairs(
    split: Split, seed: int = 0, min_len: int = SHORTEST, max_len: int = LONGEST
) -> Iterator[Pair]:
    """Sentence pairs of min_len to max_len Portuguese words, none twice.

    Train, valid and test share no sentence. In `unseen` every sentence has a noun
    with an adjective that the other three never have it with. There are far more
    pairs than anybody needs, but of four words alone they come to an end.
    """
    if not SHORTEST <= min_len <= max_len <= LONGEST:
        raise ValueError(
            f"lengths from {min_len} to {max_len}: take them from {SHORTEST} to"
            f" {LONGEST}, the smaller one first"
        )
    writer = Writer(f"{split} {seed}", unseen=split == "unseen")
    # Deeper sentences are longer.
    least, most = max(0, min_len - 8) / 16, min(2.0, max_len / 15)
    seen: set[tuple[str, ...]] = set()
    misses = 0
    while misses < MISSES:
        misses += 1
        phrase = writer.sentence(least + (most - least) * writer.random())
        if not min_len <= len(phrase.portuguese) <= max_len:
            continue
        pair = numbered(phrase)
        belongs = (
            writer.met if split == "unseen" else split_of(pair.portuguese) == split
        )
        if belongs and pair.portuguese not in seen:
            seen.add(pair.portuguese)
            misses = 0
            yield pair


def split_of(portuguese: tuple[str, ...]) -> Split:
    """Where a sentence belongs, by its own spelling: the same in every run."""
    number = hashlib.sha256(" ".join(portuguese).encode()).digest()[0]
    return "test" if number < 13 else "valid" if number < 26 else "train"


def numbered(phrase: Phrase) -> Pair:
    """The pair of a finished sentence: `an` before a vowel, places for words."""
    place = {id(word): i for i, word in enumerate(phrase.portuguese)}
    english = [gloss.text for gloss in phrase.english]
    for j, word in enumerate(english[:-1]):
        if word == "a" and english[j + 1][0] in "aeiou":
            english[j] = "an"
    return Pair(
        tuple(word.text for word in phrase.portuguese),
        tuple(english),
        frozenset(
            (place[id(word)], j)
            for j, gloss in enumerate(phrase.english)
            for word in gloss.of
        ),
    )


# --- Other people's pairs


def words_of(text: str) -> tuple[str, ...]:
    """Lower case, words and punctuation apart.

    >>> words_of("Don't drop it, João!")
    ("don't", 'drop', 'it', ',', 'joão', '!')
    """
    found = re.findall(r"\w+(?:['’-]\w+)*|'s\b|[^\w\s]", text.lower())
    return tuple(found)


def read_pairs(path: Path) -> list[Pair]:
    """Pairs from a file in Tatoeba's format: English, Portuguese, who wrote them.

    One pair a line, a tab between the columns, the third column optional and not
    read. Nobody aligned the words, so the alignment is empty.

    Raises:
        PairsError: the file cannot be read, or a line is no pair.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PairsError(
            f"{path}: cannot be read ({error.strerror}); give the path of a file of"
            " tab-separated pairs"
        ) from error
    found = [
        read_line(line, f"{path}:{number}")
        for number, line in enumerate(content.splitlines(), 1)
        if line.strip()
    ]
    if not found:
        raise PairsError(
            f"{path}: holds no pair; write one a line: English, tab, Portuguese"
        )
    return found


def read_line(line: bytes, where: str) -> Pair:
    """One line as a pair.

    Raises:
        PairsError: it is none; the message says where, what and how to mend it.
    """
    try:
        columns = line.decode("utf-8-sig").split("\t")
    except UnicodeDecodeError as error:
        raise PairsError(
            f"{where}: byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        ) from error
    if len(columns) not in (2, 3):
        count = "1 column" if len(columns) == 1 else f"{len(columns)} columns"
        raise PairsError(
            f"{where}: {count}; it needs English, tab, Portuguese, and at most one"
            " more tab with the source"
        )
    english, portuguese = (words_of(text) for text in columns[:2])
    for name, words in (("English", english), ("Portuguese", portuguese)):
        if not words:
            raise PairsError(
                f"{where}: the {name} column is empty; fill it or remove the line"
            )
    return Pair(portuguese, english)
