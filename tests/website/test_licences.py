"""The page of notices names what the site ships, as it is installed."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from website import vendor
from website.licences import notices

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def page() -> str:
    return notices()


def test_versions_are_read_from_the_packages(page: str) -> None:
    section = page.split("## Material for MkDocs\n")[1].split("\n## ")[0]
    assert f") {version('mkdocs-material')}, MIT." in section
    for name, package in (("KaTeX", "katex"), ("Literata", vendor.LITERATA)):
        section = page.split(f"## {name}\n")[1].split("\n## ")[0]
        assert f") {vendor.version(package)}, " in section


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Material for MkDocs", "Permission is hereby granted"),
        ("Material Design Icons", "Apache 2.0"),
        ("KaTeX", "Permission is hereby granted"),
        ("Literata", "SIL OPEN FONT LICENSE"),
        ("JetBrains Mono", "SIL OPEN FONT LICENSE"),
    ],
)
def test_the_text_of_each_licence_is_there(name: str, words: str, page: str) -> None:
    section = page.split(f"## {name}\n")[1].split("\n## ")[0]
    assert words in section
    assert "Copyright" in section or name == "Material Design Icons"


def test_every_package_that_is_served_has_a_notice(page: str) -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    # What draws the cards stays at home: the site ships its pictures only.
    for name in package["dependencies"].keys() - {"@resvg/resvg-js"}:
        title = name.rsplit("/", 1)[-1].replace("-", " ")
        assert title in page.lower()


def test_a_missing_licence_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(vendor.MissingPartError) as raised:
        notices(tmp_path)
    assert "\n" not in str(raised.value)
