"""The recorder: the hash of what runs long, the data, the edits."""

from __future__ import annotations

import json
import math
import shutil
import sys
import types
from dataclasses import replace

import pytest
import torch

from snippets.lab import record
from snippets.lab.record import (
    RecordError,
    Result,
    code_hash,
    differing,
    plain,
    try_edit,
)

SNIPPET = '''"""A snippet for a test."""
import math

FACTOR = 2


def double(x):
    """Twice."""
    return FACTOR * x  # twice
'''
DEMO = '''"""It shows."""
from snippets.text.odd import double


def demo(seed, device):
    return {"double": double(3.0), "seed": seed}


def show(data):
    print("a line that stays")
    print(f"double {data['double']:.1f}")
'''


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the snippet `snippets.text.odd` and its demo."""
    monkeypatch.setattr(record, "ROOT", tmp_path)
    for folder in ("", "text", "lab", "demos"):
        (tmp_path / "snippets" / folder).mkdir(parents=True)
        (tmp_path / "snippets" / folder / "__init__.py").touch()
    write(tmp_path, text__odd=SNIPPET, demos__odd=DEMO)
    return tmp_path


def write(project, **sources):
    for name, content in sources.items():
        file = project / "snippets" / f"{name.replace('__', '/')}.py"
        file.write_text(content, "utf-8")


# --- What a long run is made of


def hash_of(project, source):
    """The hash of the snippet, with another source."""
    write(project, text__odd=source)
    return code_hash("snippets.text.odd")


@pytest.mark.parametrize(
    "find, by",
    [
        ("# twice", "# two times"),
        ('"""Twice."""', '"""Two times."""'),
        ('"""A snippet for a test."""', ""),
        ("\n\n\ndef double", "\ndef double"),
        ("FACTOR * x ", "(FACTOR\n            * x) "),
    ],
)
def test_to_reword_is_not_to_recompute(project, find, by):
    assert hash_of(project, SNIPPET.replace(find, by)) == hash_of(project, SNIPPET)


@pytest.mark.parametrize(
    "find, by",
    [
        ("FACTOR = 2", "FACTOR = 3"),
        ("FACTOR = 2", "FACTOR = 2.0"),
        ("FACTOR * x", "x * FACTOR"),
        ("FACTOR * x", "FACTOR + x"),
        ("(x)", "(x, /)"),
        ("return FACTOR", "FACTOR"),
        ("import math", "import cmath as math"),
    ],
)
def test_changed_code_has_another_hash(project, find, by):
    assert hash_of(project, SNIPPET.replace(find, by)) != hash_of(project, SNIPPET)


def test_two_snippets_that_use_each_other_come_to_an_end(project):
    write(project, lab__base="import snippets.text.odd")
    assert len(hash_of(project, f"import snippets.lab.base\n{SNIPPET}")) == 64


MODELS = "snippets/recurrence/additive_attention.py"
LENGTH = "snippets/claims/length.py"
BOTH = ("snippets.claims.length", "snippets.train")


@pytest.mark.parametrize(
    "path, find, by, stale",
    [
        # Its own file, and which name it takes for which model.
        (LENGTH, "COUNT = 100", "COUNT = 10", BOTH[:1]),
        (LENGTH, "import RNNSearch", "import RNNSearch as Seq2Seq", BOTH[:1]),
        (LENGTH, "import plots", "import plots  # drawn", ()),
        (LENGTH, "get worse", "become worse", ()),
        # Settings, models, the loop, the scores, the data.
        ("snippets/train.py", "0.005", "0.002", BOTH[1:]),
        ("snippets/corpora/translation.py", "batch_size: int = 32",
         "batch_size: int = 64", BOTH),
        (MODELS, "torch.tanh", "torch.relu", BOTH),
        ("snippets/lab/training.py", "clip_grad_norm_", "clip_grad_value_", BOTH),
        ("snippets/lab/scores.py", "def bleu", "def blue", BOTH),
        ("snippets/corpora/batches.py", "seed", "sead", BOTH),
        ("snippets/corpora/portuguese/words.py", "LEXICON", "LEXICA", BOTH),
        ("snippets/corpora/portuguese/words.yml", "copo", "copa", BOTH),
        # What these are built on in turn is for the weekly run.
        ("snippets/text/logits.py", "def softmax", "def softmacks", ()),
        ("snippets/lab/plots.py", "400", "500", ()),
    ],
)  # fmt: skip
def test_a_long_run_is_stale_where_what_it_is_made_of_changes(
    path, find, by, stale, tree, monkeypatch
):
    folder, before = tree
    monkeypatch.setattr(record, "ROOT", folder)
    text = (folder / path).read_text("utf-8")
    assert find in text
    (folder / path).write_text(text.replace(find, by), "utf-8")
    now = {module: code_hash(module) for module in BOTH}
    (folder / path).write_text(text, "utf-8")
    assert {module for module in BOTH if now[module] != before[module]} == set(stale)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the snippets, and the hashes of two long runs."""
    folder = tmp_path_factory.mktemp("copy")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(record.ROOT / "snippets", folder / "snippets", ignore=ignore)
    return folder, {module: code_hash(module) for module in BOTH}


