"""The commands `python -m reading_list check` and `python -m reading_list stats`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from reading_list.checks import Report
from reading_list.frontmatter import InvalidError
from reading_list.model import ReadingList
from reading_list.records import RECORDS, check


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
    try:
        return run_on(options.dir)
    except InvalidError as error:
        # The records themselves never raise: it is one of the two files they rest on.
        print(error, file=sys.stderr)
        return 1


def _check(folder: Path) -> int:
    return tell(check(folder))


def tell(report: Report) -> int:
    """Print what is wrong with the records, and the exit status that this means."""
    for problem in report.problems:
        print(problem)
    good = _count(len(report.resources), "record")
    warned = _count(len(report.warnings), "warning")
    if report.errors:
        files = _count(len({problem.file for problem in report.errors}), "file")
        also = f" and {warned}" if report.warnings else ""
        are = "is" if len(report.resources) == 1 else "are"
        print(
            f"{_count(len(report.errors), 'error')} in {files}{also}."
            f" {good} {are} right."
        )
        return 1
    print(f"{good}, no errors{f', {warned}' if report.warnings else ''}.")
    if report.warnings:
        print("The tests refuse warnings: settle them before you send it.")
    return 0


def _stats(folder: Path) -> int:
    report = check(folder)
    if report.errors:
        print(*report.errors, sep="\n")
        print(f"{_count(len(report.errors), 'error')}; nothing is counted.")
        return 1
    print(*stats(ReadingList(resources=report.resources)), sep="\n")
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
        f"{sum(r.url is None for r in everything):4} ours to write",
    ]
    counted: dict[str, Sequence[str]] = {
        "list": [slug for resource in everything for slug in resource.lists],
        "kind": [resource.kind for resource in everything],
        "level": [resource.level or "(not known)" for resource in everything],
        "language": [resource.language for resource in everything],
        "access": [resource.access for resource in everything],
        "concept": [name for resource in everything for name in resource.concepts],
    }
    for name, values in counted.items():
        for value, n in Counter(values).most_common():
            rows.append(f"{n:4} {name:<8} {value}")
    return rows


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
