"""The runner of claims: one measurement for each seed, one conclusion from them all.

A claim is `snippets/claims/NAME.py` with

    CLAIM, PAPER, WHERE, REPORTED   what is claimed, by which record, where, with what
    TRIED                           optional: what else was tried
    TOLERANCES                      how far apart the numbers of a row may be, by key,
                                    when it is measured again on another processor
    measure(seed[, device]) -> rows   plain numbers; a row is a dict
    conclude(rows) -> (verdict, words)   computed from the rows of all seeds
    show(rows) -> None              prints the table
    draw(rows) -> Figure            every seed is a dot
"""

from __future__ import annotations

import importlib
import inspect
import math
import re
import time
import types
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

import torch
from matplotlib.axes import Axes

from snippets.lab import freshness, record
from snippets.lab.progress import progress
from snippets.lab.record import Data, RecordError, Result

RESULTS = record.RESULTS / "claims"
VERDICTS = ("seen", "partly", "not seen")
Row = dict[str, Any]


def module_of(name: str) -> str:
    return f"snippets.claims.{name.replace('-', '_')}"


# --- What claims share


def column(rows: Sequence[Row], key: str, **where: Any) -> list[float]:
    """One number of every seed, in the order of the seeds."""
    found = [(row["seed"], row[key]) for row in rows if where.items() <= row.items()]
    return [value for _, value in sorted(found, key=lambda pair: pair[0])]


def gains(rows: Sequence[Row], key: str, before: Row, after: Row) -> list[float]:
    """By how much a number is higher after than before, for each seed."""
    both = (column(rows, key, **where) for where in (before, after))
    return [new - old for old, new in zip(*both, strict=True)]


def span(values: Sequence[float], form: str, to: str = "-") -> str:
    """The least and the most of all seeds: "0.13-0.22", or one where they are alike."""
    least, most = format(min(values), form), format(max(values), form)
    return least if least == most else f"{least}{to}{most}"


def verdict(seen: bool, partly: bool) -> str:
    """In a word."""
    return "seen" if seen else "partly" if partly else "not seen"


def dots(
    axes: Axes,
    places: Sequence[float],
    columns: Sequence[Sequence[float]],
    mark: str,
    colour: str,
    line: str = "",
    flat: bool = False,
    **options: Any,
) -> None:
    """Numbers by place: every seed a dot, and a line through the means.

    Args:
        mark: "o", or "o-" to join the dots of a seed.
        flat: numbers run from left to right, places from top to bottom.
    """
    if line:
        axes.plot(places, [*map(fmean, columns)], line, color=colour)
    for number, seed in enumerate(zip(*columns, strict=True)):
        label = options.pop("label", None) if number == 0 else None
        x, y = (seed, places) if flat else (places, seed)
        axes.plot(x, y, mark, color=colour, label=label, **options)


# --- Measuring and recording


def measure(
    claim: types.ModuleType, seeds: Sequence[int], device: str = "cpu"
) -> list[Row]:
    """The rows of every seed, each with its seed, as JSON will hold them.

    Raises:
        RecordError: the claim is too small for any device but the processor.
    """
    there = {}
    if device != "cpu":
        there = {"device": device}
        if "device" not in inspect.signature(claim.measure).parameters:
            name = claim.__name__.rpartition(".")[2].replace("_", "-")
            raise RecordError(f"{name}: runs on the processor alone")
    rows = []
    with progress(len(seeds), "seeds", unit="seed") as bar:
        for seed in seeds:
            torch.manual_seed(seed)
            for row in claim.measure(seed, **there):
                rows.append({"seed": seed, **record.plain(row)})
            bar.update()
    return rows


def conclude(claim: types.ModuleType, rows: list[Row]) -> tuple[str, str]:
    """The verdict and its reason.

    Raises:
        ValueError: the claim gives a verdict that is none.
    """
    verdict, words = claim.conclude(rows)
    if verdict not in VERDICTS:
        raise ValueError(f"a verdict is one of {VERDICTS}, not {verdict!r}")
    return verdict, words


