"""Why the training of word vectors, of `embeddings`, can be believed."""

import math
import random
from collections import Counter
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from snippets.text import word_vectors as snippet
from snippets.text.word_vectors import WordVectors, gradient, loss, pairs, slope, train

SEEDS = st.integers(0, 2**32 - 1)


def some(seed, pair=4, n_noise=3, d_model=5, size=1.0):
    chance = torch.Generator().manual_seed(seed)
    shapes = (pair, d_model), (pair, d_model), (pair, n_noise, d_model)
    return [
        (size * torch.randn(*s, generator=chance, dtype=torch.float64)).requires_grad_()
        for s in shapes
    ]


@given(SEEDS, st.integers(1, 4), st.integers(1, 4), st.floats(1e-3, 10))
def test_gradient_is_autograds(seed, pair, n_noise, size):
    parts = some(seed, pair, n_noise, size=size)
    theirs = torch.autograd.grad(loss(*parts), parts)
    torch.testing.assert_close(gradient(*parts), theirs, rtol=1e-9, atol=1e-12)


@given(SEEDS)
def test_loss_is_the_cross_entropy_of_yes_and_no(seed):
    word, beside, noise = some(seed)
    scores = torch.cat([beside[:, None], noise], 1) @ word[..., None]
    answers = torch.zeros_like(scores)
    answers[:, 0] = 1
    theirs = F.binary_cross_entropy_with_logits(scores, answers, reduction="sum")
    torch.testing.assert_close(loss(word, beside, noise), theirs)


def random_vectors(seed, vocab_size=6, d_model=4):
    chance = torch.Generator().manual_seed(seed)
    rows = torch.randn(2, vocab_size, d_model, generator=chance, dtype=torch.float64)
    return WordVectors(list("abcdef")[:vocab_size], *rows)


# Words that come twice, as a neighbour and as noise at once.
WORD, BESIDE = torch.tensor([0, 1, 0, 2]), torch.tensor([1, 0, 1, 3])
NOISE = torch.tensor([[1, 1], [4, 0], [1, 5], [3, 3]])


def by_autograd(vectors):
    table = vectors.table.clone().requires_grad_()
    context = vectors.context.clone().requires_grad_()
    total = loss(table[WORD], context[BESIDE], context[NOISE])
    return torch.autograd.grad(total, (table, context))


def test_slope_of_a_word_that_comes_twice_collects_both():
    vectors = random_vectors(0)
    slope(vectors, WORD, BESIDE, NOISE)
    ours = vectors.table.grad, vectors.context.grad
    torch.testing.assert_close(ours, by_autograd(vectors))


def numbered(lines):
    ids = torch.tensor([i for line in lines for i in line])
    return ids, torch.tensor([n for n, line in enumerate(lines) for _ in line])


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5), min_size=1),
    st.integers(1, 4),
)
def test_pairs_stand_in_one_line_and_no_farther_apart_than_the_window(lines, window):
    found = pairs(*numbered(lines), window, torch.Generator().manual_seed(0))
    counted = Counter(zip(*(part.tolist() for part in found), strict=True))
    most, nearest = Counter(), Counter()
    for line in lines:
        for i, j in product(range(len(line)), repeat=2):
            if 1 <= abs(i - j) <= window:
                most[line[i], line[j]] += 1
            if abs(i - j) == 1:
                nearest[line[i], line[j]] += 1
    assert nearest <= counted <= most
    assert all(counted[a, b] == counted[b, a] for a, b in counted)


def test_pairs_of_near_neighbours_come_more_often():
    lines = [[0, 1, 2, 3]] * 3000
    found = pairs(*numbered(lines), 3, torch.Generator().manual_seed(0))
    counted = Counter(zip(*(part.tolist() for part in found), strict=True))
    for distance, share in ((1, 1), (2, 2 / 3), (3, 1 / 3)):
        assert counted[0, distance] / 3000 == pytest.approx(share, abs=0.03)


KINDS = [["cat", "dog", "hen"], ["tea", "milk", "soup"], ["sees", "likes", "finds"]]


