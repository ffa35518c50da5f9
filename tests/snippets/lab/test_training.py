"""Why the loop can be believed: torn apart anywhere, it ends in the same place."""

import itertools
import os
import pty
import random
import re
import signal
import subprocess
import sys
import termios
import threading
import time
import types
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import nn

from snippets.lab import files, progress, training
from snippets.lab.checkpoints import About, Checkpoint, TrainingError, packed, read
from snippets.lab.training import fit

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
    with pytest.raises(TrainingError):
        fit(learner, batches, lambda m, b: loss(m, b) * float("nan"), 2)
    assert learner.training == before


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


def test_a_gradient_that_is_no_number_is_one_line_and_changes_nothing(tmp_path):
    learner = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(learner.weight)
    path = tmp_path / "checkpoint"
    said = "the gradient is inf at step 0: take a small"
    with Checkpoint(path) as checkpoint, pytest.raises(TrainingError, match=said):
        fit(
            learner,
            batches,
            lambda m, b: m.weight.sqrt().sum(),
            5,
            checkpoint=checkpoint,
        )
    assert learner.weight.item() == 0 and not path.exists()


class Named(NamedTuple):
    x: torch.Tensor
    label: str


def test_what_moves_to_the_device():
    meta = torch.device("meta")
    given = {"x": torch.ones(2), "y": [(torch.ones(1), 3)], "z": "text"}
    moved = training.moved(given, meta)
    assert type(moved["y"]) is list and type(moved["y"][0]) is tuple
    assert moved["x"].device == moved["y"][0][0].device == meta
    assert (moved["y"][0][1], moved["z"]) == (3, "text")
    named = training.moved(Named(torch.ones(1), "a"), meta)
    assert type(named) is Named and named.x.device == meta and named.label == "a"


# --- It goes on where it was


@pytest.mark.parametrize("stop", [0, 1, 7, 12])
def test_a_resumed_run_is_the_run_without_a_stop(tmp_path, stop):
    whole = model()
    expected = fit(whole, batches, loss, 12, seed=5)
    path = tmp_path / "new" / "checkpoint"
    with Checkpoint(path) as checkpoint:
        fit(model(), batches, loss, stop, seed=5, checkpoint=checkpoint)
    other = model(seed=99)
    torch.rand(17)
    with Checkpoint(path, resume=True) as checkpoint:
        losses = fit(other, batches, loss, 12, seed=5, checkpoint=checkpoint)
    assert losses == expected
    torch.testing.assert_close(weights(other), weights(whole), rtol=0, atol=0)


