"""A small project in the place of ours: what the tests of the renderer are held to.

One road with a branch, two written concepts and a planned one, three resources and a
claim. Nothing that somebody writes on a page of ours changes it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from bs4 import BeautifulSoup, Tag
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

from reading_list.model import ReadingList, Resource
from reading_list.records import load
from syllabus import ROOT, Syllabus
from website.edges.tree import Tree
from website.render import Renderer

REPO = "https://git.example.org/a/repo"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><title>{0}</title>'
    '<path id="{0}-line" d="M0 0h9" stroke="var(--ink, #1d2a2e)"/></svg>\n'
)
PAGES = (
    *("before-you-start.md", "catalogue.md", "does-it-hold.md"),
    "what-we-mended.md",
)
RECIPE = {
    "command": "python -m snippets counting",
    "seed": 0,
    "device": "cpu",
    "threads": 1,
    "python": "3.11",
    "torch": "2.13.0",
    "date": "2026-11-20",
}
EDIT = {
    "file": "snippets/text/counting.py",
    "find": "    total = 0",
    "replace": "    total = 1",
    "outcome": ["- total 3.00", "+ total 4.00", "+ more"],
}
SAME = {**EDIT, "replace": "    total = 0.0", "outcome": []}
CLAIM = {
    "name": "long-words",
    "claim": "Counting takes as long as the text.",
    "paper": "adams-2020-counting",
    "where": "section 3",
    "reported": "They report BLEU of 28 %.",
    "tried": "We tried longer texts.",
    "verdict": "partly",
    "conclusion": "We saw a difference of -2 %.",
    "recipe": {
        **RECIPE,
        "command": "python -m snippets claim long-words --seeds 3,4",
        "seeds": [3, 4],
        "minutes": 1,
    },
    "data": [],
}


def record(**fields: Any) -> str:
    return json.dumps(fields, indent=1)


#: Every file, by its path from the root of the project.
FILES = {
    "docs/concepts/concepts.yml": """
chapters:
  - {name: text, title: Words into numbers, main_line: true}
  - {name: beside, title: Beside the road, main_line: false}
concepts:
  - name: counting
    title: Counting
    chapter: text
    question: How many are there?
    definition: Counting says how many there are.
    builds_on: []
    status: written
  - name: sharing
    title: Sharing
    chapter: beside
    question: Who gets how many?
    definition: Sharing gives everybody as many.
    builds_on: [{concept: counting, because: one shares what was counted}]
    status: written
    code: false
  - name: adding
    title: Adding
    chapter: text
    question: How many together?
    definition: Adding counts on.
    builds_on: [{concept: counting, because: it counts on}]
    status: planned
""",
    "docs/concepts/counting.md": """---
description: Counting, by hand.
edits:
  - why: |-
      It began at {{ result.by_hand.start|fixed(0) }}.

      So it ended there.
  - why: Nothing happens.
go_on:
  read: {resource: brown-counting-by-hand, because: it has *pictures*}
  watch: {resource: clark-counting-video, because: it moves}
  paper: {resource: adams-2020-counting, because: it began here}
---

## The problem

Before {{ term('adding') }} one counts.

{{ figure(alt="a line <of> one", caption="Notice the *line*.") }}

## Three things by hand {#by-hand}

1. One thing, and one more: 1 + 1 = 2.
2. Half of 3 is 1.5; −2 is none.

{{ frame(1, alt="one thing", caption="*One*.") }}

{{ frame(2, alt="two things", caption="And one more.") }}

## The formula

$$
n = 1 + 1
$$

## Code

{{ code('count') }}

{{ code('pairs', 'snippets/text/pairs.py') }}

{{ printed() }}

{{ change(1) }}

{{ change(2) }}

## A real model

## Confusions

## Evidence {#why-believe-it}

They differ by {{ result.difference|scientific }}.

## In real models

{{ picture('assets/pictures/counting-hand.svg', 'a hand', 'Five fingers.') }}

## Check yourself

## In short
""",
    "docs/concepts/sharing.md": """---
description: Sharing.
go_on:
  read: {resource: brown-counting-by-hand, because: it says so}
  watch: {resource: clark-counting-video, because: it moves}
  paper: {resource: adams-2020-counting, because: it began here}
---

## The problem

After {{ term('counting', 'having counted') }}.

## By hand

See [figure 3.2](../resources/adams-2020-counting.md).

## Confusions

## Check yourself

## In short
""",
    "docs/resources/adams-2020-counting.md": """---
title: "On Counting 1 < 2 & More"
url: https://papers.example.org/counting
kind: paper
concepts: [counting, sharing, adding]
authors: [Ada Adams, Bo Brown, Cy Clark, Di Dale]
year: 2020
level: advanced
minutes: 30
access: free
venue: Counting 2020
starred: true
figure: {of: counting, alt: a line, notice: See how it ends.}
---

It says how to count, and why one may stop at the end.

"""
    + "It is *good*. " * 25
    + "See [another](brown-counting-by-hand.md) and [ours](../concepts/sharing.md).\n",
    "docs/resources/brown-counting-by-hand.md": """---
