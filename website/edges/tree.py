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


@dataclass(frozen=True)
class Tree:
    """The files that the edges join, by their path, and what they may name."""

    files: Mapping[str, str]
    syllabus: Syllabus
    resources: Mapping[str, Resource]

    @classmethod
    def read(cls, resources: Mapping[str, Resource], root: Path = ROOT) -> Tree:
        patterns = [
            *("docs/*.md", "docs/concepts/*.md", "docs/assets/pictures/*.svg"),
            *("docs/results/*.json", "docs/results/*.txt", "docs/results/*.svg"),
            *("snippets/*/*.py", "tests/snippets/*/*.py"),
            "docs/results/claims/*",
        ]
        return cls(
            files={
                path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
                for pattern in patterns
                for path in sorted(root.glob(pattern))
            },
            syllabus=load_syllabus(root / "docs" / "concepts" / "concepts.yml"),
            resources=resources,
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
        return [
            path
            for path in self.under("snippets/", ".py")
            if PurePosixPath(path).name != "__init__.py"
            and not path.startswith("snippets/claims/")
            and not below_the_chapters(path)
        ]

    @property
    def claims(self) -> list[str]:
        found = self.under("snippets/claims/", ".py")
        return [path for path in found if not path.endswith("__init__.py")]


def below_the_chapters(path: str) -> bool:
    """Whether a snippet or a test is of what all chapters share."""
    return "/lab/" in path or "/corpora/" in path


def proof_of(snippet: str) -> str:
    """The test of a file under `snippets/`."""
    path = PurePosixPath("tests") / snippet
    return str(path.with_name(f"test_{path.name}"))


def rooms_of(concept: Concept, draws: bool) -> list[str]:
    """Where everything of a written concept stands."""
    page = f"docs/concepts/{concept.name}.md"
    if not concept.code:
        return [page]
    endings = ("json", "txt", "svg") if draws else ("json", "txt")
    return [
        *(page, *concept.sources, proof_of(concept.sources[0])),
        *(f"docs/results/{concept.name}.{ending}" for ending in endings),
    ]


@cache
def draws(source: str) -> bool:
    """Whether a demo has a function `draw`."""
    return any(
        isinstance(node, ast.FunctionDef) and node.name == "draw"
        for node in ast.parse(source).body
    )


def rooms_in(tree: Tree, concept: Concept) -> list[str]:
    """Where everything of a written concept stands in this tree."""
    _, demo = concept.sources
    return rooms_of(concept, draws(tree.files.get(demo, "")))


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
    its chapter whose snippet or demo imports it, or else, where something later does,
    to the last written one.
    """
    with_code = [c for c in tree.syllabus.concepts if c.code]
    found = {path: concept for concept in with_code for path in concept.sources}
    for concept in with_code:
        for path in concept.sources:
            for module in imported(tree.files.get(path, "")):
                helper = module.replace(".", "/") + ".py"
                if helper.startswith(f"snippets/{concept.chapter}/"):
                    found.setdefault(helper, concept)
    last = {concept.chapter: concept for concept in with_code if concept.written}
    for path in tree.under("snippets/", ".py"):
        for module in imported(tree.files[path]):
            helper, chapter = module.replace(".", "/") + ".py", module.split(".")[1:2]
            if helper in tree.files and (owner := last.get("".join(chapter))):
                found.setdefault(helper, owner)
    return found
