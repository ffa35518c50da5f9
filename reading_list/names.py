"""The names of the files: a record's file name is its address on the site."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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
    plain = _words(given)
    if plain:
        yield _joined(plain)
    authors = values.get("authors")
    author = authors[0] if isinstance(authors, list) and authors else None
    family = _words(str(author or values.get("organization") or ""))[-1:]
    year = values.get("year")
    about = [*family, *([str(year)] if type(year) is int else [])]
    title = [word for word in _words(str(values.get("title") or "")) if len(word) > 3]
    for count in (1, 2, 4):
        if title:
            yield _joined([*about, *title[:count]])
    stem = _joined([*about, *title[:4]] if title else ["author", "year", "word"])
    yield stem
    number = 2
    while True:
        yield f"{stem[: LONGEST - 10]}-{number}"
        number += 1


def _words(text: str) -> list[str]:
    letters = unicodedata.normalize("NFKD", text).casefold()
    return re.findall("[a-z0-9]+", letters.encode("ascii", "ignore").decode())


def _joined(words: list[str]) -> str:
    return "-".join(words)[:LONGEST].strip("-")
