"""What the site may hold and a page may do: its policy, its files, its drawings.

A record, a page and a drawing come from strangers. What they may hold is listed here,
and everything else is refused; what slips through meets the policy in the browser.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree

import jinja2

# The scripts that stand in every page, because they must run before it is drawn.
_INLINE = ("base", "palette", "content")


def inline_scripts(env: jinja2.Environment, config: Any) -> list[str]:
    """The text of each script that the theme writes into every page.

    From the theme, not from the pages: a script that a page brought along would get
    a hash as well.
    """
    partials = [f"partials/javascripts/{name}.html" for name in _INLINE]
    context = {"config": config, "features": config.theme["features"]}
    rendered = "".join(env.get_template(p).render(context) for p in partials)
    return re.findall(r"<script>(.*?)</script>", rendered, re.DOTALL)


def content_security_policy(scripts: Iterable[str]) -> str:
    """What a browser may do on a page: run these scripts, and load from here."""
    hashes = (
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in scripts
    )
    return "; ".join(
        [
            "default-src 'none'",
            " ".join(["script-src 'self'", *(f"'sha256-{one}'" for one in hashes)]),
            "style-src 'self'",
            # Every formula is drawn with attributes, as are bars of their own length.
            "style-src-attr 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


# --- Front matter

#: What a page may say of itself; the theme would read more, and not escape it.
SAID = {"title", "description", "hide", "next", "previous", "go_on", "edits"}


# --- Files

#: The one drawing that stands in no page, and so has a style sheet of its own.
LOGO = "assets/logo.svg"
# What is published from docs/, by folder ("" is any).
KINDS = {
    ".md": "",
    ".ipynb": "notebooks",
    ".svg": "",
    ".css": "assets/css",
    ".js": "assets/js",
}


def unfit(docs: Path, files: Iterable[tuple[str, bool]]) -> Iterator[str]:
    """One line for each file under docs/ that cannot be published, and why.

    Args:
        docs: the folder.
        files: the path of each file below it, and whether it is published.
    """
    real = docs.resolve()
    for name, published in files:
        path = docs / name
        kind = PurePosixPath(name).suffix
        if path.resolve() != real / name:
            yield f"docs/{name} is a link, which may lead anywhere: put the file there"
        elif not published:
            continue
        elif kind not in KINDS or not name.startswith(_folder(kind)):
            yield (
                f"docs/{name} is of no kind that is published there:"
                " KINDS in website/policy.py lists them"
            )
        elif kind == ".svg":
            text = path.read_text(encoding="utf-8", errors="replace")
            faults = drawing_faults(text, alone=name == LOGO)
            yield from (f"docs/{name}: {fault}" for fault in faults)


def _folder(kind: str) -> str:
    return KINDS[kind] and f"{KINDS[kind]}/"


# --- Drawings

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = ("href", "{http://www.w3.org/1999/xlink}href")
_ELEMENTS = (
    "svg title desc style defs g path rect circle ellipse line polyline polygon text"
    " tspan image use clipPath marker pattern linearGradient radialGradient stop"
)
# What holds words only: what stands in it, HTML takes out of the drawing.
_WORDS = ("title", "desc", "style")
# Nothing that moves a drawing, or what is in it, over the page.
_PROPERTIES = (
    "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linejoin"
    " stroke-linecap stroke-dasharray stroke-dashoffset stroke-miterlimit opacity"
    " font-size font-family font-weight font-style text-anchor image-rendering"
)
_ATTRIBUTES = (
    "viewBox version width height x y x1 y1 x2 y2 cx cy r rx ry dx dy d points"
    " transform offset preserveAspectRatio gradientUnits gradientTransform"
    " patternUnits markerWidth markerHeight refX refY orient"
    " id role style fill stroke opacity color display visibility overflow"
    " fill-opacity fill-rule stroke-width stroke-opacity stroke-linecap"
    " stroke-linejoin stroke-dasharray stroke-dashoffset stroke-miterlimit"
    " stop-color stop-opacity clip-path clip-rule marker-start marker-mid marker-end"
    " font-family font-size font-weight font-style text-anchor baseline-shift"
    " dominant-baseline letter-spacing aria-label aria-hidden vector-effect"
)
_PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]*")
_LOADS = re.compile(r"@import|url\((?!#[\w-]+\))|image-set|\\", re.IGNORECASE)


def drawing_faults(svg: str, *, alone: bool = False) -> Iterator[str]:
    """What an SVG holds besides shapes and words, one line each.

    It is read as XML, and stands in pages as HTML: what the two read differently
    (comments, CDATA, other namespaces) is refused as well.

    Args:
        alone: it stands in no page, whose style sheet could move it or be changed.
    """
    if "<!" in svg or "<?" in svg:
        yield "holds a comment, a declaration or an instruction: leave it out"
        return
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        yield f"is no XML: {error}"
        return
    if root.tag != f"{_SVG}svg":
        yield "does not begin with <svg>"
    for element in root.iter():
        name = str(element.tag).removeprefix(_SVG)
        if name not in _ELEMENTS.split() or (name == "style" and not alone):
            yield f"holds <{name}>, which no drawing needs"
        if name in _WORDS and len(element):
            yield f"holds <{name}> with more than words in it"
        for attribute, value in element.attrib.items():
            if attribute in _HREF:
                if not (re.fullmatch(r"#[\w-]+", value) or _PICTURE.fullmatch(value)):
                    yield f"<{name}> asks for something elsewhere: {value[:60]!r}"
            elif attribute not in _ATTRIBUTES.split() + ["class"] * alone:
                yield f"<{name}> has {attribute}, which no drawing needs"
            elif _LOADS.search(value):
                yield f"<{name}> has a {attribute} that loads: {value[:60]!r}"
            elif attribute == "style":
                for each in filter(None, map(str.strip, value.split(";"))):
                    if each.partition(":")[0].strip() not in _PROPERTIES.split():
                        yield f"<{name}> has the style {each[:60]!r}"
        if name == "style" and _LOADS.search(element.text or ""):
            yield "has a <style> that loads something"
