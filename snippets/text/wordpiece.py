"""WordPiece, BERT's tokenizer: find the words, then cut each, longest piece first.

Papers: schuster-2012-wordpiece (where it comes from), wu-2016-gnmt-wordpiece (section
4.1), devlin-2018-bert. This is the uncased one: small letters, no accents. A special
token that somebody types is cut like any other text; Hugging Face's would take it for
the mark itself. How Google learned the pieces was never published as code.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Container, Sequence

UNKNOWN = "[UNK]"
LONGEST_WORD = 100

# Chinese characters, which stand in a text without spaces: each is
# a word. Letters of Japanese (kana) and Korean are not among them.
IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


def is_ideograph(sign: str) -> bool:
    """Whether a character is one of Chinese, by BERT's ranges."""
    return any(low <= ord(sign) <= high for low, high in IDEOGRAPHS)


def clean(text: str) -> str:
    """Every space a plain one, no control characters, ideographs alone."""
    kept = []
    for sign in text:
        kind = unicodedata.category(sign)
        if sign in "\t\n\r" or kind == "Zs":
            kept.append(" ")
        elif kind[0] != "C" and sign != "\N{REPLACEMENT CHARACTER}":
            kept.append(f" {sign} " if is_ideograph(sign) else sign)
    return "".join(kept)


def words(text: str) -> list[str]:
    """Small letters without accents; punctuation stands alone.

    >>> words("Zoë's CAFÉ")
    ['zoe', "'", 's', 'cafe']
    """
    small = unicodedata.normalize("NFC", clean(text)).lower()
    kept = []
    for sign in unicodedata.normalize("NFD", small):
        kind = unicodedata.category(sign)
        if sign in string.punctuation or kind[0] == "P":
            kept.append(f" {sign} ")
        elif kind != "Mn":  # an accent, now apart from its letter
            kept.append(sign)
    return "".join(kept).split()


def pieces(word: str, known: Container[str]) -> list[str]:
    """From the left, the longest piece that is known; then on.

    ## marks a piece that goes on: unhappiness, un ##happi ##ness.
    A word with one unknown piece is unknown as a whole.
    """
    if len(word) > LONGEST_WORD:
        return [UNKNOWN]
    found: list[str] = []
    start = 0
    while start < len(word):
        mark = "##" if start else ""
        for end in range(len(word), start, -1):
            if mark + word[start:end] in known:
                found.append(mark + word[start:end])
                start = end
                break
        else:
            return [UNKNOWN]
    return found


class WordPiece:
    """The tokenizer for a list of tokens; a token's place in it is its id."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = list(tokens)
        self.ids = {token: i for i, token in enumerate(self.tokens)}

    def tokenize(self, text: str) -> list[str]:
        """The text's tokens, as strings."""
        found = (pieces(word, self.ids) for word in words(text))
        return [token for word in found for token in word]

    def encode(self, text: str) -> list[int]:
        """The text's ids, without marks around them."""
        return [self.ids[token] for token in self.tokenize(text)]

    def for_bert(self, text: str) -> tuple[list[str], list[int]]:
        """Tokens and ids as BERT reads them, from [CLS] to [SEP]."""
        tokens = ["[CLS]", *self.tokenize(text), "[SEP]"]
        return tokens, [self.ids[token] for token in tokens]

    def decode(self, ids: list[int]) -> str:
        """The pieces put together: not the text, of which much is gone.

        Raises:
            ValueError: an id is not in the vocabulary.
        """
        last = len(self.tokens) - 1
        for token in ids:
            if not 0 <= token <= last:
                raise ValueError(
                    f"no token {token}: ids go from 0 to {last}"
                )
        text = " ".join(self.tokens[token] for token in ids)
        return text.replace(" ##", "")
