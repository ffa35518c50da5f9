"""A drawing follows the colour scheme, stands on a page and is told in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

from website.edges.template import calls, text
from website.edges.tree import Tree
from website.policy import drawing_faults


@cache
def _heat() -> frozenset[str]:
    """The colours of heat maps and of the numbers in their cells: as hex."""
    from matplotlib import colormaps, colors

    steps = colormaps["cividis"].resampled(256)
    return frozenset(colors.to_hex(steps(i)) for i in range(256)) | {
        *("#000000", "#ffffff"),
    }


def colours(svg: str) -> list[str]:
    """The colours of a drawing that follow no colour scheme.

    Not those of a heat map: it brings its own ground, and the numbers on it are
    black or white in both schemes.
    """
    found = re.sub(r"var\(--[a-z]+, ?#[0-9a-f]{6}\)", "", svg, flags=re.I)
    # An image's content and a reference to an id are no colours.
    found = re.sub(r'href="[^"]*"|url\(#[^)]*\)|id="[^"]*"', "", found)
    found = re.sub(r"<image[^>]*>|>[^<]*<", "><", found)
    by_number = re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\([^)]*\)", found)
    by_name = re.findall(
        r"(?:fill|stroke|stop-color|(?<![\w-])color)(?:=\"|:\s*)([a-z]+)\b(?!\()", found
    )
    # Words that are no colours, or take that of the text around.
    by_name = [
        n for n in by_name if n not in ("none", "inherit", "currentcolor", "var")
    ]
    heat = _heat() | {"black", "white"} if _is_heat_map(svg) else frozenset()
    return sorted({c for c in by_number + by_name if c.lower() not in heat})


def _is_heat_map(svg: str) -> bool:
    if "<image" in svg:
        return True
    used = Counter(c.lower() for c in re.findall(r"#[0-9a-fA-F]{6}", svg))
    cividis = _heat() - {"#000000", "#ffffff"}
    return sum(used[colour] for colour in cividis) >= 4


def drawings(tree: Tree) -> Iterator[str]:
    """Each drawing follows the colour scheme and is told in words; none is unused."""
    for path in tree.under("docs/", ".svg"):
        yield from (f"{path}: {what}" for what in _unfit(path, tree.files[path]))
    shown: set[str] = set()
    for page in tree.under("docs/", ".md"):
        for function, first in (("figure", 0), ("picture", 1)):
            for call in calls(tree.files[page], function):
                for offset, part in enumerate(("alt", "caption")):
                    if len(text(call, first + offset, part).split()) < 5:
                        yield f"{page}: a {function} has no {part} to speak of"
        for call in calls(tree.files[page], "picture"):
            path = f"docs/{text(call, 0, 'path')}"
            shown.add(path)
            if path not in tree.files:
                yield f"{page}: shows {path}, which does not exist"
    for path in tree.under("docs/assets/pictures/", ".svg"):
        if path not in shown:
            yield f"{path}: is on no page"


def _unfit(path: str, svg: str) -> Iterator[str]:
    """What keeps a drawing from standing in a page, among others, in both schemes."""
    for colour in colours(svg):
        yield f"the colour {colour} follows no scheme"
    for identifier in re.findall(r'\bid="([^"]+)"', svg):
        stem = PurePosixPath(path).stem
        # A claim may have the name of a concept: its ids say which they are of.
        if not identifier.startswith(f"claim-{stem}" if "/claims/" in path else stem):
            yield f"the id {identifier!r} may clash with another's"
    if "<style" in svg:
        yield "holds <style>, which would hold for the whole page"
    yield from drawing_faults(svg)
    if not re.search(r'viewBox="0 0 \d+', svg):
        yield "has no viewBox from 0 0"
