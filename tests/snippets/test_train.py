"""The command that trains a translator."""

from dataclasses import asdict
from itertools import islice

import pytest
import torch

from snippets import train
from snippets.lab import freshness, record
from snippets.lab.batches import Vocabulary
from snippets.lab.portuguese import pairs
from snippets.lab.record import Result
from snippets.train import MODELS, SENTENCE, Settings

TINY = Settings(steps=2, count=40, longest=6, batch_size=8, d_model=8, d_hidden=8)


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Checkpoints and results go to a folder of the test's own."""
    monkeypatch.setattr(train, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(train, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(train, "Settings", lambda steps, lr: TINY)
    return tmp_path


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
    threads = torch.get_num_threads()
    assert train.main([name, "--steps", "2", "--record"]) == 0
    torch.set_num_threads(threads)
    assert "bleu" in capsys.readouterr().out
    result = Result.read(name, elsewhere / "results").record
    data, recipe = result["data"], result["recipe"]
    assert recipe["command"] == f"python -m snippets train {name} --steps 2 --seed 0"
    assert recipe["code"] == record.code_hash("snippets.train")
    assert data["settings"]["steps"] == 2
    weights = data["sentence"].get("weights", [])
    assert all(sum(row) <= 1.001 for row in weights)
    assert ("error_rate" in data["scores"]) == bool(weights) == (name != "seq2seq")


def test_it_goes_on_where_it_was(elsewhere, capsys):
    assert train.main(["seq2seq", "--steps", "2", "--resume"]) == 2
    assert "nothing to resume" in capsys.readouterr().err
    assert train.main(["seq2seq", "--steps", "2"]) == 0
    assert train.main(["seq2seq", "--steps", "2", "--resume"]) == 0
    capsys.readouterr()
    assert train.main(["seq2seq", "--steps", "1", "--resume"]) == 2
    assert "is at step 2 already; give more --steps" in capsys.readouterr().err


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
    assert train.main(["seq2seq", "--pairs", str(path)]) == 2
    assert "pairs.tsv:1: 1 column" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--steps", "0"],
        ["--seed", "9" * 30],
        ["--record", "--pairs", "x"],
        ["--record", "--resume"],
    ],
)
def test_what_cannot_be_is_refused_in_a_line(wrong, capsys):
    with pytest.raises(SystemExit) as refused:
        train.main(["seq2seq", *wrong])
    assert refused.value.code == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert wrong[0] in said and "python -m snippets.train --help" in said


def test_one_pair_is_too_few(elsewhere, tmp_path, capsys):
    path = tmp_path / "pairs.tsv"
    path.write_text("He slept.\tEle dormiu.\n", encoding="utf-8")
    assert train.main(["seq2seq", "--steps", "2", "--pairs", str(path)]) == 2
    assert capsys.readouterr().err.endswith(
        "one pair; give two or more, some to test\n"
    )


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
    assert train.main(["seq2seq", "--steps", "2", "--pairs", str(path)]) == 130
    words = {name: {pair.portuguese for pair in some} for name, some in seen.items()}
    assert len(words["test"]) == 10
    assert words["train"] | words["test"] == {pair.portuguese for pair in some}
    assert not words["train"] & words["test"]


def test_one_sentence_again_and_again_is_too_few(elsewhere, tmp_path, capsys):
    path = tmp_path / "pairs.tsv"
    path.write_text("He slept.\tEle dormiu.\n" * 9, encoding="utf-8")
    assert train.main(["seq2seq", "--steps", "2", "--pairs", str(path)]) == 2
    assert "one sentence only" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_named(elsewhere, capsys):
    (elsewhere / "results").write_text("a file where the folder should be")
    assert train.main(["seq2seq", "--steps", "2", "--record"]) == 2
    assert f"{elsewhere / 'results'}: cannot write there" in capsys.readouterr().err


def test_pairs_of_ones_own_have_a_checkpoint_of_their_own(elsewhere, tmp_path):
    assert train.main(["seq2seq", "--steps", "2"]) == 0
    path = tmp_path / "mine.tsv"
    path.write_text("He slept.\tEle dormiu.\nShe ran.\tEla correu.\n", encoding="utf-8")
    assert train.main(["seq2seq", "--steps", "2", "--pairs", str(path)]) == 0
    kept = {path.name for path in (elsewhere / "cache").iterdir()}
    assert kept == {"seq2seq.pt", "seq2seq-mine.pt"}


RECORDED = sorted(
    name for name in MODELS if (record.RESULTS / "benchmarks" / f"{name}.json").exists()
)


@pytest.mark.fresh
@pytest.mark.parametrize("name", RECORDED)
def test_what_is_recorded_is_of_this_code_and_good(name):
    recorded = Result.read(name, record.RESULTS / "benchmarks")
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
