"""Why the loop can be believed: torn apart anywhere, it ends in the same place."""

import copy
import math
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import nn
from transformers import (
    get_cosine_schedule_with_warmup,
    get_linear_schedule_with_warmup,
)

from snippets.lab import checkpoints, files, progress, training
from snippets.lab.checkpoints import About, Checkpoint, TrainingError
from snippets.lab.training import cosine, decayed, linear
from tests.snippets.lab.learner import batches, loss, model, run, weights

ROOT = Path(__file__).resolve().parents[3]


def assert_same(ours, theirs):
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=0, atol=0)


# --- It trains


@pytest.mark.parametrize("kind", ["Adam", "AdamW", "SGD", "Adafactor"])
def test_fit_takes_clipped_steps_of_any_optimizer(kind):
    ours, theirs = model(), model()
    make = getattr(torch.optim, kind)
    losses = run(ours, 20, optimizer=make(ours.parameters(), lr=0.01), clip=0.5)
    optimizer = make(theirs.parameters(), lr=0.01)
    torch.manual_seed(5)
    for step in range(20):
        optimizer.zero_grad()
        expected = loss(theirs, batches(step))
        expected.backward()
        length = torch.sqrt(sum(p.grad.square().sum() for p in theirs.parameters()))
        for p in theirs.parameters():
            p.grad *= (0.5 / (length + 1e-6)).clamp(max=1)
        optimizer.step()
        assert losses[step] == pytest.approx(expected.item(), rel=1e-5)
    torch.testing.assert_close(weights(ours), weights(theirs))


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_fit_accumulates_to_one_large_batch(parts):
    def part(number):
        x, y = batches(number // parts)
        return x.chunk(parts)[number % parts], y.chunk(parts)[number % parts]

    whole, ours = model().eval(), model().eval()
    whole[2].p = ours[2].p = 0.0  # what is dropped would be drawn in another order
    expected = run(whole, 10)
    losses = run(ours, 10, batches=part, accumulate=parts)
    assert losses == pytest.approx(expected, rel=1e-5)
    torch.testing.assert_close(weights(ours), weights(whole))


def test_fit_computes_in_bfloat16_and_keeps_its_weights():
    seen = []

    def seeing(model, batch):
        seen.append(model[0](batch[0]).dtype)
        return loss(model, batch)

    learner, exact = model(), model()
    losses = run(learner, 5, loss=seeing, precision=torch.bfloat16)
    assert set(seen) == {torch.bfloat16}
    assert {p.dtype for p in learner.parameters()} == {torch.float32}
    assert losses == pytest.approx(run(exact, 5), rel=0.05)
    assert losses != run(model(), 5)
    with pytest.raises(ValueError, match="float16 loses small"):
        run(learner, 1, precision=torch.float16)


def test_fit_trains_a_compiled_model_alike():
    compiled, exact = model(), model()
    compiled[2].p = exact[2].p = 0.0
    compiled.compile(backend="aot_eager")
    assert run(compiled, 5) == pytest.approx(run(exact, 5), rel=1e-5)
    torch.testing.assert_close(weights(compiled), weights(exact))


def test_fit_follows_the_schedule_and_gives_the_rates_back():
    learner = model()
    groups = [
        {"params": [p], "lr": 0.1 * n} for n, p in enumerate(learner.parameters())
    ]
    optimizer, seen = torch.optim.SGD(groups), []

    def schedule(step):
        seen.append([group["lr"] for group in optimizer.param_groups])
        return 1 / (step + 1)

    run(learner, 3, optimizer=optimizer, schedule=schedule)
    rates = [0.0, 0.1, 0.2, 0.30000000000000004]
    assert seen == [rates, rates, [rate / 2 for rate in rates]]
    assert [group["lr"] for group in optimizer.param_groups] == rates
    before = weights(learner)
    run(learner, 2, schedule=lambda step: 0.0)
    torch.testing.assert_close(weights(learner), before, rtol=0, atol=0)


LIBRARY = [
    (linear, get_linear_schedule_with_warmup),
    (cosine, get_cosine_schedule_with_warmup),
]


@pytest.mark.parametrize(("ours", "theirs"), LIBRARY)
@pytest.mark.parametrize("warmup", [0, 7])
def test_schedules_equal_those_of_the_library(ours, theirs, warmup):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = theirs(optimizer, warmup, 40)
    for step in range(41):
        # Theirs begins to warm up at 0, where nothing is learned; ours a step later.
        share = ours(step, 40, warmup) if step >= warmup else ours(step - 1, 40, warmup)
        assert share == pytest.approx(scheduler.get_last_lr()[0], abs=1e-9)
        optimizer.step()
        scheduler.step()
    assert ours(0, 40, 4) == 0.25 and ours(39, 40, 4, least=0.2) >= 0.2
    assert (
        ours(40, 40, 4, least=0.2) == ours(99, 40, 4, least=0.2) == pytest.approx(0.2)
    )


def test_decayed_matrices_decay_and_vectors_do_not():
    learner = nn.Sequential(nn.Embedding(3, 2), nn.Linear(2, 2), nn.LayerNorm(2))
    before = copy.deepcopy(learner.state_dict())
    groups = decayed(learner, 0.5, without=["0.weight"])
    optimizer = torch.optim.AdamW(groups, lr=0.1)
    for p in learner.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    for name, tensor in learner.state_dict().items():
        share = 0.95 if name == "1.weight" else 1
        torch.testing.assert_close(tensor, share * before[name])
    with pytest.raises(ValueError, match="no parameter wte"):
        decayed(learner, 0.5, without=["wte"])


@pytest.mark.parametrize("before", [True, False])
def test_fit_trains_in_training_mode_and_leaves_the_mode_as_it_was(before):
    learner, modes = model().train(before), []
    run(learner, 2, loss=lambda m, b: modes.append(m.training) or loss(m, b))
    assert modes == [True, True] and learner.training == before
    with pytest.raises(TrainingError):
        run(learner, 2, loss=lambda m, b: loss(m, b) * float("nan"))
    assert learner.training == before


@pytest.mark.parametrize("look", [0.0, 99.0])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda weight: weight.sum() * math.nan, "loss is nan"),
        (lambda weight: weight.abs().sum() / 0, "loss is inf"),
        (lambda weight: (0 * weight).sqrt().sum(), "gradient is nan"),
    ],
)
def test_fit_refuses_what_is_no_number_and_keeps_the_last_good(
    look, wrong, said, tmp_path, monkeypatch
):
    def breaking(model, step):
        return wrong(model.weight) if step == 2 else model.weight.square().sum()

    monkeypatch.setattr(training, "LOOK_SECONDS", look)
    learner, how = nn.Linear(1, 1, bias=False), {"batches": int, "loss": breaking}
    with Checkpoint(tmp_path) as checkpoint:
        run(learner, 2, checkpoint=checkpoint, **how)
    said = f"the {said} at step 2: take a smaller learning rate"
    with (
        pytest.raises(TrainingError, match=said),
        Checkpoint(tmp_path, resume=True) as checkpoint,
    ):
        run(learner, 9, checkpoint=checkpoint, **how)
    good, about = checkpoints.load(tmp_path, lambda: nn.Linear(1, 1, bias=False))
    assert about.step == 2 and good.weight.isfinite().all()


