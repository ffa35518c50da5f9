"""Why `embeddings` can be believed."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from snippets.text.embeddings import (
    Embedding,
    lookup,
    neighbours,
    one_hot_product,
    pca,
)

VOCAB_SIZE, D_MODEL = 11, 6


def random_inputs(seed, dtype=torch.float64):
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(VOCAB_SIZE, (3, 5), generator=random)
    ids[0, :2] = 7  # one id twice at least, and one never
    ids[ids == 4] = 5
    table = torch.randn(VOCAB_SIZE, D_MODEL, generator=random, dtype=dtype)
    upstream = torch.randn(3, 5, D_MODEL, generator=random, dtype=dtype)
    return ids, table.requires_grad_(), upstream


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("ours", [one_hot_product, lookup])
def test_lookup_and_product_equal_pytorchs(ours, dtype):
    ids, table, upstream = random_inputs(0, dtype)
    found = []
    for function in (ours, F.embedding):
        value = function(ids, table)
        found.append((value, *torch.autograd.grad(value, table, upstream)))
    torch.testing.assert_close(*found, rtol=0, atol=1e-6)


@pytest.mark.parametrize("wrong", [-1, VOCAB_SIZE])
def test_lookup_refuses_an_id_outside_the_table_as_pytorch_does(wrong):
    ids, (_, table, _) = torch.tensor([0, wrong]), random_inputs(1)
    for function in (lookup, F.embedding):
        with pytest.raises(IndexError):
            function(ids, table)
    with pytest.raises(RuntimeError):
        one_hot_product(ids, table)


def test_embedding_equals_pytorchs_module():
    theirs = nn.Embedding(VOCAB_SIZE, D_MODEL)
    ours = Embedding(vocab_size=VOCAB_SIZE, d_model=D_MODEL)
    ours.load_state_dict(theirs.state_dict())
    ids = random_inputs(2)[0]
    assert torch.equal(ours(ids), theirs(ids))


def test_embedding_starts_as_pytorchs_does():
    # A normal distribution of mean 0 and variance 1, as nn.Embedding has.
    weight = Embedding(vocab_size=400, d_model=500).weight
    assert weight.mean().abs() < 0.02 and (weight.std() - 1).abs() < 0.02


def test_embedding_refuses_a_list_of_ids(unchecked):
    with pytest.raises(TypeError, match="must be Tensor, not list"):
        Embedding(VOCAB_SIZE, D_MODEL)([1, 2])


def test_neighbours_equal_brute_force():
    _, table, _ = random_inputs(3)
    vector = table[3].detach() + 0.5

    def cosine(row):
        dot = sum(x * y for x, y in zip(vector.tolist(), row, strict=True))
        return dot / math.hypot(*vector.tolist()) / math.hypot(*row)

    by_loops = [cosine(row) for row in table.tolist()]
    order = sorted(range(VOCAB_SIZE), key=lambda i: -by_loops[i])
    cosines, ids = neighbours(vector, table, 4)
    assert ids.tolist() == order[:4]
    assert cosines.tolist() == pytest.approx([by_loops[i] for i in order[:4]])


@pytest.mark.parametrize("seed", range(3))
def test_pca_keeps_the_eigenvectors_of_the_covariance(seed):
    random = torch.Generator().manual_seed(seed)
    vectors = torch.randn(30, 40, generator=random, dtype=torch.float64) + 1
    points, shares = pca(vectors)
    centred = vectors - vectors.mean(0)
    values, directions = torch.linalg.eigh(centred.T @ centred)
    theirs = centred @ directions[:, [-1, -2]]
    # A direction has no front: the farthest is positive.
    signs = theirs.gather(0, theirs.abs().argmax(0, keepdim=True)).sign()
    torch.testing.assert_close(points, theirs * signs, rtol=0, atol=1e-9)
    expected = values[[-1, -2]] / values.sum()
    torch.testing.assert_close(shares, expected, rtol=0, atol=1e-12)
