"""Concept pages: what the hook adds around the prose. Pure functions, text out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from reading_list.records import ReadingList, Resource
from syllabus import Chapter, Concept, Syllabus
from website import wording
from website.errors import RenderError, named
from website.figures import picture
from website.listings import listings
from website.results import Result
from website.wording import markdown_template, template

# Whoever learns reads slowly, and code slower still.
WORDS_A_MINUTE = 130
LINES_A_MINUTE = 4
#: Where each page leads on, in this order; and how many others stand below, folded.
WAYS = ("read", "watch", "paper")
OTHERS = 10


# What is folded away: its first line, and all that is indented below it.
_FOLDED = re.compile(r"^\?\?\? .*\n(?:(?: {4}.*)?\n)*", re.M)
_CODE = re.compile(r"^(```+)python\n(.*?)^\1", re.M | re.S)


def minutes(markdown: str) -> int:
    """How long a page takes to understand: what is not folded of its prose and code.

    Output, drawings, tags, addresses and marks do not count.

    >>> minutes("word " * 1300 + "\\n```python\\na = 1\\nb = 2\\n```\\n")
    11
    """
    open_ = _FOLDED.sub("", markdown + "\n")
    lines = sum(found[2].count("\n") for found in _CODE.finditer(open_))
    prose = re.sub(
        r"^```.*?^```|<svg.*?</svg>|<[^>]+>|\]\([^)]*\)", " ", open_, flags=re.M | re.S
    )
    words = sum(any(sign.isalnum() for sign in word) for word in prose.split())
    return math.ceil(words / WORDS_A_MINUTE + lines / LINES_A_MINUTE)


# --- What the prose calls


def term(syllabus: Syllabus, name: str, words: str | None = None) -> str:
    """A concept named in prose: a link where its page exists, else its definition."""
    concept = named("concept", name, syllabus.by_name)
    words = words or wording.markdown(concept.title.lower())
    if concept.written:
        return f"[{words}]({name}.md)"
    return wording.abbreviation(words, concept.definition)


def code(
    sources: Sequence[str],
    docs: Path,
    repo_url: str,
    section: str,
    path: str | None = None,
) -> str:
    """A named section of a tested file, and where it is from.

    Args:
        sources: the files that the page is of, from the root of the project.
        path: another file, to show a section of that.

    Raises:
        RenderError: no file has a section of this name.
    """
    for source in (sources := [path] if path else sources):
        content = (docs.parent / source).read_text(encoding="utf-8")
        if section in (found := listings(content)):
            before = content[: content.index(f"[start:{section}]")]
            return markdown_template(
                "code.md",
                code=found[section],
                path=source,
                url=f"{repo_url}/blob/main/{source}#L{before.count(chr(10)) + 2}",
            )
    raise RenderError(f"no section {section!r} in {' or '.join(sources)}")


def figure(
    results: Mapping[str, Result], alt: str, caption: str, of: str = "", name: str = ""
) -> str:
    """What a snippet drew.

    Args:
        of: empty for what was measured, "look" for what a trained model showed.
        name: the concept whose figure it is.
    """
    ending = f"{of}.svg" if of else "svg"
    result = named("recorded concept", name, results)
    if ending not in result.figures:
        raise RenderError(f"{name}: no figure {name}.{ending} is recorded")
    return picture(f"results/{name}.{ending}", alt, caption)


def frame(result: Result, number: int, alt: str, caption: str) -> str:
    """One of the drawings of a process, from 1, which follow each other on a page."""
    if f"{number}.svg" not in result.figures:
        raise RenderError(f"{result.name}: no frame {number} is recorded")
    path = f"results/{result.name}.{number}.svg"
    return picture(path, alt, f"**{number}.** {caption}", kind="frame")


def printed(result: Result, begins: str = "") -> str:
    """What the snippet printed, folded, with the recipe for printing it again.

    Args:
        begins: with what a table in it begins, to show that table alone, and open.

    Raises:
        RenderError: not one table begins so.
    """
    text = result.text.rstrip("\n")
    if begins:
        tables = [part for part in text.split("\n\n") if part.startswith(begins)]
        if len(tables) != 1:
            raise RenderError(
                f"{len(tables)} tables of docs/results/{result.name}.txt begin with"
                f" {begins!r}"
            )
        text = tables[0]
    recipe = result.recipe
    return markdown_template("printed.md", recipe=recipe, text=text, whole=not begins)


def change(result: Result, number: int, why: str, show: Sequence[str] = ()) -> str:
    """One edit to try, and what it did to the output when it was tried.

    Args:
        number: which of the page's edits, from 1.
        why: the explanation shown after the outcome.
        show: of the lines that changed, those with one of these words; all, if empty.
    """
    if not 1 <= number <= len(result.edits):
        raise RenderError(f"no edit {number} is recorded of {len(result.edits)}")
    edit = result.edits[number - 1]
    outcome = edit["outcome"]
    if show:
        paragraphs = [
            [
                line
                for line in part.splitlines()
                if any(word in line for word in show) or line[0] == " "
            ]
            for part in "\n".join(outcome).split("\n\n")
        ]
        kept = [p for p in paragraphs if any(line[0] != " " for line in p)]
        if not kept:
            raise RenderError(f"no line that edit {number} changed has one of {show}")
        outcome = "\n\n".join("\n".join(part) for part in kept).splitlines()
        outcome = [line for line in outcome if not line.startswith("  (")]
    return markdown_template("change.md", edit=edit, outcome=outcome, why=why)


# --- The page around the prose


def concept_page(
    concept: Concept,
    prose: str,
    reading_minutes: int,
    go_on: Any,
    syllabus: Syllabus,
    reading_list: ReadingList,
) -> str:
    """The prose between the heading and where to go on, from `templates/concept.md`.

    Args:
        go_on: what the page says in its front matter: for each of `WAYS` a resource
            and a reason.

    Raises:
        RenderError: a way is missing, or names no resource.
    """
    ways = [(way, *_choice(go_on, way, reading_list)) for way in WAYS]
    chosen = [resource for _, resource, _ in ways]
    on_it = reading_list.for_concept(concept.name)
    others = [resource for resource in on_it if resource not in chosen]
    chapter = syllabus.chapter_of(concept)
    return markdown_template(
        "concept.md",
        concept=concept,
        prose=prose,
        minutes=reading_minutes,
        chapter=chapter,
        number=syllabus.chapters.index(chapter) + 1 if chapter else None,
        # A page that cannot be read yet is not asked for.
        builds_on=[
            term(syllabus, edge.concept)
            for edge in concept.builds_on
            if syllabus.by_name[edge.concept].written
        ],
        ways=ways,
        others=others[:OTHERS],
        on_it=len(on_it),
        branches=branches(concept, syllabus),
    )


def _choice(go_on: Any, way: str, reading_list: ReadingList) -> tuple[Resource, str]:
    """The resource that a page leads on to in this way, and the reason."""
    try:
        name, because = go_on[way]["resource"], go_on[way]["because"]
    except (KeyError, TypeError):
        mend = "give it a `resource` and `because`, a reason"
        raise RenderError(f"go_on says nothing of {way}. To mend it: {mend}") from None
    return _resource(reading_list, str(name)), str(because)


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
