"""Browser parts of others that the site serves itself: fonts, KaTeX, MiniSearch.

They come from npm by the lock file, are cut down here to what the pages use, and
are kept in `.cache/vendor/` under the hash of what they were made from. Nothing is
copied into `docs/`: the hook hands every part to MkDocs as a generated file.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from syllabus import ROOT

ADDRESS = "assets/vendor"

# Raise it when the way a font is cut changes, so that old cuts are not used.
RECIPE = "3"


class MissingPartError(Exception):
    """A package from npm is not installed."""


@dataclass(frozen=True)
class Part:
    """A file, and its address in the site."""

    source: Path
    address: str


@dataclass(frozen=True)
class Face:
    """One style of one family, and the weights and features that the pages use."""

    family: str
    package: str
    file: str  # as in files/<file>-<subset>-wght-<style>.woff2
    style: str
    weights: tuple[int, int]
    features: tuple[str, ...]


@dataclass(frozen=True)
class Cut:
    """Characters that travel together: a browser asks for a file when it meets one."""

    name: str
    subset: str  # the npm package's file that they are in
    characters: frozenset[int]


def _span(first: int, last: int) -> frozenset[int]:
    return frozenset(range(first, last + 1))


LITERATA = "@fontsource-variable/literata"
JETBRAINS = "@fontsource-variable/jetbrains-mono"
TEXT_FEATURES = ("kern", "mark", "mkmk", "ccmp", "locl", "liga")
# No `calt`: its ligatures draw `->` and `!=` as one sign, which is not what a
# learner has to type. Without them the font is a third of its size.
CODE_FEATURES = ("mark", "mkmk", "ccmp", "locl")
FACES = (
    Face("Literata", LITERATA, "literata", "normal", (400, 700), TEXT_FEATURES),
    Face("Literata", LITERATA, "literata", "italic", (400, 400), TEXT_FEATURES),
    Face(
        *("JetBrains Mono", JETBRAINS, "jetbrains-mono", "normal"),
        *((400, 700), CODE_FEATURES),
    ),
)
# What English text and code are made of is on every page; the letters of names and of
# other languages are not.
BASIC = _span(0x20, 0x7E) | {
    ord(character) for character in "\u00a0§©«°±²³·»×÷äçèéñöøü–—‘’“”…−€"
}
NAMES = _span(0x100, 0x17F) | _span(0x218, 0x21B)
CUTS = (
    Cut("cyrillic", "cyrillic", _span(0x400, 0x45F) | {0x2116}),
    Cut("greek", "greek", _span(0x370, 0x3FF)),
    Cut("names", "latin-ext", NAMES),
    Cut("accents", "latin", _span(0xA1, 0x2122) - BASIC - NAMES),
    Cut("basic", "latin", BASIC),
)

# What KaTeX's upright font is cut to; the tests typeset every formula of the pages and
# find a sign that is missing here.
UPRIGHT = _span(0x20, 0x7E) | {
    ord(sign)
    for sign in "⎧⎨⎩∅"
    "\u00a0×÷±−·⋅…⋯⋮⋱≤≥≠≈≡∼∝∞√∂∇∈∉∀∃→←↔↦⇒⇔⊤⊥∣∥⟨⟩⌊⌋⌈⌉∘∗⊙⊕⊗′ℓˉˆ˜˙¨ΓΔΘΛΞΠΣΥΦΨΩ"
}

# Fallbacks made as wide and as tall as our fonts, so that nothing moves when ours
# arrive: (local name, average width of a Latin letter in ems). The widths are those
# of @capsizecss/metrics 4.3.0, for which Literata's is 0.480 and JetBrains Mono's 0.6.
WIDTH = {"Literata": 0.480, "JetBrains Mono": 0.6}
# Liberation's letters are as wide as those of the fonts they stand in for.
SAME_WIDTH = {
    "Times New Roman": ("Liberation Serif",),
    "Courier New": ("Liberation Mono",),
}
FALLBACKS = {
    "Literata": (
        ("Georgia", 913 / 2048),
        ("Noto Serif", 0.481),
        ("Times New Roman", 832 / 2048),
    ),
    "JetBrains Mono": (("Courier New", 0.6),),
}


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
    files = []
    for face in FACES:
        for cut in CUTS:
            source = installed(
                root,
                f"{face.package}/files/{face.file}-{cut.subset}-wght-{face.style}.woff2",
            )
            made = _cut(root, source, cut.characters, face)
            files.append((face, f"{face.file}-{cut.name}-{face.style}.woff2", made))
            yield Part(made, f"{ADDRESS}/fonts/{files[-1][1]}")
    sheet = cached(
        root,
        b"".join(made.read_bytes() for _, _, made in files),
        ".css",
        lambda: _style_sheet(root, files).encode(),
    )
    yield Part(sheet, f"{ADDRESS}/fonts.css")


def _style_sheet(root: Path, files: Sequence[tuple[Face, str, Path]]) -> str:
    from fontTools.ttLib import TTFont

    css = []
    for face, name, made in files:
        # Of what the file holds, not of what it might: a browser that meets a sign in
        # the range fetches the file, even when the sign is not in it.
        held = frozenset(TTFont(made).getBestCmap())
        low, high = face.weights
        css.append(
            f'@font-face{{font-family:"{face.family}";font-style:{face.style};'
            f"font-weight:{low if low == high else f'{low} {high}'};"
            f'font-display:swap;src:url(fonts/{name}) format("woff2");'
            f"unicode-range:{_ranges(held)}}}"
        )
    for family, locals_ in FALLBACKS.items():
        css += [_fallback(root, family, name, width) for name, width in locals_]
    return "\n".join(css) + "\n"


def _ranges(characters: frozenset[int]) -> str:
    """The characters as CSS writes them.

    >>> _ranges(frozenset({0x20, 0x21, 0x22, 0xA0}))
    'U+20-22,U+A0'
    """
    spans: list[list[int]] = []
    for character in sorted(characters):
        if spans and character == spans[-1][1] + 1:
            spans[-1][1] = character
        else:
            spans.append([character, character])
    return ",".join(
        f"U+{first:X}" if first == last else f"U+{first:X}-{last:X}"
        for first, last in spans
    )


def _fallback(root: Path, family: str, name: str, width: float) -> str:
    """A local font under our font's measures."""
    from fontTools.ttLib import TTFont

    face = next(face for face in FACES if face.family == family)
    font = TTFont(
        installed(root, f"{face.package}/files/{face.file}-latin-wght-normal.woff2")
    )
    adjust = WIDTH[family] / width
    em = font["head"].unitsPerEm * adjust
    names = (name, *SAME_WIDTH.get(name, ()))
    sources = ",".join(f'local("{local}")' for local in names)
    return (
        f'@font-face{{font-family:"{family} on {name}";src:{sources};'
        f"size-adjust:{adjust:.2%};ascent-override:{font['hhea'].ascent / em:.2%};"
        f"descent-override:{-font['hhea'].descent / em:.2%};line-gap-override:0%}}"
    )


