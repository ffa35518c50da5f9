"""Every room is there, and nothing stands in a room that is nobody's."""

from __future__ import annotations

from collections.abc import Iterator

from syllabus import Beside
from website.edges.tree import Tree, below_the_chapters, owners, proof_of, rooms_in

MOST_LINES_OF_A_FILE = 200
# Results that measure the project, not a concept.
MEASURED = {"lighthouse"}


def rooms_beside(page: Beside) -> tuple[str, ...]:
    """The page itself, its demo, its results."""
    results = (f"docs/results/{page.name}.{end}" for end in ("json", "txt", "svg"))
    return (f"docs/{page.name}.md", *page.sources, *results)


def rooms(tree: Tree) -> Iterator[str]:
    """Each written concept has all its rooms; a helper that a page shows, a test."""
    for concept in tree.syllabus.written:
        for path in rooms_in(tree, concept):
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
    owned = {path for c in tree.syllabus.written for path in rooms_in(tree, c)}
    owned |= {f"docs/results/{name}.json" for name in MEASURED}
    owned |= {path for page in tree.syllabus.beside for path in rooms_beside(page)}
    owned |= {f"docs/results/trained/{c.name}.json" for c in tree.syllabus.written}
    with_helpers = {path for path, owner in owners(tree).items() if owner.written}
    owned |= with_helpers | {proof_of(p) for p in with_helpers if "/demos/" not in p}
    for path in tree.files:
        in_a_room = (
            path.startswith(("docs/concepts/", "docs/results/"))
            or path in tree.snippets
            or (path.startswith("tests/snippets/") and not below_the_chapters(path))
        )
        if in_a_room and "/claims/" not in path and path not in owned:
            yield f"{path}: belongs to no written concept of docs/concepts/concepts.yml"


def sittings(tree: Tree) -> Iterator[str]:
    """Each snippet is short enough to be read in one sitting; demos may be longer."""
    for path in tree.snippets:
        count = len(tree.files[path].splitlines())
        if count > MOST_LINES_OF_A_FILE and not path.startswith("snippets/demos/"):
            yield f"{path}: has {count} lines, more than {MOST_LINES_OF_A_FILE}"
