"""The concept map: a metro plan of the syllabus, drawn and written as a list.

The main line runs down the middle, with its stations' names on its left. A chapter
that is not on the main line is a branch on the right: it leaves at the last main
station that its first concept builds on. Nothing has a place of its own here; every
place is computed, so that a new concept or a written page moves the map by itself.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from syllabus import Chapter, Concept, Syllabus

PITCH = 44  # from one station to the next
TOP = 40
MAIN_X = 440  # the main line; left of it names, and at the edge the chapters
BRANCH_X = 540
WIDTH = 860
BEND = 22  # how round a line leaves and arrives

PLANNED = " Planned: until our page is there, this leads to what others wrote on it."

Href = Callable[[str], str]


@dataclass(frozen=True)
class Station:
    """A concept and its place: lane 0 is the main line, lane 1 the branches."""

    concept: Concept
    lane: int
    row: int

    @property
    def x(self) -> int:
        return BRANCH_X if self.lane else MAIN_X

    @property
    def y(self) -> int:
        return TOP + self.row * PITCH


@dataclass(frozen=True)
class Branch:
    """A chapter beside the main line, the station where it leaves, and its track.

    Track 0 leaves straight for the first station. A branch that has to wait for
    another one to end runs down a track of its own between the lanes first.
    """

    chapter: Chapter
    leaves: Station
    stations: tuple[Station, ...]
    track: int


@dataclass(frozen=True)
class Plan:
    main: tuple[Station, ...]
    branches: tuple[Branch, ...]
    apart: tuple[Station, ...]  # concepts of no chapter, to be read at any time

    @property
    def stations(self) -> tuple[Station, ...]:
        on_branches = [s for branch in self.branches for s in branch.stations]
        return (*self.main, *on_branches, *self.apart)

    @property
    def height(self) -> int:
        return max((station.y for station in self.stations), default=0) + TOP


def lay_out(syllabus: Syllabus) -> Plan:
    """Give every concept its place."""
    main_chapters = {c.name for c in syllabus.chapters if c.main_line}
    main = tuple(
        Station(concept, 0, row)
        for row, concept in enumerate(
            c for c in syllabus.concepts if c.chapter in main_chapters
        )
    )
    by_name = {station.concept.name: station for station in main}
    apart = tuple(
        Station(concept, 1, row)
        for row, concept in enumerate(c for c in syllabus.concepts if not c.chapter)
    )

    wanted = []
    for chapter in syllabus.chapters:
        concepts = _of(syllabus, chapter)
        if chapter.main_line or not concepts:
            continue
        near = syllabus.closure(concepts[0].name)
        on_main = [station for name, station in by_name.items() if name in near]
        leaves = max(on_main or main[:1], key=lambda station: station.row)
        wanted.append((leaves, chapter, concepts))

    branches: list[Branch] = []
    # The first free row of the branches' lane; one row stays empty for a name.
    free = len(apart) + 1 if apart else 0
    for leaves, chapter, concepts in sorted(wanted, key=lambda branch: branch[0].row):
        straight = leaves.row + 1
        first = max(straight, free)
        stations = tuple(Station(c, 1, first + i) for i, c in enumerate(concepts))
        waiting = [b for b in branches if b.stations[-1].row >= leaves.row]
        branches.append(
            Branch(chapter, leaves, stations, len(waiting) if first > straight else 0)
        )
        free = first + len(concepts) + 1
    return Plan(main, tuple(branches), apart)


def concept_map(syllabus: Syllabus, href: Href) -> str:
    """The plan as inline SVG, and the same as an ordered list, for the phone.

    Args:
        href: where a station leads, by name: to the page of a concept that is
            written, to what the catalogue has on one that is planned.
    """
    return (
        f'<div class="map" data-search-exclude="">\n{_drawing(syllabus, href)}\n'
        f"{_list(syllabus, href)}\n</div>"
    )


def _of(syllabus: Syllabus, chapter: Chapter) -> list[Concept]:
    return [c for c in syllabus.concepts if c.chapter == chapter.name]


def _drawing(syllabus: Syllabus, href: Href) -> str:
    plan = lay_out(syllabus)
    number = {chapter.name: i for i, chapter in enumerate(syllabus.chapters, 1)}
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {plan.height}" width="{WIDTH}"'
        f' height="{plan.height}" role="group" aria-labelledby="map-title map-desc">',
        '<title id="map-title">The map of concepts</title>',
        f'<desc id="map-desc">{html.escape(_description(syllabus))}</desc>',
        *(_branch_line(branch) for branch in plan.branches),
        *_main_line(plan.main),
    ]
    for chapter in syllabus.chapters:
        concepts = [s for s in plan.main if s.concept.chapter == chapter.name]
        if concepts:
            name = f"{number[chapter.name]} {chapter.title}"
            parts.append(_main_chapter(name, concepts))
    parts += [
        _beside(
            f"{number[branch.chapter.name]} {branch.chapter.title}", branch.stations
        )
        for branch in plan.branches
    ]
    if plan.apart:
        parts.append(_beside("at any time", plan.apart))
    parts += [_station(station, href) for station in plan.stations]
    return "\n".join([*parts, "</svg>"])


def _description(syllabus: Syllabus) -> str:
    main = [c.title for c in syllabus.chapters if c.main_line]
    beside = [c.title for c in syllabus.chapters if not c.main_line]
    branches = f" Branches beside it: {', '.join(beside)}." if beside else ""
    return f"The main line runs through the chapters {', '.join(main)}.{branches}"


def _main_line(stations: Sequence[Station]) -> list[str]:
    if not stations:
        return []
    ends = [stations[0], stations[-1]]
    return [
        f'<path class="map-main" d="M{MAIN_X} {ends[0].y}V{ends[1].y}"/>',
        *(f'<path class="map-end" d="M{MAIN_X - 9} {end.y}h18"/>' for end in ends),
    ]


def _main_chapter(name: str, stations: Sequence[Station]) -> str:
    y = stations[0].y
    return (
        f'<path class="map-rule" d="M0 {y - PITCH // 2}H{MAIN_X - 20}"/>'
        f'<text class="map-chapter" x="0" y="{y + 4}">{html.escape(name)}</text>'
    )


def _beside(name: str, stations: Sequence[Station]) -> str:
    """A name over the first of some stations in the branches' lane."""
    return (
        f'<text class="map-chapter" x="{BRANCH_X + 20}" y="{stations[0].y - 28}">'
        f"{html.escape(name)}</text>"
    )


