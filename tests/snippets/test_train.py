"""The command that trains a translator."""

import itertools
import signal
from dataclasses import asdict, replace
from itertools import islice

import pytest
import torch

from snippets import train
from snippets.corpora.portuguese import pairs
from snippets.lab import files, freshness, record, training
from snippets.lab.arguments import guarded
from snippets.lab.checkpoints import TrainingError, read
from snippets.lab.record import Result
from snippets.text.vocabulary import Vocabulary
from snippets.train import MODELS, SENTENCE, Settings

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


def checkpoints(folder):
    """How far each is, by the beginning of its name."""
    found = (folder / "cache").glob("*.safetensors")
    return {path.name.rpartition("-")[0]: read(path)[1].step for path in found}


def test_the_sentence_is_as_our_grammar_would_align_it():
    # Words of the generator, and a gold alignment that links each to some other.
    known = {word for p in islice(pairs("train"), 3000) for word in p.portuguese}
    assert set(SENTENCE.portuguese) <= known
    assert {place for place, _ in SENTENCE.alignment} == set(
        range(len(SENTENCE.portuguese))
    )
    assert {word for _, word in SENTENCE.alignment} == set(range(len(SENTENCE.english)))


def test_the_sentence_is_not_trained_on():
    chosen = train.sentences("train", Settings(1, shortest=11, longest=11), 300)
    assert len(chosen) == 300
    assert SENTENCE.portuguese not in {pair.portuguese for pair in chosen}


def test_the_rate_rises_and_falls():
    settings = Settings(steps=1000)
    rates = [settings.rate(step) for step in range(1000)]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1]) and 30 < top < 60
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(settings.lr / 50)


@pytest.mark.parametrize("name", MODELS)
def test_it_trains_says_how_good_it_is_and_records(name, elsewhere, capsys):
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


def test_it_goes_on_where_it_was_and_never_writes_over_it_unasked(elsewhere, capsys):
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
    assert "seq2seq: 3 steps" in capsys.readouterr().out
    assert checkpoints(elsewhere) == {"seq2seq-0": 3}
    assert train.main(["seq2seq", "--restart", "--steps", "2"]) == 0
    assert checkpoints(elsewhere) == {"seq2seq-0": 2}


def test_more_steps_than_it_began_with_are_told_to_differ(elsewhere, capsys):
    assert train.main(["seq2seq", "--steps", "2"]) == 0
    assert "learning rate" not in capsys.readouterr().err
    assert train.main(["seq2seq", "--steps", "4", "--resume"]) == 0
    assert "began as a training of 2 steps, so its learning" in capsys.readouterr().err
    assert checkpoints(elsewhere) == {"seq2seq-0": 4}


def test_every_seed_and_every_text_has_a_checkpoint_of_its_own(elsewhere, tmp_path):
    assert train.main(["seq2seq", "--steps", "1"]) == 0
    assert train.main(["seq2seq", "--steps", "2", "--seed", "1"]) == 0
    for number, folder in enumerate(("a", "b"), 3):
        path = tmp_path / folder / "mine.tsv"
        path.parent.mkdir()
        path.write_text(f"He slept.\tEle dormiu.\nShe {folder}.\tEla {folder}.\n")
        words = ["seq2seq", "--steps", str(number), "--pairs", str(path)]
        assert train.main(words) == 0
    kept = [read(path)[1].step for path in (elsewhere / "cache").glob("*.safetensors")]
    assert sorted(kept) == [1, 2, 3, 4]


def test_other_settings_are_another_training(elsewhere, monkeypatch, capsys):
    assert train.main(["seq2seq", "--steps", "2"]) == 0
    wider = replace(TINY, d_hidden=16)
    monkeypatch.setattr(train, "Settings", lambda steps, lr: wider)
    said = refusal(capsys, "seq2seq", "--resume")
    assert "is of another training: d_hidden was 8, is 16" in said


def test_ctrl_c_keeps_shows_and_ends_as_shells_expect(elsewhere, monkeypatch, capsys):
    steps = itertools.count()
    moved = training.moved

    def interrupted(batch, device):
        if next(steps) == 2:
            signal.raise_signal(signal.SIGINT)
        return moved(batch, device)

    monkeypatch.setattr(training, "moved", interrupted)
    assert train.main(["seq2seq", "--steps", "50"]) == 130
    out, err = capsys.readouterr()
    assert "stopped at step 3 of 50; saved in" in err
    assert "seq2seq: 3 steps" in out and "bleu" in out
    assert checkpoints(elsewhere) == {"seq2seq-0": 3}


