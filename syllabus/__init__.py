"""The syllabus: `docs/concepts/concepts.yml`, the one list of concepts.

What every part of the project shares: the names of chapters and concepts, and where
their files stand. It knows neither snippets nor resources, and needs no torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

ROOT = Path(__file__).resolve().parent.parent
SYLLABUS = ROOT / "docs" / "concepts" / "concepts.yml"


def _at_most_30_words(sentence: str) -> str:
    if (words := len(sentence.split())) > 30:
        raise ValueError(f"has {words} words, a definition has at most 30")
    return sentence


def _plain(text: str) -> str:
    """Shown in pages, menus, drawings and addresses: no sign that any of them reads."""
    if found := re.search(r"""[<>&"{}\[\]`*_\\|$\n]""", text):
        raise ValueError(f"has {found[0]!r} in it, and is plain text in one line")
    if hidden := next((char for char in text if not char.isprintable()), None):
        raise ValueError(f"has the hidden character U+{ord(hidden):04X} in it")
    return text


Plain = Annotated[str, AfterValidator(_plain)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Definition = Annotated[Plain, AfterValidator(_at_most_30_words)]


def _demo(name: str) -> str:
    return f"snippets.demos.{name.replace('-', '_')}"


def _file(module: str) -> str:
    return f"{module.replace('.', '/')}.py"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Chapter(_Entry):
    name: Plain
    title: Plain
    main_line: bool


class Prerequisite(_Entry):
    concept: str
    because: str


class Concept(_Entry):
    name: Name
    title: Plain
    chapter: str | None
    question: Plain
    definition: Definition
    builds_on: tuple[Prerequisite, ...]
    status: Literal["written", "planned"]
    code: bool = True

    @property
    def written(self) -> bool:
        return self.status == "written"

    @property
    def module(self) -> str:
        """The dotted name of the snippet: `snippets.transformer.feed_forward`."""
        return f"snippets.{self.chapter}.{self.name.replace('-', '_')}"

    @property
    def demo(self) -> str:
        """The module that runs the snippet: `snippets.demos.feed_forward`."""
        return _demo(self.name)

    @property
    def sources(self) -> tuple[str, str]:
        """The files of the snippet and of its demo, from the root of the project."""
        return _file(self.module), _file(self.demo)


class Beside(_Entry):
    """A page `docs/NAME.md` that is no concept, and has a demo and its results."""

    name: Name
    definition: Definition
    chapter: None = None

    @property
    def module(self) -> str:
        """The module that is run: `snippets.demos.corpus`."""
        return _demo(self.name)

    @property
    def sources(self) -> tuple[str]:
        """Its file, from the root of the project."""
        return (_file(self.module),)


class Syllabus(_Entry):
    """Chapters and concepts in reading order, and what runs beside them."""

    chapters: tuple[Chapter, ...]
    concepts: tuple[Concept, ...]
    beside: tuple[Beside, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Concept]:
        return {concept.name: concept for concept in self.concepts}

    @property
    def written(self) -> tuple[Concept, ...]:
        return tuple(concept for concept in self.concepts if concept.written)

    def chapter_of(self, concept: Concept) -> Chapter | None:
        """The chapter that it stands in; None for what stands beside the chapters."""
        return next((c for c in self.chapters if c.name == concept.chapter), None)

    def on_main_line(self, concept: Concept) -> bool:
        """Whether it is on the weekend's road, not on a branch."""
        chapter = self.chapter_of(concept)
        return chapter is not None and chapter.main_line

    def closure(self, name: str) -> set[str]:
        """Every concept that `name` builds on, near or far; not itself."""
        found: set[str] = set()
        to_visit = [edge.concept for edge in self.by_name[name].builds_on]
        while to_visit:
            near = to_visit.pop()
            if near not in found:
                found.add(near)
                to_visit += [e.concept for e in self.by_name[near].builds_on]
        return found

    @model_validator(mode="after")
    def _edges_point_backwards(self) -> Syllabus:
        if faults := tuple(self._misplaced()):
            told = "; ".join(wrong for wrong, _, _ in faults)
            raise PydanticCustomError(
                "misplaced", "{told}", {"told": told, "faults": faults}
            )
        return self

    def _misplaced(self) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
        """What is named before it is there: the fault, the mend, and the place."""
        chapters = tuple(chapter.name for chapter in self.chapters)
        seen: list[str] = []
        for i, concept in enumerate(self.concepts):
            name, chapter = concept.name, concept.chapter
            if chapter is not None and chapter not in chapters:
                wrong = f"{name} is in no chapter ({chapter!r})"
                mend = f"use one of {', '.join(chapters)}"
                yield wrong, mend, ("concepts", i, "chapter")
            if name in seen:
                wrong = f"{name} is listed twice"
                yield wrong, "keep one of the two", ("concepts", i, "name")
            for j, edge in enumerate(concept.builds_on):
                if edge.concept not in seen:
                    wrong = f"{name} builds on {edge.concept!r}, not listed before it"
                    mend = "move one of the two, or correct the name"
                    yield wrong, mend, ("concepts", i, "builds_on", j, "concept")
            seen.append(name)


def load(path: Path = SYLLABUS) -> Syllabus:
    """Read the syllabus; `reading_list.syllabus` says in which line it is wrong.

    Raises:
        pydantic.ValidationError: an entry is wrong, or an edge points forwards.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Syllabus.model_validate(yaml.load(path.read_bytes(), loader), strict=False)
