"""What a concept's code imports; which floor may use which, import-linter sees."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from website.edges.tree import Tree, imported, owners

# What a snippet may depend on: what broke older teaching code was anything more.
LIBRARIES = {"torch", "numpy", "regex", "safetensors", "jaxtyping", "matplotlib"}
# What turns numbers into drawings.
DRAWING = {"matplotlib", "snippets.lab.plots"}


def imports(tree: Tree) -> Iterator[str]:
    """A snippet imports the lab, what its concept builds on, and little else.

    So does its demo, which may draw as well, and imports the snippet itself.
    """
    owner_of = owners(tree)
    for path in tree.snippets:
        own = owner_of.get(path)
        if own is None:
            continue
        known = tree.syllabus.closure(own.name) | {own.name}
        is_demo = path.startswith("snippets/demos/")
        modules = imported(tree.files[path])
        for module in sorted(modules):
            top = module.split(".")[0]
            if top == "snippets":
                other = owner_of.get("/".join(module.split(".")[:3]) + ".py")
                if other and other.name not in known:
                    yield f"{path}: imports {other.name}, which it does not build on"
            elif top not in LIBRARIES | set(sys.stdlib_module_names):
                yield f"{path}: imports {top!r}, which a snippet may not depend on"
            if module in DRAWING and not is_demo:
                yield f"{path}: imports {module}, which only a demo needs"
        if is_demo and own.module not in modules:
            yield f"{path}: does not import {own.module}, which it is to show"
