"""What pages show of the snippets is still what the snippets give.

Every snippet runs once, in a process of its own: without the checks of shapes that
tests install, exactly as it ran when its result was recorded.
Marked `fresh` is what may differ with other versions of PyTorch and matplotlib.
"""

from __future__ import annotations

import copy
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest

from reading_list.syllabus import load_syllabus
from snippets.demos import recurrent_networks
from snippets.lab.freshness import compared, differences, pins, stale
from snippets.lab.record import Result

SYLLABUS = load_syllabus()
WRITTEN = {c.name: c for c in SYLLABUS.written if c.code}
WRITTEN |= {page.name: page for page in SYLLABUS.beside}


@pytest.fixture(scope="module")
def beside() -> Iterator[ProcessPoolExecutor]:
    """Another process, started anew and kept for all snippets."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as executor:
        yield executor


@pytest.mark.fresh
@pytest.mark.parametrize("concept", WRITTEN.values(), ids=WRITTEN)
def test_result_is_what_the_snippet_gives_today(concept, beside, request):
    # Edits that train anew take minutes: the weekly job alone tries them again.
    deep = request.config.getoption("--hypothesis-profile") == "deep"
    run = beside.submit(stale, Result.read(concept.name), concept.module, deep)
    found = run.result()
    again_by = f"record it again: python -m snippets {concept.name} --record"
    assert not found, "\n".join([*found, again_by])


# --- A stale result would be seen

Change = Callable[[Result], object]


@pytest.fixture(scope="module")
def agreed() -> tuple[Result, Result]:
    """A result, and another that a run of its code gives: all the same."""
    edit = {"file": "a.py", "find": "x = 1e-09", "replace": "x = 2", "trains": False}
    content = {
        "name": "odd",
        "recipe": {
            "command": "python -m snippets odd",
            **{"seed": 0, "device": "cpu", "threads": 1},
            **pins(),
            "date": "2026-02-03",
        },
        "data": {
            "plain": [1.0, 2, "a", None, True, float("nan")],
            "learned": {"losses": [0.5], "near": ["cup"]},
        },
        "edits": [{**edit, "outcome": ["- p 3.42", "+ p 3.84", "  off by 2.4e-07"]}],
    }
    result = Result(content, "p 3.42\n", {"svg": "<svg></svg>"})
    today = copy.deepcopy(result)
    assert compared(result, today, "learned") == []
    return result, today


def put(value: object, *path: str | int) -> Change:
    """Another value somewhere in the record."""

    def change(result: Result) -> None:
        inner = result.record
        for step in path[:-1]:
            inner = inner[step]
        assert inner[path[-1]] != value
        inner[path[-1]] = value

    return change


TOMORROW = date.today() + timedelta(2)


@pytest.mark.parametrize(
    "change, says",
    [
        # The recipe.
        (put("rm -rf /", "recipe", "command"), "record.recipe.command is recorded as"),
        (put(1, "recipe", "seed"), "record.recipe.seed"),
        (put("cuda", "recipe", "device"), "record.recipe.device"),
        (put(2, "recipe", "threads"), "record.recipe.threads"),
        (put("1.0.0", "recipe", "torch"), "record.recipe.torch"),
        (put("2.7", "recipe", "python"), "record.recipe.python"),
        (put("1999-01-01", "recipe", "date"), "recipe.date '1999-01-01' is no day"),
        (put(TOMORROW.isoformat(), "recipe", "date"), "is no day on which"),
        (put("yesterday", "recipe", "date"), "is no day on which"),
        (put(None, "recipe", "date"), "is no day on which"),
        (lambda r: r.record["recipe"].pop("seed"), "record.recipe is recorded as"),
        (lambda r: r.record["recipe"].update(machine="Amiga"), "record.recipe"),
        # The data.
        (put(1.01, "data", "plain", 0), "record.data.plain[0]"),
        (put("b", "data", "plain", 2), "record.data.plain[2]"),
        (put(0.51, "data", "learned", "losses", 0), "record.data.learned.losses[0]"),
        (put("mug", "data", "learned", "near", 0), "record.data.learned.near[0]"),
        # The edits.
        (put("b.py", "edits", 0, "file"), "record.edits[0].file"),
        (put("x = 1e-08", "edits", 0, "find"), "record.edits[0].find"),
        (put("x = 3", "edits", 0, "replace"), "record.edits[0].replace"),
        (put(True, "edits", 0, "trains"), "record.edits[0].trains"),
        (put("+ p 3.85", "edits", 0, "outcome", 1), "record.edits[0].outcome[1]"),
        (put("  off by 1e-05", "edits", 0, "outcome", 2), "record.edits[0].outcome[2]"),
        (put([], "edits"), "record.edits"),
    ],
)
def test_a_record_that_says_otherwise_is_seen(agreed, change, says):
    result, today = copy.deepcopy(agreed)
    change(result)
    (fault,) = compared(result, today, "learned")
    assert says in fault


@pytest.mark.parametrize(
    "change",
    [
        put(1.0005, "data", "plain", 0),
        put(0.505, "data", "learned", "losses", 0),
        put("  off by 1.8e-07", "edits", 0, "outcome", 2),
        put(date.today().isoformat(), "recipe", "date"),
    ],
)
def test_what_two_processors_may_differ_in_is_let_be(agreed, change):
    result, today = copy.deepcopy(agreed)
    change(result)
    assert compared(result, today, "learned") == []


@pytest.mark.parametrize(
    "changed, says",
    [
        ({"text": "p 3.43\n"}, "the text is not what the code makes of the data"),
        ({"figures": {}}, "the figures are not what the code makes of the data"),
    ],
)
def test_another_text_or_figure_is_seen(agreed, changed, says):
    result, today = agreed
    assert compared(result, replace(today, **changed), "learned") == [says]


def test_a_recorded_conclusion_that_fails_is_seen(monkeypatch):
    result = Result.read("recurrent-networks")
    recorded = result.record["data"]

    def held(data):
        return {"it is as recorded": data is not recorded}

    monkeypatch.setattr(recurrent_networks, "holds", held, raising=False)
    monkeypatch.setattr(recurrent_networks, "EDITS", [])
    assert "does not hold: it is as recorded" in stale(
        result, WRITTEN["recurrent-networks"].module
    )


@pytest.mark.parametrize(
    "a, b, faults",
    [
        (1.0, 1.0005, 0),
        (1.0, 1.002, 1),
        (2e-7, 3e-7, 0),
        (1e-5, 4e-5, 1),
        (float("nan"), float("nan"), 0),
        (float("nan"), 1.0, 1),
        (1.0, float("nan"), 1),
        (1000, 1001, 1),
        (1, 1.0, 1),
        (True, 1, 1),
        ([1, 2], [1, 2, 3], 1),
        ({"a": 1}, {"b": 1}, 1),
        ([{"a": [1.0, 2.0]}], [{"a": [1.1, 2.1]}], 2),
    ],
)
def test_what_differs(a, b, faults):
    assert len(differences(a, b, "data")) == faults
