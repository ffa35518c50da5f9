"""The form that a new record starts from, and what each field of a record holds."""

from __future__ import annotations

from typing import get_args

from reading_list.vocabulary import KINDS, LEVELS, Language

PLACEHOLDER = "Why it beats what is there, in a sentence or two."

FORM = f"""\
---
title:
url:
kind:
concepts: []
---

{PLACEHOLDER}
"""

#: One entry that is accepted, as the page for contributors shows it.
ACCEPTED = """\
---
title: "Grokking: Generalization Beyond Overfitting on Small Algorithmic Datasets"
url: https://arxiv.org/abs/2201.02177
kind: paper
concepts: [training]
authors:
  - Alethea Power
  - Yuri Burda
  - Harri Edwards
  - Igor Babuschkin
  - Vedant Misra
year: 2022
---

A small network learns its examples by heart, and long afterwards the
rule behind them: why to watch more than the training loss.
"""

#: And one that is refused, for five reasons.
REFUSED = """\
---
title: Attention Is All You Need
url: https://arxiv.org/pdf/1706.03762v5.pdf
kind: papr
concepts: [atention]
---

Great paper!
"""


def _or(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


#: What each field holds, in Markdown; the pages for contributors show it.
HOLDS: dict[str, str] = {
    "title": "its own title, quoted if it has a colon; if nobody knows it, a"
    " [description]",
    "url": "its address: of a paper the abstract page, of a video the watch page",
    "kind": _or(KINDS),
    "concepts": "what it explains, the main idea first: `[attention, heads]`",
    "authors": "who made it, one a line, as they sign",
    "more_authors": "`true` when there are more than you name",
    "organization": "who publishes it, where no person signs",
    "year": "when it came out",
    "language": f"{_or(get_args(Language))}; English when absent",
    "level": f"for whom: {_or(LEVELS)}",
    "minutes": "how long it takes, in whole minutes",
    "access": "`free`, `metered` (may ask for a membership) or `paid`",
    "venue": "where it was published: NeurIPS 2017",
    "arxiv": "its number, in quotes, when the address is not arXiv's",
    "alt_urls": "other addresses of the same work, a list",
    "archive_url": "a copy of it in the Web Archive",
    "note": "what a reader should know before opening it, in a sentence",
    "unknown": "what was looked for and not found: exact title, date",
    "unconfirmed": "`true` when nobody has opened the address yet",
    "starred": "`true` for the best on its idea, with a guide; reviewers decide",
    "core": "`true` for what no list on its idea should lack; reviewers decide",
    "distinct_from": "entries with nearly the same title that are other works",
    "translation_of": "the entry that this translates; the two pages link each other",
    "see_also": "entries to read beside it",
    "ours": "in place of `url`: the concept whose page here will hold it",
    "figure": "a figure of ours under the guide: `of`, `alt` and `notice`, indented",
    "lists": "which of the five lists that we started from name it",
    "id": "leave it out: the file's name is the id",
}


def field_table(names: tuple[str, ...]) -> str:
    """Fields and what they hold, as a table in Markdown."""
    rows = [f"| `{name}` | {HOLDS[name]} |" for name in names]
    return "\n".join(["| field | what it holds |", "| --- | --- |", *rows])


#: The fields of the form, and those that a record may say besides.
FIRST = ("title", "url", "kind", "concepts")
OTHERS = tuple(name for name in HOLDS if name not in FIRST)
