"""The closed vocabularies of the records, in one place.

The concepts are the one vocabulary that is not here: they are the syllabus.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Kind = Literal[
    "paper", "blog", "tutorial", "notebook", "video", "course", "book", "docs", "code"
]
Level = Literal["beginner", "intermediate", "advanced"]
Language = Literal["de", "en", "es", "fr", "it", "ja", "ko", "pl", "pt", "ru", "zh"]
Access = Literal["free", "metered", "paid", "unknown"]
Mend = Literal[
    "dead-host",
    "dead-page",
    "deep-fragment",
    "duplicate",
    "empty-link",
    "http-scheme",
    "label-uninformative",
    "mangled-url",
    "mojibake",
    "moved",
    "moved-unconfirmed",
    "not-canonical-copy",
    "outdated",
    "paywall-possible",
    "paywalled",
    "pdf-link",
    "relative-link",
    "renumbered",
    "status-unknown",
    "superseded",
    "title-differs",
    "title-outdated",
    "title-typo",
    "unlinked-file",
    "unmaintained",
    "url-noise",
    "wrong-target",
]
ListSlug = Literal[
    "nlp-tasks", "understand-bert", "map-to-gpt-2", "getting-started", "attention-book"
]


class SourceList(NamedTuple):
    """One of the five reading lists that this project grew from."""

    id: str
    slug: ListSlug
    name: str


LISTS: tuple[SourceList, ...] = (
    SourceList("list-0", "nlp-tasks", "Language models and NLP tasks"),
    SourceList("list-1", "understand-bert", "How to understand BERT"),
    SourceList("list-2", "map-to-gpt-2", "A map to the Transformer and GPT-2"),
    SourceList("list-3", "getting-started", "Getting started with language models"),
    SourceList("list-4", "attention-book", "Building Transformers with attention"),
)

LEVELS: tuple[Level, ...] = get_args(Level)
KINDS: tuple[Kind, ...] = get_args(Kind)
KIND_NAMES: dict[Kind, str] = {
    "paper": "Paper",
    "blog": "Blog post",
    "tutorial": "Tutorial",
    "notebook": "Notebook",
    "video": "Video",
    "course": "Course",
    "book": "Book",
    "docs": "Documentation",
    "code": "Code",
}
LANGUAGE_NAMES: dict[Language, str] = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "zh": "Chinese",
}
ACCESS_NAMES: dict[Access, str] = {
    "free": "Free to read",
    "metered": "Metered: may ask for a membership",
    "paid": "Paid",
    "unknown": "",
}
#: What kind of mend, in words for readers, in the order in which a page tells them.
MEND_NAMES: dict[Mend, str] = {
    "wrong-target": "The link led to another work",
    "empty-link": "The link was empty",
    "relative-link": "The link worked in one repository only",
    "unlinked-file": "A file was named, not linked",
    "mangled-url": "A stray character in the address",
    "dead-host": "The host closed",
    "dead-page": "The page is gone",
    "moved": "Moved",
    "moved-unconfirmed": "Moved, new address inferred",
    "renumbered": "Renumbered",
    "superseded": "There is a newer edition",
    "unmaintained": "No longer maintained",
    "outdated": "Overtaken by time",
    "status-unknown": "Not known whether it still answers",
    "not-canonical-copy": "A copy, not the published place",
    "pdf-link": "The file, not the page about it",
    "deep-fragment": "A link into the middle of a page",
    "url-noise": "Private or tracking parts in the address",
    "http-scheme": "Plain http where https is served",
    "duplicate": "Listed twice",
    "title-typo": "A slip in a name or title",
    "title-differs": "Another title",
    "title-outdated": "An old name",
    "label-uninformative": "A label that does not say what it is",
    "mojibake": "Letters lost in an encoding",
    "paywalled": "It costs money",
    "paywall-possible": "It may ask for a membership",
}
