"""The page of notices names what the site ships, as it is installed."""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

from syllabus import ROOT
from website import vendor
from website.licences import notices

all_notices = cache(notices)
MIT, OFL = "Permission is hereby granted", "SIL OPEN FONT LICENSE"


@pytest.mark.parametrize(
    ("name", "says", "words"),
    [
        ("Material for MkDocs", f" {version('mkdocs-material')}, MIT. The theme", MIT),
        ("Material Design Icons", " as in Material for MkDocs", "Apache 2.0"),
        ("KaTeX", f" {vendor.version('katex')}, MIT. Style sheet", MIT),
        ("MiniSearch", f" {vendor.version('minisearch')}, MIT. What finds", MIT),
        ("Literata", f" {vendor.version(vendor.LITERATA)}, SIL Open Font", OFL),
        ("JetBrains Mono", f" {vendor.version(vendor.JETBRAINS)}, SIL Open", OFL),
    ],
)
def test_a_notice_has_the_version_and_the_licence(
    name: str, says: str, words: str
) -> None:
    section = all_notices().split(f"## {name}\n")[1].split("\n## ")[0]
    assert f"){says}" in section
    # Folded: each line of it stands under the fold.
    licence = section.split('??? note "The licence"\n')[1]
    assert words in licence
    assert all(line.startswith("    ") or not line for line in licence.split("\n")[1:])


def test_every_package_that_is_served_has_a_notice() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    # What draws the cards stays at home: the site ships its pictures only.
    for name in package["dependencies"].keys() - {"@resvg/resvg-js"}:
        assert name.rsplit("/", 1)[-1].replace("-", " ") in all_notices().lower()


def test_a_missing_licence_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(vendor.MissingPartError) as raised:
        notices(tmp_path)
    assert "\n" not in str(raised.value)
