"""The rules of written text: in the fields of a record, and in its body."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html import unescape

from reading_list.form import PLACEHOLDER
from reading_list.frontmatter import Document, Wrong, hidden_characters
from reading_list.messages import nearest
from reading_list.refusal import refuse

_TAG = re.compile(r"<\s*[a-zA-Z/!?][^>]*>?")
_ENTITY = re.compile(r"&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]+);")
_MOJIBAKE = re.compile(
    "\ufffd|Ã[\x80-\xbf©¨¶¼¤±³\xa0]|â€[™œ\x9d“”¢¦]|Ð[\x80-\xbf]|√[©®°±≥]|‚Ä[ôúù]"
    "|Ô∏è|ð\x9f|ï»¿"
)
#: A link's text may run over lines, so only its end is sought.
_LINK = re.compile(r"\]\(\s*<?([^)\s>]*)")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)", re.MULTILINE)
_AUTOLINK = re.compile(r"<((?:https?|ftp|javascript|data|file|mailto):[^>]*)>", re.I)
#: Links to pages of ours: a record beside this one, a concept, a page above.
_PAGE = re.compile(
    r"(?:(?P<record>[\w-]+)|\.\./concepts/(?P<concept>[\w-]+)|\.\./[\w-]+)\.md"
    r"(?:[#?][\w=-]+)?"
)
_CODE = re.compile(r"`[^`\n]*`")


def _hidden(text: str) -> Iterator[Wrong]:
    """Characters that nobody sees: no text may have them."""
    if bad := next(hidden_characters(text), None):
        yield Wrong(f"has the hidden character {bad[1]}", "remove it")


def _mangled(text: str) -> Iterator[Wrong]:
    """Letters lost on the way: only a text that quotes a list may have them."""
    if found := _MOJIBAKE.search(text):
        yield Wrong(
            f"has letters lost in an encoding ({found[0]!r})",
            "copy it again from its source",
        )


def in_a_field(text: str, quoted: bool) -> Iterator[Wrong]:
    """What is wrong with a text of the front matter.

    Args:
        quoted: whether it quotes a list as it stands, slips and all.
    """
    yield from _hidden(text)
    if text != unicodedata.normalize("NFC", text):
        yield Wrong(
            "has letters and accents as separate characters",
            "type it again, or save it in Unicode's NFC form",
        )
    if quoted:
        return
    yield from _mangled(text)
    if text != text.strip():
        yield Wrong("has spaces at an end", "remove them")
    if "\n" in text or "  " in text:
        yield Wrong("has a run of spaces or a line break", "write one space")
    if found := _TAG.search(text):
        yield Wrong(f"has HTML in it ({found[0]})", "write plain text")
    if found := _ENTITY.search(text):
        yield Wrong(f"has {found[0]} in it", f"write {unescape(found[0])} itself")


def in_the_body(
    document: Document, written: tuple[str, ...]
) -> Iterator[tuple[int, str, Wrong]]:
    """What is wrong below the front matter: the line, summary or body, and the fault.

    Args:
        written: the concepts that have a page to link to.
    """
    if not document.paragraphs:
        last = document.body_line + document.body.rstrip("\n").count("\n")
        mend = (
            "below the second ---, say in a sentence or two what it is and why it"
            " beats what is there"
        )
        yield last, "body", Wrong("is missing", mend)
        return
    first = document.paragraphs[0][0]
    if wrong := _in_the_summary(document.summary):
        yield first, "summary", wrong
    for number, paragraph in document.paragraphs:
        part = "summary" if number == first else "body"
        for line, row in enumerate(paragraph.split("\n"), number):
            for wrong in _in_a_row(row):
                yield line, part, wrong
            if part == "body" and re.match(r"#{1,6}\s", _CODE.sub("", row)):
                mend = "a guide is a few paragraphs"
                yield line, part, Wrong("has a heading in it", mend)
    for line, url in _links(document):
        if wrong := _in_a_link(url, written):
            yield line, "summary" if line == first else "body", wrong


def _in_the_summary(summary: str) -> Wrong | None:
    if re.match(r"(#|[-*+>|]\s|\d+\.\s|```|~~~|!?\[)", summary):
        return Wrong(
            "does not begin with a sentence",
            "make the first paragraph plain text, without a heading or a list",
        )
    if summary == PLACEHOLDER:
        return Wrong(
            "is still the form's own text",
            "say in a sentence or two why it beats what is there",
        )
    if len(summary.split()) < 4:
        return Wrong(
            "is shorter than a sentence",
            "say what it is and why it beats what is there",
        )
    return None


def _in_a_row(row: str) -> Iterator[Wrong]:
    yield from _hidden(row)
    yield from _mangled(row)
    if found := re.search(r"\{\{|<%|%>|\}\}|^--8<--|\s--8<--", row):
        yield Wrong(f"has {found[0].strip()} in it", "write it another way")
    row = _CODE.sub("", row)
    if "![" in row:
        yield Wrong("has a picture in it", "describe it in words")
    if found := _TAG.search(_AUTOLINK.sub("", row)):
        yield Wrong(f"has HTML in it ({found[0]})", "write Markdown")


def _in_a_link(url: str, written: tuple[str, ...]) -> Wrong | None:
    """A link to a record is checked with all records, not here."""
    if found := _PAGE.fullmatch(url):
        concept = found["concept"]
        if concept is None or concept in written:
            return None
        return Wrong(
            f"links the page of {concept!r}, which is not written",
            nearest(concept, written),
        )
    if refused := refuse(url):
        return Wrong(f"links {url!r}, which {refused.wrong}", refused.mend)
    return None


def _links(document: Document) -> Iterator[tuple[int, str]]:
    """Where the body leads, each address with its line."""
    body = _CODE.sub("", document.body)
    for pattern in (_LINK, _REFERENCE, _AUTOLINK):
        for found in pattern.finditer(body):
            yield document.body_line + body.count("\n", 0, found.start(1)), found[1]


def linked_records(document: Document) -> Iterator[tuple[int, str]]:
    """The records that the body links, each with its line."""
    for line, url in _links(document):
        found = _PAGE.fullmatch(url)
        if found and found["record"]:
            yield line, found["record"]
