"""Run every notebook and record what its cells show: `python -m tools.notebooks`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from syllabus import ROOT

NOTEBOOKS = ROOT / "docs" / "notebooks"


def run(path: Path, change: Callable[[Any], Any] = lambda notebook: notebook) -> Any:
    """The notebook with what its cells show today, each of them run afresh.

    Args:
        change: what is done to the notebook before it runs.

    Raises:
        CellExecutionError: a cell ends in an error.
    """
    notebook = nbformat.from_dict(  # type: ignore[no-untyped-call]
        change(nbformat.read(path, as_version=4))  # type: ignore[no-untyped-call]
    )
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(ROOT)}},
    )
    client.execute()
    # The release of Python that ran it is no part of a notebook.
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def main() -> None:
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        try:
            nbformat.write(run(path), path)  # type: ignore[no-untyped-call]
        except CellExecutionError as error:
            sys.exit(f"notebooks: {path.name}: {error.ename}: {error.evalue}")
        print(f"ran {path.name}")


if __name__ == "__main__":
    main()
