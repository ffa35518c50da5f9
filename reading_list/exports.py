"""The reading list for machines: JSON, CSV and BibTeX, as pure functions."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

from reading_list.model import ReadingList, Resource

CSV_COLUMNS = (
    *("id", "title", "url", "kind", "authors", "more_authors", "organization", "year"),
    *("language", "level", "concepts", "access", "venue", "arxiv", "starred", "lists"),
    *("archive_url", "summary"),
)
#: What only our pages need stays out of the JSON.
_NOT_EXPORTED = {"guide", "unconfirmed", "core", "figure"}


def to_json(reading_list: ReadingList) -> str:
    """Every resource as one object; what is unknown is absent."""
    resources = [_facts(resource) for resource in reading_list.resources]
    lists = [{"slug": entry.slug, "name": entry.name} for entry in reading_list.lists]
    data = {"licence": "CC-BY-4.0", "lists": lists, "resources": resources}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _facts(resource: Resource) -> dict[str, Any]:
    known = resource.model_dump(mode="json", exclude_none=True, exclude=_NOT_EXPORTED)
    absent = {"access": "unknown"}
    return {
        name: value
        for name, value in {"id": resource.id, **known}.items()
        if (value or name == "starred") and absent.get(name) != value
    }


def to_csv(reading_list: ReadingList) -> str:
    """One row a resource; lists are joined by semicolons.

    A spreadsheet runs a cell that begins with =, +, - or @ as a formula, so such a
    cell gets an apostrophe in front, as OWASP advises.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for resource in reading_list.resources:
        facts = _facts(resource)
        writer.writerow({name: _cell(facts[name]) for name in facts})
    return out.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "; ".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def to_bib(reading_list: ReadingList) -> str:
    """One BibTeX entry a resource, keyed by its id; @misc holds what is no paper."""
    return "\n".join(_entry(r) for r in reading_list.resources if r.url)


def _entry(resource: Resource) -> str:
    fields: dict[str, str] = {"title": "{" + _latex(resource.title) + "}"}
    if resource.authors:
        names = [_person(name) for name in resource.authors]
        names += ["others"] if resource.more_authors else []
        fields["author"] = " and ".join(names)
    elif resource.organization:
        fields["author"] = "{" + _latex(resource.organization) + "}"
    if resource.year is not None:
        fields["year"] = str(resource.year)
    kind = "book" if resource.kind == "book" else "misc"
    if resource.kind == "paper" and resource.venue:
        kind = "article"
    if resource.venue:
        place = {"article": "journal", "book": "publisher"}.get(kind, "howpublished")
        fields[place] = _latex(resource.venue)
    if resource.arxiv is not None:
        fields["eprint"] = resource.arxiv
        fields["archiveprefix"] = "arXiv"
    if resource.language != "en":
        fields["langid"] = {"ru": "russian"}.get(resource.language, resource.language)
    fields["url"] = resource.url or ""
    rows = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{kind}{{{resource.id},\n{rows}\n}}\n"


_ESCAPED = str.maketrans(
    {char: f"\\{char}" for char in "{}#$%&_"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)


def _latex(text: str) -> str:
    """Text with LaTeX's own characters escaped; letters stay Unicode."""
    return text.translate(_ESCAPED)


def _person(name: str) -> str:
    """Family name first, so that BibTeX need not guess; particles go with it."""
    given, family = [], name.split()
    while len(family) > 1 and not re.fullmatch(r"[a-zà-ÿ']+", family[0]):
        given.append(family.pop(0))
    if not given:
        return "{" + _latex(name) + "}"
    return f"{_latex(' '.join(family))}, {_latex(' '.join(given))}"