SCRIPT = """
import sys, time
from pathlib import Path
import torch
sys.path.insert(0, {tests!r})
from test_training import batches, loss, model
from snippets.lab import training
from snippets.lab.checkpoints import Checkpoint

training.SAVE_SECONDS = 0.0
steps, checkpoint, resume = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "resume"

def slowly(step):
    print(step, flush=True)
    time.sleep(0.01)
    return batches(step)

with Checkpoint(checkpoint, resume=resume) as opened:
    losses = training.fit(model(), slowly, loss, steps, seed=5, checkpoint=opened,
                          label="train")
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


def test_a_killed_run_is_resumed_to_the_same_losses_and_ctrl_c_keeps_them(tmp_path):
    path = tmp_path / "checkpoint"
    process = start(path, 10_000)
    wait_for(process, 9)
    with pytest.raises(TrainingError, match="another process is training"):
        Checkpoint(path, resume=True).__enter__()
    process.kill()
    process.communicate()
    saved = read(path)[1].step
    assert saved >= 9
    files.part_of(path).write_bytes(b"as if killed while it wrote")
    process = start(path, 10_000, "resume")
    assert process.stdout.readline() == f"{saved}\n"
    wait_for(process, saved + 8)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    assert process.returncode == 0
    losses = losses_of(output)
    assert saved + 8 < len(losses) < 10_000
    assert errors == f"stopped at step {len(losses)} of 10000; saved in {path}\n"
    assert read(path)[0]["losses"].tolist() == losses
    assert losses == fit(model(), batches, loss, len(losses), seed=5)
    assert {p.name for p in tmp_path.iterdir()} == {"checkpoint", "checkpoint.lock"}


def test_ctrl_c_saves_although_it_is_not_yet_time(tmp_path):
    path = tmp_path / "checkpoint"

    def interrupted(step):
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return batches(step)

    with Checkpoint(path) as checkpoint:
        losses = fit(model(), interrupted, loss, 100, checkpoint=checkpoint)
    assert len(losses) == 4
    assert read(path)[0]["losses"].tolist() == losses
    # Where nothing keeps it, nobody shall take it for a whole training.
    with pytest.raises(KeyboardInterrupt):
        fit(model(), interrupted, loss, 100)


def test_it_saves_every_few_seconds_and_at_the_end(tmp_path, monkeypatch):
    saved, ticks = [], itertools.count(step=4.0)
    clock = types.SimpleNamespace(monotonic=lambda: next(ticks))
    monkeypatch.setattr(training, "time", clock)
    monkeypatch.setattr(training, "SAVE_SECONDS", 10.0)
    monkeypatch.setattr(
        Checkpoint, "save", lambda self, m, o, losses, *_: saved.append(len(losses))
    )
    with Checkpoint(tmp_path / "checkpoint") as checkpoint:
        fit(model(), batches, loss, 10, checkpoint=checkpoint)
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


def trained(path, steps=2, **how):
    with Checkpoint(path, **how) as checkpoint:
        fit(model(), batches, loss, steps, checkpoint=checkpoint)


def refusal(path, learner=None, seed=0, **how):
    """The one line that a resumed training is refused with."""
    with (
        pytest.raises(TrainingError) as error,
        Checkpoint(path, **{"resume": True, **how}) as checkpoint,
    ):
        fit(learner or model(), batches, loss, 3, seed=seed, checkpoint=checkpoint)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_nothing_to_resume_is_one_line(tmp_path):
    assert "nothing to resume; start without" in refusal(tmp_path / "missing")


def test_a_training_is_never_written_over_unasked(tmp_path):
    path = tmp_path / "checkpoint"
    trained(path, 3)
    said = "holds a training at step 3 of 3; go on with --resume, or"
    assert said in refusal(path, resume=False)
    assert read(path)[1].step == 3
    trained(path, 2, restart=True)
    assert read(path)[1].step == 2


def test_a_checkpoint_of_another_training_is_one_line(tmp_path):
    path = tmp_path / "checkpoint"
    trained(path, of={"data": "a"})
    here = {"of": {"data": "a"}}
    assert "data was a, is b" in refusal(path, of={"data": "b"})
    assert "data was a, is None" in refusal(path, of={})
    assert "trained with seed 0, not 1" in refusal(path, seed=1, **here)
    other = "no checkpoint of this model"
    assert other in refusal(path, learner=nn.Linear(4, 1), **here)
    # As if another optimizer, or another version of ours, had written it.
    tensors, about = read(path)
    for changed, name in (
        ({k: t for k, t in tensors.items() if k != "losses"}, "Adam"),
        ({**tensors, "optimizer.0.exp_avg": torch.ones(7)}, "Adam"),
        ({**tensors, "random.cpu": torch.ones(3)}, "Adam"),
        (tensors, "SGD"),
    ):
        new = About(about.of, name, about.seed, about.step, about.steps)
        path.write_bytes(packed(changed, new))
        assert other in refusal(path, **here)


def test_a_damaged_checkpoint_is_one_line_and_stays(tmp_path):
    path = tmp_path / "checkpoint"
    trained(path)
    whole = path.read_bytes()
    chance = random.Random(0)
    damaged = [b"", b"junk", whole[:500], whole[:-1], whole + b"x", b"PK" + whole]
    # A digit in what it says of itself is another.
    damaged.append(re.sub(rb"(step\W+)\d", rb"\g<1>9", whole, count=1))
    assert damaged[-1] != whole
    for _ in range(60):  # one bit is another
        place, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        damaged.append(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
    damaged += [chance.randbytes(chance.randrange(300)) for _ in range(60)]
    for content in damaged:
        path.write_bytes(content)
        for resume in (True, False):
            assert "no whole checkpoint" in refusal(path, resume=resume)
        assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_told_before_the_training(tmp_path):
    (tmp_path / "file").write_text("")
    said = refusal(tmp_path / "file" / "checkpoint", resume=False)
    assert "cannot be written (" in said


def test_a_full_disk_stops_nothing_and_leaves_the_old_one(
    tmp_path, monkeypatch, capsys
):
    path = tmp_path / "checkpoint"
    trained(path)
    before = path.read_bytes()

    def full(number):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, Checkpoint(path, resume=True) as checkpoint:
        patched.setattr(training, "SAVE_SECONDS", 0.0)
        patched.setattr(files.os, "fsync", full)
        losses = fit(model(), batches, loss, 6, checkpoint=checkpoint)
    assert losses == fit(model(), batches, loss, 6)
    assert "step 6 is not saved (No space left" in checkpoint.trouble
    # Said once, when it began.
    (said,) = capsys.readouterr().err.splitlines()
    assert "step 3 is not saved" in said
    assert path.read_bytes() == before
    assert not files.part_of(path).exists()


def test_what_is_saved_after_all_is_no_trouble(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint"
    answers = iter([OSError(28, "No space left on device")])

    def full_once(number):
        for error in answers:
            raise error

    monkeypatch.setattr(training, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(files.os, "fsync", full_once)
    with Checkpoint(path) as checkpoint:
        losses = fit(model(), batches, loss, 3, checkpoint=checkpoint)
    assert checkpoint.trouble == ""
    with Checkpoint(path, resume=True) as checkpoint:
        assert fit(model(), batches, loss, 3, checkpoint=checkpoint) == losses


# --- What a person sees


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of some width as standard error; what it shows."""
    opened = []

    def open_one(columns):
        ours, theirs = pty.openpty()
        opened.append(ours)
        termios.tcsetwinsize(theirs, (24 if columns else 0, columns))
        monkeypatch.setattr(sys, "stderr", os.fdopen(theirs, "w"))
        return lambda: os.read(ours, 100_000).decode()

    yield open_one
    for number in opened:
        os.close(number)


