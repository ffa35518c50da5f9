"""The edges between the rooms of a concept, walked both ways.

A concept's page, snippet with its demo, test and recorded result are held together by
its name and by what a page includes. Every check here takes the files as data and gives
one line for each fault: where it is, what is wrong. `python -m website.edges` prints
them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jinja2

from website.edges.claims import claims
from website.edges.code import imports, sections
from website.edges.files import orphans, rooms, sittings
from website.edges.pages import anatomy, edits, go_on, names, seen
from website.edges.pictures import drawings
from website.edges.prose import definitions, length, numbers
from website.edges.tree import Tree

CHECKS: tuple[Callable[[Tree], Iterator[str]], ...] = (
    rooms,
    orphans,
    sections,
    imports,
    sittings,
    anatomy,
    edits,
    seen,
    names,
    go_on,
    length,
    numbers,
    drawings,
    definitions,
    claims,
)


def faults(tree: Tree) -> dict[str, list[str]]:
    """Every fault, by the check that found it."""
    found = {}
    for check in CHECKS:
        try:
            found[check.__name__] = list(check(tree))
        except (jinja2.TemplateSyntaxError, SyntaxError) as error:
            found[check.__name__] = [f"cannot be read: {error}"]
    return found
