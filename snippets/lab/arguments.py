"""What the command lines share: numbers, one line for what is wrong, a quiet end."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn

MOST = 2**32 - 1  # as a seed: it goes into every generator, also times a thousand


class RefusalError(Exception):
    """What was asked for cannot be had; the message is one line for the user."""


def fail(message: str) -> NoReturn:
    """One line on standard error, exit status 2."""
    line = "\\n".join(message.splitlines())
    print(f"snippets: {line}", file=sys.stderr)
    raise SystemExit(2)


def whole(text: str, least: int, most: int) -> int:
    """A whole number within bounds, which the message names."""
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is no whole number from {least} to {most}"
        )
    return number


def seed(text: str) -> int:
    """A number that every generator takes as a seed."""
    return whole(text, 0, MOST)


def seeds(text: str) -> list[int]:
    """Several of them, parted by commas."""
    return [seed(part) for part in text.split(",")]


def count(text: str) -> int:
    """At least one of something."""
    return whole(text, 1, 10**9)


def call(words: str = "") -> str:
    """How to ask for something, as whoever reads it has asked: by make or by Python."""
    if "MAKE_RUN" not in os.environ:
        return " ".join(["python -m snippets", *words.split()])
    rest = words.split()
    target = rest.pop(0) if rest[:1] in (["claim"], ["train"]) else "run"
    named = [f"{'ARGS' if word.startswith('-') else 'NAME'}={word}" for word in rest]
    return " ".join(["make", target, *named])


def device(name: str) -> str:
    """A device that this machine has, ready for use.

    Small models are fastest with one thread, and two add up in another order: what
    asks for a device gets one thread.
    """
    import torch

    torch.set_num_threads(1)
    try:
        # Reading the number back refuses devices that hold no numbers.
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError, ImportError):
        fail(f"--device {name}: not on this machine; cpu always is")
    return name


class Parser(argparse.ArgumentParser):
    """Takes a NAME and options; says what is wrong in one line, without the usage.

    Args:
        command: the words behind `python -m snippets`.
        name: the help on NAME.
    """

    def __init__(self, command: str, description: str | None, name: str) -> None:
        super().__init__(
            prog=f"python -m snippets {command}".strip(),
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.command = command
        self.add_argument("name", nargs="?", help=f"{name}; without it, list all")
        self.add_argument("--device", default="cpu", help="cpu, cuda, mps")

    def flag(self, name: str, what: str) -> None:
        """An option without a value."""
        self.add_argument(name, action="store_true", help=what)

    def error(self, message: str) -> NoReturn:
        fail(f"{message}; {call(f'{self.command} --help')} shows the options")


def known(name: str, kind: str, names: Iterable[str], command: str = "") -> str:
    """The name, where there is such a one; else fail with a guess at what was meant."""
    if name not in (names := list(names)):
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else f"{call(command)} lists them all"
        fail(f"no {kind} {name!r}: {hint}")
    return name


def guarded(main: Callable[[], int]) -> int:
    """`main`, with what can go wrong around it, imports and Ctrl-C included.

    Returns:
        An exit status: 130 after Ctrl-C, as shells count; 0 where whoever read the
        output has seen enough of it, as in `| head`.
    """
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        fail("standard output is closed; leave it open, or write > /dev/null")
    try:
        status = main()
        sys.stdout.flush()
    except ModuleNotFoundError as missing:
        library = (missing.name or "").split(".")[0]
        if library == "snippets":
            raise
        fail(
            f"{library} is not installed in this Python; make run has its own,"
            " or: pip install -e '.[snippets]'"
        )
    except RefusalError as error:
        fail(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _drop_output()
        return 0
    except OSError as error:
        _drop_output()
        where = error.filename or "standard output"
        fail(f"{where}: {error.strerror or error}")
    return status


def _drop_output() -> None:
    """Nothing is left to flush at the end: it would fail there again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
