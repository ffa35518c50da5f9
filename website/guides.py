"""A reading guide, from its Markdown to HTML that can only be read.

What strangers write passes three doors: the check names the Markdown that may stand in
a guide, this parser knows neither tags nor attributes, and what it makes is cleaned by
a list of what may stay.
"""

from __future__ import annotations

from collections.abc import Collection

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from reading_list.prose import PAGE
from reading_list.refusal import refuse

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": True})
_MARKDOWN.enable("smartquotes")
TAGS = {"p", "em", "strong", "code", "a", "ul", "ol", "li", "br"}
ATTRIBUTES = {"a": {"href", "data-preview"}, "ol": {"start"}}
SCHEMES = {"https", "http"}


def html(guide: str, records: Collection[str], concepts: Collection[str]) -> Markup:
    """The guide as it stands on the page of its record, two folders below the site's.

    Args:
        records: those that may be linked, by id.
        concepts: those that have a page to link to, by name.

    Raises:
        LookupError: a link leads to neither, and to no address that may be listed.
    """
    tokens = _MARKDOWN.parse(guide)
    for token in tokens:
        for inside in token.children or ():
            if inside.type == "link_open":
                inside.attrs.update(_link(str(inside.attrs["href"]), records, concepts))
    made = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Markup(
        nh3.clean(
            made,
            tags=TAGS,
            attributes=ATTRIBUTES,
            url_schemes=SCHEMES,
            link_rel=None,
        ).strip()
    )


def _link(
    url: str, records: Collection[str], concepts: Collection[str]
) -> dict[str, str | int | float]:
    """The attributes of a link, from what is written: NAME.md, or an address."""
    page = PAGE.fullmatch(url)
    if page is None and refuse(url) is None:
        return {"href": url}
    section = page["section"] or "" if page else ""
    if page and page["record"] in records:
        return {"href": f"../{page['record']}/{section}"}
    if page and page["concept"] in concepts:
        # Material shows the first lines of such a page beside the link.
        return {
            "href": f"../../concepts/{page['concept']}/{section}",
            "data-preview": "",
        }
    raise LookupError(f"the guide links {url!r}, which is no page and no address")
