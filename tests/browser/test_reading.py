"""What somebody does who reads: copy code, follow the contents, go on, print."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from website.served import Site

PHONE = {"width": 360, "height": 800}
LAPTOP = {"width": 1280, "height": 800}
CONCEPT = "concepts/attention/"
NOTEBOOK = "notebooks/attention-by-hand/"


@contextmanager
def opened(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """The page in a fresh context, loaded to the last request."""
    context = browser.new_context(**{"viewport": LAPTOP, **options})
    try:
        page = context.new_page()
        page.goto(address)
        page.wait_for_load_state("networkidle")
        yield page
    finally:
        context.close()


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
            page.wait_for_function(
                "navigator.clipboard.readText().then(text => text !== 'nothing')"
            )
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
