"""The runner of claims: one measurement for each seed, one conclusion from them all.

A claim is `snippets/claims/NAME.py` with

    CLAIM, PAPER, WHERE, REPORTED   what is claimed, by which record, where, with what
    TRIED                           optional: what else was tried
    measure(seed) -> rows           plain numbers; a row is a dict
    conclude(rows) -> (verdict, words)   computed from the rows of all seeds
    show(rows) -> None              prints the table
    draw(rows) -> Figure            every seed is a dot
"""

from __future__ import annotations

import importlib
import json
import time
import types
from collections.abc import Sequence
from typing import Any

import torch

from snippets.lab import record
from snippets.lab.progress import progress
from snippets.lab.record import Data, Result

RESULTS = record.RESULTS / "claims"
VERDICTS = ("seen", "partly", "not seen")


def module_of(name: str) -> str:
    return f"snippets.claims.{name.replace('-', '_')}"


def measure(
    claim: types.ModuleType, seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """The rows of every seed, each with its seed, as JSON will hold them."""
    rows = []
    with progress(len(seeds), "seeds", unit="seed") as bar:
        for seed in seeds:
            torch.manual_seed(seed)
            for row in claim.measure(seed):
                rows.append({"seed": seed, **record.plain(row)})
            bar.update()
    return rows


def conclude(
    claim: types.ModuleType, rows: list[dict[str, Any]]
) -> tuple[str, str]:
    """The verdict and its reason.

    Raises:
        ValueError: the claim gives a verdict that is none.
    """
    verdict, words = claim.conclude(rows)
    if verdict not in VERDICTS:
        raise ValueError(
            f"a verdict is one of {VERDICTS}, not {verdict!r}"
        )
    return verdict, words


def printed(claim: types.ModuleType, rows: list[dict[str, Any]]) -> str:
    """The table, and the conclusion under it."""
    verdict, words = conclude(claim, rows)
    table = record.captured(lambda: claim.show(rows))
    return f"{table}\n{verdict}: {words}\n"


def drawn(
    claim: types.ModuleType, rows: list[dict[str, Any]], name: str
) -> str:
    """The figure as SVG."""
    from snippets.lab.plots import svg

    return svg(claim.draw(rows), f"claim-{name}")


def recorded_verdict(name: str) -> str:
    """What the claim came to when it was recorded, if it was."""
    try:
        text = (RESULTS / f"{name}.json").read_text(encoding="utf-8")
        return str(json.loads(text)["verdict"])
    except (OSError, ValueError, LookupError, TypeError):
        return "nothing"


def _circumstances(name: str, seconds: float) -> Data:
    """The recipe of a result, with the versions under one name."""
    recipe = record.recipe(
        f"python -m snippets claim {name}", module_of(name), seconds
    )
    versions = {key: recipe.pop(key) for key in ("python", "torch")}
    return {**recipe, "versions": versions}


def run(name: str, seeds: Sequence[int]) -> Result:
    """Run one claim over the seeds; the record holds every seed's numbers."""
    claim = importlib.import_module(module_of(name))
    # Of one processor: a busy machine does not make a claim slower.
    start = time.process_time()
    rows = measure(claim, seeds)
    seconds = time.process_time() - start
    verdict, words = conclude(claim, rows)
    content: Data = {
        "name": name,
        "claim": claim.CLAIM,
        "paper": claim.PAPER,
        "where": claim.WHERE,
        "reported": claim.REPORTED,
        "tried": getattr(claim, "TRIED", ""),
        "verdict": verdict,
        "conclusion": words,
        "seeds": list(seeds),
        "rows": rows,
        **_circumstances(name, seconds),
    }
    return Result(
        content, printed(claim, rows), drawn(claim, rows, name)
    )
