"""What a long computation shows on the way: how far it is, and the time left."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from tqdm import tqdm

LINE_SECONDS = 10.0  # between two lines, where no terminal shows a bar


class _Lines:
    """Takes the bar that tqdm draws over and over; gives a line for each."""

    def write(self, text: str) -> None:
        if line := text.strip("\r\n "):
            print(line, file=sys.stderr)

    def flush(self) -> None:
        if sys.stderr is not None:
            sys.stderr.flush()


def progress(total: int | None, label: str = "", **how: Any) -> Any:
    """tqdm's bar on a terminal; elsewhere a line every ten seconds, as in a log.

    A terminal that does not know its size counts as 80 columns wide: tqdm takes it
    for one of none, and draws nothing.
    """
    watched = sys.stderr is not None and sys.stderr.isatty()
    seconds = 0.1 if watched else LINE_SECONDS
    size = shutil.get_terminal_size()
    return tqdm(
        total=total,
        desc=label or None,
        file=sys.stderr if watched else _Lines(),
        ncols=size.columns - 1 if watched else 0,
        nrows=size.lines,
        leave=None,
        position=None if watched else 0,
        mininterval=seconds,
        maxinterval=10 * max(1.0, seconds),
        delay=0 if watched else seconds,
        **how,
    )
