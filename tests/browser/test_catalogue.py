"""The catalogue in a real browser: filters, search, sort, address, keyboard."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from reading_list.model import ReadingList
from syllabus import Syllabus
from tests.browser.conftest import PHONE, Visit
from tools.served import Site


def shown(page: Page) -> list[str]:
    """The titles of the entries that are shown, in order."""
    titles = ".entries li:not([hidden]) > a:first-child"
    return page.locator(titles).all_text_contents()


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


@pytest.fixture
def total(reading_list: ReadingList) -> int:
    return len(reading_list.resources)


def expect_count(page: Page, count: int, total: int) -> None:
    whole = f"{total} resources"
    text = whole if count == total else f"{count} of {whole}"
    expect(page.get_by_role("status")).to_have_text(text)


def test_without_scripts_it_is_a_plain_list(
    visit: Visit, reading_list: ReadingList
) -> None:
    page = visit("catalogue/", java_script_enabled=False)
    assert sorted(shown(page)) == sorted(r.title for r in reading_list.resources)
    assert not page.locator("resource-catalogue form").is_visible()


def test_entry_opens_the_resource_and_a_guide_opens_ours(
    site: Site, visit: Visit, reading_list: ReadingList, total: int
) -> None:
    page = visit("catalogue/")
    entries = page.locator(".entries").get_by_role("listitem")
    pairs = entries.evaluate_all(
        "items => items.map(item =>"
        " [...item.querySelectorAll('a')].map(a => a.getAttribute('href')))"
    )
    assert len(pairs) == total
    for title, ours in pairs:
        resource = reading_list.by_id[ours.split("/")[-2]]
        assert title == (resource.url or ours)
    # Chromium numbers what is a list item to CSS, in the square of their number.
    boxes = entries.evaluate_all("all => all.map(e => getComputedStyle(e).display)")
    assert set(boxes) == {"block"}


FILTERS = {
    "kind": ("video", lambda r: r.kind == "video"),
    "level": ("advanced", lambda r: r.level == "advanced"),
    "language": ("ru", lambda r: r.language == "ru"),
    "concept": ("heads", lambda r: "heads" in r.concepts),
    "list": ("understand-bert", lambda r: "understand-bert" in r.lists),
    "access": ("metered", lambda r: r.access == "metered"),
}


def test_filter_shows_what_fits_and_its_address_brings_it_back(
    visit: Visit, reading_list: ReadingList, total: int
) -> None:
    page = visit("catalogue/")
    for name, (value, fits) in FILTERS.items():
        fitting = sorted(r.title for r in reading_list.resources if fits(r))
        assert 0 < len(fitting) < total
        expect_count(page, total, total)
        select = page.locator(f"select[name={name}]")
        select.select_option(value)
        expect_count(page, len(fitting), total)
        assert sorted(shown(page)) == fitting
        assert asked(page) == {name: [value]}
        assert not page.locator(".picks").is_visible()
        select.select_option("")
    select.select_option(value)
    page.reload()
    expect_count(page, len(fitting), total)
    assert sorted(shown(page)) == fitting
    assert select.input_value() == value


def test_filters_meet_and_starred_is_one_of_them(
    visit: Visit, reading_list: ReadingList, total: int
) -> None:
    fitting = [r for r in reading_list.resources if r.starred and r.kind == "blog"]
    page = visit("catalogue/?kind=blog")
    page.get_by_label("Starred only").check()
    expect_count(page, len(fitting), total)
    assert asked(page) == {"kind": ["blog"], "starred": ["1"]}


def test_what_is_planned_says_what_is_coming(visit: Visit, syllabus: Syllabus) -> None:
    planned = next(c for c in syllabus.concepts if not c.written)
    page = visit(f"catalogue/?concept={planned.name}")
    coming = page.locator(".coming")
    expect(coming).to_contain_text(planned.definition)
    page.locator("select[name=concept]").select_option("attention")
    expect(coming).to_be_hidden()
    assert asked(page) == {"concept": ["attention"]}


def test_search_finds_titles_people_ideas_and_summaries(
    visit: Visit, reading_list: ReadingList, total: int
) -> None:
    said = [r for r in reading_list.resources if "beam search" in r.summary.lower()]
    page = visit("catalogue/")
    box = page.get_by_role("searchbox", name="Search titles, people")
    box.fill("beam search")
    assert {r.title for r in said} <= set(shown(page))
    expect(page.get_by_text(said[0].summary)).to_be_visible()
    box.fill("alammar gpt")
    assert "The Illustrated GPT-2 (Visualizing Transformer Language Models)" in (
        shown(page)
    )
    box.fill("GERON")  # é is found as e
    expect_count(page, 1, total)
    box.fill("positional encoding")
    found = shown(page)
    box.fill("positional encodings")
    assert shown(page) == found != []
    box.fill("reading papers")
    assert "How to Read a Paper" in shown(page)
    assert asked(page) == {"find": ["reading papers"]}


def test_no_match_offers_a_reset(visit: Visit, total: int) -> None:
    page = visit("catalogue/?find=zebra&kind=book&sort=title")
    expect_count(page, 0, total)
    assert shown(page) == []
    page.get_by_role("button", name="Reset the filters").click()
    expect_count(page, total, total)
    assert len(shown(page)) == total
    assert asked(page) == {}
    assert page.locator(".picks").is_visible()


def test_sort_orders_what_is_shown(visit: Visit, reading_list: ReadingList) -> None:
    years = sorted((r.year for r in reading_list.resources if r.year), reverse=True)
    page = visit("catalogue/")
    best = shown(page)
    sort = page.get_by_label("Sort")
    sort.select_option("new")
    found = page.locator(".entries li").evaluate_all("all => all.map(e => e.dataset.y)")
    assert [int(year) for year in found if year] == years
    assert not any(found[len(years) :])  # without a year comes last
    sort.select_option("title")
    in_order = page.evaluate(
        "titles => titles.toSorted((a, b) =>"
        " a.localeCompare(b, undefined, {numeric: true}))",
        best,
    )
    assert shown(page) == in_order
    sort.select_option("")
    assert shown(page) == best


def test_unknown_wish_is_no_wish(visit: Visit, total: int) -> None:
    page = visit("catalogue/?kind=podcast&sort=magic&utm_source=x")
    expect_count(page, total, total)
    assert len(shown(page)) == total


def test_keyboard_is_enough(visit: Visit, total: int) -> None:
    page = visit("catalogue/")
    page.get_by_role("searchbox", name="Search titles").focus()
    page.keyboard.type("keshav")
    expect_count(page, 1, total)
    page.keyboard.press("Enter")
    assert len(shown(page)) == 1
    names = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.name || ''"))
    fields = ["kind", "level", "concept", "list", "language", "access", "sort"]
    assert [name for name in names if name in fields] == fields
    assert "starred" in names


def test_it_works_when_reached_without_a_reload(
    visit: Visit, reading_list: ReadingList, total: int
) -> None:
    kinds = [resource.kind for resource in reading_list.resources]
    page = visit("catalogue/?kind=book")
    page.evaluate("window.same = true")
    page.locator(".md-content a[href$='add/']").first.click()
    expect(page.locator("h1")).to_contain_text("Add a resource")
    page.go_back()
    expect_count(page, kinds.count("book"), total)
    page.locator(".site-links a", has_text="Catalogue").click()
    expect_count(page, total, total)
    page.locator("select[name=kind]").select_option("course")
    expect_count(page, kinds.count("course"), total)
    assert page.evaluate("window.same") is True


def test_filters_are_folded_on_a_phone(
    visit: Visit, reading_list: ReadingList, total: int
) -> None:
    page = visit("catalogue/", viewport=PHONE)
    assert not page.locator("select[name=kind]").is_visible()
    page.get_by_text("Filter and sort").click()
    page.locator("select[name=kind]").select_option("book")
    kinds = [resource.kind for resource in reading_list.resources]
    expect_count(page, kinds.count("book"), total)
    expect(page.locator("form summary")).to_have_text("Filter and sort (1 set)")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