class Named(NamedTuple):
    x: torch.Tensor
    label: str


def test_moved_moves_what_is_within():
    meta = torch.device("meta")
    given = {"x": torch.ones(2), "y": [(torch.ones(1), 3)], "z": "text"}
    moved = training.moved(given, meta)
    assert type(moved["y"]) is list and type(moved["y"][0]) is tuple
    assert moved["x"].device == moved["y"][0][0].device == meta
    assert (moved["y"][0][1], moved["z"]) == (3, "text")
    named = training.moved(Named(torch.ones(1), "a"), meta)
    assert type(named) is Named and named.x.device == meta and named.label == "a"


# --- It evaluates


def scored(scores, steps=99, **how):
    """A training whose evaluations give these scores; its steps, and its weights."""
    given, kept = iter(scores), []

    def evaluate(model):
        assert not model.training and not torch.is_grad_enabled()
        kept.append(weights(model))
        return next(given)

    learner = model()
    losses = run(learner, steps, evaluate=evaluate, every=3, **how)
    return len(losses), kept


@pytest.mark.parametrize(
    ("scores", "how", "steps"),
    [
        ([3.0, 2.0, 4.0, 1.0], {"steps": 14}, 14),
        ([3.0, 2.0, 4.0, 5.0], {"patience": 2}, 12),
        ([3.0, 4.0, 2.0, 2.0, 2.0], {"patience": 2}, 15),
        ([3.0, 2.0, 1.0], {"goal": 1.5}, 9),
    ],
)
def test_fit_ends_by_the_scores(scores, how, steps, tmp_path):
    assert scored(scores, **how)[0] == steps
    with pytest.raises(TrainingError, match="the score is nan at step 3"):
        scored([math.nan])
    # The best is kept, the last is gone on with; and what has ended stays ended.
    with Checkpoint(tmp_path) as checkpoint:
        kept = scored(scores, checkpoint=checkpoint, **how)[1]
    best, about = checkpoints.load(tmp_path, model)
    assert about.best.score == min(scores) and about.step == steps
    expected = kept[scores.index(min(scores))]
    torch.testing.assert_close(weights(best), expected, rtol=0, atol=0)
    with Checkpoint(tmp_path, resume=True) as checkpoint:
        assert scored([], checkpoint=checkpoint, **how)[0] == steps


