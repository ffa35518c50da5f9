"""What pages of several kinds say in the same words."""

from __future__ import annotations

import re

from reading_list.model import Resource


def markdown(text: str) -> str:
    """Plain text as Markdown: what has a meaning in Markdown is escaped."""
    escaped = re.sub(r"([\\`*_{}\[\]#])", r"\\\1", text)
    # Markdown knows no backslash before these.
    return re.sub(r"[&<>$~|]", lambda found: f"&#{ord(found[0])};", escaped)


def people(resource: Resource, *, all_of_them: bool = False) -> str:
    """Who made it, in a line: three names at most, unless all are asked for."""
    names = list(resource.makers)
    more = resource.more_authors
    if not all_of_them and len(names) > 3:
        names, more = names[:1], True
    if more:
        return f"{', '.join(names)} and others"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def unbroken(text: str) -> str:
    """The text with no line break before a per cent sign, or a mark standing apart."""
    return re.sub(r"(?<=\d) (?=%)| (?=[.?]$)", "\N{NO-BREAK SPACE}", text)


def by_make(command: str) -> str:
    """The command as whoever followed the README types it.

    >>> by_make("python -m snippets heads")
    'make run NAME=heads'
    >>> by_make("python -m snippets claim gates --seeds 3,4")
    'make claim NAME=gates ARGS="--seeds 3,4"'
    """
    words = command.removeprefix("python -m snippets ").split()
    target = words.pop(0) if words[0] in ("claim", "train") else "run"
    name, *others = words
    arguments = f' ARGS="{" ".join(others)}"' if others else ""
    return f"make {target} NAME={name}{arguments}"


def page_about(resource: Resource) -> str:
    """What a link to our page about it promises: a guide, where there is one."""
    return "guide" if resource.guide else "details"


def counted(number: int, noun: str) -> str:
    """1 line, 2 lines."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