def _branch_line(branch: Branch) -> str:
    """Off the main line in a bend, down, and into the branches' lane in a bend."""
    start, first, last = branch.leaves, branch.stations[0], branch.stations[-1]
    middle = MAIN_X + (BRANCH_X - MAIN_X) // (branch.track + 2)
    turn = start.y + BEND
    into = first.y - BEND
    return (
        f'<path class="map-branch" d="M{MAIN_X} {start.y}'
        f"C{MAIN_X} {turn} {middle} {start.y} {middle} {turn}V{into}"
        f'C{middle} {first.y} {BRANCH_X} {into} {BRANCH_X} {first.y}V{last.y}"/>'
        f'<path class="map-branch" d="M{BRANCH_X - 6} {last.y}h12"/>'
    )


def _station(station: Station, href: Href) -> str:
    concept, x, y = station.concept, station.x, station.y
    anchor, side = ("start", 20) if station.lane else ("end", -20)
    words = "".join(
        f'<text class="{name}" x="{x + side}" y="{y + dy}" text-anchor="{anchor}">'
        f"{html.escape(text)}</text>"
        for name, dy, text in (
            ("map-title", -2, concept.title),
            ("map-question", 14, concept.question),
        )
    )
    kind, planned, radius = (
        ("written", "", 8) if concept.written else ("planned", PLANNED, 6)
    )
    title = f"<title>{html.escape(concept.definition + planned)}</title>"
    # `xlink:href`, because Material's script assigns to every `href` that it finds, and
    # an SVG link does not let it.
    # A box for the finger, 44 px high and as wide as the names.
    left = x - 8 if station.lane else x - 320
    box = f'<rect x="{left}" y="{y - PITCH // 2}" width="328" height="{PITCH}" rx="3"/>'
    circle = f'<circle cx="{x}" cy="{y}" r="{radius}"/>'
    label = html.escape(f"{concept.title}: {concept.question}{planned}")
    return (
        f'<a class="map-{kind}" xlink:href="{html.escape(href(concept.name))}"'
        f' aria-label="{label}">{title}{box}{circle}{words}</a>'
    )


def _list(syllabus: Syllabus, href: Href) -> str:
    """The same, in words: chapters and their concepts in reading order."""
    chapters = []
    for chapter in syllabus.chapters:
        kind = "main line" if chapter.main_line else "branch"
        items = "".join(_item(c, href) for c in _of(syllabus, chapter))
        chapters.append(
            f'<li class="{"map-road" if chapter.main_line else "map-side"}">'
            f"<b>{html.escape(chapter.title)}</b> <small>{kind}</small>"
            f"<ul>{items}</ul></li>"
        )
    apart = "".join(_item(c, href) for c in syllabus.concepts if not c.chapter)
    rest = f"<p>At any time:</p><ul>{apart}</ul>" if apart else ""
    return f'<div class="map-list"><ol>{"".join(chapters)}</ol>{rest}</div>'


def _item(concept: Concept, href: Href) -> str:
    title = html.escape(concept.title)
    question = html.escape(concept.question)
    link = f'<a href="{html.escape(href(concept.name))}">{title}</a>'
    if concept.written:
        return f'<li class="map-written">{link} <span>{question}</span></li>'
    return (
        f'<li class="map-planned">{link} <small>planned</small>'
        f" <span>{question}</span></li>"
    )
