"""The records themselves: all of them, right, and quickly judged."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from reading_list.command import main
from reading_list.form import ACCEPTED, FORM
from reading_list.frontmatter import InvalidError
from reading_list.model import ReadingList
from reading_list.records import RECORDS, check, load
from reading_list.syllabus import load_syllabus

MINIMAL = """\
---
title: A tour of one head
url: https://blog.attention-walks.org/tour
kind: blog
concepts: [heads]
---

The only tour that prints every number of one real head.
"""


def test_check_finds_every_record_right_in_about_a_second() -> None:
    start = time.process_time()  # of ours only: the machine may be busy
    report = check()
    assert time.process_time() - start < 1.2
    assert [str(problem) for problem in report.problems] == []
    # The folder decides how many there are: to add a resource is to add one file.
    assert len(report.resources) == len(list(RECORDS.iterdir()))


def test_stats_prints_the_counts(
    reading_list: ReadingList, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stats"]) == 0
    rows = [row.split(maxsplit=1) for row in capsys.readouterr().out.splitlines()]
    everything = reading_list.resources
    assert rows[0] == [f"{len(everything)}", "resources"]
    assert [f"{sum(r.starred for r in everything)}", "starred"] in rows
    assert [f"{sum(r.url is None for r in everything)}", "ours to write"] in rows
    on_lists = Counter(slug for resource in everything for slug in resource.lists)
    for entry in reading_list.lists:
        assert [f"{on_lists[entry.slug]}", f"list     {entry.slug}"] in rows


def test_every_star_has_a_guide(reading_list: ReadingList) -> None:
    starred = [resource for resource in reading_list.resources if resource.starred]
    assert starred
    assert [resource.id for resource in starred if not resource.guide] == []


def test_for_concept_gives_the_stars_first(reading_list: ReadingList) -> None:
    for concept in load_syllabus().concepts:
        found = reading_list.for_concept(concept.name)
        stars = [resource.starred for resource in found]
        assert stars == sorted(stars, reverse=True), concept.name
        assert all(concept.name in resource.concepts for resource in found)


def test_makers_are_the_people_else_the_organization(
    reading_list: ReadingList,
) -> None:
    docs = reading_list.by_id["huggingface-transformers-docs"]
    assert (docs.authors, docs.makers) == ((), ("Hugging Face",))
    gpt3 = reading_list.by_id["brown-2020-gpt3"]
    assert gpt3.makers == gpt3.authors


def test_records_say_no_word_that_is_ours(reading_list: ReadingList) -> None:
    for resource in reading_list.resources:
        told = (resource.summary + resource.guide + (resource.note or "")).lower()
        for word in ("seed", "list-0", "simply", "obviously", "isation"):
            assert word not in told, resource.id


def test_a_minimal_record_is_enough(tmp_path: Path) -> None:
    (tmp_path / "tour.md").write_text(MINIMAL, encoding="utf-8")
    report = check(tmp_path)
    assert report.problems == ()
    (resource,) = report.resources
    assert (resource.id, resource.language, resource.level) == ("tour", "en", None)
    assert (resource.access, resource.year) == ("unknown", None)


def test_the_number_of_an_arxiv_paper_is_read_from_its_address(tmp_path: Path) -> None:
    paper = MINIMAL.replace(
        "https://blog.attention-walks.org/tour", "https://arxiv.org/abs/1706.00001"
    )
    (tmp_path / "tour.md").write_text(paper, encoding="utf-8")
    (resource,) = check(tmp_path).resources
    assert resource.arxiv == "1706.00001"


def test_an_unfilled_form_is_told_all_that_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "tour.md").write_text(FORM, encoding="utf-8")
    fields = [error.field for error in check(tmp_path).errors]
    assert fields == ["title", "url", "kind", "concepts", "summary"]


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
