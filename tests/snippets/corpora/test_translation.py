"""Why the training of a translator, and what is drawn of it, can be believed."""

from itertools import islice

import pytest
import torch

from snippets.corpora.portuguese import pairs
from snippets.corpora.translation import (
    SENTENCE,
    Settings,
    Translator,
    sentences,
    train,
)
from snippets.lab.checkpoints import Checkpoint
from snippets.recurrence.additive_attention import RNNSearch
from snippets.recurrence.seq2seq import Seq2Seq

TINY = Settings(steps=3, batch_size=4, d_model=6, d_hidden=8)
PAIRS = list(islice(pairs("train", 0, 4, 9), 40))


def test_sentence_is_as_our_grammar_would_align_it():
    # Words of the generator, and a gold alignment that links each to some other.
    known = {word for p in islice(pairs("train"), 3000) for word in p.portuguese}
    assert set(SENTENCE.portuguese) <= known
    places, words = (set(side) for side in zip(*SENTENCE.alignment, strict=True))
    assert places == set(range(len(SENTENCE.portuguese)))
    assert words == set(range(len(SENTENCE.english)))


def test_sentences_are_without_the_one_that_is_drawn():
    chosen = sentences("train", Settings(1, shortest=11, longest=11), 300)
    assert len(chosen) == 300
    assert SENTENCE.portuguese not in {pair.portuguese for pair in chosen}


def test_schedule_rises_from_a_fiftieth_and_falls_to_one():
    shares = [Settings(steps=1000).schedule(step) for step in range(1000)]
    top = shares.index(max(shares))
    assert 30 < top < 60 and shares[top] == pytest.approx(1, rel=0.1)
    assert shares[: top + 1] == sorted(shares[: top + 1])
    assert shares[top:] == sorted(shares[top:], reverse=True)
    assert shares[0] == shares[-1] == pytest.approx(1 / 50)


def test_train_draws_other_batches_with_another_seed():
    def build(*sizes):
        torch.manual_seed(7)  # the same model, whatever the seed
        return Seq2Seq(*sizes)

    once, again, other = (train(build, PAIRS, TINY, s).losses for s in (0, 0, 1))
    assert once == again and len(once) == TINY.steps
    assert all(a != b for a, b in zip(once, other, strict=True))


def test_load_gives_the_translator_with_its_words(tmp_path):
    with Checkpoint(tmp_path) as checkpoint:
        ours = train(Seq2Seq, PAIRS, TINY, 0, checkpoint)
    loaded = Translator.load(tmp_path, Seq2Seq)
    assert loaded.translate(PAIRS, 9) == ours.translate(PAIRS, 9)
    assert loaded.source.ids == ours.source.ids


def test_look_is_at_the_words_without_any_end():
    translator = train(RNNSearch, PAIRS, TINY, seed=0)
    some = [PAIRS[0], PAIRS[1], max(PAIRS, key=lambda p: len(p.portuguese))]
    looks = translator.look(some)
    shapes = [(len(pair.english), len(pair.portuguese)) for pair in some]
    assert [tuple(matrix.shape) for matrix in looks] == shapes
    # What is left of each word's weights is for the END of the source.
    assert all(matrix.sum(-1).lt(1).all() for matrix in looks)
