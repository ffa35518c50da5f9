"""The page "What we mended": what each list said, and what is right, as HTML."""

from __future__ import annotations

from markupsafe import Markup

from reading_list.model import Mended, ReadingList, Resource
from reading_list.vocabulary import MEND_NAMES
from website.wording import template

#: What the page shows, each under a heading of its own.
SECTIONS = ("field", "links", "hosts", "people")


def what_we_mended(section: str, reading_list: ReadingList, root: str) -> Markup:
    """One of `SECTIONS`, from `templates/mended.html`.

    Args:
        root: the way up to the site's own folder.
    """
    names = {entry.slug: entry.name for entry in reading_list.lists}
    return template(
        "mended.html",
        section=section,
        reading_list=reading_list,
        names=names,
        mends=_mends(reading_list),
        root=root,
    )


Reasons = list[tuple[str, list[tuple[Mended, Resource]]]]


def _mends(reading_list: ReadingList) -> list[tuple[str, str, int, Reasons]]:
    """Each kind of mend; within it, what has one and the same reason, together."""
    found: dict[str, dict[str, list[tuple[Mended, Resource]]]] = {}
    for resource in reading_list.resources:
        for mend in resource.mended:
            reasons = found.setdefault(mend.type, {})
            reasons.setdefault(mend.detail, []).append((mend, resource))
    return [
        (kind, title, sum(map(len, found[kind].values())), list(found[kind].items()))
        for kind, title in MEND_NAMES.items()
        if kind in found
    ]
