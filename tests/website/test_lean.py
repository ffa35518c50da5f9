"""What is left out of Material's files is what no page uses, and nothing else."""

from __future__ import annotations

import gzip
import html
import json
from importlib.resources import files

import pytest

from syllabus import Syllabus
from website.lean import script, search_index, style_sheet


@pytest.fixture(scope="module")
def material() -> str:
    sheets = files("material") / "templates" / "assets" / "stylesheets"
    (main,) = (
        f
        for f in sheets.iterdir()
        if f.name.startswith("main.") and f.name.endswith(".css")
    )
    return main.read_text(encoding="utf-8")


def test_used_rules_stay_as_they_are() -> None:
    css = ".md-nav{margin:0}@media print{.md-typeset a:is(.x,.y){color:red}}"
    assert style_sheet(css) == css


def test_an_unused_selector_goes_and_its_neighbour_stays() -> None:
    assert style_sheet(".md-footer,.md-nav{margin:0}") == ".md-nav{margin:0}"
    assert style_sheet("@media print{.md-footer{margin:0}}.a{b:c}") == ".a{b:c}"


def test_a_comma_inside_brackets_does_not_part_selectors() -> None:
    css = ".md-typeset :is(.md-footer,.b) a{margin:0}.c{d:e}"
    assert style_sheet(css) == ".c{d:e}"


def test_font_faces_and_variables_stay() -> None:
    css = ':root{--md-hue:1}@font-face{font-family:"x"}@keyframes y{0%{top:0}}'
    assert style_sheet(css) == css


@pytest.mark.parametrize(
    "part",
    [
        ".md-header",
        ".md-nav__link",
        ".md-search-result",
        ".md-sidebar",
        ".md-tooltip2",
        ".md-clipboard",
        ".admonition",
        "details",
        ".tabbed-set",
        ".md-path",
        ".md-content__inner",
        ".md-toggle",
        ".md-typeset__table",
    ],
)
def test_what_the_pages_use_of_material_is_still_there(
    part: str, material: str
) -> None:
    assert part in material
    assert style_sheet(material).count(part) >= material.count(part) / 3


def test_it_is_worth_it(material: str) -> None:
    def sent(text: str) -> int:
        return len(gzip.compress(text.encode()))

    assert sent(style_sheet(material)) < 0.8 * sent(material)


def test_the_index_waits_for_the_search() -> None:
    scripts = files("material") / "templates" / "assets" / "javascripts"
    (bundle,) = (f for f in scripts.iterdir() if f.name.endswith(".min.js"))
    js = bundle.read_text(encoding="utf-8")
    # What happens then is tested in a browser. Another release may need other words.
    assert script(js) != js
    assert script(js).count("search_index.json") == js.count("search_index.json") == 1
    added = len(script(js)) - len(js)
    assert 0 < added < 200


@pytest.mark.parametrize(
    "js",
    [
        "",
        'f(new URL("search/search_index.json",a.base))',
        'm(o(location.protocol!=="file:"),w("search")).pipe(f(x=>x),s(()=>t))',
    ],
)
def test_an_unknown_script_stays_as_it_is(js: str) -> None:
    assert script(js) == js


def test_the_index_keeps_prose_and_names() -> None:
    index = {
        "config": {"lang": ["en"]},
        "docs": [
            {
                "location": "a/",
                "title": "A",
                "text": "<p>Näher</p>a/b.py<pre><code>def f_1(x: int) -&gt; int:\n"
                "    return x\nclass G:\n</code></pre> <p>after</p>",
            },
            {"location": "concepts/a/#go-on", "title": "Go on", "text": "titles"},
            {"location": "catalogue/#all", "title": "Catalogue", "text": ""},
        ],
    }
    read = json.loads(search_index(json.dumps(index), []))
    assert read["docs"][0]["text"] == "<p>Näher</p>a/b.py f_1 G  <p>after</p>"
    assert len(read["docs"]) == 1
    assert read["config"] == index["config"]


def test_what_is_planned_leads_to_the_resources_on_it(syllabus: Syllabus) -> None:
    concept = syllabus.concepts[-1]
    (entry,) = json.loads(search_index('{"docs": []}', [concept]))["docs"]
    assert entry["location"] == f"catalogue/?concept={concept.name}"
    assert entry["text"] == html.escape(concept.definition)
