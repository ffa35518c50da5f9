"""Why the training of a translator, and what is drawn of it, can be believed."""

from itertools import islice

import pytest
import torch

from snippets.corpora.portuguese import pairs
from snippets.corpora.translation import Settings, train
from snippets.recurrence.additive_attention import RNNSearch
from snippets.recurrence.seq2seq import Seq2Seq

TINY = Settings(steps=3, batch_size=4, d_model=6, d_hidden=8)
PAIRS = list(islice(pairs("train", 0, 4, 9), 40))


def test_the_rate_rises_from_a_fiftieth_and_falls_to_one():
    settings = Settings(steps=1000)
    rates = [settings.rate(step) for step in range(1000)]
    top = rates.index(max(rates))
    assert 30 < top < 60 and rates[top] == pytest.approx(settings.lr, rel=0.1)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[0] == rates[-1] == pytest.approx(settings.lr / 50)


def test_another_seed_gives_other_batches():
    def build(*sizes):
        torch.manual_seed(7)  # the same model, whatever the seed
        return Seq2Seq(*sizes)

    once, again, other = (train(build, PAIRS, TINY, s).losses for s in (0, 0, 1))
    assert once == again and len(once) == TINY.steps
    assert all(a != b for a, b in zip(once, other, strict=True))


def test_what_is_looked_at_is_the_words_without_any_end():
    translator = train(RNNSearch, PAIRS, TINY, seed=0)
    some = [PAIRS[0], PAIRS[1], max(PAIRS, key=lambda p: len(p.portuguese))]
    looks = translator.look(some)
    shapes = [(len(pair.english), len(pair.portuguese)) for pair in some]
    assert [tuple(matrix.shape) for matrix in looks] == shapes
    # What is left of each word's weights is for the END of the source.
    assert all(matrix.sum(-1).lt(1).all() for matrix in looks)
