"""What is wrong, in our words: pydantic's errors, the place, the nearest name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from reading_list.frontmatter import NotText, Place, Wrong
from reading_list.model import GROUPS
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
_NO_GROUP = Wrong(
    "is {a_kind}, not a group of fields",
    "write {fields} below it, indented",
)
#: By pydantic's name of the error.
_OURS = {
    "string_type": Wrong("is {a_kind}, not text", "put quotes around it, or mend it"),
    "int_type": Wrong("is {a_kind}, not a whole number", "write digits without quotes"),
    "bool_type": Wrong("is {a_kind}, not a yes or no", "write true"),
    "tuple_type": Wrong(
        "is {a_kind}, not a list",
        "write {name}: [one, two], or each on its own line after a hyphen",
    ),
    "model_type": _NO_GROUP,
    "dict_type": _NO_GROUP,
    "too_long": Wrong(
        "has more than {max_length} entries", "keep what it is mainly about"
    ),
    "string_too_long": Wrong("is longer than {max_length} characters", "shorten it"),
    "greater_than_equal": Wrong("is {given}, less than {ge}", "check the number"),
    "less_than_equal": Wrong("is {given}, more than {le}", "check the number"),
    "string_pattern_mismatch": Wrong("is {given!r}", "write it like {example}"),
}


def in_our_words(
    detail: ErrorDetails, groups: Mapping[str, type[BaseModel]] = GROUPS
) -> Wrong:
    """What pydantic found, as a contributor would say it.

    Args:
        groups: the groups of fields that a file may hold, by the field they stand in.
    """
    kind, given = detail["type"], detail.get("input")
    place = [part for part in reversed(detail["loc"]) if isinstance(part, str)]
    name = next(iter(place), "")
    group = next((groups[part] for part in place if part in groups), None)
    fields = tuple(group.model_fields) if group else ()
    if kind == "missing":
        return Wrong("is missing", NEEDED.get(name, f"add {name}:"))
    if kind == "extra_forbidden":
        return Wrong("is not a field", nearest(name, fields))
    if kind == "literal_error":
        known = tuple(re.findall("'([^']*)'", detail["ctx"]["expected"]))
        if isinstance(given, str):
            return Wrong(f"is {given!r}", nearest(given, known))
        one = next((str(g) for g in given), "") if isinstance(given, tuple) else ""
        return Wrong(
            f"is {_kind_of(given)}, not one word", nearest(one or str(given), known)
        )
    if kind not in _OURS:
        told = str(detail.get("ctx", {}).get("error", detail["msg"].lower()))
        return Wrong(told, "compare it with one that is right")
    facts = {
        "name": name,
        "given": given,
        "a_kind": _kind_of(given),
        "fields": ", ".join(fields),
        "example": "1706.03762" if name == "arxiv" else "a-name-like-this",
        **detail.get("ctx", {}),
    }
    return Wrong(*(part.format_map(facts) for part in _OURS[kind]))


def _kind_of(value: object) -> str:
    if isinstance(value, NotText):
        return value.kind
    names = {
        bool: "true or false",
        int: "a number",
        str: "text",
        tuple: "a list",
        list: "a list",
        dict: "a group of fields",
        type(None): "nothing",
    }
    return names.get(type(value), "something else")


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
