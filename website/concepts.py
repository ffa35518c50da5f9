"""Concept pages: what the hook adds around the prose. Pure functions, text out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from reading_list.records import ReadingList, Resource
from syllabus import Chapter, Concept, Syllabus
from website import wording
from website.errors import RenderError, named
from website.figures import picture
from website.results import Result
from website.wording import markdown_template, template

# Whoever learns reads slowly: about 100 words a minute, four lines of code, and a
# formula that stands alone costs a minute of its own.
WORDS_A_MINUTE = 100
LINES_A_MINUTE = 4
LINES_A_SECTION = 20
#: Where each page leads on, in this order; and how many others stand below, folded.
WAYS = ("read", "watch", "paper")
OTHERS = 10


def words(markdown: str) -> int:
    """How many words of prose a page has.

    An expression counts as one word, as it gives a number or a term; what is shown
    by one (code, output, a figure) does not count, nor do formulas that stand alone,
    drawings, tags, addresses and marks.
    """
    shown = r"\{\{ *(?:code|printed|figure|picture|change)\(.*?\}\}"
    prose = re.sub(
        rf"```.*?```|<svg.*?</svg>|{shown}|<%.*?%>|<[^>]+>|\$\$.*?\$\$|\]\([^)]*\)",
        " ",
        markdown,
        flags=re.S,
    )
    prose = re.sub(r"\{\{.*?\}\}", "expression", prose, flags=re.S)
    return sum(any(sign.isalnum() for sign in word) for word in prose.split())


def minutes(markdown: str) -> int:
    """How long a page takes to understand: prose, sections of code, formulas.

    >>> minutes("word " * 1000 + "{{ code('a') }} $$x + y$$")
    16
    """
    lines = LINES_A_SECTION * len(re.findall(r"\{\{ code\(", markdown))
    formulas = len(re.findall(r"\$\$.*?\$\$", markdown, re.S))
    return math.ceil(
        words(markdown) / WORDS_A_MINUTE + lines / LINES_A_MINUTE + formulas
    )


# --- What the prose calls


def term(syllabus: Syllabus, name: str, words: str | None = None) -> str:
    """A concept named in prose: a link where its page exists, else its definition."""
    concept = named("concept", name, syllabus.by_name)
    words = words or wording.markdown(concept.title.lower())
    if concept.written:
        return f"[{words}]({name}.md)"
    return wording.abbreviation(words, concept.definition)


def code(concept: Concept, root: Path, section: str, path: str | None = None) -> str:
    """A named section of the concept's snippet or of its demo: what is tested.

    Args:
        root: the folder of the project.
        path: another file, from the root of the project, to show a section of that.

    Raises:
        RenderError: no file has a section of this name.
    """
    sources = [path] if path else concept.sources
    for source in sources:
        if f"[start:{section}]" in (root / source).read_text(encoding="utf-8"):
            return f'```python title="{source}"\n--8<-- "{source}:{section}"\n```'
    raise RenderError(f"no section {section!r} in {' or '.join(sources)}")


def figure(result: Result, alt: str, caption: str) -> str:
    """What the snippet drew."""
    if not result.has_figure:
        raise RenderError(f"{result.name}: no figure is recorded")
    return picture(f"results/{result.name}.svg", alt, caption)


def printed(result: Result) -> str:
    """What the snippet printed, with the recipe for printing it again."""
    return markdown_template(
        "printed.md", recipe=result.recipe, text=result.text.rstrip("\n")
    )


def change(result: Result, number: int, why: str) -> str:
    """One edit to try, and what it did to the output when it was tried.

    Args:
        number: which of the page's edits, from 1.
        why: the explanation shown after the outcome.
    """
    if not 1 <= number <= len(result.edits):
        raise RenderError(f"no edit {number} is recorded of {len(result.edits)}")
    return markdown_template("change.md", edit=result.edits[number - 1], why=why)


# --- The page around the prose


def concept_page(
    concept: Concept,
    prose: str,
    reading_minutes: int,
    go_on: Mapping[str, Mapping[str, str]],
    syllabus: Syllabus,
    reading_list: ReadingList,
) -> str:
    """The prose between the heading and where to go on, from `templates/concept.md`.

    Args:
        go_on: for each of `WAYS` a resource and a reason.

    Raises:
        RenderError: a way is missing, or names no resource.
    """
    if missing := [way for way in WAYS if way not in go_on]:
        raise RenderError(f"go_on says nothing of {', '.join(missing)}")
    chosen = {way: _resource(reading_list, go_on[way]["resource"]) for way in WAYS}
    on_it = reading_list.for_concept(concept.name)
    others = [resource for resource in on_it if resource not in chosen.values()]
    chapter = syllabus.chapter_of(concept)
    return markdown_template(
        "concept.md",
        concept=concept,
        prose=prose,
        minutes=reading_minutes,
        chapter=chapter,
        number=syllabus.chapters.index(chapter) + 1 if chapter else None,
        builds_on=[term(syllabus, edge.concept) for edge in concept.builds_on],
        ways=[(way, chosen[way].id, go_on[way]["because"]) for way in WAYS],
        others=[resource.id for resource in others[:OTHERS]],
        on_it=len(on_it),
        branches=branches(concept, syllabus),
    )


def _resource(reading_list: ReadingList, name: str) -> Resource:
    return named("resource", name, reading_list.by_id, "docs/resources/")


def cited(content: str, reading_list: ReadingList, root: str) -> str:
    """Put into the HTML of a page the resources that it names, each by its id.

    Args:
        root: the way up to the site's own folder.
    """
    return re.sub(
        r'<span data-cite="(?P<id>[\w-]+)"></span>',
        lambda found: template(
            "cite.html", resource=_resource(reading_list, found["id"]), root=root
        ),
        content,
    )


def way(concept: Concept, syllabus: Syllabus) -> dict[str, Any]:
    """Where the buttons at the foot lead, and the keys p and n: files under docs/.

    On along the road one is on; a branch leads `back` to the main road.
    """
    here = syllabus.concepts.index(concept)

    def same_road(other: Concept) -> bool:
        return bool(other.chapter and other.written) and (
            syllabus.on_main_line(other) or other.chapter == concept.chapter
        )

    before = list(filter(same_road, syllabus.concepts[:here]))
    after = list(filter(same_road, syllabus.concepts[here + 1 :]))
    return {
        "previous": _file(before[-1]) if before else "before-you-start.md",
        "next": _file(after[0]) if after else "index.md",
        "back": not syllabus.on_main_line(concept)
        and any(map(syllabus.on_main_line, after[:1])),
    }


def _file(concept: Concept) -> str:
    return f"concepts/{concept.name}.md"


def branches(
    concept: Concept, syllabus: Syllabus
) -> list[tuple[Chapter, list[Concept]]]:
    """The branches that leave the main road here, each with its written pages."""
    if not syllabus.on_main_line(concept):
        return []
    after = syllabus.concepts[syllabus.concepts.index(concept) + 1 :]
    passed = list(
        takewhile(lambda c: not (c.written and syllabus.on_main_line(c)), after)
    )
    leaving = [
        (chapter, [c for c in passed if c.written and c.chapter == chapter.name])
        for chapter in syllabus.chapters
    ]
    return [(chapter, pages) for chapter, pages in leaving if pages]
