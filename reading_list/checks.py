"""A record judged alone, then beside the others. All errors are found at once.

What is not readable yields problems, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from reading_list import prose
from reading_list.frontmatter import (
    Document,
    NotReadableError,
    Place,
    Problem,
    parse,
    printable,
    read_text,
)
from reading_list.identity import identity
from reading_list.messages import faults, field_name, nearest
from reading_list.model import (
    FIELDS,
    GROUPS,
    MANY,
    Figure,
    Known,
    Resource,
)
from reading_list.names import FileNames
from reading_list.refusal import refuse
from reading_list.titles import NearTitles
from syllabus import Syllabus

#: Where messages say that names of records are looked up.
RECORDS = "docs/resources/"


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


class Record(NamedTuple):
    """One file: what is written there, and the resource when nothing is wrong."""

    file: str
    document: Document
    resource: Resource | None
    problems: Sequence[Problem] = ()

    @property
    def id(self) -> str:
        return stem(self.file)

    @property
    def title(self) -> str:
        title = self.document.values.get("title")
        return title if isinstance(title, str) else ""

    def texts(self, name: str) -> list[tuple[Place, str]]:
        """The texts in a field, each with its place, whatever else stands there."""
        value = self.document.values.get(name)
        if isinstance(value, str):
            return [((name,), value)]
        items = enumerate(value if isinstance(value, tuple) else ())
        return [((name, i), item) for i, item in items if isinstance(item, str)]

    def problem(
        self, place: Place, wrong: str, mend: str, *, warning: bool = False
    ) -> Problem:
        line = self.document.line(place)
        return Problem(self.file, line, field_name(place), wrong, mend, warning)


def stem(file: str) -> str:
    """The id of the record in a file."""
    return file.rpartition("/")[2].removesuffix(".md")


# One record by itself


def check_text(file: str, text: str, syllabus: Syllabus, today: date) -> Record:
    """Judge the text of one record by itself."""
    try:
        document = parse(text)
    except NotReadableError as error:
        return Record(file, Document({}), None, [error.in_file(file)])
    record = Record(file, document, None)
    problems = list(_in_no_field(record))
    written = tuple(concept.name for concept in syllabus.written)
    for line, part, fault in prose.in_the_body(document, written):
        problems.append(Problem(file, line, part, fault.wrong, fault.mend))
    values = {
        "id": record.id,
        **document.values,
        "summary": document.summary,
        "guide": document.guide,
    }
    resource = None
    try:
        resource = Resource.model_validate(
            values, context=Known(record.id, syllabus, today)
        )
    except ValidationError as error:
        problems += [
            record.problem(place, wrong, mend)
            for wrong, mend, place in faults(error, GROUPS)
        ]
    resource = None if problems else resource
    problems += _by_plain_http(record)
    return Record(file, document, resource, sorted(set(problems)))


def _in_no_field(record: Record) -> Iterator[Problem]:
    """What no rule of a field sees: other fields, and text where a list should be.

    Afterwards the values are such that the rules judge all of them.
    """
    values = record.document.values
    for name in [name for name in values if name not in FIELDS]:
        del values[name]
        in_figure = name in Figure.model_fields
        mend = "indent it below figure:" if in_figure else nearest(name, FIELDS)
        yield record.problem((name,), "is not a field of a record", mend)
    for name in MANY & values.keys():
        if isinstance(values[name], str) and values[name]:
            mend = f"write {name}: [one, two], or each on its own line after a hyphen"
            yield record.problem((name,), "is text, not a list", mend)
            values[name] = tuple(re.split(r",\s+", values[name]))


def _by_plain_http(record: Record) -> Iterator[Problem]:
    for name in ("url", "alt_urls", "archive_url"):
        for place, url in record.texts(name):
            if url.startswith("http:") and refuse(url) is None:
                mend = "write https:// if the site answers to it"
                yield record.problem(place, "is plain http", mend, warning=True)


# A folder of them


def check_folder(
    folder: Path, syllabus: Syllabus, today: date, shown: str, new: Mapping[str, str]
) -> Report:
    """Judge every record of a folder, and new ones beside them.

    Args:
        shown: how messages name the folder.
        new: the texts of records that do not stand in it, by id.
    """

    def no_records(wrong: str) -> Report:
        mend = "name the folder of the records with --dir"
        return Report((), (Problem(shown, 1, "", wrong, mend),))

    try:
        paths = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError as error:
        return no_records(f"cannot be read ({error.strerror or type(error).__name__})")
    if not paths:
        return no_records("holds no records")
    problems: list[Problem] = []
    records: list[Record] = []
    names = FileNames(path.name for path in paths)
    for path in paths:
        file = f"{shown}/{printable(path.name)}"
        if not path.name.endswith(".md"):
            mend = "the folder holds records only, NAME.md; put other files elsewhere"
            problems.append(Problem(file, 1, "", "is no record", mend))
            continue
        record = _read(path, file, syllabus, today)
        if wrong := names.refuse(path.name, record.document.values):
            problems.append(Problem(file, 1, "", wrong.wrong, wrong.mend))
            record = record._replace(resource=None)
        problems += record.problems
        records.append(record)
    for name, text in new.items():
        record = check_text(f"{shown}/{name}.md", text, syllabus, today)
        problems += record.problems
        records.append(record)
    problems += _across(records)
    resources = tuple(r.resource for r in records if r.resource is not None)
    return Report(resources, tuple(sorted(problems)))


def _read(path: Path, file: str, syllabus: Syllabus, today: date) -> Record:
    """Judge one file by itself; no file may keep the others from being judged."""
    try:
        return check_text(file, read_text(path), syllabus, today)
    except NotReadableError as error:
        problem = error.in_file(file)
    except Exception as error:
        wrong = f"cannot be judged ({type(error).__name__})"
        mend = "report it with the file, the fault is in our check"
        problem = Problem(file, 1, "", wrong, mend)
    return Record(file, Document({}), None, [problem])


# What the records say of each other


def _across(records: list[Record]) -> Iterator[Problem]:
    """All such problems, also of records with errors of their own."""
    yield from _lost_references(records)
    yield from _not_translations(records)
    neighbours = _Neighbours(record.title for record in records)
    for record in sorted(records, key=_newcomers_last):
        yield from neighbours.add(record)


def _newcomers_last(record: Record) -> tuple[bool, int, str]:
    """Of two alike, the likely newcomer is to be told, and the one before it named.

    What was on one of the lists is old, and a new entry says the least.
    """
    values = record.document.values
    return not values.get("lists"), -len(values), record.file


class _Neighbours:
    """Records, each judged beside those before it that have something in common."""

    def __init__(self, titles: Iterable[str]) -> None:
        self.titles = NearTitles[Record](titles)
        self.owners: dict[str, tuple[str, str]] = {}

    def add(self, record: Record) -> list[Problem]:
        """Errors for the same work, warnings for near-equal titles not told apart."""
        problems: list[Problem] = []
        for place, url in (*record.texts("url"), *record.texts("alt_urls")):
            if refuse(url):
                continue
            own = record.file, url
            other, spelt = self.owners.setdefault(identity(url), own)
            if other != record.file:
                wrong = f"names the same work as {other} ({spelt})"
                mend = "keep the entry that was there first, and mend it"
                problems.append(record.problem(place, wrong, mend))
        known = bool(problems)  # then that its title is known as well is no news
        told = _distinct_from(record)
        for near in self.titles.add(record.title, record):
            apart = near.id in told or record.id in _distinct_from(near)
            if not (known or apart):
                wrong = f"is nearly that of {near.file} ({near.title!r})"
                mend = (
                    "if it is the same work, mend that entry instead; if it is"
                    f" another, add distinct_from: [{near.id}]"
                )
                problem = record.problem(("title",), wrong, mend, warning=True)
                problems.append(problem)
        return problems


def _distinct_from(record: Record) -> set[str]:
    return {name for _, name in record.texts("distinct_from")}


def _lost_references(records: Sequence[Record]) -> Iterator[Problem]:
    """A record names and links other records, which are there."""
    ids = tuple(record.id for record in records)
    known = set(ids)
    for record in records:
        for name in ("distinct_from", "see_also", "translation_of"):
            for place, target in record.texts(name):
                if target == record.id:
                    wrong, mend = "names the record itself", "name the other one"
                    yield record.problem(place, wrong, mend)
                elif target not in known:
                    wrong = f"names no record ({target!r})"
                    mend = nearest(target, ids, RECORDS)
                    yield record.problem(place, wrong, mend)
        for line, target in prose.linked_records(record.document):
            if target not in known:
                wrong = f"links no record ({target}.md)"
                mend = nearest(target, ids, RECORDS)
                yield Problem(record.file, line, "body", wrong, mend)


def _not_translations(records: Sequence[Record]) -> Iterator[Problem]:
    by_id: dict[str, Any] = {record.id: record.resource for record in records}
    for record in records:
        own = record.resource
        original = by_id.get(own.translation_of or "") if own else None
        if own and original and original.language == own.language:
            yield record.problem(
                ("translation_of",),
                f"names {original.id}, which is in the same language",
                "correct language: or remove the line",
            )
