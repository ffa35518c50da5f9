"""Concept pages: what the hook adds around the prose. Pure functions, text out."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from textwrap import indent
from typing import Any, TypeVar

from markupsafe import Markup

from reading_list.messages import nearest
from reading_list.records import ReadingList, Resource
from syllabus import ROOT, Concept, Syllabus
from website import wording

T = TypeVar("T")
RESULTS = ROOT / "docs" / "results"
# Whoever learns reads slowly: about 100 words a minute, four lines of code, and a
# formula that stands alone costs a minute of its own.
WORDS_A_MINUTE = 100
LINES_A_MINUTE = 4
LINES_A_SECTION = 20


class ResultError(Exception):
    """A page asks for a result that is not recorded."""


@dataclass(frozen=True)
class Result:
    """A recorded result: docs/results/NAME.{json,txt,svg}."""

    name: str
    record: Mapping[str, Any]
    text: str
    has_figure: bool

    @property
    def data(self) -> Mapping[str, Any]:
        return dict(self.record["data"])

    @property
    def recipe(self) -> Mapping[str, Any]:
        return dict(self.record["recipe"])


def load_results(folder: Path = RESULTS, texts: bool = True) -> dict[str, Result]:
    """Every record in a folder, by name.

    Raises:
        ResultError: a record is no JSON, or its text, where it has `texts`, is missing.
    """
    results = {}
    for path in sorted(folder.glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ResultError(f"docs/results/{path.name}: {error}") from None
        if "recipe" in record:
            beside = path.with_suffix(".txt")
            if texts and not beside.exists():
                raise ResultError(f"docs/results/{beside.name} is missing")
            text = beside.read_text(encoding="utf-8") if texts else ""
            has_figure = path.with_suffix(".svg").exists()
            results[path.stem] = Result(path.stem, record, text, has_figure)
    return results


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


def concept_named(syllabus: Syllabus, name: str) -> Concept:
    """The concept of a name.

    Raises:
        LookupError: there is none; the message names the nearest.
    """
    return _named("concept", name, syllabus.by_name)


def resource_named(reading_list: ReadingList, name: str) -> Resource:
    """The resource of a name.

    Raises:
        LookupError: there is none; the message names the nearest.
    """
    return _named("resource", name, reading_list.by_id, "docs/resources/")


def _named(
    kind: str, name: str, known: Mapping[str, T], listed: str = "CONTRIBUTING.md"
) -> T:
    if name not in known:
        raise LookupError(f"no {kind} {name!r}: {nearest(name, tuple(known), listed)}")
    return known[name]


def term(syllabus: Syllabus, name: str, words: str | None = None) -> str:
    """A concept named in prose: a link where its page exists, else its definition."""
    concept = concept_named(syllabus, name)
    words = words or wording.markdown(concept.title.lower())
    if concept.written:
        return f"[{words}]({name}.md)"
    return abbreviation(words, concept.definition)


def abbreviation(words: str, definition: str) -> str:
    """Words with a tooltip, reachable by keyboard."""
    title = wording.markdown(definition)
    return f'<abbr title="{title}" tabindex="0">{words}</abbr>'


def strip(concept: Concept, syllabus: Syllabus, reading_minutes: int) -> str:
    """The first line of a page: chapter, what it builds on, minutes, the command."""
    builds_on = (
        ", ".join(term(syllabus, edge.concept) for edge in concept.builds_on)
        or "[Before you start](../before-you-start.md)"
    )
    # What has no code has no mathematics either.
    needs = [f"- **Builds on** {builds_on}"] if concept.code else []
    get_it = "[Run it](../before-you-start.md#code)"
    run = [f"- **{get_it}** `make run NAME={concept.name}`"]
    return "\n".join(
        [
            '<div class="strip" markdown data-search-exclude>',
            "",
            f"- {_place(concept, syllabus)}",
            *needs,
            f"- **Takes** {reading_minutes} minutes",
            *(run if concept.code else []),
            "",
            "</div>",
        ]
    )


def _place(concept: Concept, syllabus: Syllabus) -> str:
    """The chapter, and whether it is of the main road."""
    chapter = syllabus.chapter_of(concept)
    if chapter is None:
        return "**Beside the chapters** at any time"
    number = syllabus.chapters.index(chapter) + 1
    road = "main road" if chapter.main_line else "a branch"
    return f"**Chapter {number}, {road}** {chapter.title}"


def heading(concept: Concept, syllabus: Syllabus, reading_minutes: int) -> str:
    """The title with its question, the strip and the defining sentence."""
    return "\n\n".join(
        [
            f"# {concept.title}: {concept.question[0].lower()}{concept.question[1:]}"
            f" {{ #{concept.name} }}",
            strip(concept, syllabus, reading_minutes),
            f'<p class="definition" markdown>{concept.definition}</p>',
        ]
    )


def code(
    concept: Concept, section: str, path: str | None = None, root: Path = ROOT
) -> str:
    """A named section of the concept's snippet or of its demo: what is tested.

    Args:
        path: another file, from the root of the project, to show a section of that.

    Raises:
        LookupError: no file has a section of this name.
    """
    sources = [path] if path else concept.sources
    for source in sources:
        if f"[start:{section}]" in (root / source).read_text(encoding="utf-8"):
            return f'```python title="{source}"\n--8<-- "{source}:{section}"\n```'
    raise LookupError(f"no section {section!r} in {' or '.join(sources)}")


def figure(result: Result, alt: str, caption: str) -> str:
    """The place of the recorded figure; `inline_figures` puts the drawing in."""
    if not result.has_figure:
        raise ResultError(f"{result.name}: no figure is recorded")
    return picture(f"results/{result.name}.svg", alt, caption)


def picture(path: str, alt: str, caption: str) -> str:
    """The place of an SVG under docs/; `inline_figures` puts the drawing in."""
    told = wording.markdown(alt)
    return "\n".join(
        [
            '<figure class="drawing" markdown>',
            f'<span data-svg="{path}" data-alt="{told}">drawing</span>',
            "",
            f'<figcaption markdown="span">{caption}</figcaption>',
            "</figure>",
        ]
    )


def inline_figures(content: str, docs: Path) -> str:
    """Put each drawing itself into the page, where it follows the colour scheme.

    Raises:
        ResultError: there is no such drawing.
    """
    return re.sub(
        r'(?:<p>)?<span data-svg="(?P<path>[^"]+)" data-alt="(?P<alt>[^"]*)">'
        r"drawing</span>(?:</p>)?",
        lambda found: drawn(docs, found["path"], html.unescape(found["alt"])),
        content,
    )


def drawn(docs: Path, path: str, alt: str) -> Markup:
    """An SVG under docs/ to stand in a page.

    Raises:
        ResultError: there is no such drawing.
    """
    file = (docs / path).resolve()
    if file.suffix != ".svg" or not file.is_relative_to(docs.resolve()):
        raise ResultError(f"{path} is no drawing under docs/: give the path of an SVG")
    try:
        svg = file.read_text(encoding="utf-8")
    except OSError:
        raise ResultError(f"there is no drawing docs/{path}") from None
    if "<svg" not in svg:
        raise ResultError(f"docs/{path} has no <svg> in it")
    return drawing(svg, alt)


def drawing(svg: str, alt: str) -> Markup:
    """An SVG to stand in a page, told in words to who does not see it."""
    # Material's script assigns to every `href`, which an SVG element forbids.
    svg = svg[svg.index("<svg") :].strip().replace(" href=", " xlink:href=")
    told = f'role="img" data-search-exclude="" aria-label="{html.escape(alt)}"'
    return Markup(svg.replace("<svg", f"<svg {told}", 1))


def printed(result: Result) -> str:
    """What the snippet printed, with the recipe for printing it again."""
    recipe = result.recipe
    command = wording.by_make(recipe["command"])
    return "\n".join(
        [
            f'``` {{ .text .printed title="Printed by {command}" }}',
            result.text.rstrip("\n"),
            "```",
            "",
            '<p class="recipe" markdown>'
            f"Seed {recipe['seed']}, Python {recipe['python']}, "
            f"torch {recipe['torch']}, {wording.counted(recipe['threads'], 'thread')}, "
            f"{recipe['date']}.</p>",
        ]
    )


def change(result: Result, number: int, why: str) -> str:
    """One edit to try; what it printed when it was tried is folded away.

    Args:
        number: which of the page's edits, from 1.
        why: the explanation shown after the outcome.
    """
    edits = result.record["edits"]
    if not 1 <= number <= len(edits):
        raise LookupError(f"no edit {number} is recorded of {len(edits)}")
    edit = edits[number - 1]
    diff = "\n".join(edit["outcome"]) or "  prints the same"
    body = f"``` {{ .diff .no-copy }}\n{diff}\n```\n\n{why}"
    source = "\n".join(
        [
            f'``` {{ .diff .no-copy title="{edit["file"]}" }}',
            *(f"- {line}" for line in edit["find"].splitlines()),
            *(f"+ {line}" for line in edit["replace"].splitlines()),
            "```",
        ]
    )
    folded = indent(body, "    ")
    return f'{source}\n\n??? question "What happens?"\n\n{folded}'


GO_ON = {"read": "Read", "watch": "Watch", "paper": "Paper"}
OTHERS = 10


def go_on(
    concept: Concept, reading_list: ReadingList, chosen: Mapping[str, Mapping[str, str]]
) -> str:
    """Three resources with a reason each, some others folded, then the catalogue.

    Args:
        chosen: the page's `go_on`: for each of `GO_ON` a resource and a reason.

    Raises:
        LookupError: a way is missing, or names no resource.
    """
    if missing := [way for way in GO_ON if way not in chosen]:
        raise LookupError(f"go_on says nothing of {', '.join(missing)}")
    names = {choice["resource"] for choice in chosen.values()}
    lines = ["## Go on", ""]
    for way, label in GO_ON.items():
        resource = resource_named(reading_list, chosen[way]["resource"])
        lines.append(f"- **{label}** {_cite(resource)}: {chosen[way]['because']}.")
    on_it = reading_list.for_concept(concept.name)
    others = [r for r in on_it if r.id not in names][:OTHERS]
    if others:
        lines += ["", f'??? abstract "{len(others)} more on this"', ""]
        lines += [f"    - {_cite(resource)}" for resource in others]
    catalogue = (
        f"[All {len(on_it)} in the catalogue](../catalogue.md?concept={concept.name})"
    )
    return "\n".join([*lines, "", catalogue])


def _cite(resource: Resource) -> str:
    """The place of a resource; `cited` puts what is said of it in."""
    return f'<span data-cite="{resource.id}"></span>'


def cited(content: str, reading_list: ReadingList, root: str) -> str:
    """Put into the HTML of a page the resources that it names, each by its id.

    Args:
        root: the way up to the site's own folder.
    """
    return re.sub(
        r'<span data-cite="(?P<id>[\w-]+)"></span>',
        lambda found: _citation(resource_named(reading_list, found["id"]), root),
        content,
    )


def _citation(resource: Resource, root: str) -> Markup:
    made = ", ".join(
        [
            *resource.makers[:1],
            *(["and others"] if len(resource.makers) > 1 else []),
            *([str(resource.year)] if resource.year else []),
        ]
    )
    return wording.template(
        "cite.html",
        resource=resource,
        made=made,
        ours=f"{root}resources/{resource.id}/",
        about=wording.page_about(resource),
    )


def way(concept: Concept, syllabus: Syllabus) -> dict[str, Any]:
    """Where the buttons at the foot lead, and the keys p and n: files under docs/.

    On along the road one is on; a branch leads `back` to the main road.
    """
    before, after = _around(concept, syllabus)
    return {
        "previous": _file(before[-1]) if before else "before-you-start.md",
        "next": _file(after[0]) if after else "index.md",
        "back": not syllabus.on_main_line(concept)
        and any(map(syllabus.on_main_line, after[:1])),
    }


def _around(
    concept: Concept, syllabus: Syllabus
) -> tuple[list[Concept], list[Concept]]:
    """The written pages before and after on the same road: its own, or the main one."""
    here = syllabus.concepts.index(concept)

    def same_road(other: Concept) -> bool:
        return bool(other.chapter and other.written) and (
            syllabus.on_main_line(other) or other.chapter == concept.chapter
        )

    before, after = syllabus.concepts[:here], syllabus.concepts[here + 1 :]
    return list(filter(same_road, before)), list(filter(same_road, after))


def _file(concept: Concept) -> str:
    return f"concepts/{concept.name}.md"


def branches(concept: Concept, syllabus: Syllabus) -> str:
    """A link to the first page of each branch that leaves here; else nothing."""
    if not syllabus.on_main_line(concept):
        return ""
    after = syllabus.concepts[syllabus.concepts.index(concept) + 1 :]
    passed = takewhile(lambda c: not (c.written and syllabus.on_main_line(c)), after)
    pages: dict[str, list[Concept]] = {}
    for other in passed:
        if other.written and other.chapter:
            pages.setdefault(other.chapter, []).append(other)
    titles = {chapter.name: chapter.title for chapter in syllabus.chapters}
    links = [
        f"[{titles[chapter]}, {wording.counted(len(them), 'page')}]({them[0].name}.md)"
        for chapter, them in pages.items()
    ]
    return f"A branch leaves here: {' and '.join(links)}." if links else ""
