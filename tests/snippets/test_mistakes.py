"""What the page "Mistakes that ran" quotes is what the tests say."""

import json
import re

import pytest

from snippets.lab import freshness, record
from tests.benchmarks import mistakes

NUMBER = re.compile(r"\b\d[\d.]*(?:e-?\d+)?\b")


def parted(refusals):
    """The words, and the numbers in them: these differ a little between processors."""
    text = json.dumps(refusals)
    return NUMBER.sub("#", text), [float(number) for number in NUMBER.findall(text)]


@pytest.mark.fresh
def test_what_is_quoted_is_what_the_tests_say_today():
    path = record.RESULTS / "benchmarks" / "mistakes.json"
    recorded = json.loads(path.read_text(encoding="utf-8"))
    words, numbers = parted(recorded["data"])
    words_today, numbers_today = parted(mistakes.refusals())
    assert words == words_today, f"record it again: {mistakes.COMMAND} --record"
    assert numbers == pytest.approx(numbers_today, rel=0.02)
    assert recorded["recipe"]["command"] == mistakes.COMMAND
    assert recorded["recipe"]["torch"] == freshness.pins()["torch"]
    assert freshness.misdated(recorded) == []


def test_a_test_that_refuses_nothing_is_noticed():
    with pytest.raises(RuntimeError, match="refuses nothing"):
        mistakes.said(lambda: None)