title: Counting by Hand
url: https://blog.example.org/by-hand
kind: blog
concepts: [counting, sharing]
language: de
alt_urls: [https://copy.example.org/by-hand]
archive_url: https://web.archive.org/web/2020/https://blog.example.org/by-hand
note: It has a part two.
unknown: the year
see_also: [clark-counting-video]
translation_of: adams-2020-counting
---

It counts on ten fingers, one picture for each of them.
""",
    "docs/resources/clark-counting-video.md": """---
title: Counting, Animated
ours: adding
kind: video
concepts: [counting, sharing]
organization: The Counters
lists: [nlp-tasks]
---

It counts before your eyes, from one up to a hundred.
""",
    "docs/results/counting.json": record(
        name="counting",
        recipe=RECIPE,
        data={
            "by_hand": {"start": 1.0, "numbers": [1, 2, 3, -2.0], "half": 1.4999},
            "difference": 2.384e-07,
        },
        edits=[EDIT, SAME],
    ),
    "docs/results/counting.txt": "total 3.00\n\n  <of> these\n",
    "docs/results/counting.svg": SVG.format("counting"),
    "docs/results/counting.1.svg": SVG.format("counting-1"),
    "docs/results/counting.2.svg": SVG.format("counting-2"),
    "docs/results/lighthouse.json": record(pages=[]),
    "docs/results/claims/long-words.json": json.dumps(CLAIM),
    "docs/results/claims/long-words.txt": "a table\n\npartly: " + CLAIM["conclusion"],
    "docs/results/claims/long-words.svg": SVG.format("claim-long-words"),
    "docs/assets/pictures/counting-hand.svg": SVG.format("counting-hand"),
    "docs/index.md": "# Home\n\n{{ counts.concepts }} ideas.\n\n{{ concept_map() }}\n",
    "docs/before-you-start.md": "# Before you start\n\n## Get the code {#code}\n",
    "docs/catalogue.md": "# Catalogue\n\n{{ catalogue() }}\n",
    "docs/does-it-hold.md": "# Does it hold?\n\n{{ does_it_hold() }}\n",
    "docs/what-we-mended.md": "# What we mended\n",
    "snippets/text/counting.py": """
from snippets.text.pairs import pairs

# --8<-- [start:count]
def count(things):
    total = 0
    for _ in pairs(things):
        total += 1
    return total
# --8<-- [end:count]
""",
    "snippets/text/pairs.py": """
# --8<-- [start:pairs]
def pairs(things):
    return things
# --8<-- [end:pairs]
""",
    "snippets/demos/counting.py": """
import matplotlib
from snippets.text.counting import count

def draw(data): ...

def frames(data): ...
""",
    "snippets/claims/long_words.py": "",
    "tests/snippets/text/test_counting.py": "",
    "tests/snippets/text/test_pairs.py": "",
    "tests/snippets/claims/test_long_words.py": "",
}


SYLLABUS = Syllabus.model_validate(
    yaml.safe_load(FILES["docs/concepts/concepts.yml"]), strict=False
)


def write(root: Path, changed: Mapping[str, str | None] | None = None) -> Path:
    """The project in a folder, with some files changed, new or (None) absent."""
    for path, content in {**FILES, **(changed or {})}.items():
        if content is not None:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content, encoding="utf-8")
    return root


def renderer(root: Path) -> Renderer:
    return Renderer.load(root / "docs", REPO)


def with_resources(known: ReadingList, *resources: Resource) -> ReadingList:
    """The reading list with these resources in the place of its own."""
    fields = {name: getattr(known, name) for name in ReadingList.model_fields}
    return ReadingList(**{**fields, "resources": resources})


def tree(root: Path) -> Tree:
    return Tree.read(load(root / "docs" / "resources", SYLLABUS).by_id, root)


def build_site(root: Path) -> Path:
    """Its site, built strictly by our own settings."""
    config = load_config(
        str(ROOT / "mkdocs.yml"),
        docs_dir=str(root / "docs"),
        site_dir=str(root / "site"),
        site_url="https://site.example.org/a/",
        extra={**load_config(str(ROOT / "mkdocs.yml")).extra, "repo_url": REPO},
        nav=["index.md", *PAGES],
        not_in_nav="/resources/\n/notebooks/",
        strict=True,
    )
    config.mdx_configs["pymdownx.snippets"]["base_path"] = [str(root)]
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    return root / "site"


def broken_build(root: Path, caplog: pytest.LogCaptureFixture) -> str:
    """What is told of its site, which cannot be built."""
    with caplog.at_level(logging.WARNING), pytest.raises(Abort):
        build_site(root)
    return caplog.text


# --- What a reader finds on a page of it


def article(site: Path, page: str) -> Tag:
    """The text of a page, by its address."""
    html = (site / page / "index.html").read_text(encoding="utf-8")
    found = BeautifulSoup(html, "html.parser").article
    assert found
    return found


def text(element: Tag | None) -> str:
    """What it says, drawings apart."""
    assert element
    said = [
        str(words)
        for words in element.find_all(string=True)
        if not words.find_parent("svg")
    ]
    return " ".join("".join(said).split())


def links(element: Tag | None) -> list[tuple[str, str]]:
    """The words and the address of each link."""
    assert element
    return [(text(a), str(a["href"])) for a in element.find_all("a")]
