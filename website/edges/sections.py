"""What pages show of the code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from website.edges.pages import argument, calls
from website.edges.tree import Tree

MOST_LINES, MOST_COLUMNS = 25, 72


# The name of a section, and what stands between its two marks; one may hold another.
_SECTION = re.compile(
    r"--8<-- \[start:([\w-]+)\]\n(?=(.*?)^[^\n]*--8<-- \[end:\1\])", re.S | re.M
)


def sections_of(source: str) -> dict[str, list[str]]:
    """The lines of each section, without the marks of others."""
    return {
        name: [line for line in text.splitlines() if "--8<-- [" not in line]
        for name, text in _SECTION.findall(source)
    }


def sections(tree: Tree) -> Iterator[str]:
    """Each section that a page names exists and is short; each section is used."""
    files = sorted({*tree.under("snippets/", ".py")} - {*tree.claims})
    there = {path: sections_of(tree.files[path]) for path in files}
    used = {
        (path, name)
        for content in tree.files.values()
        for path, name in re.findall(r'--8<-- "([\w/.-]+\.py):([\w-]+)"', content)
    }
    for concept, page in tree.pages:
        for call in calls(tree.files[page], "code"):
            name, path = argument(call, 0, "section"), argument(call, 1, "path")
            sources = [path] if path else concept.sources
            places = {(p, name) for p in sources if name in there.get(p, {})}
            used |= places
            if len(places) != 1:
                where = " and ".join(sources)
                yield f"{page}: section {name!r} stands {len(places)} times in {where}"
    for path, found in there.items():
        for name, lines in found.items():
            where = f"{path}: section {name!r}"
            if (path, name) not in used:
                yield f"{where} is used by no page"
                continue
            if (length := len("\n".join(lines).strip("\n").splitlines())) > MOST_LINES:
                yield f"{where} has {length} lines, more than {MOST_LINES}"
            for line in lines:
                if len(line) > MOST_COLUMNS:
                    yield f"{where} has {len(line)} columns: {line.strip()}"
