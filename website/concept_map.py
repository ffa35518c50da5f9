"""The concept map: a metro plan of the syllabus, drawn and written as a list.

The main line runs down the middle, with its stations' names on its left. A chapter
that is not on the main line is a branch on the right: it leaves at the last main
station that its first concept builds on. Nothing has a place of its own here; every
place is computed, so that a new concept or a written page moves the map by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from syllabus import Chapter, Concept, Syllabus
from website.wording import template

PITCH = 44  # from one station to the next
TOP = 40
MAIN_X = 440  # the main line; left of it names, and at the edge the chapters
BRANCH_X = 540
WIDTH = 860
BEND = 22  # how round a line leaves and arrives

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

    @property
    def path(self) -> str:
        """Off the main line in a bend, down, and into the branches' lane in a bend."""
        start, first, last = self.leaves, self.stations[0], self.stations[-1]
        middle = MAIN_X + (BRANCH_X - MAIN_X) // (self.track + 2)
        turn, into = start.y + BEND, first.y - BEND
        return (
            f"M{MAIN_X} {start.y}C{MAIN_X} {turn} {middle} {start.y} {middle} {turn}"
            f"V{into}C{middle} {first.y} {BRANCH_X} {into} {BRANCH_X} {first.y}V{last.y}"
        )


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


def concept_map(syllabus: Syllabus, href: Href) -> Markup:
    """The plan as inline SVG, and the same as a list for the phone, as HTML.

    Args:
        href: where a station leads, by name: to the page of a concept that is
            written, to what the catalogue has on one that is planned.
    """
    plan = lay_out(syllabus)
    return template(
        "concept_map.html",
        plan=plan,
        chapters=[(chapter, _of(syllabus, chapter)) for chapter in syllabus.chapters],
        number={chapter.name: n for n, chapter in enumerate(syllabus.chapters, 1)},
        # The drawing names the chapters of the main line at their first stations.
        first={station.concept.chapter: station for station in reversed(plan.main)},
        href=href,
        width=WIDTH,
        pitch=PITCH,
        main_x=MAIN_X,
        branch_x=BRANCH_X,
    )


def _of(syllabus: Syllabus, chapter: Chapter) -> list[Concept]:
    return [c for c in syllabus.concepts if c.chapter == chapter.name]
