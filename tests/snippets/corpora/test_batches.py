"""Why batches can be believed: nothing is lost, added or moved."""

import itertools

import pytest

from snippets.corpora.batches import batch, shuffled
from snippets.corpora.portuguese import pairs
from snippets.text.vocabulary import BEGIN, END, Vocabulary

PAIRS = list(itertools.islice(pairs("train", 0, 4, 14), 103))
SOURCE = Vocabulary(p.portuguese for p in PAIRS)
TARGET = Vocabulary(p.english for p in PAIRS)


@pytest.fixture
def make():
    return lambda size, seed=0: shuffled(PAIRS, SOURCE, TARGET, size, seed)


def test_batch_begins_ends_and_moves_whole():
    made = batch(PAIRS[:5], SOURCE, TARGET)
    for row, pair in enumerate(PAIRS[:5]):
        source = made.source[row][made.source_mask[row]].tolist()
        target = made.target[row][made.target_mask[row]].tolist()
        assert source == [*SOURCE.encode(pair.portuguese), END]
        assert target == [BEGIN, *TARGET.encode(pair.english), END]
    parts = vars(made.to("meta")).values()
    assert len(parts) == 4 and {part.device.type for part in parts} == {"meta"}


def sentences(made):
    return [tuple(TARGET.decode(row.tolist())) for row in made.target]


@pytest.mark.parametrize("size", [1, 10, 50, 103, 500])
def test_shuffled_has_every_pair_once_an_epoch(make, size):
    batches = make(size)
    size = min(size, len(PAIRS))  # more than there are is all there are
    steps = len(PAIRS) // size
    seen = [s for step in range(steps) for s in sentences(batches(step))]
    assert len(seen) == len(set(seen)) == steps * size
    again = [s for step in range(steps, 2 * steps) for s in sentences(batches(step))]
    assert seen != again


def test_shuffled_gives_the_batch_of_a_step_whatever_was_asked_before(make):
    forward, backward = make(10), make(10)
    first = [sentences(forward(step)) for step in range(25)]
    assert [sentences(backward(s)) for s in reversed(range(25))] == first[::-1]
    # And of a seed; its first epoch is none of another's later ones.
    other = [sentences(make(10, seed=1)(step)) for step in range(25)]
    steps = len(PAIRS) // 10
    assert other != first and other[:steps] != first[steps : 2 * steps]


def test_shuffled_puts_sentences_of_about_one_length_together(make):
    def filled(made):
        return (~made.source_mask).float().mean().item()

    made = [make(10)(step) for step in range(10)]
    as_they_come = filled(batch(PAIRS, SOURCE, TARGET))
    assert sum(map(filled, made)) / 10 < as_they_come / 3
    # But the batches come in no order of length.
    widths = [one.source.shape[1] for one in made]
    assert widths not in (sorted(widths), sorted(widths, reverse=True))
