"""The page of one resource: record in, Markdown out.

Links lead to .md files, so that MkDocs validates them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import urlsplit

from reading_list.model import ReadingList, Resource
from reading_list.syllabus import Syllabus
from reading_list.vocabulary import (
    ACCESS_NAMES,
    KIND_NAMES,
    LANGUAGE_NAMES,
    MEND_NAMES,
    Level,
)
from website.claims import VERDICTS, Claim, claim_figure
from website.concepts import picture
from website.wording import markdown, people

#: What repeats other pages is not searched: it would stand before what it repeats.
UNSEARCHED = "\n{ data-search-exclude }"
#: For whom a resource is, by its level.
READERS: dict[Level, str] = {
    "beginner": "beginners",
    "intermediate": "those who know the basics",
    "advanced": "those who read papers",
}


def resource_meta(resource: Resource) -> dict[str, Any]:
    """What MkDocs should know of a resource's page; without a guide it ranks last."""
    return {
        "title": resource.title,
        "description": resource.summary,
        "search": {"boost": 1 if resource.guide else 0.3},
        "hide": ["toc"],
    }


def resource_page(
    resource: Resource,
    reading_list: ReadingList,
    syllabus: Syllabus,
    claims: Collection[Claim],
    repo_url: str,
) -> str:
    """One resource on one screen: the link, for whom, what it costs, where it runs.

    Below it stand a figure of ours, and what we saw of what a paper claims.
    """
    parts = [
        f"# {markdown(resource.title)}",
        _byline(resource),
        resource.summary,
        _open_it(resource, syllabus),
        _facts(resource),
        resource.guide,
        _runs_here(resource, syllabus),
        _drawn_here(resource),
        *(_tried_here(claim) for claim in claims if claim.paper == resource.id),
        _beside_it(resource, reading_list),
        _mended_here(resource, reading_list),
        '<p class="mend" markdown data-search-exclude>'
        f"[Mend this entry]({repo_url}/edit/main/docs/resources/{resource.id}.md)</p>",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _byline(resource: Resource) -> str:
    made = [KIND_NAMES[resource.kind]]
    if resource.makers:
        made.append(f"by {people(resource, all_of_them=True)}")
    if resource.year is not None:
        made.append(str(resource.year))
    if resource.venue is not None:
        made.append(resource.venue)
    text = " · ".join(markdown(part) for part in made)
    return f'<p class="resource-by" markdown>{text}</p>'


def _open_it(resource: Resource, syllabus: Syllabus) -> str:
    if resource.url is not None:
        return (
            f"[Open it <small>{_host(resource.url)}</small>](<{resource.url}>)"
            "{ .button .button--first data-search-exclude=1 }"
        )
    concept = syllabus.by_name[resource.ours or ""]
    if concept.written:
        return (
            f"[Ours: {markdown(concept.title)} <small>read and run it</small>]"
            f"(../concepts/{concept.name}.md)"
            "{ .button .button--first data-search-exclude=1 }"
        )
    return (
        "This one is ours to write. It is **planned**: our page on "
        f"{concept.title.lower()} will hold it."
    )


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _facts(resource: Resource) -> str:
    """What is known; what is unknown stays blank."""
    facts = []
    if resource.level is not None:
        facts.append(("For", READERS[resource.level]))
    if resource.minutes is not None:
        facts.append(("Takes", f"{resource.minutes} minutes"))
    if access := ACCESS_NAMES[resource.access]:
        facts.append(("Access", access))
    if resource.language != "en":
        facts.append(("Language", LANGUAGE_NAMES[resource.language]))
    rows = [f"- **{name}** {value}" for name, value in facts]
    if not rows:
        return ""
    return "\n".join(
        ['<div class="strip" markdown data-search-exclude>', "", *rows, "", "</div>"]
    )


def _runs_here(resource: Resource, syllabus: Syllabus) -> str:
    concepts = [syllabus.by_name[name] for name in resource.concepts]
    written = [c for c in concepts if c.written]
    planned = [c for c in concepts if not c.written]
    rows = []
    if written:
        links = ", ".join(
            f"[{_lower(c.title)}](../concepts/{c.name}.md)" for c in written
        )
        rows.append(f"**Run it here:** {links}.{UNSEARCHED}")
    if planned:
        names = ", ".join(
            f"[{_lower(c.title)}](../catalogue.md?concept={c.name})" for c in planned
        )
        rows.append(f"**{'Also about' if written else 'About'}:** {names}.{UNSEARCHED}")
    return "\n\n".join(rows)


def _drawn_here(resource: Resource) -> str:
    if resource.figure is None:
        return ""
    name, alt = resource.figure.of, resource.figure.alt
    notice = (
        f"{markdown(resource.figure.notice)}"
        f" Drawn by [`make run NAME={name}`](../concepts/{name}.md)."
    )
    return picture(f"results/{name}.svg", alt, notice)


def _tried_here(claim: Claim) -> str:
    """What a claim of this paper came to in miniature."""
    verdict = VERDICTS[claim.record["verdict"]].lower()
    return "\n\n".join(
        [
            f"**Does it hold?** {claim.record['claim']} In miniature:"
            f" [{verdict}](../does-it-hold.md#{claim.name}).{UNSEARCHED}",
            claim_figure(claim),
        ]
    )


def _lower(title: str) -> str:
    """A title in running text: BERT, GPT, KV and RNN keep their capitals."""
    first, _, rest = title.partition(" ")
    if first[:2].isupper():
        return title
    return f"{first.lower()} {rest}".strip()


def _beside_it(resource: Resource, reading_list: ReadingList) -> str:
    rows: list[tuple[str, Sequence[Resource]]] = []
    if resource.see_also:
        names = [reading_list.by_id[name] for name in resource.see_also]
        rows.append(("See also" if resource.url else "Until then", names))
    if resource.translation_of is not None:
        rows.append(("A translation of", [reading_list.by_id[resource.translation_of]]))
    translations = [
        r for r in reading_list.resources if r.translation_of == resource.id
    ]
    if translations:
        rows.append(("Translated", translations))
    if resource.distinct_from:
        names = [reading_list.by_id[name] for name in resource.distinct_from]
        rows.append(("Not to be confused with", names))
    text = [
        f"**{name}:** {', '.join(_link(other) for other in others)}.{UNSEARCHED}"
        for name, others in rows
    ]
    places = [f"[{_host(url)}](<{url}>)" for url in resource.alt_urls]
    if resource.archive_url:
        places.append(f"[the archive](<{resource.archive_url}>)")
    if places:
        text.append(f"**Also at:** {', '.join(places)}.{UNSEARCHED}")
    if resource.note:
        text.append(markdown(resource.note))
    if resource.unknown:
        text.append(f"**Not known:** {markdown(resource.unknown)}.")
    return "\n\n".join(text)


def _link(resource: Resource) -> str:
    """A link from one resource's page to another's."""
    kind = KIND_NAMES[resource.kind].lower()
    language = "" if resource.language == "en" else LANGUAGE_NAMES[resource.language]
    inside = f"{language} {kind}".strip()
    return f"[{markdown(resource.title)}]({resource.id}.md) ({inside})"


def _mended_here(resource: Resource, reading_list: ReadingList) -> str:
    if not resource.lists:
        return ""
    names: dict[Any, str] = {entry.slug: entry.name for entry in reading_list.lists}
    on = ", ".join(
        f"[{names[slug]}](../catalogue.md?list={slug})" for slug in resource.lists
    )
    several = "s" if len(resource.lists) > 1 else ""
    rows = [f"**On the list{several}:** {on}.{UNSEARCHED}"]
    if resource.mended:
        said = ", ".join(f"`{url}`" for url in resource.list_urls)
        rows += [
            "<details markdown data-search-exclude><summary>What we mended</summary>",
            "\n".join(
                f"- **{MEND_NAMES[mend.type]}.** {markdown(mend.detail)}"
                for mend in resource.mended
            ),
            f"The list{several} said: {said}",
            "</details>",
        ]
    return "\n\n".join(rows)
