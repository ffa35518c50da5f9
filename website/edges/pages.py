"""A page has its parts, shows what was recorded, and names what exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from reading_list.vocabulary import Kind
from website.edges.template import body_of, calls, matter_of, text
from website.edges.tree import Tree, rooms_in
from website.trace import SENTENCE

HEADINGS = (
    "The problem",
    "The picture",
    "By hand",
    "The formula",
    "Code",
    "Output",
    "Change one thing",
    "Confusions",
    "Why believe it",
    "In real models",
    "Check yourself",
)
WITHOUT_CODE = (
    "The problem",
    "The picture",
    "By hand",
    "Confusions",
    "Check yourself",
)
QUESTIONS = ("Recall", "Compute", "Predict", "Debug")
# Which kinds of resource fit which way of going on.
FITTING: dict[str, tuple[Kind, ...]] = {
    "read": ("blog", "tutorial", "docs", "book", "notebook", "code", "course"),
    "watch": ("video", "course"),
    "paper": ("paper",),
}


def anatomy(tree: Tree) -> Iterator[str]:
    """Each page has its parts, in their order and number."""
    for concept, page in tree.pages:
        content, matter = tree.files[page], matter_of(tree.files[page])
        body = re.sub(r"^```.*?^```", "", body_of(content), flags=re.S | re.M)
        headings = tuple(re.findall(r"^## +(.+?)\s*$", body, re.M))
        parts = HEADINGS if concept.code else WITHOUT_CODE
        if headings != parts:
            have, want = ", ".join(headings) or "none", ", ".join(parts)
            yield f"{page}: its headings are {have}; they should be {want}"
        if not matter.get("description"):
            yield f"{page}: has no description in its front matter"
        yield from (f"{page}: {what}" for what in _confusions(body))
        asked = re.findall(r'^\?\?\? question "(\w+): .+"', body, re.M)
        if tuple(asked) != QUESTIONS:
            have, want = ", ".join(asked) or "none", ", ".join(QUESTIONS)
            form = '??? question "Recall: ...?"'
            yield f"{page}: its questions are {have}; they should be {want}, as {form}"
        if SENTENCE not in " ".join(body.split()):
            yield f"{page}: our sentence is not on it: {SENTENCE}"


def _confusions(body: str) -> Iterator[str]:
    found = re.findall(r'^!!! confusion "(.*)"\n((?:\n|    .*\n?)*)', body, re.M)
    if not 3 <= len(found) <= 5:
        yield f"has {len(found)} confusions, not three to five"
    for title, answer in found:
        for part in ("You may think", "**In fact**", "**See it**"):
            if part not in title + answer:
                yield f"the confusion {title!r} lacks {part!r}"


def edits(tree: Tree) -> Iterator[str]:
    """Each demo proposes two or three edits that fit its code; its page shows each."""
    for concept, page in tree.pages:
        if not concept.code:
            continue
        content = tree.files[page]
        proposed = _proposed(tree.files.get(concept.sources[-1], ""))
        if not 2 <= len(proposed) <= 3:
            yield f"{page}: proposes {len(proposed)} edits, not two or three"
        shown = [text(call, 0, "number") for call in calls(content, "change")]
        if shown != [str(number) for number, _ in enumerate(proposed, 1)]:
            yield (
                f"{page}: shows the edits {', '.join(shown)} of {len(proposed)};"
                " each is shown once, in order, by {{ change(1) }}"
            )
        whys = [edit.get("why") for edit in matter_of(content).get("edits", [])]
        if len(whys) != len(proposed) or not all(whys):
            yield f"{page}: its `edits` do not say of each edit why: {len(proposed)}"
        sources = ["\n" + tree.files.get(path, "") for path in concept.sources]
        for number, (find, _) in enumerate(proposed, 1):
            if (times := sum(s.count(f"\n{find}\n") for s in sources)) != 1:
                yield f"{page}: what edit {number} changes stands {times} times"


def _proposed(demo: str) -> list[tuple[str, str]]:
    """The EDITS of a demo, read, not run."""
    for node in ast.parse(demo).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="EDITS")], value=value):
                return list(ast.literal_eval(value))
    return []


def seen(tree: Tree) -> Iterator[str]:
    """Each page shows what its snippet printed and drew."""
    for concept, page in tree.pages:
        content = tree.files[page]
        if concept.code and len(calls(content, "printed")) != 1:
            yield f"{page}: does not show what the snippet printed: {{{{ printed() }}}}"
        if f"docs/results/{concept.name}.svg" in rooms_in(tree, concept) and (
            len(calls(content, "figure")) != 1
        ):
            yield (
                f"{page}: does not show what the snippet drew:"
                " {{ figure(alt='...', caption='...') }}"
            )


def names(tree: Tree) -> Iterator[str]:
    """Each concept and each resource that a page names exists."""
    for concept, page in tree.pages:
        content = tree.files[page]
        for call in calls(content, "term"):
            name = text(call, 0, "name")
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
        chosen = matter_of(tree.files[page]).get("go_on", {})
        if list(chosen) != list(FITTING):
            have, want = ", ".join(chosen) or "nothing", ", ".join(FITTING)
            yield f"{page}: go_on has {have}, not {want}"
        for way, kinds in FITTING.items():
            if (choice := chosen.get(way)) is None:
                continue
            name, because = choice.get("resource"), choice.get("because")
            where = f"{page}: go_on.{way} names {name!r}"
            resource = tree.resources.get(str(name))
            if resource is None:
                yield f"{where}, which does not exist"
                continue
            if resource.kind not in kinds:
                yield f"{where}, which is a {resource.kind}"
            if concept.name not in resource.concepts:
                yield f"{where}, whose record does not name {concept.name}"
            if not because or because.endswith("."):
                yield f"{page}: go_on.{way} needs a reason, without a full stop"
