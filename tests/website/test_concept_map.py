"""The concept map is computed from the syllabus, whatever the syllabus becomes."""

from __future__ import annotations

from itertools import pairwise

from bs4 import BeautifulSoup, Tag
from hypothesis import given
from hypothesis import strategies as st

from syllabus import Chapter, Concept, Syllabus
from tests.website.small import links
from website.concept_map import concept_map, lay_out


def drawn(syllabus: Syllabus) -> Tag:
    page = concept_map(syllabus, lambda name: f"to/{name}/")
    found = BeautifulSoup(page, "html.parser").div
    assert found
    return found


def with_status(syllabus: Syllabus, status: str) -> Syllabus:
    content = syllabus.model_dump(mode="json")
    for concept in content["concepts"]:
        concept["status"] = status
    return Syllabus.model_validate(content)


def test_every_concept_is_one_station_in_reading_order(syllabus: Syllabus) -> None:
    plan = lay_out(syllabus)
    names = [station.concept.name for station in plan.stations]
    assert sorted(names) == sorted(syllabus.by_name)
    main = {c.name for c in syllabus.chapters if c.main_line}
    assert [s.concept for s in plan.main] == [
        c for c in syllabus.concepts if c.chapter in main
    ]


def test_every_station_is_named_and_leads_somewhere(syllabus: Syllabus) -> None:
    for status in ("written", "planned"):
        changed = with_status(syllabus, status)
        stops = drawn(changed).svg.find_all("a")
        by_name = {stop["xlink:href"][3:-1]: stop for stop in stops}
        assert by_name.keys() == changed.by_name.keys()
        for name, stop in by_name.items():
            concept = changed.by_name[name]
            assert stop["class"] == [f"map-{status}"]
            assert ("Planned" in stop["aria-label"]) is (status == "planned")
            assert stop.title.text.startswith(concept.definition)
            texts = [text.text for text in stop.find_all("text")]
            assert texts == [concept.title, concept.question]
            assert float(stop.rect["height"]) >= 44  # for a finger


def test_the_list_says_the_same_in_reading_order(syllabus: Syllabus) -> None:
    listed = drawn(syllabus).select_one(".map-list")
    in_order = [c for c in syllabus.concepts if c.chapter]
    in_order += [c for c in syllabus.concepts if not c.chapter]
    assert links(listed) == [(c.title, f"to/{c.name}/") for c in in_order]
    planned = [c for c in syllabus.concepts if not c.written]
    assert len(listed.select("li.map-planned")) == len(planned)


def test_a_branch_leaves_where_its_first_concept_builds_on(syllabus: Syllabus) -> None:
    main = [station.concept for station in lay_out(syllabus).main]
    for branch in lay_out(syllabus).branches:
        near = syllabus.closure(branch.stations[0].concept.name)
        assert branch.leaves.concept == [c for c in main if c.name in near][-1]


def test_a_chapter_is_named_where_it_begins(syllabus: Syllabus) -> None:
    plan = lay_out(syllabus)
    named = {
        text.string.split(" ", 1)[1]: int(text["y"])
        for text in drawn(syllabus).select(".map-chapter")
    }
    for chapter in syllabus.chapters:
        lane = [s for s in plan.stations if s.concept.chapter == chapter.name]
        first = min(station.y for station in lane)
        assert 0 < abs(named[chapter.title] - first) < 30


def test_names_that_look_like_html_are_harmless(syllabus: Syllabus) -> None:
    concept = syllabus.concepts[0].model_copy(update={"title": '<b>"&'})
    changed = syllabus.model_copy(
        update={"concepts": (concept, *syllabus.concepts[1:])}
    )
    assert not drawn(changed).find_all("b", string=lambda text: not text)
    assert drawn(changed).svg.find("text", string='<b>"&')


@st.composite
def syllabuses(draw: st.DrawFn) -> Syllabus:
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
            any_of_them = st.lists(st.sampled_from(before), max_size=2)
            concepts.append(
                Concept.model_validate(
                    {
                        "name": f"n{len(concepts)}",
                        "title": "T",
                        "question": "Q?",
                        "definition": "D.",
                        "chapter": chapter.name,
                        "builds_on": draw(any_of_them) if before else [],
                        "status": draw(st.sampled_from(["written", "planned"])),
                    }
                )
            )
    main = {c.name for c in chapters if c.main_line}
    if not any(c.chapter in main for c in concepts):
        concepts = []
    return Syllabus(chapters=chapters, concepts=tuple(concepts))


@given(syllabuses())
def test_stations_and_branches_never_meet(syllabus: Syllabus) -> None:
    plan = lay_out(syllabus)
    places = {(station.lane, station.row) for station in plan.stations}
    assert len(places) == len(plan.stations) == len(syllabus.concepts)
    assert all(0 < station.y < plan.height for station in plan.stations)
    for branch in plan.branches:
        assert branch.stations[0].row > branch.leaves.row
    for above, below in pairwise(plan.branches):
        # One row between them, for the name of the lower one.
        assert below.stations[0].row > above.stations[-1].row + 1
    assert drawn(syllabus)
