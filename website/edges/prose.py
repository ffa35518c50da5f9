"""What is written: its length, the numbers in it, and the definitions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import nodes

from website.concepts import words
from website.edges.template import body_of, parsed, templates
from website.edges.tree import Tree
from website.edges.worked import by_hand

FEWEST_WORDS, MOST_WORDS = 900, 1300


def length(tree: Tree) -> Iterator[str]:
    """Each page is as long as a page should be, by the words of its prose."""
    for _, page in tree.pages:
        count = words(body_of(tree.files[page]))
        if not FEWEST_WORDS <= count <= MOST_WORDS:
            yield f"{page}: has {count} words, not {FEWEST_WORDS} to {MOST_WORDS}"


# A number that is a name: where something stands in a paper, a release.
_NAMED = re.compile(
    r"\b(?:section|chapter|equation|figure|table|appendix|version|python|pytorch|torch)"
    r"s?\s+\d+(?:\.\d+)+(?:\s+(?:and|to)\s+\d+(?:\.\d+)+)?",
    re.I,
)
_NOT_PROSE = [
    re.compile(pattern, re.S | re.M)
    for pattern in (
        r"^ *```.*?^ *```$",
        r"`[^`]*`",
        r"\$\$.*?\$\$",
        r"\$[^$\n]+\$",
        r"\{\{.*?\}\}",
        r"<%.*?%>",
        r"<[^>]+>",
        # A published number stands in the words that link to where it is published.
        r"\[[^\]]*\]\(\.\./resources/[^)]*\)",
        r"\]\([^)]*\)",
    )
]


def typed_numbers(prose: str) -> list[str]:
    """The decimal numbers in Markdown that somebody typed as prose.

    Not counted: code, formulas, expressions, addresses; a number of a section or
    release ("section 3.2"); the words of a link to a resource, its source.
    """
    for pattern in _NOT_PROSE:
        prose = pattern.sub(" ", prose)
    return re.findall(r"\d+\.\d+", _NAMED.sub(" ", prose))


def numbers(tree: Tree) -> Iterator[str]:
    """No number that a program could produce is typed, not even in a caption.

    Those of a worked example are typed; `worked` finds them in what was recorded.
    """
    for concept, page in tree.pages:
        content = tree.files[page]
        if concept.code:
            example = by_hand(content)
            content = content[: example.start] + content[example.stop :]
        for template in templates(content):
            expressions = parsed(template)
            found = typed_numbers(template)
            for const in expressions.find_all(nodes.Const):
                if isinstance(const.value, str):
                    found += typed_numbers(const.value)
            for output in expressions.find_all(nodes.Output):
                found += [
                    str(node.value)
                    for node in output.nodes
                    if isinstance(node, nodes.Const) and isinstance(node.value, float)
                ]
            for number in found:
                yield f"{page}: the number {number} is typed by hand"


def definitions(tree: Tree) -> Iterator[str]:
    """Each definition is one sentence; each reason to build on is a clause."""
    for concept in tree.syllabus.concepts:
        definition = concept.definition
        if not definition.endswith(".") or ". " in definition:
            yield f"{concept.name}: its definition is not one sentence: {definition}"
        if not concept.question.endswith("?"):
            yield f"{concept.name}: its question does not ask: {concept.question}"
        for edge in concept.builds_on:
            if edge.because.endswith("."):
                yield f"{concept.name}: the reason {edge.because!r} is a clause"
