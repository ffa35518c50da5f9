"""A worked example is typed as a person writes it, and every number is recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from website.edges.tree import Tree

ANCHOR = "by-hand"
_HEADING = re.compile(r"^(#{2,}) +(.*?)(?: *\{ *#([\w-]+) *\})? *$", re.M)
# What is no number of the example: list markers, expressions, tags, addresses, indices
# in formulas, and where something stands ("section 3.2").
_APART = re.compile(
    r"^ *\d+\. |\{\{.*?\}\}|<%.*?%>|<[^>]+>|\]\([^)]*\)|_\{[^{}]*\}"
    r"|\b(?:section|chapter|equation|figure|table|appendix)s?\s+\d[\d.]*"
    r"(?:\s+(?:and|to)\s+\d[\d.]*)?",
    re.S | re.M | re.I,
)
_NUMBER = re.compile(
    r"(?P<minus>(?<![\w)])[−-])?(?<![\w.])"
    r"(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<decimals>\.\d+)?(?!\w)"
)


def worked(tree: Tree) -> Iterator[str]:
    """Each number typed in a worked example is one that the demo recorded.

    A whole number is recorded as it stands, a decimal one when rounded to the digits
    that are typed: in the text of the result, or in `by_hand` of its data (in all of
    the data where that has no such part).
    """
    for concept, page in tree.pages:
        if not concept.code:
            continue
        result = f"docs/results/{concept.name}"
        data = json.loads(tree.files.get(f"{result}.json", "{}")).get("data", {})
        recorded = {
            *_numbers_in(data.get("by_hand", data)),
            *_numbers_in(tree.files.get(f"{result}.txt", "")),
        }
        for line, typed in numbers_by_hand(tree.files[page]):
            if not _is_recorded(typed, recorded):
                yield (
                    f"{page}:{line}: {typed[0]} is neither in {result}.txt nor in"
                    " `by_hand` of its data: mend it, or let the demo record it"
                )


def by_hand(page: str) -> slice:
    """Where the worked example stands in a page: from its heading to the next.

    Its heading is "By hand", or has the anchor: `## Three tokens { #by-hand }`.
    """
    for heading in _HEADING.finditer(page):
        if (heading[3] or heading[2].lower().replace(" ", "-")) == ANCHOR:
            level = len(heading[1])
            rest = re.compile(rf"^#{{2,{level}}} ", re.M).search(page, heading.end())
            return slice(heading.end(), rest.start() if rest else len(page))
    return slice(0, 0)


def numbers_by_hand(page: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Each number that is typed in the worked example of a page, with its line."""
    section = by_hand(page)
    before = page.count("\n", 0, section.start) + 1
    # Line ends are kept, so that lines can be counted.
    text = _APART.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), page[section])
    for found in _NUMBER.finditer(text):
        yield before + text.count("\n", 0, found.start()), found


def _value(number: re.Match[str]) -> float:
    digits = number["whole"].replace(",", "") + (number["decimals"] or "")
    return -float(digits) if number["minus"] else float(digits)


def _is_recorded(typed: re.Match[str], recorded: set[float]) -> bool:
    value, decimals = _value(typed), typed["decimals"]
    if decimals is None:
        return value in recorded
    half = 0.5 * 10.0 ** (1 - len(decimals)) + 1e-9
    return any(abs(number - value) <= half for number in recorded)


def _numbers_in(data: Any) -> Iterator[float]:
    """Every number in what was recorded, those within its texts as well."""
    if isinstance(data, str):
        yield from map(_value, _NUMBER.finditer(data))
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from _numbers_in(key)
            yield from _numbers_in(value)
    elif isinstance(data, list):
        for value in data:
            yield from _numbers_in(value)
    elif isinstance(data, (int, float)):
        yield float(data)
