"""A page has its parts, shows what was recorded, and names what exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from mkdocs.utils.meta import get_data

from reading_list.vocabulary import Kind
from website.edges.tree import Tree, figures_of
from website.edges.worked import NAMED, by_hand
from website.expressions import environment

#: The parts of a page, by their anchors. A heading has the anchor of its words, or
#: one of its own: `## Why divide by the root? { #the-formula }`.
PARTS = ("the-problem", "by-hand", "confusions", "check-yourself", "in-short")
WITH_CODE = ("the-formula", "a-real-model", "in-real-models", "why-believe-it")
#: Which kinds of resource fit which way of going on.
FITTING: dict[str, tuple[Kind, ...]] = {
    "read": ("blog", "tutorial", "docs", "book", "notebook", "code", "course"),
    "watch": ("video", "course"),
    "paper": ("paper",),
}


# --- A page as a template


def matter_of(page: str) -> Mapping[str, Any]:
    """The front matter of a page."""
    return dict(get_data(page)[1])


def whys(page: str) -> list[str]:
    """What the front matter says of each edit."""
    edits = matter_of(page).get("edits") or []
    return [
        str(edit.get("why", "")) if isinstance(edit, dict) else "" for edit in edits
    ]


def body_of(page: str) -> str:
    """A page without its front matter, and without Windows' line ends."""
    return str(get_data(page)[0])


@cache
def parsed(text_of_page: str) -> nodes.Template:
    return environment().parse(text_of_page)


def templates(page: str) -> list[str]:
    """The texts of a page that are filled in: its body, and why each edit acts so."""
    return [body_of(page), *whys(page)]


def unfilled(tree: Tree) -> Iterator[str]:
    """A page can be read as a template."""
    for _, path in tree.pages:
        page = tree.files[path]
        above = len(page.splitlines()) - len(body_of(page).splitlines())
        for number, template in enumerate(templates(page)):
            where = f"an edit's why in {path}" if number else path
            try:
                parsed(template)
            except TemplateSyntaxError as error:
                line = error.lineno + (0 if number else above)
                yield f"{where}:{line}: cannot be read: {error.message}"


def calls(page: str, function: str) -> list[nodes.Call]:
    """Every call of a function in the expressions of a page."""
    return [
        call
        for template in templates(page)
        for call in parsed(template).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == function
    ]


def argument(call: nodes.Call, position: int, keyword: str) -> str:
    """An argument of a call, the constants in it put together; "" where none is."""
    given = [arg.value for arg in call.kwargs if arg.key == keyword]
    for value in given or call.args[position : position + 1]:
        inside = [value] if isinstance(value, nodes.Const) else []
        inside += value.find_all(nodes.Const)
        return "".join(str(constant.value) for constant in inside)
    return ""


# --- What is asked of it


def parts(tree: Tree) -> Iterator[str]:
    """Each page has its parts, and says in its front matter what it is about."""
    for concept, page in tree.pages:
        content = tree.files[page]
        there = set(re.findall(r"\{[^}\n]*#([\w-]+)|\bid=\"([\w-]+)\"", content))
        anchors = {anchor for found in there for anchor in found}
        for heading in re.findall(r"^##+ +(.+?) *$", content, re.M):
            anchors.add(re.sub(r"\W+", "-", heading.lower()).strip("-"))
        for part in PARTS + WITH_CODE * concept.code:
            if part not in anchors:
                yield f"{page}: has no part {part}: a heading {{ #{part} }}"
        if not matter_of(content).get("description"):
            yield f"{page}: has no description in its front matter"


