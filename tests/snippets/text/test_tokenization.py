"""Why `tokenization` can be believed."""

import json
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as TheirTokenizer
from tokenizers import models, pre_tokenizers, trainers

from snippets.corpora.robot import SENTENCE, robot
from snippets.demos import tokenization as demo
from snippets.lab import freshness, record
from snippets.text import tokenization as snippet
from snippets.text.tokenization import BYTES, Tokenizer, merge, split, train

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
# Few letters, so that pairs repeat and tie; then anything, half surrogates too.
NARROW = st.text("ab 'sé\n", max_size=60)
ANYTHING = st.text(st.characters(exclude_categories=[]), max_size=60)
# How the library writes a byte, in its own order: its n-th character is id n.
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())
LETTER = [ALPHABET[BYTES.index(byte)] for byte in range(256)]
ROBOT = train(robot(), 512)


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


def recount(text, vocab_size, min_frequency=2):
    """The same by brute force: all words, all pairs, counted again at every merge."""
    words = [
        [BYTES.index(byte) for byte in word.encode("utf-8", "surrogatepass")]
        for word in split(text)
    ]
    merges = []
    while 256 + len(merges) < vocab_size:
        counts = Counter(pair for word in words for pair in pairwise(word))
        if not counts or max(counts.values()) < min_frequency:
            break
        most = max(counts.values())
        pair = min(pair for pair, count in counts.items() if count == most)
        for word in words:
            start = 0
            while start < len(word) - 1:
                if (word[start], word[start + 1]) == pair:
                    word[start : start + 2] = [256 + len(merges)]
                start += 1
        merges.append(pair)
    return merges, [token for word in words for token in word]


@pytest.mark.parametrize("min_frequency", [1, 2])
@pytest.mark.parametrize("vocab_size", [256, 257, 300, 512, 1000])
@pytest.mark.parametrize("name", TEXTS)
def test_equals_the_library_merge_for_merge_and_id_for_id(
    name, vocab_size, min_frequency
):
    text = TEXTS[name]
    ours = train(text, vocab_size, min_frequency)
    theirs = library(text, vocab_size, min_frequency)
    assert ours.merges == merges_of(theirs)
    assert len(ours.tokens) == theirs.get_vocab_size()
    for other in TEXTS.values():
        assert ours.encode(other) == theirs.encode(other).ids
    every = range(len(ours.tokens))
    in_their_letters = [their_letters(token) for token in ours.tokens]
    assert in_their_letters == [theirs.id_to_token(token) for token in every]


@given(NARROW, NARROW, st.integers(1, 3))
def test_equals_the_library_on_texts_full_of_ties(text, other, min_frequency):
    ours = train(text, 280, min_frequency)
    theirs = library(text, 280, min_frequency)
    assert ours.merges == merges_of(theirs)
    assert ours.encode(other) == theirs.encode(other).ids


def test_every_character_falls_into_the_same_word_as_in_the_library():
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


@given(st.text("a1 '!st\n\t\u00a0é滑", max_size=40))
def test_words_are_those_of_the_library(text):
    cut = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    words = [text[start:end] for _, (start, end) in cut]
    assert split(text) == words


@given(NARROW, st.integers(1, 3))
def test_equals_a_recount_at_every_merge(text, min_frequency):
    merges, ids = recount(text, 280, min_frequency)
    ours = train(text, 280, min_frequency)
    assert ours.merges == merges
    # Encoding afterwards cuts the text as training left it.
    assert ours.encode(text) == ids


@pytest.mark.parametrize("name", TEXTS)
def test_encoding_agrees_with_training(name):
    _, ids = recount(TEXTS[name], 320)
    assert train(TEXTS[name], 320).encode(TEXTS[name]) == ids


@given(ANYTHING, ANYTHING)
def test_decoding_gives_the_text_back(text, learned_from):
    for tokenizer in (ROBOT, train(learned_from, 300, 1)):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_every_character_comes_back():
    # All 1,114,112 code points, the 2,048 halves of surrogate pairs among them.
    for start in range(0, 0x110000, 0x10000):
        text = "".join(map(chr, range(start, start + 0x10000)))
        assert ROBOT.decode(ROBOT.encode(text)) == text


@given(st.lists(st.integers(0, 511)))
def test_any_ids_decode_to_some_text(ids):
    data = b"".join(ROBOT.tokens[token] for token in ids)
    try:
        expected = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        expected = data.decode("utf-8", "replace")
    assert ROBOT.decode(ids) == expected


def test_half_a_character_decodes_to_the_replacement_character():
    first, *rest = ROBOT.encode("滑")
    assert ROBOT.decode([first]) == "\N{REPLACEMENT CHARACTER}"
    assert ROBOT.decode([first, *rest]) == "滑"


@pytest.mark.parametrize("token", [-1, 512, 10**9])
def test_an_id_outside_the_vocabulary_is_refused(token):
    with pytest.raises(ValueError, match=rf"no token {token}: ids go from 0 to 511"):
        ROBOT.decode([0, token])


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
def test_training_stops_when_no_pair_is_left(text, min_frequency, learned):
    # karpathy/minbpe #114: train("ab", 300) and train("", 260) raise an error.
    tokenizer = train(text, 300, min_frequency)
    assert len(tokenizer.merges) == learned
    assert tokenizer.merges == merges_of(library(text, 300, min_frequency))
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize(("vocab_size", "min_frequency"), [(255, 2), (0, 2), (300, 0)])
def test_impossible_sizes_are_refused_in_one_line(vocab_size, min_frequency):
    with pytest.raises(ValueError, match="at least 256 tokens and a frequency of 1"):
        train("the robot", vocab_size, min_frequency)


