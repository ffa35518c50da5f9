"""The page of one resource: record in, HTML out, from `templates/resource.html`.

No Markdown of MkDocs reads what a record says, so nothing in it is a mark, a tag or an
attribute. Links lead to records and concepts that exist by their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from reading_list.model import ReadingList, Resource
from reading_list.vocabulary import (
    ACCESS_NAMES,
    KIND_NAMES,
    LANGUAGE_NAMES,
    Level,
)
from syllabus import Syllabus
from website import guides
from website.claims import CAPTION, Claim
from website.wording import people, template

#: For whom a resource is, by its level.
READERS: dict[Level, str] = {
    "beginner": "beginners",
    "intermediate": "those who know the basics",
    "advanced": "those who read papers",
}
#: An SVG under docs/ by its path, told in words, as HTML.
Drawing = Callable[[str, str], Markup]


def resource_meta(resource: Resource) -> dict[str, Any]:
    """What MkDocs should know of a resource's page; without a guide it ranks last."""
    return {
        "title": resource.title,
        "description": resource.summary,
        "search": {"boost": 1 if resource.guide else 0.3},
        "tags": [KIND_NAMES[resource.kind]],
        "hide": ["toc"],
        "previous": "catalogue.md",
    }


def resource_page(
    resource: Resource,
    reading_list: ReadingList,
    syllabus: Syllabus,
    claims: Collection[Claim],
    repo_url: str,
    drawing: Drawing,
    *,
    mended: bool = False,
) -> Markup:
    """One resource on one screen: the link, for whom, what it costs, where it runs.

    Below it stand a figure of ours, and what we saw of what a paper claims.

    Args:
        mended: whether the page "What we mended" tells of it, under its id.

    Raises:
        LookupError: the guide links a page that does not exist.
    """
    concepts = [syllabus.by_name[name] for name in resource.concepts]
    return template(
        "resource.html",
        resource=resource,
        byline=_byline(resource),
        host=_host,
        ours=syllabus.by_name.get(resource.ours or ""),
        facts=_facts(resource),
        guide=guides.html(
            resource.guide, reading_list.by_id, {c.name for c in syllabus.written}
        ),
        written=[c for c in concepts if c.written],
        planned=[c for c in concepts if not c.written],
        drawing=drawing,
        caption=CAPTION,
        claims=[claim for claim in claims if claim.paper == resource.id],
        beside=_beside_it(resource, reading_list),
        inside=_inside,
        lower=_lower,
        lists={entry.slug: entry.name for entry in reading_list.lists},
        mended=mended,
        repo_url=repo_url,
    )


def _byline(resource: Resource) -> str:
    makers = people(resource, all_of_them=True)
    year = str(resource.year or "")
    parts = [KIND_NAMES[resource.kind], makers and f"by {makers}", year, resource.venue]
    return " · ".join(filter(None, parts))


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _facts(resource: Resource) -> list[tuple[str, str]]:
    """What is known; what is unknown stays blank."""
    level, minutes, language = resource.level, resource.minutes, resource.language
    facts = [
        ("For", READERS[level] if level else ""),
        ("Takes", f"{minutes} minutes" if minutes else ""),
        ("Access", ACCESS_NAMES[resource.access]),
        ("Language", LANGUAGE_NAMES[language] if language != "en" else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _lower(title: str) -> str:
    """A title in running text: BERT, GPT, KV and RNN keep their capitals."""
    first, _, rest = title.partition(" ")
    if first[:2].isupper():
        return title
    return f"{first.lower()} {rest}".strip()


def _beside_it(
    resource: Resource, reading_list: ReadingList
) -> list[tuple[str, list[Resource]]]:
    """The other records that it has to do with, by how."""
    original = resource.translation_of
    translated = reading_list.translations.get(resource.id, ())
    rows = {
        "See also" if resource.url else "Until then": resource.see_also,
        "A translation of": [original] if original else [],
        "Translated": [translation.id for translation in translated],
        "Not to be confused with": resource.distinct_from,
    }
    by_id = reading_list.by_id
    return [(how, [by_id[name] for name in ids]) for how, ids in rows.items() if ids]


def _inside(resource: Resource) -> str:
    """What somebody finds behind a link to it."""
    kind = KIND_NAMES[resource.kind].lower()
    language = "" if resource.language == "en" else LANGUAGE_NAMES[resource.language]
    return f"{language} {kind}".strip()
