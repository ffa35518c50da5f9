"""Drawings of a process: boxes, arrows, words and vectors, placed by the pixel.

A page's drawing grows frame by frame (`frames` of its demo). Each frame is a board 400
px wide, as a phone is, with its origin at the top left; `plots` has the colours.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from snippets.lab.plots import INK, MUTED, PAPER, canvas

WIDTH = 400
FAINT = 0.35
LETTER = 0.602  # how wide a letter of the monospaced type is, of its height
CELL = 22


def board(height: float) -> tuple[Figure, Axes]:
    """An empty drawing, `height` px high."""
    figure, axes = canvas(height)
    figure.set_layout_engine("none")
    axes.set_position((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    return figure, axes


def signed(number: float, fmt: str = ".2f") -> str:
    """A number with a true minus."""
    return format(number, fmt).replace("-", "−")


def words(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    colour: str = INK,
    size: float = 11,
    ha: str = "center",
    bold: bool = False,
    faint: bool = False,
) -> None:
    """A line of text, its middle at the height y; at x is what `ha` says."""
    axes.text(
        x, y, text, color=colour, fontsize=size, ha=ha, va="center",
        fontweight="bold" if bold else "normal", alpha=FAINT if faint else None,
    )  # fmt: skip


def box(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    colour: str = INK,
    width: float | None = None,
    height: float = 24,
    fill: bool = False,
    line: str = "-",
    faint: bool = False,
) -> None:
    """A frame around a text, its middle at (x, y), as wide as the text or as told."""
    rows = text.split("\n")
    width = width or 11 * LETTER * max(map(len, rows)) + 14
    alpha = FAINT if faint else None
    shape = FancyBboxPatch(
        (x - width / 2, y - height / 2), width, height, "round,pad=0,rounding_size=4",
        facecolor=colour if fill else PAPER, edgecolor=colour, linestyle=line,
        alpha=alpha, clip_on=False,
    )  # fmt: skip
    axes.add_patch(shape)
    for number, row in enumerate(rows):
        middle = y + 14 * (number - (len(rows) - 1) / 2)
        words(axes, x, middle, row, PAPER if fill else colour, faint=faint)


def arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str = MUTED,
    label: str = "",
    line: str = "-",
    width: float = 1.2,
    faint: bool = False,
    bend: float = 0,
) -> None:
    """An arrow, bent to its right by a share of its length; the label at its middle."""
    shape = FancyArrowPatch(
        start, end, connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>",
        mutation_scale=9, shrinkA=0, shrinkB=0, color=colour, linestyle=line,
        linewidth=width, alpha=FAINT if faint else None, clip_on=False,
    )  # fmt: skip
    axes.add_patch(shape)
    if label:
        (x, y), (to_x, to_y) = start, end
        across, down = to_x - x, to_y - y
        middle = ((x + to_x - bend * down) / 2, (y + to_y + bend * across) / 2)
        axes.text(
            *middle, label, color=colour, fontsize=11, ha="center", va="center",
            alpha=FAINT if faint else None,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
        )  # fmt: skip


def cells(
    axes: Axes,
    x: float,
    y: float,
    numbers: Sequence[float],
    colour: str = INK,
    fmt: str = ".2f",
    faint: bool = False,
    names: Sequence[str] = (),
) -> None:
    """A vector: a row of cells with its numbers, its middle at (x, y).

    Args:
        names: what each number means; its first letter stands above the cell.
    """
    texts = [signed(number, fmt) for number in numbers]
    width = max(CELL, 11 * LETTER * max(map(len, texts)) + 8)
    left = x - width * len(texts) / 2
    for number, name in enumerate(names):
        words(axes, left + (number + 0.5) * width, y - 20, name[0], MUTED)
    for number, text in enumerate(texts):
        shape = Rectangle(
            (left + number * width, y - CELL / 2), width, CELL, facecolor=PAPER,
            edgecolor=colour, alpha=FAINT if faint else None, clip_on=False,
        )  # fmt: skip
        axes.add_patch(shape)
        words(axes, left + (number + 0.5) * width, y, text, colour, faint=faint)
