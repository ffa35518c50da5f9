"""Embeddings: an id picks a row of a learned table; near rows mean like things.

Papers: bengio-2003-neural-language-model (the table), mikolov-2013-word2vec (its
directions).
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F


# --8<-- [start:lookup]
def one_hot_product(
    ids: Int[Tensor, "*batch"],
    table: Float[Tensor, "vocab_size d_model"],
) -> Float[Tensor, "*batch d_model"]:
    """The formula: a row of zeros with a single 1, times the table."""
    one_hot = F.one_hot(ids, len(table)).to(table.dtype)
    return one_hot @ table


def lookup(
    ids: Int[Tensor, "*batch"],
    table: Float[Tensor, "vocab_size d_model"],
) -> Float[Tensor, "*batch d_model"]:
    """The same rows, read without multiplying.

    Like table[ids], but an id below 0 is refused: there Python would
    count from the end.
    """
    return F.embedding(ids, table)


# --8<-- [end:lookup]


class Embedding(nn.Module):
    """A table to look up and to learn: one row for each token id."""

    def __init__(self, vocab_size: int, d_model: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(vocab_size, d_model))

    def forward(
        self, ids: Int[Tensor, "*batch"]
    ) -> Float[Tensor, "*batch d_model"]:
        return lookup(ids, self.weight)


def neighbours(
    vector: Float[Tensor, " d_model"],
    table: Float[Tensor, "vocab_size d_model"],
    count: int,
) -> tuple[Float[Tensor, " count"], Int[Tensor, " count"]]:
    """The rows of the table with the largest cosines to a vector.

    Returns:
        Their cosines, the largest first, and their ids.
    """
    cosines = F.cosine_similarity(vector, table, dim=-1)
    found = cosines.topk(count)
    return found.values, found.indices


def pca(
    vectors: Float[Tensor, "word d_model"],
) -> tuple[Float[Tensor, "word 2"], Float[Tensor, " 2"]]:
    """The flat map that keeps most of the variance, and its shares.

    This is principal component analysis: centre the vectors, then
    keep the two directions in which they differ most.
    """
    centred = vectors - vectors.mean(0)
    _, sizes, directions = torch.linalg.svd(
        centred, full_matrices=False
    )
    points = centred @ directions[:2].T
    # A direction has no front: let its farthest word be positive.
    farthest = points.gather(0, points.abs().argmax(0, keepdim=True))
    shares = sizes**2 / (sizes**2).sum()
    return points * farthest.sign(), shares[:2]
