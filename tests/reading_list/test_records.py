"""The records themselves: all of them, right, and quickly judged."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from reading_list.command import main, stats
from reading_list.form import ACCEPTED, FORM
from reading_list.frontmatter import InvalidError
from reading_list.model import ReadingList
from reading_list.records import RECORDS, check, load
from reading_list.syllabus import load_syllabus

#: The folder decides how many there are: to add a resource is to add one file.
COUNT = len(list(RECORDS.glob("*.md")))

MINIMAL = """\
---
title: A tour of one head
url: https://blog.attention-walks.org/tour
kind: blog
concepts: [heads]
---

The only tour that prints every number of one real head.
"""


def test_every_record_is_right_without_a_warning() -> None:
    found = [str(problem) for problem in check().problems]
    assert not found, "\n".join(found)


def test_none_of_the_resources_is_lost(reading_list: ReadingList) -> None:
    assert len(reading_list.from_the_lists) == 87
    assert len(reading_list.beyond_the_lists) == COUNT - 87
    assert len(reading_list.resources) == len(reading_list.by_id) == COUNT >= 205
    assert sum(resource.starred for resource in reading_list.resources) >= 22


def test_the_checks_take_about_a_second() -> None:
    start = time.process_time()  # of ours only: the machine may be busy
    check()
    assert time.process_time() - start < 1.2


def test_stats_prints_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats"]) == 0
    rows = [row.split(maxsplit=1) for row in capsys.readouterr().out.splitlines()]
    assert [f"{COUNT}", "resources"] in rows
    assert ["87", "from the five lists"] in rows
    assert [f"{COUNT - 87}", "beyond them"] in rows
    assert ["4", "ours to write"] in rows


def test_stats_count_what_is_there(reading_list: ReadingList) -> None:
    few = ReadingList(resources=reading_list.on_list("attention-book"))
    assert stats(few)[0] == f"{len(few.resources):4} resources"


def test_a_work_in_two_collections_is_told_apart(reading_list: ReadingList) -> None:
    owners: dict[str, str] = {}
    for resource in reading_list.resources:
        for key in resource.identities:
            assert owners.setdefault(key, resource.id) == resource.id


def test_every_star_has_a_guide_and_a_guide_is_short(
    reading_list: ReadingList,
) -> None:
    for resource in reading_list.resources:
        assert resource.guide or not resource.starred, resource.id
        if resource.guide:
            assert 60 <= len(resource.guide.split()) <= 140, resource.id


def test_for_a_concept_the_stars_come_first(reading_list: ReadingList) -> None:
    for concept in load_syllabus().concepts:
        found = reading_list.for_concept(concept.name)
        stars = [resource.starred for resource in found]
        assert stars == sorted(stars, reverse=True), concept.name
        assert all(concept.name in resource.concepts for resource in found)
    attention = reading_list.for_concept("attention")
    papers = [resource.id for resource in attention if resource.kind == "paper"]
    assert papers[0] == "vaswani-2017-attention"


def test_what_is_unknown_is_absent(reading_list: ReadingList) -> None:
    short = reading_list.by_id["attention-is-all-you-need-short-video"]
    assert (short.authors, short.year) == ((), None)
    gpt3 = reading_list.by_id["brown-2020-gpt3"]
    assert gpt3.more_authors
    assert gpt3.authors[-1] == "Melanie Subbiah"
    docs = reading_list.by_id["huggingface-transformers-docs"]
    assert (docs.authors, docs.makers) == ((), ("Hugging Face",))


def test_what_is_ours_names_a_concept(reading_list: ReadingList) -> None:
    ours = {r.id: r.ours for r in reading_list.resources if r.url is None}
    assert ours == {
        "implementing-basic-transformer-pytorch-notebook": "transformer",
        "answering-questions-with-bert-notebook": "question-answering",
        "generating-text-using-gpt2-notebook": "decoding",
        "port2eng-transformer-program": "encoder-decoder",
    }


def test_the_lists_defects_are_mended(reading_list: ReadingList) -> None:
    by_id = reading_list.by_id
    paper = by_id["sutskever-2014-seq2seq"]
    assert paper.url == "https://arxiv.org/abs/1409.3215"
    assert by_id["bahdanau-2014-align-and-translate"].url == (
        "https://arxiv.org/abs/1409.0473"
    )
    for resource in reading_list.resources:
        assert not (resource.url or "").startswith("http:"), resource.id


def test_readers_see_no_word_of_ours(reading_list: ReadingList) -> None:
    told = [
        resource.summary + resource.guide + (resource.note or "")
        for resource in reading_list.resources
    ]
    for text in told:
        for word in ("seed", "list-0", "simply", "obviously", "isation"):
            assert word not in text.lower(), text


def test_a_minimal_record_is_enough(tmp_path: Path) -> None:
    (tmp_path / "tour.md").write_text(MINIMAL, encoding="utf-8")
    report = check(tmp_path)
    assert report.problems == ()
    (resource,) = report.resources
    assert (resource.id, resource.language, resource.level) == ("tour", "en", None)
    assert (resource.access, resource.year) == ("unknown", None)


@pytest.mark.parametrize("missing", ["title", "url", "kind", "concepts"])
def test_a_minimal_record_says_what_it_lacks(missing: str, tmp_path: Path) -> None:
    rows = [row for row in MINIMAL.split("\n") if not row.startswith(f"{missing}:")]
    (tmp_path / "tour.md").write_text("\n".join(rows), encoding="utf-8")
    (error,) = check(tmp_path).errors
    assert (error.field, error.wrong) == (missing, "is missing")
    assert f"write {missing}:" in error.mend


def test_an_unfilled_form_says_all_that_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "tour.md").write_text(FORM, encoding="utf-8")
    errors = check(tmp_path).errors
    assert [error.field for error in errors] == [
        "title",
        "url",
        "kind",
        "concepts",
        "summary",
    ]


def test_the_accepted_example_is_accepted_beside_all_that_are_there() -> None:
    # Somebody may have sent it in: the pull request is to pass as well.
    found = [p for p in check(new={"x": ACCEPTED}).problems if p.file.endswith("/x.md")]
    assert [str(p) for p in found if "names the same work as" not in p.wrong] == []


def test_load_tells_every_error(tmp_path: Path) -> None:
    for name in ("one", "two"):
        text = MINIMAL.replace("kind: blog", f"kind: {name}").replace("tour", name)
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidError) as caught:
        load(tmp_path)
    assert len(str(caught.value).splitlines()) == len(caught.value.problems) == 2


def test_the_folder_holds_records_only() -> None:
    assert {path.suffix for path in RECORDS.iterdir()} == {".md"}
