"""The syllabus, read so that an error in it has a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
from reading_list.messages import faults, field_name
from syllabus import ROOT, SYLLABUS, Chapter, Concept, Prerequisite, Syllabus

_GROUPS: dict[str, type[BaseModel]] = {
    "chapters": Chapter,
    "concepts": Concept,
    "builds_on": Prerequisite,
}


def load_syllabus(path: Path = SYLLABUS) -> Syllabus:
    """Read and validate the syllabus.

    Raises:
        InvalidError: it cannot be read, an entry is wrong, or an edge points forwards;
            all such faults, each with its line.
    """
    file = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
    try:
        document = parse_fields(read_text(path), depth=5)
    except NotReadableError as error:
        raise InvalidError([error.in_file(file)]) from None
    try:
        return Syllabus.model_validate(document.values)
    except ValidationError as error:
        found = faults(error, _GROUPS)
    raise InvalidError(
        [
            Problem(file, document.line(at), _named(document, at), wrong, mend)
            for wrong, mend, at in found
        ]
    )


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
