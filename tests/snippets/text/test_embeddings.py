"""Why `embeddings` can be believed."""

import json
import math
from itertools import pairwise, product

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F
from transformers import BertConfig, BertModel

from snippets.corpora.robot import SENTENCE
from snippets.demos import embeddings as demo
from snippets.lab import weights
from snippets.text.embeddings import (
    Embedding,
    lookup,
    neighbours,
    one_hot_product,
    pca,
)
from snippets.text.word_vectors import WordVectors
from snippets.text.wordpiece import WordPiece

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


def test_states_equal_hugging_faces():
    folder = weights.minilm()
    published = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    bert = BertModel(BertConfig(**published), add_pooling_layer=False).eval()
    found = load_file(folder / "model.safetensors")
    missing, _ = bert.load_state_dict(found, strict=False)
    assert not missing
    _, ids = WordPiece(weights.vocabulary()).for_bert(SENTENCE)
    with torch.no_grad():
        theirs = bert(torch.tensor([ids]), output_hidden_states=True).hidden_states
    states = demo.states(ids)
    torch.testing.assert_close(states, torch.cat(theirs), rtol=0, atol=1e-4)


def test_analogies_are_counted_as_one_by_one():
    random = torch.Generator().manual_seed(0)
    words = list("abcdefghij")
    table = F.normalize(torch.randn(10, 3, generator=random), dim=-1)
    vectors = WordVectors(words, table, table)
    pairs = [("a", "b"), ("c", "d"), ("e", "f"), ("g", "h"), ("a", "j"), ("z", "a")]
    asked = right = unsubtracted = 0
    for (x, y), (one, other) in product(pairs[:5], repeat=2):
        if one in (x, y) or other == y:
            continue
        asked += 1
        right += vectors.analogy(x, y, one) == other
        near = vectors.nearest(vectors[y] + vectors[one], [x, y, one])
        unsubtracted += near[0] == other
    found = demo.analogies(table, vectors.ids, pairs)
    assert found["questions"] == asked
    assert (found["step"], found["no_step"]) == (right, unsubtracted)
    assert found["all_words"] <= found["step"]


def test_company_is_counted_within_three_words():
    line = [
        "the",
        "robot",
        "broke",
        "the",
        "glass",
        "because",
        "the",
        "glass",
        "was",
        "old",
    ]
    found = demo.company([tuple(line)])
    # Around the first glass: robot broke the, because the glass was is one too far.
    assert found["met"]["glass"] == {
        "break": 1, "drop": 0, "wash": 0, "eat": 0, "the": 3,
    }  # fmt: skip
    # Ten words have 2 x (3 + 4 + 5) + 4 x 6 = 48 places around them.
    assert found["expected"]["glass"]["the"] == pytest.approx(11 * 15 / 48)


def test_paths_go_down_the_loss_and_same_neighbours_bring_closer():
    found = demo.by_hand()["paths"]
    torch.testing.assert_close(found["nudge"]["glass"], demo.step()["nudge"])
    for word, (_, beside) in demo.PATHS.items():
        labels = torch.tensor([float(other == beside) for other in demo.OTHERS])
        rows = found["rows"][word]
        for row, then in pairwise(rows):
            at = row.clone().requires_grad_()
            loss = F.binary_cross_entropy_with_logits(
                demo.ROWS @ at, labels, reduction="sum"
            )
            (down,) = torch.autograd.grad(loss, at)
            torch.testing.assert_close(then, row - demo.LR * down)
    assert (found["apart"]["cup"].diff() < 0).all()
    # The page says so of the cosine: alike from the first step on, or never again.
    assert found["cosine"]["cup"][0] == 0
    assert (found["cosine"]["cup"].diff() > 0).all()
    assert (found["cosine"]["friend"].diff() < 0).all()
    # Each turns towards the word that it meets.
    for word in demo.PATHS:
        assert (found["met"][word].diff() > -1e-6).all()
