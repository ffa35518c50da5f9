"""The catalogue: every resource in one list of HTML, which a script can filter.

Raw HTML is not rewritten by MkDocs: `root` is the way up to the site's own folder.
"""

from __future__ import annotations

import html
import re

from reading_list.model import ReadingList, Resource
from reading_list.vocabulary import ACCESS_NAMES, KIND_NAMES, LANGUAGE_NAMES, LEVELS
from syllabus import Syllabus
from website.wording import page_about, people

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

#: What the star and the first of the sorts mean.
ORDER = (
    '<span class="star" role="img" aria-label="A star"></span> is ours: what we would'
    " send a friend to first. Best first: what has a star, then what stands on most of"
    " the five lists, then beginner before advanced."
)


def catalogue(reading_list: ReadingList, syllabus: Syllabus, root: str) -> str:
    """The catalogue as HTML: a plain list that a custom element can filter."""
    best = sorted(reading_list.resources, key=lambda resource: resource.rank)
    entries = "\n".join(_entry(resource, root) for resource in best)
    total = len(reading_list.resources)
    # The div tells Markdown to leave what is inside alone; it knows no other element.
    return (
        "<div data-search-exclude><resource-catalogue>\n"
        f"{_form(reading_list, syllabus)}\n"
        '<section class="picks" aria-labelledby="picks">'
        '<h2 id="picks">Twelve to begin with</h2>'
        f"<div>{_picks(reading_list, root)}</div></section>\n"
        f'<h2 id="all">All {total}</h2>\n'
        f'<p class="order">{ORDER}</p>\n'
        '<p class="coming" hidden></p>\n'
        '<p class="found" role="status" hidden></p>\n'
        '<p class="none" hidden>Nothing matches.'
        ' <button type="button" class="button">Reset the filters</button></p>\n'
        f'<ol class="entries">\n{entries}\n</ol>\n</resource-catalogue></div>'
    )


def _picks(reading_list: ReadingList, root: str) -> str:
    by_id = reading_list.by_id
    return "".join(
        f"<div><h3>{title}</h3><ul>"
        + "".join(
            f'<li><a href="{_href(by_id[name], root)}">'
            f"{_text(by_id[name].title)}</a>"
            f' <small>{_text(why)} <a href="{root}resources/{name}/">'
            f"{page_about(by_id[name])}</a></small>"
            for name, why in picked.items()
        )
        + "</ul></div>"
        for title, picked in PICKS.items()
    )


def _form(reading_list: ReadingList, syllabus: Syllabus) -> str:
    """The filters; hidden until the script shows them."""
    everything = reading_list.resources
    used = {name for resource in everything for name in resource.concepts}
    languages = {resource.language for resource in everything}
    access = {r.access for r in everything if r.access != "unknown"}
    options: dict[str, list[tuple[str, str]]] = {
        "kind": [(kind, name) for kind, name in KIND_NAMES.items()],
        "level": [(level, level.capitalize()) for level in LEVELS],
        "concept": [(c.name, c.title) for c in syllabus.concepts if c.name in used],
        "list": [(entry.slug, entry.name) for entry in reading_list.lists],
        "language": [(k, v) for k, v in LANGUAGE_NAMES.items() if k in languages],
        "access": [(a, a.capitalize()) for a in ACCESS_NAMES if a in access],
    }

    def coming(name: str) -> str:
        """What a page of ours will say, where it is planned."""
        concept = syllabus.by_name.get(name)
        if concept is None or concept.written:
            return ""
        return f' data-coming="{html.escape(concept.definition)}"'

    selects = "".join(
        f'<label>{name.capitalize()}<select name="{name}"><option value="">Any'
        + "".join(f'<option value="{k}"{coming(k)}>{_text(v)}' for k, v in values)
        + "</select></label>"
        for name, values in options.items()
    )
    sorts = "".join(f'<option value="{k}">{v}' for k, v in SORTS.items())
    return (
        '<form role="search" aria-label="Filter the catalogue" hidden>'
        "<label>Search titles, people, ideas and summaries"
        '<input type="search" name="find" autocomplete="off" spellcheck="false">'
        '</label><details class="filters" open><summary>Filter and sort</summary><div>'
        f"{selects}"
        f'<label>Sort<select name="sort">{sorts}</select></label>'
        '<label class="tick"><input type="checkbox" name="starred" value="1">'
        "Starred only</label>"
        '<button type="reset" class="button">Reset</button></div></details></form>'
    )


def _entry(resource: Resource, root: str) -> str:
    """One line of the list; what filters need is in short attributes."""
    data = {
        "k": resource.kind,
        "l": resource.level,
        "g": None if resource.language == "en" else resource.language,
        "c": " ".join(resource.concepts),
        "s": " ".join(resource.lists),
        "a": None if resource.access == "unknown" else resource.access,
        "y": resource.year,
    }
    attributes = "".join(
        f' data-{key}="{value}"' if " " in str(value) else f" data-{key}={value}"
        for key, value in data.items()
        if value
    )
    if resource.starred:
        attributes += " data-x"
    facts = [
        people(resource),
        str(resource.year or ""),
        resource.kind,
        resource.level or "",
        resource.access if resource.access in ("paid", "metered") else "",
        "" if resource.language == "en" else LANGUAGE_NAMES[resource.language],
        "" if resource.url else "planned",
    ]
    ours = f"{root}resources/{resource.id}/"
    foreign = resource.language != "en" and not resource.title.isascii()
    language = f" lang={resource.language}" if foreign else ""
    address = _unquoted(_href(resource, root))
    title = f"<a href={address}{language}>{_text(resource.title)}</a>"
    return (
        f"<li{attributes}>{title} <small>"
        f"{_text(' · '.join(fact for fact in facts if fact))}"
        f" · <a href={ours}>{page_about(resource)}</a></small>"
        # Material's search follows the end tags; without them it reads every entry as
        # inside all before it.
        f"<p>{_text(resource.summary)}</p></li>"
    )


def _href(resource: Resource, root: str) -> str:
    """The work itself; our page where there is none yet."""
    return html.escape(resource.url or f"{root}resources/{resource.id}/")


def _unquoted(value: str) -> str:
    """HTML needs no quotes around a value without these; 203 times that counts."""
    return f'"{value}"' if re.search(r"[\s\"'=<>`]", value) else value


def _text(text: str) -> str:
    return html.escape(text, quote=False)
