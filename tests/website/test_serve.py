"""`make serve` finds a port, and says in one line when it cannot."""

from __future__ import annotations

import socket

import pytest

from website import serve


def test_a_port_that_is_taken_gives_way_to_the_next_that_is_free() -> None:
    with socket.socket() as taken:
        taken.bind((serve.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = serve.port_near(port)
    assert port < found < port + 100
    assert serve.port_near(port) == port


@pytest.mark.parametrize("text", ["", "eight", "0", "65536", "-1", "8000.5"])
def test_a_wrong_port_gets_one_line(text: str) -> None:
    with pytest.raises(SystemExit, match=r"^serve: .* is no port\."):
        serve.main([text])


def test_no_free_port_gets_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "is_free", lambda port: False)
    with pytest.raises(SystemExit, match=r"^serve: no free port from 8000 on\."):
        serve.port_near(8000)
