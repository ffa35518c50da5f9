"""The parts of others: complete, small, and asked for only where they are needed."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from reading_list.model import ReadingList
from website import vendor
from website.maths import typeset

ROOT = Path(__file__).resolve().parents[2]
FORMULA = re.compile(r"(?<![\\$])\$\$(.+?)\$\$|(?<![\\$`])\$([^$\n`]+?)\$", re.S)

OTHER_FONT = re.compile(r'<span class="[^"]*(?:mathnormal|op-symbol)[^"]*".*?</span>')


@pytest.fixture(scope="module")
def parts() -> dict[str, Path]:
    found = vendor.parts()
    assert Counter(part.address for part in found).most_common(1)[0][1] == 1
    return {part.address: part.source for part in found}


@pytest.fixture(scope="module")
def sheet(parts: dict[str, Path]) -> str:
    return parts["assets/vendor/fonts.css"].read_text(encoding="utf-8")


def test_ranges_name_the_signs_that_the_files_hold_once(
    parts: dict[str, Path], sheet: str, reading_list: ReadingList
) -> None:
    """A browser that meets a sign in the range fetches the file, even in vain."""
    faces = re.findall(
        r'family: "(.+?)";\s*font-style: (\w+);[^}]*url\((fonts/.+?)\)[^}]*'
        r"unicode-range: ([^;]+)",
        sheet,
    )
    assert len(faces) == len([name for name in parts if "vendor/fonts/" in name])
    met: dict[tuple[str, str], set[int]] = {}
    for family, style, name, ranges in faces:
        held = set(TTFont(parts[f"assets/vendor/{name}"]).getBestCmap())
        assert vendor.characters(ranges) == held, name
        signs = met.setdefault((family, style), set())
        assert not signs & held, name
        signs |= held
    told = "".join(f"{r.title}{r.authors}{r.summary}" for r in reading_list.resources)
    russian = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
    needed = set(map(ord, told + russian)) - set(range(0x2E80, 0xFFFF))  # not Chinese
    assert needed <= met["Literata", "normal"]


def test_fonts_of_the_first_screen_are_light(parts: dict[str, Path]) -> None:
    first = [name for name in parts if "-basic-" in name]
    assert len(first) == 3
    assert sum(parts[name].stat().st_size for name in first) < 50_000


def _pages() -> list[Path]:
    found = sorted((ROOT / "docs").rglob("*.md"))
    return [page for page in found if FORMULA.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", _pages(), ids=lambda page: page.stem)
def test_upright_holds_the_signs_of_every_formula(page: Path) -> None:
    shown: set[str] = set()
    for display, inline in FORMULA.findall(page.read_text(encoding="utf-8")):
        if "{{" not in display + inline:
            typeset_formula = typeset((display or inline).strip(), bool(display))
            visible = typeset_formula.split('class="katex-html"', 1)[1]
            # Variables and large signs come from other fonts, which are whole.
            visible = OTHER_FONT.sub("", visible)
            shown |= set(
                html.unescape(re.sub(r"<[^>]*>", "", visible.split(">", 1)[1]))
            )
    missing = {s for s in shown if ord(s) not in vendor.UPRIGHT and s != "\u200b"}
    assert not missing, f"add {sorted(missing)} to UPRIGHT in website/vendor.py"


def test_parts_say_in_one_line_what_to_do_without_the_packages(tmp_path: Path) -> None:
    with pytest.raises(vendor.MissingPartError) as raised:
        vendor.parts(tmp_path)
    message = str(raised.value)
    assert "make site" in message
    assert "\n" not in message
    assert str(tmp_path) not in message


def test_lock_names_no_host_to_fetch_from() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert len(lock["packages"]) > 3
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
