"""The reading list as data: `load()` gives every record, checked.

>>> from reading_list.records import load
>>> load().by_id["vaswani-2017-attention"].arxiv
'1706.03762'
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from reading_list.checks import Report, check_folder
from reading_list.frontmatter import InvalidError
from reading_list.model import ReadingList, Resource
from reading_list.syllabus import load_syllabus
from syllabus import ROOT, Syllabus

__all__ = ["RECORDS", "ReadingList", "Resource", "check", "load"]

RECORDS = ROOT / "docs" / "resources"


def check(
    folder: Path = RECORDS,
    new: Mapping[str, str] | None = None,
    syllabus: Syllabus | None = None,
) -> Report:
    """Judge every record of a folder against all rules, and the project's syllabus.

    Args:
        new: texts to judge beside them, by id.
    """
    there = Path(os.path.realpath(folder))  # Path.resolve() fails on a loop of links
    inside = there.is_relative_to(ROOT)
    shown = (there.relative_to(ROOT) if inside else folder).as_posix()
    known = syllabus or load_syllabus()
    return check_folder(folder, known, date.today(), shown, new or {})


def load(folder: Path = RECORDS, syllabus: Syllabus | None = None) -> ReadingList:
    """All records, in the order of their names, on the concepts of a syllabus.

    Raises:
        InvalidError: some record has an error; the message is one line an error.
    """
    report = check(folder, syllabus=syllabus)
    if report.errors:
        raise InvalidError(report.errors)
    return ReadingList(resources=report.resources)
