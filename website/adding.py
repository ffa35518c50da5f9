"""What the page for contributors shows of the form and of the check."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

from reading_list.form import FORM, REFUSED
from reading_list.judge import check_text
from reading_list.syllabus import Syllabus


def add_url(repo_url: str) -> str:
    """The host's page for a new file, with the fields already in it."""
    name = quote("docs/resources/NEW.md", safe="")
    return f"{repo_url}/new/main?filename={name}&value={quote(FORM, safe='')}"


def refused(syllabus: Syllabus) -> str:
    """What the check says of the example that is refused: printed, never typed."""
    name = "docs/resources/attention.md"
    problems = check_text(name, REFUSED, syllabus, date.today()).problems
    return "\n".join(map(str, problems))
