"""Why the loop can be believed: torn apart anywhere, it ends in the same place."""

import itertools
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
import time
import types
from pathlib import Path

import pytest
import torch
from torch import nn

from snippets.lab import training
from snippets.lab.training import TrainingError, fit

ROOT = Path(__file__).resolve().parents[3]


def model(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 1)
    )  # fmt: skip


def batches(step):
    random = torch.Generator().manual_seed(step)
    x = torch.randn(16, 4, generator=random)
    return x, x.sum(-1, keepdim=True)


def loss(model, batch):
    x, y = batch
    return (model(x) - y).square().mean()


def weights(model):
    return [p.detach().clone() for p in model.parameters()]


# --- It trains


def test_it_is_adam_with_clipped_gradients():
    ours, theirs = model(), model()
    losses = fit(ours, batches, loss, 20, lr=0.01, seed=3)
    adam = torch.optim.Adam(theirs.parameters(), lr=0.01)
    torch.manual_seed(3)
    for step in range(20):
        adam.zero_grad()
        expected = loss(theirs, batches(step))
        expected.backward()
        length = torch.sqrt(sum(p.grad.square().sum() for p in theirs.parameters()))
        for p in theirs.parameters():
            p.grad *= (1 / (length + 1e-6)).clamp(max=1)
        adam.step()
        assert losses[step] == pytest.approx(expected.item(), rel=1e-5)
    torch.testing.assert_close(weights(ours), weights(theirs))


def test_it_learns():
    losses = fit(model(), batches, loss, 150, lr=0.02)
    assert sum(losses[-10:]) < 0.4 * sum(losses[:10])


@pytest.mark.parametrize("before", [True, False])
def test_it_trains_in_training_mode_and_leaves_the_mode_as_it_was(before):
    learner, modes = model().train(before), []
    fit(learner, batches, lambda m, b: modes.append(m.training) or loss(m, b), 2)
    assert modes == [True, True] and learner.training == before


def test_the_learning_rate_may_change_with_the_step():
    learner = model()
    fit(learner, batches, loss, 3)
    before = weights(learner)
    fit(learner, batches, loss, 5, lr=lambda step: 0.0)
    torch.testing.assert_close(weights(learner), before, rtol=0, atol=0)
    rates = []
    fit(learner, batches, loss, 3, lr=lambda step: rates.append(step) or 0.1)
    assert rates == [0, 1, 2]


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_a_loss_that_is_no_number_is_one_line(number):
    learner = model()
    said = f"the loss is {number} at step 0: take a small"
    with pytest.raises(TrainingError, match=said):
        fit(learner, batches, lambda m, b: loss(m, b) * float(number), 5)
    assert all(p.isfinite().all() for p in weights(learner))


def test_what_moves_to_the_device():
    meta = torch.device("meta")
    given = {"x": torch.ones(2), "y": [(torch.ones(1), 3)], "z": "text"}
    moved = training.moved(given, meta)
    assert type(moved["y"]) is list and type(moved["y"][0]) is tuple
    assert moved["x"].device == moved["y"][0][0].device == meta
    assert (moved["y"][0][1], moved["z"]) == (3, "text")


# --- It goes on where it was


@pytest.mark.parametrize("stop", [0, 1, 7, 12])
def test_a_resumed_run_is_the_run_without_a_stop(tmp_path, stop):
    whole = model()
    expected = fit(whole, batches, loss, 12, seed=5)
    path = tmp_path / "new" / "checkpoint.pt"
    fit(model(), batches, loss, stop, seed=5, checkpoint=path)
    other = model(seed=99)
    torch.rand(17)
    losses = fit(other, batches, loss, 12, seed=5, checkpoint=path, resume=True)
    assert losses == expected
    torch.testing.assert_close(weights(other), weights(whole), rtol=0, atol=0)


SCRIPT = """
import sys, time
from pathlib import Path
import torch
sys.path.insert(0, {tests!r})
from test_training import batches, loss, model
from snippets.lab import training

training.SAVE_SECONDS = 0.0
steps, checkpoint, resume = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "resume"

def slowly(step):
    print(step, flush=True)
    time.sleep(0.01)
    return batches(step)

losses = training.fit(model(), slowly, loss, steps, seed=5, checkpoint=checkpoint,
                      resume=resume, label="train")
print("losses", losses)
"""


def start(checkpoint, steps, resume=""):
    script = SCRIPT.format(tests=str(Path(__file__).parent))
    words = [sys.executable, "-c", script, str(steps), str(checkpoint), resume]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        words, env=environment, cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_for(process, step):
    for line in process.stdout:
        if line.strip() == str(step):
            return
    raise AssertionError(f"it ended before step {step}")


def losses_of(output):
    return [float(n) for n in re.search(r"losses \[(.*)\]", output)[1].split(", ") if n]


def test_a_killed_run_is_resumed_to_the_same_losses(tmp_path):
    path = tmp_path / "checkpoint.pt"
    process = start(path, 10_000)
    wait_for(process, 9)
    process.kill()
    process.communicate()
    saved = len(torch.load(path, weights_only=True)["losses"])
    assert saved >= 9
    steps = saved + 8
    output, errors = start(path, steps, "resume").communicate()
    assert errors == ""
    assert output.split()[0] == str(saved)
    assert losses_of(output) == fit(model(), batches, loss, steps, seed=5)


