"""The rules of one record by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reading_list import prose
from reading_list.frontmatter import (
    Document,
    NotReadableError,
    NotText,
    Place,
    Problem,
    parse,
)
from reading_list.identity import arxiv_id, identity, plain
from reading_list.messages import NEEDED, field_name, in_our_words, nearest
from reading_list.model import FIELDS, GROUPS, Resource
from reading_list.refusal import refuse
from syllabus import Syllabus

_AND_OTHERS = re.compile(r"(\bet\.? al\b\.?|\band others\b|\bu\. ?a\.|и др\.)", re.I)
#: Words in a reading guide.
MIN_GUIDE, MAX_GUIDE = 60, 140
_ARCHIVES = ("web.archive.org/web/", "archive.today/", "archive.ph/")


class Judgement(NamedTuple):
    """One record judged alone; there is no resource when an error was found."""

    resource: Resource | None
    document: Document | None
    problems: list[Problem]


def check_text(file: str, text: str, syllabus: Syllabus, today: date) -> Judgement:
    """Judge the text of one record by itself."""
    try:
        document = parse(text)
    except NotReadableError as error:
        return Judgement(None, None, [error.in_file(file)])
    judge = _Judge(file, document, syllabus, today)
    resource = judge.resource()
    problems = sorted(set(judge.problems))
    failed = any(not problem.warning for problem in problems)
    return Judgement(None if failed else resource, document, problems)


def stem(file: str) -> str:
    """The id of the record in a file."""
    return file.rpartition("/")[2].removesuffix(".md")


def strings(values: dict[str, Any], name: str) -> list[tuple[int, str]]:
    """The texts in a list of a record, whatever else stands in it.

    Text in place of the list counts as one or more, so that they are judged as well.
    """
    items = values.get(name)
    if isinstance(items, str):
        items = re.split(r",\s+", items)
    if not isinstance(items, list):
        return []
    return [(i, item) for i, item in enumerate(items) if isinstance(item, str)]


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
        name = field_name(place)
        self.problems.append(Problem(self.file, line, name, wrong, mend, warning))

    def add_at(self, line: int, name: str, wrong: str, mend: str) -> None:
        self.problems.append(Problem(self.file, line, name, wrong, mend))

    def resource(self) -> Resource | None:
        for name, line, first in self.document.repeated:
            wrong = f"stands here and on line {first}"
            self.add_at(line, name, wrong, "keep one of the two")
        values = self.take_values()
        for rule in (
            self.check_texts,
            self.check_title,
            self.check_year,
            self.check_authors,
            self.check_concepts,
            self.check_figure,
            self.check_guide,
            self.check_repeats,
            self.check_address,
            self.check_other_addresses,
            self.check_arxiv,
        ):
            rule(values)
        written = tuple(concept.name for concept in self.syllabus.written)
        for line, part, fault in prose.in_the_body(self.document, written):
            self.add_at(line, part, *fault)
        complete = {
            **values,
            "id": stem(self.file),
            "summary": self.document.summary,
            "guide": self.document.guide,
        }
        try:
            return Resource.model_validate(_tuples(complete))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self.add_from_pydantic(detail)
            return None

    # Values

    def take_values(self) -> dict[str, Any]:
        """The values that can be judged further."""
        values: dict[str, Any] = {}
        for name, value in self.document.values.items():
            if name not in FIELDS:
                in_figure = name in GROUPS["figure"].model_fields
                mend = "indent it below figure:" if in_figure else nearest(name, FIELDS)
                self.add((name,), "is not a field of a record", mend)
            elif value is None or value in ("", [], {}):
                self.add(
                    (name,),
                    "is empty",
                    NEEDED.get(name, "remove the line; what is unknown is left out"),
                )
            else:
                values[name] = self.without_numbers(value, (name,))
        given, right = values.pop("id", None), stem(self.file)
        if given is not None and given != right:
            wrong = f"is {given!r}, but the file is {right}.md"
            self.add(("id",), wrong, "remove the line: the file's name is the id")
        return values

    def without_numbers(self, value: Any, place: Place) -> Any:
        """Take numbers and dates for what they look like, and say so."""
        if isinstance(value, NotText):
            mend = "put quotes around it"
            if place == ("year",):
                mend = "write the year alone, such as 2017"
            elif place == ("minutes",):
                mend = "write whole minutes, such as 25"
            self.add(place, f"is read as {value.kind} ({value.text})", mend)
            return value.text if place[0] not in ("year", "minutes") else 2000
        if isinstance(value, dict):
            return {k: self.without_numbers(v, (*place, k)) for k, v in value.items()}
        if isinstance(value, list):
            return [self.without_numbers(v, (*place, i)) for i, v in enumerate(value)]
        return value

    def add_from_pydantic(self, detail: ErrorDetails) -> None:
        place: Place = detail["loc"]
        name = field_name(place)
        said = detail["type"] != "tuple_type" and any(
            problem.field == name or problem.field.startswith(f"{name}[")
            for problem in self.problems
        )
        if place[0] == "summary" and detail["type"] == "string_too_long":
            self.add_at(
                self.document.paragraphs[0][0],
                "summary",
                f"is longer than {detail['ctx']['max_length']} characters",
                "keep the first paragraph to a sentence or two; the rest goes below"
                " it, after an empty line",
            )
        elif place[0] in FIELDS and place[0] != "id" and not said:
            self.add(place, *in_our_words(detail))

    # Rules

    def check_texts(self, values: dict[str, Any]) -> None:
        for place, text in _texts(values):
            for wrong in prose.in_a_field(text):
                self.add(place, *wrong)

    def check_title(self, values: dict[str, Any]) -> None:
        title = values.get("title")
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
        if re.fullmatch("[“”„«][^“”„«»]+[“”»]", title):
            self.add(("title",), "stands in quotation marks", "remove them")
        if re.match(r"https?://", title):
            self.add(("title",), "is an address", "give the work's own title")

    def check_year(self, values: dict[str, Any]) -> None:
        year = values.get("year")
        if type(year) is int and year > self.today.year:
            wrong = f"is {year}, which is in the future"
            self.add(("year",), wrong, "give the year it came out, or leave it out")

    def check_authors(self, values: dict[str, Any]) -> None:
        for i, author in strings(values, "authors"):
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

    def check_concepts(self, values: dict[str, Any]) -> None:
        names = tuple(self.syllabus.by_name)
        named: list[tuple[Place, object]] = [
            (("concepts", i), name) for i, name in strings(values, "concepts")
        ]
        for place, name in [*named, (("ours",), values.get("ours"))]:
            if isinstance(name, str) and name not in names:
                self.add(place, f"names no concept ({name!r})", nearest(name, names))

    def check_figure(self, values: dict[str, Any]) -> None:
        """Only what has code has a figure."""
        figure = values.get("figure")
        name = figure.get("of") if isinstance(figure, dict) else None
        drawn = tuple(c.name for c in self.syllabus.written if c.code)
        if isinstance(name, str) and name not in drawn:
            wrong = f"names no concept with a figure ({name!r})"
            self.add(("figure", "of"), wrong, nearest(name, drawn))
        if isinstance(figure, dict) and not self.document.guide:
            mend = "add a second paragraph, the guide, or remove the figure"
            self.add(("figure",), "stands under no guide", mend)

    def check_guide(self, values: dict[str, Any]) -> None:
        """A guide is worth a page of its own, and read in a minute."""
        count = len(self.document.guide.split())
        if count and not MIN_GUIDE <= count <= MAX_GUIDE:
            line, _ = self.document.paragraphs[1]
            wrong = f"has {count} words, not {MIN_GUIDE} to {MAX_GUIDE}"
            mend = (
                "say what it does better than its neighbours, what has aged, and how"
                " to read it"
                if count < MIN_GUIDE
                else "shorten it; the first paragraph, the summary, does not count"
            )
            self.add_at(line, "guide", wrong, mend)

    def check_repeats(self, values: dict[str, Any]) -> None:
        for name in ("concepts", "authors", "lists", "alt_urls", "see_also"):
            seen: set[str] = set()
            for i, item in strings(values, name):
                if item in seen:
                    self.add((name, i), f"names {item!r} twice", "keep one of them")
                seen.add(item)

    def check_address(self, values: dict[str, Any]) -> None:
        url = values.get("url")
        if "url" not in self.document.values and "ours" not in values:
            self.add(("url",), "is missing", NEEDED["url"])
        if url is not None and "ours" in values:
            wrong = "is there although the work has an address of its own"
            self.add(("ours",), wrong, "keep url or ours, not both")
        if isinstance(url, str):
            self.may_be_listed(("url",), url)

    def check_other_addresses(self, values: dict[str, Any]) -> None:
        url = values.get("url")
        seen = {identity(url)} if isinstance(url, str) and not refuse(url) else set()
        for i, other in strings(values, "alt_urls"):
            if self.may_be_listed(("alt_urls", i), other):
                if identity(other) in seen:
                    self.add(
                        ("alt_urls", i),
                        "names the same thing as another address of this record",
                        "remove it; spellings of one address are known to be one",
                    )
                seen.add(identity(other))
        archive = values.get("archive_url")
        if (
            isinstance(archive, str)
            and self.may_be_listed(("archive_url",), archive)
            and not archive.removeprefix("https://").startswith(_ARCHIVES)
        ):
            wrong = "is not an address of an archive"
            mend = "give https://web.archive.org/web/DATE/ADDRESS, or remove it"
            self.add(("archive_url",), wrong, mend)

    def check_arxiv(self, values: dict[str, Any]) -> None:
        arxiv, url = values.get("arxiv"), values.get("url")
        if isinstance(arxiv, str) and isinstance(url, str):
            named = arxiv_id(url)
            if named not in (None, arxiv):
                self.add(
                    ("arxiv",),
                    f"is {arxiv}, but the address says {named}",
                    "remove it: the number is read from the address",
                )

    def may_be_listed(self, place: Place, url: str) -> bool:
        if bad := refuse(url):
            self.add(place, *bad)
            return False
        if place[0] != "archive_url" and (better := plain(url)) != url:
            wrong = f"is not the plain spelling ({url})"
            self.add(place, wrong, f"write {better}")
        if url.startswith("http:"):
            self.add(
                place,
                "is plain http",
                "write https:// if the site answers to it",
                warning=True,
            )
        return True


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
