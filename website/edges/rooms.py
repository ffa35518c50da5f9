"""Every room is there, nothing stands in a room that is nobody's, and code keeps to
what its concept builds on. None of it needs the site's packages."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import PurePosixPath

from syllabus import Beside
from website.edges.tree import Tree, imported, owners, proof_of, rooms_of

MOST_LINES_OF_A_FILE = 200
# What a snippet may depend on: what broke older teaching code was anything more.
LIBRARIES = {"torch", "numpy", "regex", "safetensors", "jaxtyping", "matplotlib"}
# Results that measure the project, not a concept.
MEASURED = {"docs/results/lighthouse.json"}
CLAIMS = "docs/results/claims/"


def rooms_beside(page: Beside) -> list[str]:
    """Where a page beside the concepts stands, with its demo and its results."""
    results = [f"docs/results/{page.name}.{end}" for end in ("json", "txt", "svg")]
    return [f"docs/{page.name}.md", *page.sources, *results]


def unreadable(tree: Tree) -> Iterator[str]:
    """Code and records can be read at all."""
    for path, content in tree.files.items():
        try:
            if path.endswith(".py"):
                ast.parse(content)
            elif path.endswith(".json"):
                json.loads(content)
        except (SyntaxError, json.JSONDecodeError) as error:
            yield f"{path}:{error.lineno}: cannot be read: {error.msg}"


def rooms(tree: Tree) -> Iterator[str]:
    """Each written concept has all its rooms; a helper that a page shows, a test."""
    for concept in tree.syllabus.written:
        for path in rooms_of(tree, concept):
            if path not in tree.files:
                yield f"{concept.name}: {path} is missing"
    for page in tree.syllabus.beside:
        for path in rooms_beside(page):
            if path not in tree.files:
                yield f"{page.name}: {path} is missing"
    for path, owner in owners(tree).items():
        shown = path not in owner.sources and "--8<--" in tree.files.get(path, "")
        if shown and proof_of(path) not in tree.files:
            yield f"{owner.name}: {proof_of(path)} is missing"


def orphans(tree: Tree) -> Iterator[str]:
    """Each page, snippet, test and result belongs to a written concept."""
    owned = {path for c in tree.syllabus.written for path in rooms_of(tree, c)}
    of_written = {path for path, owner in owners(tree).items() if owner.written}
    owned |= of_written | {proof_of(p) for p in of_written if "/demos/" not in p}
    owned |= {path for page in tree.syllabus.beside for path in rooms_beside(page)}
    owned |= MEASURED
    shared = ("/claims/", "/lab/", "/corpora/")
    for path in tree.files:
        in_a_room = path in tree.snippets or (
            path.startswith(("docs/concepts/", "docs/results/", "tests/snippets/"))
            and not any(folder in path for folder in shared)
        )
        if in_a_room and path not in owned:
            yield f"{path}: belongs to no written concept of docs/concepts/concepts.yml"


def imports(tree: Tree) -> Iterator[str]:
    """Snippets and demos import what their concept builds on, and few libraries.

    A demo may also use a helper of any chapter, such as a trained model to look into.
    Which floor may use which, import-linter sees.
    """
    owner_of = owners(tree)
    of_concepts = {path for c in tree.syllabus.concepts for path in c.sources}
    for path in tree.snippets:
        own = owner_of.get(path)
        if own is None:
            continue
        known = tree.syllabus.closure(own.name) | {own.name}
        for module in sorted(imported(tree.files[path])):
            top = module.split(".")[0]
            file = "/".join(module.split(".")[:3]) + ".py"
            other = owner_of.get(file)
            may = "/demos/" in path and file not in of_concepts
            if other and other.name not in known and not may:
                yield f"{path}: imports {other.name}, which it does not build on"
            if top not in LIBRARIES | {*sys.stdlib_module_names, "snippets"}:
                yield f"{path}: imports {top!r}, which a snippet may not depend on"


def sittings(tree: Tree) -> Iterator[str]:
    """Each snippet is short enough to be read in one sitting; demos may be longer."""
    for path in tree.snippets:
        count = len(tree.files[path].splitlines())
        if count > MOST_LINES_OF_A_FILE and not path.startswith("snippets/demos/"):
            yield f"{path}: has {count} lines, more than {MOST_LINES_OF_A_FILE}"


def claims(tree: Tree) -> Iterator[str]:
    """Each claim is tested and recorded; each test and record is of a claim."""
    owned: set[str] = set()
    for path in tree.claims:
        name = PurePosixPath(path).stem.replace("_", "-")
        records = [f"{CLAIMS}{name}.{ending}" for ending in ("json", "txt", "svg")]
        owned |= {proof_of(path), *records}
        for room in (proof_of(path), *records):
            if room not in tree.files:
                yield f"the claim {name}: {room} is missing"
        paper = json.loads(tree.files.get(records[0], "{}")).get("paper")
        if records[0] in tree.files and paper not in tree.resources:
            yield f"{records[0]}: names the paper {paper!r}, which does not exist"
    for path in tree.files:
        if path.startswith((CLAIMS, "tests/snippets/claims/")) and path not in owned:
            yield f"{path}: belongs to no claim of snippets/claims/"
