"""The catalogue in a real browser: filters, search, sort, address, keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from reading_list.model import ReadingList
from reading_list.records import RECORDS
from syllabus import Syllabus
from tools.served import Site

TOTAL = len(list(RECORDS.glob("*.md")))


@contextmanager
def catalogue(
    browser: Browser, site: Site, query: str = "", **options: object
) -> Iterator[Page]:
    """The catalogue in a fresh context, with what it shows counted."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
    try:
        page = context.new_page()
        page.goto(f"{site.url}catalogue/{query}")
        yield page
    finally:
        context.close()


def shown(page: Page) -> list[str]:
    """The titles of the entries that are shown, in order."""
    titles = ".entries li:not([hidden]) > a:first-child"
    return page.locator(titles).all_text_contents()


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def expect_count(page: Page, count: int) -> None:
    whole = f"{TOTAL} resources"
    text = whole if count == TOTAL else f"{count} of {whole}"
    expect(page.get_by_role("status")).to_have_text(text)


def test_without_scripts_it_is_a_plain_list(
    browser: Browser, site: Site, reading_list: ReadingList
) -> None:
    with catalogue(browser, site, java_script_enabled=False) as page:
        assert sorted(shown(page)) == sorted(r.title for r in reading_list.resources)
        assert not page.locator("resource-catalogue form").is_visible()
        links = page.locator(".entries li > a:first-child")
        first = links.first.get_attribute("href") or ""
        assert first.startswith("https://")


