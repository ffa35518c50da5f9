"""What a resource is: the typed form of one file in docs/resources/, and its rules.

A rule is a function that yields what is wrong with a value and how to mend it. It
stands in the type of its field, where pydantic calls it with the fields before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import Annotated, Any, NamedTuple, TypeVar, cast, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from reading_list import prose
from reading_list.frontmatter import Wrong
from reading_list.identity import arxiv_id, identity, plain
from reading_list.messages import NEEDED, nearest
from reading_list.refusal import refuse
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
from syllabus import Syllabus

T = TypeVar("T")


class Known(NamedTuple):
    """What a record is judged by besides itself; pydantic takes it as its context."""

    id: str
    syllabus: Syllabus
    today: date


def _known(info: ValidationInfo) -> Known:
    return cast(Known, info.context)


def rule(judge: Callable[[Any, ValidationInfo], Iterable[Wrong]]) -> AfterValidator:
    """All that is wrong with a value, as one error of pydantic's."""

    def judged(value: T, info: ValidationInfo) -> T:
        refuse_for(judge(value, info))
        return value

    return AfterValidator(judged)


def refuse_for(faults: Iterable[Wrong]) -> None:
    """Raise pydantic's error when there is any fault; `messages` takes it apart."""
    if found := tuple(faults):
        raise PydanticCustomError("refused", "{faults}", {"faults": found})


# Rules of one value


def _text(text: str, info: ValidationInfo) -> Iterator[Wrong]:
    return prose.in_a_field(text)


def _title(title: str, info: ValidationInfo) -> Iterator[Wrong]:
    if title.startswith("[") != title.endswith("]"):
        yield Wrong(
            "has a bracket at one end only",
            "put a description in [brackets], and a title in none",
        )
    if not any(char.isalnum() for char in title):
        yield Wrong(f"is {title!r}", "give the work's own title")
    if re.search(r"\]\(|`|\*\*|\{\{|<%", title):
        yield Wrong("has markup in it", "write plain text")
    if re.fullmatch("[“”„«][^“”„«»]+[“”»]", title):
        yield Wrong("stands in quotation marks", "remove them")
    if re.match(r"https?://", title):
        yield Wrong("is an address", "give the work's own title")


def _public(url: str, info: ValidationInfo) -> Iterator[Wrong]:
    if wrong := refuse(url):
        yield wrong


def _plain(url: str, info: ValidationInfo) -> Iterator[Wrong]:
    if (better := plain(url)) != url:
        yield Wrong(f"is not the plain spelling ({url})", f"write {better}")


def _archive(url: str, info: ValidationInfo) -> Iterator[Wrong]:
    if not re.match(r"(https://)?(web\.archive\.org/web|archive\.(today|ph))/", url):
        mend = "give https://web.archive.org/web/DATE/ADDRESS, or remove it"
        yield Wrong("is not an address of an archive", mend)


def _author(name: str, info: ValidationInfo) -> Iterator[Wrong]:
    if re.search(r"(\bet\.? al\b\.?|\band others\b|\bu\. ?a\.|и др\.)", name, re.I):
        mend = "remove it and write more_authors: true"
        yield Wrong(f"is {name!r}, which is no person", mend)
    elif "," in name or ";" in name or " and " in name:
        yield Wrong(
            f"is {name!r}, more than one name or a name turned around",
            "one author a line, as they sign: Ada Lovelace",
        )


def _concept(name: str, info: ValidationInfo) -> Iterator[Wrong]:
    names = tuple(_known(info).syllabus.by_name)
    if name not in names:
        yield Wrong(f"names no concept ({name!r})", nearest(name, names))


def _drawn(name: str, info: ValidationInfo) -> Iterator[Wrong]:
    """Only what has code has a figure."""
    drawn = tuple(c.name for c in _known(info).syllabus.written if c.code)
    if name not in drawn:
        yield Wrong(f"names no concept with a figure ({name!r})", nearest(name, drawn))


def _past(year: int, info: ValidationInfo) -> Iterator[Wrong]:
    if year > _known(info).today.year:
        mend = "give the year it came out, or leave it out"
        yield Wrong(f"is {year}, which is in the future", mend)


def _of_the_file(name: str, info: ValidationInfo) -> Iterator[Wrong]:
    right = _known(info).id
    if name != right:
        wrong = f"is {name!r}, but the file is {right}.md"
        yield Wrong(wrong, "remove the line: the file's name is the id")


# Rules of a field beside those before it, which are there when they are right


def _once(items: tuple[str, ...], info: ValidationInfo) -> Iterator[Wrong]:
    for i, item in enumerate(items):
        if item in items[:i]:
            place = info.field_name or "", i
            yield Wrong(f"names {item!r} twice", "keep one of them", place)


def _not_alone(more: bool, info: ValidationInfo) -> Iterator[Wrong]:
    if more and info.data.get("authors") == ():
        mend = "name the first authors, or remove it"
        yield Wrong("is true although no author is named", mend)


