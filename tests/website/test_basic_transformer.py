"""The notebook that builds a Transformer: its assertions notice what is done wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools.notebooks import NOTEBOOKS

CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads(
        (NOTEBOOKS / "basic-transformer.ipynb").read_text(encoding="utf-8")
    )["cells"]
    if cell["cell_type"] == "code" and cell["id"] != "set-up"
}


@pytest.mark.parametrize(
    "right, wrong, noticed",
    [
        (" / math.sqrt(query.shape[-1])", "", "attention"),
        ("scores.softmax(-1)", "scores.softmax(-2)", "attention"),
        ("return x + positions(ids.shape[1], d_model)", "return x", "embedding"),
        (".tril()", ".tril(1)", "masks"),
        ("masked_fill(~mask", "masked_fill(mask", "masks"),
        ("heads.transpose(1, 2).flatten(2)", "heads.flatten(2)", "split"),
        ("(ids != PAD)[", "(ids == ids)[", "stack"),
        ("nn.ModuleList(blocks)", "nn.ModuleList(blocks[:1])", "count"),
        ("self.cross(x, memory, real)", "self.cross(x, x, past)", "model-check"),
        ("surprise[wanted != PAD].mean()", "surprise.mean()", "loss"),
    ],
)
def test_an_assertion_notices(right: str, wrong: str, noticed: str) -> None:
    assert sum(source.count(right) for source in CELLS.values()) == 1
    names: dict[str, Any] = {}
    at = list(CELLS).index(noticed)
    *before, last = [source.replace(right, wrong) for source in CELLS.values()][
        : at + 1
    ]
    for source in before:
        exec(source, names)
    with pytest.raises(AssertionError):
        exec(last, names)
