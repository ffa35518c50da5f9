"""The plain translator, trained otherwise, and what is recorded of it."""

from dataclasses import asdict, replace

import pytest
import torch

from snippets import bottleneck
from snippets.bottleneck import PLAIN, TRAININGS
from snippets.lab import freshness, record
from snippets.lab.record import Result


def test_it_counts_on_new_sentences_and_on_those_of_the_training(
    monkeypatch, tmp_path, capsys
):
    tiny = replace(PLAIN, steps=2, count=60, d_model=8, d_hidden=8)
    monkeypatch.setattr(bottleneck, "TRAININGS", {"longer": tiny})
    monkeypatch.setattr(bottleneck, "RESULTS", tmp_path)
    monkeypatch.setattr(bottleneck, "TESTS", 40)
    threads = torch.get_num_threads()
    assert bottleneck.main(["longer", "--record"]) == 0
    torch.set_num_threads(threads)
    assert "trained_on" in capsys.readouterr().out
    data = Result.read("seq2seq-longer", tmp_path).record["data"]
    assert data["settings"] == asdict(tiny)
    assert sum(group["count"] for group in data["lengths"]) == 500
    assert sum(group["count"] for group in data["trained_on"]) == 40


@pytest.mark.fresh
@pytest.mark.parametrize("name", TRAININGS)
def test_recorded_is_of_this_code(name):
    recorded = Result.read(f"seq2seq-{name}", record.RESULTS / "trained")
    recipe = record.recipe(
        f"python -m snippets.bottleneck {name}",
        seed=0,
        device="cpu",
        code=record.code_hash("snippets.bottleneck"),
    )
    today = {
        "name": f"seq2seq-{name}",
        "recipe": {**recipe, **freshness.pins(), "threads": 1},
        "data": {**recorded.record["data"], "settings": asdict(TRAININGS[name])},
    }
    again_by = f"record it again: {recipe['command']} --record"
    assert freshness.compared(recorded, Result(today)) == [], again_by
