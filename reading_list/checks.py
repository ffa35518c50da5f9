"""Every rule of the reading list. All errors are found at once, none is a traceback.

`check_text` judges one record alone, `check_folder` all of them and what they say of
each other. A record that is not readable yields problems, never an exception.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reading_list.form import PLACEHOLDER
from reading_list.frontmatter import (
    Document,
    NotReadableError,
    NotText,
    Place,
    Problem,
    hidden_characters,
    parse,
    read_text,
)
from reading_list.identity import TitleKey, Wrong, identity, plain, refuse
from reading_list.model import FIELDS, Mended, Resource
from reading_list.syllabus import Syllabus
from reading_list.vocabulary import Access, Kind, Language, Level, ListSlug, Mend

VOCABULARIES: dict[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "level": get_args(Level),
    "language": get_args(Language),
    "access": get_args(Access),
    "lists": get_args(ListSlug),
    "type": get_args(Mend),
}
_NEEDED = {
    "title": "write title: and the work's own title; when nobody knows it, a"
    " description in [brackets]",
    "kind": f"write kind: and one of {', '.join(VOCABULARIES['kind'])}",
    "concepts": "write concepts: and the names of the ideas it explains, such as"
    " [attention, heads]",
    "url": "write url: and the work's address",
}
_FILE_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.md")
_TAG = re.compile(r"<\s*[a-zA-Z/!?][^>]*>?")
_ENTITY = re.compile(r"&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]+);")
_MOJIBAKE = re.compile(
    "\ufffd|Ã[\x80-\xbf©¨¶¼¤±³\xa0]|â€[™œ\x9d“”¢¦]|Ð[\x80-\xbf]|√[©®°±≥]|‚Ä[ôúù]"
    "|Ô∏è|ð\x9f|ï»¿"
)
_AND_OTHERS = re.compile(r"(\bet\.? al\b\.?|\band others\b|\bu\. ?a\.|и др\.)", re.I)
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
#: Text that quotes a list as it stands, slips and all.
_QUOTES = {"list_urls", "detail"}


class Judgement(NamedTuple):
    """One record judged alone; there is no resource when an error was found."""

    resource: Resource | None
    document: Document | None
    problems: list[Problem]


class Report(NamedTuple):
    """A folder judged as a whole."""

    resources: tuple[Resource, ...]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if not p.warning)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.warning)


def check_folder(folder: Path, syllabus: Syllabus, today: date, shown: str) -> Report:
    """Judge every record of a folder; `shown` is how messages name the folder."""
    problems: list[Problem] = []
    judged: list[tuple[str, Judgement]] = []
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        why = error.strerror or type(error).__name__
        mend = "name the folder of the records with --dir"
        return Report((), (Problem(shown, 1, "", f"cannot be read ({why})", mend),))
    for path in paths:
        if path.name.startswith("."):
            continue
        file = f"{shown}/{_safe(path.name)}"
        try:
            _check_name(path.name)
            text = read_text(path)
        except NotReadableError as error:
            problems.append(_problem(file, error))
            continue
        judged.append((file, check_text(file, text, syllabus, today)))
    if not judged and not problems:
        mend = "name the folder of the records with --dir"
        problems.append(Problem(shown, 1, "", "holds no records", mend))
    for _, judgement in judged:
        problems += judgement.problems
    problems += _across(judged)
    resources = tuple(j.resource for _, j in judged if j.resource is not None)
    return Report(resources, tuple(sorted(problems)))


def check_text(file: str, text: str, syllabus: Syllabus, today: date) -> Judgement:
    """Judge the text of one record by itself."""
    try:
        document = parse(text)
    except NotReadableError as error:
        return Judgement(None, None, [_problem(file, error)])
    judge = _Judge(file, document, syllabus, today)
    resource = judge.resource()
    problems = sorted(set(judge.problems))
    failed = any(not problem.warning for problem in problems)
    return Judgement(None if failed else resource, document, problems)


def _problem(file: str, error: NotReadableError) -> Problem:
    return Problem(file, error.line, error.field, error.wrong, error.mend)


def _safe(name: str) -> str:
    """A file name that can be printed, whatever bytes it has."""
    plain_name = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in plain_name)


def _check_name(name: str) -> None:
    if not name.endswith(".md"):
        raise NotReadableError(
            1,
            "is no record",
            "the folder holds records only, NAME.md; put other files elsewhere",
        )
    if not _FILE_NAME.fullmatch(name) or len(name) > 83:
        stem = unicodedata.normalize("NFKD", name.removesuffix(".md")).casefold()
        words = re.findall("[a-z0-9]+", stem.encode("ascii", "ignore").decode())
        better = "-".join(words)[:80].strip("-") or "author-year-word"
        raise NotReadableError(
            1,
            "has a file name that is no address",
            f"use small letters, digits and single hyphens, such as {better}.md",
        )


class _Judge:
    """Judges one record; every rule adds to `problems`."""

    def __init__(
        self, file: str, document: Document, syllabus: Syllabus, today: date
    ) -> None:
        self.file, self.document = file, document
        self.syllabus, self.today = syllabus, today
        self.problems: list[Problem] = []

    def add(
        self, place: Place, wrong: str, mend: str, *, warning: bool = False
    ) -> None:
        line = self.document.line(place)
        name = _field_name(place)
        self.problems.append(Problem(self.file, line, name, wrong, mend, warning))

    def resource(self) -> Resource | None:
        for name, line, first in self.document.repeated:
            self.problems.append(
                Problem(
                    self.file,
                    line,
                    name,
                    f"stands here and on line {first}",
                    "keep one of the two",
                )
            )
        values = self.take_plain_values()
        self.check_texts(values)
        self.check_id(values)
        self.check_facts(values)
        self.check_addresses(values)
        summary, guide = self.check_body()
        stem = _stem(self.file)
        complete = {**values, "id": stem, "summary": summary, "guide": guide}
        try:
            return Resource.model_validate(_tuples(complete))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self.add_from_pydantic(detail)
            return None

    # Values

    def take_plain_values(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in self.document.values.items():
            if name not in FIELDS:
                self.add((name,), "is not a field of a record", _nearest(name, FIELDS))
            elif value is None or value in ("", [], {}):
                self.add(
                    (name,),
                    "is empty",
                    _NEEDED.get(name, "remove the line; what is unknown is left out"),
                )
            else:
                values[name] = self.without_numbers(value, (name,))
        return values

    def without_numbers(self, value: Any, place: Place) -> Any:
        """Take numbers and dates for what they look like, and say so."""
        if isinstance(value, NotText):
            mend = "put quotes around it"
            if place == ("year",):
                mend = "write the year alone, such as 2017"
            elif place == ("minutes",):
                mend = "write whole minutes, such as 25"
            wrong = f"is read as {value.kind} ({value.text})"
            self.add(place, wrong, mend)
            return value.text if place[0] not in ("year", "minutes") else 2000
        if isinstance(value, dict):
            return {k: self.without_numbers(v, (*place, k)) for k, v in value.items()}
        if isinstance(value, list):
            return [self.without_numbers(v, (*place, i)) for i, v in enumerate(value)]
        return value

    def add_from_pydantic(self, detail: ErrorDetails) -> None:
        place: Place = detail["loc"]
        said = any(problem.field == _field_name(place) for problem in self.problems)
        if place[0] == "summary" and detail["type"] == "string_too_long":
            self.add_long_summary(detail)
        elif place[0] in Resource.model_fields and place[0] in FIELDS and not said:
            self.add(place, *self.in_our_words(place, detail))

    def add_long_summary(self, detail: ErrorDetails) -> None:
        self.at(
            self.document.paragraphs[0][0],
            "summary",
            f"is longer than {detail['ctx']['max_length']} characters",
            "keep the first paragraph to a sentence or two; the rest goes below it,"
            " after an empty line",
        )

    def in_our_words(self, place: Place, detail: ErrorDetails) -> Wrong:
        kind, context = detail["type"], detail.get("ctx", {})
        name = next((p for p in reversed(place) if isinstance(p, str)), "")
        given = detail.get("input")
        if kind == "missing":
            return Wrong("is missing", _NEEDED.get(name, f"add {name}:"))
        if kind == "extra_forbidden":
            return Wrong("is not a field", _nearest(name, tuple(Mended.model_fields)))
        if kind == "literal_error":
            words = VOCABULARIES[name]
            return Wrong(f"is {given!r}", _nearest(str(given), words))
        if kind == "string_type":
            return Wrong(
                f"is {_kind_of(given)}, not text", "put quotes around it, or mend it"
            )
        if kind == "int_type":
            return Wrong(
                f"is {_kind_of(given)}, not a whole number",
                "write digits without quotes",
            )
        if kind == "bool_type":
            return Wrong(f"is {_kind_of(given)}, not a yes or no", "write true")
        if kind == "tuple_type":
            return Wrong(
                f"is {_kind_of(given)}, not a list",
                f"write {name}: [one, two], or each on its own line after a hyphen",
            )
        if kind == "too_long":
            return Wrong(
                f"has more than {context['max_length']} entries",
                "keep what it is mainly about",
            )
        if kind == "string_too_long":
            return Wrong(
                f"is longer than {context['max_length']} characters", "shorten it"
            )
        if kind == "greater_than_equal":
            return Wrong(f"is {given}, less than {context['ge']}", "check the number")
        if kind == "less_than_equal":
            return Wrong(f"is {given}, more than {context['le']}", "check the number")
        if kind == "string_pattern_mismatch":
            like = "1706.03762" if name == "arxiv" else "a-name-like-this"
            return Wrong(f"is {given!r}", f"write it like {like}")
        if kind in ("model_type", "dict_type"):
            return Wrong(
                f"is {_kind_of(given)}, not a group of fields",
                "write type, lists and detail below it, indented",
            )
        return Wrong(
            detail["msg"].lower(), "compare it with the example in CONTRIBUTING.md"
        )

    # Rules

    def check_texts(self, values: dict[str, Any]) -> None:
        for place, text in _texts(values):
            name = next(p for p in reversed(place) if isinstance(p, str))
            if bad := next(hidden_characters(text), None):
                self.add(place, f"has the hidden character {bad[1]}", "remove it")
            if text != unicodedata.normalize("NFC", text):
                self.add(
                    place,
                    "has letters and accents as separate characters",
                    "type it again, or save it in Unicode's NFC form",
                )
            if name in _QUOTES:
                continue
            if text != text.strip():
                self.add(place, "has spaces at an end", "remove them")
            if "\n" in text or "  " in text:
                self.add(
                    place, "has a run of spaces or a line break", "write one space"
                )
            if found := _MOJIBAKE.search(text):
                self.add(
                    place,
                    f"has letters lost in an encoding ({found[0]!r})",
                    "copy it again from its source",
                )
            if found := _TAG.search(text):
                self.add(place, f"has HTML in it ({found[0]})", "write plain text")
            if found := _ENTITY.search(text):
                char = unescape(found[0])
                self.add(place, f"has {found[0]} in it", f"write {char} itself")

    def check_id(self, values: dict[str, Any]) -> None:
        stem = _stem(self.file)
        given = values.pop("id", None)
        if given is not None and given != stem:
            self.add(
                ("id",),
                f"is {given!r}, but the file is {stem}.md",
                "remove the line: the file's name is the id",
            )

    def check_facts(self, values: dict[str, Any]) -> None:
        year = values.get("year")
        if type(year) is int and year > self.today.year:
            wrong = f"is {year}, which is in the future"
            self.add(("year",), wrong, "give the year it came out, or leave it out")
        for i, author in _strings(values, "authors"):
            if _AND_OTHERS.search(author):
                self.add(
                    ("authors", i),
                    f"is {author!r}, which is no person",
                    "remove it and write more_authors: true",
                )
            elif "," in author or ";" in author or " and " in author:
                self.add(
                    ("authors", i),
                    f"is {author!r}, more than one name or a name turned around",
                    "one author a line, as they sign: Ada Lovelace",
                )
        if values.get("more_authors") is True and not values.get("authors"):
            wrong = "is true although no author is named"
            self.add(("more_authors",), wrong, "name the first authors, or remove it")
        names = tuple(self.syllabus.by_name)
        for i, concept in _strings(values, "concepts"):
            if concept not in names:
                wrong = f"names no concept ({concept!r})"
                self.add(("concepts", i), wrong, _nearest(concept, names))
        for name in ("concepts", "authors", "lists", "alt_urls", "see_also"):
            seen: set[str] = set()
            for i, item in _strings(values, name):
                if item in seen:
                    self.add((name, i), f"names {item!r} twice", "keep one of them")
                seen.add(item)
        ours = values.get("ours")
        if isinstance(ours, str) and ours not in names:
            self.add(("ours",), f"names no concept ({ours!r})", _nearest(ours, names))
        self.check_title(values.get("title"))
        if values.get("list_urls") and not values.get("lists"):
            wrong = "is there although the record is on no list"
            self.add(("list_urls",), wrong, "name the list in lists:, or remove it")
        on = values.get("lists", [])
        mends = values.get("mended")
        for i, mend in enumerate(mends if isinstance(mends, list) else []):
            lists = mend.get("lists", []) if isinstance(mend, dict) else []
            for j, slug in enumerate(lists if isinstance(lists, list) else []):
                if isinstance(on, list) and slug not in on:
                    self.add(
                        ("mended", i, "lists", j),
                        f"names the list {slug!r}, which this record is not on",
                        "correct it, or add the list to lists:",
                    )

    def check_title(self, title: object) -> None:
        if not isinstance(title, str):
            return
        if title.startswith("[") != title.endswith("]"):
            self.add(
                ("title",),
                "has a bracket at one end only",
                "put a description in [brackets], and a title in none",
            )
        if not any(char.isalnum() for char in title):
            self.add(("title",), f"is {title!r}", "give the work's own title")
        if re.search(r"\]\(|`|\*\*|\{\{|<%", title):
            self.add(("title",), "has markup in it", "write plain text")
        if re.match(r"https?://", title):
            self.add(("title",), "is an address", "give the work's own title")

    def check_addresses(self, values: dict[str, Any]) -> None:
        url = values.get("url")
        if "url" not in self.document.values and "ours" not in values:
            self.add(("url",), "is missing", _NEEDED["url"])
        if url is not None and "ours" in values:
            wrong = "is there although the work has an address of its own"
            self.add(("ours",), wrong, "keep url or ours, not both")
        if isinstance(url, str):
            self.check_address(("url",), url)
        seen = {identity(url)} if isinstance(url, str) else set()
        for i, other in _strings(values, "alt_urls"):
            if self.check_address(("alt_urls", i), other):
                if identity(other) in seen:
                    self.add(
                        ("alt_urls", i),
                        "names the same thing as another address of this record",
                        "remove it; spellings of one address are known to be one",
                    )
                seen.add(identity(other))
        archive = values.get("archive_url")
        if isinstance(archive, str) and self.check_address(("archive_url",), archive):
            hosts = ("web.archive.org/web/", "archive.today/", "archive.ph/")
            if not archive.removeprefix("https://").startswith(hosts):
                wrong = "is not an address of an archive"
                mend = "give https://web.archive.org/web/DATE/ADDRESS, or remove it"
                self.add(("archive_url",), wrong, mend)
        arxiv = values.get("arxiv")
        if isinstance(arxiv, str) and isinstance(url, str):
            named = identity(url).partition(":")
            if named[0] == "arxiv" and named[2] != arxiv:
                self.add(
                    ("arxiv",),
                    f"is {arxiv}, but the address says {named[2]}",
                    "remove it: the number is read from the address",
                )

    def check_address(self, place: Place, url: str) -> bool:
        if bad := refuse(url):
            self.add(place, *bad)
            return False
        if place[0] != "archive_url" and (better := plain(url)) != url:
            wrong = f"is not the plain spelling ({url})"
            self.add(place, wrong, f"write {better}")
            return False
        if url.startswith("http:"):
            self.add(
                place,
                "is plain http",
                "write https:// if the site answers to it",
                warning=True,
            )
        return True

    # The body

    def check_body(self) -> tuple[str, str]:
        paragraphs = self.document.paragraphs
        if not paragraphs:
            self.at_end(
                "is missing",
                "below the second ---, say in a sentence or two what it is and why it"
                " beats what is there",
            )
            return "", ""
        line, summary = paragraphs[0]
        summary = " ".join(summary.split())
        if re.match(r"(#|[-*+>|]\s|\d+\.\s|```|~~~|!?\[)", summary):
            self.at(
                line,
                "summary",
                "does not begin with a sentence",
                "make the first paragraph plain text, without a heading or a list",
            )
        elif summary == PLACEHOLDER:
            self.at(
                line,
                "summary",
                "is still the form's own text",
                "say in a sentence or two why it beats what is there",
            )
        elif len(summary.split()) < 4:
            self.at(
                line,
                "summary",
                "is shorter than a sentence",
                "say what it is and why it beats what is there",
            )
        for number, paragraph in paragraphs:
            for offset, row in enumerate(paragraph.split("\n")):
                self.check_row(number + offset, row, number == line)
        for number, url in _links(self.document):
            self.check_link(number, "summary" if number == line else "body", url)
        guide = "\n\n".join(text for _, text in paragraphs[1:])
        return summary, guide

    def at(self, line: int, name: str, wrong: str, mend: str) -> None:
        self.problems.append(Problem(self.file, line, name, wrong, mend))

    def at_end(self, wrong: str, mend: str) -> None:
        last = self.document.body_line + self.document.body.rstrip("\n").count("\n")
        self.at(last, "body", wrong, mend)

    def check_link(self, line: int, name: str, url: str) -> None:
        if found := _PAGE.fullmatch(url):
            self.check_page(line, name, found["concept"])
        elif refused := refuse(url):
            wrong = f"links {url!r}, which {refused.wrong}"
            self.at(line, name, wrong, refused.mend)

    def check_page(self, line: int, name: str, concept: str | None) -> None:
        """A link to a page of ours; that of a record is checked with all records."""
        names = tuple(entry.name for entry in self.syllabus.written)
        if concept is not None and concept not in names:
            wrong = f"links the page of {concept!r}, which is not written"
            self.at(line, name, wrong, _nearest(concept, names))

    def check_row(self, line: int, row: str, in_summary: bool) -> None:
        name = "summary" if in_summary else "body"
        if bad := next(hidden_characters(row), None):
            self.at(line, name, f"has the hidden character {bad[1]}", "remove it")
        if found := _MOJIBAKE.search(row):
            self.at(
                line,
                name,
                f"has letters lost in an encoding ({found[0]!r})",
                "copy it again from its source",
            )
        if found := re.search(r"\{\{|<%|%>|\}\}|^--8<--|\s--8<--", row):
            self.at(line, name, f"has {found[0].strip()} in it", "write it another way")
        row = _CODE.sub("", row)
        if re.search(r"!\[", row):
            self.at(line, name, "has a picture in it", "describe it in words")
        if (found := _TAG.search(_AUTOLINK.sub("", row))) is not None:
            self.at(line, name, f"has HTML in it ({found[0]})", "write Markdown")
        if re.match(r"#{1,6}\s", row) and not in_summary:
            self.at(line, name, "has a heading in it", "a guide is a few paragraphs")


def _across(judged: Iterable[tuple[str, Judgement]]) -> Iterator[Problem]:
    """What the records say of each other, those with errors of their own included."""
    readable = [(file, j.document) for file, j in judged if j.document is not None]
    known = [
        (file, j.resource, j.document)
        for file, j in judged
        if j.resource is not None and j.document is not None
    ]
    by_id = {resource.id: resource for _, resource, _ in known}
    ids = tuple(_stem(file) for file, _ in judged)

    owner: dict[str, tuple[str, str]] = {}
    for file, document in readable:
        for place, url in _addresses(document.values):
            key = identity(url)
            if key in owner and owner[key][0] != file:
                other, spelt = owner[key]
                yield Problem(
                    file,
                    document.line(place),
                    _field_name(place),
                    f"names the same work as {other} ({spelt})",
                    "mend that entry instead of adding a second",
                )
            owner.setdefault(key, (file, url))
        for place, target in _references(document.values):
            if target == _stem(file):
                wrong, mend = "names the record itself", "name the other one"
            elif target not in ids:
                wrong, mend = f"names no record ({target!r})", _nearest(target, ids)
            else:
                continue
            name = _field_name(place)
            yield Problem(file, document.line(place), name, wrong, mend)
        for line, target in _linked_records(document):
            if target not in ids:
                wrong, mend = f"links no record ({target}.md)", _nearest(target, ids)
                yield Problem(file, line, "body", wrong, mend)
    for file, resource, document in known:
        original = by_id.get(resource.translation_of or "")
        if original is not None and original.language == resource.language:
            yield Problem(
                file,
                document.line(("translation_of",)),
                "translation_of",
                f"names {original.id}, which is in the same language",
                "correct language: or remove the line",
            )
    yield from _twins(known)


def _stem(file: str) -> str:
    return Path(file).name.removesuffix(".md")


def _addresses(values: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """The addresses of a record that may be listed at all."""
    url = values.get("url")
    if isinstance(url, str) and refuse(url) is None:
        yield ("url",), url
    for i, other in _strings(values, "alt_urls"):
        if refuse(other) is None:
            yield ("alt_urls", i), other


def _references(values: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """The other records that a record names."""
    for name in ("distinct_from", "see_also"):
        for i, target in _strings(values, name):
            yield (name, i), target
    original = values.get("translation_of")
    if isinstance(original, str):
        yield ("translation_of",), original


def _links(document: Document) -> Iterator[tuple[int, str]]:
    """Where the body leads, each address with its line."""
    body = _CODE.sub("", document.body)
    for pattern in (_LINK, _REFERENCE, _AUTOLINK):
        for found in pattern.finditer(body):
            yield document.body_line + body.count("\n", 0, found.start(1)), found[1]


def _linked_records(document: Document) -> Iterator[tuple[int, str]]:
    """The records that the body links, each with its line."""
    for line, url in _links(document):
        found = _PAGE.fullmatch(url)
        if found and found["record"]:
            yield line, found["record"]


def _twins(known: list[tuple[str, Resource, Document]]) -> Iterator[Problem]:
    """Warn of near-equal titles, unless one names the other as distinct."""
    keys = [TitleKey.of(resource.title) for _, resource, _ in known]
    by_number: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, key in enumerate(keys):
        for j in by_number[key.numbers]:
            (first, one, _), (file, two, document) = known[j], known[i]
            told = one.id in two.distinct_from or two.id in one.distinct_from
            if told or not key.near(keys[j]):
                continue
            yield Problem(
                file,
                document.line(("title",)),
                "title",
                f"is nearly that of {first} ({one.title!r})",
                f"if it is another work, add distinct_from: [{one.id}]",
                warning=True,
            )
        by_number[key.numbers].append(i)


def _field_name(place: Place) -> str:
    """authors[2] counts from 1, as people do."""
    name = ""
    for part in place:
        if isinstance(part, int):
            name += f"[{part + 1}]"
        else:
            name += f".{part}" if name else part
    return name


def _strings(values: dict[str, Any], name: str) -> list[tuple[int, str]]:
    items = values.get(name)
    if not isinstance(items, list):
        return []
    return [(i, item) for i, item in enumerate(items) if isinstance(item, str)]


def _texts(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*place, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _texts(item, (*place, i))


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    return value


def _kind_of(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        str: "text",
        tuple: "a list",
        dict: "a group of fields",
        type(None): "nothing",
    }
    return names.get(type(value), "something else")


def _nearest(name: str, names: tuple[str, ...]) -> str:
    """A hint: the nearest of some names, else all of them when they are few."""
    if close := difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6):
        return f"perhaps you meant {close[0]}"
    if len(names) <= 16:
        return f"use one of {', '.join(names)}"
    if len(names) <= 40:
        return f"the names are {', '.join(names)}"
    return "look the name up in CONTRIBUTING.md"
