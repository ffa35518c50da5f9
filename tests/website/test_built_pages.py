"""No file of the built site runs or loads what is not named here.

Every page is read, not a page of each kind: what a stranger wrote may stand on one page
of two hundred.
"""

from __future__ import annotations

import logging
import re
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from mkdocs.config import load_config
from mkdocs.exceptions import PluginError

from syllabus import ROOT
from tests.website.strict_page import Judge, digest
from tools.served import Site
from website import hook
from website.policy import LOGO, content_security_policy, drawing_faults, unfit

# Every file that is published. Nothing but a page is HTML; scripts are the theme's,
# or stand in one folder.
PUBLISHED = """
    404.html index.html */index.html
    assets/javascripts/*.js assets/javascripts/*.js.map assets/js/*.js
    assets/stylesheets/*.css assets/stylesheets/*.css.map assets/css/*.css
    assets/vendor/*.css assets/vendor/*.woff2 assets/vendor/minisearch.js
    assets/images/favicon.png assets/cards/*.png
    *.svg notebooks/*.png search/search_index.json
    resources.json resources.csv resources.bib robots.txt sitemap.xml sitemap.xml.gz
"""

# --- The site


def test_no_page_runs_or_loads_what_is_not_named(site: Site) -> None:
    pages = sorted(site.folder.rglob("*.html"))
    assert len(pages) > 200
    found = [
        fault
        for page in pages
        for fault in Judge(
            site.url + page.relative_to(site.folder).as_posix(), site.url
        ).judged(page.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_no_file_is_published_that_is_not_named(site: Site) -> None:
    paths = [p.relative_to(site.folder) for p in site.folder.rglob("*") if p.is_file()]
    odd = [
        path.as_posix()
        for path in paths
        if not any(fnmatch(path.as_posix(), name) for name in PUBLISHED.split())
    ]
    assert odd == []


def test_no_drawing_and_no_style_sheet_loads_anything(site: Site) -> None:
    drawings = {p: p.read_text("utf-8") for p in site.folder.rglob("*.svg")}
    assert len(drawings) > 20
    for path, svg in drawings.items():
        alone = path.relative_to(site.folder).as_posix() == LOGO
        assert list(drawing_faults(svg, alone=alone)) == [], path
    sheets = {p: p.read_text("utf-8") for p in site.folder.rglob("*.css")}
    assert len(sheets) > 3
    for path, css in sheets.items():
        assert not re.search(r"@[\w\\]*import|image-set|\bsrc\(", css, re.I), path
        # An escape may spell any of them.
        assert not re.search(r"\\[0-9a-f]{1,6}\s?\w*\(", css, re.I), path
        for address in re.findall(r"url\(\s*[\"']?([^\"')]*)", css, re.I):
            assert re.match(r"data:|(?!\w+:|//)", address), (path, address)


def test_sitemap_and_robots_name_this_site(site: Site) -> None:
    sitemap = ElementTree.parse(site.folder / "sitemap.xml")
    named = [element.text or "" for element in sitemap.iter() if "loc" in element.tag]
    pages = {
        site.url + page.parent.relative_to(site.folder).as_posix() + "/"
        for page in site.folder.rglob("*/index.html")
    }
    assert sorted(named) == sorted({*pages, site.url})
    robots = (site.folder / "robots.txt").read_text(encoding="utf-8")
    assert f"Sitemap: {site.url}sitemap.xml\n" in robots


# --- Faults that would be seen

ROOT_URL = "http://127.0.0.1/site/"
SCRIPT = "start()"
PAGE = f"""<!doctype html>
<html><head>
<meta http-equiv="Content-Security-Policy"
 content="{content_security_policy([SCRIPT])}">
<meta charset="utf-8">
<link rel="stylesheet" href="../assets/css/site.css">
<script>{SCRIPT}</script></head>
<body><p title="a &lt; b">1 &lt; 2 <a href="https://example.org/">elsewhere</a>
<img src="a.png" alt=""> <svg viewBox="0 0 1 1"><path d="M0 0"/><use href="#a"/></svg>
HERE</p>
<script id="__config" type="application/json">{{"base": ".."}}</script>
<script defer src="../assets/js/site.js" type="module"></script></body></html>
"""
POLICY = content_security_policy([SCRIPT])


def judged(page: str) -> list[str]:
    return Judge(f"{ROOT_URL}a/index.html", ROOT_URL).judged(page)


def test_a_page_in_order_has_no_fault() -> None:
    assert judged(PAGE) == []


@pytest.mark.parametrize(
    "planted",
    [
        '<svg onload="a()"></svg>',
        '<img src="x.png" onerror="a()">',
        '<img src="x.png"onerror="a()">',
        "<img/onerror=a() src=x.png>",
        '<a href="#" tabindex=0 autofocus onfocus="a()">read</a>',
        '<a href="javascript:a()">read</a>',
        '<a href=" java&#9;script&colon;a()">read</a>',
        '<svg><a xlink:href="JavaScript:a()"><text>read</text></a></svg>',
        '<svg><animate attributeName="href" to="javascript:a()"/></svg>',
        '<a href="data:text/html,<script>a()</script>">read</a>',
        '<script src="https://cdn.example.org/x.js"></script>',
        '<script src="//cdn.example.org/x.js"></script>',
        '<script src="../resources.csv"></script>',
        "<script>a()</script>",
        '<script type="importmap">{}</script>',
        "<SCRIPT >a()</SCRIPT x>",
        '<meta http-equiv="refresh" content="0;url=https://example.org/">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<base href="https://example.org/">',
        '<link rel="stylesheet" href="https://example.org/x.css">',
        '<link rel="prefetch" href="https://example.org/">',
        "<style>@import 'https://example.org/x.css'</style>",
        '<p style="background: url(https://example.org/x)">x</p>',
        '<img src="https://example.org/x.png" alt="">',
        '<img src="x.png" srcset="https://example.org/x.png 2x" alt="">',
        '<svg><image href="https://example.org/x.png"/></svg>',
        '<svg><use href="https://example.org/x.svg#a"/></svg>',
        '<iframe src="../"></iframe>',
        '<iframe srcdoc="&lt;script&gt;a()&lt;/script&gt;"></iframe>',
        '<object data="x.svg"></object>',
        '<form action="https://example.org/"><button>go</button></form>',
        '<button formaction="javascript:a()">go</button>',
        '<!--><img src=x onerror="a()">-->',
        '<![CDATA[><img src=x onerror="a()">]]>',
        '<?x ><img src=x onerror="a()"?>',
        '<p title="a" title="b">x</p>',
        '<p id="__config">{}</p>',
        '<p style="position: fixed; inset: 0">Log in</p>',
    ],
)
def test_a_planted_fault_is_seen(planted: str) -> None:
    assert judged(PAGE.replace("HERE", planted))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (POLICY, ""),
        ("http-equiv=", "name="),
        ("'self' 'sha256", "'self' 'unsafe-inline' 'sha256"),
        ("script-src 'self'", "script-src 'self' https:"),
        ("connect-src 'self'", "connect-src *"),
        ("default-src 'none'", "default-src 'self'"),
        ("base-uri 'none'", "form-action 'none'"),
        (digest(SCRIPT), digest("a()")),
        ("<html><head>", '<html><head><link rel="icon" href="../assets/logo.svg">'),
    ],
)
def test_a_weaker_policy_is_seen(right: str, wrong: str) -> None:
    assert right in PAGE
    assert judged(PAGE.replace(right, wrong, 1))


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">{}</svg>'


