"""Whether a record is still what the code gives: compared whole with a second run.

Floats are compared within a tolerance, as they differ between processors. All else is
compared exactly: the recipe, the edits and what they print, the text and the figure.
"""

from __future__ import annotations

import importlib
import math
import re
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from snippets.lab import record
from snippets.lab.record import NOISE, Data, Result

RELATIVE, ABSOLUTE = 1e-3, 1e-5
# What is trained in float32: with no vector unit in place of AVX-512, the states of
# the translator of `seq2seq` differ by 2e-4, near zero by 1 %; nothing else does.
TRAINED = 1e-2
FIRST = date(2026, 1, 1)  # nothing was recorded before


def pins() -> dict[str, str]:
    """The versions that a record is made with."""
    constraints = (record.ROOT / "constraints.txt").read_text("utf-8")
    project = (record.ROOT / "pyproject.toml").read_text("utf-8")
    pinned = re.search(r"^torch==([\d.]+)", constraints, re.M)
    assert pinned, "constraints.txt pins no torch"
    least = tomllib.loads(project)["project"]["requires-python"]
    return {"python": least.strip(">= "), "torch": pinned[1]}


def stale(recorded: Result, module: str, retrain: bool = True) -> list[str]:
    """Run a snippet and each edit: in what the record is not what they give, in words.

    Without `retrain`, the outcome of an edit that trains anew is taken as recorded.

    Raises:
        RecordError: an edit fits no more, or what the demo concludes fails.
    """
    demo = importlib.import_module(record.demo_of(module))
    name, data = recorded.record["name"], recorded.record["data"]
    again = record.run_with_edits(
        name, module, recorded=recorded.record, retrain=retrain
    ).record
    again["recipe"] |= pins()
    # The text and the figure are held to the recorded data, not to today's.
    made = record.presented(again, demo, name, data)
    return [
        *compared(recorded, made, getattr(demo, "TRAINS", None)),
        *(f"does not hold: {sentence}" for sentence in record.failing(demo, data)),
    ]


def compared(recorded: Result, again: Result, trains: str | None = None) -> list[str]:
    """In what two results differ, in words; their dates need only be possible.

    Args:
        trains: the key of the data that came out of seconds of training.
    """
    then, now = map(record.undated, (recorded.record, again.record))
    codes = {of["recipe"].pop("code", None) for of in (then, now)}
    return [
        *misdated(recorded.record),
        *(["its code, settings, data or scores have changed"] * (len(codes) - 1)),
        *differences(then, now, "record", {trains: TRAINED} if trains else {}),
        *(
            f"the {what} not what the code makes of the data"
            for what, of in (("text is", "text"), ("figures are", "figures"))
            if getattr(recorded, of) != getattr(again, of)
        ),
    ]


def misdated(content: Data) -> list[str]:
    """A record says on which day it was made, in our time and not to come."""
    written = content["recipe"]["date"]
    try:
        day = date.fromisoformat(written)
    except (TypeError, ValueError):
        day = date.min
    # Somewhere it is tomorrow already.
    if FIRST <= day <= date.today() + timedelta(1):
        return []
    return [f"recipe.date {written!r} is no day on which it can have been made"]


def differences(
    recorded: Any,
    again: Any,
    where: str,
    tolerances: Mapping[str, float] | None = None,
    absolute: float = ABSOLUTE,
) -> list[str]:
    """Where two records differ.

    Args:
        tolerances: keys, and how far apart the floats under them may be.
        absolute: the same for all others; what differs by less than a thousandth of
            its size is taken for equal too.
    """
    wide = tolerances or {}
    parts: list[tuple[str, Any, Any, float]]
    match recorded, again:
        case dict(), dict() if recorded.keys() == again.keys():
            parts = [
                (f".{key}", old, again[key], wide.get(key, absolute))
                for key, old in recorded.items()
            ]
        case list(), list() if len(recorded) == len(again):
            pairs = enumerate(zip(recorded, again, strict=True))
            parts = [(f"[{i}]", *pair, absolute) for i, pair in pairs]
        case _ if _same(recorded, again, where, absolute):
            return []
        case _:
            return [f"{where} is recorded as {recorded!r}, now it is {again!r}"]
    return [
        line
        for step, old, new, within in parts
        for line in differences(old, new, where + step, wide, within)
    ]


def _same(a: Any, b: Any, where: str, absolute: float) -> bool:
    """Whether two values without parts are equal, up to what processors differ in."""
    match a, b:
        case float(), float() if not math.isnan(a):
            return math.isclose(a, b, rel_tol=RELATIVE, abs_tol=absolute)
        case str(), str() if ".outcome[" in where:
            return NOISE.sub("0", a) == NOISE.sub("0", b)
    both_nan = a != a and b != b
    return type(a) is type(b) and (a == b or both_nan)
