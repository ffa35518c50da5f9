"""The sentence on the home page shows what was recorded, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from reading_list.syllabus import load_syllabus
from syllabus import ROOT, Syllabus
from website.trace import CANDIDATES, NUMBERS, SENTENCE, WHOSE, cividis, trace

WORDS = ["the", "robot", "it"]
ROBOT: dict[str, dict[str, Any]] = {
    "tokenization": {
        "robot": {"tokens": [{"text": "The", "id": 31}, {"text": " robot", "id": 412}]}
    },
    "embeddings": {
        "robot": {
            "tokens": WORDS,
            "vectors": [[0.1 * i - 0.2 * row for i in range(9)] for row in range(3)],
            "d_model": 20,
        }
    },
    "heads": {
        "robot": {
            "tokens": WORDS,
            "query": "it",
            "attention": [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.125, 0.625, 0.25]],
        }
    },
    "logits": {
        "robot": {
            "after": "<the",
            "next": [{"token": f" w{i}", "p": 0.5 / 2**i} for i in range(9)],
        }
    },
}


@pytest.fixture(scope="module")
def syllabus() -> Syllabus:
    """All concepts written."""
    read = load_syllabus()
    return Syllabus(
        chapters=read.chapters,
        concepts=tuple(
            c.model_copy(update={"status": "written"}) for c in read.concepts
        ),
    )


def _trace(results: dict[str, dict[str, Any]], syllabus: Syllabus) -> str:
    return trace(results, syllabus, lambda name: f"concepts/{name}/")


def test_every_stage_links_to_its_concept(syllabus: Syllabus) -> None:
    drawn = _trace(ROBOT, syllabus)
    assert re.findall(r'href="concepts/([a-z-]+)/"', drawn) == [
        "tokenization",
        "embeddings",
        "heads",
        "logits",
    ]


@pytest.mark.parametrize("missing", sorted(ROBOT))
def test_a_stage_that_was_not_recorded_is_left_out(
    missing: str, syllabus: Syllabus
) -> None:
    drawn = _trace({**ROBOT, missing: {"other": 1}}, syllabus)
    assert f"concepts/{missing}/" not in drawn
    assert drawn.count("href=") == len(ROBOT) - 1


def test_a_planned_concept_is_not_linked(syllabus: Syllabus) -> None:
    planned = Syllabus(
        chapters=syllabus.chapters,
        concepts=tuple(
            c.model_copy(update={"status": "planned"}) if c.name == "heads" else c
            for c in syllabus.concepts
        ),
    )
    assert "concepts/heads/" not in _trace(ROBOT, planned)


def test_with_nothing_recorded_there_is_the_sentence(syllabus: Syllabus) -> None:
    drawn = _trace({}, syllabus)
    assert SENTENCE in drawn
    assert drawn.count("<li>") == 1


def test_the_weights_are_those_of_the_query(syllabus: Syllabus) -> None:
    shares = re.findall(r'trace-share">(\d+) %', _trace(ROBOT, syllabus))
    assert shares[:3] == ["12", "62", "25"]
    assert "width:100.0%" in _trace(ROBOT, syllabus)


def test_one_table_where_the_tokens_are_the_same_and_two_where_not(
    syllabus: Syllabus,
) -> None:
    assert _trace(ROBOT, syllabus).count('class="trace-inside"') == 1
    heads = ROBOT["heads"]["robot"]
    other = {"robot": {**heads, "tokens": ["a", "b", "it"]}}
    apart = _trace({**ROBOT, "heads": other}, syllabus)
    assert apart.count('class="trace-inside"') == 2


def test_only_the_first_numbers_and_candidates_are_drawn(syllabus: Syllabus) -> None:
    drawn = _trace(ROBOT, syllabus)
    assert drawn.count('<i style="background') == NUMBERS * len(WORDS)
    assert f"{NUMBERS} of 20 numbers" in drawn
    assert f"·w{CANDIDATES - 1}" in drawn
    assert f"·w{CANDIDATES}" not in drawn


def test_text_from_a_record_is_escaped(syllabus: Syllabus) -> None:
    drawn = _trace(ROBOT, syllabus)
    assert "“&lt;the”" in drawn


def test_every_line_closes_what_it_opens_or_has_one_tag(syllabus: Syllabus) -> None:
    # Python-Markdown 3.11 loses `</li>` when it follows another tag on its line.
    lines = _trace(ROBOT, syllabus).splitlines()
    assert all(line == "</li>" for line in lines if line.endswith("</li>"))


def test_every_stage_says_whose_it_is(syllabus: Syllabus) -> None:
    drawn = _trace(ROBOT, syllabus)
    assert list(WHOSE) == list(ROBOT)
    for name, whose in WHOSE.items():
        title = syllabus.by_name[name].title
        assert f"{title}</a> <small>{whose}</small>" in drawn


def test_the_caption_says_where_the_head_looks() -> None:
    recorded = json.loads((ROOT / "docs/results/heads.json").read_text("utf-8"))
    robot = recorded["data"]["robot"]
    weights = robot["attention"][robot["tokens"].index("it")]
    most = robot["tokens"][weights.index(max(weights))]
    home = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    assert f"This head looks at “{most}”" in " ".join(home.split())


def test_cividis_grows_lighter() -> None:
    def light(colour: str) -> int:
        return sum(int(colour[i : i + 2], 16) for i in (1, 3, 5))

    steps = [light(cividis(i / 20)) for i in range(21)]
    assert steps == sorted(steps)
    assert cividis(-1) == cividis(0)
    assert cividis(2) == cividis(1)
