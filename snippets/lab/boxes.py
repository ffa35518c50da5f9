"""Tokens in boxes, their ids below: as lines to print and as a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from snippets.lab import plots

Token = Mapping[str, Any]  # its "text" and its "id"

LETTER, PADDING, GAP = 7.9, 5, 2  # pixels, across
BOX, ROW, TITLE = 21, 47, 28  # pixels, down


def width(token: Token) -> int:
    """How many characters a box needs for the text and for the id."""
    return max(len(token["text"]), len(str(token["id"])))


def rows(tokens: Iterable[Token], limit: float, gap: float) -> list[list[Token]]:
    """The tokens in rows of at most `limit` characters, `gap` between two."""
    broken: list[list[Token]] = []
    left = -1.0
    for token in tokens:
        if width(token) > left:
            broken.append([])
            left = limit
        broken[-1].append(token)
        left -= width(token) + gap
    return broken


def lines(tokens: Iterable[Token], limit: int) -> list[str]:
    """Two lines a row: the texts, and the ids below them."""
    return [
        " ".join(str(token[key]).ljust(width(token)) for token in row).rstrip()
        for row in rows(tokens, limit, 1)
        for key in ("text", "id")
    ]


def draw(cuts: Mapping[str, Iterable[Token]], thick: Callable[[Token], bool]) -> Figure:
    """Each cut below its title, one box a token, with a thick frame where asked."""
    limit, gap = (399 - PADDING) / LETTER, (PADDING + GAP) / LETTER
    broken = {title: rows(cut, limit, gap) for title, cut in cuts.items()}
    height = sum(TITLE + ROW * len(each) for each in broken.values())
    figure, axes = plots.canvas(height)
    axes.set(xlim=(0, 400), ylim=(height, 0))
    axes.set_axis_off()
    top = 0.0
    for title, each in broken.items():
        axes.text(0, top + 18, title, weight="bold")
        top += TITLE
        for row in each:
            x = 1.0
            for token in row:
                wide = LETTER * width(token) + PADDING
                axes.add_patch(
                    Rectangle(
                        (x, top), wide, BOX, fill=False,
                        edgecolor=plots.LINK if thick(token) else plots.MUTED,
                        linewidth=1.5 if thick(token) else 0.6,
                    )
                )  # fmt: skip
                middle = x + wide / 2
                axes.text(
                    middle, top + 15, token["text"], ha="center",
                    fontsize=13,
                )  # fmt: skip
                axes.text(
                    middle, top + 34, token["id"], ha="center",
                    color=plots.MUTED,
                )  # fmt: skip
                x += wide + GAP
            top += ROW
    return figure
