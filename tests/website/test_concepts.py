"""What a reader finds on the page of a concept, around its prose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from bs4 import Tag

from syllabus import Syllabus
from tests.website.small import article, links, text, with_resources
from website import concepts
from website.errors import RenderError
from website.results import Result
from website.wording import by_make


@pytest.fixture(scope="module")
def counting(small_site: Path) -> Tag:
    return article(small_site, "concepts/counting")


@pytest.fixture(scope="module")
def sharing(small_site: Path) -> Tag:
    return article(small_site, "concepts/sharing")


@pytest.mark.parametrize(
    "markdown, minutes",
    [
        ("word " * 130, 1),
        ("word " * 131, 2),
        ("````python\na = 1\nb = 2\nc = 3\nd = 4\n````\n" + "word " * 130, 2),
        # Neither what is printed, drawn or folded, nor tags and addresses.
        ("``` { .text .printed }\n" + "out " * 500 + "\n```\n", 0),
        ('??? question "Why?"\n\n    ' + "word " * 500 + "\n\n", 0),
        ("<svg><text>" + "no " * 500 + "</text></svg>", 0),
        ("[two words](../resources/a-b.md)" + "- " * 500, 1),
    ],
)
def test_minutes_count_what_is_not_folded(markdown, minutes):
    assert concepts.minutes(markdown) == minutes


def test_the_heading_asks_and_the_strip_says_where_one_is(counting, sharing):
    assert text(counting.h1) == "Counting: how many are there?#"
    assert counting.h1["id"] == "counting"
    strip = [text(item) for item in counting.select(".strip li")]
    assert strip[:2] == [
        "Chapter 1, main road Words into numbers",
        "Builds on Before you start",
    ]
    assert strip[3] == "Run it make run NAME=counting"
    assert text(counting.select_one(".definition")).startswith("Counting says")
    # What has no code has no mathematics, and nothing to run.
    assert [text(item) for item in sharing.select(".strip li")] == [
        "Chapter 2, a branch Beside the road",
        "Takes 1 minute",
    ]


def test_a_term_is_a_link_or_while_it_is_planned_a_tooltip(counting, sharing):
    tooltip = counting.find("abbr")
    assert (tooltip["title"], text(tooltip)) == ("Adding counts on.", "adding")
    assert tooltip["tabindex"] == "0"
    assert ("having counted", "../counting/") in links(sharing)


def test_code_is_that_of_the_tested_files(counting):
    shown = counting.select(".language-python")
    assert "total = 0" in text(shown[0]) and "8<--" not in text(shown[0])
    for block, path in zip(shown, ("counting", "pairs"), strict=True):
        source = block.find_next_sibling(class_="recipe").a
        assert text(source) == f"snippets/text/{path}.py"
        assert f"/blob/main/snippets/text/{path}.py#L" in source["href"]


def test_output_comes_with_the_recipe(counting):
    printed = counting.select_one("details.abstract .printed")
    assert printed.code.get_text() == "total 3.00\n\n  <of> these\n"
    assert text(printed.select_one(".filename")) == "Printed by make run NAME=counting"
    assert text(printed.find_next(class_="recipe")) == (
        "Seed 0, Python 3.11, torch 2.13.0, 1 thread, 2026-11-20."
    )


def test_an_edit_is_shown_with_its_outcome_folded(counting):
    blocks = counting.select(".language-diff")
    edits = [block for block in blocks if not block.find_parent("details")]
    assert [edit.code.get_text() for edit in edits] == [
        "-     total = 0\n+     total = 1\n",
        "-     total = 0\n+     total = 0.0\n",
    ]
    changed, same = counting.select("details.question")
    outcome = changed.code.get_text()
    assert outcome == "- total 3.00\n+ total 4.00\n+ more\n"
    why = [text(paragraph) for paragraph in changed.find_all("p")]
    assert why == ["It began at 1.", "So it ended there."]
    assert same.code.get_text() == "  prints the same\n"


def test_figures_stand_in_the_page_and_are_told_in_words(counting):
    drawn, hand = counting.select("figure.drawing:not(.frame)")
    assert drawn.svg["aria-label"] == "a line <of> one"
    assert drawn.svg.path["id"] == "counting-line"
    assert drawn.figcaption.em.text == "line"
    assert (hand.svg["role"], text(hand.figcaption)) == ("img", "Five fingers.")


def test_frames_follow_each_other_each_with_its_number(counting):
    first, second = counting.select("figure.frame")
    assert first.find_next_sibling() is second
    assert [text(f.figcaption) for f in (first, second)] == [
        "1. One.",
        "2. And one more.",
    ]
    assert second.svg.path["id"] == "counting-2-line"


RESULT = Result(
    "x",
    {
        "recipe": {"command": "python -m snippets x"},
        "edits": [
            {
                "file": "snippets/x.py",
                "find": "a",
                "replace": "b",
                "outcome": ["  one", "- p 1", "+ p 2", "- q 1", "", "  two", "- q 4"],
            }
        ],
    },
    "one\np 1\n\ntwo\nq 4\n",
)


def test_one_table_of_the_output_is_open():
    shown = concepts.printed(RESULT, "two")
    assert "two\nq 4" in shown and "one" not in shown and "???" not in shown
    with pytest.raises(RenderError, match=r"0 tables of .*x\.txt begin with 'three'"):
        concepts.printed(RESULT, "three")


def test_of_an_edit_the_lines_with_the_words_are_shown():
    shown = concepts.change(RESULT, 1, "why", ["p "])
    assert [line.strip() for line in shown.splitlines() if line.startswith("    ")] == [
        *("``` { .diff .no-copy }", "one", "- p 1", "+ p 2", "```", "why")
    ]
    with pytest.raises(RenderError, match="no line that edit 1 changed has one of"):
        concepts.change(RESULT, 1, "why", ["z"])


def test_three_ways_lead_on_each_with_its_reason(counting):
    ways = counting.find(id="go-on").find_next("ul").find_all("li")
    assert [text(item) for item in ways] == [
        "Read Counting by Hand details: it has pictures.",
        "Watch Counting, Animated (The Counters) details: it moves.",
        "Paper On Counting 1 < 2 & More (Ada Adams, and others, 2020) guide:"
        " it began here.",
    ]
    assert links(ways[2]) == [
        ("On Counting 1 < 2 & More", "https://papers.example.org/counting"),
        ("guide", "../../resources/adams-2020-counting/"),
    ]
    # Without an address of its own a resource leads to our page about it.
    assert {href for _, href in links(ways[1])} == {
        "../../resources/clark-counting-video/"
    }
    all_of_them = ("All 3 in the catalogue", "../../catalogue/?concept=counting")
    assert all_of_them in links(counting)


def test_others_are_folded_and_none_twice(renderer):
    resources = renderer.reading_list.resources
    more = [
        resources[0].model_copy(update={"id": f"other-{i}", "title": f"Other {i}"})
        for i in range(concepts.OTHERS + 1)
    ]
    chosen = {"resource": resources[0].id, "because": "so"}
    page = concepts.concept_page(
        renderer.syllabus.by_name["counting"],
        "",
        1,
        dict.fromkeys(concepts.WAYS, chosen),
        renderer.syllabus,
        with_resources(renderer.reading_list, *resources, *more),
    )
    assert page.count(f'data-cite="{resources[0].id}"') == len(concepts.WAYS)
    assert f'??? abstract "{concepts.OTHERS} more on this"' in page
    assert page.count("    - <span data-cite=") == concepts.OTHERS


@pytest.mark.parametrize(
    "command, shown",
    [
        ("python -m snippets heads", "make run NAME=heads"),
        ("python -m snippets claim gates", "make claim NAME=gates"),
        ("python -m snippets train seq2seq", "make train NAME=seq2seq"),
        (
            "python -m snippets claim gates --seeds 3,4",
            'make claim NAME=gates ARGS="--seeds 3,4"',
        ),
    ],
)
def test_a_command_is_the_one_that_works_after_the_readme(command, shown):
    assert by_make(command) == shown


# --- Roads


def roads(*stations: str) -> Syllabus:
    """A syllabus of such stations: NAME, on the chapter of its first letter; in capital
    letters it is written. Chapter m is on the main line, x is no chapter."""
    names = [station.lower() for station in stations]
    return Syllabus.model_validate(
        {
            "chapters": [
                {"name": chapter, "title": chapter, "main_line": chapter == "m"}
                for chapter in "mab"
            ],
            "concepts": [
                {
                    "name": name,
                    "title": name,
                    "chapter": None if name[0] == "x" else name[0],
                    "question": "Which?",
                    "definition": "That.",
                    "builds_on": [],
                    "status": "written" if station.isupper() else "planned",
                }
                for station, name in zip(stations, names, strict=True)
            ],
        }
    )


@pytest.mark.parametrize(
    "stations, name, previous, next_, back",
    [
        (("M1", "M2"), "m1", "before-you-start.md", "m2", False),
        (("M1", "M2"), "m2", "m1", "index.md", False),
        (("M1", "m2", "M3"), "m1", "before-you-start.md", "m3", False),
        # The main road passes a branch, which keeps to itself and leads back.
        (("M1", "A1", "A2", "M2"), "m1", "before-you-start.md", "m2", False),
        (("M1", "A1", "A2", "M2"), "a1", "m1", "a2", False),
        (("M1", "A1", "A2", "M2"), "a2", "a1", "m2", True),
        (("M1", "A1", "B1", "M2"), "b1", "m1", "m2", True),
        (("M1", "A1"), "a1", "m1", "index.md", False),
        (("X1", "M1"), "m1", "before-you-start.md", "index.md", False),
    ],
)
def test_the_way_keeps_to_its_road(
    stations: Sequence[str], name: str, previous: str, next_: str, back: bool
) -> None:
    def file(to: str) -> str:
        return to if to.endswith(".md") else f"concepts/{to}.md"

    syllabus = roads(*stations)
    way = concepts.way(syllabus.by_name[name], syllabus)
    assert way == {"previous": file(previous), "next": file(next_), "back": back}


def test_a_page_where_branches_leave_says_so(counting, sharing):
    assert "A branch leaves here: Beside the road, 1 page." in text(counting)
    assert ("Beside the road, 1 page", "../sharing/") in links(counting)
    assert "leaves here" not in text(sharing)
    syllabus = roads("M1", "A1", "a2", "A3", "B1", "M2", "m3", "A4")
    leaving = {
        concept.name: [
            (chapter.name, [page.name for page in pages])
            for chapter, pages in concepts.branches(concept, syllabus)
        ]
        for concept in syllabus.written
    }
    assert {name: found for name, found in leaving.items() if found} == {
        "m1": [("a", ["a1", "a3"]), ("b", ["b1"])],
        "m2": [("a", ["a4"])],
    }
