"""What pages of several kinds say in the same words."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

from reading_list.model import Resource

# The parser without a single rule of Markdown, for its quotation marks.
_PLAIN = MarkdownIt("zero", {"typographer": True}).enable("smartquotes")


def text(plain: str) -> Markup:
    """Plain text as HTML, with the quotation marks of a printed page."""
    return Markup(_PLAIN.renderInline(plain))


def markdown(plain: str) -> str:
    """Plain text as Markdown, in running text or in an attribute within it.

    No sign is left that Markdown or HTML could read: all are written as numbers.
    """
    return re.sub(
        r"[!-/:-@\[-`{-~]",
        lambda found: f"&#{ord(found[0])};",
        " ".join(plain.split()),
    )


def abbreviation(words: str, definition: str) -> str:
    """Words with a tooltip, reachable by keyboard."""
    return f'<abbr title="{markdown(definition)}" tabindex="0">{words}</abbr>'


def template(name: str, **values: object) -> Markup:
    """HTML from one of `website/templates`, with every value escaped as it goes in."""
    return Markup(_templates().get_template(name).render(values).strip())


def markdown_template(name: str, **values: object) -> str:
    """The same in Markdown, where what others wrote goes in through `plain`."""
    return _templates().get_template(name).render(values).strip()


@cache
def _templates() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and not name.endswith(".md"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "text": text,
        "plain": markdown,
        "unbroken": unbroken,
        "by_make": by_make,
        "counted": counted,
        "page_about": page_about,
        "people": people,
    }
    return env


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
    """The text with real minus signs, and no line break before a per cent sign or a
    mark standing apart."""
    text = re.sub(r"(?<!\w)-(?=\d)", "−", text)
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