def small_language(seed):
    """Sentences such as `dog likes tea`: words of a kind can stand for each other."""
    chance = random.Random(seed)
    return [[chance.choice(KINDS[kind]) for kind in (0, 2, 1)] for _ in range(1500)]


def right(vectors):
    """How many of the nine words have one of their own kind as the nearest."""
    kind = {word: n for n, words in enumerate(KINDS) for word in words}
    return sum(kind[vectors.like(word)[0]] == kind[word] for word in kind)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_train_makes_words_alike_that_stand_for_each_other(seed):
    text = small_language(seed)
    vectors = train(text, d_model=6, rare=1.0, size=512, lr=0.03, seed=seed)
    # By chance it would be two of the eight others: two or three words right.
    assert right(vectors) == 9


def test_train_ends_at_a_logarithm_of_counts():
    # Levy and Goldberg (2014): word · context = log(P(w, c) / (P(w) Q(c))) - log k,
    # where Q is what the noise is drawn from.
    chance, n_noise = random.Random(0), 4
    language = list(product("abcd", repeat=2))
    # Unequal words, so that it shows what the noise is drawn from.
    often = {"a": 5, "b": 3, "c": 2, "d": 1}
    weights = [chance.randint(1, 3) * often[a] * often[b] for a, b in language]
    text = [list(p) for p in chance.choices(language, weights, k=3000)]
    vectors = train(
        text, d_model=8, window=1, n_noise=n_noise, epochs=150, size=6000,
        lr=0.05, rare=1.0,
    )  # fmt: skip
    count, pair = Counter(w for line in text for w in line), Counter()
    for a, b in text:
        pair.update([(a, b), (b, a)])
    noise = {w: count[w] ** 0.75 for w in count}
    for a, b in pair:
        expected = math.log(
            pair[a, b] / count[a] / (noise[b] / sum(noise.values()))
        ) - math.log(n_noise)
        score = vectors[a] @ vectors.context[vectors.ids[b]]
        assert score.item() == pytest.approx(expected, abs=0.15)


def test_analogy_is_the_nearest_to_the_sum_of_unit_vectors():
    vectors = random_vectors(2)
    unit = {w: F.normalize(vectors[w], dim=0) for w in vectors.words}
    for a, b, c in product("abcdef", repeat=3):
        assert sorted([a, *vectors.like(a)]) == vectors.words
        wanted = unit[b] - unit[a] + unit[c]
        others = [w for w in vectors.words if w not in (a, b, c)]
        best = max(others, key=lambda w, to=wanted: F.cosine_similarity(unit[w], to, 0))
        assert vectors.analogy(a, b, c) == best


def test_train_of_a_small_text_may_lose_all_words_in_an_epoch():
    # Of each word nearly all are dropped: most epochs have no pair.
    some = train([["the", "cat"]] * 3, d_model=4, rare=1e-3)
    assert some.words == ["cat", "the"] and some.table.isfinite().all()
    more = train([["the", "cat"]] * 3, d_model=4, rare=1e-3, epochs=300)
    assert not torch.equal(some.table, more.table)


def test_train_reads_an_epoch_without_some_of_the_frequent_words(monkeypatch):
    # A word with the share f stays with probability sqrt(rare / f).
    read = []

    def watch(ids, *others):
        read.append(Counter(ids.tolist()))
        return pairs(ids, *others)

    monkeypatch.setattr(snippet, "pairs", watch)
    text = [["the"] * 9 + ["glass"]] * 500
    first, again, other = (train(text, epochs=2, rare=0.1, seed=s) for s in (3, 3, 4))
    assert len(read) == 6
    for kept in read:
        assert kept[0] / 4500 == pytest.approx(math.sqrt(0.1 / 0.9), abs=0.03)
        assert kept[1] == 500
    assert torch.equal(first.table, again.table)
    assert not torch.equal(first.table, other.table)


@pytest.mark.parametrize("text", [[], [[]], [["alone"], ["so"]]])
def test_train_refuses_a_text_without_neighbours(text):
    with pytest.raises(ValueError, match="no line has two words"):
        train(text, rare=1.0)
