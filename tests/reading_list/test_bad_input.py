"""Bad input of every kind: one line an error, with file, line, field and a mend.

Each case is a record with one thing wrong. The whole command runs on it: it must name
the place, say what is wrong, say how to mend it, and exit with 1, without a traceback.
"""

# One case a line reads better than eight lines a case.
# ruff: noqa: E501

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading_list.checks import check_text
from reading_list.command import main
from reading_list.form import FORM
from reading_list.frontmatter import MAX_BYTES, Document
from reading_list.records import check
from reading_list.syllabus import load_syllabus

GOOD = """\
---
title: A short walk through attention
url: https://blog.attention-walks.org/one
kind: blog
concepts: [attention, heads]
authors:
  - Ada Lovelace
year: 2020
language: en
level: beginner
access: free
---

Walks through one attention head by hand, with every number on the page.
"""
OTHER = """\
---
title: Transformers, told as a story
url: https://arxiv.org/abs/1706.00001
kind: paper
concepts: [transformer]
lists: [nlp-tasks]
---

Tells the whole architecture as a story of one token on its way.
"""


class Case(NamedTuple):
    name: str
    record: str | bytes
    line: int
    field: str
    wrong: str
    mend: str
    file: str = "good.md"


def without(row: str) -> str:
    assert row + "\n" in GOOD
    return GOOD.replace(row + "\n", "")


