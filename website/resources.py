"""The pages made from the records: a resource, the catalogue, what we mended.

Pure functions: records in, Markdown or HTML out. Markdown links lead to .md files, so
that MkDocs validates them; raw HTML gets `root`, the way up to the site's own folder.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote, urlsplit

from reading_list.checks import check_text
from reading_list.exports import to_bib, to_csv, to_json
from reading_list.form import FORM, REFUSED
from reading_list.model import Mended, ReadingList, Resource
from reading_list.syllabus import Syllabus
from reading_list.vocabulary import (
    ACCESS_NAMES,
    KIND_NAMES,
    LANGUAGE_NAMES,
    LEVELS,
    MEND_NAMES,
)

#: What repeats other pages is not searched: it would stand before what it repeats.
UNSEARCHED = "\n{ data-search-exclude }"

#: The first twelve: three ways in, four works each, and why.
PICKS: dict[str, dict[str, str]] = {
    "New here": {
        "alammar-illustrated-transformer": "Picture by picture, from query to word.",
        "3blue1brown-attention": "Queries, keys and values, animated.",
        "alammar-narrated-transformer": "One prompt, told up to its next word.",
        "cho-2024-transformer-explainer": "GPT-2 in your browser: type and look.",
    },
    "Ready to build": {
        "karpathy-lets-build-gpt": "A GPT from an empty file, thinking aloud.",
        "bloem-transformers-from-scratch": "Attention without parameters first.",
        "rush-annotated-transformer": "The paper, each passage followed by its code.",
        "karpathy-minbpe": "From bare byte pairs to GPT-4's tokenizer.",
    },
    "Reading papers": {
        "keshav-2007-how-to-read-a-paper": "Two pages on how, before you begin.",
        "vaswani-2017-attention": "The Transformer itself.",
        "devlin-2018-bert": "The encoder that reads both ways.",
        "radford-2019-gpt2": "The decoder that was told nothing of its tasks.",
    },
}

SORTS = {
    "": "Best first",
    "title": "Title",
    "new": "Newest first",
    "old": "Oldest first",
    "level": "Easiest first",
}


def exports(reading_list: ReadingList) -> dict[str, str]:
    """The files for machines, by their address."""
    return {
        "resources.json": to_json(reading_list),
        "resources.csv": to_csv(reading_list),
        "resources.bib": to_bib(reading_list),
    }


# A resource


def resource_meta(resource: Resource) -> dict[str, Any]:
    """What MkDocs should know of a resource's page; without a guide it ranks last."""
    return {
        "title": resource.title,
        "description": resource.summary,
        "search": {"boost": 1 if resource.guide else 0.3},
        "hide": ["toc"],
    }