def concluded(name: str, rows: list[Row], seeds: Sequence[int], minutes: int) -> Result:
    """What a claim comes to, given the rows: the record, the table and the figure."""
    claim = importlib.import_module(module_of(name))
    verdict, words = conclude(claim, rows)
    content: Data = {
        "name": name,
        "recipe": record.recipe(
            f"python -m snippets claim {name}",
            seeds=list(seeds),
            device="cpu",
            minutes=minutes,
            code=record.code_hash(module_of(name)),
        ),
        "claim": claim.CLAIM,
        "paper": claim.PAPER,
        "where": claim.WHERE,
        "reported": claim.REPORTED,
        "tried": getattr(claim, "TRIED", ""),
        "verdict": verdict,
        "conclusion": words,
        "data": rows,
    }
    shown = record.presented(content, claim, f"claim-{name}")
    return replace(shown, text=f"{shown.text}\n{verdict}: {words}\n")


def run(name: str, seeds: Sequence[int], device: str = "cpu") -> Result:
    """Run one claim over the seeds; the record holds every seed's numbers."""
    claim = importlib.import_module(module_of(name))
    # Of one processor: a busy machine does not make a claim slower.
    start = time.process_time()
    rows = measure(claim, seeds, device)
    minutes = math.ceil((time.process_time() - start) / 60)
    return concluded(name, rows, seeds, minutes)


def concluded_anew(name: str) -> Result:
    """Conclude anew from the recorded rows, where they are still of this code.

    Raises:
        RecordError: they are not, or there are none.
    """
    command = f"python -m snippets claim {name} --record"
    try:
        then = Result.read(name, RESULTS).record
        recipe, rows = then["recipe"], then["data"]
        current = recipe["code"] == record.code_hash(module_of(name))
        seeds, minutes = recipe["seeds"], recipe["minutes"]
    except (OSError, ValueError, LookupError, TypeError):
        current = False
    if not current:
        raise RecordError(
            f"{name}: no rows of this code are recorded; measure: {command}"
        )
    return concluded(name, rows, seeds, minutes)


# --- Is it as recorded?


def stale(recorded: Result) -> list[str]:
    """In what a record is not what its claim makes of the recorded rows, in words."""
    name, then = recorded.record["name"], recorded.record
    seeds, minutes = (then["recipe"][k] for k in ("seeds", "minutes"))
    now = concluded(name, then["data"], seeds, minutes)
    now.record["recipe"] |= {**freshness.pins(), "threads": 1}
    faults = freshness.compared(recorded, now)
    if {row["seed"] for row in then["data"]} != set(seeds):
        faults.append("recipe.seeds are not those of the rows")
    return [
        f"docs/results/claims/{name}.json: {fault}; record it again:"
        f" python -m snippets claim {name} --record"
        for fault in faults
    ]


def compared(name: str, again: Result) -> tuple[bool, list[str]]:
    """Whether a claim comes out as it is recorded, and in words how it does.

    With other seeds it is held to the verdict alone; else to every row, within the
    claim's tolerances, and to the conclusion up to its numbers.
    """
    now = again.record
    try:
        then = Result.read(name, RESULTS).record
        same_seeds = then["recipe"]["seeds"] == now["recipe"]["seeds"]
        keys = ["verdict", *(["conclusion"] if same_seeds else [])]
        faults = [
            f"{key}: {now[key]}; recorded: {then[key]}"
            for key in keys
            if numberless(now[key]) != numberless(then[key])
        ]
        if same_seeds:
            claim = importlib.import_module(module_of(name))
            rows = then["data"], now["data"]
            faults += freshness.differences(*rows, "rows", claim.TOLERANCES)
    except (OSError, ValueError, LookupError, TypeError):
        return False, [f"{name}: nothing is recorded that can be read"]
    what = "rows and conclusion" if same_seeds else "verdict (other seeds)"
    as_recorded = f"{name}: {what} as recorded"
    return not faults, [f"{name}: {f}" for f in faults] or [as_recorded]


def numberless(text: str) -> str:
    """A conclusion without its numbers, which follow from the rows."""
    return re.sub(r"[-+−]?\d[\d.,]*", "#", text)
