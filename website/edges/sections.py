"""What pages show of the code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from website.edges.pages import argument, calls
from website.edges.tree import Tree
from website.listings import WIDTH, listings

MOST_LINES, MOST_SECTIONS = 20, 3


def sections(tree: Tree) -> Iterator[str]:
    """Each section that a page names exists and is short; each section is used.

    Lengths are those of the page, without types.
    """
    files = sorted({*tree.under("snippets/", ".py")} - {*tree.claims})
    marked = [path for path in files if "--8<-- [" in tree.files[path]]
    there = {path: listings(tree.files[path]) for path in marked}
    used = {
        (path, name)
        for content in tree.files.values()
        for path, name in re.findall(r'--8<-- "([\w/.-]+\.py):([\w-]+)"', content)
    }
    for concept, page in tree.pages:
        shown = calls(tree.files[page], "code")
        if len(shown) > MOST_SECTIONS:
            yield f"{page}: shows {len(shown)} sections, more than {MOST_SECTIONS}"
        for call in shown:
            name, path = argument(call, 0, "section"), argument(call, 1, "path")
            sources = [path] if path else concept.sources
            places = {(p, name) for p in sources if name in there.get(p, {})}
            used |= places
            if len(places) != 1:
                where = " and ".join(sources)
                yield f"{page}: section {name!r} stands {len(places)} times in {where}"
    for path, found in there.items():
        for name, text in found.items():
            where, lines = f"{path}: section {name!r}", text.splitlines()
            if (path, name) not in used:
                yield f"{where} is used by no page"
                continue
            if len(lines) > MOST_LINES:
                yield f"{where} has {len(lines)} lines, more than {MOST_LINES}"
            for line in lines:
                if len(line) > WIDTH:
                    yield f"{where} has {len(line)} columns: {line.strip()}"
