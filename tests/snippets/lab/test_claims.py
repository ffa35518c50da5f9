"""The runner of claims, tried on a claim that is known to hold."""

import functools
import json
import operator
import sys
import types

import pytest
import torch

from snippets import __main__ as command_line
from snippets.lab import claims, freshness, plots
from snippets.lab.record import RecordError, Result


def measure(seed):
    return [{"value": 5 + torch.randn(100).mean()}]


def conclude(rows):
    values = claims.column(rows, "value")
    return claims.verdict(min(values) > 3, False), f"At least {min(values):.1f}."


def show(rows):
    print(*claims.column(rows, "value"), sep="\n")


def draw(rows):
    figure, axes = plots.canvas(100)
    axes.plot(claims.column(rows, "value"), "o")
    return figure


def module(**changes):
    """A claim: the mean of numbers drawn around 5 is larger than 3."""
    parts = {
        "CLAIM": "Five is more than three.",
        "PAPER": "keshav-2007-how-to-read-a-paper",
        "WHERE": "nowhere",
        "REPORTED": "Nothing.",
        "TOLERANCES": {"value": 0.5},
    }
    made = types.ModuleType("snippets.claims.five")
    functions = {f.__name__: f for f in (measure, conclude, show, draw)}
    vars(made).update({**parts, **functions, **changes})
    return made


@pytest.fixture
def five(monkeypatch):
    monkeypatch.setitem(sys.modules, "snippets.claims.five", module())
    # Its code is nowhere, so there is nothing to hash.
    monkeypatch.setattr(claims.record, "code_hash", lambda name: name)


def test_the_record_holds_every_seed(five):
    result = claims.run("five", [0, 1, 2])
    content, recipe = result.record, result.record["recipe"]
    assert [row["seed"] for row in content["data"]] == [0, 1, 2]
    assert len({row["value"] for row in content["data"]}) == 3
    assert content["verdict"] == "seen"
    assert (recipe["seeds"], recipe["minutes"]) == ([0, 1, 2], 1)
    assert recipe["code"] == "snippets.claims.five"
    assert recipe["command"] == "python -m snippets claim five"
    assert content["where"] == "nowhere" and content["tried"] == ""
    assert result.text.endswith(f"seen: {content['conclusion']}\n")
    assert result.figures["svg"].startswith("<svg")
    # A seed gives the same numbers alone as among others.
    assert claims.run("five", [2]).record["data"] == content["data"][2:]


def test_a_verdict_of_another_kind_is_refused():
    odd = module(conclude=lambda rows: ("surely", "It is."))
    with pytest.raises(ValueError, match="surely"):
        claims.conclude(odd, [])


ROWS = [
    {"seed": seed, "model": model, "far": far, "score": score}
    for seed, model, far, score in (
        *((1, "old", 5, 2.0), (0, "old", 5, 1.0), (0, "old", 9, 7.0)),
        *((0, "new", 5, 4.0), (1, "new", 5, 8.0)),
    )
]


def test_span_has_the_least_and_the_most():
    assert claims.span([0.2, 0.1, 0.15], ".2f") == "0.10-0.20"
    assert claims.span([97.2, 97.4], ".0f") == "97"


def test_dots_draws_every_seed_and_joins_the_means():
    _, axes = plots.canvas(100)
    columns = [[1.0, 2.0, 6.0], [3.0, 4.0, 5.0]]
    claims.dots(axes, [0, 1], columns, "o", "red", "-", label="x")
    claims.dots(axes, [0, 1], columns, "o", "red", flat=True)
    mean, *dots = [[[*map(float, axis)] for axis in x.get_data()] for x in axes.lines]
    assert mean == [[0, 1], [3, 4]]
    assert dots[:3] == [[[0, 1], [*seed]] for seed in zip(*columns, strict=True)]
    assert dots[3:] == [[y, x] for x, y in dots[:3]]
    assert [line.get_label() for line in axes.lines].count("x") == 1


def test_a_column_has_one_number_of_every_seed_in_their_order():
    assert claims.column(ROWS, "score", model="old", far=5) == [1.0, 2.0]
    assert claims.column(ROWS, "score", model="none") == []
    before, after = ({"model": model, "far": 5} for model in ("old", "new"))
    assert claims.gains(ROWS, "score", before, after) == [3.0, 6.0]


# --- Whether a record is that of its claim


SAID = ["claim", "paper", "where", "reported", "tried", "verdict", "conclusion"]


