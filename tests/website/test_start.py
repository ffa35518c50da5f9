"""How to begin: the code is found, and the two squashers have their shape."""

from __future__ import annotations

import math
import re

import pytest

from syllabus import ROOT
from website.render import Renderer

REPO = "https://git.example.org/somebody/a-fork"
PAGES = ("index.md", "before-you-start.md")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_says_how_to_get_the_code(name: str) -> None:
    renderer = Renderer.load(ROOT / "docs", REPO)
    page = renderer.page(name, (ROOT / "docs" / name).read_text(encoding="utf-8"), {})
    clone = f"git clone {REPO}\ncd a-fork\nmake run NAME=attention\n"
    assert f"``` {{ .sh .wrap }}\n{clone}```" in page
    assert "Python 3.11" in page and "190 MB" in page
    (anchor,) = re.findall(rf"\({REPO}/blob/main/README\.md#([a-z-]+)\)", page)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", readme, re.M)
    assert anchor in [
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    ]


def test_the_squashers_have_their_shape() -> None:
    svg = (ROOT / "docs/assets/pictures/squashers.svg").read_text(encoding="utf-8")
    curves = [
        [tuple(map(float, point.split())) for point in path.split("L")]
        for path in re.findall(r'<path d="M([\d. L]+)"', svg)
        if path.count("L") > 10
    ]
    assert len(curves) == 2
    for curve, squash in zip(
        curves, (math.tanh, lambda x: 1 / (1 + math.exp(-x))), strict=True
    ):
        assert len(curve) == 49
        for x, y in curve:
            # A unit is 30 wide and 64 high; zero is at 200, 94.
            assert 94 - 64 * squash((x - 200) / 30) == pytest.approx(y, abs=0.06)
