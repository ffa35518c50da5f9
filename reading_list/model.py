"""What a resource is: the typed form of one file in docs/resources/."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from reading_list.identity import arxiv_id, identity
from reading_list.vocabulary import (
    LEVELS,
    LISTS,
    Access,
    Kind,
    Language,
    Level,
    ListSlug,
    SourceList,
)

Text = Annotated[str, Field(min_length=1, max_length=300)]
LongText = Annotated[str, Field(min_length=1, max_length=1000)]
Address = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Figure(_Entry):
    """A figure that a snippet of ours drew, shown under the guide."""

    of: Name
    alt: LongText
    notice: LongText


class Resource(_Entry):
    """One external resource. What is unknown is absent."""

    # What a new record needs.
    title: Text
    url: Address | None = None
    kind: Kind
    concepts: Annotated[tuple[Name, ...], Field(min_length=1, max_length=12)]

    # What it says when it is known.
    authors: tuple[Text, ...] = ()
    more_authors: bool = False
    organization: Text | None = None
    year: Annotated[int, Field(ge=1900)] | None = None
    language: Language = "en"
    level: Level | None = None
    minutes: Annotated[int, Field(ge=1, le=6000)] | None = None
    access: Access = "unknown"
    venue: Text | None = None
    arxiv: Annotated[str, Field(pattern=r"^(\d{4}\.\d{4,5}|[a-z-]+/\d{7})$")] | None = (
        None
    )
    alt_urls: tuple[Address, ...] = ()
    archive_url: Address | None = None
    note: LongText | None = None
    unknown: Text | None = None
    unconfirmed: bool = False

    # How it stands among the others.
    starred: bool = False
    core: bool = False
    distinct_from: tuple[Name, ...] = ()
    translation_of: Name | None = None
    see_also: tuple[Name, ...] = ()
    ours: Name | None = None
    figure: Figure | None = None

    # Which of the five lists name it.
    lists: tuple[ListSlug, ...] = ()

    # From the file: its name, and the text below the front matter.
    id: Name
    summary: Annotated[str, Field(min_length=1, max_length=600)]
    guide: str = ""

    @model_validator(mode="before")
    @classmethod
    def _arxiv_from_the_address(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("arxiv"):
            url = data.get("url")
            number = arxiv_id(url) if isinstance(url, str) else None
            if number:
                return {**data, "arxiv": number}
        return data

    @property
    def makers(self) -> tuple[str, ...]:
        """Who made it: the people, else the organization."""
        if self.authors:
            return self.authors
        return (self.organization,) if self.organization else ()

    @property
    def described(self) -> bool:
        """Whether the title is our description, because the title is unknown."""
        return self.title.startswith("[") and self.title.endswith("]")

    @property
    def identities(self) -> frozenset[str]:
        """Every identity that this record answers to."""
        urls = [self.url, *self.alt_urls]
        return frozenset(identity(url) for url in urls if url)

    @property
    def rank(self) -> tuple[bool, bool, int, bool, int, str]:
        """Best first: starred, known for sure, on many lists, core, easy to hard."""
        level = LEVELS.index(self.level) if self.level else len(LEVELS)
        return (
            not self.starred,
            self.unconfirmed,
            -len(self.lists),
            not self.core,
            level,
            self.title,
        )


#: The groups of fields inside a record, by the field that holds them.
GROUPS: dict[str, type[BaseModel]] = {"figure": Figure}


class ReadingList(_Entry):
    """All resources, in the order of their names."""

    resources: tuple[Resource, ...]

    @cached_property
    def by_id(self) -> dict[str, Resource]:
        return {resource.id: resource for resource in self.resources}

    @property
    def lists(self) -> tuple[SourceList, ...]:
        return LISTS

    @cached_property
    def translations(self) -> dict[str, list[Resource]]:
        """The translations of each resource that has some, by its id."""
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            if resource.translation_of:
                found.setdefault(resource.translation_of, []).append(resource)
        return found

    def for_concept(self, name: str) -> tuple[Resource, ...]:
        """The resources on one concept, best first."""
        found = (r for r in self.resources if name in r.concepts)
        return tuple(
            sorted(
                found,
                # What is about it comes before what only touches it.
                key=lambda r: (not r.starred, r.concepts.index(name) > 1, r.rank),
            )
        )

    def on_list(self, slug: str) -> tuple[Resource, ...]:
        return tuple(r for r in self.resources if slug in r.lists)

    @property
    def from_the_lists(self) -> tuple[Resource, ...]:
        return tuple(r for r in self.resources if r.lists)

    @property
    def beyond_the_lists(self) -> tuple[Resource, ...]:
        return tuple(r for r in self.resources if not r.lists)


#: The fields a contributor may write, in the order in which we write them.
FIELDS: tuple[str, ...] = tuple(
    name for name in Resource.model_fields if name not in ("summary", "guide")
)
