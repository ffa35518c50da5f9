"""What the command lines share: seeds, one line for what is wrong, a quiet end."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn


def fail(message: str) -> NoReturn:
    """One line on standard error, exit status 2."""
    print(f"snippets: {message}", file=sys.stderr)
    raise SystemExit(2)


def seed(text: str) -> int:
    """A number that torch takes as a seed."""
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError
    return number


def seeds(text: str) -> list[int]:
    """Several of them, parted by commas."""
    return [seed(part) for part in text.split(",")]


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        fail(f"{message}; {self.prog} --help shows the options")


def guarded(main: Callable[[], int]) -> int:
    """`main`, with what can go wrong around it: what is not installed, Ctrl-C."""
    try:
        status = main()
        sys.stdout.flush()
    except ModuleNotFoundError as missing:
        library = (missing.name or "").split(".")[0]
        if library == "snippets":
            raise
        fail(
            f"{library} is not installed: pip install -e '.[snippets]'"
        )
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has seen enough; nothing is left to flush at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status
