"""Follow every link of a served site: pages, anchors, images, style sheets.

`python -m tools.links` builds the site, follows its links and prints the broken
ones; with `--elsewhere` it also asks every other host. LinkChecker does the
following, as tools/linkcheckerrc says; but it would fetch and read a page once more
for each anchor on it, so the anchors are looked up here.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

from tools.served import BuildError, Site, built_and_served

SETTINGS = Path(__file__).with_name("linkcheckerrc")
# Of another host's answers, only these say that a page is gone. Others (403, 429, 503,
# no answer in time) may mean that it does not talk to programs.
GONE = ("404", "410", "NameResolutionError", "getaddrinfo failed")


class LinkCheckerError(Exception):
    """LinkChecker itself failed; the message is what it printed."""


@dataclass(frozen=True, order=True)
class BrokenLink:
    """A link that leads nowhere: the page it is on, its target, what is wrong.

    Page and target are paths of the site, from its host's root on.
    """

    page: str
    target: str
    wrong: str

    def __str__(self) -> str:
        return f"{self.page}: {self.target}: {self.wrong}"


def broken_links(site: Site, elsewhere: bool = False) -> list[BrokenLink]:
    """Every broken link of a served site.

    With `elsewhere`, links to other hosts are followed as well, and are broken where
    the host says that the page is gone, or where there is no such host.

    Raises:
        LinkCheckerError: LinkChecker did not come to an end.
    """
    command = [sys.executable, "-m", "linkcheck", "--config", str(SETTINGS)]
    command += ["--check-extern"] * elsewhere
    # The sitemap is a start too: the home page alone would miss orphans. So is the
    # 404 page, which no page links to and which a reader meets at any depth.
    starts = [site.url, f"{site.url}sitemap.xml", f"{site.url}404.html"]
    ran = subprocess.run(
        [*command, *starts],
        cwd=tempfile.gettempdir(),  # where it may write, as root turned `nobody`
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
    )
    rows = [line for line in ran.stdout.splitlines() if not line.startswith("# ")]
    if ran.returncode not in (0, 1) or not rows or "urlname" not in rows[0]:
        raise LinkCheckerError(ran.stdout[-2000:] + ran.stderr[-2000:])
    origin = urljoin(site.url, "/").rstrip("/")
    found = {
        BrokenLink(
            page=urldefrag(row["parentname"] or row["url"]).url[len(origin) :],
            target=row["url"].removeprefix(origin),
            wrong=row["warningstring"] or row["result"],
        )
        for row in csv.DictReader(rows, delimiter=";")
        if row["url"].startswith(origin)
        or (row["valid"] == "False" and any(sign in row["result"] for sign in GONE))
    }
    return sorted({*found, *_lost_anchors(site, origin)})


class _Page(HTMLParser):
    """The ids on a page, and the links."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: set[str | None] = set()
        self.links: set[str] = set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids.add(given.get("id"))
        self.links.update(filter(None, [given.get("href")]))


def _lost_anchors(site: Site, origin: str) -> Iterator[BrokenLink]:
    """The links to an anchor that is not on its page."""
    pages = {}
    for file in site.folder.rglob("*.html"):
        path = file.relative_to(site.folder).as_posix()
        pages[site.url + path.removesuffix("index.html")] = _Page(file)
    for address, page in pages.items():
        for link in page.links:
            target, anchor = urldefrag(urljoin(address, link))
            if anchor and target in pages and unquote(anchor) not in pages[target].ids:
                place = f"{target}#{anchor}".removeprefix(origin)
                yield BrokenLink(address.removeprefix(origin), place, "no such anchor")


def main() -> None:
    elsewhere = sys.argv[1:] == ["--elsewhere"]
    if sys.argv[1:] and not elsewhere:
        sys.exit("The only option is --elsewhere: ask other hosts, too.")
    try:
        with built_and_served() as site:
            broken = broken_links(site, elsewhere)
            pages = len(list(site.folder.rglob("*.html")))
    except (BuildError, LinkCheckerError) as failed:
        sys.exit(str(failed))
    for link in broken:
        print(link)
    if broken:
        sys.exit(f"{len(broken)} broken links on {pages} pages.")
    print(f"Every link of {pages} pages leads somewhere.")


if __name__ == "__main__":
    main()
