"""The syllabus: `docs/concepts/concepts.yml`, the one list of concepts."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

ROOT = Path(__file__).resolve().parent.parent
SYLLABUS = ROOT / "docs" / "concepts" / "concepts.yml"


def _at_most_30_words(sentence: str) -> str:
    if (words := len(sentence.split())) > 30:
        raise ValueError(f"has {words} words, a definition has at most 30")
    return sentence


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Chapter(_Entry):
    name: str
    title: str
    main_line: bool


class Prerequisite(_Entry):
    concept: str
    because: str


class Concept(_Entry):
    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str
    chapter: str | None
    question: str
    definition: Annotated[str, AfterValidator(_at_most_30_words)]
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
        chapters = [chapter.name for chapter in self.chapters]
        seen: list[str] = []
        for concept in self.concepts:
            if concept.chapter is not None and concept.chapter not in chapters:
                raise ValueError(f"{concept.name}: no chapter {concept.chapter!r}")
            if concept.name in seen:
                raise ValueError(f"{concept.name}: is listed twice")
            for edge in concept.builds_on:
                if edge.concept not in seen:
                    raise ValueError(
                        f"{concept.name}: builds on {edge.concept!r},"
                        " which is not listed before it"
                    )
            seen.append(concept.name)
        return self


def load_syllabus(path: Path = SYLLABUS) -> Syllabus:
    """Read and validate the syllabus.

    Raises:
        pydantic.ValidationError: an entry is wrong, or an edge points forwards.
    """
    return Syllabus.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
