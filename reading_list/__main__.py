"""The command line: `python -m reading_list check`, `python -m reading_list stats`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError
from yaml import YAMLError

from reading_list.model import ReadingList, Resource
from reading_list.records import (
    ABOUT,
    RECORDS,
    InvalidRecordsError,
    check,
    load,
    load_about,
)
from reading_list.syllabus import SYLLABUS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 for errors, 2 for a wrong command."""
    parser = argparse.ArgumentParser(
        prog="python -m reading_list",
        description="Check and count the records of the reading list.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, run, about in (
        ("check", _check, "judge every record; one line an error"),
        ("stats", _stats, "count the records"),
    ):
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument(
            "--dir", type=Path, default=RECORDS, help="the folder of the records"
        )
        command.set_defaults(run=run)
    options = parser.parse_args(arguments)
    run_on: Callable[[Path], int] = options.run
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A title in Russian must not end in a traceback on an ASCII terminal.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = run_on(options.dir)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ValidationError as error:
        name = SYLLABUS.name if error.title == "Syllabus" else ABOUT.name
        for detail in error.errors(include_url=False):
            place = ".".join(map(str, detail["loc"]))
            print(f"{name}: {place}: {detail['msg']}.", file=sys.stderr)
        return 1
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        # The records themselves never raise: it is one of the two files they rest on.
        reason = " ".join(str(error).split())
        files = f"{SYLLABUS.name} and {ABOUT.name}"
        print(f"{reason}. To mend it: look at {files}.", file=sys.stderr)
        return 1
    return status


def _check(folder: Path) -> int:
    load_about()
    report = check(folder)
    for problem in report.problems:
        print(problem)
    good, bad = len(report.resources), len(report.errors)
    warned = f", {_count(len(report.warnings), 'warning')}" if report.warnings else ""
    if bad:
        print(f"{_count(bad, 'error')}{warned}; {_count(good, 'record')} without one.")
        return 1
    print(f"{_count(good, 'record')}, no errors{warned}.")
    if warned:
        print("The tests refuse warnings: settle them before you send it.")
    return 0


def _stats(folder: Path) -> int:
    try:
        reading_list = load(folder)
    except InvalidRecordsError as error:
        print(error)
        print(f"{_count(len(error.problems), 'error')}; nothing is counted.")
        return 1
    for row in stats(reading_list):
        print(row)
    return 0


def stats(reading_list: ReadingList) -> list[str]:
    """The counts, one a line."""
    everything = reading_list.resources
    rows = [
        f"{len(everything):4} resources",
        f"{len(reading_list.from_the_lists):4} from the five lists",
        f"{len(reading_list.beyond_the_lists):4} beyond them",
        f"{sum(r.starred for r in everything):4} starred",
        f"{sum(bool(r.guide) for r in everything):4} with a reading guide",
        f"{sum(bool(r.mended) for r in everything):4} with something mended",
        f"{sum(r.url is None for r in everything):4} ours to write",
    ]
    for entry in reading_list.lists:
        rows.append(f"{len(reading_list.on_list(entry.slug)):4} list     {entry.slug}")
    for name in ("kind", "level", "language", "access"):
        rows += _counted(everything, name)
    concepts = Counter(concept for r in everything for concept in r.concepts)
    rows += [f"{n:4} concept  {name}" for name, n in concepts.most_common()]
    return rows


def _counted(resources: Sequence[Resource], name: str) -> list[str]:
    counter = Counter(getattr(resource, name) or "" for resource in resources)
    return [
        f"{n:4} {name:<8} {value or '(not known)'}"
        for value, n in counter.most_common()
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


if __name__ == "__main__":
    raise SystemExit(main())
