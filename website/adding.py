"""What the page for contributors shows of the form and of the check."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote, urlsplit

from reading_list.checks import check_one
from reading_list.form import FORM, REFUSED
from reading_list.model import ReadingList
from syllabus import Syllabus


def add_url(repo_url: str) -> str | None:
    """GitHub's page for a new file, with the fields already in it; None elsewhere."""
    if urlsplit(repo_url).hostname != "github.com":
        return None
    name = quote("docs/resources/NEW.md", safe="")
    return f"{repo_url}/new/main?filename={name}&value={quote(FORM, safe='')}"


def refused(reading_list: ReadingList, syllabus: Syllabus) -> str:
    """What the check says of the example that is refused: printed, never typed."""
    file = "docs/resources/attention.md"
    problems = check_one(file, REFUSED, reading_list, syllabus, date.today())
    return "\n".join(map(str, problems))
