"""Concept pages: what the hook adds around the prose. Pure functions, text out."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any, TypeVar

from reading_list.messages import nearest
from reading_list.records import ReadingList, Resource
from reading_list.syllabus import ROOT, Concept, Syllabus
from website import wording

T = TypeVar("T")
RESULTS = ROOT / "docs" / "results"
WORDS_A_MINUTE = 200
# Code is read more slowly than prose.
LINES_A_MINUTE = 15


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


def load_results(folder: Path = RESULTS) -> dict[str, Result]:
    """Every recorded result of a concept, by name.

    Raises:
        ResultError: a result is no JSON, or its text is missing.
    """
    results = {}
    for path in sorted(folder.glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ResultError(f"docs/results/{path.name}: {error}") from None
        if "recipe" in record:
            beside = path.with_suffix(".txt")
            if not beside.exists():
                raise ResultError(f"docs/results/{beside.name} is missing")
            text = beside.read_text(encoding="utf-8")
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
    """How long a page takes to read, its code included."""
    sections = len(re.findall(r"\{\{ code\(", markdown))
    return math.ceil(words(markdown) / WORDS_A_MINUTE + sections * 20 / LINES_A_MINUTE)


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
    words = words or concept.title.lower()
    if concept.written:
        return f"[{words}]({name}.md)"
    return abbreviation(words, concept.definition)


def abbreviation(words: str, definition: str) -> str:
    """Words with a tooltip, reachable by keyboard."""
    return f'<abbr title="{html.escape(definition)}" tabindex="0">{words}</abbr>'


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
    concept: Concept, section: str, helper: str | None = None, root: Path = ROOT
) -> str:
    """A named section of the concept's snippet or of its demo: what is tested.

    Args:
        helper: the name of a second file in the chapter, to show a section of that.

    Raises:
        LookupError: no file has a section of this name.
    """
    sources = [concept.helper(helper)] if helper else concept.sources
    for path in sources:
        if f"[start:{section}]" in (root / path).read_text(encoding="utf-8"):
            return f'```python title="{path}"\n--8<-- "{path}:{section}"\n```'
    raise LookupError(f"no section {section!r} in {' or '.join(sources)}")


def figure(result: Result, alt: str, caption: str) -> str:
    """The place of the recorded figure; `inline_figures` puts the drawing in."""
    if not result.has_figure:
        raise ResultError(f"{result.name}: no figure is recorded")
    return picture(f"results/{result.name}.svg", alt, caption)


def picture(path: str, alt: str, caption: str) -> str:
    """The place of an SVG under docs/; `inline_figures` puts the drawing in."""
    return "\n".join(
        [
            '<figure class="drawing" markdown>',
            f'<span data-svg="{path}" data-alt="{html.escape(alt)}">drawing</span>',
            "",
            f'<figcaption markdown="span">{caption}</figcaption>',
            "</figure>",
        ]
    )


def inline_figures(content: str, docs: Path) -> str:
    """Put each drawing itself into the page, where it follows the colour scheme."""

    def replace(match: re.Match[str]) -> str:
        svg = (docs / match["path"]).read_text(encoding="utf-8")
        return drawing(svg, html.unescape(match["alt"]))

    return re.sub(
        r'(?:<p>)?<span data-svg="(?P<path>[^"]+)" data-alt="(?P<alt>[^"]*)">'
        r"drawing</span>(?:</p>)?",
        replace,
        content,
    )


def drawing(svg: str, alt: str) -> str:
    """An SVG to stand in a page, told in words to who does not see it."""
    # Material's script assigns to every `href`, which an SVG element forbids.
    svg = svg[svg.index("<svg") :].strip().replace(" href=", " xlink:href=")
    return svg.replace(
        "<svg",
        f'<svg role="img" data-search-exclude="" aria-label="{html.escape(alt)}"',
        1,
    )


def printed(result: Result) -> str:
    """What the snippet printed, with the recipe for printing it again."""
    recipe = result.recipe
    return "\n".join(
        [
            f'``` {{ .text .printed title="Printed by make run NAME={result.name}" }}',
            result.text.rstrip("\n"),
            "```",
            "",
            '<p class="recipe" markdown>'
            f"Seed {recipe['seed']}, Python {recipe['python']}, "
            f"torch {recipe['torch']}, {wording.counted(recipe['threads'], 'thread')}, "
            f"{recipe['machine']}: "
            f"{recipe['seconds']:.1f} seconds on {recipe['date']}.</p>",
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
    before = _marked("- ", edit["before"])
    after = _marked("+ ", edit["after"])
    diff = "\n".join(before + after) or "  prints the same"
    body = f"```diff\n{diff}\n```\n\n{why}"
    source = "\n".join(
        [
            f'```diff title="{edit["file"]}"',
            *(f"- {line}" for line in edit["find"].splitlines()),
            *(f"+ {line}" for line in edit["replace"].splitlines()),
            "```",
        ]
    )
    folded = indent(body, "    ")
    return f'{source}\n\n??? question "What happens?"\n\n{folded}'


MOST_LINES = 8


def _marked(mark: str, lines: list[str]) -> list[str]:
    """The first lines with a mark before each, and how many follow."""
    shown = [mark + line for line in lines[:MOST_LINES]]
    if (left := len(lines) - MOST_LINES) > 0:
        shown.append(f"  ({wording.counted(left, 'line')} more)")
    return shown


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
    catalogue = (
        f"[All {len(on_it)} in the catalogue](../catalogue.md?concept={concept.name})"
    )
    return "\n".join(
        [
            *lines,
            "",
            f'??? abstract "{len(others)} more on this"',
            "",
            *(f"    - {_cite(resource)}" for resource in others),
            "",
            catalogue,
        ]
    )


def _cite(resource: Resource) -> str:
    """The title, which opens the resource itself, who made it, and our guide."""
    guide = f"../resources/{resource.id}.md"
    made = ", ".join(
        [
            *resource.makers[:1],
            *(["and others"] if len(resource.makers) > 1 else []),
            *([str(resource.year)] if resource.year else []),
        ]
    )
    return " ".join(
        [
            f"[{wording.markdown(resource.title)}]({resource.url or guide})",
            *([f"({made})"] if made else []),
            f"[{wording.page_about(resource)}]({guide}){{ .guide }}",
        ]
    )


def next_button(concept: Concept, syllabus: Syllabus) -> str:
    """One button: on along the road one is on; a branch leads back to the main road.

    Where a branch leaves before the next stop of the main road, a link offers it.
    """
    after = syllabus.concepts[syllabus.concepts.index(concept) + 1 :]
    later = [c for c in after if c.written and c.chapter]
    on_road = next((c for c in later if syllabus.on_main_line(c)), None)
    if syllabus.on_main_line(concept):
        following, says = on_road, "Next: "
        branch = later[: later.index(on_road)] if on_road else later
    elif later and later[0].chapter == concept.chapter:
        following, says, branch = later[0], "Next: ", []
    else:
        following, says, branch = on_road, "Back to the main road: ", []
    title, page = (
        (following.title, f"{following.name}.md")
        if following
        else ("the map", "../index.md#map")
    )
    says = says if following else "Next: "
    button = f"[{says}{title}]({page}){{ .md-button .md-button--primary .next }}"
    return "\n\n".join([button, *_branches(branch, syllabus)])


def _branches(branch: Sequence[Concept], syllabus: Syllabus) -> list[str]:
    """A link to the first page of each branch that leaves here."""
    lines = []
    for chapter in dict.fromkeys(syllabus.chapter_of(c) for c in branch):
        pages = [c for c in branch if syllabus.chapter_of(c) == chapter]
        if chapter:
            count = wording.counted(len(pages), "page")
            link = f"[{chapter.title}, {count}]({pages[0].name}.md)"
            lines.append(f"Or first the branch: {link}")
    return lines
