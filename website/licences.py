"""What the site ships that others made, with their licences, read from the packages."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import files
from importlib.metadata import version as python_version
from pathlib import Path
from textwrap import indent

from syllabus import ROOT
from website import vendor

MATERIAL = "mkdocs-material"
OFL = "SIL Open Font License 1.1"
# The npm package, its name, home and licence, and what it is here for.
FROM_NPM = (
    (
        "katex",
        "KaTeX",
        "https://katex.org/",
        "MIT",
        "Style sheet and fonts of the formulas.",
    ),
    (
        "minisearch",
        "MiniSearch",
        "https://lucaong.github.io/minisearch/",
        "MIT",
        "What finds pages in the search.",
    ),
    (
        vendor.LITERATA,
        "Literata",
        "https://github.com/googlefonts/literata",
        OFL,
        "The letters you read, cut down to what the pages use.",
    ),
    (
        vendor.JETBRAINS,
        "JetBrains Mono",
        "https://github.com/JetBrains/JetBrainsMono",
        OFL,
        "The letters of the code, without ligatures.",
    ),
)


@dataclass(frozen=True)
class Notice:
    """A work of others: what it is, whose licence, and where its text stands."""

    name: str
    home: str
    version: str
    licence: str
    use: str
    text: str


def notices(root: Path = ROOT) -> str:
    """One section a work: version, licence, use, and the text of the licence folded."""
    return "\n\n".join(_section(notice) for notice in _shipped(root))


def _shipped(root: Path) -> tuple[Notice, ...]:
    material = python_version(MATERIAL)
    return (
        Notice(
            "Material for MkDocs",
            "https://squidfunk.github.io/mkdocs-material/",
            material,
            "MIT",
            "The theme under this site: style sheet, script, search dialog, icons.",
            _python_licence(MATERIAL, "dist-info/licenses/LICENSE"),
        ),
        Notice(
            "Material Design Icons",
            "https://pictogrammers.com/library/mdi/",
            f"as in Material for MkDocs {material}",
            "Apache-2.0",
            "The signs in the header and on the code.",
            _python_licence(MATERIAL, ".icons/material/LICENSE"),
        ),
        *(
            Notice(
                *(name, home, vendor.version(package, root)),
                *(licence, use, _npm_licence(root, package)),
            )
            for package, name, home, licence, use in FROM_NPM
        ),
    )


def _npm_licence(root: Path, package: str) -> str:
    (licence,) = (root / "node_modules" / package).glob("LICENSE*")
    return licence.read_text(encoding="utf-8")


def _python_licence(package: str, ending: str) -> str:
    found = [f for f in files(package) or () if f.as_posix().endswith(ending)]
    if not found:
        raise vendor.MissingPartError(f"{package}: {ending} is not installed")
    return found[0].read_text(encoding="utf-8")


def _section(notice: Notice) -> str:
    text = indent(notice.text.strip(), "    ")
    return (
        f"## {notice.name}\n\n"
        f"[{notice.name}]({notice.home}) {notice.version}, {notice.licence}."
        f" {notice.use}"
        f'\n\n??? note "The licence"\n\n    ```text\n{text}\n    ```'
    )
