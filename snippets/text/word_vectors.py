"""Skip-gram with negative sampling: words that are used alike get vectors alike.

Papers: mikolov-2013-word2vec (skip-gram: section 3.2). Negative sampling and dropping
frequent words are from its sequel of the same year, "Distributed Representations of
Words and Phrases and their Compositionality". Ours takes steps of Adam on many pairs
at once; word2vec takes plain steps, pair by pair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from snippets.text.embeddings import neighbours

Text = Sequence[Sequence[str]]
Pairs = tuple[Int[Tensor, " pair"], Int[Tensor, " pair"]]


def loss(
    word: Float[Tensor, "pair d_model"],
    context: Float[Tensor, "pair d_model"],
    noise: Float[Tensor, "pair n_noise d_model"],
) -> Float[Tensor, ""]:
    """Negative sampling: did this word stand beside the first one?

    The sum, over all pairs, of the surprise at a yes for the word of
    the context and at a no for each of the words drawn at random.
    """
    yes = (word * context).sum(-1)
    no = (word[:, None] * noise).sum(-1)
    return -(F.logsigmoid(yes) + F.logsigmoid(-no).sum(-1)).sum()


# --8<-- [start:gradient]
def gradient(
    word: Float[Tensor, "pair d_model"],
    context: Float[Tensor, "pair d_model"],
    noise: Float[Tensor, "pair n_noise d_model"],
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of the loss: each is an error times a vector."""
    # How far a yes is from 1, and each no from 0.
    yes = (word * context).sum(-1, keepdim=True).sigmoid() - 1
    no = (word[:, None] * noise).sum(-1, keepdim=True).sigmoid()
    return (
        yes * context + (no * noise).sum(1),
        yes * word,
        no * word[:, None],
    )


# --8<-- [end:gradient]


@dataclass
class WordVectors:
    """Two rows for each word: `table` is kept, `context` serves training."""

    words: list[str]
    table: Float[Tensor, "vocab_size d_model"]
    context: Float[Tensor, "vocab_size d_model"]

    def __post_init__(self) -> None:
        self.ids = {word: i for i, word in enumerate(self.words)}

    def __getitem__(self, word: str) -> Float[Tensor, " d_model"]:
        return self.table[self.ids[word]]

    def nearest(
        self, vector: Float[Tensor, " d_model"], without: Sequence[str]
    ) -> list[str]:
        """All words but those `without`, by cosine, the nearest first."""
        _, ids = neighbours(vector, self.table, len(self.words))
        found = [self.words[i] for i in ids.tolist()]
        return [word for word in found if word not in without]

    def like(self, word: str) -> list[str]:
        """The other words, the most similar first."""
        return self.nearest(self[word], [word])

    def analogy(self, a: str, b: str, c: str) -> str:
        """The word that is to c as b is to a, none of the three.

        With "man", "woman", "king" one hopes for "queen".
        """
        x, y, z = (F.normalize(self[w], dim=0) for w in (a, b, c))
        return self.nearest(y - x + z, [a, b, c])[0]


def pairs(
    ids: Int[Tensor, " seq"],
    line: Int[Tensor, " seq"],
    window: int,
    random: torch.Generator,
) -> Pairs:
    """Each word with those around it in its line, in both directions.

    A neighbour at distance n counts with probability 1 - (n - 1) / window.
    """
    words, besides = [], []
    for n in range(1, window + 1):
        left, right = ids[:-n], ids[n:]
        chance = torch.rand(len(left), generator=random)
        near = chance < 1 - (n - 1) / window
        seen = near & (line[:-n] == line[n:])
        words += [left[seen], right[seen]]
        besides += [right[seen], left[seen]]
    return torch.cat(words), torch.cat(besides)


def shuffled(
    found: Pairs, size: int, random: torch.Generator
) -> Iterator[Pairs]:
    """The pairs in batches."""
    order = torch.randperm(len(found[0]), generator=random)
    for chosen in order.split(size):
        yield found[0][chosen], found[1][chosen]


def slope(
    vectors: WordVectors,
    word: Int[Tensor, " pair"],
    beside: Int[Tensor, " pair"],
    noise: Int[Tensor, "pair n_noise"],
) -> None:
    """Set the gradients; a word that comes twice collects both."""
    table, context = vectors.table, vectors.context
    slopes = gradient(table[word], context[beside], context[noise])
    table.grad = torch.zeros_like(table).index_add(0, word, slopes[0])
    context.grad = (
        torch.zeros_like(context)
        .index_add(0, beside, slopes[1])
        .index_add(0, noise.flatten(), slopes[2].flatten(0, 1))
    )


def train(
    text: Text,
    d_model: int = 32,
    window: int = 3,
    n_noise: int = 5,
    epochs: int = 5,
    size: int = 2048,
    lr: float = 0.01,
    rare: float = 1e-3,
    seed: int = 0,
) -> WordVectors:
    """Learn a vector for each word from the words around it.

    Args:
        size: pairs in a batch.
        rare: of words with a larger share of the text, some are dropped.

    Raises:
        ValueError: no line has two words, so that no word has a neighbour.
    """
    if not any(len(line) > 1 for line in text):
        raise ValueError("no line has two words: nothing to learn from")
    random = torch.Generator().manual_seed(seed)
    counts = Counter(word for line in text for word in line)
    words = sorted(counts, key=lambda word: (-counts[word], word))
    start = torch.rand(len(words), d_model, generator=random) - 0.5
    vectors = WordVectors(
        words, start / d_model, torch.zeros_like(start)
    )
    ids = torch.tensor([vectors.ids[w] for line in text for w in line])
    line = torch.tensor([n for n, s in enumerate(text) for _ in s])
    share = ids.bincount() / len(ids)

    optimizer = torch.optim.Adam([vectors.table, vectors.context], lr)
    for _ in range(epochs):
        chance = torch.rand(len(ids), generator=random)
        stays = chance < (rare / share[ids]).sqrt()
        found = pairs(ids[stays], line[stays], window, random)
        # Of a small text all may have been dropped.
        if not len(found[0]):
            continue
        for word, beside in shuffled(found, size, random):
            noise = torch.multinomial(
                share**0.75,
                len(word) * n_noise,
                replacement=True,
                generator=random,
            )
            slope(vectors, word, beside, noise.view(-1, n_noise))
            optimizer.step()
    return vectors
