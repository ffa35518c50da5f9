"""The names of the files: a record's file name is its address on the site."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from reading_list.frontmatter import Wrong

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST = 80
#: What MkDocs takes for a folder's own page, what Windows cannot store, and what the
#: form for a new record is called before somebody names it.
RESERVED = {"index", "readme", "new", "con", "prn", "aux", "nul"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)
}


class FileNames:
    """Judges the names of a folder's files, and proposes names that are free.

    Who moves each file as told loses none: no name is proposed that another file has,
    on a disk that does not tell capitals apart either, nor the same name twice.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.taken = Counter(name.casefold() for name in names)

    def refuse(self, name: str, values: Mapping[str, Any]) -> Wrong | None:
        """What is wrong with the name of a record that holds these values."""
        given = name.removesuffix(".md")
        reserved = given.casefold() in RESERVED
        if _NAME.fullmatch(given) and len(given) <= LONGEST and not reserved:
            return None
        better = self._free(given, values, own=name.casefold())
        by_content = f"name it after author, year and title, such as {better}"
        if given.casefold() == "new":
            return Wrong("still has the form's own name", by_content)
        if reserved:
            return Wrong("has a name that is kept for something else", by_content)
        return Wrong(
            "has a file name that is no address",
            f"use small letters, digits and single hyphens, such as {better}",
        )

    def _free(self, given: str, values: Mapping[str, Any], own: str) -> str:
        for stem in _proposals(given, values):
            name = f"{stem}.md"
            others = self.taken[name] - (name == own)
            if stem not in RESERVED and not others:
                break
        self.taken[name] += 1
        return name


def _proposals(given: str, values: Mapping[str, Any]) -> Iterator[str]:
    """The name with its letters made plain; author, year and title; then numbers."""
    if plain := _words(given):
        yield _joined(plain)
    authors = values.get("authors")
    author = values.get("organization")
    if isinstance(authors, tuple) and authors:
        author = authors[0]
    year = values.get("year")
    title = [word for word in _words(values.get("title")) if len(word) > 3]
    about = [*_words(author)[-1:], *([str(year)] if type(year) is int else [])]
    stem = _joined([*about, *(title or ["author-year-word"])[:1]])
    yield stem
    for number in count(2):
        yield f"{stem[: LONGEST - 10]}-{number}"


def _words(text: object) -> list[str]:
    letters = unicodedata.normalize("NFKD", str(text or "")).casefold()
    return re.findall("[a-z0-9]+", letters.encode("ascii", "ignore").decode())


def _joined(words: list[str]) -> str:
    return "-".join(words)[:LONGEST].strip("-")
