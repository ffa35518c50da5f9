"""JSON, CSV and BibTeX parse back to the records they came from."""

from __future__ import annotations

import csv
import io
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from reading_list.exports import CSV_COLUMNS, to_bib, to_csv, to_json
from reading_list.model import ReadingList


def only(reading_list: ReadingList, **facts: object) -> ReadingList:
    """A reading list of one resource with these facts."""
    resource = reading_list.resources[0].model_copy(update=facts)
    return ReadingList(resources=(resource,))


def bib_entries(text: str) -> dict[str, dict[str, str]]:
    """A small parser of BibTeX: braces are counted, escaped ones are not."""
    entries: dict[str, dict[str, str]] = {}
    at = 0
    while (found := re.compile(r"@(\w+)\{([\w-]+),").search(text, at)) is not None:
        fields, at = {"": found[1]}, found.end()
        while (name := re.compile(r"\s*(\w+) = \{").match(text, at)) is not None:
            start = at = name.end()
            depth = 1
            while depth:
                if text[at] == "\\":
                    at += 1
                elif text[at] in "{}":
                    depth += 1 if text[at] == "{" else -1
                at += 1
            fields[name[1]] = text[start : at - 1]
            at += text[at] == ","
        assert text[at : at + 3] == "\n}\n", f"{found[2]} is not closed"
        entries[found[2]] = fields
    return entries


def unescape(text: str) -> str:
    for written, char in (
        (r"\textasciitilde{}", "~"),
        (r"\textasciicircum{}", "^"),
        (r"\textbackslash{}", "\0"),
    ):
        text = text.replace(written, char)
    return re.sub(r"\\([{}#$%&_])", r"\1", text).replace("\0", "\\")


def test_to_json_parses_back(reading_list: ReadingList) -> None:
    data = json.loads(to_json(reading_list))
    assert len(data["lists"]) == 5
    assert [r["id"] for r in data["resources"]] == list(reading_list.by_id)
    for entry in data["resources"]:
        resource = reading_list.by_id[entry["id"]]
        assert entry["title"] == resource.title
        assert entry.get("url") == resource.url
        assert tuple(entry["concepts"]) == resource.concepts
        assert entry.get("year") == resource.year
        assert None not in entry.values()
        assert entry.get("access") != "unknown"


def test_to_csv_parses_back(reading_list: ReadingList) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(reading_list), newline="")))
    assert [row["id"] for row in rows] == list(reading_list.by_id)
    for row in rows:
        resource = reading_list.by_id[row["id"]]
        assert tuple(row) == CSV_COLUMNS
        assert row["title"] == resource.title
        assert row["concepts"].split("; ") == list(resource.concepts)
        assert row["authors"] == "; ".join(resource.authors)
        assert row["year"] == str(resource.year or "")
        assert row["starred"] == ("true" if resource.starred else "false")


@given(title=st.text(min_size=1, max_size=60))
def test_to_csv_writes_no_formula(reading_list: ReadingList, title: str) -> None:
    rows = list(
        csv.reader(io.StringIO(to_csv(only(reading_list, title=title)), newline=""))
    )
    assert len(rows) == 2
    cell = rows[1][CSV_COLUMNS.index("title")]
    assert cell.lstrip("'") == title.lstrip("'") or cell == title
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_to_bib_parses_back(reading_list: ReadingList) -> None:
    entries = bib_entries(to_bib(reading_list))
    listed = {r.id: r for r in reading_list.resources if r.url}
    assert set(entries) == set(listed)
    for name, fields in entries.items():
        resource = listed[name]
        assert unescape(fields["title"][1:-1]) == resource.title
        assert fields["url"] == resource.url
        assert fields.get("eprint") == resource.arxiv
        people = fields["author"].split(" and ") if "author" in fields else []
        assert ("others" in people) == resource.more_authors
        assert len(people) - resource.more_authors == len(resource.makers) * bool(
            resource.authors
        ) or people == ["{" + (resource.organization or "") + "}"]


def test_to_bib_puts_family_names_first(reading_list: ReadingList) -> None:
    entries = bib_entries(to_bib(reading_list))
    assert "van Merriënboer, Bart" in entries["cho-2014-rnn-encoder-decoder"]["author"]
    assert "Gomez, Aidan N." in entries["vaswani-2017-attention"]["author"]
    assert entries["brown-2020-gpt3"]["author"].endswith(" and others")
    assert entries["openai-gpt2-repo"]["author"] == "{OpenAI}"
    assert entries["vaswani-2017-attention"][""] == "article"


@given(title=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_to_bib_escapes_any_title(reading_list: ReadingList, title: str) -> None:
    (fields,) = bib_entries(to_bib(only(reading_list, title=title[:300]))).values()
    assert re.search(r"(?<!\\)[#$%&_~^]", fields["title"]) is None
    assert unescape(fields["title"][1:-1]) == title[:300]
