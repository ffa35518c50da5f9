"""What is left out of Material's files is what no page uses, and nothing else."""

from __future__ import annotations

import gzip
import html
import json
from importlib.resources import files

import pytest

from syllabus import Syllabus
from website.lean import script, search_index, style_sheet


def material(folder: str, begins: str, ends: str) -> str:
    """The text of one of Material's own files."""
    found = (files("material") / "templates" / "assets" / folder).iterdir()
    (one,) = (f for f in found if f.name.startswith(begins) and f.name.endswith(ends))
    return one.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".md-footer,.md-nav{margin:0}", ".md-nav{margin:0}"),
        ("@media print{.md-footer{margin:0}}.a{b:c}", ".a{b:c}"),
        # A comma inside brackets does not part selectors.
        (".md-typeset :is(.md-footer,.b) a{margin:0}.c{d:e}", ".c{d:e}"),
        (".md-nav{margin:0}@media print{.md-typeset a:is(.x,.y){color:red}}", None),
        (':root{--md-hue:1}@font-face{font-family:"x"}@keyframes y{0%{top:0}}', None),
    ],
)
def test_style_sheet_loses_the_rules_of_what_is_unused(
    css: str, kept: str | None
) -> None:
    assert style_sheet(css) == (css if kept is None else kept)


def test_style_sheet_of_material_is_lighter_and_keeps_what_pages_use() -> None:
    whole = material("stylesheets", "main.", ".css")
    lean = style_sheet(whole)
    sent = [len(gzip.compress(text.encode())) for text in (lean, whole)]
    assert sent[0] < 0.8 * sent[1]
    for part in (
        *(".md-header", ".md-nav__link", ".md-search-result", ".md-sidebar"),
        *(".md-tooltip2", ".md-clipboard", ".admonition", "details", "table:not("),
        *(".md-path", ".md-content__inner", ".md-toggle", ".md-typeset__table"),
    ):
        assert lean.count(part) >= whole.count(part) / 3 > 0, part


def test_script_waits_with_the_index_for_the_search() -> None:
    js = material("javascripts", "bundle.", ".min.js")
    # What happens then is tested in a browser. Another release may need other words.
    assert 0 < len(script(js)) - len(js) < 200
    assert script(js).count("search_index.json") == js.count("search_index.json") == 1


@pytest.mark.parametrize(
    "js",
    [
        'f(new URL("search/search_index.json",a.base))',
        'm(o(location.protocol!=="file:"),w("search")).pipe(f(x=>x),s(()=>t))',
    ],
)
def test_script_that_is_unknown_stays_as_it_is(js: str) -> None:
    assert script(js) == js


def test_search_index_keeps_prose_names_and_what_is_planned(syllabus: Syllabus) -> None:
    text = (
        "<p>Näher</p>a/b.py<pre><code>def f_1(x: int) -&gt; int:\n"
        "    return x\nclass G:\n</code></pre> <p>after</p>"
    )
    docs = [
        {"location": "a/", "title": "A", "text": text},
        {"location": "concepts/a/#go-on", "title": "Go on", "text": "titles"},
        {"location": "catalogue/#all", "title": "Catalogue", "text": ""},
    ]
    index = {"config": {"lang": ["en"]}, "docs": docs}
    concept = syllabus.concepts[-1]
    read = json.loads(search_index(json.dumps(index), [concept]))
    kept, planned = read["docs"]
    assert kept["text"] == "<p>Näher</p>a/b.py f_1 G  <p>after</p>"
    assert read["config"] == index["config"]
    assert planned["location"] == f"catalogue/?concept={concept.name}"
    assert planned["text"] == html.escape(concept.definition)