def shown(tree: Tree) -> Iterator[str]:
    """Each page shows code, and all that its snippet printed and drew."""
    for concept, page in tree.pages:
        if not concept.code:
            continue
        content = tree.files[page]
        if not calls(content, "code"):
            yield f"{page}: shows nothing of the code: {{{{ code(...) }}}}"
        begins = [argument(call, 0, "begins") for call in calls(content, "printed")]
        if "" not in begins:
            yield f"{page}: hides what the snippet printed: {{{{ printed() }}}}"
        there = figures_of(tree, concept)
        frames = [argument(call, 0, "number") for call in calls(content, "frame")]
        wanted = [e.removesuffix(".svg") for e in there if e[0].isdecimal()]
        if frames != wanted:
            have, want = ", ".join(frames) or "none", ", ".join(wanted) or "none"
            yield f"{page}: shows the frames {have}, not {want}: {{{{ frame(1) }}}}"
        own = [c for c in calls(content, "figure") if not argument(c, 3, "name")]
        drawn = {argument(call, 2, "of") for call in own}
        for ending in there:
            of = ending.removesuffix("svg").rstrip(".")
            if not ending[0].isdecimal() and of not in drawn:
                yield f"{page}: does not show docs/results/{concept.name}.{ending}"


def edits(tree: Tree) -> Iterator[str]:
    """Each edit that was recorded is shown once on its page, which says why."""
    for concept, page in tree.pages:
        content = tree.files[page]
        record = tree.files.get(f"docs/results/{concept.name}.json", "{}")
        numbers = [str(n) for n, _ in enumerate(json.loads(record).get("edits", ()), 1)]
        shown = sorted(argument(c, 0, "number") for c in calls(content, "change"))
        if shown != numbers:
            have, want = ", ".join(shown) or "none", ", ".join(numbers) or "none"
            yield f"{page}: shows the edits {have}, not {want}: {{{{ change(1) }}}}"
        if len(whys(content)) != len(numbers) or not all(whys(content)):
            yield f"{page}: its `edits` do not say of each edit why: {len(numbers)}"


def names(tree: Tree) -> Iterator[str]:
    """Each concept and each resource that a page names exists."""
    for concept, page in tree.pages:
        content = tree.files[page]
        for name in (argument(call, 0, "name") for call in calls(content, "term")):
            if name not in tree.syllabus.by_name:
                yield f"{page}: names the concept {name!r}, which does not exist"
            if name == concept.name:
                yield f"{page}: links to itself"
        for name in re.findall(r"resources/([\w.-]+?)\.md", content):
            if name not in tree.resources:
                yield f"{page}: names the resource {name!r}, which does not exist"


def go_on(tree: Tree) -> Iterator[str]:
    """Each page ends in something to read, to watch and a paper, all on its concept."""
    for concept, page in tree.pages:
        chosen = matter_of(tree.files[page]).get("go_on") or {}
        if {*chosen} != {*FITTING}:
            have, want = ", ".join(chosen) or "nothing", ", ".join(FITTING)
            yield f"{page}: go_on has {have}, not {want}"
        for way in (way for way in FITTING if way in chosen):
            choice = chosen[way] if isinstance(chosen[way], dict) else {}
            name = str(choice.get("resource"))
            where = f"{page}: go_on.{way} names {name!r}"
            resource = tree.resources.get(name)
            if resource is None:
                yield f"{where}, which does not exist"
                continue
            if resource.kind not in FITTING[way]:
                yield f"{where}, which is a {resource.kind}"
            if concept.name not in resource.concepts:
                yield f"{where}, whose record does not name {concept.name}"
            if not choice.get("because"):
                yield f"{page}: go_on.{way} needs a reason: because"


# --- Numbers

# Code, formulas, expressions, tags, addresses, names. A published number stands in the
# words that link to where it is published.
_NOT_PROSE = re.compile(
    r"^ *```.*?^ *```$|`[^`]*`|\$\$.*?\$\$|\$[^$\n]+\$|\{\{.*?\}\}|<%.*?%>|<[^>]+>"
    r"|\[[^\]]*\]\(\.\./resources/[^)]*\)|\]\([^)]*\)|" + NAMED,
    re.S | re.M | re.I,
)


def typed_numbers(prose: str) -> list[str]:
    """The decimal numbers in Markdown that somebody typed as prose.

    Not counted: code, formulas, expressions, addresses; a number of a section or
    release ("section 3.2"); the words of a link to a resource, its source.
    """
    return re.findall(r"\d+\.\d+", _NOT_PROSE.sub(" ", prose))


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
            constants = parsed(template).find_all(nodes.Const)
            said = [c.value for c in constants if isinstance(c.value, str)]
            for number in typed_numbers("\n\n".join([template, *said])):
                yield f"{page}: the number {number} is typed by hand"
