"""The reading list as data: `load()` gives every record, checked.

>>> from reading_list.records import load
>>> load().by_id["vaswani-2017-attention"].arxiv
'1706.03762'
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from reading_list.checks import Report, check_folder
from reading_list.frontmatter import InvalidError
from reading_list.model import ABOUT_GROUPS, AboutLists, Mended, ReadingList, Resource
from reading_list.syllabus import load_syllabus, read_model
from syllabus import ROOT, Syllabus

__all__ = [
    "RECORDS",
    "InvalidRecordsError",
    "Mended",
    "ReadingList",
    "Resource",
    "check",
    "load",
]

RECORDS = ROOT / "docs" / "resources"
ABOUT = Path(__file__).with_name("lists.yml")


class InvalidRecordsError(InvalidError):
    """Records have errors; the message is one line an error."""


def check(
    folder: Path = RECORDS,
    today: date | None = None,
    syllabus: Syllabus | None = None,
) -> Report:
    """Judge every record of a folder against all rules, and the project's syllabus."""
    there = Path(os.path.realpath(folder))  # Path.resolve() fails on a loop of links
    inside = there.is_relative_to(ROOT)
    shown = (there.relative_to(ROOT) if inside else folder).as_posix()
    return check_folder(
        folder, syllabus or load_syllabus(), today or date.today(), shown
    )


def load_about(path: Path = ABOUT) -> AboutLists:
    """What is true of whole lists, hosts and people.

    Raises:
        InvalidError: the file has errors.
    """
    return read_model(path, AboutLists, ABOUT_GROUPS)


def load(folder: Path = RECORDS, syllabus: Syllabus | None = None) -> ReadingList:
    """All records, in the order of their names, on the concepts of a syllabus.

    Raises:
        InvalidRecordsError: some record has an error.
    """
    report = check(folder, syllabus=syllabus)
    if report.errors:
        raise InvalidRecordsError(report.errors)
    return ReadingList(resources=report.resources, about=load_about())
