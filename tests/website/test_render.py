"""Pages are filled in strictly: what does not exist fails the build by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mkdocs.config import load_config
from mkdocs.structure.files import File, Files

from syllabus import ROOT
from tests.website import small
from website.errors import RenderError
from website.expressions import fill
from website.render import Renderer


@pytest.mark.parametrize(
    "expression, text",
    [
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
    ],
)
def test_how_numbers_are_written(expression: str, text: str) -> None:
    number, _, filtered = expression.partition("|")
    assert fill(f"{{{{ ({number})|{filtered} }}}}", {}) == text


@pytest.mark.parametrize(
    "markdown",
    [
        "## A heading {#id}\n",
        "A table {: .wide }\n",
        "{% raw %} and {# this #}\n",
        "100 % of `{}`\n",
    ],
)
def test_marks_of_markdown_are_left_alone(markdown: str) -> None:
    assert fill(markdown, {}) == markdown


def test_a_page_reads_results_and_the_address_of_the_repository(
    renderer: Renderer,
) -> None:
    value = "{{ results['counting'].by_hand.half|fixed }}"
    assert renderer.page("x.md", value, {}) == "1.50"
    source = renderer.page("x.md", "{{ source('README.md') }}", {})
    assert source == f"{small.REPO}/blob/main/README.md"


WAY = {"resource": "adams-2020-counting", "because": "it is"}
META = {"go_on": dict.fromkeys(("read", "watch", "paper"), WAY)}
ODD_PAPER = {**META["go_on"], "paper": {**WAY, "resource": "odams-2020-counting"}}


@pytest.mark.parametrize(
    "path, markdown, names",
    [
        ("x.md", "{{ results['counting'].by_hnd }}", "by_hnd"),
        ("x.md", "{{ results.cuonting.difference }}", "cuonting"),
        ("x.md", "{{ nothing }}", "nothing"),
        ("x.md", "{{ nothing.at.all }}", "nothing"),
        ("x.md", "{{ 'a'|fixed }}", "ValueError"),
        ("x.md", "{{ results|fixed }}", "TypeError"),
        (
            "x.md",
            "# A\n\nSee {{ 1 }} and {{ results['counting'].difference.odd|fixed }}.\n",
            r"UndefinedError: line 3 below the front matter: .*'odd'.*"
            r"\({{ 1 }}, {{ results\['counting'\]\.difference\.odd\|fixed }}\)",
        ),
        ("x.md", "{{ results['counting'].by_hand.numbers[9]|percent }}", "element 9"),
        # What a page asks for is given to it; Python is not.
        (
            "x.md",
            "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
            r"SecurityError: line 1 below the front matter: access to attribute",
        ),
        ("x.md", "{{ ''.__class__.__mro__ }}", "SecurityError"),
        ("x.md", "{{ source.__globals__ }}", "SecurityError"),
        ("concepts/counting.md", "{{ code.func }}", "SecurityError"),
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
        ("x.md", "<% for x in %>", "Expected an expression"),
        ("concepts/counting.md", "{{ result.odd }}", "odd"),
        ("concepts/counting.md", "{{ term('cuonting') }}", "perhaps you meant count"),
        (
            "concepts/counting.md",
            "{{ code('odd') }}",
            "no section 'odd' in .* or .*demo",
        ),
        (
            "concepts/counting.md",
            "{{ code('count', 'snippets/text/pairs.py') }}",
            "no section 'count' in snippets/text/pairs.py",
        ),
        ("concepts/counting.md", "{{ change(0) }}", "no edit 0: `edits` has 3"),
        ("concepts/counting.md", "{{ change(4) }}", "no edit 4: `edits` has 3"),
        ("concepts/counting.md", "{{ change(3) }}", "no edit 3 is recorded of 2"),
        ("concepts/counting.md", "{{ change(2) }}", "line 1 .*'odd'"),
        ("concepts/counting.md", "{{ change('a') }}", "TypeError"),
        ("concepts/odd.md", "A page of no concept.", "no concept 'odd'"),
        ("concepts/sharing.md", "{{ printed() }}", "printed"),
    ],
)
def test_what_does_not_exist_is_named(
    renderer: Renderer, path: str, markdown: str, names: str
) -> None:
    whys = [{"why": "so"}, {"why": "It is {{ result.odd }}."}, {"why": "so"}]
    with pytest.raises(RenderError, match=names):
        renderer.page(path, markdown, META | {"edits": whys})


@pytest.mark.parametrize(
    "meta, names",
    [
        ({}, "go_on says nothing of read. To mend it: "),
        ({"go_on": None}, "go_on says nothing of read"),
        ({"go_on": {**META["go_on"], "watch": "this"}}, "says nothing of watch"),
        ({"go_on": ODD_PAPER}, "perhaps you meant adams-2020-counting"),
    ],
)
def test_a_page_without_its_front_matter_is_refused(
    renderer: Renderer, meta: dict[str, Any], names: str
) -> None:
    with pytest.raises(RenderError, match=names):
        renderer.page("concepts/counting.md", "text", meta)


@pytest.mark.parametrize(
    "path, names",
    [
        ("concepts/cuonting.md", "no concept 'cuonting': perhaps you meant counting"),
        ("resources/q.md", "no resource 'q': use one of adams-2020"),
    ],
)
def test_a_page_of_nothing_is_named_before_it_is_made(
    renderer: Renderer, path: str, names: str
) -> None:
    with pytest.raises(RenderError, match=names):
        renderer.meta(path)


@pytest.mark.parametrize(
    "part, names",
    [
        (
            '<span data-svg="assets/odd.svg" data-alt="a">',
            r"no drawing docs/.*odd\.svg",
        ),
        ('<span data-svg="../LICENSE" data-alt="a">', "LICENSE is no drawing under"),
        (
            '<span data-svg="../site/logo.svg" data-alt="a">',
            "is no drawing under docs/",
        ),
        ('<span data-svg="index.md" data-alt="a">', r"index\.md is no drawing"),
        ('<span data-cite="nobody"></span>', "no resource 'nobody'"),
        ('<div data-part="nothing"></div>', "no part 'nothing'"),
    ],
)
def test_what_a_page_shows_is_there(renderer: Renderer, part: str, names: str) -> None:
    if "data-svg" in part:
        part += "drawing</span>"
    with pytest.raises(RenderError, match=names):
        renderer.content("x.md", part)


def test_mkdocs_neither_reads_nor_parses_a_record(
    renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    path = "resources/adams-2020-counting.md"
    assert renderer.page(path, "{{ nothing }}", {}) == ""


def test_written_concepts_stand_in_the_navigation_by_chapter(
    renderer: Renderer,
) -> None:
    nav = renderer.navigation([{"Home": "index.md"}, {"Start": []}, {"List": []}])
    assert nav == [
        {"Home": "index.md"},
        {"Start": []},
        {"1 Words into numbers": [{"Counting": "concepts/counting.md"}]},
        {"2 Beside the road": [{"Sharing": "concepts/sharing.md"}]},
        {"List": []},
    ]


# --- What is wrong before any page, and what stops the build


@pytest.mark.parametrize(
    "path, content, says",
    [
        ("results/counting.txt", None, "docs/results/counting.txt is missing"),
        ("results/counting.json", "{", "docs/results/counting.json: "),
        ("results/counting.json", None, "`make record NAME=counting` writes it"),
        ("concepts/counting.md", None, "docs/concepts/counting.md is missing"),
        ("concepts/concepts.yml", "concepts: [", "concepts.yml:2: is not valid YAML"),
        ("concepts/concepts.yml", "chapters: []\nconcepts: [{}]", "yml:2: concepts"),
        ("resources/new.md", "---\n---\n", "docs/resources/new.md:|new.md:"),
    ],
)
def test_a_broken_source_is_one_clear_message(
    tmp_path: Path, path: str, content: str | None, says: str
) -> None:
    with pytest.raises(RenderError, match=says):
        small.renderer(small.write(tmp_path, {f"docs/{path}": content}))


def test_a_record_of_nothing_measured_is_no_concepts_result(renderer: Renderer) -> None:
    assert list(renderer.results) == ["counting"]  # and not lighthouse


@pytest.mark.parametrize(
    "path, content, says",
    [
        ("index.md", "{{ results['odd'] }}", "index.md: UndefinedError"),
        ("index.md", r"$\frac{a}$", r"index.md: '\\frac{a}'"),
        (
            "index.md",
            '<span data-svg="odd.svg" data-alt="a">drawing</span>',
            "index.md: there is no drawing",
        ),
        ("index.md", "---\nnext: odd.md\n---\n", "next: there is no page 'odd.md'"),
        ("assets/evil.html", "", "docs/assets/evil.html is of no kind"),
        ("concepts/concepts.yml", "x", "concepts.yml:1: "),
    ],
)
def test_the_build_stops_at_the_page_without_a_traceback(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    path: str,
    content: str,
    says: str,
) -> None:
    small.write(tmp_path, {f"docs/{path}": content})
    told = small.broken_build(tmp_path, caplog)
    assert says in told.splitlines()[-1] and "Traceback" not in told
