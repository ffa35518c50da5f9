"""Why WordPiece, of `tokenization`, can be believed."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import decoders
from transformers import BertTokenizerFast

from snippets.corpora.robot import SENTENCE
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
def test_tokens_and_ids_equal_hugging_faces_in_python(ours, slow, text):
    text = text.replace("Σ", "σ")  # which has a test of its own
    tokens, ids = ours.for_bert(text)
    assert tokens[1:-1] == slow.tokenize(text)
    assert ids == slow(text)["input_ids"]


# Rust takes no half of a pair.
@pytest.mark.parametrize(
    "text", [t for t in TEXTS + LONG if "\ud800" not in t], ids=ascii
)
def test_tokens_and_ids_equal_hugging_faces_in_rust(ours, fast, text):
    text = text.replace("Σ", "σ")
    tokens, ids = ours.for_bert(text)
    assert tokens[1:-1] == fast.tokenize(text)
    assert ids == fast(text)["input_ids"]


@given(ANYTHING)
@example("\ud800")
def test_any_text_at_all_is_cut_as_in_python(ours, slow, text):
    assert words(text) == slow.basic_tokenizer.tokenize(text)
    text = text.replace("Σ", "σ")
    assert ours.tokenize(text) == slow.tokenize(text)


@given(RICH)
def test_texts_full_of_traps_are_cut_as_in_both(ours, slow, fast, text):
    text = text.replace("Σ", "σ")
    assert ours.tokenize(text) == slow.tokenize(text) == fast.tokenize(text)


@given(st.text(st.characters(exclude_categories=["Cs"]).filter(known_to_all)))
def test_any_text_of_settled_characters_is_cut_as_in_rust(ours, fast, text):
    assert ours.tokenize(text) == fast.tokenize(text)


def test_where_rust_takes_a_character_otherwise_ours_takes_it_as_python_does(
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


def test_every_ideograph_of_bert_stands_alone_and_no_other_sign(slow):
    ends = {end for ends in snippet.IDEOGRAPHS for end in ends}
    codes = {*range(0x2E80, 0x30000, 7), *(e + d for e in ends for d in (-1, 0, 1))}
    text = " ".join(f"a{chr(code)}b" for code in sorted(codes))
    assert words(text) == slow.basic_tokenizer.tokenize(text)


def test_a_final_sigma_is_one_in_python_and_none_in_rust(ours, slow, fast):
    # Python's lower() knows that a word of Greek ends in another small sigma, as
    # Google's own tokenizer did. Rust's goes character by character, and so did what
    # stood before Python's until transformers 5.
    assert words("ΟΔΟΣ") == slow.basic_tokenizer.tokenize("ΟΔΟΣ") == ["οδος"]
    assert ours.tokenize("ΟΔΟΣ") == ["ο", "##δ", "##ος"]
    assert fast.tokenize("ΟΔΟΣ") == ["ο", "##δ", "##ο", "##σ"]


@pytest.mark.parametrize("mark", ["[CLS]", "[SEP]", "[PAD]", "[MASK]", "[UNK]"])
def test_a_mark_that_is_typed_is_text(ours, slow, fast, mark):
    text = f"the {mark} robot"
    cut = ours.tokenize(text)
    assert mark not in cut or mark == "[UNK]"
    assert cut == fast.tokenize(text, split_special_tokens=True)
    # What is left alone, theirs take for the mark itself.
    assert mark in slow.tokenize(text) and mark in fast.tokenize(text)


def test_the_vocabulary_comes_back_from_its_own_words(ours):
    whole = [t for t in ours.tokens if t.isalpha() and t.isascii()]
    assert len(whole) > 20_000
    assert all(ours.tokenize(token) == [token] for token in whole)


def by_all_ways(word, known):
    """Of all ways to cut the word into known pieces, the one greed would take."""
    ways = [[]] if not word else []
    stack = [(0, [])]
    while stack:
        start, way = stack.pop()
        if start == len(word):
            ways.append(way)
            continue
        ends = [
            end
            for end in range(start + 1, len(word) + 1)
            if ("##" if start else "") + word[start:end] in known
        ]
        stack += [(e, [*way, ("##" if start else "") + word[start:e]]) for e in ends]
    return max(
        ways, key=lambda way: [len(p.removeprefix("##")) for p in way], default=None
    )


@given(
    st.text("ab", min_size=1, max_size=8),
    st.sets(st.text("ab", min_size=1, max_size=3), max_size=6),
    st.sets(st.text("ab", min_size=1, max_size=3), max_size=6),
)
def test_the_cut_is_the_greediest_of_all_where_greed_succeeds(word, first, then):
    known = first | {f"##{piece}" for piece in then}
    cut, best = pieces(word, known), by_all_ways(word, known)
    if cut == ["[UNK]"]:
        # Greed may end in an alley although some other way goes through.
        assert best is None or best != cut
    else:
        assert cut == best


def test_greed_may_fail_where_another_cut_would_do():
    known = {"ab", "a", "##bc"}
    assert by_all_ways("abc", known) == ["a", "##bc"]
    assert pieces("abc", known) == ["[UNK]"]


@given(ANYTHING)
def test_words_hold_no_space_no_capital_and_nothing_unseen(text):
    for word in words(text):
        assert word and not word.isspace() and word == word.strip()
        kinds = {unicodedata.category(sign) for sign in word}
        assert not kinds & {"Mn", "Cc", "Cf", "Cn", "Cs", "Zs"}


@given(st.lists(st.integers(0, 30521), max_size=20))
def test_decoding_puts_pieces_together_as_hugging_face_does(ours, fast, ids):
    # Without its guess at where a space before punctuation was not in the text.
    together = decoders.WordPiece(cleanup=False)
    theirs = together.decode(fast.convert_ids_to_tokens(ids))
    assert ours.decode(ids) == theirs


@pytest.mark.parametrize("token", [-1, 30522])
def test_an_id_outside_the_vocabulary_is_refused(ours, token):
    with pytest.raises(ValueError, match=rf"no token {token}: ids go from 0 to 30521"):
        ours.decode([0, token])


def a_piece_at_a_time_is_unknown(word, known):
    """Keeps what it knew of a word: [UNK] for the rest."""
    cut = []
    while word:
        mark = "##" if cut else ""
        fits = [e for e in range(len(word), 0, -1) if mark + word[:e] in known]
        if not fits:
            return [*cut, "[UNK]"]
        cut.append(mark + word[: fits[0]])
        word = word[fits[0] :]
    return cut


def shortest_first(word, known):
    cut, start = [], 0
    while start < len(word):
        mark = "##" if start else ""
        fits = [
            e for e in range(start + 1, len(word) + 1) if mark + word[start:e] in known
        ]
        if not fits:
            return ["[UNK]"]
        cut.append(mark + word[start : fits[0]])
        start = fits[0]
    return cut


@pytest.mark.parametrize(
    ("name", "faulty", "text"),
    [
        ("pieces", a_piece_at_a_time_is_unknown, "robot🫗"),
        ("pieces", shortest_first, SENTENCE),
        ("LONGEST_WORD", 10**9, "a" * 101),
        ("LONGEST_WORD", 99, "a" * 100),
        ("is_ideograph", lambda sign: False, "東京都"),
        # Japanese kana are letters: they make words.
        ("is_ideograph", lambda sign: "\u3040" <= sign <= "\u9fff", "すいグラス"),
        ("clean", str, "a\u200bb"),
    ],
)
def test_planted_faults_cut_otherwise_than_hugging_face(
    monkeypatch, ours, slow, fast, name, faulty, text
):
    assert ours.tokenize(text) == slow.tokenize(text) == fast.tokenize(text)
    monkeypatch.setattr(snippet, name, faulty)
    assert ours.tokenize(text) != slow.tokenize(text)
