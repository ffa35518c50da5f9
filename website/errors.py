"""What a page asks for and is not there is named, with what was perhaps meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from reading_list.messages import nearest

T = TypeVar("T")


class RenderError(LookupError):
    """A page asks for something that does not exist."""


def named(
    kind: str, name: str, known: Mapping[str, T], listed: str = "CONTRIBUTING.md"
) -> T:
    """What has a name.

    Args:
        kind: what it is to be, for the message.
        listed: where one can look its name up.

    Raises:
        RenderError: there is none; the message names the nearest.
    """
    if name not in known:
        mend = nearest(name, tuple(known), listed)
        raise RenderError(f"no {kind} {name!r}: {mend}")
    return known[name]
