"""What pages show of the code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from syllabus import Concept
from website.edges.template import calls, text
from website.edges.tree import Tree

MOST_LINES, MOST_COLUMNS = 25, 72


def sections_of(source: str) -> dict[str, list[str]]:
    """The lines of each section between its two marks.

    Raises:
        ValueError: a section is not closed, or closed without being open.
    """
    found: dict[str, list[str]] = {}
    open_now: list[str] = []
    for line in source.splitlines():
        if mark := re.search(r"--8<-- \[(start|end):([\w-]+)\]", line):
            kind, name = mark.groups()
            if kind == "start" and name not in found:
                open_now.append(name)
                found[name] = []
            elif kind == "end" and name in open_now:
                open_now.remove(name)
            else:
                raise ValueError(f"the mark [{kind}:{name}] has no fellow")
        else:
            for name in open_now:
                found[name].append(line)
    if open_now:
        raise ValueError(f"the section {open_now[0]} has no end")
    return found


def sections(tree: Tree) -> Iterator[str]:
    """Each section that a page names exists and is short; each section is used."""
    there: dict[str, dict[str, list[str]]] = {}
    for path in sorted({*tree.under("snippets/", ".py")} - {*tree.claims}):
        try:
            there[path] = sections_of(tree.files[path])
        except ValueError as error:
            yield f"{path}: {error}"
    used = {
        (path, name)
        for content in tree.files.values()
        for path, name in re.findall(r'--8<-- "([\w/.-]+\.py):([\w-]+)"', content)
    }
    for concept, page in tree.pages:
        shown = calls(tree.files[page], "code")
        named = [(text(c, 0, "section"), text(c, 1, "path")) for c in shown]
        yield from _how_many(page, concept, [path for _, path in named])
        for name, path in named:
            sources = [path] if path else concept.sources
            places = [p for p in sources if name in there.get(p, {})]
            used |= {(path, name) for path in places}
            if len(places) != 1:
                files = " and ".join(sources)
                yield f"{page}: section {name!r} stands {len(places)} times in {files}"
    for path, found in there.items():
        for name, lines in found.items():
            where = f"{path}: section {name!r}"
            if (path, name) in used:
                yield from _too_large(where, lines)
            else:
                yield f"{where} is used by no page"


def _how_many(page: str, concept: Concept, paths: list[str]) -> Iterator[str]:
    """A page shows one to three sections of its concept, and one of another file."""
    of_file = Counter(paths)
    if concept.code and not 1 <= of_file.pop("", 0) <= 3:
        yield f"{page}: shows {len(paths)} sections of code, not one to three"
    for path, times in of_file.items():
        if times > 1:
            yield f"{page}: shows {times} sections of {path}, not one"


def _too_large(where: str, lines: list[str]) -> Iterator[str]:
    length = len("\n".join(lines).strip("\n").splitlines())
    if length > MOST_LINES:
        yield f"{where} has {length} lines, more than {MOST_LINES}"
    for line in lines:
        if len(line) > MOST_COLUMNS:
            yield f"{where} has {len(line)} columns: {line.strip()}"
