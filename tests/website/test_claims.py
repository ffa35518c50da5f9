"""The page "Does it hold?", and the records that it is made from."""

from dataclasses import replace
from html import unescape

import pytest

from snippets.lab import claims as runner
from snippets.lab.record import Result
from tests.website.small import article, links, text, with_resources
from website.claims import TERMS, does_it_hold, explained, load_claims

RECORDED = load_claims()


@pytest.mark.fresh
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_claim_is_that_of_the_code(name):
    found = runner.stale(Result.read(name, runner.RESULTS))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_claim_has_seeds_and_takes_its_time(name):
    recipe = RECORDED[name].record["recipe"]
    # Those of the weekly run, which holds others to the verdict alone.
    assert recipe["seeds"] == [0, 1, 2]
    assert 1 <= recipe["minutes"] <= 5


def test_the_page_says_what_was_seen_and_what_not(small_site):
    page = article(small_site, "does-it-hold")
    row = page.select("tbody td")
    assert [text(cell) for cell in row] == [
        "Long words, Adams 2020Counting takes as long as the text.",
        "Partly seen",
    ]
    assert links(row[0]) == [
        ("Long words", "#long-words"),
        ("Adams 2020", "../resources/adams-2020-counting/"),
    ]
    assert page.h2["id"] == "long-words"
    told = text(page)
    for said in (
        "Counting takes as long as the text. (Adams 2020)",
        "Partly seen. We saw a difference of −2 %.",
        "The paper. They report BLEU of 28 %. (On Counting 1 < 2 & More, section 3.)",
        'Printed by make claim NAME=long-words ARGS="--seeds 3,4"a table',
        'ARGS="--seeds 3,4", seeds 3, 4, Python 3.11, torch 2.13.0, 2026-11-20; takes'
        " about 1 minute.",
    ):
        assert said in told
    # Without the conclusion, which stands above.
    assert page.select_one(".printed code").get_text() == "a table\n"
    drawing = page.select_one("figure.drawing svg")
    assert drawing["aria-label"].endswith("We saw a difference of -2 %.")


def test_where_nothing_else_was_tried_nothing_is_said(renderer):
    claim = renderer.claims["long-words"]
    quiet = replace(claim, record={**claim.record, "tried": ""})
    page = does_it_hold({"long-words": quiet}, renderer.reading_list)
    assert "What we tried" not in page


def test_claims_stand_in_the_order_of_their_papers(renderer):
    early, _, late = renderer.reading_list.resources
    dated = [one.model_copy(update={"year": y}) for one, y in ((early, 1), (late, 2))]
    papers = with_resources(renderer.reading_list, *dated)
    claim = renderer.claims["long-words"]
    claims = {
        name: replace(claim, record={**claim.record, "name": name, "paper": paper.id})
        for name, paper in (("late", late), ("early", early))
    }
    page = does_it_hold(claims, papers)
    assert page.index("## Early {") < page.index("## Late {")


def test_a_term_is_explained_once_and_in_running_text_only():
    before = "# BLEU\n\n`BLEU` [BLEU](x.md) <i title='BLEU'>\n\n```\nBLEU\n```\n\n"
    page = explained(before + "XBLEU, BLEU and BLEU")
    start, end = page.split("<abbr")
    assert start == before + "XBLEU, "
    assert unescape(end) == (
        f' title="{TERMS["BLEU"]}" tabindex="0">BLEU</abbr> and BLEU'
    )
    assert "links that disagree" in explained("Alignment error rates fall.")
