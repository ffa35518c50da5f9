"""Drawings in pages: an SVG stands in the page itself, told in words.

Markdown would read an SVG as more than a drawing. So a page holds its place first, and
`inline_figures` puts it in once Markdown is done.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from markupsafe import Markup

from website.errors import RenderError
from website.wording import markdown_template


def picture(path: str, alt: str, caption: str, kind: str = "drawing") -> str:
    """The place of an SVG under docs/, as Markdown.

    Args:
        alt: the drawing in words, for who does not see it.
        caption: what stands below it, in Markdown.
        kind: a drawing, or one frame of several.
    """
    return markdown_template(
        "picture.md", path=path, alt=alt, caption=caption, kind=kind
    )


def inline_figures(content: str, docs: Path) -> str:
    """Put each drawing itself into the page, where it follows the colour scheme.

    Frames that follow each other come into one box, which the script steps through.

    Raises:
        RenderError: there is no such drawing.
    """
    content = re.sub(
        r'(?:<figure class="drawing frame">(?:(?!</figure>).)*</figure>\s*){2,}',
        r'<div class="frames">\g<0></div>',
        content,
        flags=re.S,
    )
    return re.sub(
        r'(?:<p>)?<span data-svg="(?P<path>[^"]+)" data-alt="(?P<alt>[^"]*)">'
        r"drawing</span>(?:</p>)?",
        lambda found: drawn(docs, found["path"], html.unescape(found["alt"])),
        content,
    )


def drawn(docs: Path, path: str, alt: str) -> Markup:
    """An SVG under docs/ to stand in a page.

    Raises:
        RenderError: there is no such drawing.
    """
    file = (docs / path).resolve()
    if file.suffix != ".svg" or not file.is_relative_to(docs.resolve()):
        raise RenderError(f"{path} is no drawing under docs/: give the path of an SVG")
    try:
        svg = file.read_text(encoding="utf-8")
    except OSError:
        raise RenderError(f"there is no drawing docs/{path}") from None
    if "<svg" not in svg:
        raise RenderError(f"docs/{path} has no <svg> in it")
    return drawing(svg, alt)


def drawing(svg: str, alt: str) -> Markup:
    """An SVG to stand in a page, told in words to who does not see it."""
    # Material's script assigns to every `href`, which an SVG element forbids.
    svg = svg[svg.index("<svg") :].strip().replace(" href=", " xlink:href=")
    told = f'role="img" data-search-exclude="" aria-label="{html.escape(alt)}"'
    return Markup(svg.replace("<svg", f"<svg {told}", 1))
