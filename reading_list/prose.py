"""The rules of written text: in the fields of a record, and in its body.

The body is read by a Markdown parser, as the site reads it: what may stand in it is
named here, and all else is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import groupby
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from reading_list.frontmatter import Document, Wrong
from reading_list.messages import nearest
from reading_list.refusal import refuse

#: What the form for a new record says in place of a summary.
PLACEHOLDER = "Why it beats what is there, in a sentence or two."
MAX_SUMMARY = 600
#: Words in a reading guide: worth a page of its own, and read in a minute.
MIN_GUIDE, MAX_GUIDE = 60, 140
_TAG = re.compile(r"<\s*[a-zA-Z/!?][^>]*>?")
_ENTITY = re.compile(r"&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]+);")
#: No language writes more accents upon one letter; piles of them hide the neighbours.
MOST_MARKS = 4
_MOJIBAKE = re.compile(
    "\ufffd|Ã[\x80-\xbf©¨¶¼¤±³\xa0]|â€[™œ\x9d“”¢¦]|Ð[\x80-\xbf]|√[©®°±≥]|‚Ä[ôúù]"
    "|Ô∏è|ð\x9f|ï»¿"
)
_ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)
#: Links to pages of ours, of a record beside this one and of a concept.
PAGE = re.compile(
    r"(?:(?P<record>[\w-]+)|\.\./concepts/(?P<concept>[\w-]+))\.md(?P<section>#[\w-]+)?"
)
#: What stands in a guide, by the parser's names, whatever else Markdown knows.
MAY_STAND = {
    *("text", "text_special", "softbreak", "hardbreak", "code_inline"),
    *("em_open", "em_close", "strong_open", "strong_close"),
    *("link_open", "link_close", "inline", "paragraph_open", "paragraph_close"),
    *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
    *("ordered_list_open", "ordered_list_close"),
}
#: And what does not, in words, with the mend; the end of each is said at its start.
_NOT = {
    "heading_open": Wrong("has a heading in it", "a guide is a few paragraphs"),
    "image": Wrong("has a picture in it", "describe it in words"),
    "fence": Wrong("has a block of code in it", "put `backticks` around a few words"),
    "code_block": Wrong(
        "has a block of code in it", "do not indent the line by four spaces"
    ),
    "blockquote_open": Wrong("has a quotation in it", "say it in your own words"),
    "hr": Wrong("has a line across in it", "a guide is a few paragraphs"),
}
#: Signs that other pages of the site know: here they would stand as they are.
_SIGNS = re.compile(r"\{\{|\}\}|<%|%>|-8<-|!!!|\?\?\?|===|\$?\\[a-zA-Z]+")


class _Reader(MarkdownIt):
    """Markdown that takes any address for one, as it is written, to be judged."""

    def validateLink(self, url: str) -> bool:  # noqa: N802
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        return url


_READER = _Reader("commonmark")


class _Found(NamedTuple):
    """Something in the body: its line, and the token of the parser."""

    line: int
    token: Token


#: Categories of characters that nobody can see, or that turn text around.
_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


def _hidden(text: str) -> Iterator[Wrong]:
    """Characters that nobody sees: no text may have them."""
    for char in text if not text.isprintable() else "":
        if unicodedata.category(char) in _UNSEEN and char not in "\n\u200d\u00ad":
            name = f"U+{ord(char):04X} ({unicodedata.name(char, 'unnamed')})"
            yield Wrong(f"has the hidden character {name}", "remove it")
            break
    marks = (unicodedata.category(char) in ("Mn", "Me") for char in text)
    if not text.isascii() and max(sum(run) for _, run in groupby(marks)) > MOST_MARKS:
        yield Wrong("piles marks upon one letter", "remove all that no word needs")


def _mangled(text: str) -> Iterator[Wrong]:
    """Letters lost on the way."""
    if found := _MOJIBAKE.search(text):
        yield Wrong(
            f"has letters lost in an encoding ({found[0]!r})",
            "copy it again from its source",
        )


def in_a_field(text: str) -> Iterator[Wrong]:
    """What is wrong with a text of the front matter."""
    yield from _hidden(text)
    if text != unicodedata.normalize("NFC", text):
        yield Wrong(
            "has letters and accents as separate characters",
            "type it again, or save it in Unicode's NFC form",
        )
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
    first, summary = document.paragraphs[0]
    if wrong := _in_the_summary(document.summary, summary):
        yield first, "summary", wrong
    if document.guide and (wrong := _length(document.guide)):
        yield document.paragraphs[1][0], "guide", wrong
    for number, paragraph in document.paragraphs:
        part = "summary" if number == first else "body"
        for line, row in enumerate(paragraph.split("\n"), number):
            # An entity makes a character as well.
            for fault in (*_hidden(unescape(row)), *_mangled(row)):
                yield line, part, fault
    found, links = _guide(document)
    leads = ""
    for line, token in found:
        if wrong := _in_the_guide(token):
            yield line, "body", wrong
        if token.type in ("link_open", "link_close"):
            leads = str(token.attrs.get("href", ""))
        elif leads and _ADDRESS.search(token.content) and token.content not in leads:
            wrong = Wrong(
                f"has a link that shows {token.content!r} and leads to {leads!r}",
                "write what it is in words",
            )
            yield line, "body", wrong
    for line, url in links:
        if wrong := _in_a_link(url, written):
            yield line, "body", wrong


def _in_the_summary(summary: str, paragraph: str) -> Wrong | None:
    """The summary is shown where no Markdown is: it is plain text."""
    tokens, _ = _read(paragraph, range(1, paragraph.count("\n") + 2))
    kinds = [token.type for _, token in tokens if token.type != "paragraph_close"]
    if kinds[:2] != ["paragraph_open", "inline"]:
        return Wrong(
            "does not begin with a sentence",
            "make the first paragraph plain text, without a heading or a list",
        )
    if set(kinds[2:]) - {"text", "text_special", "softbreak"}:
        return Wrong("has Markdown or HTML in it", "write plain text; links go below")
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
    if len(summary) > MAX_SUMMARY:
        return Wrong(
            f"is longer than {MAX_SUMMARY} characters",
            "keep the first paragraph to a sentence or two; the rest goes below it,"
            " after an empty line",
        )
    return None


def _length(guide: str) -> Wrong | None:
    count = len(guide.split())
    wrong = f"has {count} words, not {MIN_GUIDE} to {MAX_GUIDE}"
    if count < MIN_GUIDE:
        mend = "say what it does better than its neighbours, what has aged, and how"
        return Wrong(wrong, f"{mend} to read it")
    if count > MAX_GUIDE:
        mend = "shorten it; the first paragraph, the summary, does not count"
        return Wrong(wrong, mend)
    return None


def _in_the_guide(token: Token) -> Wrong | None:
    if token.type in _NOT:
        return _NOT[token.type]
    if token.type.startswith("html"):
        tag = " ".join(token.content.split())[:40]
        return Wrong(f"has HTML in it ({tag})", "write Markdown")
    if token.type not in MAY_STAND and not token.type.endswith("_close"):
        return Wrong(f"has Markdown of another kind in it ({token.type})", "write text")
    if token.type == "text" and (sign := _SIGNS.search(token.content)):
        return Wrong(
            f"has {sign[0]} in it, which means nothing here",
            "a guide is plain text with links: write it another way",
        )
    return None


def _in_a_link(url: str, written: tuple[str, ...]) -> Wrong | None:
    """A link to a record is checked with all records, not here."""
    if found := PAGE.fullmatch(url):
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


def linked_records(document: Document) -> Iterator[tuple[int, str]]:
    """The records that the guide links, each with its line."""
    if ".md" not in document.guide:
        return
    for line, url in _guide(document)[1]:
        found = PAGE.fullmatch(url)
        if found and found["record"]:
            yield line, found["record"]


def _guide(document: Document) -> tuple[list[_Found], list[tuple[int, str]]]:
    """All that stands in the guide, and the addresses that it links, by line."""
    lines: list[int] = []
    for number, paragraph in document.paragraphs[1:]:
        # An empty line parts two paragraphs.
        rows = paragraph.count("\n") + 2
        lines += range(number, number + rows)
    return _read(document.guide, lines)


def _read(
    text: str, lines: Sequence[int]
) -> tuple[list[_Found], list[tuple[int, str]]]:
    """What the parser finds in a text, where its rows stand on these lines."""
    found: list[_Found] = []
    env: dict[str, Any] = {}
    tokens = _READER.parse(text, env)
    named = {
        each["href"]: each["map"][0] for each in env.get("references", {}).values()
    }
    links = [(lines[row], url) for url, row in named.items()]
    for token in tokens:
        row = token.map[0] if token.map else 0
        found.append(_Found(lines[row], token))
        for inside in token.children or ():
            found.append(_Found(lines[row], inside))
            url = inside.attrs.get("href")
            if url is not None and url not in named:
                links.append((lines[row], str(url)))
            row += inside.type.endswith("break") + inside.content.count("\n")
    return found, links