def test_ctrl_c_ends_it_with_what_it_has(tmp_path):
    path = tmp_path / "checkpoint.pt"
    process = start(path, 10_000)
    wait_for(process, 5)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    assert process.returncode == 0
    losses = losses_of(output)
    assert 5 < len(losses) < 10_000
    assert errors == f"stopped at step {len(losses)} of 10000; saved in {path}\n"
    assert torch.load(path, weights_only=True)["losses"] == losses


def test_ctrl_c_saves_although_it_is_not_yet_time(tmp_path):
    path = tmp_path / "checkpoint.pt"

    def interrupted(step):
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return batches(step)

    losses = fit(model(), interrupted, loss, 100, checkpoint=path)
    assert len(losses) == 4
    assert torch.load(path, weights_only=True)["losses"] == losses


def test_it_saves_every_few_seconds_and_at_the_end(tmp_path, monkeypatch):
    saved, ticks = [], itertools.count(step=4.0)
    clock = types.SimpleNamespace(monotonic=lambda: next(ticks))
    monkeypatch.setattr(training, "time", clock)
    monkeypatch.setattr(training, "SAVE_SECONDS", 10.0)
    monkeypatch.setattr(
        training, "save", lambda *content: saved.append(len(content[3]))
    )
    fit(model(), batches, loss, 10, checkpoint=tmp_path / "checkpoint.pt")
    assert saved == [3, 6, 9, 10]


def test_a_second_ctrl_c_does_not_wait():
    with pytest.raises(KeyboardInterrupt), training.interruptible() as event:
        os.kill(os.getpid(), signal.SIGINT)
        assert event.wait(5)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)


def test_ctrl_c_is_given_back():
    def ours(number, frame): ...

    before = signal.signal(signal.SIGINT, ours)
    try:
        fit(model(), batches, loss, 2)
        assert signal.getsignal(signal.SIGINT) is ours
    finally:
        signal.signal(signal.SIGINT, before)


def test_it_runs_in_a_thread():
    found = []
    thread = threading.Thread(
        target=lambda: found.extend(fit(model(), batches, loss, 3))
    )
    thread.start()
    thread.join()
    assert len(found) == 3


# --- Checkpoints that cannot be used, and places that cannot be written


def test_nothing_to_resume_is_one_line(tmp_path):
    for path in (None, tmp_path / "missing.pt"):
        with pytest.raises(TrainingError, match="nothing to resume; start without"):
            fit(model(), batches, loss, 3, checkpoint=path, resume=True)


def test_a_checkpoint_of_something_else_is_one_line(tmp_path):
    path = tmp_path / "checkpoint.pt"
    fit(model(), batches, loss, 2, checkpoint=path)
    half = path.read_bytes()[:500]
    with pytest.raises(TrainingError, match="trained with seed 0, not 1") as error:
        fit(model(), batches, loss, 3, seed=1, checkpoint=path, resume=True)
    assert "\n" not in str(error.value)
    torch.save({"weights": 1}, tmp_path / "other.pt")
    (tmp_path / "half.pt").write_bytes(half)
    (tmp_path / "text.pt").write_text("no checkpoint")
    for name in ("other.pt", "half.pt", "text.pt", "."):
        with pytest.raises(TrainingError, match="no checkpoint of this model") as error:
            fit(model(), batches, loss, 3, checkpoint=tmp_path / name, resume=True)
        assert "\n" not in str(error.value)
    with pytest.raises(TrainingError, match="no checkpoint of this model") as error:
        fit(nn.Linear(4, 1), batches, loss, 3, checkpoint=path, resume=True)
    assert "\n" not in str(error.value)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match=r"cannot be written \(.*\); take another"):
        fit(model(), batches, loss, 1, checkpoint=tmp_path / "file" / "checkpoint.pt")


def test_a_checkpoint_is_whole_or_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    fit(model(), batches, loss, 2, checkpoint=path)
    before = path.read_bytes()

    def half(content, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(training.torch, "save", half)
    with pytest.raises(TrainingError, match="No space left"):
        fit(model(), batches, loss, 3, checkpoint=path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


# --- What a person sees


def test_it_is_quiet_where_nobody_watches(capfd):
    fit(model(), batches, loss, 3, label="train")
    assert capfd.readouterr() == ("", "")


def test_a_terminal_shows_the_loss_and_the_time_left(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    fit(model(), batches, loss, 20, checkpoint=path)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        how = {"label": "train", "checkpoint": path, "resume": True}
        fit(model(), batches, loss, 60, **how)
        shown = os.read(ours, 100_000).decode()
    os.close(ours)
    # It goes on counting where the checkpoint was.
    assert re.search(r"train:  33%.* 20/60 ", shown)
    assert re.search(
        r"train: 100%.*60/60 \[\d\d:\d\d<\d\d:\d\d.*loss=\d\.\d\d\d", shown
    )