@pytest.mark.parametrize("stop", [2, 3, 7, 10])
def test_fit_resumes_to_the_same_end_by_scores(tmp_path, stop):
    def score(model):
        return abs(7 - len(seen))  # smallest after step 7, so that step 9 ends it

    def counting(step):
        seen[step] = True
        return batches(step)

    how = {"batches": counting, "evaluate": score, "every": 1, "patience": 2}
    seen, whole = {}, model()
    expected = run(whole, 99, **how)
    seen = {}
    with Checkpoint(tmp_path) as checkpoint:
        run(model(), stop, checkpoint=checkpoint, **how)
    other = model()
    with Checkpoint(tmp_path, resume=True) as checkpoint:
        assert run(other, 99, checkpoint=checkpoint, **how) == expected
    assert_same(other, whole)
    assert len(expected) == 9 and len([*tmp_path.glob("weights-*")]) == 2


# --- It goes on where it was


@pytest.mark.parametrize("stop", [0, 1, 7, 12])
@pytest.mark.parametrize("kind", ["AdamW", "SGD", "Adafactor"])
def test_fit_resumed_is_the_run_without_a_stop(tmp_path, stop, kind):
    def make(learner):
        more = {"momentum": 0.9} if kind == "SGD" else {}
        return getattr(torch.optim, kind)(learner.parameters(), lr=0.01, **more)

    schedule = partial(cosine, steps=12, warmup=3)
    whole = model()
    expected = run(whole, 12, optimizer=make(whole), schedule=schedule)
    path = tmp_path / "new" / "checkpoint"
    part, other = model(), model(seed=99)
    how = {"schedule": schedule}
    with Checkpoint(path) as checkpoint:
        run(part, stop, optimizer=make(part), checkpoint=checkpoint, **how)
    how |= {"optimizer": make(other), "seed": 7}
    with Checkpoint(path, resume=True) as checkpoint:
        assert run(other, 12, checkpoint=checkpoint, **how) == expected
    assert_same(other, whole)


SCRIPT = """
import sys, time
from pathlib import Path
from snippets.lab import training
from snippets.lab.checkpoints import Checkpoint
from tests.snippets.lab.learner import batches, model, run

training.SAVE_SECONDS, training.SAVE_SHARE = 0.0, float("inf")

def slowly(step):
    print(step, flush=True)
    time.sleep(0.01)
    return batches(step)

with Checkpoint(Path(sys.argv[1])) as opened:
    run(model(), 10_000, batches=slowly, checkpoint=opened)
"""


