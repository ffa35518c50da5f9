"""What the page for contributors shows of the form and of the check."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from reading_list.checks import check_folder
from reading_list.form import FORM, REFUSED
from reading_list.records import RECORDS
from reading_list.syllabus import Syllabus


def add_url(repo_url: str) -> str:
    """The host's page for a new file, with the fields already in it."""
    name = quote("docs/resources/NEW.md", safe="")
    return f"{repo_url}/new/main?filename={name}&value={quote(FORM, safe='')}"


def refused(syllabus: Syllabus, records: Path = RECORDS) -> str:
    """What the check says of the example that is refused: printed, never typed."""
    return "\n".join(verdict("attention.md", REFUSED, syllabus, records))


def verdict(
    name: str, record: str, syllabus: Syllabus, records: Path = RECORDS
) -> list[str]:
    """What the check prints when a file is added to all that are there."""
    with TemporaryDirectory() as folder:
        copy = shutil.copytree(records, Path(folder) / "resources")
        (copy / name).write_text(record, encoding="utf-8")
        report = check_folder(copy, syllabus, date.today(), "docs/resources")
    return [str(problem) for problem in report.problems]
