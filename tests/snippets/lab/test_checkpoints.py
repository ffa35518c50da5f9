"""What a checkpoint holds, and which ones are refused, each in one line."""

import dataclasses
import hashlib
import random
import re

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from snippets.lab import checkpoints, files, training
from snippets.lab.checkpoints import ABOUT, About, Checkpoint, TrainingError, packed
from tests.snippets.lab.learner import model, run, weights


def trained(path, steps=2, learner=None, **how):
    learner = learner or model()
    with Checkpoint(path, **how) as checkpoint:
        run(learner, steps, checkpoint=checkpoint)
    return learner


class Tied(nn.Module):
    """Two names for one matrix."""

    def __init__(self, size, d_model):
        super().__init__()
        self.embedding = nn.Embedding(size, d_model)
        self.output = nn.Linear(d_model, size, bias=False)
        self.output.weight = self.embedding.weight

    def forward(self, x):
        return self.output(self.embedding(x.long().abs()[:, 0] % 5)).mean(-1, True)


def test_load_gives_the_model_and_what_it_means(tmp_path):
    sizes, words = {"size": 5, "d_model": 3}, ["robô", "copo"]
    learner = trained(tmp_path, learner=Tied(5, 3), sizes=sizes, vocabulary=words)
    loaded, about = checkpoints.load(tmp_path, Tied)
    assert about.vocabulary == words and about.sizes == sizes
    torch.testing.assert_close(weights(loaded), weights(learner), rtol=0, atol=0)
    assert loaded.output.weight is loaded.embedding.weight
    # Any program can read the file, and give the numbers any place.
    (file,) = tmp_path.glob("weights-*.safetensors")
    fresh = Tied(5, 3)
    fresh.load_state_dict(load_file(file))
    torch.testing.assert_close(weights(fresh), weights(learner), rtol=0, atol=0)
    on_meta, _ = checkpoints.load(tmp_path, Tied, "meta")
    assert on_meta.output.weight.device.type == "meta"
    with pytest.raises(TrainingError, match="no checkpoint of this model"):
        checkpoints.load(tmp_path, nn.Linear)


def refusal(path, learner=None, optimizer=None, **how):
    """The one line that a resumed training is refused with."""
    learner = learner or model()
    with (
        pytest.raises(TrainingError) as error,
        Checkpoint(path, **{"resume": True, **how}) as checkpoint,
    ):
        run(learner, 3, checkpoint=checkpoint, optimizer=optimizer)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_checkpoint_is_never_written_over_unasked(tmp_path):
    assert "nothing to resume; start without" in refusal(tmp_path / "missing")
    (tmp_path / "file").write_text("")
    said = refusal(tmp_path / "file" / "checkpoint", resume=False)
    assert "cannot be written (" in said
    trained(tmp_path, 3)
    said = "holds a training at step 3 of 3; go on with --resume, or"
    assert said in refusal(tmp_path, resume=False)
    assert About.read(tmp_path).step == 3
    trained(tmp_path, 2, restart=True)
    assert About.read(tmp_path).step == 2


@pytest.mark.parametrize("how", [{"accumulate": 2}, {"clip": 0.5}])
def test_training_goes_on_as_it_began(tmp_path, how):
    trained(tmp_path)
    with (
        pytest.raises(TrainingError, match=f"another training: {next(iter(how))} was"),
        Checkpoint(tmp_path, resume=True) as checkpoint,
    ):
        run(model(), 3, checkpoint=checkpoint, **how)


def test_checkpoint_of_another_training_is_refused(tmp_path):
    here = {"of": {"data": "a", "seed": 0}, "sizes": {"d": 1}, "vocabulary": ["a"]}
    trained(tmp_path, **here)
    for changed, said in (
        ({"of": {"data": "b", "seed": 0}}, "data was a, is b"),
        ({"of": {}}, "data was a, is None"),
        ({"of": {"data": "a", "seed": 1}}, "seed was 0, is 1"),
        ({"sizes": {"d": 2}}, "sizes was {'d': 1}, is {'d': 2}"),
        ({"vocabulary": ["b"]}, "vocabulary was ['a'], is ['b']"),
    ):
        assert said in refusal(tmp_path, **{**here, **changed})
    learner = model()
    sgd = torch.optim.SGD(learner.parameters(), lr=0.1)
    other = "no checkpoint of this model"
    assert other in refusal(tmp_path, learner, sgd, **here)
    assert other in refusal(tmp_path, learner=nn.Linear(4, 1), **here)


@pytest.mark.parametrize(
    "changes",
    [
        {"losses": None},
        {"random.cpu": torch.ones(3)},
        {"optimizer.77.exp_avg": torch.ones(7)},
        {"optimizer.0.exp_avg": torch.ones(7)},
    ],
)
def test_checkpoint_with_another_state_is_refused(tmp_path, changes):
    # As if another program, or another version of ours, had written it.
    trained(tmp_path)
    about = About.read(tmp_path)
    state = {**checkpoints.tensors_of(tmp_path, about, "state"), **changes}
    content = packed({name: t for name, t in state.items() if t is not None})
    digest = checkpoints._digest(content)
    checkpoints.path_of(tmp_path, "state", digest).write_bytes(content)
    about = dataclasses.replace(about, files={**about.files, "state": digest})
    (tmp_path / ABOUT).write_bytes(about.written())
    assert "no checkpoint of this model" in refusal(tmp_path)


