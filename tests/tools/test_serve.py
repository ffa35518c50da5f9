"""`make serve` finds a port, and says in one line when it cannot."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from syllabus import ROOT
from tools import serve


def test_port_near_is_the_next_that_is_free() -> None:
    with socket.socket() as taken:
        taken.bind((serve.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = serve.port_near(port)
    assert port < found < port + 100
    assert serve.port_near(port) == port


@pytest.mark.parametrize("text", ["", "eight", "0", "65536", "-1", "8000.5"])
def test_wrong_port_gets_one_line(text: str) -> None:
    with pytest.raises(SystemExit, match=r"^serve: .* is no port\."):
        serve.main([text])


def test_no_free_port_gets_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "is_free", lambda port: False)
    with pytest.raises(SystemExit, match=r"^serve: no free port from 8000 on\."):
        serve.port_near(8000)


# A small site whose build starts what the real one starts: node, for the formulas.
CONFIG = "site_name: Small\nhooks: [hook.py]\n"
HOOK = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from website.maths import typeset
def on_page_content(html, **_): return html + typeset("x")
"""
SERVE = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from tools import serve
serve.ROOT = "."
serve.main([sys.argv[1]])
"""


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_whoever_ends_it_ends_all_that_it_started(
    tmp_path: Path, sign: signal.Signals
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Small\n")
    (tmp_path / "mkdocs.yml").write_text(CONFIG)
    (tmp_path / "hook.py").write_text(HOOK)
    port = serve.port_near(8100)
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port)],
        cwd=tmp_path,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    soon = time.monotonic() + 60
    while serve.is_free(port):
        assert server.poll() is None and time.monotonic() < soon
        time.sleep(0.1)
    server.send_signal(sign)
    server.wait(timeout=30)
    while time.monotonic() < soon:
        try:
            os.killpg(server.pid, 0)  # is anybody left of the group?
        except ProcessLookupError:
            break
        time.sleep(0.1)
    else:
        os.killpg(server.pid, signal.SIGKILL)
        pytest.fail("something goes on")
    assert serve.is_free(port)
