"""Print every fault: `python -m website.edges`."""

from __future__ import annotations

from website.edges import faults
from website.edges.tree import Tree


def main() -> int:
    """Print every fault; the exit status says whether there is one."""
    lines = [
        f"{name}: {fault}" for name, f in faults(Tree.read()).items() for fault in f
    ]
    print("\n".join(lines) or "Every edge holds.")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
