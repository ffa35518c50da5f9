"""Serve the site with live reload: `python -m tools.serve [PORT]`."""

from __future__ import annotations

import os
import socket
import sys

from syllabus import ROOT
from tools.served import QUIET

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((HOST, port))
        except OSError:
            return False
    return True


def port_near(wanted: int) -> int:
    """The wanted port, or the next one that is free."""
    for port in range(wanted, min(wanted + 100, 65536)):
        if is_free(port):
            return port
    sys.exit(
        f"serve: no free port from {wanted} on. Name another: make serve PORT=9000"
    )


def main(arguments: list[str]) -> None:
    text = arguments[0] if arguments else "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        sys.exit(f"serve: {text!r} is no port. For example: make serve PORT=8000")
    port = port_near(int(text))
    if port != int(text):
        print(f"Port {text} is taken.")
    print(f"Building. Then open http://{HOST}:{port}/ (Ctrl-C ends it)", flush=True)
    command = [sys.executable, "-m", "mkdocs", "serve", "--livereload"]
    command += ["--dev-addr", f"{HOST}:{port}"]
    os.chdir(ROOT)
    # In this process, not in another: who ends it ends the server.
    os.execve(command[0], command, {**os.environ, **QUIET})


if __name__ == "__main__":
    main(sys.argv[1:])