def change(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, f"{old!r} must stand once in the good record"
    return GOOD.replace(old, new)


def url(address: str) -> str:
    return change("https://blog.attention-walks.org/one", f"'{address}'")


def field(row: str) -> str:
    """A further field, on line 12."""
    return change("access: free\n", f"access: free\n{row}\n")


#: The shortest guide that is accepted.
GUIDE = "\n" + "Six words of a long guide. " * 10 + "\n"


def guided(record: str) -> str:
    """With a guide below the summary."""
    return record + GUIDE


def body(text: str) -> str:
    """Another body, which begins on line 14; what is wrong later is in a guide."""
    if text.startswith(RULE_OF_SUMMARY):
        text += GUIDE
    return GOOD[: GOOD.rindex("---\n") + 4] + "\n" + text


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"
LONG = "word " * 130
RULE_OF_SUMMARY = "A first sentence that says enough of it.\n\n"

CASES = [
    # The file
    Case("empty file", "", 1, "", "is empty", "CONTRIBUTING"),
    Case("only white space", " \n\n \n", 1, "", "is empty", "CONTRIBUTING"),
    Case("not UTF-8", GOOD.encode().replace(b"Ada", b"Ad\xe9"), 7, "", "0xE9", "UTF-8"),
    Case("UTF-16", GOOD.encode("utf-16"), 1, "", "UTF-16", "save it as UTF-8"),
    Case("NUL byte", GOOD.replace("Ada", "A\0da"), 7, "", "NUL", "remove it"),
    Case("byte order mark", "\ufeff" + GOOD, 1, "", "byte order mark", "without BOM"),
    Case("too large", GOOD + "x" * MAX_BYTES, 1, "", "larger than 64 KB", "link"),
    Case("no record", GOOD, 1, "", "is no record", "NAME.md", file="notes.txt"),
    Case("capitals", GOOD, 1, "", "no address", "good-one.md", file="Good One.md"),
    Case("accent", GOOD, 1, "", "no address", "resume.md", file="résumé.md"),
    Case("the form's name", GOOD, 1, "", "the form's own name", "lovelace-2020-short.md", file="NEW.md"),
    Case("kept by MkDocs", GOOD, 1, "", "kept for something", "lovelace-2020-short.md", file="index.md"),
    Case("kept by Windows", GOOD, 1, "", "kept for something", "lovelace-2020-short.md", file="con.md"),
    Case("a name that is taken", GOOD, 1, "", "no address", "lovelace-2020-short.md", file="Other.md"),
    Case("not the id", field("id: other"), 12, "id", "the file is good.md", "remove"),
    # The front matter
    Case("no front matter", "# Title\n", 1, "", "does not begin", "first line"),
    Case("never closed", GOOD.replace("free\n---", "free\n"), 1, "", "without an end", "---"),
    Case("empty front matter", "---\n---\n\nText.\n", 1, "", "empty front", "title"),
    Case("a list", "---\n- title\n---\n\nText.\n", 2, "", "not a list of", "one field"),
    Case("plain text", "---\ntitle\n---\n\nText.\n", 2, "", "not a list of", "one field"),
    Case("broken YAML", change("[attention, heads]", "[attention"), 5, "", "YAML", "close the bracket"),
    Case("colon in a title", change("A short walk", "Walks: a short"), 2, "", "YAML", "quotes"),
    Case("open quote", change("beginner", "'beginner"), 10, "", "YAML", "quotation"),
    Case("tab", change("  - Ada", "\t- Ada"), 7, "", "tab", "spaces"),
    Case("at sign", change("Ada Lovelace", "@ada"), 7, "", "YAML", "quotes"),
    Case("control character", change("Ada", "A\x07da"), 7, "", "U+0007", "remove"),
    Case("YAML tag", change("2020", "!!python/name:os.system x"), 8, "", "tag", "after the !"),
    Case("own tag", change("2020", "!year 2020"), 8, "", "tag", "after the !"),
    Case("anchor", change("Ada Lovelace", "&a Ada"), 7, "", "anchor (&a)", "plainly"),
    Case("alias", change("Ada Lovelace", "*a"), 7, "", "alias (*a)", "write the value"),
    Case("alias bomb", field(BOMB), 12, "", "anchor", "plainly"),
    Case("merge key", field("<<: *a"), 12, "", "alias", "write the value out"),
    Case("a second document", field("--- {id: good}"), 12, "", "second document", "remove the line"),
    Case("deep nesting", field("note: " + "[" * 500 + "]" * 500), 12, "", "nests", "flatten"),
    Case("duplicate key", field("kind: paper"), 12, "kind", "on line 4", "keep one"),
    Case("unknown field", field("autor: Ada"), 12, "autor", "not a field", "authors"),
    Case("field of the model", field("summary: x"), 12, "summary", "not a field", ""),
    Case("a list as a name", field("? [kind, level]\n: x"), 12, "", "field's name stands", "one field a line"),
    Case("half a character", change("A short walk through attention", '"A \\ud800 walk"'), 2, "", "YAML", "single quotes"),
    Case("a name without end", field("x" * 900 + ": y"), 12, "x" * 30 + " ... " + "x" * 30, "not a field", "the names are", ),
    Case("empty value", change("year: 2020", "year:"), 8, "year", "is empty", "left out"),
    Case("list of nothing", change("[attention, heads]", "[]"), 5, "concepts", "is empty", "concepts:"),
    # Missing
    Case("no title", without("title: A short walk through attention"), 2, "title", "missing", "[brackets]"),
    Case("no url", without("url: https://blog.attention-walks.org/one"), 2, "url", "missing", "write url:"),
    Case("no kind", without("kind: blog"), 2, "kind", "missing", "one of paper, blog"),
    Case("no concepts", without("concepts: [attention, heads]"), 2, "concepts", "missing", "[attention, heads]"),
    Case("no body", body(""), 13, "body", "missing", "a sentence or two"),
    # Wrong types
    Case("a number as title", change("A short walk through attention", "1984"), 2, "title", "a number", "quotes"),
    Case("a date as title", change("A short walk through attention", "2020-01-02"), 2, "title", "a date", "quotes"),
    Case("true as title", change("A short walk through attention", "yes"), 2, "title", "true or false", "quotes"),
    Case("a list as title", change("A short walk through attention", "[a, b]"), 2, "title", "a list", "quotes"),
    Case("text for a list", change("[attention, heads]", "attention"), 5, "concepts", "text, not a list", "[one, two]"),
    Case("group as author", change("Ada Lovelace", "{name: Ada}"), 7, "authors[1]", "group", "quotes"),
    Case("year in words", change("2020", "last year"), 8, "year", "not a whole number", "digits"),
    Case("year as text", change("2020", "'2020'"), 8, "year", "not a whole number", "digits"),
    Case("year as a date", change("2020", "2020-05-01"), 8, "year", "a date", "the year alone"),
    Case("half a minute", field("minutes: 2.5"), 12, "minutes", "a number (2.5)", "whole"),
    Case("starred by words", field("starred: very"), 12, "starred", "yes or no", "true"),
    Case("arxiv as a number", field("arxiv: 1706.03762"), 12, "arxiv", "a number", "quotes"),
    Case("mended is a page", field("mended: [moved]"), 12, "mended", "not a field", "the names are"),
    # Closed vocabularies
    Case("kind", change("kind: blog", "kind: podcast"), 4, "kind", "podcast", "video"),
    Case("two kinds", change("kind: blog", "kind: [blgo, video]"), 4, "kind", "a list, not one word", "meant blog"),
    Case("kind without end", change("kind: blog", "kind: " + "x" * 50_000), 4, "kind", "xxx ... xxx", "one of paper"),
    Case("kind, capital", change("kind: blog", "kind: Blog"), 4, "kind", "Blog", "meant blog"),
    Case("level", change("level: beginner", "level: begginer"), 10, "level", "begginer", "meant beginner"),
    Case("language", change("language: en", "language: english"), 9, "language", "english", "en"),
    Case("access", change("access: free", "access: open"), 11, "access", "open", "metered"),
    Case("concept", change("heads]", "head]"), 5, "concepts[2]", "'head'", "meant heads"),
    Case("concept twice", change("heads]", "attention]"), 5, "concepts[2]", "twice", "keep one"),
    Case("list", field("lists: [list-0]"), 12, "lists[1]", "list-0", "nlp-tasks"),
    Case("ours", change("url: https://blog.attention-walks.org/one", "ours: atention"), 3, "ours", "atention", "meant attention"),
    # Facts
    Case("future year", change("2020", "2099"), 8, "year", "in the future", "came out"),
    Case("year 20", change("2020", "20"), 8, "year", "less than 1900", "check"),
    Case("et al.", change("Ada Lovelace", "et al."), 7, "authors[1]", "no person", "more_authors"),
    Case("two in one", change("Ada Lovelace", "Ada Lovelace and Bob Bobson"), 7, "authors[1]", "more than one", "one author a line"),
    Case("turned around", change("Ada Lovelace", "Lovelace, Ada"), 7, "authors[1]", "turned around", "as they sign"),
    Case("arxiv differs", change("year: 2020", "arxiv: '1706.99999'").replace("https://blog.attention-walks.org/one", "https://arxiv.org/abs/1706.00002"), 8, "arxiv", "says 1706.00002", "remove"),
    Case("arxiv form", field("arxiv: abs/1706"), 12, "arxiv", "abs/1706", "1706.03762"),
    Case("ours and url", field("ours: attention"), 12, "ours", "address of its own", "not both"),
    Case("others of nobody", without("  - Ada Lovelace").replace("authors:", "more_authors: true"), 6, "more_authors", "no author", "first authors"),
    Case("author of no name", change("Ada Lovelace", "''"), 7, "authors[1]", "is empty", "remove it"),
    Case("a month long", field("minutes: 40000"), 12, "minutes", "more than 6000", "check"),
    Case("list_urls alone", field("list_urls: [x]"), 12, "list_urls", "not a field", "alt_urls"),
    # Texts
    Case("HTML in a title", change("A short walk", "A <b>short</b> walk"), 2, "title", "<b>", "plain text"),
    Case("script in a title", change("A short walk", "A <script>x</script>"), 2, "title", "<script>", "plain"),
    Case("entity in a title", change("A short walk", "A short &amp; walk"), 2, "title", "&amp;", "write & itself"),
    Case("markup in a title", change("A short walk", "A **short** walk"), 2, "title", "markup", "plain text"),
    Case("address as title", change("A short walk through attention", "'https://x.org/y'"), 2, "title", "an address", "own title"),
    Case("signs as title", change("A short walk through attention", "'?!'"), 2, "title", "is '?!'", "own title"),
    Case("half a bracket", change("A short walk through attention", "'[A walk'"), 2, "title", "one end", "[brackets]"),
    Case("bidirectional", change("A short", "A \u202eshort"), 2, "title", "U+202E", "remove"),
    Case("line separator", field(r'note: "a\u2028b"'), 12, "note", "U+2028", "remove"),
    Case("turned by an entity", body(RULE_OF_SUMMARY + "a &#x202E;b"), 16, "body", "U+202E", "remove"),
    Case("zero width by its name", body(RULE_OF_SUMMARY + "a&ZeroWidthSpace;b"), 16, "body", "U+200B", "remove"),
    Case("a pile of accents", change("A short", "x\u0301\u0302\u0303\u0304\u0305\u0306 short"), 2, "title", "piles marks", "remove"),
    Case("a pile in the guide", body(RULE_OF_SUMMARY + "a" + "\u0489" * 9), 16, "body", "piles marks", "remove"),
    Case("zero width", change("A short", "A \u200bshort"), 2, "title", "U+200B", "remove"),
    Case("mojibake", change("Ada Lovelace", "Aur√©lien Géron"), 7, "authors[1]", "encoding", "copy it again"),
    Case("mojibake of quotes", body("It isnâ€™t hard to follow at all.\n"), 14, "summary", "encoding", "copy it again"),
    Case("decomposed accent", change("Ada", "Ade\u0301"), 7, "authors[1]", "separate", "NFC"),
    Case("run of spaces", change("A short", "'A  short").replace("attention\nurl", "attention'\nurl"), 2, "title", "run of spaces", "one space"),
    Case("space at an end", change("Ada Lovelace", "'Ada Lovelace '"), 7, "authors[1]", "spaces at an end", "remove"),
    Case("long title", change("A short", "A short" + " very" * 90), 2, "title", "longer than 300", "shorten"),
    # Addresses
    Case("javascript:", url("javascript:alert(1)"), 3, "url", "javascript:", "https://"),
    Case("data:", url("data:text/html,x"), 3, "url", "data:", "https://"),
    Case("file:", url("file:///etc/passwd"), 3, "url", "file:", "https://"),
    Case("ftp:", url("ftp://ftp.gnu.org/x"), 3, "url", "ftp:", "https://"),
    Case("no scheme", url("blog.attention-walks.org/one"), 3, "url", "no scheme", "https://"),
    Case("user name", url("https://ada@blog.attention-walks.org/"), 3, "url", "user name", "up to the @"),
    Case("password", url("https://a:b@blog.attention-walks.org/"), 3, "url", "password", "up to the @"),
    Case("localhost", url("http://localhost/x"), 3, "url", "private host", "everybody"),
    Case("no dot", url("https://intra/x"), 3, "url", "without a dot", "everybody"),
    Case("private name", url("https://wiki.internal/x"), 3, "url", "private host", "everybody"),
    Case("private range", url("http://192.168.0.1/"), 3, "url", "by a number", "host's name"),
    Case("loopback", url("http://127.0.0.1/"), 3, "url", "by a number", "host's name"),
    Case("short loopback", url("http://127.1/"), 3, "url", "by a number", "host's name"),
    Case("decimal host", url("http://2130706433/"), 3, "url", "by a number", "host's name"),
    Case("hexadecimal host", url("http://0x7f000001/"), 3, "url", "by a number", "host's name"),
    Case("IPv6", url("http://[::1]/"), 3, "url", "by a number", "host's name"),
    Case("broken IPv6", url("http://[::1/"), 3, "url", "not an address", "https://host"),
    Case("no host", url("https:///x"), 3, "url", "no host", "https://host"),
    Case("port", url("https://blog.attention-walks.org:8443/"), 3, "url", "port 8443", "without a port"),
    Case("no host name", url("https://blog_attention..org/"), 3, "url", "not a host name", "address bar"),
    Case("port too large", url("https://blog.attention-walks.org:99999/"), 3, "url", "not an address", "https://host"),
    Case("space", url("https://blog.attention-walks.org/a b"), 3, "url", "white space", "%20"),
    Case("backslash", url("https://blog.attention-walks.org\\x"), 3, "url", "\\", "percent-encode"),
    Case("homograph", url("https://аrxiv.org/abs/1706.00001"), 3, "url", "U+0430", "address bar"),
    Case("short link", url("https://bit.ly/abc"), 3, "url", "short link", "ends at"),
    Case("endless", url("https://blog.attention-walks.org/" + "x" * 2000), 3, "url", "2000", "parameters"),
    Case("archive of archives", url("https://web.archive.org/web/1/" * 500 + "https://a.org/"), 3, "url", "15014 characters", "parameters"),
    Case("tracking", url("https://blog.attention-walks.org/one?utm_source=x"), 3, "url", "plain spelling", "write https://blog.attention-walks.org/one"),
    Case("fragment", url("https://blog.attention-walks.org/one#part"), 3, "url", "plain spelling", "walks.org/one"),
    Case("arXiv PDF", url("https://arxiv.org/pdf/1706.00002v3.pdf"), 3, "url", "plain spelling", "abs/1706.00002"),
    Case("youtu.be", url("https://youtu.be/kCc8FmEb1nY"), 3, "url", "plain spelling", "watch?v=kCc8FmEb1nY"),
    Case("archive of nobody", field("archive_url: https://blog.attention-walks.org/two"), 12, "archive_url", "archive", "web.archive.org"),
    Case("alternative is the same", field("alt_urls: [https://www.blog.attention-walks.org/one/]"), 12, "alt_urls[1]", "same thing", "remove"),
    Case("title in quotes", change("A short walk through attention", "“A short walk through attention”"), 2, "title", "quotation marks", "remove"),
    # Edges
    Case("known work", url("https://arxiv.org/abs/1706.00001"), 3, "url", "same work as", "mend it", file="second.md"),
    Case("known work, elsewhere", field("alt_urls: [https://arxiv.org/abs/1706.00001]"), 12, "alt_urls[1]", "same work as", "mend it", file="second.md"),
    Case("twin of nobody", field("distinct_from: [othr]"), 12, "distinct_from[1]", "no record", "meant other"),
    Case("twin of itself", field("distinct_from: [good]"), 12, "distinct_from[1]", "itself", "the other"),
    Case("see nobody", field("see_also: [othr]"), 12, "see_also[1]", "no record", "meant other"),
    Case("translated at home", field("translation_of: other"), 12, "translation_of", "same language", "language:"),
    Case("figure of nothing", guided(field("figure: {of: atention, alt: x, notice: y}")), 12, "figure.of", "no concept with a figure", "meant attention"),
    Case("figure without words", guided(field("figure: {of: attention, notice: y}")), 12, "figure.alt", "missing", "add alt"),
    Case("figure by a word", field("figure: attention"), 12, "figure", "text", "write of, alt, notice below"),
    Case("figure with more", guided(field("figure: {of: attention, alt: x, notice: y, width: z}")), 12, "figure.width", "not a field", "of, alt, notice"),
    Case("figure under no guide", field("figure: {of: attention, alt: x, notice: y}"), 12, "figure", "no guide", "a second paragraph"),
    Case("figure of what is not indented", guided(field("figure:")), 12, "figure", "is empty", "of, alt, notice below it, indented"),
    Case("alt not indented", guided(field("alt: x")), 12, "alt", "not a field", "indent it below figure:"),
    # The body
    Case("heading first", body("# Title\n"), 14, "summary", "with a sentence", "without a heading"),
    Case("two words", body("Very good.\n"), 14, "summary", "shorter than a sentence", "why it beats"),
    Case("long summary", body(LONG + "\n"), 14, "summary", "longer than 600", "empty line"),
    Case("script", body(RULE_OF_SUMMARY + "<script>alert(1)</script>\n"), 16, "body", "HTML", "Markdown"),
    Case("picture", body(RULE_OF_SUMMARY + "![x](https://a.org/b.png)\n"), 16, "body", "picture", "words"),
    Case("template", body(RULE_OF_SUMMARY + "Now {{ config }} here.\n"), 16, "body", "{{", "another way"),
    Case("javascript link", body(RULE_OF_SUMMARY + "See [x](javascript:alert(1)).\n"), 16, "body", "javascript:", "https://"),
    Case("reference link", body(RULE_OF_SUMMARY + "[x]: data:text/html,x\n"), 16, "body", "data:", "https://"),
    Case("short guide", GOOD + "\n" + "word " * 59 + "\n", 16, "guide", "has 59 words, not 60", "what has aged"),
    Case("long guide", GOOD + "\n" + "word " * 141 + "\n", 16, "guide", "has 141 words", "shorten it"),
    Case("heading later", body(RULE_OF_SUMMARY + "## More\n"), 16, "body", "heading", "paragraphs"),
    Case("link over two lines", body(RULE_OF_SUMMARY + "See [x\ny](\n javascript:alert(1)).\n"), 16, "body", "javascript:", "https://"),
    Case("reference over two lines", body(RULE_OF_SUMMARY + "See [x].\n\n[x]:\n  file:///x\n"), 18, "body", "file:", "https://"),
    Case("address in brackets", body(RULE_OF_SUMMARY + "See <javascript:alert(1)>.\n"), 16, "body", "javascript:", "https://"),
    Case("heading underlined", body(RULE_OF_SUMMARY + "More\n====\n"), 16, "body", "heading", "paragraphs"),
    Case("heading by a line", body(RULE_OF_SUMMARY + "Fine.\n\nMore\n---\n"), 18, "body", "heading", "paragraphs"),
    Case("quotation", body(RULE_OF_SUMMARY + "> So they say.\n"), 16, "body", "quotation", "own words"),
    Case("block of code", body(RULE_OF_SUMMARY + "Run:\n\n```sh\nrm\n```\n"), 18, "body", "block of code", "backticks"),
    Case("indented", body(RULE_OF_SUMMARY + "Fine.\n\n    rm -r\n"), 18, "body", "block of code", "four spaces"),
    Case("line across", body(RULE_OF_SUMMARY + "Fine.\n\n***\n"), 18, "body", "line across", "paragraphs"),
    Case("box", body(RULE_OF_SUMMARY + '!!! danger "Official"\n'), 16, "body", "has !!!", "plain text"),
    Case("folded box", body(RULE_OF_SUMMARY + '???+ note "Official"\n'), 16, "body", "has ???", "plain text"),
    Case("tabs", body(RULE_OF_SUMMARY + '=== "One"\n'), 16, "body", "has ===", "plain text"),
    *(
        Case(f"inclusion {i}", body(RULE_OF_SUMMARY + f'Fine.\n{cut} "LICENSE"\n'), 17, "body", "has -8<-", "plain text")
        for i, cut in enumerate(("-8<-", "--8<--", "---8<---", "  ;-8<-"))
    ),
    Case("formula", body(RULE_OF_SUMMARY + r"Takes $5 per \foo and 3$ more." + "\n"), 16, "body", r"has \foo", "plain text"),
    Case("tag in escaped backticks", body(RULE_OF_SUMMARY + r"See \`<img src=x onerror=x()>\`." + "\n"), 16, "body", "HTML", "Markdown"),
    Case("tag after code over two lines", body(RULE_OF_SUMMARY + "Here `code\nends` <img src=x> and `\n"), 16, "body", "HTML", "Markdown"),
    Case("tag after two backticks", body(RULE_OF_SUMMARY + "Here `` ` `` <img src=x> and `\n"), 16, "body", "HTML", "Markdown"),
    Case("entity in an address", body(RULE_OF_SUMMARY + "See [x](&#106;avascript:alert(1)).\n"), 16, "body", "javascript:", "https://"),
    Case("link without a scheme", body(RULE_OF_SUMMARY + "See [x](//evil.org/y).\n"), 16, "body", "no scheme", "https://"),
    Case("link that shows another", body(RULE_OF_SUMMARY + "See [https://a.org/x](https://b.org/).\n"), 16, "body", "leads to 'https://b.org/'", "in words"),
    Case("link that shows a host", body(RULE_OF_SUMMARY + "See [*www.a.org*](https://b.org/).\n"), 16, "body", "leads to 'https://b.org/'", "in words"),
    Case("link in the summary", body("It says more than [others](https://a.org/) do.\n"), 14, "summary", "Markdown", "plain text"),
    Case("tag in the summary", body("It says more than <b>others</b> do.\n"), 14, "summary", "HTML", "plain text"),
    Case("link to no record", body(RULE_OF_SUMMARY + "Next: [x](othr.md).\n"), 16, "body", "othr.md", "meant other"),
    Case("link to no concept", body(RULE_OF_SUMMARY + "See [x](../concepts/atention.md).\n"), 16, "body", "not written", "meant attention"),
    Case("form not filled", body("Why it beats what is there, in a sentence or two.\n"), 14, "summary", "form's own", "why it beats"),
    Case("turned text", body(RULE_OF_SUMMARY + "It \u2067turns.\n"), 16, "body", "U+2067", "remove"),
]  # fmt: skip


Check = Callable[[dict[str, str | bytes]], tuple[int, list[str]]]


@pytest.fixture
def check_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Run the command on OTHER and the files given by name: its status, its lines."""

    def run(files: dict[str, str | bytes]) -> tuple[int, list[str]]:
        for name, record in {"other.md": OTHER, **files}.items():
            raw = record if isinstance(record, bytes) else record.encode("utf-8")
            (tmp_path / name).write_bytes(raw)
        status = main(["check", "--dir", str(tmp_path)])
        output = capsys.readouterr()
        assert output.err == ""
        return status, output.out.replace(f"{tmp_path.as_posix()}/", "").splitlines()

    return run


def test_check_accepts_the_good_record_and_windows_line_ends(
    check_files: Check,
) -> None:
    for record in (GOOD, GOOD.replace("\n", "\r\n")):
        assert check_files({"good.md": record}) == (0, ["2 records, no errors."])


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_check_tells_bad_input(case: Case, check_files: Check) -> None:
    status, (row, *others) = check_files({case.file: case.record})
    assert status == 1
    # One thing is wrong, so one line tells it.
    assert len(others) == 1, others
    assert others[0].startswith("1 error in 1 file. ")
    start = f"{case.file}:{case.line}: {case.field}{': ' if case.field else ''}"
    assert row.startswith(start)
    wrong, _, mend = row.removeprefix(start).partition(" To mend it: ")
    assert case.wrong in wrong
    assert case.mend in mend
    assert mend.endswith(".")


def test_check_tells_all_errors_of_all_records_at_once(
    check_files: Check, tmp_path: Path
) -> None:
    bad = (
        GOOD.replace("kind: blog", "kind: blogg")
        .replace("year: 2020", "year: 2999")
        .replace("heads]", "haeds]")
        .replace("https://blog.attention-walks.org/one", "http://127.0.0.1/")
        .replace("language: en", "langauge: en")
    )
    (tmp_path / "three.md").mkdir()
    (tmp_path / "four.md").symlink_to(tmp_path / "nowhere")
    status, rows = check_files({"one.md": bad, "two.md": ""})
    assert status == 1
    assert [row.split(" ")[0] for row in rows] == [
        "four.md:1:",
        *(f"one.md:{line}:" for line in (3, 4, 5, 8, 9)),
        "three.md:1:",
        "two.md:1:",
        "8",
    ]
    assert rows[-1] == "8 errors in 4 files. 1 record is right."


KNOWN = url("https://arxiv.org/abs/1706.00001").replace("2020", "2999")
HIDES_NOTHING: list[tuple[str, str, list[str]]] = [
    # An error, a bad file name, text in place of a list: what else is told beside it.
    ("good.md", KNOWN, ["same work as", "in the future"]),
    ("Other_1.md", KNOWN, ["such as other-1.md", "same work as", "in the future"]),
    (
        "good.md",
        change("[attention, heads]", "attention, haeds"),
        ["concepts: is text, not a list", "perhaps you meant heads"],
    ),
    ("good.md", change("[attention, heads]", "[“attention”]"), ["meant attention"]),
]


@pytest.mark.parametrize("file, record, told", HIDES_NOTHING)
def test_check_tells_each_error_beside_others_and_once(
    file: str, record: str, told: list[str], check_files: Check
) -> None:
    status, (*rows, _) = check_files({file: record})
    assert status == 1
    assert [sum(words in row for row in rows) for words in told] == [1] * len(told)
    assert len(rows) == len(told)


def test_check_warns_of_near_titles_until_they_are_told_apart(
    check_files: Check,
) -> None:
    twin = change("A short walk through attention", "'Transformers: told as a story!'")
    status, (row, *others) = check_files({"zwilling.md": twin})
    assert status == 0
    assert row.startswith("zwilling.md:2: warning: title: is nearly that of ")
    assert "distinct_from: [other]" in row
    assert others == [
        "2 records, no errors, 1 warning.",
        "The tests refuse warnings: settle them before you send it.",
    ]
    apart = twin.replace("access: free\n", "access: free\ndistinct_from: [other]\n")
    assert check_files({"zwilling.md": apart}) == (0, ["2 records, no errors."])


def test_check_warns_of_plain_http(check_files: Check) -> None:
    record = url("http://blog.attention-walks.org/one")
    status, rows = check_files({"good.md": record})
    assert status == 0
    assert rows[0].startswith("good.md:3: warning: url: is plain http. To mend it: ")


@pytest.mark.parametrize("name", ["a.md", "zz.md"])
def test_check_tells_the_newcomer_whatever_its_name(
    name: str, check_files: Check
) -> None:
    address = "https://blog.attention-walks.org/one"
    new = OTHER.replace("lists: [nlp-tasks]\n", "").replace("Transformers,", "A quiz,")
    new = new.replace("https://arxiv.org/abs/1706.00001", address)
    status, rows = check_files({"good.md": GOOD, name: new})
    assert status == 1
    assert rows[0].startswith(f"{name}:3: url: names the same work as")
    assert f"good.md ({address})" in rows[0]


def test_check_text_judges_the_year_by_the_day() -> None:
    syllabus = load_syllabus()
    last, this = date(2019, 12, 31), date(2020, 1, 1)
    assert check_text("good.md", GOOD, syllabus, last).resource is None
    assert check_text("good.md", GOOD, syllabus, this).problems == []


@pytest.mark.parametrize("what", ["missing", "file", "empty", "loop"])
def test_commands_tell_that_there_are_no_records(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "records"
    if what == "file":
        folder.write_text("x", encoding="utf-8")
    elif what == "empty":
        folder.mkdir()
    elif what == "loop":
        folder.symlink_to("records")
    assert main(["check", "--dir", str(folder)]) == 1
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].startswith(f"{folder.as_posix()}:1: ")
    assert "--dir" in rows[0]
    assert main(["stats", "--dir", str(folder)]) == 1


names = st.sampled_from(
    ["a-b", "A_b", "a--b", "ab", "new", "NEW", "New", "index", "é", "-", "a b"]
)


@given(st.lists(names, unique=True, min_size=1), st.sampled_from([GOOD, FORM]))
def test_check_proposes_names_that_overwrite_no_file(
    names: list[str], record: str
) -> None:
    with TemporaryDirectory() as at:
        folder = Path(at)
        for name in names:
            (folder / f"{name}.md").write_text(record, encoding="utf-8")
        for problem in check(folder).errors:
            if " such as " in problem.mend and not problem.field:
                better = problem.mend.split(" such as ")[1]
                assert not (folder / better).exists()
                Path(problem.file).rename(folder / better)
        assert len(list(folder.iterdir())) == len(names)
        told = [p.wrong for p in check(folder).errors if not p.field]
        assert not [wrong for wrong in told if "name" in wrong]


def test_check_goes_on_after_a_pipe_and_a_fault_in_a_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check_files: Check
) -> None:
    def fails(document: Document, written: tuple[str, ...]) -> tuple[()]:
        if "authors" in document.values:
            raise RecursionError
        return ()

    monkeypatch.setattr("reading_list.prose.in_the_body", fails)
    os.mkfifo(tmp_path / "pipe.md")
    status, rows = check_files(
        {"good.md": GOOD, "two.md": OTHER.replace("kind: paper", "kind: papr")}
    )
    assert status == 1
    assert rows[0].startswith("good.md:1: cannot be judged (RecursionError).")
    assert rows[1].startswith("pipe.md:1: is no plain file.")
    assert any("perhaps you meant paper" in row for row in rows)
