"""Why `tokenization` can be believed."""

import json
import unicodedata
from functools import cache
from pathlib import Path

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer as TheirTokenizer
from tokenizers import models, pre_tokenizers, trainers

from snippets.corpora.robot import robot
from snippets.demos import tokenization as demo
from snippets.lab import freshness, record
from snippets.text import fast_bpe
from snippets.text import tokenization as snippet
from snippets.text.tokenization import BYTES, Tokenizer, split, train

# Several scripts, runs of one letter, endings, digits, every kind of space.
MIXED = (
    "aaaa aaa aaaaaaa baab, it's they'll I'D 12 1234 x1y2!? ¿?… naïve Straße "
    "скользкий стакан скользкий 滑りやすいグラス滑 🫗🫗👩\u200d👩\u200d👧 é e\u0301 "
    "\u00a0\u3000 \t\n\n  end  "
    "def f(x):\n    return x  # twice\n    return x\n\r\n\x1c\x85\u2028\u200b"
)
TEXTS = {
    "robot": robot(),
    "mixed": MIXED * 3 + MIXED[::-1],
    "code": Path(snippet.__file__).read_text(encoding="utf-8"),
}
# Few letters, so that pairs repeat and tie.
NARROW = st.text("ab 'sé\n", max_size=60)
# How the library writes a byte, in its own order: its n-th character is id n.
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())
LETTER = [ALPHABET[BYTES.index(byte)] for byte in range(256)]


@cache
def trained():
    return train(robot(), 512)


def their_letters(data):
    """Bytes as the library writes them."""
    return "".join(LETTER[byte] for byte in data)


def library(text, vocab_size, min_frequency=2):
    """Hugging Face's byte-level BPE, trained on the same text."""
    theirs = TheirTokenizer(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        show_progress=False,
        initial_alphabet=ALPHABET,
    )
    theirs.train_from_iterator([text], trainer)
    return theirs


def merges_of(theirs):
    """The library's merges, in its order, as pairs of its own ids."""
    model = json.loads(theirs.to_str())["model"]
    return [(model["vocab"][a], model["vocab"][b]) for a, b in model["merges"]]


def assert_equals_library(text, vocab_size, min_frequency=2, others=()):
    """The same merges, the same tokens, and the same ids of any text."""
    ours = train(text, vocab_size, min_frequency)
    theirs = library(text, vocab_size, min_frequency)
    assert ours.merges == merges_of(theirs)
    in_their_letters = [their_letters(token) for token in ours.tokens]
    every = range(theirs.get_vocab_size())
    assert in_their_letters == [theirs.id_to_token(token) for token in every]
    for other in (text, *others):
        ids = ours.encode(other)
        assert ids == theirs.encode(other).ids
        assert ours.decode(ids) == other


@pytest.mark.parametrize("min_frequency", [1, 2])
@pytest.mark.parametrize("vocab_size", [256, 512])
@pytest.mark.parametrize("name", TEXTS)
def test_train_and_encode_equal_the_library(name, vocab_size, min_frequency):
    assert_equals_library(TEXTS[name], vocab_size, min_frequency, TEXTS.values())


@given(NARROW, NARROW, st.integers(1, 3))
def test_train_breaks_ties_as_the_library_does(text, other, min_frequency):
    assert_equals_library(text, 280, min_frequency, [other])


@pytest.mark.parametrize(
    ("text", "min_frequency", "learned"),
    [
        ("", 1, 0),
        ("a", 1, 0),
        ("   ", 2, 1),  # three equal bytes hold the pair twice, overlapping
        ("ab", 2, 0),
        ("ab", 1, 1),
        ("é", 1, 1),
        ("aaaa", 1, 2),
        ("ab ab ab", 2, 2),
    ],
)
def test_train_stops_when_no_pair_is_left(text, min_frequency, learned):
    # karpathy/minbpe #114: train("ab", 300) and train("", 260) raise an error.
    assert len(train(text, 300, min_frequency).merges) == learned
    assert_equals_library(text, 300, min_frequency)


@pytest.mark.parametrize("train", [train, fast_bpe.train])
@pytest.mark.parametrize(("vocab_size", "min_frequency"), [(255, 2), (0, 2), (300, 0)])
def test_train_refuses_impossible_sizes(train, vocab_size, min_frequency):
    with pytest.raises(ValueError, match="at least 256 tokens and a frequency of 1"):
        train("the robot", vocab_size, min_frequency)


@given(NARROW, st.integers(1, 3))
@example(robot(), 2)
@example(TEXTS["mixed"], 1)
def test_fast_training_equals_the_recount(text, min_frequency):
    assert fast_bpe.train(text, 400, min_frequency) == train(text, 400, min_frequency)


