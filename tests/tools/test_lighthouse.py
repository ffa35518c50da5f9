"""What Lighthouse said is kept as it said it, and held to what the site promises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools import lighthouse
from tools.lighthouse import AT_LEAST, LighthouseError

FULL = dict.fromkeys(AT_LEAST, 100)


def a_report(**scores: float | None) -> dict[str, Any]:
    """A report as Lighthouse writes it, full marks but for these."""
    return {
        "categories": {name: {"score": scores.get(name, 1)} for name in AT_LEAST},
        "environment": {"hostUserAgent": "HeadlessChrome/156.0.1.2 Safari"},
        "configSettings": {"formFactor": "mobile"},
        "lighthouseVersion": "13.5.0",
    }


def test_record_takes_the_median_score_by_score() -> None:
    runs = [(0.9, 0.07), (0.994, 0.09), (0.956, 0.08)]
    reports = [a_report(performance=p, seo=s) for p, s in runs]
    made = lighthouse.record({"concept": reports})
    assert made["pages"]["concept"] == {
        "address": "/concepts/attention/",
        **FULL,
        "performance": 96,
        "seo": 8,
    }
    assert made["chromium"] == "156" and made["lighthouse"] == "13.5.0"
    assert made["form_factor"] == "mobile" and made["command"] == "make lighthouse"


def test_below_names_what_is_less_than_promised() -> None:
    pages = {"home": FULL, "concept": {**FULL, "performance": 94, "seo": 99}}
    assert lighthouse.below(pages) == [
        "concept: performance 94, at least 95 is promised",
        "concept: seo 99, at least 100 is promised",
    ]
    assert lighthouse.below({"home": {**FULL, "performance": 95}}) == []


@pytest.mark.parametrize(
    ("writes", "says"),
    [
        ("process.stderr.write('no Chrome'); process.exit(1)", "no Chrome"),
        (
            "const path = process.argv.find((word) => word.includes('output-path='));"
            f"require('fs').writeFileSync(path.slice(14) + '.report.json',"
            f"{json.dumps(json.dumps(a_report(seo=None)))})",
            "has no score",
        ),
    ],
)
def test_report_is_an_error_where_there_is_no_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: str, says: str
) -> None:
    program = tmp_path / "index.js"
    program.write_text(writes)
    monkeypatch.setattr(lighthouse, "PROGRAM", program)
    with pytest.raises(LighthouseError, match=says):
        lighthouse.report("http://127.0.0.1/", tmp_path / "home", None)
