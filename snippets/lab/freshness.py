"""Whether a recorded result is still what the code gives.

Data are compared with a second run within a tolerance, as floating point differs
between processors; the text and the figure must be exactly those of the data.
"""

from __future__ import annotations

import importlib
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from snippets.lab import record
from snippets.lab.record import Data, Edit

RELATIVE, ABSOLUTE = 1e-3, 1e-5
# Data under this key are drawn at random from what a model says.
SAMPLED = "sampled"
_NUMBER = re.compile(r"[-−]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Recorded:
    """The files of a result, as they stand in `docs/results/`."""

    name: str
    content: Data
    text: str
    figure: str | None

    @classmethod
    def read(cls, name: str, folder: Path = record.RESULTS) -> Recorded:
        texts = {
            ending: path.read_text(encoding="utf-8")
            for ending in ("json", "txt", "svg")
            if (path := folder / f"{name}.{ending}").exists()
        }
        return cls(
            name,
            json.loads(texts["json"]),
            texts["txt"],
            texts.get("svg"),
        )


@dataclass(frozen=True)
class Again:
    """What the code gives today."""

    data: Data
    # Made from the recorded data, not from today's.
    text: str
    figure: str | None
    edits: list[Data]


def run_again(recorded: Recorded, module: str) -> Again:
    """Run the snippet and each edit, print and draw the recorded data."""
    demo = importlib.import_module(record.demo_of(module))
    recipe = recorded.content["recipe"]
    result = record.run_with_edits(
        recorded.name, module, recipe["seed"], recipe["device"]
    )
    data = recorded.content["data"]
    return Again(
        data=result.record["data"],
        text=record.printed(demo, data),
        figure=record.drawn(demo, data, recorded.name),
        edits=result.record["edits"],
    )


def differences(
    recorded: Any, again: Any, where: str = "data"
) -> list[str]:
    """Where two data differ by more than the tolerance."""
    match recorded, again:
        case dict(), dict() if recorded.keys() == again.keys():
            return [
                line
                for key in recorded
                if key != SAMPLED
                for line in differences(
                    recorded[key], again[key], f"{where}.{key}"
                )
            ]
        case list(), list() if len(recorded) == len(again):
            return [
                line
                for i, pair in enumerate(
                    zip(recorded, again, strict=True)
                )
                for line in differences(*pair, f"{where}[{i}]")
            ]
        case float(), float() if _close(recorded, again):
            return []
    if type(recorded) is type(again) and recorded == again:
        return []
    return [f"{where} is recorded as {recorded!r}, now it is {again!r}"]


def _close(a: float, b: float) -> bool:
    both_nan = math.isnan(a) and math.isnan(b)
    return both_nan or math.isclose(
        a, b, rel_tol=RELATIVE, abs_tol=ABSOLUTE
    )


def same_line(a: str, b: str) -> bool:
    """Whether two printed lines say the same, up to a number's last digit."""
    if _NUMBER.sub("#", a).split() != _NUMBER.sub("#", b).split():
        return False
    pairs = zip(_NUMBER.findall(a), _NUMBER.findall(b), strict=True)
    return all(_same_number(*pair) for pair in pairs)


def _same_number(a: str, b: str) -> bool:
    if a == b:
        return True
    if not {".", "e"} & {*a, *b}:
        return False
    x, y = (
        Decimal(n.replace("−", "-").replace(",", "")) for n in (a, b)
    )
    exponents = (x.as_tuple().exponent, y.as_tuple().exponent)
    # One unit of the last digit that is printed, as rounding may fall either way.
    unit = max(10.0**e for e in exponents if isinstance(e, int))
    return (
        _close(float(x), float(y))
        or abs(float(x) - float(y)) <= unit * 1.001
    )


def _same_lines(a: Sequence[str], b: Sequence[str]) -> bool:
    return len(a) == len(b) and all(map(same_line, a, b))


def code(recorded: Recorded, today: str) -> list[str]:
    """The code has the hash that was recorded."""
    if recorded.content["recipe"]["code"] == today:
        return []
    return ["the code has changed since"]


def data(recorded: Recorded, again: Again) -> list[str]:
    """The code computes the recorded data."""
    return differences(recorded.content["data"], again.data)


def text(recorded: Recorded, again: Again) -> list[str]:
    """The text is what the code prints about the recorded data."""
    if recorded.text == again.text:
        return []
    return ["the text is not what the snippet prints of the data"]


def figure(recorded: Recorded, again: Again) -> list[str]:
    """The figure is what the code draws of the recorded data."""
    if recorded.figure == again.figure:
        return []
    return ["the figure is not what the snippet draws of the data"]


def edits(recorded: Recorded, again: Again) -> list[str]:
    """Each edit still has the outcome that was recorded."""
    faults = []
    pairs = zip(recorded.content["edits"], again.edits, strict=False)
    for number, (then, now) in enumerate(pairs, 1):
        for side in ("before", "after"):
            if not _same_lines(then[side], now[side]):
                faults.append(
                    f"edit {number} printed {then[side]},"
                    f" now it prints {now[side]}"
                )
    return faults


def proposed(recorded: Recorded, today: list[Edit]) -> list[str]:
    """The recorded edits are those that the page proposes."""
    then = [
        (edit["find"], edit["replace"])
        for edit in recorded.content["edits"]
    ]
    if then == [(edit.find, edit.replace) for edit in today]:
        return []
    return ["the edits of the page are not those recorded"]


CHECKS: tuple[Callable[[Recorded, Again], list[str]], ...] = (
    data,
    text,
    figure,
    edits,
)
