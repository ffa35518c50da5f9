"""The catalogue: every resource in one list, which a script can filter."""

from __future__ import annotations

from markupsafe import Markup

from reading_list.model import ReadingList, Resource
from reading_list.vocabulary import ACCESS_NAMES, KIND_NAMES, LANGUAGE_NAMES, LEVELS
from syllabus import Syllabus
from website.wording import people, template

#: The first twelve: three ways in, four works each, and why.
PICKS: dict[str, dict[str, str]] = {
    "New here": {
        "alammar-illustrated-transformer": "Picture by picture, from query to word.",
        "3blue1brown-attention": "Queries, keys and values, animated.",
        "alammar-narrated-transformer": "One prompt, told up to its next word.",
        "cho-2024-transformer-explainer": "GPT-2 in your browser: type and look.",
    },
    "Ready to build": {
        "karpathy-lets-build-gpt": "A GPT from an empty file, thinking aloud.",
        "bloem-transformers-from-scratch": "Attention without parameters first.",
        "rush-annotated-transformer": "The paper, each passage followed by its code.",
        "karpathy-minbpe": "From bare byte pairs to GPT-4's tokenizer.",
    },
    "Reading papers": {
        "keshav-2007-how-to-read-a-paper": "Two pages on how, before you begin.",
        "vaswani-2017-attention": "The Transformer itself.",
        "devlin-2018-bert": "The encoder that reads both ways.",
        "radford-2019-gpt2": "The decoder that was told nothing of its tasks.",
    },
}

SORTS = {
    "": "Best first",
    "title": "Title",
    "new": "Newest first",
    "old": "Oldest first",
    "level": "Easiest first",
}


def catalogue(reading_list: ReadingList, syllabus: Syllabus, root: str) -> Markup:
    """The catalogue as HTML, from `templates/catalogue.html`.

    Args:
        root: the way up to the site's own folder.
    """
    by_id = reading_list.by_id
    best = sorted(reading_list.resources, key=lambda resource: resource.rank)
    planned = [concept for concept in syllabus.concepts if not concept.written]
    return template(
        "catalogue.html",
        root=root,
        filters=_filters(reading_list, syllabus),
        coming={concept.name: concept.definition for concept in planned},
        sorts=SORTS,
        picks={
            title: [(by_id[name], why) for name, why in picked.items() if name in by_id]
            for title, picked in PICKS.items()
        },
        entries=[(one, _data(one), _facts(one)) for one in best],
    )


def _filters(
    reading_list: ReadingList, syllabus: Syllabus
) -> dict[str, list[tuple[str, str]]]:
    """What one can choose from, by filter: each value and its words."""
    everything = reading_list.resources
    used = {name for resource in everything for name in resource.concepts}
    languages = {resource.language for resource in everything}
    access = {r.access for r in everything if r.access != "unknown"}
    return {
        "kind": list(KIND_NAMES.items()),
        "level": [(level, level.capitalize()) for level in LEVELS],
        "concept": [(c.name, c.title) for c in syllabus.concepts if c.name in used],
        "list": [(entry.slug, entry.name) for entry in reading_list.lists],
        "language": [(k, v) for k, v in LANGUAGE_NAMES.items() if k in languages],
        "access": [(a, a.capitalize()) for a in ACCESS_NAMES if a in access],
    }


def _data(resource: Resource) -> dict[str, str | int | None]:
    """What the filters need of an entry, in short attributes."""
    data = {
        "k": resource.kind,
        "l": resource.level,
        "g": resource.language if resource.language != "en" else None,
        "c": " ".join(resource.concepts) or None,
        "s": " ".join(resource.lists) or None,
        "a": resource.access if resource.access != "unknown" else None,
        "y": resource.year,
        "x": "" if resource.starred else None,
    }
    return {f"data-{key}": value for key, value in data.items()}


def _facts(resource: Resource) -> list[str]:
    facts = [
        people(resource),
        str(resource.year or ""),
        resource.kind,
        resource.level or "",
        resource.access if resource.access in ("paid", "metered") else "",
        "" if resource.language == "en" else LANGUAGE_NAMES[resource.language],
        "" if resource.url else "planned",
    ]
    return [fact for fact in facts if fact]
