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
ListSlug = Literal[
    "nlp-tasks", "understand-bert", "map-to-gpt-2", "getting-started", "attention-book"
]


class SourceList(NamedTuple):
    """One of the five reading lists that this project grew from."""

    slug: ListSlug
    name: str


LISTS: tuple[SourceList, ...] = (
    SourceList("nlp-tasks", "Language models and NLP tasks"),
    SourceList("understand-bert", "How to understand BERT"),
    SourceList("map-to-gpt-2", "A map to the Transformer and GPT-2"),
    SourceList("getting-started", "Getting started with language models"),
    SourceList("attention-book", "Building Transformers with attention"),
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