def resource_page(
    resource: Resource, reading_list: ReadingList, syllabus: Syllabus, repo_url: str
) -> str:
    """One resource on one screen: the link, for whom, what it costs, where it runs."""
    parts = [
        f"# {markdown(resource.title)}",
        _byline(resource),
        resource.summary,
        _open_it(resource, syllabus),
        _facts(resource),
        resource.guide,
        _runs_here(resource, syllabus),
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


def people(resource: Resource, *, all_of_them: bool = False) -> str:
    """Who made it, in a line: three names at most, unless all are asked for."""
    names = list(resource.makers)
    more = resource.more_authors
    if not all_of_them and len(names) > 3:
        names, more = names[:1], True
    if more:
        return f"{', '.join(names)} and others"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _open_it(resource: Resource, syllabus: Syllabus) -> str:
    if resource.url is not None:
        host = urlsplit(resource.url).hostname or ""
        place = host.removeprefix("www.")
        return (
            f"[Open it <small>{place}</small>](<{resource.url}>)"
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


def _facts(resource: Resource) -> str:
    """What is known; what is unknown stays blank."""
    facts = []
    if resource.level is not None:
        facts.append(("For", _plural(resource.level)))
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


def _plural(level: str) -> str:
    return {"beginner": "beginners", "intermediate": "those who know the basics"}.get(
        level, "those who read papers"
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
    places = [
        f"[{(urlsplit(url).hostname or '').removeprefix('www.')}](<{url}>)"
        for url in resource.alt_urls
    ]
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
        rows.append(
            "<details markdown data-search-exclude><summary>What we mended</summary>"
        )
        rows += [
            f"- **{MEND_NAMES[m.type]}.** {markdown(m.detail)}" for m in resource.mended
        ]
        rows[2:] = ["\n".join(rows[2:])]
        said = ", ".join(f"`{url}`" for url in resource.list_urls)
        rows.append(f"The list{several} said: {said}")
        rows.append("</details>")
    return "\n\n".join(rows)


# The catalogue


def catalogue(reading_list: ReadingList, syllabus: Syllabus, root: str) -> str:
    """The catalogue as HTML: a plain list that a custom element can filter."""
    by_id = reading_list.by_id
    picks = "".join(
        f"<div><h3>{title}</h3><ul>"
        + "".join(
            f'<li><a href="{_href(by_id[name].url, root)}">'
            f"{_text(by_id[name].title)}</a>"
            f' <small>{_text(why)} <a href="{root}resources/{name}/">'
            f"{_label(by_id[name])}</a></small>"
            for name, why in picked.items()
        )
        + "</ul></div>"
        for title, picked in PICKS.items()
    )
    best = sorted(reading_list.resources, key=lambda resource: resource.rank)
    entries = "\n".join(_entry(resource, root) for resource in best)
    total = len(reading_list.resources)
    # The div tells Markdown to leave what is inside alone; it knows no other element.
    return (
        "<div data-search-exclude><resource-catalogue>\n"
        f"{_form(reading_list, syllabus)}\n"
        f'<section class="picks" aria-labelledby="picks">'
        f'<h2 id="picks">Twelve to begin with</h2><div>{picks}</div></section>\n'
        f'<h2 id="all">All {total}</h2>\n'
        '<p class="found" role="status" hidden></p>\n'
        '<p class="none" hidden>Nothing matches.'
        ' <button type="button" class="button">Reset the filters</button></p>\n'
        f'<ol class="entries">\n{entries}\n</ol>\n</resource-catalogue></div>'
    )


def _form(reading_list: ReadingList, syllabus: Syllabus) -> str:
    """The filters; hidden until the script shows them."""
    everything = reading_list.resources
    used = {name for resource in everything for name in resource.concepts}
    languages = {resource.language for resource in everything}
    access = {r.access for r in everything if r.access != "unknown"}
    options: dict[str, list[tuple[str, str]]] = {
        "kind": [(kind, name) for kind, name in KIND_NAMES.items()],
        "level": [(level, level.capitalize()) for level in LEVELS],
        "concept": [(c.name, c.title) for c in syllabus.concepts if c.name in used],
        "list": [(entry.slug, entry.name) for entry in reading_list.lists],
        "language": [(k, v) for k, v in LANGUAGE_NAMES.items() if k in languages],
        "access": [(a, a.capitalize()) for a in ACCESS_NAMES if a in access],
    }
    selects = "".join(
        f'<label>{name.capitalize()}<select name="{name}"><option value="">Any'
        + "".join(f'<option value="{k}">{_text(v)}' for k, v in values)
        + "</select></label>"
        for name, values in options.items()
    )
    sorts = "".join(f'<option value="{k}">{v}' for k, v in SORTS.items())
    return (
        '<form role="search" aria-label="Filter the catalogue" hidden>'
        "<label>Search titles, people and ideas"
        '<input type="search" name="find" autocomplete="off" spellcheck="false">'
        '</label><details class="filters" open><summary>Filter and sort</summary><div>'
        f"{selects}"
        f'<label>Sort<select name="sort">{sorts}</select></label>'
        '<label class="tick"><input type="checkbox" name="starred" value="1">'
        "Starred only</label>"
        '<button type="reset" class="button">Reset</button></div></details></form>'
    )


def _entry(resource: Resource, root: str) -> str:
    """One line of the list; what filters need is in short attributes."""
    data = {
        "k": resource.kind,
        "l": resource.level,
        "g": None if resource.language == "en" else resource.language,
        "c": " ".join(resource.concepts),
        "s": " ".join(resource.lists),
        "a": None if resource.access == "unknown" else resource.access,
        "y": resource.year,
    }
    attributes = "".join(
        f' data-{key}="{value}"' if " " in str(value) else f" data-{key}={value}"
        for key, value in data.items()
        if value
    )
    if resource.starred:
        attributes += " data-x"
    facts = [
        people(resource),
        str(resource.year or ""),
        resource.kind,
        resource.level or "",
        resource.access if resource.access in ("paid", "metered") else "",
        "" if resource.language == "en" else LANGUAGE_NAMES[resource.language],
        "" if resource.url else "planned",
    ]
    ours = f"{root}resources/{resource.id}/"
    foreign = resource.language != "en" and not resource.title.isascii()
    language = f" lang={resource.language}" if foreign else ""
    address = _unquoted(_href(resource.url, root, ours))
    title = f"<a href={address}{language}>{_text(resource.title)}</a>"
    return (
        f"<li{attributes}>{title} <small>"
        f"{_text(' · '.join(fact for fact in facts if fact))}"
        f" · <a href={ours}>{_label(resource)}</a></small>"
    )


def _label(resource: Resource) -> str:
    """What the link to our page promises."""
    return "guide" if resource.guide else "details"


def _href(url: str | None, root: str, ours: str | None = None) -> str:
    return html.escape(url or ours or root, quote=True)


def _unquoted(value: str) -> str:
    """HTML needs no quotes around a value without these; 203 times that counts."""
    return f'"{value}"' if re.search(r"[\s\"'=<>`]", value) else value


def _text(text: str) -> str:
    return html.escape(text, quote=False)


# What we mended


def what_we_mended(reading_list: ReadingList) -> str:
    """What each list said and what is right, kind by kind, as Markdown."""
    names = {entry.slug: entry.name for entry in reading_list.lists}
    return "\n\n".join(
        [
            "<div markdown data-search-exclude>",
            "## What the lists say of the field {#field}",
            *_errors(reading_list, names),
            "## What became of the links {#links}",
            *_mends(reading_list, names),
            "## What became of the hosts {#hosts}",
            *_hosts(reading_list),
            "## Who made them {#people}",
            *_people(reading_list, names),
            "</div>",
        ]
    )


def _errors(reading_list: ReadingList, names: dict[Any, str]) -> Iterable[str]:
    for error in reading_list.errors_in_the_lists:
        yield (
            f"**{names[error.list]}.** {markdown(error.said)}  \n"
            f"*What is right:* {markdown(error.right)}"
        )


def _mends(reading_list: ReadingList, names: dict[Any, str]) -> Iterable[str]:
    """Each kind of mend; within it, what has one and the same reason, together."""
    for kind, title in MEND_NAMES.items():
        found: dict[str, list[tuple[Mended, Resource]]] = {}
        for resource in reading_list.resources:
            for mend in resource.mended:
                if mend.type == kind:
                    found.setdefault(mend.detail, []).append((mend, resource))
        if found:
            yield f"### {title} {{#{kind}}}"
        for detail, same in found.items():
            lists = dict.fromkeys(
                names[slug] for mend, _ in same for slug in mend.lists
            )
            yield f"{markdown(detail)} <small>{', '.join(lists)}</small>"
            yield "\n".join(_mend(mend, resource) for mend, resource in same)


def _mend(mend: Mended, resource: Resource) -> str:
    """One item: the work, what the list said, and what is right."""
    row = f"- [{markdown(resource.title)}](resources/{resource.id}.md)"
    said = [url for url in resource.list_urls if url != resource.url]
    # With several reasons the addresses stand at the first of them only.
    if said and mend is resource.mended[0]:
        was = ", ".join(f"`{url}`" for url in said)
        row += f"<br>{was}"
        row += f"<br>→ <{resource.url}>" if resource.url else "<br>→ ours to write"
    return row


def _hosts(reading_list: ReadingList) -> Iterable[str]:
    rows = []
    for host in reading_list.hosts:
        now = f" Now: <{host.now}>" if host.now else ""
        rows.append(f"- **{host.host}**: {host.status}. {markdown(host.detail)}{now}")
    yield "\n".join(rows)


def _people(reading_list: ReadingList, names: dict[Any, str]) -> Iterable[str]:
    by_id = reading_list.by_id
    slugs = [slug for slug in names if any(p.list == slug for p in reading_list.people)]
    for slug in slugs:
        yield f"These people are named and linked on the list {names[slug]}."
        yield "\n".join(
            f"- [{person.name}](<{person.url}>): "
            + ", ".join(
                f"[{markdown(by_id[name].title)}](resources/{name}.md)"
                for name in person.author_of
            )
            for person in reading_list.people
            if person.list == slug
        )


# Adding


def add_url(repo_url: str) -> str:
    """The host's page for a new file, with the fields already in it."""
    name = quote("docs/resources/NEW.md", safe="")
    return f"{repo_url}/new/main?filename={name}&value={quote(FORM, safe='')}"


def refused(syllabus: Syllabus) -> str:
    """What the check says of the example that is refused: printed, never typed."""
    name = "docs/resources/attention.md"
    problems = check_text(name, REFUSED, syllabus, date.today()).problems
    return "\n".join(map(str, problems))


def markdown(text: str) -> str:
    """Plain text as Markdown: what has a meaning in Markdown is escaped."""
    escaped = re.sub(r"([\\`*_{}\[\]#])", r"\\\1", text)
    # Markdown knows no backslash before these.
    return re.sub(r"[&<>$~|]", lambda found: f"&#{ord(found[0])};", escaped)
