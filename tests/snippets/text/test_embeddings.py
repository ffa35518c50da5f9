"""Why `embeddings` can be believed."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from transformers import BertModel

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
from snippets.text.wordpiece import WordPiece

VOCAB_SIZE, D_MODEL = 11, 6


def for_bert(text):
    return WordPiece(weights.vocabulary()).for_bert(text)


def random_inputs(seed, dtype=torch.float32):
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(VOCAB_SIZE, (3, 5), generator=random)
    ids[0, :2] = 7  # one id twice at least, and one never
    ids[ids == 4] = 5
    table = torch.randn(VOCAB_SIZE, D_MODEL, generator=random, dtype=dtype)
    upstream = torch.randn(3, 5, D_MODEL, generator=random, dtype=dtype)
    return ids, table.requires_grad_(), upstream


def value_and_gradient(function, ids, table, upstream):
    value = function(ids, table)
    return value, torch.autograd.grad(value, table, upstream)[0]


@pytest.fixture(scope="module")
def table():
    return weights.tensors("embeddings.word_embeddings.weight")[0]


@pytest.fixture(scope="module")
def row():
    return {token: i for i, token in enumerate(weights.vocabulary())}


@pytest.fixture(scope="module")
def bert():
    return BertModel.from_pretrained(weights.minilm()).eval()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("ours", [one_hot_product, lookup])
def test_values_and_gradients_equal_pytorchs_look_up(ours, dtype):
    inputs = random_inputs(0, dtype)
    ours = value_and_gradient(ours, *inputs)
    theirs = value_and_gradient(F.embedding, *inputs)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


def test_the_module_is_pytorchs_with_the_same_weights():
    theirs = nn.Embedding(VOCAB_SIZE, D_MODEL)
    ours = Embedding(vocab_size=VOCAB_SIZE, d_model=D_MODEL)
    ours.load_state_dict(theirs.state_dict())
    ids = random_inputs(1)[0]
    assert torch.equal(ours(ids), theirs(ids))


def test_it_starts_as_pytorchs_does():
    # A normal distribution of mean 0 and variance 1, as nn.Embedding has.
    weight = Embedding(vocab_size=400, d_model=500).weight
    assert weight.mean().abs() < 0.02 and (weight.std() - 1).abs() < 0.02


@given(st.lists(st.integers(0, VOCAB_SIZE - 1)))
def test_the_look_up_is_the_product_for_any_ids(chosen):
    ids = torch.tensor(chosen, dtype=torch.long)
    _, table, _ = random_inputs(2)
    assert torch.equal(lookup(ids, table), one_hot_product(ids, table))
    assert lookup(ids, table).shape == (len(chosen), D_MODEL)


def test_the_gradient_of_a_row_is_the_sum_over_its_look_ups():
    ids, table, upstream = random_inputs(3, torch.float64)
    _, gradient = value_and_gradient(one_hot_product, ids, table, upstream)
    for token in range(VOCAB_SIZE):
        total = upstream[ids == token].sum(0)
        torch.testing.assert_close(gradient[token], total, rtol=0, atol=1e-14)
    assert gradient[4].eq(0).all()  # never looked up


def test_a_step_of_training_moves_only_the_rows_looked_up():
    ids, _, upstream = random_inputs(4)
    model = Embedding(vocab_size=VOCAB_SIZE, d_model=D_MODEL)
    before = model.weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    (model(ids) * upstream).sum().backward()
    optimizer.step()
    moved = (model.weight != before).any(-1)
    assert set(moved.nonzero().flatten().tolist()) == set(ids.flatten().tolist())


@pytest.mark.parametrize("wrong", [-1, VOCAB_SIZE])
def test_an_id_outside_the_table_is_refused_as_in_pytorch(wrong):
    ids, (_, table, _) = torch.tensor([0, wrong]), random_inputs(5)
    for function in (lookup, F.embedding):
        with pytest.raises(IndexError):
            function(ids, table)
    with pytest.raises(RuntimeError):
        one_hot_product(ids, table)


def test_a_list_of_ids_is_refused_by_name(unchecked):
    with pytest.raises(TypeError, match="must be Tensor, not list"):
        Embedding(VOCAB_SIZE, D_MODEL)([1, 2])


def test_the_example_of_the_page_by_hand():
    hand = demo.by_hand()
    # Ids 0, 2, 0 of the rows (0, 1), (3, 1), (2, -1), (1, 2).
    assert hand["vectors"].tolist() == [[0, 1], [2, -1], [0, 1]]
    # Row 0 was read twice, row 2 once, the others never.
    assert hand["gradient"].tolist() == [[2, 2], [0, 0], [1, 1], [0, 0]]


def cosine_by_loops(a, b):
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def test_neighbours_equal_brute_force():
    _, table, _ = random_inputs(6, torch.float64)
    vector = table[3].detach() + 0.5
    by_loops = [cosine_by_loops(vector.tolist(), row) for row in table.tolist()]
    order = sorted(range(VOCAB_SIZE), key=lambda i: -by_loops[i])
    cosines, ids = neighbours(vector, table, 4)
    assert ids.tolist() == order[:4]
    assert cosines.tolist() == pytest.approx([by_loops[i] for i in order[:4]])


@given(st.floats(1e-3, 1e3))
def test_neighbours_do_not_depend_on_length(size):
    _, table, _ = random_inputs(7, torch.float64)
    _, ids = neighbours(table[0] + 0.1, table, 5)
    _, same = neighbours((table[0] + 0.1) * size, table * size, 5)
    assert torch.equal(ids, same)


def covariance_plane(vectors):
    """The same by another road: eigenvectors of the covariance matrix."""
    centred = vectors - vectors.mean(0)
    values, directions = torch.linalg.eigh(centred.T @ centred)
    return centred @ directions[:, [-1, -2]], values[[-1, -2]] / values.sum()


def test_the_plane_equals_two_independent_analyses(table):
    vectors = table[1000:1030].double()
    points, shares = pca(vectors)
    by_covariance, their_shares = covariance_plane(vectors)
    _, _, directions = torch.pca_lowrank(vectors, q=30)
    by_pytorch = (vectors - vectors.mean(0)) @ directions[:, :2]
    for theirs in (by_covariance, by_pytorch):
        # A direction may come out reversed.
        signs = (points * theirs).sum(0).sign()
        torch.testing.assert_close(points, theirs * signs, rtol=0, atol=1e-9)
    torch.testing.assert_close(shares, their_shares, rtol=0, atol=1e-12)


def test_the_plane_is_never_seen_from_behind(table):
    for start in (1000, 2000, 3000):
        points, _ = pca(table[start : start + 20])
        farthest = points.abs().argmax(0)
        assert points[farthest, torch.arange(2)].gt(0).all()


@given(st.integers(0, 2**32 - 1))
def test_a_plane_hides_distance_and_never_adds_any(seed):
    random = torch.Generator().manual_seed(seed)
    vectors = torch.randn(7, 5, generator=random, dtype=torch.float64)
    points, shares = pca(vectors)
    assert (torch.cdist(points, points) <= torch.cdist(vectors, vectors) + 1e-9).all()
    kept = points.square().sum() / (vectors - vectors.mean(0)).square().sum()
    torch.testing.assert_close(shares.sum(), kept)


@given(st.integers(0, 2**32 - 1))
def test_turning_all_vectors_leaves_the_plane_as_it_is(seed):
    random = torch.Generator().manual_seed(seed)
    vectors = torch.randn(7, 5, generator=random, dtype=torch.float64)
    turn, _ = torch.linalg.qr(torch.randn(5, 5, generator=random, dtype=torch.float64))
    straight, _ = pca(vectors)
    turned, _ = pca(vectors @ turn)
    torch.testing.assert_close(
        torch.cdist(straight, straight), torch.cdist(turned, turned)
    )


def test_the_misleading_word_is_side_by_side_with_another_on_the_map():
    words = ["a", "b", "c", "d"]
    # In cosines "c" is misled most; the eye sees it at "a", far away from "d".
    points = torch.tensor([[0.0, 0.0], [0.1, 0.0], [7.0, 0.0], [9.0, 0.0]])
    cosines = torch.full((4, 4), 0.1)
    cosines[[0, 3], [3, 0]], cosines[[1, 2], [2, 1]] = 0.8, 0.9
    found = demo.misled(words, points, cosines)
    assert (found["word"], found["beside"], found["nearest"]) == ("a", "b", "d")


def test_the_vectors_of_the_sentence_are_hugging_faces(bert):
    data = demo.demo()
    _, ids = for_bert(SENTENCE)
    theirs = bert.get_input_embeddings()(torch.tensor(ids))[:, :8]
    assert torch.equal(data["robot"]["vectors"], theirs)


def test_the_same_word_has_one_row_but_many_vectors_in_context(bert, table, row):
    def last_layer(text):
        tokens, ids = for_bert(text)
        with torch.no_grad():
            vectors = bert(torch.tensor([ids])).last_hidden_state[0]
        return vectors[tokens.index("cup")]

    kitchen = last_layer("The robot washed the cup in the sink.")
    again = last_layer("The cook dried the cup in the sink.")
    football = last_layer("The team won the cup in the final.")
    alike = F.cosine_similarity(kitchen, again, dim=0)
    unlike = F.cosine_similarity(kitchen, football, dim=0)
    assert alike - unlike > 0.2
    # The row they all start from is near to both senses at once.
    _, ids = neighbours(table[row["cup"]], table, 8)
    assert {row["bowl"], row["trophy"]} <= set(ids.tolist())


def test_rows_of_unused_tokens_stayed_small_and_alike(table, row):
    unused = table[[i for token, i in row.items() if token.startswith("[unused")]]
    alike = F.normalize(unused[:100], dim=-1)
    cosines = alike @ alike.T
    assert unused.norm(dim=-1).max() < table.norm(dim=-1).median()
    assert cosines.mean() > 0.5
