"""Why the ids of words can be believed: nothing is lost, added or moved."""

from hypothesis import given
from hypothesis import strategies as st

from snippets.text.vocabulary import BEGIN, END, PAD, SPECIAL, UNKNOWN, Vocabulary, pad


def test_vocabulary_numbers_the_frequent_first_after_the_special():
    vocabulary = Vocabulary([("b", "a"), ("a", "c"), ("a", "c")])
    assert vocabulary.words == [*SPECIAL, "a", "c", "b"]
    assert [vocabulary.words.index(name) for name in SPECIAL] == [0, 1, 2, 3]
    assert vocabulary.encode(("a", "zebra")) == [4, UNKNOWN]
    assert len(vocabulary) == 7
    again = Vocabulary.of(vocabulary.words)
    assert (again.words, again.ids) == (vocabulary.words, vocabulary.ids)


def test_decode_gives_the_words_up_to_the_end():
    vocabulary = Vocabulary([("b", "a"), ("a",)])
    ids = [BEGIN, 4, UNKNOWN, PAD, 5, END, 4, PAD]
    assert vocabulary.decode(ids) == ["a", "[unknown]", "b"]
    assert vocabulary.decode(vocabulary.encode(("b", "a"))) == ["b", "a"]


@given(st.lists(st.lists(st.integers(4, 50), min_size=1), min_size=1, max_size=8))
def test_pad_keeps_every_id_and_marks_it(sentences):
    ids, mask = pad(sentences)
    assert ids.shape == mask.shape == (len(sentences), max(map(len, sentences)))
    for row, real, sentence in zip(ids, mask, sentences, strict=True):
        assert row[real].tolist() == sentence
        assert (row[~real] == PAD).all()
        # The filling stands behind.
        assert real.tolist() == sorted(real.tolist(), reverse=True)
