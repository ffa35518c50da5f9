"""The page "What we mended": what each list said, and what is right, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reading_list.model import Mended, ReadingList, Resource
from reading_list.vocabulary import MEND_NAMES
from website.wording import markdown


def what_we_mended(reading_list: ReadingList) -> str:
    """What each list said and what is right, kind by kind, as Markdown."""
    names = {entry.slug: entry.name for entry in reading_list.lists}
    return "\n\n".join(
        [
            "<div markdown data-search-exclude>",
            "## What the lists say of the field {#field}",
            *_errors(reading_list, names),
            "## What became of the links {#links}",
            '<div class="folds" markdown>',
            *_mends(reading_list, names),
            "</div>",
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
            count = sum(map(len, found.values()))
            summary = f"<summary>{title} <small>{count}</small></summary>"
            yield f'<details markdown id="{kind}">{summary}'
        for detail, same in found.items():
            lists = dict.fromkeys(
                names[slug] for mend, _ in same for slug in mend.lists
            )
            yield f"{markdown(detail)} <small>{', '.join(lists)}</small>"
            yield "\n".join(_mend(mend, resource) for mend, resource in same)
        if found:
            yield "</details>"


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
