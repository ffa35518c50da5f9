"""Tables as a demo prints them: as narrow as their cells allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width


def table(
    rows: Iterable[Sequence[object]],
    formats: Sequence[str],
    header: Sequence[str] = (),
    gap: int = 2,
) -> None:
    """Print rows below a header, numbers to the right and words to the left.

    >>> table([("glass", 2.0), ("it", -1.0)], ["", ".2f"], ["key", "score"])
    key    score
    glass   2.00
    it     -1.00

    Args:
        formats: how each column is written, as in `format(cell, ".2f")`.
        gap: the spaces between two columns.
    """
    rows = list(rows)
    written = [[*map(format, row, formats)] for row in rows]
    lines = [list(header), *written] if header else written
    widths = [max(map(columns, column)) for column in zip(*lines, strict=True)]
    words = [isinstance(cell, str) for cell in rows[0]]
    for line in lines:
        cells = []
        for cell, width, is_word in zip(line, widths, words, strict=True):
            space = " " * (width - columns(cell))
            cells.append(cell + space if is_word else space + cell)
        print((" " * gap).join(cells).rstrip())


def columns(text: str) -> int:
    """How wide a terminal writes a text: an ideograph takes two columns.

    >>> columns("滑る!")
    5
    """
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
