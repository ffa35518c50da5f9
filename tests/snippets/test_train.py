"""The command that trains a translator."""

import itertools
import signal
from dataclasses import asdict, replace
from itertools import islice

import pytest
import torch

from snippets import train
from snippets.corpora.portuguese import pairs
from snippets.corpora.translation import SENTENCE, Settings
from snippets.lab import files, freshness, record, training
from snippets.lab.arguments import guarded
from snippets.lab.checkpoints import ABOUT, About, TrainingError, tensors_of
from snippets.lab.record import Result
from snippets.train import MODELS

TINY = Settings(steps=2, count=40, longest=6, batch_size=8, d_model=8, d_hidden=8)


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Checkpoints and results go to a folder of the test's own."""
    monkeypatch.setattr(train, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(train, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(train, "Settings", lambda steps, lr: TINY)
    monkeypatch.setattr(train, "TESTS", 8)
    threads = torch.get_num_threads()
    yield tmp_path
    torch.set_num_threads(threads)


def refusal(capsys, *words):
    """The last line of a refused call."""
    with pytest.raises(SystemExit) as stopped:
        guarded(lambda: train.main(list(words)))
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said.splitlines()[-1]


def steps_in(folder):
    """How far each checkpoint is, by the beginning of its name."""
    found = sorted(path.parent for path in folder.glob(f"cache/*/{ABOUT}"))
    return [(path.name.rpartition("-")[0], About.read(path).step) for path in found]


def pairs_file(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def lines_of(some):
    return [f"{' '.join(p.english)}\t{' '.join(p.portuguese)}\tours" for p in some]


@pytest.mark.parametrize("name", MODELS)
def test_train_says_how_good_it_is_and_records(name, elsewhere, capsys):
    assert train.main([name, "--steps", "2", "--record"]) == 0
    assert "bleu" in capsys.readouterr().out
    result = Result.read(name, elsewhere / "results").record
    data, recipe = result["data"], result["recipe"]
    assert recipe["command"] == f"python -m snippets train {name} --steps 2 --seed 0"
    assert recipe["code"] == record.code_hash("snippets.train")
    assert data["settings"]["steps"] == 2
    weights = data["sentence"].get("weights", [])
    assert all(sum(row) <= 1.001 for row in weights)
    assert ("error_rate" in data["scores"]) == bool(weights) == (name != "seq2seq")
    new = data["held_out"]
    assert sum(group["count"] for group in new["lengths"]) == new["count"] == 8


def test_train_goes_on_where_it_was_and_writes_over_nothing_unasked(elsewhere, capsys):
    said = refusal(capsys, "seq2seq", "--steps", "2", "--resume")
    assert "nothing to resume" in said
    assert train.main(["seq2seq", "--steps", "3"]) == 0
    for steps in ("2", "3", "4"):
        said = refusal(capsys, "seq2seq", "--steps", steps)
        assert "at step 3 of 3; go on with --resume, or" in said
    said = refusal(capsys, "seq2seq", "--steps", "1", "--resume")
    assert "is at step 3 already; give more --steps" in said
    # Without a number it goes on as it began, and what was is scored once more.
    assert train.main(["seq2seq", "--resume"]) == 0
    out, err = capsys.readouterr()
    assert "seq2seq: 3 steps" in out and "learning rate" not in err
    assert train.main(["seq2seq", "--steps", "4", "--resume"]) == 0
    assert "began as a training of 3 steps, so its learning" in capsys.readouterr().err
    assert steps_in(elsewhere) == [("seq2seq-0", 4)]
    assert train.main(["seq2seq", "--restart", "--steps", "2"]) == 0
    assert steps_in(elsewhere) == [("seq2seq-0", 2)]


def test_train_keeps_a_checkpoint_for_every_seed_and_every_text(
    elsewhere, monkeypatch, capsys
):
    assert train.main(["seq2seq", "--steps", "1"]) == 0
    assert train.main(["seq2seq", "--steps", "2", "--seed", "1"]) == 0
    for steps, name in enumerate(("a", "b"), 3):
        lines = ["He slept.\tEle dormiu.", f"She {name}.\tEla {name}."]
        path = pairs_file(elsewhere / "mine.tsv", lines)
        assert train.main(["seq2seq", "--steps", str(steps), "--pairs", path]) == 0
    assert sorted(step for _, step in steps_in(elsewhere)) == [1, 2, 3, 4]
    # With other settings it is another training.
    wider = replace(TINY, d_hidden=16)
    monkeypatch.setattr(train, "Settings", lambda steps, lr: wider)
    said = refusal(capsys, "seq2seq", "--resume")
    assert "is of another training: d_hidden was 8, is 16" in said


def losses_in(folder):
    (path,) = folder.glob("seq2seq-0-*")
    return tensors_of(path, About.read(path), "state")["losses"].tolist()


def test_train_interrupted_and_resumed_has_the_same_losses(
    elsewhere, monkeypatch, capsys
):
    steps, moved = itertools.count(), training.moved

    def interrupted(batch, device):
        if next(steps) == 2:
            signal.raise_signal(signal.SIGINT)
        return moved(batch, device)

    with monkeypatch.context() as patched:
        patched.setattr(training, "moved", interrupted)
        assert train.main(["seq2seq", "--steps", "9"]) == 130
    out, err = capsys.readouterr()
    assert "stopped at step 3 of 9; saved in" in err
    assert "seq2seq: 3 steps" in out and "bleu" in out
    assert train.main(["seq2seq", "--resume"]) == 0
    own = elsewhere / "own"
    words = ["seq2seq", "--steps", "9", "--checkpoints", str(own)]
    assert train.main(words) == 0
    assert losses_in(own) == losses_in(elsewhere / "cache")


def test_train_loses_no_scores_to_a_full_disk(elsewhere, monkeypatch, capsys):
    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(TrainingError, match="step 2 is not saved"):
        train.main(["seq2seq", "--steps", "2"])
    assert "bleu" in capsys.readouterr().out


def test_train_names_a_place_that_takes_nothing(elsewhere, capsys):
    file = elsewhere / "file"
    file.write_text("a file where a folder should be")
    words = ["seq2seq", "--steps", "2"]
    said = refusal(capsys, *words, "--checkpoints", str(file))
    assert "take another folder for checkpoints" in said
    (elsewhere / "results").write_text("the same")
    said = refusal(capsys, *words, "--record")
    assert str(elsewhere / "results") in said and "cannot write there" in said


def test_train_takes_a_file_of_pairs(elsewhere, capsys):
    path = elsewhere / "pairs.tsv"
    words = ["seq2seq", "--steps", "2", "--pairs", str(path)]
    pairs_file(path, lines_of(islice(pairs("train", 0, 4, 6), 40)))
    assert train.main(words) == 0
    assert "bleu" in capsys.readouterr().out
    once = "He slept.\tEle dormiu."
    for lines, said in (
        (["no tab here"], "pairs.tsv:1: 1 column"),
        ([once], "one pair; give two or more, some to test"),
        ([once] * 9, "one sentence only"),
    ):
        pairs_file(path, lines)
        assert said in refusal(capsys, *words)


def test_data_to_test_on_is_none_to_train_on(tmp_path, monkeypatch):
    some = list(islice(pairs("train", 0, 4, 8), 250))
    some += some[:50]  # the first of them are tested on
    pairs_file(tmp_path / "pairs.tsv", lines_of(some))
    monkeypatch.setattr(train, "TESTS", 10)
    training, test = (
        {pair.portuguese for pair in part}
        for part in train.data(tmp_path / "pairs.tsv", TINY)
    )
    assert len(test) == 10 and not training & test
    assert training | test == {pair.portuguese for pair in some}


RECORDED = sorted(
    name for name in MODELS if (record.RESULTS / "trained" / f"{name}.json").exists()
)


@pytest.mark.fresh
@pytest.mark.parametrize("name", RECORDED)
def test_recorded_is_of_this_code_and_good(name):
    recorded = Result.read(name, record.RESULTS / "trained")
    command = f"python -m snippets train {name} --steps 4000 --seed 0"
    recipe = record.recipe(
        command, seed=0, device="cpu", code=record.code_hash("snippets.train")
    )
    data = recorded.record["data"]
    settings = asdict(Settings(4000, lr=0.005))
    today = {
        "name": name,
        "recipe": {**recipe, **freshness.pins(), "threads": 1},
        "data": {**data, "settings": settings},
    }
    again_by = f"record it again: {command} --record"
    assert freshness.compared(recorded, Result(today)) == [], again_by
    attentive = name != "seq2seq"
    assert (data["scores"]["bleu"] >= 95) == attentive
    if attentive:
        assert data["scores"]["error_rate"] < 0.15
    assert data["held_out"]["beams"][0]["bleu"] == data["scores"]["bleu"]
    assert data["sentence"]["written"] == data["sentence"]["english"]
    assert data["sentence"]["english"] == list(SENTENCE.english)