@given(NARROW)
def test_every_token_is_learned_once_and_used_in_training(text):
    tokenizer = train(text, 300, 1)
    assert len(set(tokenizer.tokens)) == len(tokenizer.tokens)
    # Each merge shortens the text: what it made was in it at that moment.
    lengths = [
        len(Tokenizer(tokenizer.merges[:n]).encode(text))
        for n in range(len(tokenizer.merges) + 1)
    ]
    assert all(after < before for before, after in pairwise(lengths))


def test_a_special_token_cannot_be_typed():
    tokenizer = train("<|endoftext|> " * 50, 300)
    ids = tokenizer.encode("<|endoftext|>")
    assert tokenizer.decode(ids) == "<|endoftext|>"
    assert len(ids) > 1 and max(ids) < len(tokenizer.tokens)


def test_a_tokenizer_is_its_merges_and_survives_a_file(tmp_path):
    # karpathy/minbpe: a special token with a space breaks its file's format.
    file = tmp_path / "merges.json"
    file.write_text(json.dumps(ROBOT.merges))
    merges = [(left, right) for left, right in json.loads(file.read_text())]
    assert Tokenizer(merges) == ROBOT
    assert Tokenizer(merges).encode(MIXED) == ROBOT.encode(MIXED)


class Faulty(Tokenizer):
    """Encodes as the simple BPE notebook of rasbt/LLMs-from-scratch does."""

    def encode_word(self, word):
        """Whatever pair is known, from left to right, in no order of learning."""
        ids, before = snippet.to_ids(word), None
        while ids != before:
            before, ids = ids, []
            for token in before:
                if ids and (ids[-1], token) in self.rank:
                    ids[-1] = 256 + self.rank[ids[-1], token]
                else:
                    ids.append(token)
        return ids


def test_planted_fault_merging_in_no_order_disagrees_with_training():
    text = robot()
    theirs = library(text, 512).encode(text).ids
    assert Faulty(ROBOT.merges).encode(text) != theirs == ROBOT.encode(text)


def test_planted_fault_training_across_words_learns_tokens_never_used(monkeypatch):
    # rasbt/LLMs-from-scratch, simple BPE notebook: training reads the text as one
    # string, encoding splits it at spaces: many tokens can never come out.
    text = robot()[:4000]
    with monkeypatch.context() as patch:
        patch.setattr(snippet, "split", lambda whole: [whole])
        faulty = train(text, 400)
    across = [token for token in faulty.tokens if len(split(token.decode("l1"))) > 1]
    used = {faulty.tokens[token] for token in faulty.encode(text)}
    assert len(across) > 20 and used.isdisjoint(across)
    assert faulty.merges != merges_of(library(text, 400))
    right = train(text, 400)
    assert all(len(split(token.decode("l1"))) == 1 for token in right.tokens[256:])


def test_planted_fault_splitting_at_spaces_loses_the_text(monkeypatch):
    # The same notebook: words are found by str.split, and joined by one space.
    text = "two  spaces\tand\na line "
    monkeypatch.setattr(
        snippet,
        "split",
        lambda text: regex.findall(r"(?:^| )\S+", " ".join(text.split())),
    )
    assert ROBOT.decode(ROBOT.encode(text)) != text


def test_planted_fault_another_rule_for_ties_gives_other_merges(monkeypatch):
    # The first pair met, as max() over a dict gives it (karpathy/minbpe).
    def first_met(self):
        return max(self.counts.items(), key=lambda pair: pair[1])

    text = robot()
    monkeypatch.setattr(snippet.Words, "most_frequent", first_met)
    assert train(text, 320).merges != merges_of(library(text, 320))


def test_merging_goes_from_left_to_right():
    assert merge([1, 1, 1], (1, 1), 9) == [9, 1]
    assert merge([1, 1, 1, 1], (1, 1), 9) == [9, 9]
    assert merge([1, 2, 1, 2, 2], (1, 2), 9) == [9, 9, 2]


def test_the_page_shows_what_the_library_would():
    data = demo.demo()
    theirs = library(robot(), 512)
    shown = data["robot"]["tokens"]
    assert [token["id"] for token in shown] == theirs.encode(SENTENCE).ids
    assert "".join(t["text"] for t in shown).replace("·", " ") == SENTENCE
    assert data["agreement"]["trained"] == data["agreement"]["encoded"]
    merges, _ = recount(robot(), 264)
    assert [merged["id"] for merged in data["merges"]] == list(range(256, 264))
    words = [word.encode() for word in split(robot())]
    first = b"".join(bytes([BYTES[token]]) for token in merges[0])
    assert data["merges"][0]["times"] == sum(word.count(first) for word in words)


def test_the_recorded_benchmark_is_that_of_this_code_and_keeps_the_bound():
    result = json.loads((record.RESULTS / "benchmarks/tokenization.json").read_text())
    data, recipe = result["data"], result["recipe"]
    assert recipe["code"] == record.code_hash("snippets.text.tokenization"), (
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
