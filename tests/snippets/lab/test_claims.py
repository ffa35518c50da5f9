"""The runner of claims, tried on a claim that is known to hold."""

import itertools
import json
import sys
import types

import pytest
import torch

from snippets import __main__ as command_line
from snippets.lab import claims, plots


def module(**changes):
    """A claim: the mean of numbers drawn around 5 is larger than 3."""

    def measure(seed):
        return [{"kind": "mean", "value": 5 + torch.randn(100).mean()}]

    def conclude(rows):
        values = [row["value"] for row in rows]
        verdict = "seen" if min(values) > 3 else "not seen"
        return verdict, f"At least {min(values):.1f}."

    def show(rows):
        for row in rows:
            print(f"{row['seed']} {row['value']:.2f}")

    def draw(rows):
        figure, axes = plots.canvas(100)
        axes.plot([row["value"] for row in rows], "o")
        return figure

    parts = {
        "CLAIM": "Five is more than three.",
        "PAPER": "keshav-2007-how-to-read-a-paper",
        "WHERE": "nowhere",
        "REPORTED": "Nothing.",
        "measure": measure,
        "conclude": conclude,
        "show": show,
        "draw": draw,
    }
    made = types.ModuleType("snippets.claims.five")
    vars(made).update({**parts, **changes})
    return made


@pytest.fixture
def five(monkeypatch):
    monkeypatch.setitem(sys.modules, "snippets.claims.five", module())
    # Its code is nowhere, so there is nothing to hash.
    monkeypatch.setattr(claims.record, "code_hash", lambda name: name)


def test_the_record_holds_every_seed(five):
    result = claims.run("five", [0, 1, 2])
    assert [row["seed"] for row in result.record["rows"]] == [0, 1, 2]
    assert len({row["value"] for row in result.record["rows"]}) == 3
    assert result.record["verdict"] == "seen"
    assert result.record["seeds"] == [0, 1, 2]
    assert result.record["code"] == "snippets.claims.five"
    assert result.record["command"] == "python -m snippets claim five"
    assert result.record["where"] == "nowhere" and result.record["tried"] == ""
    assert {"claim", "paper", "seconds", "machine", "versions"} <= result.record.keys()
    assert json.loads(json.dumps(result.record)) == result.record
    assert result.text.endswith(f"seen: {result.record['conclusion']}\n")
    assert result.figure.startswith("<svg")


def test_the_record_says_what_else_was_tried_and_how_long_it_took(five, monkeypatch):
    more = module(TRIED="Six as well.")
    monkeypatch.setitem(sys.modules, "snippets.claims.five", more)
    clock = types.SimpleNamespace(process_time=itertools.count(100, 7).__next__)
    monkeypatch.setattr(claims, "time", clock)
    content = claims.run("five", [0]).record
    assert (content["tried"], content["seconds"]) == ("Six as well.", 7)


def test_a_name_with_hyphens_is_a_module_with_underscores():
    assert claims.module_of("word-vectors") == "snippets.claims.word_vectors"


def test_a_seed_gives_the_same_numbers_alone_and_among_others(five):
    together = claims.run("five", [3, 4]).record["rows"]
    alone = claims.run("five", [4]).record["rows"]
    assert together[1:] == alone


def test_a_claim_that_fails_is_not_seen():
    low = [{"seed": 0, "value": 1.0}]
    assert claims.conclude(module(), low)[0] == "not seen"


def test_a_verdict_of_another_kind_is_refused():
    odd = module(conclude=lambda rows: ("surely", "It is."))
    with pytest.raises(ValueError, match="surely"):
        claims.conclude(odd, [])


@pytest.fixture
def written(tmp_path, monkeypatch, five):
    (tmp_path / "five.py").write_text('CLAIM = "Five is more than three."\n')
    monkeypatch.setattr(command_line, "CLAIMS", tmp_path)
    monkeypatch.setattr(claims, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


def test_the_command_lists_claims(written, capsys):
    assert command_line.main(["claim"]) == 0
    assert "five\n    Five is more than three." in capsys.readouterr().out


def test_the_command_runs_and_records(written, capsys):
    assert command_line.main(["claim", "five", "--seeds", "5,6,7", "--record"]) == 0
    assert "seen: At least" in capsys.readouterr().out
    record = json.loads((written / "five.json").read_text(encoding="utf-8"))
    assert record["seeds"] == [5, 6, 7]
    assert (written / "five.svg").exists() and (written / "five.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fiv"], "no claim 'fiv': did you mean five?"),
        (["zzz"], "no claim 'zzz': python -m snippets claim lists them all"),
        (["five", "--seeds", "1,x"], "--seeds"),
        (["--record"], "--record: of which claim?"),
        (["five", "--seeds", "1,2", "--record"], "at least three seeds"),
        (["five", "--seeds", "1,1,1", "--record"], "at least three seeds"),
    ],
)
def test_a_wrong_call_gets_one_line(written, capsys, arguments, says):
    with pytest.raises(SystemExit) as stopped:
        command_line.main(["claim", *arguments])
    said = capsys.readouterr().err
    assert stopped.value.code == 2
    assert says in said and said.count("\n") == 1


def test_again_compares_with_the_record(written, capsys):
    assert command_line.main(["claim", "--again"]) == 1
    assert "five: seen; recorded: nothing" in capsys.readouterr().out
    command_line.main(["claim", "five", "--record"])
    assert command_line.main(["claim", "five", "--again", "--seeds", "5,6,7"]) == 0
    record = json.loads((written / "five.json").read_text(encoding="utf-8"))
    text = json.dumps({**record, "verdict": "not seen"})
    for odd, then in ((text, "not seen"), ("[]", "nothing"), ("", "nothing")):
        (written / "five.json").write_text(odd, encoding="utf-8")
        assert command_line.main(["claim", "--again"]) == 1
        assert f"five: seen; recorded: {then}\n" in capsys.readouterr().out
