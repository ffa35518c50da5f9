"""Every rule of the reading list. All errors are found at once, none is a traceback.

`check_folder` judges every record alone, by the rules of `judge`, and then what the
records say of each other. What is not readable yields problems, never an exception.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from reading_list.frontmatter import (
    Document,
    NotReadableError,
    Place,
    Problem,
    printable,
    read_text,
)
from reading_list.identity import identity
from reading_list.judge import Judgement, check_text, stem, strings
from reading_list.messages import field_name, nearest
from reading_list.model import ReadingList, Resource
from reading_list.names import FileNames
from reading_list.prose import linked_records
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


def check_folder(folder: Path, syllabus: Syllabus, today: date, shown: str) -> Report:
    """Judge every record of a folder; `shown` is how messages name the folder."""

    def no_records(wrong: str) -> Report:
        mend = "name the folder of the records with --dir"
        return Report((), (Problem(shown, 1, "", wrong, mend),))

    try:
        paths = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError as error:
        why = error.strerror or type(error).__name__
        return no_records(f"cannot be read ({why})")
    problems: list[Problem] = []
    judged: list[tuple[str, Judgement]] = []
    names = FileNames(path.name for path in paths)
    for path in paths:
        file = f"{shown}/{printable(path.name)}"
        if not path.name.endswith(".md"):
            mend = "the folder holds records only, NAME.md; put other files elsewhere"
            problems.append(Problem(file, 1, "", "is no record", mend))
            continue
        try:
            judgement = _judge(path, file, syllabus, today)
        except NotReadableError as error:
            problems.append(error.in_file(file))
            judgement = None
        values = judgement.document.values if judgement and judgement.document else {}
        if wrong := names.refuse(path.name, values):
            problems.append(Problem(file, 1, "", *wrong))
            judgement = judgement and judgement._replace(resource=None)
        if judgement:
            judged.append((file, judgement))
    if not judged and not problems:
        return no_records("holds no records")
    for _, judgement in judged:
        problems += judgement.problems
    problems += _across(judged)
    resources = tuple(j.resource for _, j in judged if j.resource is not None)
    return Report(resources, tuple(sorted(problems)))


def _judge(path: Path, file: str, syllabus: Syllabus, today: date) -> Judgement:
    """Judge one file by itself; no file may keep the others from being judged."""
    text = read_text(path)
    try:
        return check_text(file, text, syllabus, today)
    except Exception as error:
        wrong = f"cannot be judged ({type(error).__name__})"
        mend = "report it with the file, the fault is in our check"
        raise NotReadableError(1, wrong, mend) from None


def check_one(
    file: str, text: str, known: ReadingList, syllabus: Syllabus, today: date
) -> list[Problem]:
    """Judge the text of one record, by itself and beside those that are there."""
    judgement = check_text(file, text, syllabus, today)
    problems = list(judgement.problems)
    if judgement.document:
        folder = str(PurePosixPath(file).parent)
        there = [_Record.of(resource, folder) for resource in known.resources]
        new = _Record(file, judgement.document)
        neighbours = _Neighbours(record.title for record in (*there, new))
        for record in there:
            neighbours.add(record)
        problems += _lost_references([new], {*known.by_id, new.id})
        problems += neighbours.add(new)
    return sorted(set(problems))


# What the records say of each other


class _Record(NamedTuple):
    """A record that can be read; no resource when it has errors of its own."""

    file: str
    document: Document
    resource: Resource | None = None

    @classmethod
    def of(cls, resource: Resource, folder: str) -> _Record:
        """A record that was judged before, for others to be judged beside it."""
        named = {"title", "url", "alt_urls", "distinct_from"}
        values = resource.model_dump(mode="json", include=named)
        return cls(f"{folder}/{resource.id}.md", Document(values, {}, "", 1), resource)

    @property
    def id(self) -> str:
        return stem(self.file)

    @property
    def title(self) -> str:
        title = self.document.values.get("title")
        return title if isinstance(title, str) else ""

    def problem(
        self, place: Place, wrong: str, mend: str, *, warning: bool = False
    ) -> Problem:
        line = self.document.line(place)
        return Problem(self.file, line, field_name(place), wrong, mend, warning)


def _across(judged: Sequence[tuple[str, Judgement]]) -> Iterator[Problem]:
    """All such problems, also of records with errors of their own."""
    records = [
        _Record(file, judgement.document, judgement.resource)
        for file, judgement in judged
        if judgement.document is not None
    ]
    records.sort(key=_newcomers_last)
    yield from _lost_references(records, {stem(file) for file, _ in judged})
    yield from _not_translations(records)
    neighbours = _Neighbours(record.title for record in records)
    for record in records:
        yield from neighbours.add(record)


def _newcomers_last(record: _Record) -> tuple[bool, int, str]:
    """Of two alike, the likely newcomer is to be told, and the one before it named.

    What was on one of the lists is old, and a new entry says the least.
    """
    values = record.document.values
    return not values.get("lists"), -len(values), record.file


class _Neighbours:
    """Records, each judged beside those before it that have something in common."""

    def __init__(self, titles: Iterable[str]) -> None:
        self.titles = NearTitles[_Record](titles)
        self.owners: dict[str, tuple[str, str]] = {}

    def add(self, record: _Record) -> list[Problem]:
        """Errors for the same work, warnings for near-equal titles not told apart."""
        problems: list[Problem] = []
        for place, url in _addresses(record.document.values):
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


def _distinct_from(record: _Record) -> set[str]:
    return {name for _, name in strings(record.document.values, "distinct_from")}


def _lost_references(records: Sequence[_Record], ids: Set[str]) -> Iterator[Problem]:
    """A record names and links other records, which are there."""
    for record in records:
        for place, target in _references(record.document.values):
            if target == record.id:
                wrong, mend = "names the record itself", "name the other one"
                yield record.problem(place, wrong, mend)
            elif target not in ids:
                wrong = f"names no record ({target!r})"
                yield record.problem(place, wrong, nearest(target, tuple(ids), RECORDS))
        for line, target in linked_records(record.document):
            if target not in ids:
                wrong = f"links no record ({target}.md)"
                mend = nearest(target, tuple(ids), RECORDS)
                yield Problem(record.file, line, "body", wrong, mend)


def _not_translations(records: Sequence[_Record]) -> Iterator[Problem]:
    by_id = {record.id: record.resource for record in records}
    for record in records:
        own = record.resource
        original = by_id.get(own.translation_of or "") if own else None
        if own and original and original.language == own.language:
            yield record.problem(
                ("translation_of",),
                f"names {original.id}, which is in the same language",
                "correct language: or remove the line",
            )


def _addresses(values: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """The addresses of a record that may be listed at all."""
    url = values.get("url")
    if isinstance(url, str) and refuse(url) is None:
        yield ("url",), url
    for i, other in strings(values, "alt_urls"):
        if refuse(other) is None:
            yield ("alt_urls", i), other


def _references(values: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """The other records that a record names."""
    for name in ("distinct_from", "see_also"):
        for i, target in strings(values, name):
            yield (name, i), target
    original = values.get("translation_of")
    if isinstance(original, str):
        yield ("translation_of",), original
