"""One guard around a command: whatever happens, no traceback and a right status.

It imports nothing that takes time: Ctrl-C may come while the command is imported.
"""

from __future__ import annotations

import importlib
import io
import os
import sys


def guarded(module: str) -> int:
    """Import a module and call its `main()`.

    Returns:
        Its exit status; 1 when nobody reads the output any more, or when it cannot be
        written, which is told on stderr; 130 on Ctrl-C.
    """
    try:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is None:  # closed by who calls: `>&-`
                setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
            elif isinstance(stream, io.TextIOWrapper):
                # A title in Russian must not end in a traceback on an ASCII terminal.
                stream.reconfigure(errors="backslashreplace")
        try:
            status = int(importlib.import_module(module).main())
        except SystemExit as wrong_command:
            status = int(wrong_command.code or 0)
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        status = 1  # whoever read the output has seen enough
    except OSError as error:
        reason = error.strerror or type(error).__name__
        mend = "To mend it: make room, or write elsewhere"
        print(f"The output cannot be written ({reason}). {mend}.", file=sys.stderr)
        status = 1
    else:
        return status
    # What is still to be written must not fail once more when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return status
