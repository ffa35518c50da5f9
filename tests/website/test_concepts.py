"""What the hook adds around the prose of a concept."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import markdown
import pytest
from bs4 import BeautifulSoup

from reading_list.model import ReadingList
from reading_list.syllabus import load_syllabus
from syllabus import Concept, Syllabus
from website import concepts, wording
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
                "definition": "Later, soon and so on.",
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
    "python": "3.11",
    "torch": "2.13.0",
    "date": "2026-11-20",
}
EDIT = {
    "file": "snippets/demos/first.py",
    "find": "    a = 1",
    "replace": "    b = 2\n    a = b",
    "outcome": ["- x 1", "+ x 2", "+ y"],
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
    "prose, sections, formulas, minutes",
    [(100, 0, 0, 1), (101, 0, 0, 2), (0, 1, 0, 5), (0, 0, 2, 2), (1000, 3, 1, 26)],
)
def test_minutes_count_prose_code_and_formulas(prose, sections, formulas, minutes):
    markdown = "word " * prose + "{{ code('x') }}\n" * sections
    markdown += "$$\na\n$$\n" * formulas
    assert concepts.minutes(markdown) == minutes


def test_a_written_concept_is_a_link_and_a_planned_one_a_tooltip():
    assert concepts.term(SYLLABUS, "first") == "[first](first.md)"
    assert concepts.term(SYLLABUS, "last-one", "the end") == "[the end](last-one.md)"
    planned = concepts.term(SYLLABUS, "planned-one")
    assert html.unescape(planned) == (
        '<abbr title="Later, soon and so on." tabindex="0">planned one</abbr>'
    )


@pytest.mark.parametrize("plain", ['`a` "b" <c>', "ends in \\", "[x](y) $a$ *b* | c"])
def test_what_a_tooltip_or_a_drawing_says_is_text(plain):
    abbreviation = concepts.abbreviation("word", plain)
    drawing = concepts.picture("a.svg", plain, "caption").splitlines()[1]
    for shown, name in ((abbreviation, "title"), (drawing, "data-alt")):
        page = BeautifulSoup(markdown.markdown(f"See {shown}."), "html.parser")
        assert [tag.name for tag in page.find_all()] == ["p", shown[1:].split()[0]]
        assert page.find(attrs={name: True})[name] == plain


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
    main = {chapter.name: chapter.main_line for chapter in real.chapters}
    for concept in real.concepts:
        strip = concepts.strip(concept, real, 7)
        assert ("main road**" in strip) is main.get(concept.chapter, False)
        assert (", a branch**" in strip) is not main.get(concept.chapter, True)


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
        LAST, "the", "snippets/gpt/other.py", tmp_path
    )
    with pytest.raises(LookupError, match=r"no section 'idea' in snippets/gpt/other"):
        concepts.code(LAST, "idea", "snippets/gpt/other.py", tmp_path)


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
def test_a_page_names_the_command_that_works_after_the_readme(command, shown):
    assert wording.by_make(command) == shown


def test_output_comes_with_the_recipe():
    assert concepts.printed(result()) == (
        '``` { .text .printed title="Printed by make run NAME=first" }\n'
        "x 1\n```\n\n"
        '<p class="recipe" markdown>Seed 0, Python 3.11, torch 2.13.0, 1 thread,'
        " 2026-11-20.</p>"
    )


def test_a_change_that_changes_nothing_says_so():
    shown = concepts.change(result(outcome=[]), 1, "So.")
    assert "      prints the same\n" in shown


@pytest.mark.parametrize("number", [0, 2])
def test_a_change_that_is_not_recorded_is_named(number):
    with pytest.raises(LookupError, match=f"no edit {number} is recorded of 1"):
        concepts.change(result(), number, "So.")


def test_the_way_keeps_to_the_road_and_a_branch_leads_back():
    real = load_syllabus()
    road = [c for c in real.written if real.on_main_line(c)]
    branch = [c for c in real.written if c.chapter == "recurrence"]
    for pages in (road, branch):
        for here, there in pairwise(pages):
            assert concepts.way(here, real)["next"] == f"concepts/{there.name}.md"
            assert concepts.way(there, real)["previous"] == f"concepts/{here.name}.md"
    assert concepts.way(road[0], real)["previous"] == "before-you-start.md"
    assert concepts.way(road[-1], real)["next"] == "index.md"
    assert concepts.way(branch[0], real)["previous"] == "concepts/logits.md"
    assert concepts.way(branch[-1], real)["next"] == "concepts/attention.md"
    back = [c for c in real.written if concepts.way(c, real)["back"]]
    assert back == [branch[-1]]


def test_a_page_where_a_branch_leaves_says_so():
    real = load_syllabus()
    leaves = {c.name: concepts.branches(c, real) for c in real.written}
    count = sum(c.chapter == "recurrence" for c in real.written)
    assert {name: link for name, link in leaves.items() if link} == {
        "logits": "A branch leaves here:"
        f" [Before attention, {count} pages](recurrent-networks.md)."
    }


# --- Where to go on


@pytest.fixture
def go_on(reading_list: ReadingList) -> Callable[..., str]:
    """Where the page on attention leads, with some of its choices changed."""

    def make(on: str = "attention", **changed: str) -> str:
        chosen = {
            "read": "alammar-illustrated-transformer",
            "watch": "3blue1brown-attention",
            "paper": "vaswani-2017-attention",
            **changed,
        }
        why = {w: {"resource": r, "because": f"to {w} it"} for w, r in chosen.items()}
        concept = Concept.model_validate({**FIRST.model_dump(), "name": on})
        page = concepts.go_on(concept, reading_list, why)
        return concepts.cited(page, reading_list, "../../")

    return make


def test_three_ways_to_go_on_each_with_its_reason(go_on):
    lines = [line for line in go_on().splitlines() if line.startswith("- **")]
    assert [line.split("**")[1] for line in lines] == ["Read", "Watch", "Paper"]
    assert lines[2].startswith('- **Paper** <a href="https://arxiv.org/abs/1706.03762')
    assert (
        ">Attention Is All You Need</a> (Ashish Vaswani, and others, 2017)" in lines[2]
    )
    assert lines[2].endswith(
        ' <a class="guide" href="../../resources/vaswani-2017-attention/">guide</a>'
        ": to paper it."
    )


def test_only_a_guide_is_called_a_guide(go_on, reading_list):
    links = re.findall(r'resources/([\w-]+)/">(guide|details)<', go_on())
    assert {label for _, label in links} == {"guide", "details"}
    for name, label in links:
        assert (label == "guide") is bool(reading_list.by_id[name].guide), name


def test_others_are_folded_and_none_twice(go_on, reading_list):
    on_it = reading_list.for_concept("attention")
    text = go_on(read=on_it[0].id, watch=on_it[4].id, paper=on_it[9].id)
    folded = [line for line in text.splitlines() if line.startswith("    - ")]
    assert len(folded) == 10 < len(on_it)
    assert f'??? abstract "{len(folded)} more on this"' in text
    guides = re.findall(r'resources/([\w-]+)/">(?:guide|details)<', text)
    assert len(guides) == len(set(guides)) == 13
    assert (
        f"[All {len(on_it)} in the catalogue](../catalogue.md?concept=attention)"
        in text
    )


def test_nothing_is_folded_where_nothing_is_left(go_on):
    assert "more on this" not in go_on(on="unheard-of")


def test_a_resource_without_an_address_leads_to_our_guide(go_on, reading_list):
    ours = next(r for r in reading_list.resources if r.url is None)
    line = next(line for line in go_on(read=ours.id).splitlines() if "**Read**" in line)
    assert f'** <a href="../../resources/{ours.id}/">' in line


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
