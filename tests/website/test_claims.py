"""The page "Does it hold?", and the records that it is made from."""

import json
from html import unescape

import pytest

from reading_list.records import load
from snippets.lab import claims as runner
from snippets.lab import record
from snippets.lab.record import Result
from website.claims import TERMS, Claim, does_it_hold, explained, load_claims

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
    assert RECORDED[name].record["paper"] in load().by_id


def test_every_claim_is_recorded_and_every_record_has_a_claim():
    folder = record.ROOT / "snippets" / "claims"
    written = {p.stem.replace("_", "-") for p in folder.glob("[!_]*.py")}
    assert written == set(RECORDED)


def claim(name="odd", verdict="not seen", paper="bahdanau-2014-align-and-translate"):
    return Claim(
        {
            "name": name,
            "claim": f"The claim {name}.",
            "paper": paper,
            "where": "section 3",
            "reported": "They report this.",
            "tried": "We tried that.",
            "verdict": verdict,
            "conclusion": "We saw 0 %.",
            "recipe": {
                "command": f"python -m snippets claim {name}",
                "seeds": [0, 1, 2],
                "minutes": 4,
                "python": "3.11",
                "torch": "2.13.0",
                "date": "2026-01-01",
            },
        },
        f"a table\n\n{verdict}: We saw 0 %.\n",
    )


def test_the_page_says_what_was_not_seen():
    page = does_it_hold({"odd": claim()}, load())
    assert "| Not seen |" in page
    assert "**What we saw: not seen.** We saw 0\N{NO-BREAK SPACE}%." in page
    assert "We tried that." in page and "results/claims/odd.svg" in page
    paper = "([Bahdanau 2014](resources/bahdanau-2014-align-and-translate.md), *"
    assert f"They report this. {paper}" in page and "*, section 3.)" in page
    assert "seeds 0, 1, 2" in page and "    a table\n    ```" in page
    assert "torch 2.13.0, 2026-01-01; takes about 4 minutes." in page


def test_where_nothing_else_was_tried_nothing_is_said():
    quiet = claim()
    quiet.record["tried"] = ""
    assert "What we tried" not in does_it_hold({"odd": quiet}, load())


def test_a_heading_is_short_and_the_claim_stands_below():
    page = does_it_hold({"odd-one": claim("odd-one")}, load())
    assert "## Odd one { #odd-one }\n\n**The claim odd-one.**" in page
    assert "| [Odd one](#odd-one), [Bahdanau 2014](" in page
    assert "<br>The claim odd-one. |" in page


@pytest.mark.parametrize("name", RECORDED)
def test_the_numbers_do_not_repeat_the_conclusion(name):
    recorded = RECORDED[name]
    assert recorded.record["conclusion"] not in recorded.table
    assert recorded.table and recorded.text.startswith(recorded.table)
    assert max(map(len, recorded.table.splitlines())) <= 80


def test_a_term_is_explained_once_and_in_running_text_only():
    before = "# BLEU\n\n`BLEU` [BLEU](x.md) <i title='BLEU'>\n\n```\nBLEU\n```\n\n"
    page = explained(before + "XBLEU, BLEU and BLEU")
    start, end = page.split("<abbr")
    assert start == before + "XBLEU, "
    assert unescape(end) == (
        f' title="{TERMS["BLEU"]}" tabindex="0">BLEU</abbr> and BLEU'
    )
    assert "links that disagree" in explained("Alignment error rates fall.")


def test_no_term_is_explained_twice_on_the_page():
    page = unescape(does_it_hold(RECORDED, load()))
    assert page.count(TERMS["BLEU"]) == 1
    assert all(page.count(means) <= 1 for means in TERMS.values())


def test_claims_stand_in_the_order_of_their_papers():
    both = {
        "late": claim("late", paper="vaswani-2017-attention"),
        "early": claim("early", paper="hochreiter-1997-lstm"),
    }
    page = does_it_hold(both, load())
    assert page.index("The claim early") < page.index("The claim late")


def test_records_are_read(tmp_path):
    content = dict(claim().record)
    (tmp_path / "odd.json").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "odd.txt").write_text("a table\n", encoding="utf-8")
    assert load_claims(tmp_path) == {"odd": Claim(content, "a table\n")}
    assert load_claims(tmp_path)["odd"].table == "a table"
    assert load_claims(tmp_path / "none") == {}