def test_it_is_quiet_where_nobody_watches_for_long(capfd):
    fit(model(), batches, loss, 3, label="train")
    assert capfd.readouterr() == ("", "")


def test_a_log_gets_a_line_from_time_to_time(monkeypatch, capsys):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.01)

    def slowly(step):
        time.sleep(0.02)
        return batches(step)

    fit(model(), slowly, loss, 6, label="train")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 3
    pattern = r"train:  50% 3/6 \[\d\d:\d\d<\d\d:\d\d, .*loss=\d\.\d\d\d\]"
    assert any(re.fullmatch(pattern, line) for line in lines)


@pytest.mark.parametrize("columns", [80, 0])
def test_a_terminal_shows_the_loss_and_the_time_left(tmp_path, terminal, columns):
    # One of no columns does not know its size, as in many containers.
    path = tmp_path / "checkpoint"
    trained(path, 20)
    shown = terminal(columns)
    with Checkpoint(path, resume=True) as checkpoint:
        fit(model(), batches, loss, 60, checkpoint=checkpoint, label="train")
    # It goes on counting where the checkpoint was.
    output = shown()
    assert re.search(r"train:  33%.* 20/60 ", output)
    assert re.search(
        r"train: 100%.*60/60 \[\d\d:\d\d<\d\d:\d\d.*loss=\d\.\d\d\d", output
    )
