"""The plot style: one figure, drawn by matplotlib, that reads well on any page.

A figure is as wide as a phone (400 px), so that its words stay readable there,
and its colours are names that the site's two colour schemes define.
"""

from __future__ import annotations

import io
import re
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

# Light-scheme values; in the page each becomes var(--name, value).
INK, MUTED, PAPER = "#1d2a2e", "#55636a", "#fbf8f1"
LINK, QUERY, KEY, VALUE = "#0b5f66", "#a8480b", "#1f5fa8", "#33702b"
COLOURS = {
    "ink": INK,
    "muted": MUTED,
    "paper": PAPER,
    "link": LINK,
    "query": QUERY,
    "key": KEY,
    "value": VALUE,
}
# Never colour alone: a query is solid, a key dashed, a value dotted.
SOLID, DASHED, DOTTED = "-", "--", ":"
HEAT = "cividis"

_STYLE: Any = {
    # JetBrains Mono on the site is as wide as DejaVu Sans Mono here.
    "font.family": "monospace",
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.dpi": 72,
    "svg.fonttype": "none",
    "svg.hashsalt": "runnable",
    "savefig.transparent": True,
}
mpl.rcParams.update(_STYLE)


def canvas(
    height: float, rows: int = 1, columns: int = 1, **options: Any
) -> tuple[Figure, Any]:
    """A figure 400 px wide and `height` px high, with its axes."""
    # Not by pyplot, which would keep every figure that nobody closes.
    figure = Figure(figsize=(400 / 72, height / 72), layout="constrained")
    FigureCanvasSVG(figure)  # measures words as the page will set them
    return figure, figure.subplots(rows, columns, **options)


def bars(
    axes: Axes, labels: list[str], values: list[float], title: str, colour: str = QUERY
) -> None:
    """Horizontal bars in reading order, each with its number."""
    axes.barh(range(len(values)), values, color=colour, height=0.6)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_title(title)
    for row, number in enumerate(values):
        side, ha = (3, "left") if number >= 0 else (-3, "right")
        axes.annotate(
            f"{number:.2f}", (number, row), xytext=(side, 0),
            textcoords="offset points", ha=ha, va="center", color=INK,
        )  # fmt: skip
    axes.margins(x=0.35)


def heat_map(
    axes: Axes,
    values: list[list[float]],
    rows: list[str],
    columns: list[str],
    title: str = "",
    numbers: bool = True,
) -> None:
    """A matrix of weights from 0 to 1, in cividis, with the numbers in its cells.

    `rows` and `columns` may be empty where a neighbour already carries the labels.
    """
    # interpolation="none" embeds one pixel a cell: a few hundred bytes.
    axes.imshow(values, cmap=HEAT, vmin=0, vmax=1, interpolation="none", aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=60, ha="left", va="bottom")
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title)
    if numbers:
        for row, line in enumerate(values):
            for column, number in enumerate(line):
                # White on the dark half of cividis, black on the light half.
                axes.text(
                    column, row, f"{100 * number:.0f}", ha="center", va="center",
                    fontsize=9, color="black" if number > 0.5 else "white",
                )  # fmt: skip


def named_points(
    figure: Figure, axes: Axes, names: list[str], points: list[list[float]], lit: str
) -> None:
    """A map of words: a dot each, its name where it covers no other name or dot.

    Call it last: it measures the text where the layout has put the axes.
    """
    axes.plot(*zip(*points, strict=True), "o", color=MUTED, markersize=3)
    axes.set(xticks=[], yticks=[])
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(x=0.12, y=0.06)
    figure.draw_without_rendering()
    dots = [
        Bbox.from_bounds(x - 3, y - 3, 6, 6)
        for x, y in axes.transData.transform(points)
    ]
    # Right of the dot, else left, above, below; to the right if all are taken.
    sides = [
        (4, 0, "left", "center"),
        (-4, 0, "right", "center"),
        (0, 4, "center", "bottom"),
        (0, -4, "center", "top"),
    ]
    taken: list[Any] = []
    for name, (x, y), dot in zip(names, points, dots, strict=True):
        text = axes.annotate(
            name, (x, y), xytext=(0, 0), textcoords="offset points",
            color=LINK if name == lit else INK,
        )  # fmt: skip
        in_the_way = taken + [other for other in dots if other is not dot]
        for across, up, ha, va in [*sides, sides[0]]:
            text.set(position=(across, up), ha=ha, va=va)
            box = text.get_window_extent()
            if not box.count_overlaps(in_the_way):
                break
        taken.append(box)


def svg(figure: Figure, name: str) -> str:
    """The figure as an SVG for a page: named colours, real text, the same every time.

    Args:
        figure: what a snippet's `draw` returned.
        name: prefixes the ids, so that two figures can stand on one page.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    for pattern, replacement in _TIDY:
        text = re.sub(pattern, replacement, text, flags=re.S)
    for colour, value in COLOURS.items():
        text = re.sub(value, f"var(--{colour}, {value})", text, flags=re.I)
    used = set(re.findall(r"#([\w-]+)[\")]", text))
    for identifier in set(re.findall(r' id="([^"]+)"', text)):
        if identifier in used:
            text = re.sub(
                rf'(?<=["#]){identifier}(?=[")])', f"{name}-{identifier}", text
            )
        else:
            text = text.replace(f' id="{identifier}"', "")
    root = ElementTree.fromstring(text)
    _flatten(root)
    return ElementTree.tostring(root, encoding="unicode").strip() + "\n"


def _flatten(element: ElementTree.Element) -> None:
    """Half as many elements that draw the same: a page's drawings cost a phone less.

    A group that says nothing of its members goes, and of paths in one style that follow
    each other one is made.
    """
    members: list[ElementTree.Element] = []
    for child in element:
        _flatten(child)
        says_nothing = child.tag == f"{_SVG}g" and not child.attrib
        for member in child if says_nothing else [child]:
            before = members[-1] if members else member
            if member is not before and _style(member) == _style(before):
                before.set("d", before.attrib["d"] + member.attrib["d"])
            else:
                members.append(member)
    element[:] = members


def _style(element: ElementTree.Element) -> object:
    """What two paths must have in common to be one; nothing else is like another."""
    if element.tag != f"{_SVG}path" or "opacity" in element.get("style", ""):
        return element
    return {**element.attrib, "d": ""}


_SVG = "{http://www.w3.org/2000/svg}"
ElementTree.register_namespace("", _SVG[1:-1])

# What matplotlib writes and a page does not want, in this order.
_TIDY = [
    (r"^.*?(?=<svg)", ""),
    (r"<metadata>.*?</metadata>|<!--.*?-->", ""),
    # Its style sheet would speak to the whole page.
    (r'<style type="text/css">.*?</style>', ""),
    (r'(<svg[^>]*?) width="[^"]*"', r"\1"),
    (r'(<svg[^>]*?) height="[^"]*"', r'\1 stroke-linejoin="round"'),
    (r"xlink:href", "href"),
    (r' xmlns:xlink="[^"]*"', ""),
    # Real text in the site's monospaced type.
    (r"font-family: [^;\"]*", "font-family: 'JetBrains Mono', monospace"),
    (r"font: ([\d.]+)px [^;\"]*", r"font: \1px 'JetBrains Mono', monospace"),
    # A hundredth of a pixel is enough; the numbers that are read stay whole.
    (r"(\d+\.\d\d)\d+(?=[^<>]*>)", r"\1"),
    (r'<path d="[^"]*" style="fill: none"/>', ""),
    (r"(<g/>|<g>\s*</g>|<defs>\s*</defs>)\s*", ""),
    (r"\s*\n\s*", "\n"),
]
