"""The edges between the rooms of a concept, walked both ways.

A concept's page, snippet with its demo, test and recorded result are held together by
its name and by what a page includes. Every check here takes the files as data and gives
one line for each fault: where it is, what is wrong. `make check` prints them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from website.edges.claims import claims
from website.edges.code import imports
from website.edges.files import orphans, rooms, sittings
from website.edges.tree import Tree
from website.edges.worked import worked

Check = Callable[[Tree], Iterator[str]]

#: What can be judged without reading a page as a template.
FILES: tuple[Check, ...] = (rooms, orphans, imports, sittings, claims, worked)
CHECKS = FILES
UNREADABLE: tuple[type[Exception], ...] = (SyntaxError,)

try:
    import jinja2

    from website.edges.pages import anatomy, edits, go_on, names, seen
    from website.edges.pictures import drawings
    from website.edges.prose import definitions, length, numbers
    from website.edges.sections import sections
except ModuleNotFoundError:
    pass  # whoever adds a resource has not installed what the site is built with
else:
    CHECKS += (sections, anatomy, edits, seen, names, go_on)
    CHECKS += (length, numbers, drawings, definitions)
    UNREADABLE += (jinja2.TemplateSyntaxError,)


def faults(tree: Tree) -> dict[str, list[str]]:
    """Every fault, by the check that found it."""
    found = {}
    for check in CHECKS:
        try:
            found[check.__name__] = list(check(tree))
        except UNREADABLE as error:
            found[check.__name__] = [f"cannot be read: {error}"]
    return found
