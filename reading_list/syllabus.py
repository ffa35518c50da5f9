"""The syllabus: `docs/concepts/concepts.yml`, the one list of concepts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from reading_list.frontmatter import (
    Document,
    InvalidError,
    NotReadableError,
    Place,
    Problem,
    hidden_characters,
    parse_fields,
    read_text,
)
from reading_list.messages import field_name, in_our_words, nearest

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
    if bad := next(hidden_characters(text), None):
        raise ValueError(f"has the hidden character {bad[1]}")
    return text


Plain = Annotated[str, AfterValidator(_plain)]


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
    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: Plain
    chapter: str | None
    question: Plain
    definition: Annotated[Plain, AfterValidator(_at_most_30_words)]
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
        return f"snippets.demos.{self.name.replace('-', '_')}"

    @property
    def sources(self) -> tuple[str, str]:
        """The files of the snippet and of its demo, from the root of the project."""
        snippet, demo = (
            module.replace(".", "/") + ".py" for module in (self.module, self.demo)
        )
        return snippet, demo

    def helper(self, name: str) -> str:
        """The file of a second snippet in the chapter, which has no page of its own."""
        return f"snippets/{self.chapter}/{name}.py"


class Syllabus(_Entry):
    """Chapters and concepts in reading order."""

    chapters: tuple[Chapter, ...]
    concepts: tuple[Concept, ...]

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
            told = "; ".join(f"{wrong}" for _, wrong, _ in faults)
            raise PydanticCustomError(
                "misplaced", "{told}", {"told": told, "faults": faults}
            )
        return self

    def _misplaced(self) -> Iterator[tuple[Place, str, str]]:
        """What is named before it is there: its place, the fault, and the mend."""
        chapters = tuple(chapter.name for chapter in self.chapters)
        seen: list[str] = []
        for i, concept in enumerate(self.concepts):
            name, chapter = concept.name, concept.chapter
            if chapter is not None and chapter not in chapters:
                wrong = f"{name} is in no chapter ({chapter!r})"
                yield ("concepts", i, "chapter"), wrong, nearest(chapter, chapters)
            if name in seen:
                wrong = f"{name} is listed twice"
                yield ("concepts", i, "name"), wrong, "keep one of the two"
            for j, edge in enumerate(concept.builds_on):
                if edge.concept not in seen:
                    yield (
                        ("concepts", i, "builds_on", j, "concept"),
                        f"{name} builds on {edge.concept!r}, which is not listed"
                        " before it",
                        "move one of the two, or correct the name",
                    )
            seen.append(name)


_GROUPS: dict[str, type[BaseModel]] = {
    "chapters": Chapter,
    "concepts": Concept,
    "builds_on": Prerequisite,
}


def load_syllabus(path: Path = SYLLABUS) -> Syllabus:
    """Read and validate the syllabus.

    Raises:
        InvalidError: an entry is wrong, or an edge points forwards; all such faults.
    """
    return read_model(path, Syllabus, _GROUPS)


T = TypeVar("T", bound=BaseModel)


def read_model(path: Path, model: type[T], groups: Mapping[str, type[BaseModel]]) -> T:
    """A YAML file of ours as a model.

    Args:
        groups: the groups of fields in the file, by the field that holds them.

    Raises:
        InvalidError: the file cannot be read, or its content is wrong.
    """
    file = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
    try:
        document = parse_fields(read_text(path), depth=5)
    except NotReadableError as error:
        raise InvalidError([error.in_file(file)]) from None
    problems = [
        Problem(file, line, key, f"stands here and on line {first}", "keep one of them")
        for key, line, first in document.repeated
    ]
    try:
        valid = model.model_validate(document.values, strict=False)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            faults = detail.get("ctx", {}).get("faults") or [
                (detail["loc"], *in_our_words(detail, groups))
            ]
            problems += [
                Problem(file, document.line(at), _named(document, at), wrong, mend)
                for at, wrong, mend in faults
            ]
    if problems:
        raise InvalidError(problems)
    return valid


def _named(document: Document, place: Place) -> str:
    """concepts[2].builds_on, the third being heads, as heads.builds_on."""
    values: Any = document.values
    for part in place[:2]:
        try:
            values = values[part]
        except LookupError:
            return field_name(place)
    name = values.get("name") if isinstance(values, dict) else None
    return field_name((name, *place[2:]) if isinstance(name, str) else place)