def test_a_full_disk_loses_no_scores(elsewhere, monkeypatch, capsys):
    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(TrainingError, match="step 2 is not saved"):
        train.main(["seq2seq", "--steps", "2"])
    assert "bleu" in capsys.readouterr().out


def test_a_place_for_checkpoints_can_be_named(elsewhere, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    words = ["seq2seq", "--steps", "2", "--checkpoints"]
    said = refusal(capsys, *words, str(tmp_path / "file"))
    assert "take another folder for checkpoints" in said
    assert train.main([*words, str(tmp_path / "own")]) == 0
    assert len(list((tmp_path / "own").glob("seq2seq-0-*.safetensors"))) == 1


def test_it_trains_on_a_file_of_pairs(elsewhere, tmp_path, capsys):
    lines = [
        f"{' '.join(p.english)}\t{' '.join(p.portuguese)}\tours\n"
        for p in islice(pairs("train", 0, 4, 6), 40)
    ]
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(lines), encoding="utf-8")
    assert train.main(["seq2seq", "--steps", "2", "--pairs", str(path)]) == 0
    assert "bleu" in capsys.readouterr().out
    path.write_text("no tab here\n", encoding="utf-8")
    said = refusal(capsys, "seq2seq", "--pairs", str(path))
    assert "pairs.tsv:1: 1 column" in said


@pytest.mark.parametrize(
    "wrong",
    [
        ["--steps", "0"],
        ["--steps", "9" * 400],
        ["--seed", "9" * 30],
        ["--record", "--pairs", "x"],
        ["--record", "--resume"],
        ["--resume", "--restart"],
        ["--device", "fridge"],
    ],
)
def test_what_cannot_be_is_refused_in_a_line(wrong, capsys):
    assert wrong[0] in refusal(capsys, "seq2seq", *wrong)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["He slept.\tEle dormiu.\n"], "one pair; give two or more, some to test"),
        (["He slept.\tEle dormiu.\n"] * 9, "one sentence only"),
    ],
)
def test_too_few_pairs_are_refused(lines, said, elsewhere, tmp_path, capsys):
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(lines), encoding="utf-8")
    assert said in refusal(capsys, "seq2seq", "--steps", "2", "--pairs", str(path))


def test_what_was_tested_on_was_not_trained_on(elsewhere, tmp_path, monkeypatch):
    some = list(islice(pairs("train", 0, 4, 8), 250))
    some += some[:50]  # the first of them are tested on
    path = tmp_path / "pairs.tsv"
    path.write_text(
        "".join(f"{' '.join(p.english)}\t{' '.join(p.portuguese)}\n" for p in some),
        encoding="utf-8",
    )
    seen = {}

    def trained(build, training, *how):
        seen["train"] = training
        return train.Translator(None, Vocabulary([]), Vocabulary([]), [0.0, 0.0])

    def scored(translator, test, longest):
        seen["test"] = test
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "train", trained)
    monkeypatch.setattr(train, "scores", scored)
    monkeypatch.setattr(train, "TESTS", 10)
    words = ["seq2seq", "--steps", "2", "--pairs", str(path)]
    assert guarded(lambda: train.main(words)) == 130
    words = {name: {pair.portuguese for pair in some} for name, some in seen.items()}
    assert len(words["test"]) == 10
    assert words["train"] | words["test"] == {pair.portuguese for pair in some}
    assert not words["train"] & words["test"]


def test_a_folder_that_cannot_be_written_to_is_named(elsewhere, capsys):
    (elsewhere / "results").write_text("a file where the folder should be")
    said = refusal(capsys, "seq2seq", "--steps", "2", "--record")
    assert str(elsewhere / "results") in said and "cannot write there" in said


RECORDED = sorted(
    name for name in MODELS if (record.RESULTS / "trained" / f"{name}.json").exists()
)


@pytest.mark.fresh
@pytest.mark.parametrize("name", RECORDED)
def test_what_is_recorded_is_of_this_code_and_good(name):
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
    assert data["scores"]["bleu"] >= 95
    assert data["scores"]["error_rate"] < 0.15
    assert data["sentence"]["written"] == data["sentence"]["english"]
    assert data["sentence"]["english"] == list(SENTENCE.english)
