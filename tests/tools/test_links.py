"""No link of the built site is broken, and a broken one would be seen."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

import pytest

from tools.links import BrokenLink, broken_links
from tools.served import PREFIX, Site, serve

HOME = """<!doctype html><title>Home</title><link rel="icon" href="data:,">
<a href="second/">fine</a> <a href="second/#here">fine</a>
<a href="{prefix}second/">fine</a> <a href="mailto:nobody@example.org">not asked</a>
<a href="http://localhost:9/">nobody answers; a reader may be luckier</a>
"""
SECOND = """<!doctype html><title>Second</title><h1 id="here">Here</h1>
<a href="../">fine</a>
"""
PAGE_404 = """<!doctype html><title>Not found</title><a href="{prefix}">home</a>"""
SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{locations}</urlset>"""


@pytest.fixture
def small_site(tmp_path: Path) -> Path:
    """Two pages, the second also named in the sitemap, and no broken link."""
    pages = {"index.html": HOME, "second/index.html": SECOND, "404.html": PAGE_404}
    for name, html in pages.items():
        page = tmp_path / name
        page.parent.mkdir(exist_ok=True)
        page.write_text(html.format(prefix=PREFIX), encoding="utf-8")
    return tmp_path


def follow(folder: Path, orphan: str, elsewhere: bool) -> list[BrokenLink]:
    with serve(folder) as url:
        named = f"<url><loc>{url}{orphan}</loc></url>"
        sitemap = SITEMAP.format(locations=named)
        (folder / "sitemap.xml").write_text(sitemap, encoding="utf-8")
        return broken_links(Site(folder, url), elsewhere)


def add(page: Path, html: str) -> None:
    page.parent.mkdir(exist_ok=True)
    before = page.read_text(encoding="utf-8") if page.exists() else "<!doctype html>"
    page.write_text(before + html, encoding="utf-8")


PLANTED = [
    ("index.html", '<a href="nowhere/">gone</a>', "nowhere/"),
    ("index.html", '<a href="second/#there">no such anchor</a>', "second/#there"),
    ("index.html", '<script src="none.js"></script>', "none.js"),
    ("second/index.html", '<a href="#lost">no such anchor</a>', "second/#lost"),
    ("second/index.html", '<img src="none.png" alt="">', "second/none.png"),
    ("404.html", '<a href="away/">relative, at any depth</a>', "away/"),
    # Only the sitemap knows this page.
    ("orphan/index.html", '<img src="none.png" alt="">', "orphan/none.png"),
    # Works where the site is at the root of its host, as on `make serve`.
    ("index.html", '<a href="/second/">forgets the sub-path</a>', "/second/"),
]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_broken_links_are_those_planted_and_nothing_else(
    small_site: Path, tmp_path_factory: pytest.TempPathFactory, elsewhere: bool
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "index.html").write_text("<!doctype html><title>Other</title>")
    for page, html, _ in PLANTED:
        add(small_site / page, html)
    with serve(other) as served:
        address = served.replace("127.0.0.1", "localhost")
        for target in (address, f"{address}gone.html"):
            add(small_site / "index.html", f'<a href="{target}">elsewhere</a>')
        found = follow(small_site, "orphan/", elsewhere)
    planted = {
        (PREFIX + page.removesuffix("index.html"), urljoin(PREFIX, target))
        for page, _, target in PLANTED
    }
    gone = {(PREFIX, f"{address}gone.html")} if elsewhere else set()
    assert {(link.page, link.target) for link in found} == planted | gone


def test_every_link_of_the_site_leads_somewhere(site: Site) -> None:
    broken = broken_links(site)
    assert not broken, "\n".join(map(str, broken))
