"""Why batches can be believed: nothing is lost, added or moved."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snippets.corpora.batches import batch, shuffled
from snippets.corpora.portuguese import Pair, pairs
from snippets.text.vocabulary import BEGIN, END, PAD, SPECIAL, UNKNOWN, Vocabulary, pad

PAIRS = list(itertools.islice(pairs("train", 0, 4, 14), 103))
SOURCE = Vocabulary(p.portuguese for p in PAIRS)
TARGET = Vocabulary(p.english for p in PAIRS)


@pytest.fixture
def make():
    return lambda size, seed=0: shuffled(PAIRS, SOURCE, TARGET, size, seed)


def test_words_come_back_as_they_were():
    for pair in PAIRS:
        assert tuple(SOURCE.decode(SOURCE.encode(pair.portuguese))) == pair.portuguese


def test_the_special_ids_are_no_words_and_the_frequent_come_first():
    vocabulary = Vocabulary([("b", "a"), ("a", "c"), ("a", "c")])
    assert vocabulary.words == [*SPECIAL, "a", "c", "b"]
    assert [vocabulary.words.index(name) for name in SPECIAL] == [0, 1, 2, 3]
    assert vocabulary.encode(("a", "zebra")) == [4, UNKNOWN]
    assert len(vocabulary) == 7


def test_decoding_ends_at_the_end_and_shows_the_unknown():
    assert TARGET.decode([BEGIN, 4, UNKNOWN, PAD, 5, END, 6, PAD]) == [
        TARGET.words[4],
        "[unknown]",
        TARGET.words[5],
    ]


@given(st.lists(st.lists(st.integers(4, 50), min_size=1), min_size=1, max_size=8))
def test_padding_keeps_every_id_and_marks_it(sentences):
    ids, mask = pad(sentences)
    assert ids.shape == mask.shape == (len(sentences), max(map(len, sentences)))
    for row, real, sentence in zip(ids, mask, sentences, strict=True):
        assert row[real].tolist() == sentence
        assert (row[~real] == PAD).all()
        # The filling stands behind.
        assert real.tolist() == sorted(real.tolist(), reverse=True)


def test_a_batch_begins_and_ends():
    made = batch(PAIRS[:5], SOURCE, TARGET)
    for row, pair in enumerate(PAIRS[:5]):
        source = made.source[row][made.source_mask[row]].tolist()
        target = made.target[row][made.target_mask[row]].tolist()
        assert source == [*SOURCE.encode(pair.portuguese), END]
        assert target == [BEGIN, *TARGET.encode(pair.english), END]


def test_a_batch_moves_whole():
    moved = batch(PAIRS[:2], SOURCE, TARGET).to("meta")
    assert {
        t.device.type
        for t in (moved.source, moved.source_mask, moved.target, moved.target_mask)
    } == {"meta"}


def sentences(made):
    return [tuple(TARGET.decode(row.tolist())) for row in made.target]


@pytest.mark.parametrize("size", [1, 10, 50, 103])
def test_an_epoch_has_every_pair_once(make, size):
    steps = len(PAIRS) // size
    batches = make(size)
    seen = [s for step in range(steps) for s in sentences(batches(step))]
    assert len(seen) == len(set(seen)) == steps * size
    again = [s for step in range(steps, 2 * steps) for s in sentences(batches(step))]
    assert seen != again


def test_short_and_long_batches_come_in_no_order(make):
    batch_of = make(10)
    widths = [batch_of(step).source.shape[1] for step in range(10)]
    assert widths not in (sorted(widths), sorted(widths, reverse=True))


def test_the_next_epoch_is_not_the_first_of_the_next_seed(make):
    steps = len(PAIRS) // 10
    this, other = make(10), make(10, seed=1)
    later = [sentences(this(steps + number)) for number in range(steps)]
    assert later != [sentences(other(number)) for number in range(steps)]


def test_the_batch_of_a_step_does_not_hang_on_what_was_asked_before(make):
    forward = make(10)
    first = [sentences(forward(step)) for step in range(25)]
    backward = make(10)
    assert [sentences(backward(s)) for s in reversed(range(25))] == first[::-1]
    assert [sentences(make(10, seed=1)(step)) for step in range(25)] != first


def test_sentences_of_about_one_length_come_together(make):
    def filled(made):
        return (~made.source_mask).float().mean().item()

    ours = sum(filled(make(10)(step)) for step in range(10)) / 10
    as_they_come = filled(batch(PAIRS, SOURCE, TARGET))
    assert ours < as_they_come / 3


def test_more_than_there_are_is_all_there_are(make):
    assert len(make(500)(7).source) == len(PAIRS)


def test_an_unknown_word_is_no_error():
    made = batch([Pair(("xyz",), ("zyx",))], SOURCE, TARGET)
    assert made.source.tolist() == [[UNKNOWN, END]]
    assert torch.equal(made.target, torch.tensor([[BEGIN, UNKNOWN, END]]))
