"""The figures: named colours, real text, the same bytes every time."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from snippets.lab import plots
from syllabus import ROOT
from website.edges.pictures import colours

WEIGHTS = [[0.1, 0.9], [0.75, 0.25]]


def a_figure():
    """Something of everything: bars, a heat map, lines, words."""
    figure, (left, right) = plots.canvas(200, 1, 2)
    plots.bars(left, ["robot", "glass"], [1.0, 2.5], "scores & <more> 0.175")
    plots.heat_map(right, WEIGHTS, ["a", "b"], ["c", "d"], "weights")
    left.plot([0, 1], [0, 1], color=plots.KEY, linestyle=plots.DASHED)
    left.plot([0, 1], [1, 0], "s", color=plots.VALUE, linestyle=plots.DOTTED)
    return figure


@pytest.fixture(scope="module")
def drawing() -> str:
    return plots.svg(a_figure(), "one")


def test_a_drawing_is_one_svg_element(drawing):
    tree = ElementTree.fromstring(drawing)
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    assert tree.attrib["viewBox"] == "0 0 400 200"
    # As wide as its place on the page: CSS says how wide.
    assert "width" not in tree.attrib and "height" not in tree.attrib


def test_another_process_draws_the_same_bytes(drawing):
    program = (
        "import sys; sys.path.insert(0, 'tests/snippets/lab')\n"
        "from snippets.lab import plots; import test_plots\n"
        "sys.stdout.buffer.write(plots.svg(test_plots.a_figure(), 'one').encode())"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True)
    assert ran.stdout.decode() == drawing


def test_colours_follow_the_scheme(drawing):
    assert colours(drawing) == []
    for name in ("ink", "muted", "query", "key", "value"):
        assert f"var(--{name}, {plots.COLOURS[name]})" in drawing


def test_numbers_in_cells_are_white_on_dark_and_black_on_light(drawing):
    white = set(re.findall(r"fill: #ffffff[^>]*>(\d+)</text>", drawing))
    numbers = set(re.findall(r">(\d+)</text>", drawing))
    assert numbers == {"10", "90", "75", "25"} and white == {"10", "25"}


def test_ids_are_of_this_drawing_alone_and_references_go_to_them(drawing):
    ids = set(re.findall(r'\bid="([^"]+)"', drawing))
    assert ids and all(identifier.startswith("one-") for identifier in ids)
    references = set(re.findall(r'(?:href="|url\()#([^")]+)', drawing))
    assert references and references <= ids


def test_a_drawing_asks_no_other_host_and_says_no_date(drawing):
    addresses = re.findall(r"https?://[^\s\"']+", drawing)
    assert set(addresses) == {"http://www.w3.org/2000/svg"}
    for sign in ("<style", "<script", "<metadata", "<!--", "xlink", "DOCTYPE", "Date"):
        assert sign not in drawing


def test_words_stay_words(drawing):
    words = {text for text in ElementTree.fromstring(drawing).itertext() if text}
    assert {"robot", "glass", "scores & <more> 0.175", "2.50", "weights"} <= words
    assert "JetBrains Mono" in drawing and "DejaVu" not in drawing


def test_a_heat_map_of_many_cells_stays_small_and_without_numbers():
    figure, axes = plots.canvas(100)
    plots.heat_map(axes, [[0.5] * 100] * 100, [], [], numbers=False)
    drawn = plots.svg(figure, "x")
    assert len(drawn) < 4000 and not re.search(r">\d+</text>", drawn)
