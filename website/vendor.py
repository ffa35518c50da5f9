"""Browser parts of others that the site serves itself: fonts, KaTeX, MiniSearch.

They come from npm by the lock file, and are kept in `.cache/vendor/` under the hash of
what they were made from. Nothing is copied into `docs/`: the hook hands every part to
MkDocs as a generated file.

Fonts are cut down to what the pages use, by `fonts.css` and `UPRIGHT`. The subsets that
the packages ship hold more signs, weights and ligatures: a first visit, of 130 to
180 KB, would take 29 KB more with their static fonts, 59 KB with their variable ones.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from syllabus import ROOT

ADDRESS = "assets/vendor"
FONTS = Path(__file__).with_name("fonts.css")

# Raise it when the way a font is cut changes, so that old cuts are not used.
RECIPE = "4"

LITERATA = "@fontsource-variable/literata"
JETBRAINS = "@fontsource-variable/jetbrains-mono"
# No `calt` for code: its ligatures draw `->` and `!=` as one sign, which is not what a
# learner has to type. Without them the font is a third of its size.
FEATURES = {
    "literata": ("kern", "mark", "mkmk", "ccmp", "locl", "liga"),
    "jetbrains-mono": ("mark", "mkmk", "ccmp", "locl"),
}
# The package's file that a part of ours is in, where it has another name.
SUBSETS = {"basic": "latin", "accents": "latin", "names": "latin-ext"}
_FACE = re.compile(
    r"font-weight: (?P<low>\d+)(?: (?P<high>\d+))?;[^}]*"
    r"url\((?P<file>fonts/(?P<family>[a-z-]+)-(?P<part>[a-z]+)-(?P<style>[a-z]+)\.woff2)"
    r"[^}]*unicode-range: (?P<range>[^;]+);"
)

# What KaTeX's upright font is cut to; the tests typeset every formula of the pages and
# find a sign that is missing here.
UPRIGHT = set(range(0x20, 0x7F)) | {
    ord(sign)
    for sign in "⎧⎨⎩∅"
    "\u00a0×÷±−·⋅…⋯⋮⋱≤≥≠≈≡∼∝∞√∂∇∈∉∀∃→←↔↦⇒⇔⊤⊥∣∥⟨⟩⌊⌋⌈⌉∘∗⊙⊕⊗′ℓˉˆ˜˙¨ΓΔΘΛΞΠΣΥΦΨΩ"
}


class MissingPartError(Exception):
    """A package from npm is not installed."""


@dataclass(frozen=True)
class Part:
    """A file, and its address in the site."""

    source: Path
    address: str


def parts(root: Path = ROOT) -> tuple[Part, ...]:
    """Every file of others that the site serves, made when it is not there yet.

    Raises:
        MissingPartError: a package is not in `node_modules`.
    """
    search = installed(root, "minisearch/dist/umd/index.js")
    return (
        *_fonts(root),
        *_katex(root),
        Part(search, f"{ADDRESS}/minisearch.js"),
    )


def version(package: str, root: Path = ROOT) -> str:
    """The installed version of an npm package.

    Raises:
        MissingPartError: the package is not in `node_modules`.
    """
    text = installed(root, f"{package}/package.json").read_text(encoding="utf-8")
    return str(json.loads(text)["version"])


def installed(root: Path, path: str) -> Path:
    """A file of an npm package.

    Raises:
        MissingPartError: the package is not in `node_modules`.
    """
    file = root / "node_modules" / path
    if not file.exists():
        raise MissingPartError(
            f"node_modules/{path} is missing: run `make site`, which installs"
            " the browser parts named in package-lock.json"
        )
    return file


def _fonts(root: Path) -> Iterator[Part]:
    css = FONTS.read_text(encoding="utf-8")
    for face in _FACE.finditer(css):
        family, part = face["family"], face["part"]
        font = f"{family}-{SUBSETS.get(part, part)}-wght-{face['style']}.woff2"
        made = _cut(
            root,
            installed(root, f"@fontsource-variable/{family}/files/{font}"),
            characters(face["range"]),
            FEATURES[family],
            (int(face["low"]), int(face["high"] or face["low"])),
        )
        yield Part(made, f"{ADDRESS}/{face['file']}")
    css = re.sub(r"/\*.*?\*/\s*", "", css, flags=re.DOTALL)
    yield Part(_cached(root, css), f"{ADDRESS}/fonts.css")


def characters(ranges: str) -> set[int]:
    """The characters that a unicode-range of CSS names.

    >>> sorted(map(chr, characters("U+41-43, U+78")))
    ['A', 'B', 'C', 'x']
    """
    covered: set[int] = set()
    for span in ranges.replace("U+", "").split(","):
        first, _, last = span.partition("-")
        covered |= set(range(int(first, 16), int(last or first, 16) + 1))
    return covered


def _katex(root: Path) -> Iterator[Part]:
    css = installed(root, "katex/dist/katex.min.css").read_text(encoding="utf-8")
    # Every browser that runs the site reads woff2.
    css = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)', "", css)
    yield Part(_cached(root, css), f"{ADDRESS}/katex/katex.css")
    for name in sorted(set(re.findall(r"url\(fonts/([\w-]+\.woff2)\)", css))):
        font = installed(root, f"katex/dist/fonts/{name}")
        made = _cut(root, font, UPRIGHT if name == "KaTeX_Main-Regular.woff2" else None)
        yield Part(made, f"{ADDRESS}/katex/fonts/{name}")


def _cut(
    root: Path,
    source: Path,
    characters: Collection[int] | None,
    features: Collection[str] = ("*",),
    weights: tuple[int, int] | None = None,
) -> Path:
    """The font without hinting, and without what no page uses of it."""

    def make() -> bytes:
        from fontTools import subset
        from fontTools.ttLib import TTFont
        from fontTools.varLib import instancer

        font = TTFont(source, recalcTimestamp=False)
        options = subset.Options()
        options.hinting = False
        options.layout_features = list(features)
        options.name_IDs = ["*"]  # the copyright and the licence stay in the file
        cutter = subset.Subsetter(options)
        cutter.populate(
            unicodes=font.getBestCmap() if characters is None else characters
        )
        cutter.subset(font)
        if weights:
            low, high = weights
            limit = low if low == high else (low, high)
            font = instancer.instantiateVariableFont(font, {"wght": limit})
        font.flavor = "woff2"
        font.save(data := io.BytesIO())
        return data.getvalue()

    recipe = repr((characters and sorted(characters), features, weights)).encode()
    return cached(root, source.read_bytes() + recipe, ".woff2", make)


def _cached(root: Path, css: str) -> Path:
    return cached(root, css.encode(), ".css", css.encode)


def cached(root: Path, of: bytes, suffix: str, make: Callable[[], bytes]) -> Path:
    """The file in the cache that `make` made of `of`."""
    digest = hashlib.sha256(RECIPE.encode() + of).hexdigest()[:16]
    file = root / ".cache" / "vendor" / f"{digest}{suffix}"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(f"{suffix}.half")
        half.write_bytes(make())
        half.replace(file)
    return file
