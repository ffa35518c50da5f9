"""The recorder: the hash of the code, the data, the edits."""

from __future__ import annotations

import json
import math
import sys
import types

import pytest
import torch

import snippets.demos
import snippets.text
from snippets.lab import record
from snippets.lab.record import Edit, EditError, Result, code_hash, plain, try_edit

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
    monkeypatch.setattr(record, "PAGES", tmp_path / "docs")
    for folder in ("snippets/text", "snippets/lab", "snippets/demos", "docs"):
        (tmp_path / folder).mkdir(parents=True)
    write(tmp_path, text__odd=SNIPPET, demos__odd=DEMO)
    return tmp_path


def write(project, **sources):
    for name, content in sources.items():
        file = project / "snippets" / f"{name.replace('__', '/')}.py"
        file.write_text(content, "utf-8")


def hash_of(project, **sources):
    """The hash of the demo, with other sources."""
    write(project, **sources)
    return code_hash("snippets.demos.odd")


def edited(find, by):
    """Both sources, with a change in the one place of the two where it fits."""
    assert (SNIPPET + DEMO).count(find) == 1
    return {
        "text__odd": SNIPPET.replace(find, by),
        "demos__odd": DEMO.replace(find, by),
    }


@pytest.mark.parametrize(
    "find, by",
    [
        ("# twice", "# two times"),
        ('"""Twice."""', '"""Two times."""'),
        ('"""A snippet for a test."""', ""),
        ('"""It shows."""', '"""It shows more."""'),
        ("import math", "import os"),
        ("\n\n\ndef double", "\ndef double"),
        ("FACTOR * x ", "(FACTOR\n            * x) "),
        ('"double"', "'double'"),
    ],
)
def test_to_reword_is_not_to_recompute(project, find, by):
    before = hash_of(project)
    assert hash_of(project, **edited(find, by)) == before


@pytest.mark.parametrize(
    "find, by",
    [
        ("FACTOR = 2", "FACTOR = 3"),
        ("FACTOR = 2", "FACTOR = 2.0"),
        ("FACTOR = 2", "FACTOR = None"),
        ("FACTOR * x", "x * FACTOR"),
        ("FACTOR * x", "FACTOR + x"),
        (":.1f", ":.2f"),
        ('"double": ', '"twice": '),
        ("(seed, device)", "(seed, device, /)"),
        ("return FACTOR", "FACTOR"),
    ],
)
def test_changed_code_has_another_hash(project, find, by):
    before = hash_of(project)
    assert hash_of(project, **edited(find, by)) != before


@pytest.mark.parametrize(
    "statement",
    [
        "from snippets.text.base import x",
        "from snippets.text import base",
        "import snippets.text.base",
        "import snippets.text.base as b",
    ],
)
def test_code_that_is_used_counts_however_it_is_imported(project, statement):
    source = f"{statement}\n{SNIPPET}"
    before = hash_of(project, text__odd=source, text__base="x = 1\n")
    assert hash_of(project, text__base="x = 2\n") != before


def test_code_that_is_used_far_away_counts(project):
    source = f"from snippets.text import base\n{SNIPPET}"
    base = "from snippets.lab import far\n"
    before = hash_of(project, text__odd=source, text__base=base, lab__far="x = 1\n")
    assert hash_of(project, lab__far="x = 2\n") != before


def test_the_plot_style_and_strangers_do_not_count(project):
    source = f"from snippets.lab import plots\n{SNIPPET}"
    before = hash_of(
        project, text__odd=source, lab__plots="x = 1\n", text__other="x = 1\n"
    )
    assert hash_of(project, lab__plots="x = 2\n", text__other="x = 2\n") == before


def test_two_snippets_that_use_each_other_come_to_an_end(project):
    source = f"import snippets.text.base\n{SNIPPET}"
    base = "import snippets.text.odd"
    assert len(hash_of(project, text__odd=source, text__base=base)) == 64


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


BEFORE = "a line that stays\ndouble 6.0\n"


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
    edit = Edit("FACTOR = 2", "FACTOR = 5")
    assert try_edit("snippets.text.odd", edit, BEFORE, 0, "cpu") == {
        "file": "snippets/text/odd.py",
        "find": "FACTOR = 2",
        "replace": "FACTOR = 5",
        "before": ["double 6.0"],
        "after": ["double 15.0"],
    }


def test_an_edit_may_be_one_of_the_demo(project):
    outcome = try_edit("snippets.text.odd", Edit("(3.0)", "(4.0)"), BEFORE, 0, "cpu")
    assert outcome["file"] == "snippets/demos/odd.py"
    assert outcome["after"] == ["double 8.0"]


def test_an_edit_that_fails_shows_the_error(project):
    edit = Edit("FACTOR * x", "FACTOR / (x - 3)")
    outcome = try_edit("snippets.text.odd", edit, BEFORE, 0, "cpu")
    (line,) = outcome["after"]
    assert line.startswith("ZeroDivisionError: ")
    assert outcome["before"] == BEFORE.splitlines()


def test_an_edit_leaves_the_files_and_the_modules_as_they_were(project, monkeypatch):
    module = types.ModuleType("snippets.text.odd")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(snippets.text, "odd", module, raising=False)
    try_edit("snippets.text.odd", Edit("FACTOR = 2", "FACTOR = 5"), "", 0, "cpu")
    assert sys.modules["snippets.text.odd"] is snippets.text.odd is module
    assert "snippets.demos.odd" not in sys.modules
    assert not hasattr(snippets.demos, "odd")
    sources = project / "snippets"
    assert (sources / "text" / "odd.py").read_text("utf-8") == SNIPPET
    assert (sources / "demos" / "odd.py").read_text("utf-8") == DEMO


@pytest.mark.parametrize("find, times", [("FACTOR", 2), ("double", 6), ("nothing", 0)])
def test_an_edit_that_names_no_one_place_is_refused(project, find, times):
    with pytest.raises(EditError, match=rf"odd\.py: '{find}', .* stands {times} times"):
        try_edit("snippets.text.odd", Edit(find, "x"), "", 0, "cpu")


def test_edits_come_from_the_front_matter_of_the_page(project):
    page = project / "docs" / "odd.md"
    page.write_text(
        "---\nedits:\n  - {find: a, replace: b, why: c}\n---\n--- a line ---\n", "utf-8"
    )
    assert record.edits_of("odd") == [Edit("a", "b")]
    page.write_text("---\ndescription: none\n---\n", "utf-8")
    assert record.edits_of("odd") == []
    assert record.edits_of("no-page") == []


def test_a_result_is_written_and_read_back(tmp_path):
    content = {"name": "odd", "data": {"é": [1.5, None]}, "recipe": {}}
    paths = Result(content, "text √\n", None).write(tmp_path / "new")
    assert [path.name for path in paths] == ["odd.json", "odd.txt"]
    assert json.loads(paths[0].read_text("utf-8")) == content
    assert paths[1].read_text("utf-8") == "text √\n"


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