@pytest.mark.parametrize(
    "planted",
    [
        "<script>a()</script>",
        '<path d="M0 0" onload="a()"/>',
        '<a href="javascript:a()"><path d="M0 0"/></a>',
        '<image href="https://example.org/x.png"/>',
        '<image href="data:image/svg+xml,x"/>',
        '<use href="x.svg#a"/>',
        "<foreignObject><p>x</p></foreignObject>",
        '<set attributeName="href" to="javascript:a()"/>',
        '<path style="fill: url(https://example.org/x#a)"/>',
        "<style>path { fill: red }</style>",
        "<title><img/></title>",
        # HTML takes the page itself into these.
        "<desc><g/></desc>",
        "<title><style/></title>",
        '<g class="md-search__overlay"/>',
        '<g style="fill: red; position: fixed"/>',
        "<title><![CDATA[><img src=x onerror=a()>]]></title>",
        "<!-- --!><img src=x onerror=a()> -->",
        '<x:script xmlns:x="http://www.w3.org/2000/svg">a()</x:script>',
        '<h:p xmlns:h="http://www.w3.org/1999/xhtml">x</h:p>',
        "<path",
    ],
)
def test_a_drawing_that_does_something_is_seen(planted: str) -> None:
    assert list(drawing_faults(SVG.format("<path d='M0 0'/>"))) == []
    assert list(drawing_faults(SVG.format(planted)))


