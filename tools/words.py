"""Run a module with the words of ARGS: `ARGS="-k 'a b'" python tools/words.py pytest`.

What somebody types for make reaches the program as its words. No shell reads it, so
a `;` in it ends nothing.
"""

from __future__ import annotations

import os
import shlex
import sys


def main() -> None:
    try:
        words = shlex.split(os.environ.get("ARGS", ""))
    except ValueError as error:
        sys.exit(f"make: ARGS cannot be read: {error}. To mend it: close the quotes")
    command = [sys.executable, "-m", *sys.argv[1:], *words]
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
