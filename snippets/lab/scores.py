"""How good a translation is, and how good an alignment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jaxtyping import Float
from torch import Tensor

Links = frozenset[tuple[int, int]]


def bleu(written: Sequence[Sequence[str]], wanted: Sequence[Sequence[str]]) -> float:
    """sacrebleu's score of a corpus, from 0 to 100; words are cut already."""
    from sacrebleu import corpus_bleu

    score: float = corpus_bleu(
        [" ".join(words) for words in written],
        [[" ".join(words) for words in wanted]],
        tokenize="none",
        force=True,
    ).score
    return score


def edit_distance(ours: tuple[int, ...] | list[int], wanted: list[int]) -> int:
    """The fewest words to change, add or leave out."""
    row = list(range(len(wanted) + 1))
    for i, mine in enumerate(ours, 1):
        diagonal, row[0] = row[0], i
        for j, theirs in enumerate(wanted, 1):
            diagonal, row[j] = (
                row[j],
                min(
                    row[j] + 1,
                    row[j - 1] + 1,
                    diagonal + (mine != theirs),
                ),
            )
    return row[-1]


def strongest(weights: Float[Tensor, "target source"]) -> Links:
    """Each target word with the source word that it looks at most."""
    return frozenset(
        (place, word) for word, place in enumerate(weights.argmax(-1).tolist())
    )


def alignment_error_rate(found: Iterable[Links], gold: Iterable[Links]) -> float:
    """The share of links that are wrong or missing, from 0 to 1.

    That of Och and Ney, where every link of the gold alignment is a sure one.
    """
    common = counted = 0
    for ours, theirs in zip(found, gold, strict=True):
        common += len(ours & theirs)
        counted += len(ours) + len(theirs)
    return 1 - 2 * common / counted


def table_of(
    links: Iterable[Sequence[int]], words: int, places: int
) -> list[list[float]]:
    """Links as a table like that of the weights: a row a word, 1 where it is linked."""
    known = {tuple(link) for link in links}
    return [
        [float((place, word) in known) for place in range(places)]
        for word in range(words)
    ]