def test_split_takes_every_character_as_the_library_does():
    # The characters of Unicode 3.2: about newer ones, releases of the library and of
    # `regex` may differ, since one of them may not know yet that it is a letter.
    known = [
        character
        for character in map(chr, range(0x110000))
        if unicodedata.ucd_3_2_0.category(character) not in ("Cn", "Co", "Cs")
    ]
    theirs = pre_tokenizers.ByteLevel(add_prefix_space=False)
    assert len(known) > 90_000
    for start in range(0, len(known), 100):
        text = "".join(f"a{c}1 {c}!{c}{c}  {c} " for c in known[start : start + 100])
        words = [their_letters(word.encode()) for word in split(text)]
        assert words == [word for word, _ in theirs.pre_tokenize_str(text)]


def test_decode_gives_every_character_back():
    # All 1,114,112 code points, the 2,048 halves of surrogate pairs among them.
    for start in range(0, 0x110000, 0x10000):
        text = "".join(map(chr, range(start, start + 0x10000)))
        assert trained().decode(trained().encode(text)) == text


def test_decode_replaces_half_a_character():
    first, *rest = trained().encode("滑")
    assert trained().decode([first]) == "\N{REPLACEMENT CHARACTER}"
    assert trained().decode([first, *rest]) == "滑"


@pytest.mark.parametrize("token", [-1, 512, 10**9])
def test_decode_refuses_an_id_outside_the_vocabulary(token):
    with pytest.raises(ValueError, match=rf"no token {token}: ids go from 0 to 511"):
        trained().decode([0, token])


def test_encode_knows_no_special_token():
    tokenizer = train("<|endoftext|> " * 50, 300)
    ids = tokenizer.encode("<|endoftext|>")
    assert tokenizer.decode(ids) == "<|endoftext|>"
    assert len(ids) > 1 and max(ids) < len(tokenizer.tokens)


def in_no_order(self, word):
    """Merges whatever pair is known, from left to right."""
    ids, before = snippet.to_ids(word), None
    while ids != before:
        before, ids = ids, []
        for token in before:
            if ids and (ids[-1], token) in self.rank:
                ids[-1] = 256 + self.rank[ids[-1], token]
            else:
                ids.append(token)
    return ids


def at_spaces(text):
    """Loses what kind of space it was, and how many."""
    return regex.findall(r"(?:^| )\S+", " ".join(text.split()))


@pytest.mark.parametrize(
    ("where", "name", "faulty"),
    [
        # The simple BPE notebook of rasbt/LLMs-from-scratch: it encodes in no order,
        # splits at spaces, and trains on the text as one string.
        (Tokenizer, "encode_word", in_no_order),
        (snippet, "split", at_spaces),
        (snippet, "split", lambda text: [text]),
        # karpathy/minbpe: of equally frequent pairs the first that it met.
        (snippet, "min", lambda counts, key: max(counts, key=counts.get)),
    ],
)
def test_known_mistakes_do_not_equal_the_library(monkeypatch, where, name, faulty):
    monkeypatch.setattr(where, name, faulty, raising=False)
    with pytest.raises(AssertionError):
        assert_equals_library(robot(), 512)


@pytest.mark.fresh
def test_benchmark_is_of_this_code_and_keeps_its_bound():
    result = json.loads((record.RESULTS / "benchmarks/tokenization.json").read_text())
    data, recipe = result["data"], result["recipe"]
    assert recipe["code"] == record.code_hash("snippets.text.fast_bpe"), (
        "record it again: python tests/benchmarks/tokenization.py --record"
    )
    assert recipe["command"] == "python tests/benchmarks/tokenization.py"
    assert recipe["torch"] == freshness.pins()["torch"]
    assert data["merges"] == data["vocab_size"] - 256
    assert (data["bytes"], data["vocab_size"], recipe["threads"]) == (10**6, 1024, 1)
    assert data["merges_differ"] == data["ids_differ"] == 0
    assert data["our_seconds"] <= 3 * data["library_seconds"]
    assert data["our_seconds"] < data["recount_seconds"]
    assert freshness.misdated(result) == []


def test_drawn_tree_joins_what_encoding_joins():
    tokenizer = train("slip slippery lip drip drop " * 3, 300)
    for word in ("slippery", "flipper", "xyz"):
        left = [(at, at + 1) for at in range(len(word))]
        for node in demo.tree(word, tokenizer):
            start, end = node["start"], node["end"]
            assert node["text"] == word[start:end]
            left = [s for s in left if not start <= s[0] < end] + [(start, end)]
        assert [word[a:b] for a, b in sorted(left)] == demo.pieces(tokenizer, word)


def test_coined_words_are_counted_where_their_parts_meet():
    bert = demo.WordPiece(["un", "##do", "##ne", "a", "##b", "##c"])
    assert demo.boundaries(["un", "##do", "##ne"]) == [2, 4]
    counted = demo.coined(bert, [("un", "done"), ("a", "bc"), ("ab", "c")])
    # undone: cut there and elsewhere; a|b|c twice, each time at both places.
    assert (counted["cut"], counted["two"]) == (3, 0)
    assert counted["by_chance"] == pytest.approx(2 / 5 + 2 / 2 + 2 / 2)
