"""The syllabus, read so that an error in it has a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from reading_list.frontmatter import (
    Document,
    InvalidError,
    NotReadableError,
    Place,
    Problem,
    parse_fields,
    read_text,
)
from reading_list.messages import field_name, in_our_words
from syllabus import ROOT, SYLLABUS, Chapter, Concept, Prerequisite, Syllabus

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