@pytest.mark.parametrize(
    "path",
    [
        *([key] for key in SAID),
        *(["recipe", key] for key in ("command", "date", "code", "seeds")),
        ["data", 0, "value"],
    ],
    ids=lambda path: path[-1],
)
def test_a_record_that_says_otherwise_than_its_claim_is_refused(five, path):
    result = claims.run("five", [0, 1, 2])
    result.record["recipe"] |= {**freshness.pins(), "threads": 1}
    assert claims.stale(result) == []
    *steps, last = path
    inner = functools.reduce(operator.getitem, steps, result.record)
    others = {"value": 9.0, "seeds": [0, 1, 9]}
    inner[last] = others.get(last, f"not {inner[last]}")
    found = claims.stale(result)
    assert found
    for line in found:
        assert line.startswith("docs/results/claims/five.json: ")
        assert line.endswith("again: python -m snippets claim five --record")


# --- The command


@pytest.fixture
def written(tmp_path, monkeypatch, five):
    (tmp_path / "five.py").write_text('CLAIM = "Five is more than three."\n')
    monkeypatch.setattr(command_line, "CLAIMS", tmp_path)
    monkeypatch.setattr(claims, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


@pytest.mark.parametrize("name", [["five"], []])
def test_the_command_lists_runs_and_records_one_or_all(written, capsys, name):
    assert command_line.main(["claim"]) == 0
    assert "five\n    Five is more than three." in capsys.readouterr().out
    assert command_line.main(["claim", *name, "--seeds", "5,6,7", "--record"]) == 0
    assert "seen: At least" in capsys.readouterr().out
    result = Result.read("five", written)
    assert result.record["recipe"]["seeds"] == [5, 6, 7]
    assert result.text and result.figures


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (["--seeds", "1,2"], "at least three seeds"),
        (["--seeds", "1,1,1"], "at least three seeds"),
        (["--device", "meta"], "runs on the cpu"),
    ],
)
def test_the_command_records_three_seeds_on_the_cpu(written, capsys, how, says):
    with pytest.raises(SystemExit):
        command_line.main(["claim", "five", "--record", *how])
    assert says in capsys.readouterr().err and not written.exists()


def again(capsys, *arguments):
    """The status of `claim --again`, and the lines that it says of the record."""
    status = command_line.main(["claim", "--again", *arguments])
    lines = capsys.readouterr().out.splitlines()
    return status, [line[6:] for line in lines if line.startswith("five: ")]


def test_again_compares_rows_and_conclusion_with_the_record(written, capsys):
    nothing = (1, ["nothing is recorded that can be read"])
    assert again(capsys) == nothing
    command_line.main(["claim", "five", "--record"])
    assert again(capsys) == (0, ["rows and conclusion as recorded"])
    other = ["--seeds", "5,6,7"]
    assert again(capsys, *other) == (0, ["verdict (other seeds) as recorded"])
    file = written / "five.json"
    kept = json.loads(file.read_text("utf-8"))
    value = kept["data"][0]["value"]
    rows = kept["data"][1:]
    for changed, says, of_others in (
        ({"data": [{"seed": 0, "value": value + 0.4}, *rows]}, "as recorded", 0),
        ({"data": [{"seed": 0, "value": value + 0.6}, *rows]}, "rows[0].value is", 0),
        ({"verdict": "not seen"}, "verdict: seen; recorded: not seen", 1),
        ({"conclusion": "At most 1.0."}, "conclusion: At least", 0),
        ({"conclusion": "At least 1.0."}, "as recorded", 0),
    ):
        file.write_text(json.dumps({**kept, **changed}), "utf-8")
        status, (line,) = again(capsys)
        assert says in line and status == ("as recorded" not in line)
        assert again(capsys, *other)[0] == of_others
    for odd in ("[]", ""):
        file.write_text(odd, "utf-8")
        assert again(capsys) == nothing


def test_a_conclusion_that_is_worded_anew_needs_no_measuring(
    written, capsys, monkeypatch
):
    command_line.main(["claim", "five", "--record"])
    rows = Result.read("five", written).record["data"]
    other = module(conclude=lambda rows: ("partly", "Hm."), measure=None)
    monkeypatch.setitem(sys.modules, "snippets.claims.five", other)
    assert command_line.main(["claim", "five", "--conclude", "--record"]) == 0
    now = Result.read("five", written).record
    assert (now["verdict"], now["data"]) == ("partly", rows)
    monkeypatch.setattr(claims.record, "code_hash", lambda name: "other code")
    with pytest.raises(SystemExit):
        command_line.main(["claim", "five", "--conclude"])
    said = "snippets: five: no rows of this code are recorded; measure: python -m"
    assert said in capsys.readouterr().err


def test_a_device_is_handed_on_or_refused(five, monkeypatch):
    with pytest.raises(RecordError, match="five: runs on the processor alone"):
        claims.run("five", [0], "cuda")
    told = module(measure=lambda seed, device="cpu": [{"value": device}])
    assert claims.measure(told, [0], "cuda") == [{"seed": 0, "value": "cuda"}]