def test_a_drawing_starts_with_itself() -> None:
    assert list(drawing_faults(f'<g xmlns="http://www.w3.org/2000/svg">{SVG}</g>'))
    for before in (
        "<?xml-stylesheet href='x.css'?>",
        "<!DOCTYPE svg [<!ENTITY a 'b'>]>",
    ):
        assert list(drawing_faults(before + SVG.format("")))


def test_files_of_other_kinds_and_links_are_not_published(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    for name in ("a.md", "assets/js/a.js", "assets/pictures/a.svg", "b.json"):
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SVG.format("") if name.endswith("svg") else "x")
    names = [p.relative_to(docs).as_posix() for p in docs.rglob("*") if p.is_file()]
    fine = [(name, name != "b.json") for name in names]
    assert list(unfit(docs, fine)) == []

    planted = ["assets/evil.html", "evil.js", "assets/css/a.js", "a.txt", "a"]
    planted += ["assets/jsx/a.js"]
    for name in planted:
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text("x")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.md").write_text("x")
    (docs / "linked.md").symlink_to(tmp_path / "secret" / "a.md")
    (docs / "folder").symlink_to(tmp_path / "secret")
    (docs / "assets/pictures/b.svg").write_text(SVG.format('<path onload="a()"/>'))
    links = [("linked.md", True), ("folder/a.md", False)]
    wrong = [*((name, True) for name in [*planted, "assets/pictures/b.svg"]), *links]
    lines = list(unfit(docs, [*fine, *wrong]))
    assert len(lines) == len(wrong)
    for line, (name, _) in zip(lines, wrong, strict=True):
        assert line.startswith(f"docs/{name}") and "\n" not in line


@pytest.mark.parametrize("sign", ["-8<-", "--8<--", "---8<---", ";--8<--"])
def test_a_page_includes_no_file_by_itself(sign: str) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="concepts/a.md"), meta={})
    with pytest.raises(PluginError, match=r"^concepts/a\.md: .*code\("):
        hook.on_page_markdown(f'Text\n\n{sign} "package.json"\n', page=page)


@pytest.mark.parametrize("name", ["author", "template", "location", "status"])
def test_a_page_says_of_itself_only_what_is_listed(name: str) -> None:
    file = SimpleNamespace(src_uri="concepts/a.md")
    page = SimpleNamespace(file=file, meta={"title": "A", name: '"><script>a()'})
    with pytest.raises(PluginError, match=rf"^concepts/a\.md: says {name} of itself"):
        hook.on_page_markdown("Text\n", page=page)


def test_the_build_still_refuses_what_leads_nowhere() -> None:
    config = load_config(str(ROOT / "mkdocs.yml"))
    assert config.mdx_configs["pymdownx.snippets"]["check_paths"] is True
    for kind in (config.validation.nav, config.validation.links):
        # In a strict build a warning is an error.
        assert set(kind.values()) == {logging.WARNING}, kind
