"""Pages are filled in strictly: what does not exist fails the build by its name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from mkdocs.config import load_config
from mkdocs.structure.files import File, Files

from syllabus import ROOT
from website.render import (
    FILTERS,
    Renderer,
    RenderError,
    environment,
)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer.load(ROOT / "docs", "https://git.example.org/a/b/")


NUMBERS = [
    ("0.7337|fixed", "0.73"),
    ("-0.7337|fixed(1)", "−0.7"),
    ("-0.001|fixed", "0.00"),
    ("-0.0|fixed(0)", "0"),
    ("2|fixed", "2.00"),
    ("2.384e-07|scientific", "2.4\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10⁻⁷"),
    ("-12345.0|scientific", "−1.2\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10⁴"),
    ("0.0|scientific", "0"),
    ("30522|thousands", "30,522"),
    ("-1234.4|thousands", "−1,234"),
    ("999|thousands", "999"),
    ("0.7337|percent", "73\N{NO-BREAK SPACE}%"),
    ("-0.055|percent(1)", "−5.5\N{NO-BREAK SPACE}%"),
    ("-0.0001|percent", "0\N{NO-BREAK SPACE}%"),
    ("'by -0.3 over 4-7'|unbroken", "by −0.3 over 4-7"),
    ("'is it ? no .'|unbroken", "is it ? no\N{NO-BREAK SPACE}."),
]


@pytest.mark.parametrize("expression, text", NUMBERS)
def test_how_numbers_are_written(expression, text):
    name, _, filtered = expression.partition("|")
    assert environment().from_string(f"{{{{ ({name})|{filtered} }}}}").render() == text


def test_every_filter_is_shown_above():
    shown = {re.split(r"[|(]", expression)[1] for expression, _ in NUMBERS}
    assert shown == set(FILTERS)


@pytest.mark.parametrize(
    "markdown",
    [
        "## A heading {#id}\n",
        "A table {: .wide }\n",
        "{% raw %} and {# this #}\n",
        "100 % of `{}`\n",
    ],
)
def test_marks_of_markdown_are_left_alone(renderer, markdown):
    assert renderer.page("x.md", markdown, {}) == markdown


def test_a_page_reads_results_and_the_address_of_the_repository(renderer):
    query = "{{ results['attention'].by_hand.query[0]|fixed(0) }}"
    assert renderer.page("x.md", query, {}) == "2"
    source = renderer.page("x.md", "{{ source('README.md') }}", {})
    assert source == "https://git.example.org/a/b/blob/main/README.md"


@pytest.mark.parametrize(
    "path, root",
    [("index.md", ""), ("add.md", "../"), ("concepts/heads.md", "../../")],
)
def test_the_way_to_the_root_counts_from_the_pages_own_folder(renderer, path, root):
    assert renderer.context(path)["root"] == root


GO_ON = {
    way: {"resource": "vaswani-2017-attention", "because": "it is"}
    for way in ("read", "watch", "paper")
}


@pytest.mark.parametrize(
    "path, markdown, names",
    [
        ("x.md", "{{ results['attention'].by_hnd }}", "by_hnd"),
        ("x.md", "{{ results.attentoin.difference }}", "attentoin"),
        ("x.md", "{{ nothing }}", "nothing"),
        ("x.md", "{{ nothing.at.all }}", "nothing"),
        ("x.md", "{{ 'a'|fixed }}", "ValueError"),
        ("x.md", "{{ results|fixed }}", "TypeError"),
        (
            "x.md",
            "# A\n\nSee {{ 1 }} and {{ results['attention'].difference.odd|fixed }}.\n",
            r"UndefinedError: line 3 below the front matter: .*'odd'.*"
            r"\({{ 1 }}, {{ results\['attention'\]\.difference\.odd\|fixed }}\)",
        ),
        ("x.md", "{{ results['attention'].by_hand.query[9]|percent }}", "no element 9"),
        # What a page asks for is given to it; Python is not.
        (
            "x.md",
            "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
            r"SecurityError: line 1 below the front matter: access to attribute",
        ),
        ("x.md", "{{ ''.__class__.__mro__ }}", "SecurityError"),
        ("x.md", "{{ source.__globals__ }}", "SecurityError"),
        # Pydantic gives every record a method that unpickles what it is given.
        (
            "x.md",
            "{{ reading_list.parse_raw('N.', proto='pickle', allow_pickle=True) }}",
            "SecurityError.*parse_raw",
        ),
        ("x.md", "{{ syllabus.concepts[0].model_dump() }}", "SecurityError"),
        ("x.md", "{{ form.re.findall }}", "SecurityError"),
        ("x.md", "{{ results.update({}) }}", "SecurityError"),
        ("x.md", "{{ range(10**9)|list }}", "OverflowError"),
        ("x.md", "{{ 1 / 0 }}", r"ZeroDivisionError: line 1 .*\({{ 1 / 0 }}\)"),
        ("x.md", "{{ 1|fixd }}", "fixd"),
        ("x.md", "{{ 1 ", "unexpected end"),
        ("x.md", "One\n\n{{ 1 \n", r"line 3 below.*: unexpected end.*\({{ 1\)"),
        ("concepts/attention.md", "{{ change(0) }}", "no edit 0: `edits` has 1"),
        ("x.md", "<% for x in %>", "Expected an expression"),
        ("concepts/attention.md", "{{ result.odd }}", "odd"),
        (
            "concepts/attention.md",
            "{{ term('haeds') }}",
            "'haeds': perhaps you meant heads",
        ),
        ("concepts/attention.md", "{{ change(9) }}", "no edit 9: `edits` has 1"),
        ("concepts/attention.md", "{{ change('a') }}", "TypeError"),
        ("concepts/odd.md", "A page of no concept.", "no concept 'odd'"),
        ("concepts/reading-papers.md", "{{ printed() }}", "printed"),
    ],
)
def test_what_does_not_exist_is_named(renderer, path, markdown, names):
    meta = {"go_on": GO_ON, "edits": [{"why": "so"}]}
    with pytest.raises(RenderError, match=names):
        renderer.page(path, markdown, meta)


def test_a_page_without_its_front_matter_is_refused(renderer):
    with pytest.raises(RenderError, match="go_on says nothing of read, watch, paper"):
        renderer.page("concepts/attention.md", "text", {})
    odd = {**GO_ON, "paper": {"resource": "vaswani-2017-atention", "because": "it"}}
    with pytest.raises(RenderError, match="meant vaswani-2017-attention"):
        renderer.page("concepts/attention.md", "text", {"go_on": odd})


@pytest.mark.parametrize(
    "path, names",
    [
        ("concepts/haeds.md", "no concept 'haeds': perhaps you meant heads"),
        ("resources/q.md", "no resource 'q': look the name up in docs/resources/"),
    ],
)
def test_a_page_of_nothing_is_named_before_it_is_made(renderer, path, names):
    with pytest.raises(RenderError, match=names):
        renderer.meta(path)


def test_an_explanation_of_an_edit_is_filled_in_strictly(renderer):
    meta = {"go_on": GO_ON, "edits": [{"why": "It is {{ result.odd }}."}]}
    with pytest.raises(RenderError, match="odd"):
        renderer.page("concepts/attention.md", "{{ change(1) }}", meta)


@pytest.mark.parametrize(
    "part, names",
    [
        ("<span data-svg='assets/pictures/odd.svg'", r"no drawing docs/.*odd\.svg"),
        ("<span data-svg='../LICENSE'", r"\.\./LICENSE is no drawing under docs/"),
        ("<span data-svg='../site/logo.svg'", "is no drawing under docs/"),
        ("<span data-svg='index.md'", r"index\.md is no drawing"),
        ("<span data-cite='nobody'></span>", "no resource 'nobody'"),
        ("<div data-part='nothing'></div>", "nothing"),
    ],
)
def test_what_a_page_shows_is_there(renderer, part, names):
    if "data-svg" in part:
        part += " data-alt='a'>drawing</span>"
    with pytest.raises(RenderError, match=names):
        renderer.content("x.md", part.replace("'", '"'))


def test_the_page_of_a_record_is_no_template_and_no_markdown(renderer):
    path = "resources/vaswani-2017-attention.md"
    assert renderer.page(path, "{{ nothing }}", {}) == ""
    assert "Attention Is All You Need" in renderer.content(path, "<p>odd</p>")
    with pytest.raises(RenderError, match="no resource 'odd'"):
        renderer.content("resources/odd.md", "")


def test_mkdocs_neither_reads_nor_parses_a_record(monkeypatch):
    config = load_config(str(ROOT / "mkdocs.yml"))
    config.plugins.on_startup(command="build", dirty=False)
    config = config.plugins.on_config(config)
    paths = ("resources/keshav-2007-how-to-read-a-paper.md", "index.md")
    places = config.docs_dir, config.site_dir
    record, page = (File(path, *places, use_directory_urls=True) for path in paths)
    files = config.plugins.on_files(Files([record, page]), config=config)
    assert page.page is None  # MkDocs makes it
    for reader in ("markdown", "meta"):
        monkeypatch.setattr(f"mkdocs.structure.pages.{reader}", None)
    record.page.read_source(config)
    record.page.render(config, files)
    assert record.page.content == record.page.markdown == ""
    assert record.page.present_anchor_ids == set()


def test_a_concept_page_begins_with_its_title_and_ends_with_ways_on(renderer):
    made = renderer.page("concepts/attention.md", "The prose.", {"go_on": GO_ON})
    order = ["# Attention: how does", '"strip"', '"definition"', "The prose."]
    places = [made.index(part) for part in [*order, "## Go on"]]
    assert places == sorted(places)


def test_written_concepts_stand_in_the_navigation_by_chapter(renderer):
    nav = renderer.navigation([{"Home": "index.md"}, {"Start": []}, {"List": []}])
    assert nav[:2] == [{"Home": "index.md"}, {"Start": []}] and nav[-1] == {"List": []}
    named = [
        page.removeprefix("concepts/").removesuffix(".md")
        for part in nav[2:-1]
        for pages in part.values()
        for entry in pages
        for page in entry.values()
    ]
    assert named == [concept.name for concept in renderer.syllabus.written]


# --- What is wrong before any page


@pytest.fixture
def docs(tmp_path):
    """A small copy of docs/ to break."""
    for folder in ("concepts", "results", "resources"):
        shutil.copytree(ROOT / "docs" / folder, tmp_path / folder)
    return tmp_path


@pytest.mark.parametrize(
    "path, content, says",
    [
        ("results/attention.txt", None, "docs/results/attention.txt is missing"),
        ("results/attention.json", "{", "docs/results/attention.json: "),
        ("results/attention.json", None, "`make record NAME=attention` writes it"),
        ("concepts/attention.md", None, "docs/concepts/attention.md is missing"),
        ("concepts/concepts.yml", "concepts: [", "concepts.yml:2: is not valid YAML"),
        ("concepts/concepts.yml", "chapters: []\nconcepts: [{}]", "yml:2: concepts"),
    ],
)
def test_a_broken_source_is_one_clear_message(docs, path, content, says):
    if content is None:
        (docs / path).unlink()
    else:
        (docs / path).write_text(content)
    with pytest.raises(RenderError, match=says):
        Renderer.load(docs, "https://git.example.org/a/b")


def test_a_record_of_nothing_measured_is_no_concepts_result(docs):
    (docs / "results" / "odd.json").write_text(json.dumps({"scores": []}))
    loaded = Renderer.load(docs, "https://git.example.org/a/b")
    assert "odd" not in loaded.results and "attention" in loaded.results


@pytest.mark.parametrize(
    "markdown, says",
    [
        ("{{ results['odd'] }}", "index.md: UndefinedError"),
        (r"$\frac{a}$", r"index.md: '\\frac{a}'"),
        ('<span data-svg="odd.svg" data-alt="a">drawing</span>', "there is no drawing"),
    ],
)
def test_the_build_stops_at_the_page_without_a_traceback(tmp_path, markdown, says):
    for folder in ("concepts", "results", "resources"):
        shutil.copytree(ROOT / "docs" / folder, tmp_path / "docs" / folder)
    (tmp_path / "docs" / "index.md").write_text(f"# A\n\n{markdown}\n")
    (tmp_path / "mkdocs.yml").write_text(
        f"site_name: a\nhooks: [{ROOT / 'website' / 'hook.py'}]\n"
        "extra: {repo_url: https://git.example.org/a/b}\n"
        f"theme: {{name: material, custom_dir: {ROOT / 'website' / 'theme'}}}\n"
        "exclude_docs: |\n  /concepts/\n  /resources/\n  /results/\n"
        "markdown_extensions: [{pymdownx.arithmatex: {generic: true}}]\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "-d", str(tmp_path / "site")],
        cwd=tmp_path,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr
