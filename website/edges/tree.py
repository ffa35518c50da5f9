"""The files that the edges join, and where each room of a concept stands."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from reading_list.model import Resource
from reading_list.syllabus import load_syllabus
from syllabus import ROOT, Concept, Syllabus

READ = (
    *("docs/*.md", "docs/concepts/*.md", "docs/assets/pictures/*.svg"),
    *("docs/results/*.json", "docs/results/*.txt", "docs/results/*.svg"),
    *("docs/results/claims/*", "snippets/*/*.py", "tests/snippets/*/*.py"),
)


@dataclass(frozen=True)
class Tree:
    """The files that the edges join, by their path, and what they may name."""

    files: Mapping[str, str]
    syllabus: Syllabus
    resources: Mapping[str, Resource]

    @classmethod
    def read(cls, resources: Mapping[str, Resource], root: Path = ROOT) -> Tree:
        paths = [path for pattern in READ for path in sorted(root.glob(pattern))]
        return cls(
            {p.relative_to(root).as_posix(): p.read_text("utf-8") for p in paths},
            load_syllabus(root / "docs" / "concepts" / "concepts.yml"),
            resources,
        )

    def under(self, folder: str, ending: str) -> list[str]:
        return [p for p in self.files if p.startswith(folder) and p.endswith(ending)]

    @property
    def pages(self) -> list[tuple[Concept, str]]:
        """The written concepts whose page is there, each with the path of its page."""
        pages = [(c, f"docs/concepts/{c.name}.md") for c in self.syllabus.written]
        return [(concept, path) for concept, path in pages if path in self.files]

    @property
    def snippets(self) -> list[str]:
        """The files of the chapters and the demos."""
        shared = ("claims", "lab", "corpora")  # by all chapters, or by none
        return [
            path
            for path in self.under("snippets/", ".py")
            if not path.endswith("__init__.py") and path.split("/")[1] not in shared
        ]

    @property
    def claims(self) -> list[str]:
        found = self.under("snippets/claims/", ".py")
        return [path for path in found if not path.endswith("__init__.py")]


def proof_of(snippet: str) -> str:
    """The test of a file under `snippets/`."""
    path = PurePosixPath("tests") / snippet
    return str(path.with_name(f"test_{path.name}"))


def rooms_of(tree: Tree, concept: Concept) -> list[str]:
    """Where everything of a written concept stands."""
    page, result = f"docs/concepts/{concept.name}.md", f"docs/results/{concept.name}"
    if not concept.code:
        return [page]
    snippet, demo = concept.sources
    rooms = [page, snippet, demo, proof_of(snippet), f"{result}.json", f"{result}.txt"]
    drawn = _drawn(tree.files.get(demo, ""))
    endings = [ending for name, ending in DRAWN.items() if name in drawn]
    if "frames" in drawn:  # how many there are, only the record knows
        endings += [e for e in figures_of(tree, concept) if e[0].isdecimal()]
    return [*rooms, *(f"{result}.{ending}" for ending in dict.fromkeys(endings))]


#: The first figure that each of these functions of a demo gives.
DRAWN = {"draw": "svg", "look": "look.svg", "frames": "1.svg"}


def figures_of(tree: Tree, concept: Concept) -> list[str]:
    """How the recorded figures of a concept end, frames in their order."""
    start = f"docs/results/{concept.name}."
    return sorted(path.removeprefix(start) for path in tree.under(start, "svg"))


@cache
def _drawn(source: str) -> frozenset[str]:
    """Which functions that draw a demo has."""
    body = ast.parse(source).body
    return frozenset(n.name for n in body if isinstance(n, ast.FunctionDef)) & {*DRAWN}


@cache
def imported(source: str) -> frozenset[str]:
    """The modules that a file imports; `from a import b` may mean a or a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def owners(tree: Tree) -> dict[str, Concept]:
    """Whose each file under `snippets/` is.

    A file without a concept's name is a helper. It belongs to the first concept of
    its chapter whose snippet or demo imports it, or else, where anything does, to the
    last written one.
    """
    with_code = [concept for concept in tree.syllabus.concepts if concept.code]
    found = {path: concept for concept in with_code for path in concept.sources}
    code = {path: imported(tree.files[path]) for path in tree.under("snippets/", ".py")}
    for path in {*tree.snippets} - {*found}:
        module = path.removesuffix(".py").replace("/", ".")
        near = [c for c in with_code if c.chapter == path.split("/")[1]]
        users = [c for c in near if any(module in code.get(p, ()) for p in c.sources)]
        owner = users[:1] or [c for c in near if c.written][-1:]
        if owner and any(module in modules for modules in code.values()):
            found[path] = owner[0]
    return found
