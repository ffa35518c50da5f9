"""README, CONTRIBUTING and MAINTAINING say what is so: commands, files, output."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
import yaml
from jinja2 import nodes

from reading_list.form import FIELD_TABLE, FORM
from reading_list.model import FIELDS
from reading_list.vocabulary import KINDS, LEVELS, Language
from website.adding import refused
from website.edges import pages
from website.edges.pages import body_of, parsed
from website.edges.sections import MOST_LINES
from website.expressions import FILTERS

ROOT = Path(__file__).resolve().parents[2]
GUIDES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("README.md", "CONTRIBUTING.md", "MAINTAINING.md")
}
README, CONTRIBUTING = GUIDES["README.md"], GUIDES["CONTRIBUTING.md"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_kinds_are_those_of_the_vocabulary() -> None:
    sentence = re.search(r"^A `kind` is one of ([^.]*)\.", CONTRIBUTING, re.MULTILINE)
    assert sentence
    assert tuple(re.findall(r"\w+", sentence[1].replace(" and ", ", "))) == KINDS


def test_the_issue_form_offers_every_kind() -> None:
    path = ROOT / ".github" / "ISSUE_TEMPLATE" / "add-a-resource.yml"
    questions = yaml.safe_load(path.read_text(encoding="utf-8"))["body"]
    (kind,) = (one for one in questions if one.get("id") == "kind")
    assert kind["attributes"]["options"] == [*KINDS, "something else"]


def test_every_field_of_a_record_is_told() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", FIELD_TABLE, re.MULTILINE))
    first = [row.split(":")[0] for row in FORM.split("\n") if ":" in row]
    assert (*first, *rows) == FIELDS
    for name, words in {"language": get_args(Language), "level": LEVELS}.items():
        assert ", ".join(f"`{word}`" for word in words) in rows[name]


def test_the_rules_of_a_page_are_those_that_are_checked() -> None:
    told = " ".join(CONTRIBUTING.split())
    for part in pages.PARTS + pages.WITH_CODE:
        assert f"({part})" in told
    assert f"at most three sections of 8 to {MOST_LINES} lines" in told
    for way in pages.FITTING:
        assert f"`{way}`" in told


def test_what_a_page_calls_is_explained() -> None:
    told = " ".join(re.findall(r"`[^`]*`", CONTRIBUTING))
    used = set()
    for page in (ROOT / "docs" / "concepts").glob("*.md"):
        tree = parsed(body_of(page.read_text(encoding="utf-8")))
        calls = [call.node for call in tree.find_all(nodes.Call)]
        own = {macro.name for macro in tree.find_all(nodes.Macro)}
        named = {node.name for node in calls if isinstance(node, nodes.Name)}
        used |= {f"{name}(" for name in named - own}
        used |= {one.name for one in tree.find_all(nodes.Filter) if one.name in FILTERS}
    assert len(used) > 8
    assert {name for name in used if name not in told} == set()


def test_the_verdict_is_what_the_check_prints() -> None:
    assert blocks(CONTRIBUTING, "text") == [refused() + "\n"]


def test_the_printed_lines_of_the_readme_are_those_recorded() -> None:
    printed, _ = blocks(README, "text")
    recorded = ROOT / "docs" / "results" / "attention.txt"
    assert recorded.read_text(encoding="utf-8").startswith(printed)


def test_the_tree_of_the_readme_is_there() -> None:
    _, tree = blocks(README, "text")
    named: list[str] = []
    for line in tree.splitlines():
        name = line.split()[0]
        named.append(f"{named_parent(named)}{name}" if line.startswith(" ") else name)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def named_parent(named: list[str]) -> str:
    """The folder that an indented line stands under."""
    return [name for name in named if name.count("/") == 1][-1]


@pytest.mark.parametrize("name", GUIDES)
def test_every_make_target_that_is_named_is_there(name: str) -> None:
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
    asked = set(re.findall(r"(?:`|^)make ([a-z]+)", GUIDES[name], re.MULTILINE))
    assert len(asked) > 2
    assert asked <= targets


@pytest.mark.parametrize("name", GUIDES)
def test_every_link_to_a_file_leads_to_one(name: str) -> None:
    without_code = re.sub(r"`[^`\n]*`", "", GUIDES[name])
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", without_code)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_extra_that_is_named_is_there() -> None:
    extras = set(re.findall(r"\.\[([a-z]+)\]", README))
    assert extras == {"snippets"}
    assert extras <= set(PROJECT["optional-dependencies"])


def test_the_citation_keeps_to_the_project() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]
    assert PROJECT["license"] == " AND ".join(citation["license"])