FILTERS = {
    "kind": ("video", lambda r: r.kind == "video"),
    "level": ("advanced", lambda r: r.level == "advanced"),
    "language": ("ru", lambda r: r.language == "ru"),
    "concept": ("heads", lambda r: "heads" in r.concepts),
    "list": ("understand-bert", lambda r: "understand-bert" in r.lists),
    "access": ("metered", lambda r: r.access == "metered"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_shows_what_fits_and_nothing_else(
    browser: Browser, site: Site, reading_list: ReadingList, name: str
) -> None:
    value, fits = FILTERS[name]
    fitting = sorted(r.title for r in reading_list.resources if fits(r))
    assert 0 < len(fitting) < TOTAL
    with catalogue(browser, site) as page:
        expect_count(page, TOTAL)
        page.locator(f"select[name={name}]").select_option(value)
        expect_count(page, len(fitting))
        assert sorted(shown(page)) == fitting
        assert asked(page) == {name: [value]}
        assert not page.locator(".picks").is_visible()

        # The address alone brings the same view back.
        other = page.context.new_page()
        other.goto(page.url)
        expect_count(other, len(fitting))
        assert sorted(shown(other)) == fitting


def test_filters_meet_and_starred_is_one_of_them(
    browser: Browser, site: Site, reading_list: ReadingList
) -> None:
    fitting = [r for r in reading_list.resources if r.starred and r.kind == "blog"]
    with catalogue(browser, site, "?kind=blog") as page:
        page.get_by_label("Starred only").check()
        expect_count(page, len(fitting))
        assert asked(page) == {"kind": ["blog"], "starred": ["1"]}


def test_what_is_planned_says_what_is_coming(
    browser: Browser, site: Site, syllabus: Syllabus
) -> None:
    planned = next(c for c in syllabus.concepts if not c.written)
    with catalogue(browser, site, f"?concept={planned.name}") as page:
        coming = page.locator(".coming")
        expect(coming).to_contain_text(planned.definition)
        page.locator("select[name=concept]").select_option("attention")
        expect(coming).to_be_hidden()
        assert asked(page) == {"concept": ["attention"]}


def test_search_finds_titles_people_ideas_and_summaries(
    browser: Browser, site: Site, reading_list: ReadingList
) -> None:
    said = [r for r in reading_list.resources if "beam search" in r.summary.lower()]
    with catalogue(browser, site) as page:
        box = page.get_by_role("searchbox", name="Search titles, people")
        box.fill("beam search")
        assert {r.title for r in said} <= set(shown(page))
        expect(page.get_by_text(said[0].summary)).to_be_visible()
        box.fill("alammar gpt")
        assert "The Illustrated GPT-2 (Visualizing Transformer Language Models)" in (
            shown(page)
        )
        box.fill("GERON")  # é is found as e
        expect_count(page, 1)
        box.fill("positional encoding")
        found = shown(page)
        box.fill("positional encodings")
        assert shown(page) == found != []
        box.fill("reading papers")
        assert "How to Read a Paper" in shown(page)
        assert asked(page) == {"find": ["reading papers"]}


def test_an_entry_is_in_a_list_and_not_numbered(browser: Browser, site: Site) -> None:
    with catalogue(browser, site) as page:
        entries = page.locator(".entries").get_by_role("listitem")
        # Chromium numbers what is a list item to CSS, in the square of their number.
        boxes = entries.evaluate_all("all => all.map(e => getComputedStyle(e).display)")
        assert len(boxes) == TOTAL and set(boxes) == {"block"}


def test_no_match_offers_a_reset(browser: Browser, site: Site) -> None:
    with catalogue(browser, site, "?find=zebra&kind=book&sort=title") as page:
        expect_count(page, 0)
        assert shown(page) == []
        page.get_by_role("button", name="Reset the filters").click()
        expect_count(page, TOTAL)
        assert len(shown(page)) == TOTAL
        assert asked(page) == {}
        assert page.locator(".picks").is_visible()


def test_sorting(browser: Browser, site: Site, reading_list: ReadingList) -> None:
    years = sorted((r.year for r in reading_list.resources if r.year), reverse=True)
    with catalogue(browser, site) as page:
        best = shown(page)
        sort = page.get_by_label("Sort")
        sort.select_option("new")
        shown_years = [
            int(year)
            for year in page.locator(".entries li").evaluate_all(
                "items => items.map(item => item.dataset.y).filter(Boolean)"
            )
        ]
        assert shown_years == years
        last = page.locator(".entries li").last.get_attribute("data-y")
        assert last is None
        sort.select_option("title")
        in_order = page.evaluate(
            "titles => titles.toSorted((a, b) =>"
            " a.localeCompare(b, undefined, {numeric: true}))",
            best,
        )
        assert shown(page) == in_order
        sort.select_option("")
        assert shown(page) == best


def test_an_unknown_wish_is_no_wish(browser: Browser, site: Site) -> None:
    with catalogue(browser, site, "?kind=podcast&sort=magic&utm_source=x") as page:
        expect_count(page, TOTAL)
        assert len(shown(page)) == TOTAL


def test_the_keyboard_is_enough(browser: Browser, site: Site) -> None:
    with catalogue(browser, site) as page:
        page.get_by_role("searchbox", name="Search titles").focus()
        page.keyboard.type("keshav")
        expect_count(page, 1)
        page.keyboard.press("Enter")
        assert len(shown(page)) == 1
        names = []
        for _ in range(12):
            page.keyboard.press("Tab")
            names.append(page.evaluate("document.activeElement.name || ''"))
        fields = ["kind", "level", "concept", "list", "language", "access", "sort"]
        assert [name for name in names if name in fields] == fields
        assert "starred" in names


def test_it_works_when_reached_without_a_reload(browser: Browser, site: Site) -> None:
    with catalogue(browser, site, "?kind=book") as page:
        page.evaluate("window.same = true")
        page.locator(".md-content a[href$='add/']").first.click()
        expect(page.locator("h1")).to_contain_text("Add a resource")
        page.go_back()
        expect_count(page, 7)
        page.locator(".site-links a", has_text="Catalogue").click()
        expect_count(page, TOTAL)
        page.locator("select[name=kind]").select_option("course")
        expect_count(page, 8)
        assert page.evaluate("window.same") is True


def test_a_title_opens_the_resource_and_a_guide_opens_ours(
    browser: Browser, site: Site, reading_list: ReadingList
) -> None:
    with catalogue(browser, site) as page:
        pairs = page.locator(".entries li").evaluate_all(
            "items => items.map(item =>"
            " [...item.querySelectorAll('a')].map(a => a.getAttribute('href')))"
        )
    assert len(pairs) == TOTAL
    for title, ours in pairs:
        resource = reading_list.by_id[ours.split("/")[-2]]
        assert title == (resource.url or ours)


def test_on_a_phone_the_filters_are_folded(browser: Browser, site: Site) -> None:
    with catalogue(browser, site) as page:
        page.set_viewport_size({"width": 360, "height": 800})
        page.reload()
        assert not page.locator("select[name=kind]").is_visible()
        page.get_by_text("Filter and sort").click()
        page.locator("select[name=kind]").select_option("book")
        expect_count(page, 7)
        expect(page.locator("form summary")).to_have_text("Filter and sort (1 set)")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