def test_fit_killed_is_resumed_to_the_same_losses(tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)
    assert any(line == "9\n" for line in process.stdout)
    with pytest.raises(TrainingError, match="another process is training"):
        Checkpoint(tmp_path, resume=True).__enter__()
    process.kill()
    process.communicate()
    saved = About.read(tmp_path).step
    assert saved >= 8
    files.part_of(tmp_path / f"weights-{0:016}.safetensors").write_bytes(
        b"killed at it"
    )
    with Checkpoint(tmp_path, resume=True) as checkpoint:
        losses = run(model(), saved + 5, checkpoint=checkpoint)
    assert losses == run(model(), saved + 5)
    kinds = sorted(path.name.partition("-")[0] for path in tmp_path.iterdir())
    assert kinds == ["checkpoint.json", "lock", "state", "weights"]


def test_fit_saves_at_ctrl_c_although_it_is_not_yet_time(tmp_path, capsys):
    def interrupted(step):
        if step == 3:
            signal.raise_signal(signal.SIGINT)
        return batches(step)

    with Checkpoint(tmp_path) as checkpoint:
        losses = run(model(), 100, batches=interrupted, checkpoint=checkpoint)
    assert losses == run(model(), 4) and About.read(tmp_path).step == 4
    said = f"stopped at step 4 of 100; saved in {tmp_path}\n"
    assert capsys.readouterr().err == said
    # Where nothing keeps it, nobody shall take it for a whole training.
    with pytest.raises(KeyboardInterrupt):
        run(model(), 100, batches=interrupted)


@pytest.mark.parametrize(("took", "expected"), [(0, [3, 6, 9, 10]), (2, [3, 8, 10])])
def test_fit_saves_every_few_seconds_and_at_the_end(
    took, expected, tmp_path, monkeypatch
):
    saved, now = [], 0.0

    class Clock:
        monotonic = staticmethod(lambda: now)

    def slowly(step):
        nonlocal now
        now += 4
        return batches(step)

    def save(self, model, optimizer, losses, *_):
        nonlocal now
        now += took
        saved.append(len(losses))

    monkeypatch.setattr(training, "time", Clock)
    monkeypatch.setattr(Checkpoint, "save", save)
    with Checkpoint(tmp_path) as checkpoint:
        run(model(), 10, batches=slowly, checkpoint=checkpoint)
    assert saved == expected


def test_interruptible_does_not_wait_for_a_second_ctrl_c():
    with pytest.raises(KeyboardInterrupt), training.interruptible() as event:
        os.kill(os.getpid(), signal.SIGINT)
        assert event.wait(5)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)


def test_fit_gives_ctrl_c_back_and_runs_in_a_thread():
    def ours(number, frame): ...

    before, found = signal.signal(signal.SIGINT, ours), []
    try:
        run(model(), 2)
        assert signal.getsignal(signal.SIGINT) is ours
    finally:
        signal.signal(signal.SIGINT, before)
    thread = threading.Thread(target=lambda: found.extend(run(model(), 3)))
    thread.start()
    thread.join()
    assert len(found) == 3


# --- What a person sees


def test_a_log_gets_a_line_from_time_to_time(monkeypatch, capsys):
    run(model(), 3, label="train")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.01)
    monkeypatch.setattr(training, "LOOK_SECONDS", 0.0)

    def slowly(step):
        time.sleep(0.02)
        return batches(step)

    run(model(), 6, batches=slowly, label="train")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 3
    pattern = r"train:  50% 3/6 \[\d\d:\d\d<\d\d:\d\d, .*loss=\d\.\d\d\d\]"
    assert any(re.fullmatch(pattern, line) for line in lines)


@pytest.mark.parametrize("columns", [80, 0])
def test_a_terminal_shows_the_loss_and_the_time_left(tmp_path, monkeypatch, columns):
    # One of no columns does not know its size, as in many containers.
    with Checkpoint(tmp_path) as checkpoint:
        run(model(), 20, checkpoint=checkpoint)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24 if columns else 0, columns))
    with os.fdopen(ours, "rb", 0) as shown, os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with Checkpoint(tmp_path, resume=True) as checkpoint:
            run(model(), 60, checkpoint=checkpoint, label="train")
        output = shown.read(100_000).decode()
    # It goes on counting where the checkpoint was.
    assert re.search(r"train:  33%\|.* 20/60 ", output)
    last = r"train: 100%.*60/60 \[\d\d:\d\d<\d\d:\d\d.*loss=\d\.\d\d\d"
    assert re.search(last, output)
