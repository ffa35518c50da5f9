"""The rooms of every concept are all there, and hold together; a gap would be seen."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from reading_list.model import ReadingList
from syllabus import ROOT, Syllabus
from tests.website import small
from website import edges
from website.check import main
from website.edges.pages import typed_numbers
from website.edges.pictures import colours
from website.edges.tree import Tree

CHECKS = {check.__name__: check for check in edges.CHECKS}

PAGE = "docs/concepts/counting.md"
SNIPPET = "snippets/text/counting.py"
DEMO = "snippets/demos/counting.py"
PROOF = "tests/snippets/text/test_counting.py"
RESULT = "docs/results/counting"
HELPER = "snippets/text/pairs.py"
CLAIMED = "docs/results/claims/long-words"
PICTURE = "docs/assets/pictures/counting-hand.svg"


@pytest.mark.parametrize("check", CHECKS)
def test_no_edge_is_broken(reading_list: ReadingList, check: str) -> None:
    found = list(CHECKS[check](Tree.read(reading_list.by_id)))
    assert not found, "\n".join(found)


def test_the_small_project_has_all_that_a_concept_needs(tree: Tree) -> None:
    assert edges.faults(tree) == {check: [] for check in CHECKS}


# --- Planted faults

Plant = Callable[[Tree], Tree]


def gone(path: str) -> Plant:
    return lambda tree: replace(
        tree, files={p: c for p, c in tree.files.items() if p != path}
    )


def new(path: str, content: str = "") -> Plant:
    return lambda tree: replace(tree, files={**tree.files, path: content})


def more(path: str, text: str) -> Plant:
    return lambda tree: new(path, tree.files[path] + text)(tree)


def sub(path: str, pattern: str, by: str) -> Plant:
    def plant(tree: Tree) -> Tree:
        text, times = re.subn(pattern, by, tree.files[path], flags=re.S)
        assert times, f"{pattern!r} is not in {path}"
        return new(path, text)(tree)

    return plant


def concept(name: str, **fields: object) -> Plant:
    def plant(tree: Tree) -> Tree:
        content = tree.syllabus.model_dump(mode="json")
        for entry in content["concepts"]:
            if entry["name"] == name:
                entry.update(fields)
        return replace(tree, syllabus=Syllabus.model_validate(content))

    return plant


def beside(name: str) -> Plant:
    """A page that is no concept, and has a demo."""

    def plant(tree: Tree) -> Tree:
        content = tree.syllabus.model_dump(mode="json")
        content["beside"] = [{"name": name, "definition": "It is beside them."}]
        return replace(tree, syllabus=Syllabus.model_validate(content))

    return plant


def section(lines: str, path: str = SNIPPET, shown: str = "code('extra')") -> Plant:
    """One more section, and a page that shows it."""
    marked = f"# --8<-- [start:extra]\n{lines}\n# --8<-- [end:extra]\n"
    return lambda tree: more(path, marked)(more(PAGE, f"{{{{ {shown} }}}}")(tree))


def on_another(tree: Tree) -> Tree:
    """A record that is on another concept than the page that names it."""
    name = "adams-2020-counting"
    paper = tree.resources[name].model_copy(update={"concepts": ("sharing",)})
    return replace(tree, resources={**tree.resources, name: paper})


def worked(typed: str) -> Plant:
    return sub(PAGE, "1. One thing", f"{typed}\n\n1. One thing")


# check: what is planted, what the fault must say
PLANTS: dict[str, list[tuple[Plant, str]]] = {
    "unreadable": [
        (new(f"{RESULT}.json", "{\n"), f"{RESULT}.json:2: cannot be read"),
        (more(SNIPPET, "\ndef f(:\n"), f"{SNIPPET}:"),
    ],
    "unfilled": [
        (more(PAGE, "{{ result. }}"), f"{PAGE}:"),
        (sub(PAGE, r"Nothing happens\.", "'{{ 1'"), f"an edit's why in {PAGE}:"),
    ],
    "rooms": [
        *((gone(path), f"counting: {path} is missing") for path in (PAGE, SNIPPET)),
        *((gone(path), f"counting: {path} is missing") for path in (DEMO, PROOF)),
        *((gone(f"{RESULT}.{e}"), f".{e} is missing") for e in ("json", "txt", "svg")),
        (concept("adding", status="written"), "adding: docs/concepts/adding.md is"),
        (concept("adding", status="written"), "snippets/text/adding.py is missing"),
        (gone("tests/snippets/text/test_pairs.py"), "test_pairs.py is missing"),
        (beside("extra"), "extra: docs/extra.md is missing"),
        (beside("extra"), "extra: snippets/demos/extra.py is missing"),
        (beside("extra"), "extra: docs/results/extra.svg is missing"),
    ],
    "orphans": [
        (new("docs/concepts/stranger.md"), "stranger.md: belongs to no written"),
        (new("docs/concepts/adding.md"), "adding.md"),
        (new("snippets/text/odd.py"), "text/odd.py"),
        (new("snippets/demos/odd.py"), "demos/odd.py"),
        (new("snippets/demos/sharing.py"), "demos/sharing.py"),
        (new("tests/snippets/demos/test_counting.py"), "demos/test_counting.py"),
        (new("tests/snippets/text/test_odd.py"), "test_odd.py"),
        (new("tests/snippets/beside/test_counting.py"), "beside/test_counting.py"),
        (new("docs/results/odd.json", "{}"), "odd.json"),
        (new("docs/results/odd.svg"), "odd.svg"),
        (sub(DEMO, "def draw", "def d"), "counting.svg"),
        (concept("counting", status="planned"), PAGE),
        (concept("counting", status="planned"), HELPER),
    ],
    "sections": [
        (more(PAGE, "{{ code('odd') }}"), f"'odd' stands 0 times in {SNIPPET} and"),
        (more(PAGE, "{{ code('odd', 'snippets/text/pairs.py') }}"), "in snippets/text"),
        (section("x = 1", shown="1"), "'extra' is used by no page"),
        (sub(SNIPPET, "end:count", "end:cuont"), "'count' stands 0 times"),
        (more(DEMO, "# --8<-- [start:count]\n# --8<-- [end:count]\n"), "2 times"),
        (section("x = 1\n" * 21), "has 21 lines, more than 20"),
        (section(f"x = '{'a' * 70}'"), "has 76 columns"),
    ],
    "imports": [
        (more(SNIPPET, "from snippets.text import adding\n"), "imports adding, which"),
        (more(DEMO, "from snippets.demos.adding import x\n"), "imports adding, which"),
        (more(HELPER, "from snippets.text.adding import x\n"), "pairs.py: imports"),
        (more(SNIPPET, "import website\n"), "'website', which a snippet may not"),
        (more(SNIPPET, "import transformers\n"), "'transformers'"),
    ],
    "sittings": [(more(SNIPPET, "x = 1\n" * 200), "more than 200")],
    "claims": [
        (gone("tests/snippets/claims/test_long_words.py"), "test_long_words.py is"),
        *((gone(f"{CLAIMED}.{e}"), f"long-words.{e} is") for e in ("json", "svg")),
        (sub(f"{CLAIMED}.json", "adams-2020", "adams-2031"), "paper 'adams-2031"),
        (new("docs/results/claims/odd.json", "{}"), "odd.json: belongs to no claim"),
        (new("tests/snippets/claims/test_odd.py"), "test_odd.py: belongs to no claim"),
    ],
    "worked": [
        (worked("(2 + 2.1)"), f"{PAGE}:23: 2.1 is neither in {RESULT}.txt nor in"),
        (worked("(−3, 1)"), ": −3 is neither"),
        (worked("4,000 of them"), ": 4,000 is neither"),
        (worked("1.49 when rounded badly"), ": 1.49 is neither"),
        (sub(PAGE, r"## Three.*?\}", "## By hand\n\n77"), ": 77 is neither"),
    ],
    "parts": [
        (sub(PAGE, " {#by-hand}", ""), "has no part by-hand: a heading { #by-hand }"),
        (sub(PAGE, "## The problem", "## A problem"), "has no part the-problem"),
        (sub(PAGE, "## In real models", ""), "has no part in-real-models"),
        (sub("docs/concepts/sharing.md", "## Confusions", ""), "no part confusions"),
        (sub(PAGE, "description:", "about:"), "has no description"),
    ],
    "shown": [
        (sub(PAGE, r"\{\{ code\(.*?\) \}\}", ""), "shows nothing of the code"),
        (sub(PAGE, r"\{\{ printed\(\) \}\}", ""), "hides what the snippet printed"),
        (
            sub(PAGE, r"\{\{ figure\(.*?\) \}\}", ""),
            "does not show docs/results/counting.svg",
        ),
        (sub(PAGE, r"\{\{ frame\(2.*?\) \}\}", ""), "shows the frames 1, not 1, 2"),
    ],
    "edits": [
        (sub(PAGE, r"\{\{ change\(2\) \}\}", ""), "shows the edits 1, not 1, 2"),
        (more(PAGE, "{{ change(3) }}"), "shows the edits 1, 2, 3, not 1, 2"),
        (sub(PAGE, "  - why: Nothing happens.\n", ""), "say of each edit why: 2"),
        (sub(PAGE, "why: Nothing happens", "Nothing happens"), "each edit why: 2"),
    ],
    "names": [
        (more(PAGE, "{{ term('ading') }}"), "the concept 'ading', which does not"),
        (more(PAGE, "{{ term('counting') }}"), "links to itself"),
        (more(PAGE, "[x](../resources/odd-1.md)"), "the resource 'odd-1', which does"),
    ],
    "go_on": [
        (
            sub(PAGE, "resource: adams", "resource: odams"),
            "odams-2020-counting', which",
        ),
        (sub(PAGE, "clark-counting-video", "adams-2020-counting"), "which is a paper"),
        (
            sub(PAGE, "  watch:", "  see:"),
            "go_on has read, see, paper, not read, watch",
        ),
        (sub(PAGE, "go_on:.*?---", "---"), "go_on has nothing"),
        (sub(PAGE, "go_on:.*?---", "go_on: {read: this}\n---"), "names 'None', which"),
        (sub(PAGE, "because: it moves", "why: it moves"), "go_on.watch needs a reason"),
        (on_another, "'adams-2020-counting', whose record does not name counting"),
    ],
    "numbers": [
        (more(PAGE, "\nIt was 0.73 then.\n"), "the number 0.73 is typed by hand"),
        (sub(PAGE, "Nothing happens", "It is 0.5"), "0.5"),
        (sub(PAGE, "Notice the", "Notice 4.5 of the"), "4.5"),
        (sub("docs/concepts/sharing.md", "See ", "See 0.25 of "), "0.25"),
    ],
    "drawings": [
        (sub(f"{RESULT}.svg", r"var\(--ink, #1d2a2e\)", "#1d2a2e"), "#1d2a2e follows"),
        (sub(f"{RESULT}.svg", 'id="counting-', 'id="'), "'line' may clash"),
        (sub(f"{CLAIMED}.svg", "claim-long-", "long-"), "may clash"),
        (sub(f"{RESULT}.svg", "viewBox", "view"), "has no viewBox"),
        (sub(PAGE, "alt=.*?, ", ""), "a figure has no alt"),
        (sub(PAGE, "'a hand'", "''"), "a picture has no alt"),
        (sub(PAGE, ", 'Five fingers.'", ""), "a picture has no caption"),
        (sub(PAGE, r"\{\{ picture.*?\}\}", ""), f"{PICTURE}: is on no page"),
    ],
}
CASES = [(check, *planted) for check, cases in PLANTS.items() for planted in cases]


@pytest.mark.parametrize("check, plant, says", CASES)
def test_a_planted_fault_is_seen(
    tree: Tree, check: str, plant: Plant, says: str
) -> None:
    found = edges.faults(plant(tree))[check]
    assert any(says in fault for fault in found), found


@pytest.mark.parametrize(
    "typed",
    [
        "1 + 1 = 2, half of 3 is 1.5, or 1.50, or 1.4999 to four digits",
        "$e^{1.5}$ of $q_{17}$ in section 3.2.1 or figure 9",
        "1. (−2, 3) and 2−1\n77. the mark of a list",
        "{{ result.by_hand.half|fixed(3) }} <b title='9'>3</b> [2](page-9.md)",
    ],
)
def test_a_worked_example_is_typed(tree: Tree, typed: str) -> None:
    found = edges.faults(worked(typed)(tree))
    assert (found["worked"], found["numbers"]) == ([], [])


@pytest.mark.parametrize(
    "prose, found",
    [
        ("It fell by 0.5 and 12.75 points.", ["0.5", "12.75"]),
        ("12 heads in 12 layers, 30,522 tokens, 4/5.", []),
        ("See section 3.2.1, equation 2.1 and PyTorch 2.13.", []),
        ("Sections 3.1 and 3.2 hold 0.9 of it.", ["0.9"]),
        ("In $x = 0.5$ and `0.5` and {{ result.x|fixed }}.", []),
        ("$$\n0.5\n$$\n```\n0.5\n```\n", []),
        ("[28.4 BLEU](../resources/vaswani-2017-attention.md)", []),
        ("[28.4 BLEU](logits.md)", ["28.4"]),
        ('<span data-x="0.5">word</span>', []),
    ],
)
def test_which_numbers_count_as_typed(prose: str, found: list[str]) -> None:
    assert typed_numbers(prose) == found


CELL = '<rect style="fill: #00224e"/>'


@pytest.mark.parametrize(
    "svg, found",
    [
        ('<path fill="none" stroke="var(--key, #1f5fa8)"/>', []),
        ('<path style="fill: currentColor; stroke: #fff"/>', ["#fff"]),
        ('<path fill="rgb(1, 2, 3)"/>', ["rgb(1, 2, 3)"]),
        ('<path style="fill: #1f5fa8"/>', ["#1f5fa8"]),
        ('<text fill="var(--ink, #1d2a2e)">is #333 a colour</text>', []),
        ('<path d="M0 0" clip-path="url(#abc123)"/><use href="#fade"/>', []),
        # White numbers on a heat map; white on paper would be lost.
        (f'<g>{CELL * 4}<text style="fill: #ffffff">9</text></g>', []),
        ('<image href="data:image/png;base64,aa"/><text fill="white">9</text>', []),
        ('<text style="fill: #ffffff">9</text>', ["#ffffff"]),
        (f'<g>{CELL * 4}<path fill="red"/></g>', ["red"]),
    ],
)
def test_which_colours_follow_no_scheme(svg: str, found: list[str]) -> None:
    assert colours(svg) == found


def test_what_stands_beside_the_concepts_has_its_rooms(tree: Tree) -> None:
    planted = beside("extra")(tree)
    for fault in edges.faults(planted)["rooms"]:
        planted = new(fault.split()[1], "{}")(planted)
    found = edges.faults(planted)
    assert (found["rooms"], found["orphans"]) == ([], [])


# --- make check


def test_make_check_names_what_is_missing_of_a_concept(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Tree, "read", lambda _: gone(PROOF)(tree))
    assert main() == 1
    assert f"counting: {PROOF} is missing" in capsys.readouterr().out


BASE = """
import sys
from pathlib import Path
class Absent:
    def find_spec(name, *_):
        if name in {"jinja2", "mkdocs", "bs4", "matplotlib", "torch", "markdown"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent)
from website import check
from website.edges.tree import Tree
read = Tree.read
Tree.read = lambda resources: read(resources, Path(sys.argv[1]))
sys.exit(check.main())
"""


def test_what_needs_no_page_is_judged_without_the_site_installed(tmp_path) -> None:
    small.write(tmp_path, {PAGE: None})
    words = [sys.executable, "-c", BASE, str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    told = done.stdout.splitlines()
    assert f"counting: {PAGE} is missing" in told
    assert "make site" in told[-1]
