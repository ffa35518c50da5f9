"""What the page for contributors shows of the form and of the check."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from reading_list.form import FORM, REFUSED
from reading_list.records import check


def add_url(repo_url: str) -> str | None:
    """GitHub's page for a new file, with the fields already in it; None elsewhere."""
    if urlsplit(repo_url).hostname != "github.com":
        return None
    name = quote("docs/resources/NEW.md", safe="")
    return f"{repo_url}/new/main?filename={name}&value={quote(FORM, safe='')}"


def refused() -> str:
    """What the check says of the example that is refused: printed, never typed."""
    problems = check(new={"attention": REFUSED}).problems
    return "\n".join(str(p) for p in problems if p.file.endswith("/attention.md"))
