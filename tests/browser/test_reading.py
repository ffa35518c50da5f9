"""What somebody does who reads: copy code, follow the contents, go on, print."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from tests.browser.opened import LAPTOP, PHONE, opened
from tools.browser import until
from tools.served import Site

CONCEPT = "concepts/attention/"
NOTEBOOK = "notebooks/attention-by-hand/"


@pytest.mark.parametrize("path", ["", CONCEPT, "before-you-start/", "add/", NOTEBOOK])
def test_every_copy_button_copies_its_own_block(
    browser: Browser, site: Site, path: str
) -> None:
    allowed = ["clipboard-read", "clipboard-write"]
    with opened(browser, site.url + path, permissions=allowed) as page:
        page.evaluate(
            "document.querySelectorAll('main details').forEach(d => d.open = true)"
        )
        blocks = page.locator("main pre:has(.md-code__button)")
        blocks.first.wait_for()
        for block in blocks.all():
            page.evaluate("navigator.clipboard.writeText('nothing')")
            block.locator(".md-code__button").click()
            until(page, "await navigator.clipboard.readText() !== 'nothing'")
            copied = page.evaluate("navigator.clipboard.readText()")
            assert copied == block.locator("code").inner_text().rstrip()


@pytest.mark.parametrize("path", [CONCEPT, "before-you-start/", "does-it-hold/"])
def test_the_contents_lead_to_the_section_that_they_name(
    browser: Browser, site: Site, path: str
) -> None:
    with opened(browser, site.url + path) as page:
        entries = page.locator(".md-sidebar--secondary .md-nav__link")
        header = page.locator(".md-header").bounding_box()["height"]
        for entry in entries.all():
            anchor = entry.get_attribute("href")
            entry.click()
            page.wait_for_timeout(200)
            page.mouse.wheel(0, 3)  # the address is written anew at every scroll
            page.wait_for_timeout(200)
            top = page.locator(f"[id='{anchor.split('#')[1]}']").bounding_box()["y"]
            at_the_end = page.evaluate(
                "scrollY + innerHeight >= document.documentElement.scrollHeight - 1"
            )
            if at_the_end:  # nothing below to scroll up
                break
            assert page.url.endswith(anchor)
            lit = page.locator(".md-sidebar--secondary .md-nav__link--active").last
            assert lit.get_attribute("href").endswith(anchor)
            assert header - 5 <= top < header + 30


def test_the_buttons_and_the_keys_lead_the_same_way(
    browser: Browser, site: Site
) -> None:
    kinds = ["before-you-start/", "notation/", "corpus/", NOTEBOOK]
    kinds += ["resources/devlin-2018-bert/"]
    concepts = sorted(site.folder.glob("concepts/*/"))
    assert len(concepts) > 10
    with opened(browser, site.url) as page:
        for path in [*kinds, *(f"concepts/{folder.name}/" for folder in concepts)]:
            page.goto(site.url + path)
            for button, rel in (("a.next", "next"), ("a.previous", "prev")):
                shown = page.locator(f"main .way {button}:visible")
                linked = page.locator(f"head link[rel={rel}]")
                assert linked.count() == shown.count(), path
                if shown.count():
                    ends = [at.evaluate("a => a.href") for at in (shown, linked)]
                    assert ends[0].removesuffix("#map") == ends[1], path
        # There by the button, on by n, and back by p, without a reload.
        page.goto(site.url + "before-you-start/")
        stops = [page.url]
        page.evaluate("window.stayed = true")
        page.locator("a.next").click()
        page.wait_for_url("**/concepts/*/")
        stops.append(page.url)
        # The address changes first, the page after it.
        until(page, f"document.querySelector('.way a.previous')?.href === '{stops[0]}'")
        following = page.locator(".way a.next").evaluate("a => a.href")
        page.keyboard.press("n")
        page.wait_for_url(following)
        for stop in reversed(stops):
            page.locator(f"head link[rel=prev][href='{stop}']").wait_for(
                state="attached"
            )
            page.keyboard.press("p")
            page.wait_for_url(stop)
        assert page.evaluate("window.stayed")


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE])
def test_a_planned_station_leads_to_what_the_catalogue_has(
    browser: Browser, site: Site, viewport: dict[str, int]
) -> None:
    with opened(browser, site.url, viewport=viewport) as page:
        station = page.locator(".map-planned:visible").first
        (station if viewport == LAPTOP else station.locator("a")).click()
        page.wait_for_url("**/catalogue/?concept=*")
        page.locator(".entries li:visible").first.wait_for()
        shown = page.locator(".entries li:visible").count()
        assert 0 < shown < page.locator(".entries li").count()


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("concepts/", ["", "#map"]),
        ("resources/", ["catalogue/"]),
        ("concepts/bert/", ["catalogue/?concept=bert"]),
        ("concepts/Heads", ["concepts/heads/"]),
        ("bert-base", ["catalogue/?concept=bert"]),
        ("resources/no-such-thing/", ["catalogue/"]),
        ("odd", []),
        ("100%/bert", ["catalogue/?concept=bert"]),
        ("%E0%A4%A/heads", ["concepts/heads/"]),
    ],
)
def test_the_page_for_what_is_missing_knows_the_word(
    browser: Browser, site: Site, path: str, leads: list[str]
) -> None:
    with opened(browser, site.url + path) as page:
        assert page.title().startswith("There is no page here")
        links = page.locator(".meant a:visible")
        ends = [link.evaluate("a => a.href") for link in links.all()]
        assert ends == ([site.url + "".join(leads)] if leads else [])


def test_breadcrumbs_lead_to_other_pages(browser: Browser, site: Site) -> None:
    paths = [CONCEPT, "concepts/heads/", "before-you-start/", "notation/", "corpus/"]
    with opened(browser, site.url) as page:
        for path in paths:
            page.goto(site.url + path)
            ends = page.locator(".md-path a").evaluate_all(
                "all => all.map(a => a.href)"
            )
            assert ends[0] == site.url and site.url + path not in ends
            assert (site.url + "#map" in ends) is path.startswith("concepts/")


def test_home_says_what_it_is_about(browser: Browser, site: Site) -> None:
    with opened(browser, site.url) as page:
        name = "The Runnable Transformer"
        assert page.title() == name
        shared = page.locator("meta[property='og:title']").get_attribute("content")
        assert shared == name
        first = page.locator("main h1 ~ p").first
        assert first.inner_text().startswith("A Transformer is ")
        assert first.bounding_box()["y"] < LAPTOP["height"] / 2


# --- With the keyboard

STOP = """() => {
  const stop = document.activeElement;
  // What is inside a hidden radio button's form is shown by its label.
  const shown = stop.matches(".md-option") ? stop.closest("form") : stop;
  const { top, bottom, left, right } = shown.getBoundingClientRect();
  return {
    inText: !!stop.closest("article"),
    seen: bottom > top && right > left && bottom > 0 && top < innerHeight
      && right > 0 && left < innerWidth && shown.checkVisibility(
        { opacityProperty: true, visibilityProperty: true }),
    what: stop.outerHTML.slice(0, 120),
  };
}"""


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_every_stop_on_the_way_to_the_text_is_seen(
    browser: Browser, site: Site, viewport: dict[str, int]
) -> None:
    options = {"viewport": viewport, "reduced_motion": "reduce"}
    with opened(browser, site.url + CONCEPT, **options) as page:
        stops = []
        while not (stops and stops[-1]["inText"]):
            page.keyboard.press("Tab")
            page.wait_for_timeout(30)
            stops.append(page.evaluate(STOP))
            assert len(stops) < 60
        assert [stop["what"] for stop in stops if not stop["seen"]] == []
        if viewport == PHONE:
            assert len(stops) < 10


def test_the_menu_on_a_phone_opens_for_the_keyboard_and_shows_the_site(
    browser: Browser, site: Site
) -> None:
    with opened(browser, site.url + CONCEPT, viewport=PHONE) as page:
        assert not page.locator(".menu-links a").first.is_visible()
        page.locator(".md-header__button[for=__drawer]").focus()
        page.keyboard.press("Enter")
        page.locator(".menu-links a").first.focus()
        page.keyboard.press("Escape")
        page.locator(".menu-links a").first.wait_for(state="hidden")
        page.keyboard.press("Enter")  # the button has the focus again
        page.wait_for_timeout(400)
        names = ["Map", "Catalogue", "Add", "Code"]
        links = page.locator(".menu-links a")
        assert links.all_inner_texts() == names
        for link in links.all():
            box = link.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 242
            assert box["y"] >= 0 and box["height"] >= 44
        # No empty band: the chapter's name comes straight after.
        title = page.locator(".md-nav__title:visible").last.bounding_box()
        assert title["y"] < 50 and title["height"] < 60
        links.nth(1).click()
        page.wait_for_url("**/catalogue/")


def test_a_key_opens_the_search_on_a_phone(browser: Browser, site: Site) -> None:
    with opened(browser, site.url + CONCEPT, viewport=PHONE) as page:
        page.keyboard.press("/")
        page.keyboard.type("softmax")
        found = page.locator(".md-search-result__link:visible").first
        found.wait_for()
        assert "softmax" in page.locator(".md-search__input").input_value()


def test_the_ring_of_a_menu_entry_is_whole(browser: Browser, site: Site) -> None:
    with opened(browser, site.url + "concepts/reading-papers/") as page:
        page.locator(".md-sidebar--primary a:visible").nth(1).focus()
        page.keyboard.press("Shift+Tab")
        page.wait_for_timeout(100)
        cut = page.evaluate(
            """() => {
              const entry = document.activeElement;
              const { outlineWidth, outlineOffset } = getComputedStyle(entry);
              const ring = parseFloat(outlineWidth) + parseFloat(outlineOffset);
              const box = entry.closest(".md-sidebar__scrollwrap");
              const [within, top] = [box, entry].map(
                e => e.getBoundingClientRect().top);
              return within - (top - ring);
            }"""
        )
        assert cut <= 0


def test_the_space_bar_switches_between_light_and_dark(
    browser: Browser, site: Site
) -> None:
    with opened(browser, site.url, color_scheme="light") as page:
        scheme = "document.body.getAttribute('data-md-color-scheme')"
        switch = page.locator("[data-md-component=palette]")
        shown = [page.evaluate(scheme)]
        switch.locator("input").first.focus()
        for _ in range(2):
            page.keyboard.press("Space")
            page.wait_for_timeout(100)
            shown.append(page.evaluate(scheme))
        assert shown == ["default", "default", "slate"]
        assert page.evaluate("scrollY") == 0


# --- On paper, and on a phone


def test_paper_keeps_answers_folded_and_things_whole(
    browser: Browser, site: Site
) -> None:
    with opened(browser, site.url + CONCEPT) as page:
        questions = page.locator("details.question")
        questions.nth(1).locator("summary").click()
        page.emulate_media(media="print")
        answers = [q.locator("> :not(summary)").first for q in questions.all()]
        page.wait_for_timeout(200)  # Material opens them all
        assert [i for i, answer in enumerate(answers) if answer.is_visible()] == [1]
        arrow = "q => getComputedStyle(q.querySelector('summary'), '::before').rotate"
        assert [q.evaluate(arrow) for q in questions.all()][:2] == ["none", "90deg"]
        for part in ("figure", "tr", "pre"):
            whole = page.locator(f"article {part}").first
            assert whole.evaluate("e => getComputedStyle(e).breakInside") == "avoid"
        heading = page.locator("article h2").first
        assert heading.evaluate("e => getComputedStyle(e).breakAfter") == "avoid"
        column = page.locator("article > p").first.bounding_box()["width"]
        assert column > 0.75 * LAPTOP["width"]
        # A page that takes 9 minutes took 12 sheets.
        assert len(re.findall(rb"/Type */Page\b", page.pdf(format="A4"))) <= 8
        printed = page.locator("article p a, article li a").evaluate_all(
            "all => all.map(a => [a.href, getComputedStyle(a, '::after').content])"
        )
        assert {address.startswith(site.url) for address, _ in printed} == {True, False}
        for address, after in printed:
            assert (address in after) is not address.startswith(site.url)


def test_an_answer_is_set_in_plain_type(browser: Browser, site: Site) -> None:
    with opened(browser, site.url + CONCEPT) as page:
        answer = page.locator("details.question").last
        answer.locator("summary").click()
        style = "e => { const s = getComputedStyle(e); return [s.fontStyle, s.color] }"
        plain = page.locator("article > p").nth(2).evaluate(style)
        assert answer.locator("p").first.evaluate(style) == plain
        assert plain[0] == "normal"


def test_a_table_on_a_phone_has_lines_of_several_words(
    browser: Browser, site: Site
) -> None:
    with opened(browser, site.url + "notation/", viewport=PHONE) as page:
        words, lines = page.locator("main table").first.evaluate(
            """table => {
              let words = 0, lines = 0;
              for (const cell of table.querySelectorAll("td:nth-child(2)")) {
                const { lineHeight, paddingTop } = getComputedStyle(cell);
                const height = cell.clientHeight - 2 * parseFloat(paddingTop);
                words += cell.innerText.split(" ").length;
                lines += Math.round(height / parseFloat(lineHeight));
              }
              return [words, lines];
            }"""
        )
        assert words > 100
        assert words > 3 * lines
        page.goto(site.url + "corpus/")
        cells = page.locator("main td").all_inner_texts()
        # What stands apart is tied to the word before: no mark gets its own line.
        assert any("\N{NO-BREAK SPACE}?" in cell for cell in cells)
        assert [cell for cell in cells if cell.endswith((" .", " ?"))] == []