# --- Data


@pytest.mark.parametrize(
    "value, expected",
    [
        (torch.tensor([[1.0, 2.0]]), [[1.0, 2.0]]),
        (torch.tensor(True), True),
        ((1, "a", None, False), [1, "a", None, False]),
        ({1: torch.tensor(2)}, {"1": 2}),
        (1 / 3, 0.333333),
        (123456789.0, 123457000.0),
        (-1e-12, -1e-12),
        (float("inf"), float("inf")),
        ([], []),
    ],
)
def test_plain_is_what_json_holds(value, expected):
    result = plain(value)
    assert result == expected and type(result) is type(expected)
    assert json.loads(json.dumps(result)) == expected


def test_plain_keeps_what_is_not_a_number():
    assert math.isnan(plain(float("nan")))


@pytest.mark.parametrize("value", [{1, 2}, object(), b"a", [{"a": 1j}]])
def test_plain_refuses_what_json_does_not_hold(value):
    with pytest.raises(TypeError, match="a result holds numbers"):
        plain(value)


def demo(**functions):
    """A module with these functions."""
    module = types.ModuleType("odd")
    vars(module).update(functions)
    return module


# --- Edits

BEFORE = Result(
    {"recipe": {"seed": 0, "device": "cpu"}, "data": {"double": 6.0, "seed": 0}},
    "a line that stays\ndouble 6.0\n",
)
ODD = "snippets.text.odd"


@pytest.mark.parametrize(
    "statement, call",
    [
        ("from snippets.text.odd import double", "double"),
        ("from snippets.text import odd", "odd.double"),
        ("import snippets.text.odd", "snippets.text.odd.double"),
    ],
)
def test_an_edit_gives_the_lines_that_differ(project, statement, call):
    demo = DEMO.replace("from snippets.text.odd import double", statement)
    write(project, demos__odd=demo.replace("double(3.0)", f"{call}(3.0)"))
    assert try_edit(ODD, "FACTOR = 2", "FACTOR = 5", BEFORE) == {
        "file": "snippets/text/odd.py",
        "find": "FACTOR = 2",
        "replace": "FACTOR = 5",
        "outcome": ["  a line that stays", "- double 6.0", "+ double 15.0"],
    }


def test_an_edit_is_felt_by_all_that_uses_it_as_in_a_reader_s_copy(project):
    between = "from snippets.text.odd import double\nsame = double\n"
    demo = DEMO.replace("text.odd import double", "text.between import same as double")
    write(project, text__between=between, demos__odd=demo)
    outcome = try_edit(ODD, "FACTOR = 2", "FACTOR = 5", BEFORE)["outcome"]
    assert outcome[-1] == "+ double 15.0"


def test_an_edit_may_be_one_of_the_demo(project):
    line = '    return {"double": double(3.0), "seed": seed}'
    outcome = try_edit(ODD, line, line.replace("3", "4"), BEFORE)
    assert outcome["file"] == "snippets/demos/odd.py"
    assert outcome["outcome"][-1] == "+ double 8.0"


@pytest.mark.parametrize(
    "put, error", [("FACTOR = 1 / 0", "ZeroDivisionError: "), ("F =", "SyntaxError: ")]
)
def test_an_edit_that_fails_shows_the_error(project, put, error):
    (line,) = try_edit(ODD, "FACTOR = 2", put, BEFORE)["outcome"]
    assert line.startswith(f"+ {error}")


def test_an_edit_leaves_the_files_and_the_modules_as_they_were(project):
    ours = {n: m for n, m in sys.modules.items() if n.startswith("snippets")}
    path, sources = list(sys.path), project / "snippets"
    try_edit(ODD, "FACTOR = 2", "FACTOR = 5", BEFORE)
    assert {n: m for n, m in sys.modules.items() if n.startswith("snippets")} == ours
    assert sys.path == path
    assert (sources / "text" / "odd.py").read_text("utf-8") == SNIPPET
    assert (sources / "demos" / "odd.py").read_text("utf-8") == DEMO


