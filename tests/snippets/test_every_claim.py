"""What holds for every claim: of its table, its figure, its tolerances."""

import copy
import importlib

import pytest

from snippets.lab import claims, record
from snippets.lab.record import Result

NAMES = sorted(path.stem for path in claims.RESULTS.glob("*.json"))


@pytest.fixture(params=NAMES)
def claim(request):
    """A claim, and the rows that are recorded."""
    rows = Result.read(request.param, claims.RESULTS).record["data"]
    return importlib.import_module(claims.module_of(request.param)), rows


def drawn(claim, rows):
    """The numbers of all dots in its figure."""
    lines = [line for axes in claim.draw(rows).axes for line in axes.lines]
    dotted = [line for line in lines if line.get_marker() not in ("None", "")]
    return [[*map(float, axis)] for line in dotted for axis in line.get_data()]


def test_show_is_as_wide_as_a_phone(claim):
    module, rows = claim
    assert max(map(len, record.printed(module, rows).splitlines())) <= 42


def test_draw_and_conclude_look_at_every_seed(claim):
    module, rows = claim
    for seed in {row["seed"] for row in rows}:
        others = copy.deepcopy(rows)
        for row in others:
            if row["seed"] == seed:
                measured = {
                    key for key in module.TOLERANCES if row.get(key) is not None
                }
                row.update({key: row[key] * 0.5 for key in measured})
        assert drawn(module, others) != drawn(module, rows)
        assert module.conclude(others) != module.conclude(rows)


def test_tolerances_are_of_what_is_measured(claim):
    module, rows = claim
    for key in module.TOLERANCES:
        assert {type(row[key]) for row in rows} <= {float, int, type(None)}
