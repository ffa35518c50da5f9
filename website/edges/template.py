"""A page as a template: its front matter, and the calls in its expressions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import nodes
from mkdocs.utils.meta import get_data

from website.expressions import environment


def matter_of(page: str) -> Mapping[str, Any]:
    """The front matter of a page."""
    return dict(get_data(page)[1])


def body_of(page: str) -> str:
    """A page without its front matter, and without Windows' line ends."""
    return str(get_data(page)[0])


@cache
def parsed(text_of_page: str) -> nodes.Template:
    return environment().parse(text_of_page)


def templates(page: str) -> list[str]:
    """The texts of a page that are filled in: its body, and why each edit acts so."""
    whys = [str(edit.get("why", "")) for edit in matter_of(page).get("edits", [])]
    return [body_of(page), *whys]


def calls(page: str, function: str) -> list[nodes.Call]:
    """Every call of a function in the expressions of a page."""
    return [
        call
        for template in templates(page)
        for call in parsed(template).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == function
    ]


def text(call: nodes.Call, position: int, keyword: str) -> str:
    """An argument of a call, the texts in it put together; "" where it is not given."""
    given = [arg.value for arg in call.kwargs if arg.key == keyword]
    given += call.args[position : position + 1]
    strings = [
        const
        for value in given[:1]
        for const in ([value] if isinstance(value, nodes.Const) else [])
        + list(value.find_all(nodes.Const))
        if isinstance(const.value, (str, int))
    ]
    return "".join(str(const.value) for const in strings)
