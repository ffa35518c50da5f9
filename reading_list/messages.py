"""What is wrong, in our words: pydantic's errors, the place, the nearest name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reading_list.frontmatter import NotText, Place, Wrong
from reading_list.vocabulary import KINDS

#: How to write a field that cannot be left empty.
NEEDED = {
    "title": "write title: and the work's own title; when nobody knows it, a"
    " description in [brackets]",
    "kind": f"write kind: and one of {', '.join(KINDS)}",
    "concepts": "write concepts: and the names of the ideas it explains, such as"
    " [attention, heads]",
    "url": "write url: and the work's address",
    "figure": "write of, alt, notice below it, indented, or remove the line",
}
#: By pydantic's name of the error: what is wrong, and how to mend it.
_OURS = {
    "missing": ("is missing", "{needed}"),
    "extra_forbidden": ("is not a field", "{nearest_field}"),
    "string_type": ("is {a_kind}, not text", "put quotes around it, or mend it"),
    "int_type": (
        "is {a_kind}, not a whole number",
        "write {number} in digits",
    ),
    "bool_type": ("is {a_kind}, not a yes or no", "write true"),
    "tuple_type": (
        "is {a_kind}, not a list",
        "write {name}: [one, two], or each on its own line after a hyphen",
    ),
    "model_type": (
        "is {a_kind}, not a group of fields",
        "write {fields} below it, indented",
    ),
    "too_long": ("has more than {max_length} entries", "keep what it is mainly about"),
    "string_too_short": ("is empty", "remove it, or write what it is"),
    "string_too_long": ("is longer than {max_length} characters", "shorten it"),
    "greater_than_equal": ("is {given}, less than {ge}", "check the number"),
    "less_than_equal": ("is {given}, more than {le}", "check the number"),
    "string_pattern_mismatch": ("is {given!r}", "write it like {example}"),
}
_KINDS = {
    bool: "true or false",
    int: "a number",
    str: "text",
    tuple: "a list",
    dict: "a group of fields",
    type(None): "nothing",
}


def faults(
    error: ValidationError, groups: Mapping[str, type[BaseModel]]
) -> Iterator[Wrong]:
    """All that pydantic found, as a contributor would say it, each with its place.

    Args:
        groups: the groups of fields that a file may hold, by the field they stand in.
    """
    for detail in error.errors(include_url=False):
        if detail["type"] == "default_factory_not_called":
            continue  # what it would have been made from is wrong, and told
        told = detail.get("ctx", {}).get("faults") or [_in_our_words(detail, groups)]
        for wrong, mend, *place in told:
            yield Wrong(wrong, mend, (place and place[0]) or detail["loc"])


def _in_our_words(
    detail: ErrorDetails, groups: Mapping[str, type[BaseModel]]
) -> tuple[str, str]:
    kind, given = detail["type"], detail.get("input")
    place = [part for part in reversed(detail["loc"]) if isinstance(part, str)]
    name = next(iter(place), "")
    if kind == "literal_error":
        return _not_a_word(given, detail["ctx"]["expected"])
    if kind not in _OURS:
        told = detail.get("ctx", {}).get("error", detail["msg"].lower())
        return str(told), "compare it with one that is right"
    group = next((groups[part] for part in place if part in groups), None)
    fields = tuple(group.model_fields) if group else ()
    facts = {
        "name": name,
        "given": given,
        "a_kind": _kind_of(given),
        "number": "whole minutes" if name == "minutes" else "the year alone",
        "fields": ", ".join(fields),
        "needed": NEEDED.get(name, f"add {name}:"),
        "nearest_field": nearest(name, fields),
        "example": "1706.03762" if name == "arxiv" else "a-name-like-this",
        **detail.get("ctx", {}),
    }
    wrong, mend = _OURS[kind]
    return wrong.format_map(facts), mend.format_map(facts)


def _not_a_word(given: object, expected: str) -> tuple[str, str]:
    known = tuple(re.findall("'([^']*)'", expected))
    if isinstance(given, str):
        return f"is {given!r}", nearest(given, known)
    one = str(given[0]) if isinstance(given, tuple) and given else ""
    return f"is {_kind_of(given)}, not one word", nearest(one, known)


def _kind_of(value: object) -> str:
    if isinstance(value, NotText):
        return f"read as {value.kind} ({value.text})"
    return _KINDS[type(value)]


def nearest(name: str, names: tuple[str, ...], listed: str = "CONTRIBUTING.md") -> str:
    """A hint: the nearest of some names, else all of them when they are few."""
    if close := difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6):
        return f"perhaps you meant {close[0]}"
    if not names:
        return "remove it"
    if len(names) <= 16:
        return f"use one of {', '.join(names)}"
    if len(names) <= 40:
        return f"the names are {', '.join(names)}"
    return f"look the name up in {listed}"


def field_name(place: Place) -> str:
    """authors[2] counts from 1, as people do."""
    name = ""
    for part in place:
        if isinstance(part, int):
            name += f"[{part + 1}]"
        else:
            name += f".{part}" if name else part
    return name