def _of_the_address(number: str, info: ValidationInfo) -> Iterator[Wrong]:
    named = arxiv_id(info.data.get("url") or "")
    if named not in (None, number):
        mend = "remove it: the number is read from the address"
        yield Wrong(f"is {number}, but the address says {named}", mend)


def _elsewhere(urls: tuple[str, ...], info: ValidationInfo) -> Iterator[Wrong]:
    seen = {identity(info.data.get("url") or "")}
    for i, url in enumerate(urls):
        if identity(url) in seen:
            wrong = "names the same thing as another address of this record"
            mend = "remove it; spellings of one address are known to be one"
            yield Wrong(wrong, mend, ("alt_urls", i))
        seen.add(identity(url))


def _in_place_of_url(name: str, info: ValidationInfo) -> Iterator[Wrong]:
    if info.data.get("url", "wrong, and told"):
        wrong = "is there although the work has an address of its own"
        yield Wrong(wrong, "keep url or ours, not both")


def _somewhere(name: str, info: ValidationInfo) -> Iterator[Wrong]:
    told = "wrong, and told"
    if not info.data.get("url", told) and not info.data.get("ours", told):
        yield Wrong("is missing", NEEDED["url"], ("url",))


def _under_a_figure(guide: str, info: ValidationInfo) -> Iterator[Wrong]:
    if info.data.get("figure") and not guide:
        mend = "add a second paragraph, the guide, or remove the figure"
        yield Wrong("stands under no guide", mend, ("figure",))


Text = Annotated[str, Field(min_length=1, max_length=300), rule(_text)]
LongText = Annotated[str, Field(min_length=1, max_length=1000), rule(_text)]
Address = Annotated[str, rule(_public), rule(_plain)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Concept = Annotated[str, rule(_concept)]
ArxivNumber = Annotated[
    str, Field(pattern=r"^(\d{4}\.\d{4,5}|[a-z-]+/\d{7})$"), rule(_of_the_address)
]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _not_empty(cls, value: object, info: ValidationInfo) -> object:
        name = info.field_name or ""
        if value in (None, "", (), {}) and name not in ("summary", "guide"):
            left_out = "remove the line; what is unknown is left out"
            refuse_for([Wrong("is empty", NEEDED.get(name, left_out))])
        return value


class Figure(_Entry):
    """A figure that a snippet of ours drew, shown under the guide."""

    of: Annotated[str, rule(_drawn)]
    alt: LongText
    notice: LongText


class Resource(_Entry):
    """One external resource. What is unknown is absent.

    CONTRIBUTING.md says what each field holds.
    """

    title: Annotated[Text, rule(_title)]
    url: Address | None = None
    kind: Kind
    concepts: Annotated[tuple[Concept, ...], Field(max_length=12), rule(_once)]

    # What it says when it is known.
    authors: Annotated[tuple[Annotated[Text, rule(_author)], ...], rule(_once)] = ()
    more_authors: Annotated[bool, rule(_not_alone)] = False
    organization: Text | None = None
    year: Annotated[int, Field(ge=1900), rule(_past)] | None = None
    language: Language = "en"
    level: Level | None = None
    minutes: Annotated[int, Field(ge=1, le=6000)] | None = None
    access: Access = "unknown"
    venue: Text | None = None
    arxiv: ArxivNumber | None = Field(
        default_factory=lambda data: arxiv_id(data.get("url") or "")
    )
    alt_urls: Annotated[tuple[Address, ...], rule(_once), rule(_elsewhere)] = ()
    archive_url: Annotated[str, rule(_public), rule(_archive)] | None = None
    note: LongText | None = None
    unknown: Text | None = None
    unconfirmed: bool = False

    # How it stands among the others.
    starred: bool = False
    core: bool = False
    distinct_from: tuple[Name, ...] = ()
    translation_of: Name | None = None
    see_also: Annotated[tuple[Name, ...], rule(_once)] = ()
    ours: Annotated[Concept, rule(_in_place_of_url)] | None = None
    figure: Figure | None = None
    lists: Annotated[tuple[ListSlug, ...], rule(_once)] = ()

    # From the file: its name, and the text below the front matter.
    id: Annotated[str, rule(_of_the_file), rule(_somewhere)]
    summary: str
    guide: Annotated[str, rule(_under_a_figure)] = ""

    @property
    def makers(self) -> tuple[str, ...]:
        """Who made it: the people, else the organization."""
        if self.authors:
            return self.authors
        return (self.organization,) if self.organization else ()

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


#: The fields a contributor may write, in the order in which we write them.
FIELDS: tuple[str, ...] = tuple(
    name for name in Resource.model_fields if name not in ("summary", "guide")
)
#: Those that hold a list.
MANY = {
    name
    for name, field in Resource.model_fields.items()
    if get_origin(field.annotation) is tuple
}
#: The groups of fields inside a record, by the field that holds them.
GROUPS: dict[str, type[BaseModel]] = {"figure": Figure}


class ReadingList(BaseModel):
    """All resources, in the order of their names."""

    model_config = ConfigDict(frozen=True)
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
