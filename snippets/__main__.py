"""The command line: `python -m snippets` lists all, with a NAME it runs one.

`python -m snippets claim` does the same for the claims of papers, and `python -m
snippets train` for the models that train for longer than a demo may take.
"""

from __future__ import annotations

import ast
import io
import os
import sys
import textwrap
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from snippets.lab.arguments import (
    Parser,
    call,
    device,
    fail,
    guarded,
    known,
    seed,
    seeds,
)

if TYPE_CHECKING:
    from snippets.lab.record import Result
    from syllabus import Beside, Concept, Syllabus

CLAIMS = Path(__file__).resolve().parent / "claims"


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    match arguments:
        case ["claim", *rest]:
            return claim(rest)
        case ["train", *rest]:
            from snippets import speak, train, translate

            others = {speak.NAME: speak.main, translate.NAME: translate.main}
            for name in others.keys() & rest:
                return others[name](rest)
            return train.main(rest, others=[*others])
    return run(arguments)


# --- Snippets


def run(arguments: list[str]) -> int:
    """List the snippets, or run one, print what it shows, write it where asked."""
    parser = Parser("", __doc__, "the concept to run")
    parser.add_argument("--seed", type=seed, default=0, help="for all random numbers")
    parser.flag(
        "--record", "write the result into docs/results; without a name, of all"
    )
    parser.add_argument("--out", type=Path, help="write the result into this folder")
    parser.add_argument(
        "--weights",
        type=Path,
        help="a folder with MiniLM's files, for the snippets that read them",
    )
    options = parser.parse_args(arguments)

    from syllabus import ROOT, SYLLABUS, load

    try:
        syllabus = load(SYLLABUS)
    except ValueError:
        fail(f"{SYLLABUS.relative_to(ROOT)} has errors: make check names them")
    asked = syllabus.by_name.get(options.name)
    if asked and (why := why_not(asked)):
        fail(f"{options.name} {why}; {call()} lists what runs")
    to_run: list[Concept | Beside] = [
        *(concept for concept in syllabus.concepts if not why_not(concept)),
        *syllabus.beside,
    ]
    if options.name is None and not options.record:
        list_all(syllabus, to_run)
        return 0
    if options.name is not None:
        names = {concept.name: concept for concept in to_run}
        to_run = [names[known(options.name, "snippet", names)]]
    for concept in to_run:
        gone = [file for file in concept.sources if not (ROOT / file).is_file()]
        if gone:
            fail(
                f"{concept.name} is marked as written, but there is no"
                f" {' and no '.join(gone)}: write it, or mark it as planned in"
                f" {SYLLABUS.name}"
            )
    device(options.device)

    from snippets.lab import record

    if options.weights:
        from snippets.lab.weights import GIVEN

        os.environ[GIVEN] = str(options.weights)
    record_run = record.run_with_edits if options.record else record.run
    for concept in to_run:
        try:
            result = record_run(
                concept.name, concept.module, options.seed, options.device
            )
        except record.RecordError as error:
            fail(str(error))
        print(result.text, end="")
        folders = [record.RESULTS] if options.record else []
        write(result, folders + ([options.out] if options.out else []))
    return 0


def why_not(concept: Concept) -> str | None:
    """Why there is nothing to run, or None where there is."""
    if not concept.written:
        return "is planned, not written yet"
    return None if concept.code else "is a page without code"


def list_all(syllabus: Syllabus, listed: Sequence[Concept | Beside]) -> None:
    """Print every snippet with its one sentence, by chapter."""
    titles = {chapter.name: chapter.title for chapter in syllabus.chapters}
    for chapter, group in groupby(listed, key=lambda concept: concept.chapter):
        print(titles.get(str(chapter), "Beside them"))
        for concept in group:
            sentence = textwrap.fill(concept.definition, 66)
            print(f"  {concept.name}\n{textwrap.indent(sentence, '      ')}")
    print(f"\nRun one: {call('attention')}")
    print(f"Train one for longer: {call('train')}")
    print(f"The claims of papers: {call('claim')}")


def write(result: Result, folders: list[Path]) -> None:
    """Write a result into each folder and say where."""
    for folder in folders:
        try:
            paths = result.write(folder)
        except OSError as error:
            fail(f"{folder}: cannot write there ({error.strerror})")
        print(f"wrote {', '.join(str(path) for path in paths)}", file=sys.stderr)


# --- Claims


def claim(arguments: list[str]) -> int:
    """List the claims, or try one over some seeds and conclude."""
    parser = Parser(
        "claim", "Try what a paper claims, in miniature.", "the claim to try"
    )
    parser.add_argument(
        "--seeds",
        type=seeds,
        default=[0, 1, 2],
        help="a run for each, parted by commas: 0,1,2",
    )
    parser.flag("--record", "write what comes out into docs/results/claims, on the cpu")
    parser.flag("--conclude", "conclude from the recorded rows, measuring nothing anew")
    parser.flag("--again", "fail where it comes out otherwise than recorded")
    options = parser.parse_args(arguments)
    claimed = {
        path.stem.replace("_", "-"): sentence(path)
        for path in sorted(CLAIMS.glob("[!_]*.py"))
    }
    acts = options.record or options.again or options.conclude
    if options.name is None and not acts:
        for name, words in claimed.items():
            print(f"{name}\n{textwrap.indent(words, '    ')}")
        print(f"\nTry one: {call('claim NAME')}")
        return 0
    names = list(claimed)
    if options.name is not None:
        names = [known(options.name, "claim", claimed, "claim")]
    if options.record and len(set(options.seeds)) < 3:
        fail("--record: a claim is recorded over at least three seeds")
    if options.record and options.device != "cpu":
        fail("--record: what is recorded runs on the cpu")
    device(options.device)

    from snippets.lab import claims
    from snippets.lab.record import RecordError

    differs = False
    for name in names:
        try:
            result = (
                claims.concluded_anew(name)
                if options.conclude
                else claims.run(name, options.seeds, options.device)
            )
        except RecordError as error:
            fail(str(error))
        print(result.text, end="")
        if options.again:
            same, says = claims.compared(name, result)
            print(*says, sep="\n", flush=True)
            differs |= not same
        write(result, [claims.RESULTS] if options.record else [])
    return int(differs)


def sentence(path: Path) -> str:
    """What a claim's file claims; read, not run, as a list must not wait."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id="CLAIM")], value=ast.Constant(value=str(words))
            ):
                return textwrap.fill(words, 66)
    return ""


def start() -> int:
    """`main` on a console of any kind, guarded."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A console that cannot show a sign shows "?" in its place.
        sys.stdout.reconfigure(errors="replace")
    return guarded(main)


if __name__ == "__main__":
    sys.exit(start())
