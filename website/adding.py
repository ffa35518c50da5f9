"""What the page for contributors shows of the form and of the check."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from reading_list.checks import check_folder
from reading_list.form import FORM, REFUSED
from reading_list.frontmatter import parse
from reading_list.identity import identity
from reading_list.model import ReadingList
from reading_list.records import RECORDS
from reading_list.syllabus import Syllabus


def add_url(repo_url: str) -> str:
    """The host's page for a new file, with the fields already in it."""
    name = quote("docs/resources/NEW.md", safe="")
    return f"{repo_url}/new/main?filename={name}&value={quote(FORM, safe='')}"


def refused(
    reading_list: ReadingList, syllabus: Syllabus, records: Path = RECORDS
) -> str:
    """What the check says of the example that is refused: printed, never typed."""
    # All that are there were judged before: only the same work says something new.
    work = identity(parse(REFUSED).values["url"])
    same = [r.id for r in reading_list.resources if work in r.identities]
    return "\n".join(verdict("attention.md", REFUSED, syllabus, records, same))


def verdict(
    name: str, record: str, syllabus: Syllabus, records: Path, beside: Iterable[str]
) -> list[str]:
    """What the check prints of a file that is added beside some that are there."""
    with TemporaryDirectory() as folder:
        for each in beside:
            shutil.copy(records / f"{each}.md", folder)
        (Path(folder) / name).write_text(record, encoding="utf-8")
        report = check_folder(Path(folder), syllabus, date.today(), "docs/resources")
    file = f"docs/resources/{name}"
    return [str(problem) for problem in report.problems if problem.file == file]
