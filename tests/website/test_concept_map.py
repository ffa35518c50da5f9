"""The concept map is computed from the syllabus, whatever the syllabus becomes."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from syllabus import Chapter, Concept, Syllabus
from website.concept_map import Plan, concept_map, lay_out

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"


def _href(name: str) -> str:
    return f"to/{name}/"


def _drawing(syllabus: Syllabus) -> ElementTree.Element:
    text = concept_map(syllabus, _href)
    found = re.search(r"<svg.*?</svg>", text, re.S)
    assert found is not None
    return ElementTree.fromstring(
        found[0].replace(
            "<svg", f'<svg xmlns="{SVG[1:-1]}" xmlns:xlink="{XLINK[1:-1]}"', 1
        )
    )


def _with(syllabus: Syllabus, **status: str) -> Syllabus:
    concepts = tuple(
        c.model_copy(update={"status": status[c.name.replace("-", "_")]})
        if c.name.replace("-", "_") in status
        else c
        for c in syllabus.concepts
    )
    return Syllabus(chapters=syllabus.chapters, concepts=concepts)


def _places(plan: Plan) -> Counter[tuple[int, int]]:
    return Counter((station.lane, station.row) for station in plan.stations)


def test_every_concept_is_one_station(syllabus: Syllabus) -> None:
    names = Counter(s.concept.name for s in lay_out(syllabus).stations)
    assert names == Counter(dict.fromkeys(syllabus.by_name, 1))


def test_the_main_line_keeps_the_reading_order(syllabus: Syllabus) -> None:
    main = {c.name for c in syllabus.chapters if c.main_line}
    assert [s.concept.name for s in lay_out(syllabus).main] == [
        c.name for c in syllabus.concepts if c.chapter in main
    ]


def test_every_station_leads_somewhere_and_a_planned_one_says_so(
    syllabus: Syllabus,
) -> None:
    changed = _with(syllabus, attention="written", bert="planned")
    links = list(_drawing(changed).iter(f"{SVG}a"))
    leads = {a.get(f"{XLINK}href"): a.get("class") for a in links}
    assert leads == {
        _href(c.name): "map-written" if c.written else "map-planned"
        for c in changed.concepts
    }
    for a in links:
        assert ("Planned" in a.get("aria-label", "")) is (
            a.get("class") == "map-planned"
        )


def test_a_page_that_gets_written_changes_its_own_station_only(
    syllabus: Syllabus,
) -> None:
    before = concept_map(_with(syllabus, gpt="planned"), _href).splitlines()
    after = concept_map(_with(syllabus, gpt="written"), _href).splitlines()
    differ = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert len(differ) == 2  # the station, and the list
    assert "map-planned" in differ[0][0]
    assert _href("gpt") in differ[0][1]


def test_a_branch_leaves_where_its_first_concept_builds_on(syllabus: Syllabus) -> None:
    branches = lay_out(syllabus).branches
    leaves = {b.chapter.name: b.leaves.concept.name for b in branches}
    assert leaves == {
        "recurrence": "logits",
        "bert": "transformer",
        "scale": "kv-cache",
    }


def test_every_station_is_named_and_explained(syllabus: Syllabus) -> None:
    svg = _drawing(syllabus)
    for station in svg.iter(f"{SVG}a"):
        title = station.find(f"{SVG}title")
        assert title is not None and title.text
        assert [t.text for t in station.iter(f"{SVG}text")] != []
    labelled = svg.get("aria-labelledby", "").split()
    ids = {element.get("id"): element.text for element in svg if element.get("id")}
    assert labelled and all(ids[name] for name in labelled)


def test_a_station_is_large_enough_for_a_finger(syllabus: Syllabus) -> None:
    boxes = list(_drawing(syllabus).iter(f"{SVG}rect"))
    assert len(boxes) == len(syllabus.concepts)
    assert all(float(box.get("height", 0)) >= 44 for box in boxes)


def test_names_that_look_like_html_are_harmless(syllabus: Syllabus) -> None:
    concept = syllabus.concepts[0].model_copy(
        update={"title": '<b>"&', "status": "written"}
    )
    changed = Syllabus(
        chapters=syllabus.chapters, concepts=(concept, *syllabus.concepts[1:])
    )
    svg = _drawing(changed)  # parses, so everything was escaped
    assert '<b>"&' in [text.text for text in svg.iter(f"{SVG}text")]
    assert '<b>"&' not in concept_map(changed, _href)


def test_the_list_says_the_same_in_the_same_order(syllabus: Syllabus) -> None:
    text = concept_map(syllabus, _href)
    listed = text[text.index('<div class="map-list">') :]
    places = [listed.index(f'"{_href(c.name)}">{c.title}') for c in syllabus.concepts]
    assert places == sorted(places)


@st.composite
def _syllabuses(draw: st.DrawFn) -> Syllabus:
    """Any syllabus of up to 8 chapters whose edges point backwards."""
    chapters = tuple(
        Chapter(
            name=f"c{i}", title=f"Chapter {i}", main_line=i == 0 or draw(st.booleans())
        )
        for i in range(draw(st.integers(1, 8)))
    )
    concepts: list[Concept] = []
    for chapter in chapters:
        for _ in range(draw(st.integers(0, 5))):
            before = [{"concept": c.name, "because": "so"} for c in concepts]
            concepts.append(
                Concept.model_validate(
                    {
                        "name": f"n{len(concepts)}",
                        "title": "T",
                        "question": "Q?",
                        "definition": "D.",
                        "chapter": chapter.name,
                        "builds_on": draw(st.lists(st.sampled_from(before), max_size=2))
                        if before
                        else [],
                        "status": draw(st.sampled_from(["written", "planned"])),
                    }
                )
            )
    main = {c.name for c in chapters if c.main_line}
    if not any(c.chapter in main for c in concepts):
        concepts = []
    return Syllabus(chapters=chapters, concepts=tuple(concepts))


@given(_syllabuses())
def test_no_two_stations_share_a_place(syllabus: Syllabus) -> None:
    plan = lay_out(syllabus)
    assert len(plan.stations) == len(syllabus.concepts)
    assert set(_places(plan).values()) <= {1}


@given(_syllabuses())
def test_a_branch_never_runs_upwards_nor_through_another(syllabus: Syllabus) -> None:
    branches = lay_out(syllabus).branches
    for branch in branches:
        assert branch.stations[0].row > branch.leaves.row
    for above, below in pairwise(branches):
        # One row between them, for the name of the lower one.
        assert below.stations[0].row > above.stations[-1].row + 1


@given(_syllabuses())
def test_everything_lies_within_the_drawing(syllabus: Syllabus) -> None:
    plan = lay_out(syllabus)
    assert all(0 < station.y < plan.height for station in plan.stations)
    assert concept_map(syllabus, _href)
