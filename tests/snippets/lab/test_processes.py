"""Two processes learn what one does: started by torchrun, killed, sharing weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from snippets.lab.checkpoints import About, tensors_of
from tests.snippets.lab import team

ROOT = Path(__file__).parents[3]


def torchrun(folder, *words):
    """What two processes found."""
    how = ["--standalone", "--nproc-per-node=2", "--max-restarts=3"]
    program = ["-m", "tests.snippets.lab.team", str(folder), *words]
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *how, *program],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
    )
    return json.loads((folder / "found.json").read_text())


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The losses of one process that takes both batches of every step, its weights."""
    folder = tmp_path_factory.mktemp("alone")
    losses = team.trained(team.model(), folder, accumulate=2)
    return losses, tensors_of(folder, About.read(folder), "weights")


def test_two_processes_have_the_losses_of_one(tmp_path, alone):
    losses, weights = alone
    found = torchrun(tmp_path)
    assert found["kept"] == 16  # of 32 weights
    for kind in ("data", "shared"):
        assert found[kind] == pytest.approx(losses, rel=0, abs=1e-10)
        folder = tmp_path / kind
        written = tensors_of(folder, About.read(folder), "weights")
        torch.testing.assert_close(written, weights, rtol=0, atol=1e-10)


def test_a_killed_process_is_started_again_and_nothing_is_lost(tmp_path, alone):
    found = torchrun(tmp_path, "killed")
    assert found["killed"] == pytest.approx(alone[0], rel=0, abs=1e-10)


def test_batches_count_by_their_tokens(alone):
    """The first loss is the mean over all rows of both batches."""
    model, parts = team.model(), [team.batches(0), team.batches(1)]
    squares = [(model(x) - y).square() for x, y in parts]
    expected = torch.cat(squares).mean().item()
    assert alone[0][0] == pytest.approx(expected, rel=0, abs=1e-12)
    assert len(parts[0][0]) != len(parts[1][0])
