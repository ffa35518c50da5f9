"""What a trained translator makes of sentences it has never seen, to be read.

`scores` says how good it is in one number; this says where: by length, after its own
words instead of the true ones, in beams of several widths, and in examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from snippets.corpora.portuguese import Pair
from snippets.corpora.translation import Translator
from snippets.lab.scores import bleu
from snippets.text.search import beam_search, greedy
from snippets.text.vocabulary import END

# The Portuguese words of a sentence, the first and the last length of each group.
GROUPS = ((4, 7), (8, 10), (11, 13), (14, 16), (17, 20))
SHOWN = 8  # sentences of each group, the first that the test set has
WIDTHS = (1, 2, 4, 8, 32)
Sentences = Sequence[Sequence[str]]


def held_out(
    translator: Translator, test: Sequence[Pair], max_len: int
) -> dict[str, Any]:
    """All of it, as plain data."""
    written = translator.translate(test, max_len)
    return {
        "count": len(test),
        "another": another(test, written),
        "lengths": [
            {"shortest": first, "longest": last, **right(some, theirs)}
            for (first, last), some, theirs in groups(test, written)
        ],
        "prefix": prefix(translator, test),
        "beams": [beam(translator, test, width, max_len) for width in WIDTHS],
        "examples": [
            {
                "portuguese": " ".join(pair.portuguese),
                "english": " ".join(pair.english),
                "written": " ".join(words),
            }
            for _, some, theirs in groups(test, written)
            for pair, words in list(zip(some, theirs, strict=True))[:SHOWN]
        ],
    }


def groups(
    test: Sequence[Pair], written: Sentences
) -> list[tuple[tuple[int, int], list[Pair], list[Sequence[str]]]]:
    """The pairs of each group of lengths, and what was written for them."""
    found = []
    for group in GROUPS:
        first, last = group
        rows = [i for i, p in enumerate(test) if first <= len(p.portuguese) <= last]
        if rows:
            found.append((group, [test[i] for i in rows], [written[i] for i in rows]))
    return found


def right(test: Sequence[Pair], written: Sentences) -> dict[str, Any]:
    """How many sentences, how many of them perfect, and BLEU."""
    wanted = [pair.english for pair in test]
    same = [[*a] == [*b] for a, b in zip(written, wanted, strict=True)]
    return {"count": len(test), "perfect": sum(same), "bleu": bleu(written, wanted)}


def another(test: Sequence[Pair], written: Sentences) -> float:
    """BLEU where each sentence gets the translation of one as long, or nearly."""
    order = sorted(range(len(test)), key=lambda i: len(test[i].portuguese))
    wanted = [test[i].english for i in order]
    return bleu([written[i] for i in [*order[1:], order[0]]], wanted)


def beam(
    translator: Translator, test: Sequence[Pair], width: int, max_len: int
) -> dict[str, Any]:
    """A beam's translations: BLEU, log-probability, words for each wanted word."""
    model = translator.model.eval()
    best = [
        beam_search(model, translator.rows([pair]).source, width, max_len)[0]
        for pair in test
    ]
    written = [translator.target.decode(one.tokens) for one in best]
    wanted = sum(len(pair.english) for pair in test)
    return {
        "width": width,
        **right(test, written),
        "log_probability": sum(one.score for one in best) / len(best),
        "length": sum(map(len, written)) / wanted,
    }


@torch.no_grad()
def prefix(translator: Translator, test: Sequence[Pair]) -> dict[str, Any]:
    """The share of words that are right after the true words, and after its own.

    The same words of the same sentences, END among them, each at its own place; `after`
    counts only those that follow the first mistake of a sentence. Up to there both
    have written the same.
    """
    rows = translator.rows(test)
    model = translator.model.eval()
    known, wanted = rows.target[:, :-1], rows.target[:, 1:]
    real = rows.target_mask[:, 1:]
    own = torch.full_like(wanted, -1)  # after its END it has written nothing
    for row, ids in zip(own, greedy(model, rows.source, len(own[0])), strict=True):
        row[: len(ids) + 1] = row.new_tensor([*ids, END][: len(row)])
    true = model(rows.source, known).argmax(-1) == wanted
    mistakes = (~true & real).cumsum(1)
    after = real & (mistakes - (~true & real).long() > 0)

    def shares(counted: Tensor) -> dict[str, Any]:
        return {
            "words": int(counted.sum()),
            "true": true[counted].double().mean().item(),
            "own": (own == wanted)[counted].double().mean().item(),
        }

    return {**shares(real), "after": shares(after) if after.any() else {}}
