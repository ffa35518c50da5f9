"""A claim has its test and its record, and names a paper that we list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath

from website.edges.tree import Tree, proof_of

RECORDS = "docs/results/claims/"


def claims(tree: Tree) -> Iterator[str]:
    """Each claim is tested and recorded; each test and record is of a claim."""
    owned: set[str] = set()
    for path in tree.claims:
        name = PurePosixPath(path).stem.replace("_", "-")
        records = [f"{RECORDS}{name}.{ending}" for ending in ("json", "txt", "svg")]
        for room in (proof_of(path), *records):
            owned.add(room)
            if room not in tree.files:
                yield f"the claim {name}: {room} is missing"
        paper = json.loads(tree.files.get(records[0], "{}")).get("paper")
        if records[0] in tree.files and paper not in tree.resources:
            yield f"{records[0]}: names the paper {paper!r}, which does not exist"
    for path in tree.files:
        if path.startswith((RECORDS, "tests/snippets/claims/")) and path not in owned:
            yield f"{path}: belongs to no claim of snippets/claims/"
