"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path


def part_of(path: Path) -> Path:
    """Where a file is written before it takes its name."""
    return path.with_name(f".{path.name}.part")


def write(contents: Mapping[Path, str | bytes]) -> None:
    """Write files that belong together: all of them, or none is touched.

    Folders that are missing are made. A text is written as UTF-8.

    Raises:
        OSError: one cannot be written; those that were there are as they were.
    """
    parts = {part_of(path): path for path in contents}
    try:
        for part, content in zip(parts, contents.values(), strict=True):
            part.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
        for part, path in parts.items():
            part.replace(path)
    finally:
        for part in parts:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
