"""What the site ships that others made, with their licences, read from the packages."""

from __future__ import annotations

from functools import partial
from importlib import metadata
from pathlib import Path

from syllabus import ROOT
from website import vendor
from website.wording import markdown_template

MATERIAL = "mkdocs-material"


def notices(root: Path = ROOT) -> str:
    """One section a work, from `templates/notices.md`, as Markdown.

    Raises:
        MissingPartError: a package or its licence is not installed.
    """
    return markdown_template(
        "notices.md",
        material=metadata.version(MATERIAL),
        python_licence=partial(_python_licence, MATERIAL),
        version=partial(vendor.version, root=root),
        npm_licence=partial(_npm_licence, root),
        literata=vendor.LITERATA,
        jetbrains=vendor.JETBRAINS,
    )


def _npm_licence(root: Path, package: str) -> str:
    (licence,) = (root / "node_modules" / package).glob("LICENSE*")
    return licence.read_text(encoding="utf-8")


def _python_licence(package: str, ending: str) -> str:
    for file in metadata.files(package) or ():
        if file.as_posix().endswith(ending):
            return file.read_text(encoding="utf-8")
    raise vendor.MissingPartError(f"{package}: {ending} is not installed")
