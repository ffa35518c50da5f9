"""Why WordPiece, of `tokenization`, can be believed."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import BertTokenizerFast

from snippets.corpora.robot import SENTENCE
from snippets.demos import tokenization as demo
from snippets.lab import weights
from snippets.text import wordpiece as snippet
from snippets.text.wordpiece import WordPiece, pieces, words

try:  # its name from transformers 5 on
    from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy
except ModuleNotFoundError:
    from transformers import BertTokenizer as BertTokenizerLegacy

# What a program may meet: each script, each kind of space, each kind of nothing.
TEXTS = [
    SENTENCE,
    "",
    " \t\n\r ",
    "UNHAPPINESS, Naïve Zoë's CAFÉ; e\u0301te\u0301 İstanbul ΟΔΟΣ ΟΔΟΣ. Straße ﬁ ǅ",
    "skoльзкий Скользкий стакан й и\u0306",
    "滑りやすいグラス 東京都 豈更 \U00020000\U0002b820 ｇｌａｓｓ",
    "한국어 서울 \u1112\u1161\u11ab",
    "नमस्ते שָׁלוֹם مُرَحَّب ไทย",
    "a\x00b a\x01b a\x7fb a\x85b a\u200bb a\u200db a\ufeffb a\u00adb a\ufffdb",
    "a\u00a0b a\u2003b a\u3000b a\u2028b a\u2029b a\u1680b",
    "$5.00 + 3^2 = `x` ~ {y} | z\\ ¿? ¡! “a” ‹b› — … № €",
    "👩\u200d👩\u200d👧 🫗 ❤\ufe0f",
    "half \ud800 a pair",
    "[unused5] [ MASK ] ##ing",
]
LONG = ["a" * n for n in (99, 100, 101, 5000)] + [
    # A hundred and one letters, of which fifty and more are accents that go.
    "e\u0301" * 51,
    "-".join(["a" * 101, "b"]),
    "滑" * 101,
]
ANYTHING = st.text(st.characters(exclude_categories=[]), max_size=40)
# Capitals, accents, ideographs, signs and nothings, thick on the ground.
RICH = st.text(
    st.sampled_from(
        "aEéÉ\u0301ßΣσİ滑豈한\u1112\u1161.-'¿ \t\n\x00\x07\u200b\u00a0\ufffd"
    )
)


def known_to_all(sign):
    """A character of Unicode 3.2 whose kind has not changed since; no capital sigma.

    About newer ones releases differ: Hugging Face's Rust does not know all of them.
    Four of the old ones changed: a sign became a symbol, one mark became a letter's
    companion, two letters became marks.
    """
    kind = unicodedata.ucd_3_2_0.category(sign)
    return kind not in ("Cn", "Co", "Cs") and sign not in "\u166d\u1734\u1885\u1886Σ"


@pytest.fixture(scope="module")
def slow():
    """Hugging Face's in Python, which follows Google's own line by line."""
    return BertTokenizerLegacy(str(weights.minilm() / "vocab.txt"))


@pytest.fixture(scope="module")
def fast():
    """Hugging Face's in Rust."""
    return BertTokenizerFast(str(weights.minilm() / "vocab.txt"))


@pytest.fixture(scope="module")
def ours():
    return WordPiece(weights.vocabulary())


@pytest.mark.parametrize("text", TEXTS + LONG, ids=ascii)
def test_for_bert_equals_hugging_faces(ours, slow, fast, text):
    text = text.replace("Σ", "σ")  # which has a test of its own
    tokens, ids = ours.for_bert(text)
    # Rust takes no half of a pair.
    for theirs in (slow, fast) if "\ud800" not in text else (slow,):
        assert tokens[1:-1] == theirs.tokenize(text)
        assert ids == theirs(text)["input_ids"]


@given(st.one_of(ANYTHING, RICH))
@example("\ud800")
@example("[SEP]")
def test_tokenize_cuts_any_text_as_in_python(ours, slow, text):
    assert words(text) == slow.basic_tokenizer.tokenize(text)
    # A typed mark, too, has a test of its own.
    text = text.replace("Σ", "σ").replace("[", "(")
    assert ours.tokenize(text) == slow.tokenize(text)


