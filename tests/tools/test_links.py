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
<a href="http://localhost:9/gone">another host, not asked</a>
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


def follow(folder: Path, *orphans: str, elsewhere: bool = False) -> list[BrokenLink]:
    with serve(folder) as url:
        named = "".join(f"<url><loc>{url}{page}</loc></url>" for page in orphans)
        sitemap = SITEMAP.format(locations=named)
        (folder / "sitemap.xml").write_text(sitemap, encoding="utf-8")
        return broken_links(url, elsewhere)


def add(page: Path, html: str) -> None:
    page.parent.mkdir(exist_ok=True)
    before = page.read_text(encoding="utf-8") if page.exists() else "<!doctype html>"
    page.write_text(before + html, encoding="utf-8")


def test_broken_links_are_none_on_a_site_in_order(small_site: Path) -> None:
    assert follow(small_site, "second/") == []


def test_broken_links_are_those_planted_and_nothing_else(small_site: Path) -> None:
    planted = {
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
    }
    for page, html, _ in planted:
        add(small_site / page, html)
    found = follow(small_site, "orphan/")
    assert {(link.page, link.target) for link in found} == {
        (PREFIX + page.removesuffix("index.html"), urljoin(PREFIX, target))
        for page, _, target in planted
    }


def test_broken_links_elsewhere_are_asked_on_demand_and_only_what_is_gone_counts(
    small_site: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "index.html").write_text("<!doctype html><title>Other</title>")
    with serve(other) as served:
        address = served.replace("127.0.0.1", "localhost")
        shut = "http://localhost:9/"  # nobody answers; a reader may be luckier
        for target in (address, f"{address}gone.html", shut):
            add(small_site / "index.html", f'<a href="{target}">elsewhere</a>')
        (gone,) = follow(small_site, elsewhere=True)
    assert gone.target == f"{address}gone.html"
    assert gone.page == PREFIX


def test_every_link_of_the_site_leads_somewhere(site: Site) -> None:
    broken = broken_links(site.url)
    assert not broken, "\n".join(map(str, broken))
