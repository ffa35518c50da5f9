"""The edges between the rooms of a concept, walked both ways.

A concept's page, snippet with its demo, test and recorded result are held together by
its name and by what a page includes. Every check here takes the files as data and gives
one line for each fault: where it is, what is wrong. `make check` prints them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from website.edges.rooms import (
    claims,
    imports,
    orphans,
    rooms,
    sittings,
    unreadable,
)
from website.edges.tree import Tree
from website.edges.worked import worked

Check = Callable[[Tree], Iterator[str]]

#: What can be judged without reading a page as a template.
FILES: tuple[Check, ...] = (rooms, orphans, imports, sittings, claims, worked)
CHECKS = FILES
#: What has to hold before the others can be asked.
FIRST: tuple[Check, ...] = (unreadable,)

try:
    from website.edges.pages import edits, go_on, names, numbers, parts, shown, unfilled
    from website.edges.pictures import drawings
    from website.edges.sections import sections
except ModuleNotFoundError:
    pass  # whoever adds a resource has not installed what the site is built with
else:
    CHECKS += (parts, shown, edits, sections, names, go_on, numbers, drawings)
    FIRST += (unfilled,)


def faults(tree: Tree) -> dict[str, list[str]]:
    """Every fault, by the check that found it. What cannot be read is named alone."""
    broken = {check.__name__: [*check(tree)] for check in FIRST}
    if any(broken.values()):
        return broken
    return {check.__name__: [*check(tree)] for check in CHECKS}
