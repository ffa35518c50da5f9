"""What pages show of the snippets is still what the snippets give.

Every snippet runs once, in a process beside the tests (see conftest.py): without the
checks of shapes that they install, exactly as it ran when its result was recorded.
Marked `fresh` is what may differ with other versions of PyTorch and matplotlib.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date

import pytest

from reading_list.syllabus import load_syllabus
from snippets.lab import freshness, record
from snippets.lab.freshness import Again, Recorded, differences, same_line

WRITTEN = {c.name: c for c in load_syllabus().written if c.code}


every_concept = pytest.mark.parametrize("concept", WRITTEN.values(), ids=WRITTEN)


@pytest.mark.fresh
@every_concept
@pytest.mark.parametrize("check", freshness.CHECKS, ids=lambda check: check.__name__)
def test_result_is_what_the_snippet_gives_today(concept, check, again):
    found = check(Recorded.read(concept.name), again(concept))
    assert not found, "\n".join(found)


@every_concept
def test_the_code_is_the_recorded_code(concept):
    recorded = Recorded.read(concept.name)
    found = freshness.code(recorded, record.code_hash(concept.demo))
    assert not found, "\n".join(found)


@every_concept
def test_the_recorded_edits_are_those_of_the_page(concept):
    recorded = Recorded.read(concept.name)
    found = freshness.proposed(recorded, record.edits_of(concept.name))
    assert not found, "\n".join(found)


@every_concept
def test_the_recipe_says_how_it_was_made(concept):
    recipe = Recorded.read(concept.name).content["recipe"]
    assert recipe["command"] == f"python -m snippets {concept.name}"
    assert (recipe["seed"], recipe["device"], recipe["threads"]) == (0, "cpu", 1)
    assert recipe["seconds"] < 10
    assert date.fromisoformat(recipe["date"]).isoformat() == recipe["date"]


# --- A stale result would be seen


@pytest.fixture
def fresh(again) -> tuple[Recorded, Again]:
    """A result and a run of the same code that agree in everything."""
    recorded = Recorded.read("attention")
    today = again(WRITTEN["attention"])
    content = {**recorded.content, "data": today.data, "edits": today.edits}
    agreed = replace(recorded, content=content, text=today.text, figure=today.figure)
    assert not any(check(agreed, today) for check in freshness.CHECKS)
    return agreed, today


def test_changed_code_is_seen(fresh):
    recorded, _ = fresh
    assert freshness.code(recorded, "0" * 64) == ["the code has changed since"]


def test_a_changed_number_is_seen(fresh):
    recorded, today = fresh
    weights = today.data["by_hand"]["weights"]
    hand = {**today.data["by_hand"], "weights": [weights[0] * 1.01, *weights[1:]]}
    changed = replace(today, data={**today.data, "by_hand": hand})
    (fault,) = freshness.data(recorded, changed)
    assert fault.startswith("data.by_hand.weights[0] is recorded as")


def test_changed_text_is_seen(fresh):
    recorded, today = fresh
    edited = replace(recorded, text=recorded.text.replace("0.73", "0.74"))
    assert freshness.text(edited, today) != []


@pytest.mark.parametrize("figure", [None, "<svg></svg>"])
def test_a_changed_or_missing_figure_is_seen(fresh, figure):
    recorded, today = fresh
    assert freshness.figure(replace(recorded, figure=figure), today) != []
    assert freshness.figure(recorded, replace(today, figure=figure)) != []


def test_another_outcome_of_an_edit_is_seen(fresh):
    recorded, today = fresh
    first, *others = today.edits
    after = [line.replace("3.42", "3.52") for line in first["after"]]
    assert after != first["after"]
    for changed in ({**first, "after": after}, {**first, "before": []}):
        faults = freshness.edits(recorded, replace(today, edits=[changed, *others]))
        assert len(faults) == 1 and faults[0].startswith("edit 1 printed")


def test_another_edit_on_the_page_is_seen(fresh):
    recorded, _ = fresh
    edits = record.edits_of("attention")
    other = replace(edits[0], replace="    scaled = scores / d_head")
    for changed in ([other, *edits[1:]], edits[1:], [*edits, other], edits[::-1]):
        assert freshness.proposed(recorded, changed) != []


def test_a_snippet_that_changes_is_seen_from_the_snippets_that_use_it(
    tmp_path, monkeypatch
):
    """The hash of `attention` covers `logits`, whose softmax it uses."""
    shutil.copytree(record.ROOT / "snippets", tmp_path / "snippets")
    demo = record.demo_of("snippets.attention.attention")
    before = record.code_hash(demo)
    monkeypatch.setattr(record, "ROOT", tmp_path)
    assert record.code_hash(demo) == before
    used = tmp_path / "snippets" / "text" / "logits.py"
    used.write_text(used.read_text("utf-8") + "\nextra = 1\n", "utf-8")
    assert record.code_hash(demo) != before


@pytest.mark.parametrize(
    "a, b, faults",
    [
        (1.0, 1.0005, 0),
        (1.0, 1.002, 1),
        (2e-7, 3e-7, 0),
        (1e-5, 4e-5, 1),
        (float("nan"), float("nan"), 0),
        (float("nan"), 1.0, 1),
        (3, 3, 0),
        (1000, 1001, 1),
        (1, 1.0, 1),
        (True, 1, 1),
        ("a", "b", 1),
        (None, None, 0),
        ([1, 2], [1, 2, 3], 1),
        ({"a": 1}, {"b": 1}, 1),
        ({"sampled": "a", "b": 1}, {"sampled": "c", "b": 1}, 0),
        ({"sampled": "a", "b": 1}, {"sampled": "c", "b": 2}, 1),
        ([{"a": [1.0, 2.0]}], [{"a": [1.1, 2.1]}], 2),
    ],
)
def test_what_differs(a, b, faults):
    assert len(differences(a, b)) == faults


@pytest.mark.parametrize(
    "a, b, same",
    [
        ("glass  0.73", "glass 0.73", True),
        ("glass  0.73", "glass 0.74", True),
        ("glass  0.73", "glass 0.75", False),
        ("glass −0.73", "glass  0.73", False),
        ("operator: 2.4e-07", "operator: 1.8e-07", True),
        ("operator: 2.4e-01", "operator: 1.8e-01", False),
        ("12 heads", "13 heads", False),
        ("30,522 tokens", "30,522 tokens", True),
        ("30,522 tokens", "30,523 tokens", False),
        ("0.73 a", "0.73 b", False),
        ("0.73", "0.73 0.73", False),
    ],
)
def test_which_printed_lines_are_the_same(a, b, same):
    assert same_line(a, b) is same
