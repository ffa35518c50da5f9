"""What somebody does who reads: copy code, follow the contents, go on, print."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup

from tests.browser.conftest import LAPTOP, PHONE, Visit
from tools.browser import until
from tools.served import Site

CONCEPT = "concepts/attention/"
NOTEBOOK = "notebooks/attention-by-hand/"


@pytest.mark.parametrize("path", [CONCEPT, NOTEBOOK])
def test_copy_button_copies_its_own_block(visit: Visit, path: str) -> None:
    page = visit(path, permissions=["clipboard-read", "clipboard-write"])
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


def test_contents_lead_to_the_section_that_they_name(visit: Visit) -> None:
    page = visit(CONCEPT)
    header = page.locator(".md-header").bounding_box()["height"]
    for entry in page.locator(".md-sidebar--secondary .md-nav__link").all():
        anchor = entry.get_attribute("href")
        entry.click()
        page.wait_for_timeout(100)
        page.mouse.wheel(0, 3)  # the address is written anew at every scroll
        page.wait_for_timeout(200)
        if page.evaluate(
            "scrollY + innerHeight >= document.documentElement.scrollHeight - 1"
        ):
            break  # nothing below to scroll up
        top = page.locator(f"[id='{anchor.split('#')[1]}']").bounding_box()["y"]
        assert header - 5 <= top < header + 30
        assert page.url.endswith(anchor)
        lit = page.locator(".md-sidebar--secondary .md-nav__link--active").last
        assert lit.get_attribute("href").endswith(anchor)


def test_buttons_and_keys_lead_the_same_way(site: Site, visit: Visit) -> None:
    """The buttons and the links that the keys follow, everywhere; then both in use."""
    met = 0
    for file in site.folder.rglob("*/*.html"):
        text = file.read_text(encoding="utf-8")
        linked = re.findall(r'<link rel="(prev|next)" href="([^"]*)">', text)
        shown = re.findall(
            r'<a class="md-button[^"]* (prev|next)\w*" href="([^"#]*)', text
        )
        assert shown == linked, file
        met += len(shown)
    assert met > 30
    page = visit("before-you-start/")
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
        before = page.locator(f"head link[rel=prev][href='{stop}']")
        before.wait_for(state="attached")
        page.keyboard.press("p")
        page.wait_for_url(stop)
    assert page.evaluate("window.stayed")


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_planned_station_leads_to_what_the_catalogue_has(
    visit: Visit, viewport: dict[str, int]
) -> None:
    page = visit(viewport=viewport)
    station = page.locator(".map-planned:visible").first
    (station if viewport == LAPTOP else station.locator("a")).click()
    page.wait_for_url("**/catalogue/?concept=*")
    page.locator(".entries li:visible").first.wait_for()
    shown = page.locator(".entries li:visible").count()
    assert 0 < shown < page.locator(".entries li").count()


def test_planned_concept_explains_itself(visit: Visit, site: Site) -> None:
    path = next(
        f"concepts/{page.parent.name}/"
        for page in sorted(site.folder.glob("concepts/*/index.html"))
        if "<abbr" in page.read_text(encoding="utf-8")
    )
    page = visit(path)
    word = page.locator("main abbr").first
    definition = word.get_attribute("title")
    assert word.get_attribute("tabindex") == "0"
    word.focus()
    tooltip = page.locator(".md-tooltip2").first
    tooltip.wait_for()
    assert definition is not None and definition in tooltip.inner_text()


def test_missing_page_knows_the_word(visit: Visit, site: Site) -> None:
    page = visit()
    for path, leads in {
        "concepts/": ["", "#map"],
        "resources/": ["catalogue/"],
        "concepts/bert/": ["catalogue/?concept=bert"],
        "concepts/Heads": ["concepts/heads/"],
        "bert-base": ["catalogue/?concept=bert"],
        "resources/no-such-thing/": ["catalogue/"],
        "odd": [],
        "100%/bert": ["catalogue/?concept=bert"],
        "%E0%A4%A/heads": ["concepts/heads/"],
    }.items():
        page.goto(site.url + path)
        assert page.title().startswith("There is no page here")
        links = page.locator(".meant a:visible")
        ends = [link.evaluate("a => a.href") for link in links.all()]
        assert ends == ([site.url + "".join(leads)] if leads else []), path


def test_breadcrumbs_lead_to_other_pages(site: Site) -> None:
    for path in (CONCEPT, "before-you-start/", "notation/", "corpus/"):
        text = (site.folder / path / "index.html").read_text(encoding="utf-8")
        crumbs = BeautifulSoup(text, "html.parser").select(".md-path a")
        ends = [crumb["href"] for crumb in crumbs]
        up = "../" * path.count("/")
        assert ends[0] in (up, f"{up}.", up.rstrip("/")) and "./" not in ends
        assert any(end.endswith("#map") for end in ends) is path.startswith("concepts/")


def test_home_says_what_it_is_about(visit: Visit) -> None:
    page = visit()
    shared = page.locator("meta[property='og:title']").get_attribute("content")
    assert page.title() == shared == "The Runnable Transformer"
    first = page.locator("main h1 ~ p").first
    assert first.inner_text().startswith("A Transformer is ")
    assert first.bounding_box()["y"] < LAPTOP["height"] / 2


# --- With the keyboard


@pytest.mark.parametrize("path", ["", CONCEPT, "catalogue/", "404.html"])
def test_first_tab_leads_past_the_navigation(visit: Visit, path: str) -> None:
    page = visit(path)
    page.keyboard.press("Tab")
    assert "Skip" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.wait_for_url("**/*#text-of-the-page")
    until(page, "document.querySelector('article').getBoundingClientRect().top >= 0")


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
    visit: Visit, viewport: dict[str, int]
) -> None:
    page = visit(CONCEPT, viewport=viewport, reduced_motion="reduce")
    stops = []
    while not (stops and stops[-1]["inText"]):
        page.keyboard.press("Tab")
        page.wait_for_timeout(30)
        stops.append(page.evaluate(STOP))
        assert len(stops) < (10 if viewport == PHONE else 60)
    assert [stop["what"] for stop in stops if not stop["seen"]] == []


def test_menu_on_a_phone_opens_for_the_keyboard_and_shows_the_site(
    visit: Visit,
) -> None:
    page = visit(CONCEPT, viewport=PHONE)
    links = page.locator(".menu-links a")
    assert not links.first.is_visible()
    page.locator(".md-header__button[for=__drawer]").focus()
    page.keyboard.press("Enter")
    links.first.focus()
    page.keyboard.press("Escape")
    links.first.wait_for(state="hidden")
    page.keyboard.press("Enter")  # the button has the focus again
    page.wait_for_timeout(400)
    assert links.all_inner_texts() == ["Map", "Catalogue", "Add", "Code"]
    for link in links.all():
        box = link.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 242
        assert box["y"] >= 0 and box["height"] >= 44
    # No empty band: the chapter's name comes straight after.
    title = page.locator(".md-nav__title:visible").last.bounding_box()
    assert title["y"] < 50 and title["height"] < 60
    links.nth(1).click()
    page.wait_for_url("**/catalogue/")


def test_ring_of_a_menu_entry_is_whole(visit: Visit) -> None:
    page = visit("concepts/reading-papers/")
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


# --- On paper, and on a phone


def test_paper_keeps_answers_folded_and_things_whole(visit: Visit, site: Site) -> None:
    page = visit(CONCEPT)
    questions = page.locator("details.question")
    questions.nth(1).locator("summary").click()
    # What is open is set in plain type.
    style = "e => { const s = getComputedStyle(e); return [s.fontStyle, s.color] }"
    plain = page.locator("article > p").nth(2).evaluate(style)
    assert questions.nth(1).locator("p").first.evaluate(style) == plain
    assert plain[0] == "normal"
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
    # A page of 25 minutes with a dozen drawings took 13 sheets, frames in one column.
    assert len(re.findall(rb"/Type */Page\b", page.pdf(format="A4"))) <= 11
    printed = page.locator("article p a, article li a").evaluate_all(
        "all => all.map(a => [a.href, getComputedStyle(a, '::after').content])"
    )
    assert {address.startswith(site.url) for address, _ in printed} == {True, False}
    for address, after in printed:
        assert (address in after) is not address.startswith(site.url)


def test_table_on_a_phone_has_lines_of_several_words(visit: Visit, site: Site) -> None:
    page = visit("notation/", viewport=PHONE)
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
    assert words > max(100, 3 * lines)
    page.goto(site.url + "corpus/")
    cells = page.locator("main td").all_text_contents()
    # What stands apart is tied to the word before: no mark gets its own line.
    assert any("\N{NO-BREAK SPACE}?" in cell for cell in cells)
    assert [cell for cell in cells if cell.endswith((" .", " ?"))] == []
