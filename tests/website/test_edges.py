"""The rooms of every concept are all there, and hold together; a gap would be seen."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from reading_list.model import ReadingList
from syllabus import ROOT, Syllabus
from website import edges
from website.check import main
from website.edges.pictures import colours
from website.edges.prose import typed_numbers
from website.edges.tree import Tree, proof_of, rooms_of

CHECKS = {check.__name__: check for check in edges.CHECKS}

PAGE = "docs/concepts/attention.md"
SNIPPET = "snippets/attention/attention.py"
DEMO = "snippets/demos/attention.py"
HELPER = "snippets/transformer/parameters.py"
CLAIM = "snippets/claims/test_word_vectors.py"
CLAIMED = "docs/results/claims/word-vectors"
SHOWN = "snippets/text/wordpiece.py"
SHOWN_PROOF = "tests/snippets/text/test_wordpiece.py"
PROOF = "tests/snippets/attention/test_attention.py"
RESULT = "docs/results/attention"
PICTURE = "docs/assets/pictures/a.svg"

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 100">'
    '<path id="a-b" stroke="var(--ink, #1d2a2e)"/></svg>'
)


@pytest.fixture(scope="module")
def tree(reading_list: ReadingList) -> Tree:
    return Tree.read(reading_list.by_id)


@pytest.fixture(scope="module")
def faults(tree: Tree) -> dict[str, list[str]]:
    return edges.faults(tree)


@pytest.mark.parametrize("check", CHECKS)
def test_no_edge_is_broken(faults, check):
    found = faults[check]
    assert not found, "\n".join(found)


Plant = Callable[[Tree], Tree]


def files(tree: Tree, changed: Mapping[str, str | None]) -> Tree:
    """The tree with some files changed, new or (None) gone."""
    there = {**tree.files, **changed}
    return replace(tree, files={p: c for p, c in there.items() if c is not None})


def gone(path: str) -> Plant:
    return lambda tree: files(tree, {path: None})


def new(path: str, content: str = "") -> Plant:
    return lambda tree: files(tree, {path: content})


def sub(path: str, pattern: str, by: Any, count: int = 1) -> Plant:
    def plant(tree: Tree) -> Tree:
        text, times = re.subn(pattern, by, tree.files[path], count=count, flags=re.S)
        assert times >= 1, f"{pattern!r} is not in {path}"
        return files(tree, {path: text})

    return plant


def more(path: str, text: str) -> Plant:
    return lambda tree: files(tree, {path: tree.files[path] + text})


def concept(name: str, **fields: object) -> Plant:
    def plant(tree: Tree) -> Tree:
        content = tree.syllabus.model_dump(mode="json")
        for entry in content["concepts"]:
            if entry["name"] == name:
                entry.update(fields)
        return replace(tree, syllabus=Syllabus.model_validate(content))

    return plant


LONG_SECTION = "# --8<-- [start:extra]\n" + "x = 1\n" * 26 + "# --8<-- [end:extra]\n"
WIDE_SECTION = f"# --8<-- [start:extra]\nx = '{'a' * 70}'\n# --8<-- [end:extra]\n"
QUESTION = '\n??? question "Recall: one question more?"\n\n    No.\n'
CONFUSION = '\n!!! confusion "You may think this"\n\n    No.\n'


def shown_section(section: str) -> Plant:
    """A section in the snippet that the page shows in place of its first."""

    def plant(tree: Tree) -> Tree:
        tree = more(SNIPPET, section)(tree)
        return more(PAGE, "\n{{ code('extra') }}\n")(tree)

    return plant


def with_picture(svg: str, call: str | None = None) -> Plant:
    call = call or (
        "picture('assets/pictures/a.svg', 'a line that goes from left to right',"
        " 'Notice that it ends where it began.')"
    )

    def plant(tree: Tree) -> Tree:
        tree = new(PICTURE, svg)(tree)
        return more(PAGE, f"\n{{{{ {call} }}}}\n")(tree)

    return plant


# check, what is planted, what the fault must say
PLANTS = {
    # Each room that is missing.
    "no-page": ("rooms", gone(PAGE), PAGE),
    "no-snippet": ("rooms", gone(SNIPPET), SNIPPET),
    "no-demo": ("rooms", gone(DEMO), DEMO),
    "no-test": ("rooms", gone(PROOF), PROOF),
    "no-data": ("rooms", gone(f"{RESULT}.json"), f"{RESULT}.json"),
    "no-text": ("rooms", gone(f"{RESULT}.txt"), f"{RESULT}.txt"),
    "no-figure": ("rooms", gone(f"{RESULT}.svg"), f"{RESULT}.svg"),
    "written-without-a-page": ("rooms", concept("gpt", status="written"), "gpt"),
    # Each thing in a room that belongs to nobody.
    "page-of-nobody": ("orphans", new("docs/concepts/stranger.md"), "stranger"),
    "page-of-a-planned": ("orphans", new("docs/concepts/gpt.md"), "gpt"),
    "snippet-of-nobody": ("orphans", new("snippets/text/odd.py"), "odd.py"),
    "demo-of-nobody": ("orphans", new("snippets/demos/odd.py"), "demos/odd.py"),
    "demo-without-code": ("orphans", new("snippets/demos/reading_papers.py"), "papers"),
    "helper-without-a-test": ("rooms", gone(SHOWN_PROOF), f"{SHOWN_PROOF} is missing"),
    "test-of-a-demo": ("orphans", new("tests/snippets/demos/test_heads.py"), "heads"),
    "helper-shown-twice": (
        "sections",
        more(
            "docs/concepts/tokenization.md",
            "\n{{ code('words', 'snippets/text/wordpiece.py') }}\n",
        ),
        "shows 2 sections of snippets/text/wordpiece.py, not one",
    ),
    "helper-without-the-section": (
        "sections",
        sub(SHOWN, r"(start|end):pieces", r"\1:parts", count=0),
        "'pieces' stands 0 times in snippets/text/wordpiece.py",
    ),
    "helper-of-a-planned": (
        "orphans",
        concept("transformer", status="planned"),
        HELPER,
    ),
    "test-of-nobody": ("orphans", new("tests/snippets/text/test_odd.py"), "odd"),
    "test-misplaced": ("orphans", new("tests/snippets/text/test_attention.py"), "text"),
    "data-of-nobody": ("orphans", new("docs/results/odd.json"), "odd.json"),
    "benchmark-of-nobody": (
        "orphans",
        new("docs/results/benchmarks/odd.json"),
        "benchmarks/odd.json",
    ),
    "text-of-nobody": ("orphans", new("docs/results/odd.txt"), "odd.txt"),
    "figure-of-nobody": ("orphans", new("docs/results/odd.svg", SVG), "odd.svg"),
    "figure-that-is-not-drawn": ("orphans", sub(DEMO, "def draw", "def d"), ".svg"),
    "planned-with-rooms": ("orphans", concept("attention", status="planned"), PAGE),
    # Sections.
    "section-of-no-page": (
        "sections",
        more(SNIPPET, "# --8<-- [start:odd]\nx = 1\n# --8<-- [end:odd]\n"),
        "'odd' is used by no page",
    ),
    "section-missing": ("sections", more(PAGE, "{{ code('odd') }}"), "'odd' stands 0"),
    "section-in-both": (
        "sections",
        more(DEMO, "# --8<-- [start:attention]\nx = 1\n# --8<-- [end:attention]\n"),
        "'attention' stands 2 times",
    ),
    "section-open": ("sections", more(SNIPPET, "# --8<-- [start:odd]\n"), "no end"),
    "section-closed-only": ("sections", more(SNIPPET, "# --8<-- [end:o]\n"), "fellow"),
    "section-long": ("sections", shown_section(LONG_SECTION), "26 lines"),
    "section-wide": ("sections", shown_section(WIDE_SECTION), "76 columns"),
    "no-code-on-the-page": (
        "sections",
        sub(PAGE, r"\{\{ code\(.*?\) \}\}", "", count=0),
        "shows 0 sections",
    ),
    # Imports.
    "import-later": (
        "imports",
        more(SNIPPET, "from snippets.transformer import feed_forward\n"),
        "feed-forward",
    ),
    "import-sibling": (
        "imports",
        more(SNIPPET, "from snippets.attention.heads import x\n"),
        "imports heads, which it does not build on",
    ),
    "import-site": ("imports", more(SNIPPET, "import website\n"), "'website'"),
    "import-library": ("imports", more(SNIPPET, "import transformers\n"), "may not"),
    "import-drawing": ("imports", more(SNIPPET, "import matplotlib\n"), "only a demo"),
    "import-plots": (
        "imports",
        more(SNIPPET, "from snippets.lab import plots\n"),
        "only a demo",
    ),
    "demo-imports-later-demo": (
        "imports",
        more(DEMO, "from snippets.demos.heads import x\n"),
        "imports heads, which it does not build on",
    ),
    "demo-imports-helper": (
        "imports",
        more(DEMO, "from snippets.transformer.parameters import SIZES\n"),
        "imports transformer, which it does not build on",
    ),
    "demo-of-another": (
        "imports",
        sub(DEMO, r"snippets\.attention\.attention", "snippets.text.logits"),
        "does not import snippets.attention.attention",
    ),
    "helper-imports-later": (
        "imports",
        more(HELPER, "from snippets.transformer import weight_tying\n"),
        "imports weight-tying, which it does not build on",
    ),
    # Claims.
    "claim-without-a-test": ("claims", gone(f"tests/{CLAIM}"), "test_word_vectors"),
    "claim-without-a-record": ("claims", gone(f"{CLAIMED}.json"), f"{CLAIMED}.json"),
    "claim-without-a-figure": ("claims", gone(f"{CLAIMED}.svg"), f"{CLAIMED}.svg"),
    "claim-of-no-paper": (
        "claims",
        sub(f"{CLAIMED}.json", "mikolov-2013-word2vec", "mikolov-2031"),
        "'mikolov-2031', which does not exist",
    ),
    "record-of-no-claim": (
        "claims",
        new("docs/results/claims/odd.json", "{}"),
        "odd.json: belongs to no claim",
    ),
    "test-of-no-claim": (
        "claims",
        new("tests/snippets/claims/test_odd.py"),
        "test_odd.py: belongs to no claim",
    ),
    # One sitting.
    "snippet-long": ("sittings", more(SNIPPET, "x = 1\n" * 200), "more than 200"),
    # Parts of a page.
    "heading-missing": (
        "anatomy",
        sub(PAGE, "## By hand", "### By hand"),
        "they should be The problem, The picture, By hand,",
    ),
    "heading-missing-without-code": (
        "anatomy",
        sub("docs/concepts/reading-papers.md", "## By hand", "### By hand"),
        "reading-papers.md: its headings are The problem, The picture, Confusions",
    ),
    "heading-moved": (
        "anatomy",
        sub(PAGE, "## Output(.*)## Confusions", r"## Confusions\1## Output"),
        "headings",
    ),
    "heading-more": ("anatomy", more(PAGE, "\n## More\n"), "More"),
    "two-confusions": (
        "anatomy",
        sub(PAGE, "!!! confusion", "!!! note", count=2),
        "2 confusions",
    ),
    "six-confusions": ("anatomy", more(PAGE, CONFUSION * 2), "6 confusions"),
    "confusion-unseen": ("anatomy", sub(PAGE, r"\*\*See it\*\*", "See"), "See it"),
    "confusion-unmended": ("anatomy", sub(PAGE, r"\*\*In fact\*\*", ""), "In fact"),
    "question-missing": (
        "anatomy",
        sub(PAGE, "Predict:", "Guess:"),
        "they should be Recall, Compute, Predict, Debug",
    ),
    "question-more": ("anatomy", more(PAGE, QUESTION), "Debug, Recall"),
    "no-description": ("anatomy", sub(PAGE, "description:", "about:"), "description"),
    "no-robot": ("anatomy", sub(PAGE, "The robot", "A robot", count=0), "The robot"),
    # Edits.
    "one-edit-shown": ("edits", sub(PAGE, r"\{\{ change\(3\) \}\}", ""), "1, 2 of 3"),
    "edit-beyond": ("edits", more(PAGE, "{{ change(4) }}"), "1, 2, 3, 4 of 3"),
    "one-edit": (
        "edits",
        sub(DEMO, r'    \(\n        "    weights.*(?=\]\n$)', ""),
        "1 edits",
    ),
    "edit-of-nothing": (
        "edits",
        sub(DEMO, '"    scaled', '"    scoled'),
        "edit 1 changes stands 0 times",
    ),
    "edit-of-two-places": (
        "edits",
        more(DEMO, "if 1:\n    scaled = scores / math.sqrt(d_head)\n"),
        "edit 1 changes stands 2 times",
    ),
    "edit-without-why": (
        "edits",
        sub(PAGE, "- why:", "- because:"),
        "say of each edit why",
    ),
    # What was printed and drawn is shown.
    "output-hidden": ("seen", sub(PAGE, r"\{\{ printed\(\) \}\}", ""), "printed"),
    "figure-hidden": ("seen", sub(PAGE, r"\{\{ figure\(.*?\) \}\}", ""), "drew"),
    # Names.
    "term-unknown": ("names", more(PAGE, "{{ term('haeds') }}"), "'haeds'"),
    "term-itself": ("names", more(PAGE, "{{ term('attention') }}"), "itself"),
    "resource-unknown": ("names", more(PAGE, "[x](../resources/odd-1.md)"), "'odd-1'"),
    # Where to go on.
    "go-on-unknown": ("go_on", sub(PAGE, "resource: vas", "resource: vos"), "vos"),
    "go-on-unfitting": (
        "go_on",
        sub(PAGE, "3blue1brown-attention", "vaswani-2017-attention"),
        "go_on.watch names 'vaswani-2017-attention', which is a paper",
    ),
    "go-on-elsewhere": (
        "go_on",
        sub(PAGE, "vaswani-2017-attention", "press-2016-output-embedding"),
        "whose record does not name attention",
    ),
    "go-on-missing": ("go_on", sub(PAGE, "  watch:", "  see:"), "go_on"),
    "go-on-absent": ("go_on", sub(PAGE, "go_on:.*?---", "---"), "go_on has nothing"),
    "go-on-without-reason": ("go_on", sub(PAGE, "    because:", "    why:"), "reason"),
    # Length.
    "long": ("length", more(PAGE, "word " * 500), "words"),
    "short": ("length", sub(PAGE, "## By hand.*?## Confusions", ""), "words"),
    # Numbers.
    "number": ("numbers", more(PAGE, "\nIt was 0.73 then.\n"), "0.73"),
    "number-in-a-reason": ("numbers", sub(PAGE, "With two", "With 0.5"), "0.5"),
    "number-in-a-caption": ("numbers", sub(PAGE, "four steps", "4.5 steps"), "4.5"),
    "number-in-braces": ("numbers", more(PAGE, "{{ 0.73 }}"), "0.73"),
    # Worked examples.
    "worked-wrong": (
        "worked",
        sub(PAGE, "Take three", "(2 × 2 + 1 × 0 = 4.5) Take three"),
        "attention.md:56: 4.5 is neither in docs/results/attention.txt nor in",
    ),
    "worked-whole": ("worked", sub(PAGE, "Take three", "4,000. Take"), ": 4,000 is"),
    "worked-sign": ("worked", sub(PAGE, "Take three", "(−2, 0) Take"), ": −2 is"),
    "worked-elsewhere": ("numbers", sub(PAGE, "## Code", "0.73\n\n## Code"), "0.73"),
    # Drawings.
    "colour": (
        "drawings",
        sub(f"{RESULT}.svg", r"var\(--ink, #1d2a2e\)", "#1d2a2e"),
        "#1d2a2e",
    ),
    "colour-by-name": (
        "drawings",
        sub(f"{RESULT}.svg", r"var\(--ink, #1d2a2e\)", "red"),
        "red",
    ),
    "id-that-clashes": (
        "drawings",
        sub(f"{RESULT}.svg", 'id="attention-', 'id="'),
        "may clash",
    ),
    "style": ("drawings", sub(f"{RESULT}.svg", "<g>", "<style></style><g>"), "<style"),
    # What else a drawing may not hold is planted in test_built_pages.py.
    "handler": (
        "drawings",
        sub(f"{RESULT}.svg", "<g>", "<g onload='x()'>"),
        "has onload, which no drawing needs",
    ),
    "alt-missing": ("drawings", sub(PAGE, "  alt=.*?  caption", "  caption"), "no alt"),
    "alt-empty": ("drawings", sub(PAGE, '  alt=".*?",', '  alt="",'), "no alt"),
    "caption-missing": (
        "drawings",
        with_picture(
            SVG, "picture('assets/pictures/a.svg', 'one two three four five')"
        ),
        "no caption",
    ),
    "picture-of-no-page": ("drawings", new(PICTURE, SVG), "is on no page"),
    "picture-missing": (
        "drawings",
        more(PAGE, "{{ picture('assets/pictures/b.svg', 'a', 'b') }}"),
        "b.svg, which does not exist",
    ),
    # Definitions.
    "definition-open": (
        "definitions",
        concept("gpt", definition="A stack of blocks"),
        "gpt",
    ),
    "definition-of-two": (
        "definitions",
        concept("gpt", definition="A stack. It is high."),
        "gpt",
    ),
    "reason-closed": (
        "definitions",
        concept("gpt", builds_on=[{"concept": "attention", "because": "It is."}]),
        "It is.",
    ),
}


@pytest.mark.parametrize("check, plant, says", PLANTS.values(), ids=PLANTS)
def test_a_planted_fault_is_seen(tree, faults, check, plant, says):
    found = [f for f in CHECKS[check](plant(tree)) if f not in faults[check]]
    assert any(says in fault for fault in found), found


def test_every_check_has_a_planted_fault():
    assert {check for check, _, _ in PLANTS.values()} == set(CHECKS)


@pytest.mark.parametrize(
    "typed",
    [
        "2 × 2 + 1 × 0 = 4, and 4 / √2 = 2.83, or 2.828 to three digits.",
        "$e^{2.83} = 16.92$, of $q_{17}$ in section 3.2.1 or figure 9",
        "1. (0.2, 0.7, 0.1) sum to 1\n77. the mark of a list",
    ],
)
def test_a_worked_example_is_typed(tree, faults, typed):
    planted = sub(PAGE, "Take three tokens", lambda _: f"{typed}\n\nTake")(tree)
    for check in ("worked", "numbers"):
        assert list(CHECKS[check](planted)) == faults[check]


def test_a_picture_that_fits_is_no_fault(tree, faults):
    assert list(CHECKS["drawings"](with_picture(SVG)(tree))) == faults["drawings"]


def test_a_page_that_cannot_be_read_is_a_fault(tree):
    broken = more(PAGE, "{{ result. }}")(tree)
    assert "cannot be read" in edges.faults(broken)["names"][0]


def test_rooms_have_the_name_of_the_concept(tree):
    ours = tree.syllabus.by_name["feed-forward"]
    assert rooms_of(ours, draws=True) == [
        "docs/concepts/feed-forward.md",
        "snippets/transformer/feed_forward.py",
        "snippets/demos/feed_forward.py",
        "tests/snippets/transformer/test_feed_forward.py",
        "docs/results/feed-forward.json",
        "docs/results/feed-forward.txt",
        "docs/results/feed-forward.svg",
    ]
    assert proof_of(SNIPPET) == PROOF
    without_code = tree.syllabus.by_name["reading-papers"]
    assert rooms_of(without_code, draws=False) == ["docs/concepts/reading-papers.md"]


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
def test_which_numbers_count_as_typed(prose, found):
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
def test_which_colours_follow_no_scheme(svg, found):
    assert colours(svg) == found


def test_make_check_names_what_is_missing_of_a_concept(tree, monkeypatch, capsys):
    monkeypatch.setattr(Tree, "read", lambda _: gone(PROOF)(tree))
    assert main() == 1
    assert f"attention: {PROOF} is missing" in capsys.readouterr().out


BASE = """
import sys
class Absent:
    def find_spec(name, *_):
        if name in {"jinja2", "mkdocs", "bs4", "matplotlib", "torch", "markdown"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent)
from website import check, edges
from website.edges.tree import Tree
print(*(check.__name__ for check in edges.CHECKS))
read = Tree.read
def without_a_page(resources):
    tree = read(resources)
    tree.files.pop("docs/concepts/attention.md")
    return tree
Tree.read = without_a_page
sys.exit(check.main())
"""


def test_what_needs_no_page_is_judged_without_the_site_installed():
    words = [sys.executable, "-c", BASE]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    checks, *told = done.stdout.splitlines()
    assert checks == "rooms orphans imports sittings claims worked"
    assert "attention: docs/concepts/attention.md is missing" in told
    assert "make site" in told[-1]
