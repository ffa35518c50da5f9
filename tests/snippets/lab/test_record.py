"""The recorder: the hash of what runs long, the data, the edits."""

from __future__ import annotations

import math
import shutil
import sys
import types

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


ODD = "snippets.text.odd"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the snippet `snippets.text.odd` and its demo."""
    monkeypatch.setattr(record, "ROOT", tmp_path)
    (tmp_path / "docs" / "results").mkdir(parents=True)
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


@pytest.mark.parametrize(
    "find, by, stale",
    [
        ("# twice", "# two times", False),
        ('"""Twice."""', '"""Two times."""', False),
        ('"""A snippet for a test."""', "", False),
        ("\n\n\ndef double", "\ndef double", False),
        ("FACTOR * x ", "(FACTOR\n            * x) ", False),
        ("FACTOR = 2", "FACTOR = 3", True),
        ("FACTOR = 2", "FACTOR = 2.0", True),
        ("FACTOR * x", "x * FACTOR", True),
        ("FACTOR * x", "FACTOR + x", True),
        ("(x)", "(x, /)", True),
        ("return FACTOR", "FACTOR", True),
        ("import math", "import cmath as math", True),
        # What uses each other comes to an end.
        ("import math", "import snippets.text.odd", True),
    ],
)
def test_code_hash_changes_with_what_is_computed_alone(project, find, by, stale):
    before = code_hash(ODD)
    assert find in SNIPPET
    write(project, text__odd=SNIPPET.replace(find, by))
    assert (code_hash(ODD) != before) == stale


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
        # What the models share in their chapter; what the bench takes from others.
        ("snippets/recurrence/attentive.py", "weights", "looks", BOTH),
        ("snippets/text/vocabulary.py", "PAD", "PADDING", BOTH),
        ("snippets/text/search.py", "argmax", "argmin", BOTH),
        ("snippets/text/logits.py", "def softmax", "def softmacks", BOTH),
        # What else there is, and what draws and tells.
        ("snippets/attention/attention.py", "softmax", "softmin", ()),
        ("snippets/lab/plots.py", "400", "500", ()),
        ("snippets/lab/claims.py", '"not seen"', '"unseen"', ()),
    ],
)  # fmt: skip
def test_code_hash_changes_with_all_that_a_long_run_is_made_of(
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
        (math.inf, math.inf),
        (math.nan, math.nan),
    ],
)
def test_plain_is_what_json_holds(value, expected):
    assert repr(plain(value)) == repr(expected)


@pytest.mark.parametrize("value", [{1, 2}, object(), b"a", [{"a": 1j}]])
def test_plain_refuses_what_json_does_not_hold(value):
    with pytest.raises(TypeError, match="a result holds numbers"):
        plain(value)


# --- Edits

BEFORE = Result(
    {"recipe": {"seed": 0, "device": "cpu"}, "data": {"double": 6.0, "slow": 2}},
    "a line that stays\ndouble 6.0\n",
)
LINE = '    return {"double": double(3.0), "seed": seed}'


@pytest.mark.parametrize(
    "find, put, file, outcome",
    [
        ("FACTOR = 2", "FACTOR = 5", "text",
         ["  a line that stays", "- double 6.0", "+ double 15.0"]),
        (LINE, LINE.replace("3", "4"), "demos",
         ["  a line that stays", "- double 6.0", "+ double 8.0"]),
        ("FACTOR = 2", "FACTOR = 2.0", "text", []),
        ("FACTOR = 2", "FACTOR = 1 / 0", "text",
         ["+ ZeroDivisionError: division by zero"]),
        ("FACTOR = 2", "FACTOR =", "text",
         ["+ SyntaxError: invalid syntax (odd.py, line 4)"]),
    ],
)  # fmt: skip
def test_try_edit_gives_the_lines_that_differ(project, find, put, file, outcome):
    path = f"snippets/{file}/odd.py"
    edit = {"file": path, "find": find, "replace": put, "outcome": outcome}
    assert try_edit(ODD, find, put, BEFORE) == edit
    # It was tried on a copy.
    assert find in (project / path).read_text("utf-8")


TRAINS = """
TRAINS = "slow"


