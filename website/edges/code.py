"""What the code imports."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from reading_list.syllabus import Concept, Syllabus
from website.edges.tree import Tree, imported, owners

# What a snippet may depend on: what broke older teaching code was anything more.
LIBRARIES = {"torch", "numpy", "regex", "safetensors", "jaxtyping", "matplotlib"}
# What turns numbers into drawings.
DRAWING = {"matplotlib", "snippets.lab.plots", "snippets.lab.boxes"}


def imports(tree: Tree) -> Iterator[str]:
    """A snippet imports the lab, what its concept builds on, and little else.

    So does its demo, which may draw as well, and imports the snippet itself.
    """
    owner_of = owners(tree)
    for path in tree.snippets:
        own = owner_of.get(path)
        if own is None:
            continue
        is_demo = path.startswith("snippets/demos/")
        modules = imported(tree.files[path])
        for module in sorted(modules):
            top = module.split(".")[0]
            if top == "snippets":
                wrong = _of_ours(tree.syllabus, own, module, owner_of, is_demo)
                yield from (f"{path}: imports {what}" for what in wrong)
            elif top not in LIBRARIES | set(sys.stdlib_module_names):
                yield f"{path}: imports {top!r}, which a snippet may not depend on"
            if module in DRAWING and not is_demo:
                yield f"{path}: imports {module}, which only a demo needs"
        if is_demo and own.module not in modules:
            yield f"{path}: does not import {own.module}, which it is to show"
    for path in tree.under("snippets/lab/", ".py"):
        for module in sorted(imported(tree.files[path])):
            if module.startswith("snippets.") and module.split(".")[1] != "lab":
                yield f"{path}: the lab knows nothing of {module}"


def _of_ours(
    syllabus: Syllabus,
    own: Concept,
    module: str,
    owner_of: Mapping[str, Concept],
    is_demo: bool,
) -> Iterator[str]:
    """What is wrong with importing a module of ours for the concept `own`."""
    chapters = [chapter.name for chapter in syllabus.chapters]
    _, *rest = module.split(".")
    other = owner_of.get("/".join(module.split(".")[:3]) + ".py")
    if other is not None:
        if other.name not in syllabus.closure(own.name) | {own.name}:
            yield f"{other.name}, which it does not build on"
        if chapters.index(str(other.chapter)) > chapters.index(str(own.chapter)):
            yield f"{other.name} of a later chapter"
    if rest and rest[0] not in ("lab", *chapters, *["demos"] * is_demo):
        yield f"{module}, neither lab nor chapter"
