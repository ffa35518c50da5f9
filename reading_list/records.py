"""The reading list as data: `load()` gives every record, checked.

>>> from reading_list.records import load
>>> load().by_id["vaswani-2017-attention"].arxiv
'1706.03762'
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml

from reading_list.checks import Report, check_folder
from reading_list.frontmatter import Problem
from reading_list.model import AboutLists, Mended, ReadingList, Resource
from reading_list.syllabus import ROOT, load_syllabus

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


class InvalidRecordsError(ValueError):
    """Records have errors; the message is one line an error."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def check(folder: Path = RECORDS, today: date | None = None) -> Report:
    """Judge every record of a folder against all rules."""
    try:
        shown = folder.resolve().relative_to(ROOT).as_posix()
    except ValueError:
        shown = folder.as_posix()
    return check_folder(folder, load_syllabus(), today or date.today(), shown)


def load_about(path: Path = ABOUT) -> AboutLists:
    """What is true of whole lists, hosts and people."""
    return AboutLists.model_validate(
        yaml.safe_load(path.read_text(encoding="utf-8")), strict=False
    )


def load(folder: Path = RECORDS) -> ReadingList:
    """All records, in the order of their names.

    Raises:
        InvalidRecordsError: some record has an error.
    """
    report = check(folder)
    if report.errors:
        raise InvalidRecordsError(report.errors)
    return ReadingList(resources=report.resources, about=load_about())