@pytest.mark.parametrize("name", [ABOUT, "weights", "state"])
def test_damaged_checkpoint_is_refused_and_stays(tmp_path, name):
    trained(tmp_path)
    (path,) = tmp_path.glob(f"{name}*")
    whole, chance = path.read_bytes(), random.Random(0)
    damaged = [b"", b"junk", whole[:300], whole[:-1], whole + b"x", b"PK" + whole]
    # A number in what it says of itself is another.
    damaged += [re.sub(rb'(step": )\d', rb"\g<1>9", whole)] if name == ABOUT else []
    for _ in range(20):  # one bit is another
        place, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        damaged.append(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
    damaged += [chance.randbytes(chance.randrange(300)) for _ in range(20)]
    for content in damaged:
        assert content != whole
        path.write_bytes(content)
        assert "no whole checkpoint" in refusal(tmp_path)
        assert path.read_bytes() == content
    if name == ABOUT:
        assert "no whole checkpoint" in refusal(tmp_path, resume=False)
    path.unlink()
    assert re.search("no whole checkpoint|nothing to resume", refusal(tmp_path))


@pytest.fixture
def full(monkeypatch):
    """A disk that takes no more; with a condition, only where that holds."""

    def fill(when=lambda: True, sync=files.os.fsync):
        def fsync(number):
            if when():
                raise OSError(28, "No space left on device")
            sync(number)

        monkeypatch.setattr(files.os, "fsync", fsync)

    return fill


def test_full_disk_stops_nothing_and_leaves_the_old_one(
    tmp_path, monkeypatch, full, capsys
):
    trained(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(training, "SAVE_SECONDS", 0.0)
    full()
    with Checkpoint(tmp_path, resume=True) as checkpoint:
        losses = run(model(), 6, checkpoint=checkpoint)
    assert losses == run(model(), 6)
    assert "step 6 is not saved (No space left" in checkpoint.trouble
    # Said once, when it began.
    (said,) = capsys.readouterr().err.splitlines()
    assert "is not saved" in said
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_best_that_was_saved_is_kept_where_a_better_one_is_not(tmp_path, full):
    scores, kept = iter([3.0, 2.0, 9.0]), []

    def evaluate(model):
        kept.append(weights(model))
        return next(scores)

    full(lambda: len(kept) == 2)
    with Checkpoint(tmp_path) as checkpoint:
        run(model(), 6, checkpoint=checkpoint, every=2, evaluate=evaluate)
    assert checkpoint.trouble == ""
    best, about = checkpoints.load(tmp_path, model)
    assert (about.best.step, about.step) == (2, 6)
    torch.testing.assert_close(weights(best), kept[0], rtol=0, atol=0)


def test_best_that_no_file_holds_is_none(tmp_path, monkeypatch):
    scores, real = iter([1.0, 2.0, 3.0]), files.os.fsync

    def full_at_the_first(number):
        monkeypatch.setattr(files.os, "fsync", real)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full_at_the_first)
    with Checkpoint(tmp_path) as checkpoint:
        learner = model()
        run(learner, 6, checkpoint=checkpoint, every=2, evaluate=lambda _: next(scores))
    loaded, about = checkpoints.load(tmp_path, model)
    assert about.best is None
    torch.testing.assert_close(weights(loaded), weights(learner), rtol=0, atol=0)


def test_files_of_others_stay_in_the_folder(tmp_path):
    others = tmp_path / "model.safetensors"
    others.write_bytes(b"of somebody else")
    trained(tmp_path)
    trained(tmp_path, 4, resume=True)
    assert others.read_bytes() == b"of somebody else"
    assert len(list(tmp_path.glob("*.safetensors"))) == 3


@pytest.mark.parametrize(
    "losses", [[0.5], [0.5] * 9, [[0.5], [0.5]], [0.5j, 0.5], []], ids=str
)
def test_losses_of_other_steps_are_refused(tmp_path, losses):
    trained(tmp_path)
    about = About.read(tmp_path)
    state = checkpoints.tensors_of(tmp_path, about, "state")
    content = packed({**state, "losses": torch.tensor(losses)})
    digest = hashlib.sha256(content).hexdigest()
    checkpoints.path_of(tmp_path, "state", digest).write_bytes(content)
    files_of_it = {**about.files, "state": digest}
    about = dataclasses.replace(about, files=files_of_it)
    (tmp_path / ABOUT).write_bytes(about.written())
    assert "no checkpoint of this model" in refusal(tmp_path)


@pytest.mark.parametrize("killed_at", range(9))
def test_checkpoint_is_whole_wherever_saving_is_killed(
    tmp_path, killed_at, monkeypatch
):
    # As if the power went between any two of the acts on the disk.
    trained(tmp_path, 2)
    acts = iter(range(99))

    def dying(act):
        def do(*words, **how):
            if next(acts) == killed_at:
                raise SystemExit
            return act(*words, **how)

        return do

    with Checkpoint(tmp_path, resume=True) as checkpoint:
        monkeypatch.setattr(files.os, "fsync", dying(files.os.fsync))
        for name in ("replace", "unlink"):
            monkeypatch.setattr(files.Path, name, dying(getattr(files.Path, name)))
        with pytest.raises(SystemExit):
            run(model(), 4, checkpoint=checkpoint)
        monkeypatch.undo()
    with Checkpoint(tmp_path, resume=True) as checkpoint:
        assert run(model(), 4, checkpoint=checkpoint) == run(model(), 4)