def _cut(
    root: Path,
    source: Path,
    characters: frozenset[int] | None = None,
    face: Face | None = None,
) -> Path:
    """The font without hinting, and without what no page uses of it."""

    def make() -> bytes:
        from fontTools import subset
        from fontTools.ttLib import TTFont
        from fontTools.varLib import instancer

        font = TTFont(source, recalcTimestamp=False)
        options = subset.Options()
        options.hinting = False
        options.layout_features = list(face.features) if face else ["*"]
        options.name_IDs = ["*"]  # the copyright and the licence stay in the file
        cutter = subset.Subsetter(options)
        held = frozenset(font.getBestCmap())
        cutter.populate(unicodes=held if characters is None else held & characters)
        cutter.subset(font)
        if face:
            low, high = face.weights
            limit = low if low == high else (low, high)
            font = instancer.instantiateVariableFont(font, {"wght": limit})
        font.flavor = "woff2"
        font.save(data := io.BytesIO())
        return data.getvalue()

    recipe = repr((face, sorted(characters or ()))).encode()
    return cached(root, source.read_bytes() + recipe, ".woff2", make)


def _katex(root: Path) -> Iterator[Part]:
    source = installed(root, "katex/dist/katex.min.css")
    css = source.read_text(encoding="utf-8")
    # Every browser that runs the site reads woff2.
    css = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)', "", css)
    made = cached(root, css.encode(), ".css", lambda: css.encode())
    yield Part(made, f"{ADDRESS}/katex/katex.css")
    for name in sorted(set(re.findall(r"url\(fonts/([\w-]+\.woff2)\)", css))):
        font = installed(root, f"katex/dist/fonts/{name}")
        made = _cut(root, font, UPRIGHT if name == "KaTeX_Main-Regular.woff2" else None)
        yield Part(made, f"{ADDRESS}/katex/fonts/{name}")


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