TRAINED = (
    DEMO
    + '''

TRAINS = "slow"


def slow():
    """Takes long, and depends on the snippet."""
    print("trained")
    return double(1)


def demo(seed, device):
    return {"double": double(3.0), "slow": slow()}
'''
)


@pytest.mark.parametrize(
    "find, put, trains",
    [("FACTOR = 2", "FACTOR = 5", True), ("import math", "import cmath", False)],
)
def test_an_edit_that_leaves_the_training_alone_is_not_trained_again(
    project, capsys, find, put, trains
):
    write(project, demos__odd=TRAINED)
    before = replace(BEFORE, record={**BEFORE.record, "data": {"slow": 2}})
    assert try_edit(ODD, find, put, before)["trains"] is trains
    assert capsys.readouterr().out == "trained\n"
    known = try_edit(ODD, find, put, before, train=False)
    assert known["trains"] is False and capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "find, times", [("FACTOR", 0), ("FACTOR = 2", 2), ("    nothing", 0)]
)
def test_an_edit_of_no_one_place_is_refused(project, find, times):
    write(project, demos__odd=DEMO + "FACTOR = 2\n" * (times - 1))
    with pytest.raises(
        RecordError, match=rf"odd\.py: '{find}', .* stands {times} times"
    ):
        try_edit(ODD, find, "x", BEFORE)


@pytest.mark.parametrize(
    "before, after, shown",
    [
        ("a\nb", "a\nb", []),
        # A paragraph that changed begins with what says which it is.
        (
            "one\n x y\n 1 2\n 3 4\n\ntwo\n 5\n",
            "one\n x y\n 1 2\n 3 9\n\ntwo\n 5\n",
            ["  one", "   x y", "-  3 4", "+  3 9"],
        ),
        ("one\n\ntwo", "1\n\n2", ["- one", "+ 1", "", "- two", "+ 2"]),
        # Rounding is no change, an error is one.
        ("off by 2.4e-07", "off by 1.8e-07", []),
        ("off by 2.4e-07", "off by 1.8e-01", ["- off by 2.4e-07", "+ off by 1.8e-01"]),
        ("\n" * 0 + "a\n" * 9, "", ["- a"] * 8 + ["  (1 more)"]),
    ],
)
def test_the_outcome_of_an_edit_is_what_changed(before, after, shown):
    assert differing(before, after) == shown


# --- Results


def test_a_result_is_written_and_read_back(tmp_path):
    content = {"name": "odd", "data": {"é": [1.5, None]}, "recipe": {}}
    paths = Result(content, "text √\n", None).write(tmp_path / "new")
    assert [path.name for path in paths] == ["odd.json", "odd.txt"]
    assert Result.read("odd", tmp_path / "new") == Result(content, "text √\n")


@pytest.mark.parametrize(
    "changed, date", [({}, "2026-02-02"), ({"data": 2}, "2026-03-03")]
)
def test_a_record_to_which_nothing_happened_keeps_its_date(tmp_path, changed, date):
    old = {"name": "odd", "recipe": {"date": "2026-02-02", "minutes": 3}, "data": 1}
    new = {**old, "recipe": {"date": "2026-03-03", "minutes": 4}, **changed}
    Result(old).write(tmp_path)
    Result(new).write(tmp_path)
    assert Result.read("odd", tmp_path).record["recipe"]["date"] == date


def test_a_conclusion_that_fails_is_not_recorded(project):
    holds = "\n\ndef holds(data):\n    return {'it is 7': data['double'] == 7}\n"
    with (
        record.copied("snippets/demos/odd.py", DEMO + holds),
        pytest.raises(RecordError, match="odd: does not hold: it is 7"),
    ):
        record.run_with_edits("odd", ODD)


def test_the_demo_starts_from_the_seed():
    odd = demo(demo=lambda seed, device: {"x": torch.rand(3), "seed": seed})
    first, same, other = (record.compute(odd, seed, "cpu") for seed in (1, 1, 2))
    assert first == same and first["x"] != other["x"]


def test_printed_is_what_show_prints(capsys):
    odd = demo(show=lambda data: print("x", data["x"]))
    assert record.printed(odd, {"x": 1}) == "x 1\n"
    assert capsys.readouterr().out == ""


def test_a_demo_without_draw_has_no_figure():
    assert record.drawn(demo(), {}, "odd") is None
