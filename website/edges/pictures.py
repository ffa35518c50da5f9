"""A drawing follows the colour scheme and is told in words; none is unused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

from website.edges.pages import argument, calls
from website.edges.tree import Tree

# Words in the place of a colour that are none, or take that of the text around.
_NO_COLOUR = ("none", "inherit", "currentcolor", "var")


@cache
def _cividis() -> frozenset[str]:
    """The colours of heat maps, as hex."""
    from matplotlib import colormaps, colors

    steps = colormaps["cividis"].resampled(256)
    return frozenset(colors.to_hex(steps(i)) for i in range(256))


def colours(svg: str) -> list[str]:
    """The colours of a drawing that follow no colour scheme.

    Not those of a heat map: it brings its own ground, and the numbers on it are
    black or white in both schemes.
    """
    found = re.sub(r"var\(--[a-z]+, ?#[0-9a-f]{6}\)", "", svg, flags=re.I)
    # Words, an image's content and a reference to an id are no colours.
    apart = r'>[^<]*<|href="[^"]*"|url\(#[^)]*\)|id="[^"]*"'
    found = re.sub(apart, "><", re.sub(r"<image[^>]*>", "", found)).lower()
    used = re.findall(r"#[0-9a-f]{3,8}\b|rgba?\([^)]*\)", found)
    is_heat_map = "<image" in svg or sum(c in _cividis() for c in used) >= 4
    used += re.findall(
        r"(?:fill|stroke|stop-color|(?<![\w-])color)(?:=\"|:\s*)([a-z]+)\b(?!\()", found
    )
    heat = _cividis() | {"#000000", "#ffffff", "black", "white"}
    return sorted({*used} - {*_NO_COLOUR} - (heat if is_heat_map else frozenset()))


def drawings(tree: Tree) -> Iterator[str]:
    """Each drawing fits a page in both schemes, and is told in words."""
    for path in tree.under("docs/", ".svg"):
        svg, stem = tree.files[path], PurePosixPath(path).name.split(".")[0]
        for colour in colours(svg):
            yield f"{path}: the colour {colour} follows no scheme"
        # A claim may have the name of a concept: its ids say which they are of.
        begins = f"claim-{stem}" if "/claims/" in path else stem
        for identifier in re.findall(r'\bid="([^"]+)"', svg):
            if not identifier.startswith(begins):
                yield f"{path}: the id {identifier!r} may clash with another's"
        if not re.search(r'viewBox="0 0 \d+', svg):
            yield f"{path}: has no viewBox from 0 0"
    shown: set[str] = set()
    for page in tree.under("docs/", ".md"):
        for first, function in enumerate(("figure", "picture")):
            for call in calls(tree.files[page], function):
                shown.add(f"docs/{argument(call, 0, 'path')}")
                for offset, part in enumerate(("alt", "caption")):
                    if not argument(call, first + offset, part).strip():
                        yield f"{page}: a {function} has no {part}"
    for path in tree.under("docs/assets/pictures/", ".svg"):
        if path not in shown:
            yield f"{path}: is on no page"