def test_tokenize_takes_what_rust_takes_otherwise_as_python_does(
    ours, slow, fast, unchecked
):
    # Its tables end sooner: later ideographs, marks and punctuation are others there.
    kinds = {"Cn", "Co", "Cs"}  # not assigned, private, half of a pair
    signs = [
        c for c in map(chr, range(0x110000)) if unicodedata.category(c) not in kinds
    ]
    assert len(signs) > 140_000
    texts = [f"a{c}b".replace("Σ", "σ") for c in signs]
    apart = []
    for start in range(0, len(texts), 200):
        block = texts[start : start + 200]
        if ours.tokenize(" ".join(block)) != fast.tokenize(" ".join(block)):
            apart += [
                text for text in block if ours.tokenize(text) != fast.tokenize(text)
            ]
    assert not [text for text in apart if known_to_all(text[1])]
    assert [ours.tokenize(text) for text in apart] == [
        slow.tokenize(text) for text in apart
    ]


def test_words_let_every_ideograph_of_bert_stand_alone(slow):
    ends = {end for ends in snippet.IDEOGRAPHS for end in ends}
    codes = {*range(0x2E80, 0x30000, 7), *(e + d for e in ends for d in (-1, 0, 1))}
    text = " ".join(f"a{chr(code)}b" for code in sorted(codes))
    assert words(text) == slow.basic_tokenizer.tokenize(text)


def test_words_know_a_final_sigma_as_python_does(ours, slow, fast):
    # Python's lower() knows that a word of Greek ends in another small sigma, as
    # Google's own tokenizer did. Rust's goes character by character, and so did what
    # stood before Python's until transformers 5.
    assert words("ΟΔΟΣ") == slow.basic_tokenizer.tokenize("ΟΔΟΣ") == ["οδος"]
    assert ours.tokenize("ΟΔΟΣ") == ["ο", "##δ", "##ος"]
    assert fast.tokenize("ΟΔΟΣ") == ["ο", "##δ", "##ο", "##σ"]


@pytest.mark.parametrize("mark", ["[CLS]", "[SEP]", "[PAD]", "[MASK]", "[UNK]"])
def test_tokenize_takes_a_typed_mark_for_text(ours, slow, fast, mark):
    text = f"the {mark} robot"
    cut = ours.tokenize(text)
    assert mark not in cut or mark == "[UNK]"
    assert cut == fast.tokenize(text, split_special_tokens=True)
    # What is left alone, theirs take for the mark itself.
    assert mark in slow.tokenize(text) and mark in fast.tokenize(text)


PIECES = st.text("ab", min_size=1, max_size=3)


@given(st.text("ab", min_size=1, max_size=8), st.sets(PIECES), st.sets(PIECES))
def test_pieces_equal_the_librarys_with_any_vocabulary(word, first, then):
    known = sorted(first | {f"##{piece}" for piece in then} | {"[UNK]"})
    vocabulary = {piece: i for i, piece in enumerate(known)}
    theirs = models.WordPiece(vocabulary, unk_token="[UNK]")
    assert pieces(word, vocabulary) == [t.value for t in theirs.tokenize(word)]


@given(st.lists(st.integers(0, 30521), max_size=20))
@example([0, 30521])
def test_decode_puts_pieces_together_as_hugging_face_does(ours, fast, ids):
    # Without its guess at where a space before punctuation was not in the text.
    together = decoders.WordPiece(cleanup=False)
    theirs = together.decode(fast.convert_ids_to_tokens(ids))
    assert ours.decode(ids) == theirs


@pytest.mark.parametrize("token", [-1, 30522])
def test_decode_refuses_an_id_outside_the_vocabulary(ours, token):
    with pytest.raises(ValueError, match=rf"no token {token}: ids go from 0 to 30521"):
        ours.decode([0, token])


def test_trainer_of_hugging_face_merges_the_most_frequent_pair():
    # The page says so: it wraps the trainer of BPE, and keeps no score.
    words = [word for word, times in demo.HAND.items() for _ in range(times)]
    theirs = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    theirs.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    letters = len({(n > 0, letter) for word in words for n, letter in enumerate(word)})
    # Theirs begins with every letter, plain as well as marked.
    plain = len({*"".join(words)} - {word[0] for word in words})
    trainer = trainers.WordPieceTrainer(
        vocab_size=letters + plain + 1, show_progress=False
    )
    theirs.train_from_iterator([" ".join(words)], trainer)
    longer = [t for t in theirs.get_vocab() if len(t.removeprefix("##")) > 1]
    assert longer == ["##ip"]
    best, *_ = demo.word_piece_scores(demo.HAND)
    assert (best["pair"], best["score"]) == ("s ##l", 9 / (9 * 9))
