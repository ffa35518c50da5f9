"""The sentence on the home page shows what was recorded, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from syllabus import ROOT, Syllabus
from tests.website.small import links, text
from website.results import Result
from website.trace import CANDIDATES, NUMBERS, SENTENCE, WHOSE, cividis, trace

WORDS = ["the", "robot", "it"]
ROBOT: dict[str, dict[str, Any]] = {
    "tokenization": {"tokens": [{"text": "The", "id": 31}, {"text": " <b>", "id": 4}]},
    "embeddings": {
        "tokens": WORDS,
        "vectors": [[0.1 * i - 0.2 * row for i in range(9)] for row in range(3)],
        "d_model": 20,
    },
    "heads": {
        "tokens": WORDS,
        "query": "it",
        "attention": [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.125, 0.625, 0.25]],
    },
    "logits": {
        "after": "<the",
        "next": [{"token": f" w{i}", "p": 0.5 / 2**i} for i in range(9)],
    },
}


def drawn(robot: dict[str, Any], written: Collection[str] = tuple(ROBOT)) -> Tag:
    """The list, from such records of these concepts, all others planned."""
    stations = [
        {
            "name": name,
            "title": name.capitalize(),
            "chapter": None,
            "question": "Which?",
            "definition": "That.",
            "builds_on": [],
            "status": "written" if name in written else "planned",
        }
        for name in ROBOT
    ]
    syllabus = Syllabus.model_validate({"chapters": [], "concepts": stations})
    results = {
        name: Result(name, {"data": {"robot": data}}) for name, data in robot.items()
    }
    results["other"] = Result("other", {"data": {}})
    page = trace(results, syllabus, lambda name: f"concepts/{name}/")
    found = BeautifulSoup(page, "html.parser").ol
    assert found
    return found


def test_every_stage_shows_its_numbers_and_whose_they_are() -> None:
    first, *stages = drawn(ROBOT).find_all("li", recursive=False)
    assert SENTENCE in text(first)
    labels = [links(stage.span) for stage in stages]
    assert labels == [
        [("Tokenization", "concepts/tokenization/")],
        [("Embeddings", "concepts/embeddings/"), ("Heads", "concepts/heads/")],
        [("Logits", "concepts/logits/")],
    ]
    assert all(whose in text(drawn(ROBOT)) for whose in WHOSE.values())
    tokens, inside, after = stages
    assert [text(token) for token in tokens.select("ul li")] == ["The31", "·<b>4"]
    vectors = inside.select(".trace-cells")
    assert [len(vector.find_all("i")) for vector in vectors] == [NUMBERS] * len(WORDS)
    assert vectors[1]["aria-label"].startswith("−0.20, −0.10, 0.00, 0.10")
    assert f"{NUMBERS} of 20 numbers" in text(inside)
    # The weights are those of the query, the longest bar is the largest weight.
    assert [text(share) for share in inside.select(".trace-share")] == [
        *("12 %", "62 %", "25 %")
    ]
    bars = [bar["style"] for bar in inside.select(".trace-bar i")]
    assert bars == ["width:20.0%", "width:100.0%", "width:40.0%"]
    assert "what may follow “<the”" in text(after)
    assert len(after.select("tbody tr")) == CANDIDATES
    assert text(after.select("tbody tr")[1]) == "·w125 %"
    bars = [bar["style"] for bar in after.select(".trace-bar i")]
    assert bars[:2] == ["width:100.0%", "width:50.0%"]


@pytest.mark.parametrize("missing", ROBOT)
def test_a_stage_that_is_not_recorded_or_only_planned_is_left_out(missing: str) -> None:
    others = {name: data for name, data in ROBOT.items() if name != missing}
    leads = [f"concepts/{name}/" for name in others]
    assert [href for _, href in links(drawn(others))] == leads
    assert [href for _, href in links(drawn(ROBOT, others))] == leads


def test_with_nothing_recorded_there_is_the_sentence() -> None:
    assert text(drawn({})) == f"Text {SENTENCE}"


def test_vectors_and_weights_share_a_table_where_their_tokens_are_the_same() -> None:
    assert len(drawn(ROBOT).select(".trace-inside")) == 1
    heads = ROBOT["heads"] | {"tokens": ["a", "b", "it"]}
    assert len(drawn(ROBOT | {"heads": heads}).select(".trace-inside")) == 2


def test_another_text_shows_what_its_pronoun_gives_each_noun() -> None:
    told = {
        "text": "<They",
        "pronoun": "they",
        "nouns": {"robot": 0.2, "glasses": 0.8},
    }
    heads = ROBOT["heads"] | {"plural": told}
    other = drawn(ROBOT | {"heads": heads}).select_one(".trace-other")
    assert other
    assert "what they looks at in “<They”" in text(other)
    rows = [text(row) for row in other.select("tbody tr")]
    assert rows == ["robot20 %", "glasses80 %"]
    bars = [bar["style"] for bar in other.select(".trace-bar i")]
    assert bars == ["width:25.0%", "width:100.0%"]
    assert not drawn(ROBOT).select(".trace-other")


def test_the_caption_says_where_the_head_looks() -> None:
    recorded = json.loads((ROOT / "docs/results/heads.json").read_text("utf-8"))
    robot = recorded["data"]["robot"]
    weights = dict(
        zip(
            robot["tokens"],
            robot["attention"][robot["tokens"].index("it")],
            strict=True,
        )
    )
    assert weights["robot"] > weights["glass"]
    assert weights["[CLS]"] == max(weights.values())
    plural = robot["plural"]["nouns"]
    assert plural["glasses"] == max(plural.values())
    home = " ".join((ROOT / "docs/index.md").read_text(encoding="utf-8").split())
    assert "leans to the robot" in home
    assert "as in “glasses … they”, it finds its noun" in home


def test_cividis_grows_lighter() -> None:
    def light(colour: str) -> int:
        return sum(int(colour[i : i + 2], 16) for i in (1, 3, 5))

    steps = [light(cividis(i / 20)) for i in range(21)]
    assert steps == sorted(steps)
    assert cividis(-1) == cividis(0)
    assert cividis(2) == cividis(1)
