"""Whole words and their ids, and sentences filled up to one length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Bool, Int
from torch import Tensor

# The first four ids of every vocabulary.
PAD, BEGIN, END, UNKNOWN = range(4)
SPECIAL = ("[pad]", "[begin]", "[end]", "[unknown]")


class Vocabulary:
    """Words and their ids, the more frequent first.

    >>> vocabulary = Vocabulary([("a", "cat"), ("a", "dog")])
    >>> vocabulary.encode(("a", "dog", "barks"))
    [4, 6, 3]
    """

    def __init__(self, sentences: Iterable[Sequence[str]]) -> None:
        counts = Counter(word for words in sentences for word in words)
        self._number([*SPECIAL, *(w for w, _ in counts.most_common())])

    @classmethod
    def of(cls, words: Iterable[str]) -> Vocabulary:
        """One whose `words` were written down, in the same order."""
        vocabulary = cls(())
        vocabulary._number([*words])
        return vocabulary

    def _number(self, words: list[str]) -> None:
        self.words = words
        self.ids = {word: i for i, word in enumerate(words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, words: Sequence[str]) -> list[int]:
        """The ids; a word that was not in training is UNKNOWN."""
        return [self.ids.get(word, UNKNOWN) for word in words]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The words up to the end, without BEGIN and PAD."""
        words = []
        for i in ids:
            if i == END:
                break
            if i not in (PAD, BEGIN):
                words.append(self.words[i])
        return words


def pad(
    sentences: Sequence[Sequence[int]],
) -> tuple[Int[Tensor, "batch seq"], Bool[Tensor, "batch seq"]]:
    """Ids filled up with PAD to the longest, and the mask of the real ones."""
    longest = max(map(len, sentences))
    ids = torch.full((len(sentences), longest), PAD)
    mask = torch.zeros(len(sentences), longest, dtype=torch.bool)
    for row, sentence in enumerate(sentences):
        ids[row, : len(sentence)] = torch.tensor(sentence)
        mask[row, : len(sentence)] = True
    return ids, mask
