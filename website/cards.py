"""The cards that a link to a page shows elsewhere: its title beside its figure."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import subprocess
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from syllabus import ROOT, Syllabus
from website import vendor
from website.maths import node

ADDRESS = "assets/cards"
#: The card of every page that has none of its own.
HOME = "home"
WIDTH, HEIGHT = 1200, 630
PAPER, INK, MUTED = "#fbf8f1", "#1d2a2e", "#55636a"


@dataclass(frozen=True)
class Card:
    """What a card says, and the figure under docs/ that it shows."""

    name: str
    title: str
    question: str
    figure: str


def all_cards(syllabus: Syllabus, docs: Path) -> list[Card]:
    """One card for the site, and one for every written concept with a figure."""
    cards = [
        Card(
            HOME,
            "The Runnable Transformer",
            "The reading list about Transformers that you can run.",
            "assets/pictures/transformer-whole.svg",
        ),
        *(
            Card(c.name, c.title, c.question, f"results/{c.name}.svg")
            for c in syllabus.written
        ),
    ]
    return [card for card in cards if (docs / card.figure).exists()]


def parts(cards: Iterable[Card], docs: Path, root: Path = ROOT) -> list[vendor.Part]:
    """The cards as PNG files, drawn where they are not there yet.

    Raises:
        MissingPartError: what draws them is not installed.
    """
    return [
        vendor.Part(_png(_svg(card, docs), root), f"{ADDRESS}/{card.name}.png")
        for card in cards
    ]


def _svg(card: Card, docs: Path) -> str:
    """The card as one SVG: words on the left, the figure on the right."""
    figure = (docs / card.figure).read_text(encoding="utf-8")
    # A card knows one scheme and no style sheet: each colour as it is in the light.
    figure = re.sub(r"var\(--[\w-]+, *([^)]+)\)", r"\1", figure)
    figure = figure[figure.index("<svg") :].replace(
        "<svg", '<svg x="640" y="60" width="500" height="510"', 1
    )
    lines = [
        (line, size, colour)
        for text, wide, size, colour in (
            (card.title, 17, 60, INK),
            (card.question, 30, 34, MUTED),
        )
        for line in textwrap.wrap(text, wide)
    ]
    at, words = 150, []
    for line, size, colour in lines:
        at += round(size * 1.3)
        words.append(
            f'<text x="60" y="{at}" font-size="{size}" fill="{colour}">'
            f"{html.escape(line)}</text>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"'
        f' font-family="Literata"><rect width="100%" height="100%" fill="{PAPER}"/>'
        f'<rect width="100%" height="14" fill="{INK}"/>{"".join(words)}'
        f'<text x="60" y="570" font-size="24" fill="{MUTED}">'
        f"The Runnable Transformer</text>{figure}</svg>"
    )


def _png(svg: str, root: Path) -> Path:
    """The drawing as a PNG file, made where it is not there yet."""
    vendor.installed(root, "@resvg/resvg-js/package.json")

    def make() -> bytes:
        fonts = [str(font) for font in _fonts(root)]
        answer = subprocess.run(
            [node(), str(Path(__file__).with_name("cards.mjs")), *fonts],
            input=json.dumps(svg) + "\n",
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        )
        return base64.b64decode(answer.stdout)

    return vendor.cached(root, svg.encode(), ".png", make)


def _fonts(root: Path) -> Iterable[Path]:
    """The site's two families as TrueType, which is what the drawer reads."""
    for package, file in (
        (vendor.LITERATA, "literata"),
        (vendor.JETBRAINS, "jetbrains-mono"),
    ):
        source = vendor.installed(
            root, f"{package}/files/{file}-latin-wght-normal.woff2"
        )

        def make(source: Path = source) -> bytes:
            from fontTools.ttLib import TTFont

            font = TTFont(source, recalcTimestamp=False)
            font.flavor = None
            font.save(data := io.BytesIO())
            return data.getvalue()

        yield vendor.cached(root, source.read_bytes(), ".ttf", make)
