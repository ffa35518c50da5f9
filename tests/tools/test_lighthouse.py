"""What Lighthouse said is kept as it said it, and held to what the site promises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools import lighthouse
from tools.lighthouse import AT_LEAST, PAGES

FULL = dict.fromkeys(AT_LEAST, 100)


def a_report(**scores: float | None) -> dict[str, Any]:
    """A report as Lighthouse writes it, full marks but for these."""
    categories = {
        name: {
            "score": scores.get(name, 1),
            "auditRefs": [{"id": "contrast", "weight": 7}, {"id": "hint", "weight": 0}],
        }
        for name in AT_LEAST
    }
    return {
        "categories": categories,
        "audits": {
            "contrast": {"title": "Contrast is low", "score": 0},
            "hint": {"title": "Not weighted", "score": 0},
        },
        "environment": {"hostUserAgent": "HeadlessChrome/156.0.1.2 Safari"},
        "configSettings": {"formFactor": "mobile"},
        "lighthouseVersion": "13.5.0",
    }


def test_scores_are_of_a_hundred() -> None:
    found = lighthouse.scores(a_report(performance=0.954))
    assert found == {**FULL, "performance": 95}


def test_a_category_without_a_score_is_an_error_and_not_a_zero() -> None:
    with pytest.raises(lighthouse.LighthouseError):
        lighthouse.scores(a_report(seo=None))


def test_the_median_is_taken_score_by_score() -> None:
    runs = [
        {**FULL, "performance": p, "seo": s} for p, s in [(90, 7), (99, 9), (96, 8)]
    ]
    assert lighthouse.median(runs) == {**FULL, "performance": 96, "seo": 8}


def test_what_is_below_the_promise_is_named() -> None:
    pages = {"home": FULL, "concept": {**FULL, "performance": 94, "seo": 99}}
    assert lighthouse.below(pages) == [
        "concept: performance 94, at least 95 is promised",
        "concept: seo 99, at least 100 is promised",
    ]
    assert lighthouse.below({"home": {**FULL, "performance": 95}}) == []


def test_complaints_are_of_what_counts() -> None:
    assert lighthouse.complaints(a_report()) == ["Contrast is low"]


def test_the_record_says_how_it_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "lighthouse.json"
    lighthouse.write(path, {"home": FULL}, a_report())
    record = json.loads(path.read_text())
    assert record["pages"] == {"home": {"address": "/", **FULL}}
    assert record["chromium"] == "156" and record["lighthouse"] == "13.5.0"
    assert record["form_factor"] == "mobile" and record["command"] == "make lighthouse"


def test_the_recorded_scores_are_of_every_kind_of_page_and_keep_the_promise() -> None:
    record = json.loads(lighthouse.RECORD.read_text())
    assert set(record["pages"]) == set(PAGES)
    assert lighthouse.below(record["pages"]) == []
