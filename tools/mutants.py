"""Break the code of the chapters in many places, one at a time: does a test notice?

`python -m tools.mutants` lets mutmut (settings in pyproject.toml) write every mutant
that it knows into mutants/, draws 300 of them by a fixed seed, runs the tests on each,
and lists the survivors; `--count 10` draws fewer, `--seed 1` others. A killed run goes
on where it was.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys

from syllabus import ROOT

MUTANTS = ROOT / "mutants"
ANY = "snippets.attention.attention.x_attention__mutmut_1"


def mutmut(*names: str) -> None:
    """Write all mutants, where there are none yet, and run the tests on these."""
    subprocess.run(
        [sys.executable, "-m", "mutmut", "run", *names], cwd=ROOT, check=True
    )


def known() -> dict[str, int | None]:
    """Every mutant, with the status that its tests ended with.

    0 has survived, and 33 was met by no test.
    """
    found: dict[str, int | None] = {}
    for path in sorted(MUTANTS.rglob("*.meta")):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    mutmut(ANY)  # which writes all the others, too
    every = sorted(known())
    drawn = random.Random(options.seed).sample(every, min(options.count, len(every)))
    mutmut(*drawn)
    ended = known()
    alive = sorted(name for name in drawn if ended[name] in (0, 33, None))
    for name in alive:
        print(f"survived: {name}")
    print(f"killed {len(drawn) - len(alive)} of {len(drawn)}, drawn from {len(every)}")
    print("what one changed: .venv/bin/python -m mutmut show NAME")


if __name__ == "__main__":
    main()
