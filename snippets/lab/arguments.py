"""What the command lines share: seeds, and one line for what is wrong."""

from __future__ import annotations

import argparse
import sys
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
