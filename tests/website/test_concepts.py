"""What the hook adds around the prose of a concept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from reading_list.model import ReadingList
from reading_list.syllabus import Concept, Syllabus, load_syllabus
from website import concepts
from website.concepts import Result, ResultError

SYLLABUS = Syllabus.model_validate(
    {
        "chapters": [
            {"name": "text", "title": "Text into numbers", "main_line": True},
            {"name": "gpt", "title": "GPT", "main_line": True},
        ],
        "concepts": [
            {
                "name": "first",
                "title": "First",
                "chapter": "text",
                "question": "What comes first?",
                "definition": "The one that comes first.",
                "builds_on": [],
                "status": "written",
            },
            {
                "name": "planned-one",
                "title": "Planned one",
                "chapter": "text",
                "question": "When?",
                "definition": 'Later, "soon" & so on.',
                "builds_on": [{"concept": "first", "because": "it is first"}],
                "status": "planned",
            },
            {
                "name": "last-one",
                "title": "Last one",
                "chapter": "gpt",
                "question": "What comes last?",
                "definition": "The one that comes last.",
                "builds_on": [
                    {"concept": "first", "because": "it is first"},
                    {"concept": "planned-one", "because": "it is later"},
                ],
                "status": "written",
            },
        ],
    }
)
FIRST, PLANNED, LAST = SYLLABUS.concepts
RECIPE = {
    "command": "python -m snippets first",
    "seed": 0,
    "threads": 1,
    "python": "3.11.7",
    "torch": "2.13.0",
    "machine": "Linux x86_64",
    "seconds": 0.04,
    "date": "2026-11-20",
}
EDIT = {
    "file": "snippets/demos/first.py",
    "find": "    a = 1",
    "replace": "    b = 2\n    a = b",
    "before": ["x 1"],
    "after": ["x 2", "y"],
}


def result(**changed: object) -> Result:
    record = {"recipe": RECIPE, "data": {"x": 1}, "edits": [{**EDIT, **changed}]}
    return Result("first", record, "x 1\n", has_figure=True)


@pytest.mark.parametrize(
    "markdown, count",
    [
        ("Three words here.", 3),
        ("## A heading\n\n- **bold** `code`", 4),
        ("A `b c` - d", 4),
        ("{{ result.x|fixed }} and {{ term('first') }}", 3),
        ("{{ code('x') }} {{ printed() }} {{ change(1) }} word", 1),
        ('{{ figure(\n  alt="one two",\n  caption="three"\n) }} word', 1),
        ("<% set a = result.b %> word", 1),
        ("word\n```python\nno words here\n```\nword", 2),
        ("In $x$ words:\n\n$$\na + b\n$$\n", 3),
        ('<span class="q">query</span> <svg><text>no</text></svg>', 1),
        ("[two words](../resources/a-b.md)", 2),
        ("| a | b |\n| --- | --- |\n| c | d |", 4),
        ("", 0),
    ],
)
def test_what_counts_as_a_word(markdown, count):
    assert concepts.words(markdown) == count


@pytest.mark.parametrize(
    "prose, sections, minutes",
    [(200, 0, 1), (201, 0, 2), (1000, 0, 5), (1000, 3, 9), (0, 0, 0)],
)
def test_minutes_count_prose_and_code(prose, sections, minutes):
    markdown = "word " * prose + "{{ code('x') }}\n" * sections
    assert concepts.minutes(markdown) == minutes


def test_a_written_concept_is_a_link_and_a_planned_one_a_tooltip():
    assert concepts.term(SYLLABUS, "first") == "[first](first.md)"
    assert concepts.term(SYLLABUS, "last-one", "the end") == "[the end](last-one.md)"
    planned = concepts.term(SYLLABUS, "planned-one")
    assert planned == (
        '<abbr title="Later, &quot;soon&quot; &amp; so on." tabindex="0">'
        "planned one</abbr>"
    )


def test_the_strip_says_where_one_is():
    strip = concepts.strip(LAST, SYLLABUS, 7)
    assert "- **Chapter 2, main road** GPT" in strip
    assert "- **Builds on** [first](first.md), <abbr" in strip
    assert "- **Takes** 7 minutes" in strip
    run = "- **[Run it](../before-you-start.md#code)** `make run NAME=last-one`"
    assert run in strip
    assert "**Builds on** [Before you start]" in concepts.strip(FIRST, SYLLABUS, 7)


def test_a_concept_without_code_stands_beside_the_chapters():
    fields = {"chapter": None, "code": False, "builds_on": ()}
    beside = Concept.model_validate({**FIRST.model_dump(), **fields})
    assert [
        line
        for line in concepts.strip(beside, SYLLABUS, 7).splitlines()
        if "**" in line
    ] == ["- **Beside the chapters** at any time", "- **Takes** 7 minutes"]


def test_the_strip_says_what_is_a_branch():
    real = load_syllabus()
    for concept in real.written:
        strip = concepts.strip(concept, real, 7)
        assert ("main road**" in strip) is real.on_main_line(concept)
        assert (", a branch**" in strip) is (concept.chapter in ("recurrence", "bert"))


def test_the_heading_asks_and_defines():
    heading = concepts.heading(LAST, SYLLABUS, 7)
    assert heading.startswith("# Last one: what comes last? { #last-one }\n")
    assert heading.endswith("markdown>The one that comes last.</p>")


def test_code_is_a_section_of_the_tested_file_or_its_demo(tmp_path):
    paths = {"idea": "snippets/gpt/last_one.py", "demo": "snippets/demos/last_one.py"}
    for section, path in paths.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(f"# --8<-- [start:the-{section}]\n")
    for section, path in paths.items():
        assert concepts.code(LAST, f"the-{section}", root=tmp_path) == (
            f'```python title="{path}"\n--8<-- "{path}:the-{section}"\n```'
        )
    with pytest.raises(LookupError, match=r"no section 'the' in .*gpt/last.* or .*dem"):
        concepts.code(LAST, "the", root=tmp_path)
    (tmp_path / "snippets/gpt/other.py").write_text("# --8<-- [start:the]\n")
    assert '--8<-- "snippets/gpt/other.py:the"' in concepts.code(
        LAST, "the", "other", tmp_path
    )
    with pytest.raises(LookupError, match=r"no section 'idea' in snippets/gpt/other"):
        concepts.code(LAST, "idea", "other", tmp_path)


def test_a_figure_has_its_words_and_its_drawing(tmp_path):
    (tmp_path / "results").mkdir()
    svg = '<?xml version="1.0"?>\n<svg viewBox="0 0 1 1"><use href="#a"/></svg>\n'
    (tmp_path / "results" / "first.svg").write_text(svg)
    place = concepts.figure(result(), 'an "alt" & more', "Notice.")
    assert '<figcaption markdown="span">Notice.</figcaption>' in place
    page = concepts.inline_figures(f"<p>{place.splitlines()[1]}</p>", tmp_path)
    # xlink: Material's script assigns to every href, which SVG forbids.
    assert page == (
        '<svg role="img" data-search-exclude=""'
        ' aria-label="an &quot;alt&quot; &amp; more"'
        ' viewBox="0 0 1 1"><use xlink:href="#a"/></svg>'
    )


def test_two_figures_on_a_page_are_both_drawn(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.svg").write_text(f"<svg>{name}</svg>")
    places = [concepts.picture(f"{n}.svg", n, n).splitlines()[1] for n in ("a", "b")]
    page = concepts.inline_figures("\n".join(places), tmp_path)
    assert ">a</svg>" in page and ">b</svg>" in page and "data-svg" not in page


def test_a_figure_that_is_not_recorded_is_refused():
    without = Result("first", {"recipe": RECIPE, "data": {}}, "", has_figure=False)
    with pytest.raises(ResultError, match="first: no figure is recorded"):
        concepts.figure(without, "alt", "caption")


def test_output_comes_with_the_recipe():
    assert concepts.printed(result()) == (
        '``` { .text .printed title="Printed by make run NAME=first" }\n'
        "x 1\n```\n\n"
        '<p class="recipe" markdown>Seed 0, Python 3.11.7, torch 2.13.0, 1 thread,'
        " Linux x86_64: 0.0 seconds on 2026-11-20.</p>"
    )


def test_a_change_shows_the_edit_and_folds_the_outcome():
    assert concepts.change(result(), 1, "Because.\nYes.") == (
        '```diff title="snippets/demos/first.py"\n'
        "-     a = 1\n+     b = 2\n+     a = b\n```\n\n"
        '??? question "What happens?"\n\n'
        "    ```diff\n    - x 1\n    + x 2\n    + y\n    ```\n\n    Because.\n    Yes."
    )


def test_a_change_that_changes_nothing_says_so():
    assert "      prints the same\n" in concepts.change(
        result(before=[], after=[]), 1, "So."
    )


@pytest.mark.parametrize("number", [0, 2])
def test_a_change_that_is_not_recorded_is_named(number):
    with pytest.raises(LookupError, match=f"no edit {number} is recorded of 1"):
        concepts.change(result(), number, "So.")


def test_a_long_outcome_says_how_much_is_left_out():
    lines = [f"line {number}" for number in range(10)]
    shown = concepts.change(result(before=lines, after=lines[:9]), 1, "So.")
    assert shown.count("    - line") == 8 and "(2 lines more)" in shown
    assert shown.count("    + line") == 8 and "(1 line more)" in shown


def test_the_next_page_is_the_next_that_is_written():
    assert concepts.next_button(FIRST, SYLLABUS).startswith(
        "[Next: Last one](last-one.md){"
    )
    assert "](../index.md#map)" in concepts.next_button(LAST, SYLLABUS)
    assert "branch" not in concepts.next_button(FIRST, SYLLABUS)


def test_the_button_keeps_to_the_road_and_a_branch_leads_back():
    real = load_syllabus()
    road = [c for c in real.written if real.on_main_line(c)]
    for here, there in pairwise(road):
        button, *branches = concepts.next_button(here, real).splitlines()
        assert button.startswith(f"[Next: {there.title}]({there.name}.md){{")
        passed = real.concepts[real.concepts.index(here) : real.concepts.index(there)]
        assert bool(branches) is any(c.written for c in passed[1:])
    by_name = real.by_name
    side = [c for c in real.written if c.chapter == "recurrence"]
    for here, there in pairwise(side):
        assert concepts.next_button(here, real).startswith(f"[Next: {there.title}](")
    assert concepts.next_button(by_name["logits"], real).endswith(
        f"\n\nOr first the branch: [Before attention, {len(side)} pages]"
        f"({side[0].name}.md)"
    )
    assert concepts.next_button(side[-1], real).startswith(
        "[Back to the main road: Attention](attention.md){"
    )


# --- Where to go on


@pytest.fixture
def go_on(reading_list: ReadingList) -> Callable[..., str]:
    """Where the page on attention leads, with some of its choices changed."""
    attention = Concept.model_validate({**FIRST.model_dump(), "name": "attention"})

    def make(**changed: str) -> str:
        chosen = {
            "read": "alammar-illustrated-transformer",
            "watch": "3blue1brown-attention",
            "paper": "vaswani-2017-attention",
            **changed,
        }
        why = {w: {"resource": r, "because": f"to {w} it"} for w, r in chosen.items()}
        return concepts.go_on(attention, reading_list, why)

    return make


def test_three_ways_to_go_on_each_with_its_reason(go_on):
    lines = [line for line in go_on().splitlines() if line.startswith("- **")]
    assert [line.split("**")[1] for line in lines] == ["Read", "Watch", "Paper"]
    assert lines[2].startswith("- **Paper** [Attention Is All You Need](https://")
    assert "(Ashish Vaswani, and others, 2017)" in lines[2]
    assert lines[2].endswith(
        "[guide](../resources/vaswani-2017-attention.md){ .guide }: to paper it."
    )


def test_only_a_guide_is_called_a_guide(go_on, reading_list):
    links = re.findall(r"\[(guide|details)\]\(\.\./resources/(.+?)\.md\)", go_on())
    assert {label for label, _ in links} == {"guide", "details"}
    for label, name in links:
        assert (label == "guide") is bool(reading_list.by_id[name].guide), name


def test_others_are_folded_and_none_twice(go_on, reading_list):
    on_it = reading_list.for_concept("attention")
    text = go_on(read=on_it[0].id, watch=on_it[4].id, paper=on_it[9].id)
    folded = [line for line in text.splitlines() if line.startswith("    - ")]
    assert len(folded) == 10 < len(on_it)
    assert f'??? abstract "{len(folded)} more on this"' in text
    guides = re.findall(r"\[(?:guide|details)\]\(([^)]+)\)", text)
    assert len(guides) == len(set(guides)) == 13
    assert (
        f"[All {len(on_it)} in the catalogue](../catalogue.md?concept=attention)"
        in text
    )


def test_a_resource_without_an_address_leads_to_our_guide(go_on, reading_list):
    ours = next(r for r in reading_list.resources if r.url is None)
    line = next(line for line in go_on(read=ours.id).splitlines() if "**Read**" in line)
    assert f"](../resources/{ours.id}.md) " in line


# --- Results


def test_results_are_read_by_name(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"recipe": RECIPE, "data": {"x": 1}}))
    (tmp_path / "a.txt").write_text("text\n")
    (tmp_path / "measured.json").write_text("[]")
    loaded = concepts.load_results(tmp_path)
    assert list(loaded) == ["a"] and not loaded["a"].has_figure
    assert loaded["a"].data == {"x": 1} and loaded["a"].recipe == RECIPE
    (tmp_path / "a.svg").write_text("<svg/>")
    assert concepts.load_results(tmp_path)["a"].has_figure


@pytest.mark.parametrize("content", ["{", "", "{'a': 1}"])
def test_a_broken_result_is_named(tmp_path: Path, content):
    (tmp_path / "odd.json").write_text(content)
    with pytest.raises(ResultError, match=r"docs/results/odd\.json: "):
        concepts.load_results(tmp_path)
