"""What was recorded, as the pages read it: docs/results/**/NAME.{json,txt,svg}."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from website.errors import RenderError


@dataclass(frozen=True)
class Result:
    """One record: its recipe, its data, and the text and the figure made from them."""

    name: str
    record: Mapping[str, Any]
    text: str = ""
    #: Which figures there are, named as their files end: svg, look.svg, 1.svg.
    figures: frozenset[str] = frozenset()

    @property
    def data(self) -> Any:
        return self.record["data"]

    @property
    def recipe(self) -> Mapping[str, Any]:
        return dict(self.record["recipe"])

    @property
    def edits(self) -> Sequence[Mapping[str, Any]]:
        return tuple(self.record.get("edits", ()))


def load_results(docs: Path, kind: str = "") -> dict[str, Result]:
    """The records in `docs/results/` or in the folder of a kind below it, by name.

    Raises:
        RenderError: a record is no JSON.
    """
    found = {}
    for path in sorted((docs / "results" / kind).glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            shown = path.relative_to(docs).as_posix()
            raise RenderError(f"docs/{shown}: {error}") from None
        if "recipe" in record:  # else it measures the project, and is on no page
            printed = path.with_suffix(".txt")
            found[path.stem] = Result(
                path.stem,
                record,
                printed.read_text(encoding="utf-8") if printed.exists() else "",
                frozenset(
                    figure.name.removeprefix(f"{path.stem}.")
                    for figure in path.parent.glob(f"{path.stem}.*svg")
                ),
            )
    return found
