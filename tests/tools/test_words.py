"""What a reader reads is spelled one way, and never says that something is easy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    DOCS / "concepts" / "concepts.yml",
    *sorted(DOCS.rglob("*.md")),
    *sorted(DOCS.rglob("*.ipynb")),
]

# What is easy to the writer is not easy to the reader who came to learn it.
NEVER = dict.fromkeys(
    [
        *("simply", "just", "obviously", "of course"),
        # Numbers may be easy to compute with, and a detail easy to miss.
        *("easily", r"easy(?! to (?:miss|compute|follow)|$)"),
        *("trivial", "trivially", "straightforward", "straightforwardly"),
    ],
    "leave it out",
)
# British spelling with -ize, as the Oxford dictionaries have it. A closed list.
AMERICAN = {
    "analyz": "analyse",
    "behavior": "behaviour",
    "canceled": "cancelled",
    "catalog": "catalogue",
    "center": "centre",
    "color": "colour",
    "defense": "defence",
    "favor": "favour",
    "flavor": "flavour",
    "fulfill": "fulfil",
    "gray": "grey",
    "honor": "honour",
    "labeled": "labelled",
    "labeling": "labelling",
    "modeled": "modelled",
    "modeling": "modelling",
    "neighbor": "neighbour",
    "signaling": "signalling",
    "traveled": "travelled",
}
WITH_Z = (
    "capital|character|custom|emphas|factor|final|general|initial|linear|local|maxim"
    "|memor|minim|normal|optim|organ|parallel|parametr|penal|quant|real|recogn|regular"
    "|serial|special|stabil|standard|summar|symbol|synchron|token|util|vector|visual"
)
ENDINGS = r"(?:s|e|d|ed|er|ers|es|ing|ite|ites|ful|able|hood|hoods|ings|ly)?"
WORDS: dict[re.Pattern[str], str] = {
    re.compile(rf"\b{word}\b", re.IGNORECASE): mend for word, mend in NEVER.items()
} | {
    re.compile(rf"\b{word}{ENDINGS}\b", re.IGNORECASE): mend
    for word, mend in AMERICAN.items()
}
WORDS[
    re.compile(
        rf"\b(?:{WITH_Z})is(?:e|ed|er|ers|es|ing|ation|ations)\b",
        re.IGNORECASE,
    )
] = "-ize"

# Not ours to spell: code, formulas, addresses, tags, what stands in quotation marks.
NOT_OURS = re.compile(
    r"""
    \A---\n.*?\n---\n            # front matter: titles as their authors have them
    | ^(```+|~~~+).*?^\1         # code
    | `+[^`]+`+
    | \{\{.*?\}\} | <%.*?%>      # what the page takes from the data
    | \$\$.*?\$\$ | \$[^$\n]+\$  # formulas
    | <!--.*?--> | <[a-z/][^>]*> # comments and tags
    | \]\([^)]*\) | https?://\S+ # addresses
    | \[[^\]]*\](?=\(https?:|\(resources/)  # the title of what a link opens
    | "[^"\n]{3,120}" | “[^”\n]{3,120}” | \*[^*\n]{3,120}\*
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)


def blank(found: re.Match[str]) -> str:
    """As many lines as before, so that a fault keeps its line number."""
    return "\n" * found[0].count("\n") or " "


def text_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        prose = [cell for cell in cells if cell["cell_type"] == "markdown"]
        return "\n\n".join("".join(cell["source"]) for cell in prose)
    return text


def faults(text: str) -> Iterator[str]:
    """`12: color: colour` for each word that we do not write."""
    for number, line in enumerate(NOT_OURS.sub(blank, text).splitlines(), 1):
        for pattern, mend in WORDS.items():
            for word in pattern.findall(line):
                yield f"{number}: {word}: {mend}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_words(path: Path) -> None:
    found = list(faults(text_of(path)))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "It is simply a sum.",
        "Just add them.",
        "This is obviously so.",
        "It is easy to see why.",
        "One sees easily that it holds.",
        "The rest is trivial, of course.",
        "A straightforward sum.",
        "The Color of a key, its colors, colored heads",
        "neighboring tokens",
        "neighborhoods",
        "causal language modeling",
        "we analyzed it",
        "We tokenise the text.",
        "after normalisation",
        "an optimiser",
        "two catalogs",
        "in gray",
    ],
)
def test_words_sees_what_we_do_not_write(line: str) -> None:
    first, *_ = faults(f"A line before.\n\n```\nx\n```\n{line}\n")
    assert first.startswith("6: ")


@pytest.mark.parametrize(
    "text",
    [
        "It is easy to miss.",
        "Colour, neighbours, modelling, tokenization, precise exercise, realistic.",
        "adjust justice; a catalogue; realism; the initials; analysis; specialist",
        'He wrote "Modeling behavior, simply".',
        "`color` and\n```css\ncolor: gray\n```\n",
        "---\ntitle: Just attention\n---\nText.",
        "See [Simply attention](https://example.org/just/).",
        '<div style="color: red">text</div> {{ results["color"] }} $color$',
    ],
)
def test_words_leaves_in_peace_what_is_right_or_not_ours(text: str) -> None:
    found = list(faults(text))
    assert not found, "\n".join(found)
