"""The prose of this site as it once was: a text of a real kind to learn letters from.

Frozen, so that what is learned from it does not change when a page does: the pages on
concepts, the guides of the reading list and the stories of robot.txt, without code,
formulas, tables and links, in ASCII. A line `# NAME` begins each of its 225 pages.
"""

from __future__ import annotations

import re
from pathlib import Path

# Of every ten pages the sixth chooses (when to stop, which unit), the third tests.
PARTS = {"choose": 5, "test": 2}
EVERY = 10


def pages(part: str = "train") -> list[str]:
    """The pages to train on, to choose by, or to test on; no page is in two parts.

    Raises:
        ValueError: there is no such part.
    """
    if part not in ("train", *PARTS):
        raise ValueError(f"a part is train, {' or '.join(PARTS)}; not {part!r}")
    path = Path(__file__).with_name("pages.txt")
    bodies = re.split(r"(?m)^# .*\n", path.read_text(encoding="utf-8"))[1:]
    of = {rest: name for name, rest in PARTS.items()}
    return [
        body.strip() + "\n"
        for number, body in enumerate(bodies)
        if of.get(number % EVERY, "train") == part
    ]
