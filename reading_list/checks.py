"""Every rule of the reading list. All errors are found at once, none is a traceback.

`check_folder` judges every record alone, by the rules of `judge`, and then what the
records say of each other. What is not readable yields problems, never an exception.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from reading_list.frontmatter import (
    Document,
    NotReadableError,
    Place,
    Problem,
    read_text,
)
from reading_list.identity import identity
from reading_list.judge import Judgement, check_text, stem, strings
from reading_list.messages import field_name, nearest
from reading_list.model import Resource
from reading_list.prose import linked_records
from reading_list.refusal import refuse
from reading_list.syllabus import Syllabus
from reading_list.titles import TitleKey

_FILE_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.md")
#: The folder's own page, and what Windows takes for devices.
_TAKEN = re.compile(r"(index|con|prn|aux|nul|com\d|lpt\d)\.md")


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
        paths = sorted(folder.iterdir())
    except OSError as error:
        why = error.strerror or type(error).__name__
        return no_records(f"cannot be read ({why})")
    problems: list[Problem] = []
    judged: list[tuple[str, Judgement]] = []
    for path in paths:
        if path.name.startswith("."):
            continue
        file = f"{shown}/{_safe(path.name)}"
        try:
            _check_name(path.name)
            text = read_text(path)
        except NotReadableError as error:
            problems.append(error.in_file(file))
            continue
        judged.append((file, check_text(file, text, syllabus, today)))
    if not judged and not problems:
        return no_records("holds no records")
    for _, judgement in judged:
        problems += judgement.problems
    problems += _across(judged)
    resources = tuple(j.resource for _, j in judged if j.resource is not None)
    return Report(resources, tuple(sorted(problems)))


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
        letters = unicodedata.normalize("NFKD", name.removesuffix(".md")).casefold()
        words = re.findall("[a-z0-9]+", letters.encode("ascii", "ignore").decode())
        better = "-".join(words)[:80].strip("-") or "author-year-word"
        raise NotReadableError(
            1,
            "has a file name that is no address",
            f"use small letters, digits and single hyphens, such as {better}.md",
        )
    if _TAKEN.fullmatch(name):
        raise NotReadableError(
            1,
            "has a name that the site or Windows keeps for itself",
            "name it after the work, such as author-year-word.md",
        )


# What the records say of each other


class _Record(NamedTuple):
    """A record that can be read; no resource when it has errors of its own."""

    file: str
    document: Document
    resource: Resource | None

    @property
    def id(self) -> str:
        return stem(self.file)

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
    ids = tuple(stem(file) for file, _ in judged)
    yield from _same_works(records)
    yield from _lost_references(records, ids)
    yield from _not_translations(records)
    yield from _twins(records)


def _newcomers_last(record: _Record) -> tuple[bool, int, str]:
    """Of two alike, the likely newcomer is to be told, and the one before it named.

    What was on one of the lists is old, and a new entry says the least.
    """
    values = record.document.values
    return not values.get("lists"), -len(values), record.file


def _same_works(records: Sequence[_Record]) -> Iterator[Problem]:
    owner: dict[str, tuple[str, str]] = {}
    for record in records:
        for place, url in _addresses(record.document.values):
            other, spelt = owner.setdefault(identity(url), (record.file, url))
            if other != record.file:
                yield record.problem(
                    place,
                    f"names the same work as {other} ({spelt})",
                    "keep the entry that was there first, and mend it",
                )


def _lost_references(
    records: Sequence[_Record], ids: tuple[str, ...]
) -> Iterator[Problem]:
    """A record names and links other records, which are there."""
    for record in records:
        for place, target in _references(record.document.values):
            if target == record.id:
                wrong, mend = "names the record itself", "name the other one"
                yield record.problem(place, wrong, mend)
            elif target not in ids:
                wrong = f"names no record ({target!r})"
                yield record.problem(place, wrong, nearest(target, ids))
        for line, target in linked_records(record.document):
            if target not in ids:
                wrong, mend = f"links no record ({target}.md)", nearest(target, ids)
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


def _twins(records: Sequence[_Record]) -> Iterator[Problem]:
    """Warn of near-equal titles, unless one names the other as distinct."""
    # Titles with other numbers in them are not near: chapters, parts, editions.
    with_numbers: defaultdict[tuple[str, ...], list[tuple[TitleKey, str, Resource]]] = (
        defaultdict(list)
    )
    for record in records:
        own = record.resource
        if own is None:
            continue
        key = TitleKey.of(own.title)
        before = with_numbers[key.numbers]
        for other_key, file, other in before:
            told = other.id in own.distinct_from or own.id in other.distinct_from
            if key.near(other_key) and not told:
                yield record.problem(
                    ("title",),
                    f"is nearly that of {file} ({other.title!r})",
                    "if it is the same work, mend that entry instead; if it is"
                    f" another, add distinct_from: [{other.id}]",
                    warning=True,
                )
        before.append((key, record.file, own))


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
