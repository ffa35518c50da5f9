"""The built site as a browser meets it: under a sub-path, over http.

A project's pages live under `/REPO/` on most hosts; a link that forgets it works on
a developer's machine and breaks for every reader. So tests, `make links` and
`make lighthouse` all look at a site that is built for and served from a sub-path.
"""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from syllabus import ROOT

PREFIX = "/runnable-transformer/"
COMPRESSED = {".html", ".css", ".js", ".json", ".svg", ".xml", ".txt"}
QUIET = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}


class BuildError(Exception):
    """MkDocs ended with an error or a warning; the message is what it printed."""


@dataclass(frozen=True)
class Site:
    """A built site: where its files are, and where it answers."""

    folder: Path
    url: str  # ends in a slash


class _Handler(SimpleHTTPRequestHandler):
    """Files below the prefix, the site's own 404 page elsewhere; text compressed."""

    protocol_version = "HTTP/1.1"

    def send_head(self):  # type: ignore[no-untyped-def]
        asked = unquote(urlsplit(self.path).path)
        path = Path(self.translate_path("/" + asked.removeprefix(PREFIX)))
        inside = asked.startswith(PREFIX)
        if inside and path.is_dir() and not asked.endswith("/"):
            self.send_response(301)
            self.send_header("Location", f"{self.path}/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        path = path / "index.html" if path.is_dir() else path
        there = inside and path.is_file()
        path = path if there else Path(self.directory) / "404.html"
        body = path.read_bytes() if path.is_file() else b"Not found"
        self.send_response(200 if there else 404)
        self.send_header("Content-Type", self.guess_type(path))
        # As every host of static pages does, send text compressed.
        if path.suffix in COMPRESSED and "gzip" in self.headers.get(
            "Accept-Encoding", ""
        ):
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)

    def end_headers(self) -> None:
        # Without this header LinkChecker spares the server, and takes a minute.
        self.send_header("LinkChecker", "go ahead")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: tests ask for thousands of pages."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up early is no error of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder under the prefix from threads; gives the address."""
    handler = partial(_Handler, directory=str(folder))
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def build(folder: Path, site_url: str, config: Path = ROOT / "mkdocs.yml") -> None:
    """Build the site strictly into `folder`, for `site_url`.

    Raises:
        BuildError: MkDocs failed or warned.
    """
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean"]
    command += ["--config-file", str(config), "--site-dir", str(folder)]
    built = subprocess.run(
        command,
        cwd=config.parent,
        env={**os.environ, **QUIET, "SITE_URL": site_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if built.returncode:
        raise BuildError(built.stdout)


@contextmanager
def built_and_served() -> Iterator[Site]:
    """Build the whole site into a temporary folder and serve it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "site"
        folder.mkdir()
        with serve(folder) as url:
            build(folder, url)
            yield Site(folder, url)