def slow():
    open(SIGN, "a").close()
    return double(1)


def demo(seed, device):
    return {"double": double(3.0), "slow": slow()}
"""


@pytest.mark.parametrize(
    "find, put, changed",
    [("FACTOR = 2", "FACTOR = 5", True), ("import math", "import cmath", False)],
)
def test_try_edit_trains_only_where_it_is_asked_to(project, find, put, changed):
    sign = project / "trained"
    write(project, demos__odd=DEMO + TRAINS.replace("SIGN", repr(str(sign))))
    assert try_edit(ODD, find, put, BEFORE)["trains"] is changed
    assert sign.exists()
    sign.unlink()
    assert try_edit(ODD, find, put, BEFORE, train=False)["trains"] is False
    assert not sign.exists()


@pytest.mark.parametrize("find, times", [("FACTOR", 0), ("FACTOR = 2", 2)])
def test_try_edit_refuses_what_stands_in_no_one_place(project, find, times):
    write(project, demos__odd=DEMO + "FACTOR = 2\n" * (times - 1))
    said = rf"odd\.py: '{find}', .* stands {times} times"
    with pytest.raises(RecordError, match=said):
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
        ("a\n" * 17, "", ["- a"] * 16 + ["  (1 more)"]),
    ],
)
def test_differing_gives_what_changed(before, after, shown):
    assert differing(before, after) == shown


# --- Results


def test_a_result_is_written_and_read_back(tmp_path):
    content = {"name": "odd", "data": {"é": [1.5, None]}, "recipe": {}}
    paths = Result(content, "text √\n", {"svg": "a", "1.svg": "b"}).write(
        tmp_path / "new"
    )
    assert [path.name[4:] for path in paths] == ["json", "txt", "svg", "1.svg"]
    # What is drawn no more goes.
    Result(content, "text √\n", {"svg": "a"}).write(tmp_path / "new")
    read = Result.read("odd", tmp_path / "new")
    assert read == Result(content, "text √\n", {"svg": "a"})


@pytest.mark.parametrize(
    "changed, date", [({}, "2026-02-02"), ({"data": 2}, "2026-03-03")]
)
def test_a_record_to_which_nothing_happened_keeps_its_date(tmp_path, changed, date):
    old = {"name": "odd", "recipe": {"date": "2026-02-02", "minutes": 3}, "data": 1}
    new = {**old, "recipe": {"date": "2026-03-03", "minutes": 4}, **changed}
    Result(old).write(tmp_path)
    Result(new).write(tmp_path)
    assert Result.read("odd", tmp_path).record["recipe"]["date"] == date


@pytest.fixture
def odd(monkeypatch):
    """A demo in place of that of `snippets.text.odd`."""
    demo = types.ModuleType("snippets.demos.odd")
    demo.demo = lambda seed, device: {"x": torch.rand(3), "seed": seed}
    demo.show = lambda data: print("x", data["seed"])
    demo.holds = lambda data: {"it is not 7": data["seed"] != 7}
    monkeypatch.setitem(sys.modules, demo.__name__, demo)


def test_run_starts_from_the_seed_and_prints_by_show(odd, capsys):
    first, same, other = (record.run("odd", ODD, seed) for seed in (1, 1, 2))
    assert first.record["data"] == same.record["data"]
    assert first.record["data"]["x"] != other.record["data"]["x"]
    assert (first.text, first.figures) == ("x 1\n", {})
    assert first.record["recipe"]["command"] == "python -m snippets odd"
    assert capsys.readouterr().out == ""


def test_a_conclusion_that_fails_is_not_recorded(odd):
    assert record.run_with_edits("odd", ODD).record["edits"] == []
    with pytest.raises(RecordError, match="odd: does not hold: it is not 7"):
        record.run_with_edits("odd", ODD, seed=7)
