"""The pages made from the records say what the records say, and nothing else."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import markdown as python_markdown
import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import given
from hypothesis import strategies as st
from material.plugins.search.plugin import Parser

from reading_list.form import FORM
from reading_list.model import ReadingList
from syllabus import ROOT, Syllabus
from tests.website.small import REPO, article, links, text, with_resources
from website import adding, catalogue
from website.render import Renderer
from website.wording import abbreviation, markdown

PAPER, BLOG, VIDEO = (
    "adams-2020-counting",
    "brown-counting-by-hand",
    "clark-counting-video",
)


@pytest.fixture(scope="module")
def pages(small_site: Path) -> dict[str, Tag]:
    return {
        name: article(small_site, f"resources/{name}") for name in (PAPER, BLOG, VIDEO)
    }


def test_a_page_says_every_fact_of_its_record(pages: dict[str, Tag]) -> None:
    paper = text(pages[PAPER])
    assert paper.startswith(
        "On Counting 1 < 2 & More# Paper · by Ada Adams, Bo Brown, Cy Clark and Di Dale"
        " · 2020 · Counting 2020 It says how to count, and why one may stop at the end."
        " Open it papers.example.org For those who read papers Takes 30 minutes"
        " Access Free to read It is good."
    )
    for said in (
        "See another and ours. Run it here: counting, sharing. Also about: adding.",
        "See how it ends. Drawn by make run NAME=counting.",
        "Does it hold? Counting takes as long as the text. In miniature: partly seen.",
        "Translated: Counting by Hand (German blog post).",
    ):
        assert said in paper
    assert {
        ("Open it papers.example.org", "https://papers.example.org/counting"),
        ("another", "../brown-counting-by-hand/"),
        ("ours", "../../concepts/sharing/"),
        ("counting", "../../concepts/counting/"),
        ("adding", "../../catalogue/?concept=adding"),
        ("partly seen", "../../does-it-hold/#long-words"),
        ("Mend this entry", f"{REPO}/edit/main/docs/resources/{PAPER}.md"),
    } <= {*links(pages[PAPER])}
    figure, claim = pages[PAPER].select("figure.drawing svg")
    assert figure["aria-label"] == "a line"
    assert claim["aria-label"].startswith("Every seed's result as a dot. We saw")


def test_what_is_unknown_stays_blank(pages: dict[str, Tag]) -> None:
    assert text(pages[BLOG]).startswith(
        "Counting by Hand# Blog post It counts on ten fingers, one picture for each of"
        " them. Open it blog.example.org Language German Run it here: counting,"
        " sharing. See also: Counting, Animated (video). A translation of: On Counting"
        " 1 < 2 & More (paper). Also at: copy.example.org, the archive. It has a part"
        " two. Not known: the year. Mend this entry"
    )
    assert ("copy.example.org", "https://copy.example.org/by-hand") in links(
        pages[BLOG]
    )


def test_what_is_ours_is_planned_until_it_is_written(
    pages: dict[str, Tag], renderer: Renderer
) -> None:
    ours = "This one is ours to write. It is planned: our page on adding will hold it."
    assert ours in text(pages[VIDEO]) and not pages[VIDEO].select(".button--first")
    content = renderer.syllabus.model_dump(mode="json")
    content["concepts"][-1]["status"] = "written"
    later = replace(renderer, syllabus=Syllabus.model_validate(content))
    page = BeautifulSoup(later.content(f"resources/{VIDEO}.md", ""), "html.parser")
    assert ("Ours: Adding read and run it", "../../concepts/adding/") in links(page)
    assert "planned" not in text(page)


def test_without_a_guide_a_page_ranks_last(renderer: Renderer) -> None:
    boosts = [
        renderer.meta(f"resources/{name}.md")["search"]["boost"]
        for name in (PAPER, BLOG)
    ]
    assert boosts == [1, 0.3]


# --- The catalogue


def test_the_catalogue_has_every_resource_best_first(small_site: Path) -> None:
    page = article(small_site, "catalogue")
    entries = page.select(".entries > li")
    assert [text(entry.small) for entry in entries] == [
        "Ada Adams and others · 2020 · paper · advanced · guide",
        "The Counters · video · planned · details",
        "blog · German · details",
    ]
    assert [links(entry)[0][1] for entry in entries] == [
        "https://papers.example.org/counting",
        f"../resources/{VIDEO}/",
        "https://blog.example.org/by-hand",
    ]
    data = [{k[5:]: v for k, v in entry.attrs.items()} for entry in entries]
    assert data == [
        {
            **{"k": "paper", "l": "advanced", "c": "counting sharing adding"},
            **{"a": "free", "y": "2020", "x": ""},
        },
        {"k": "video", "c": "counting sharing", "s": "nlp-tasks"},
        {"k": "blog", "g": "de", "c": "counting sharing"},
    ]
    planned = page.find("option", value="adding")
    assert planned["data-coming"] == "Adding counts on."
    assert "data-coming" not in page.find("option", value="counting").attrs


def test_the_catalogue_is_light(reading_list: ReadingList, syllabus: Syllabus) -> None:
    page = catalogue.catalogue(reading_list, syllabus, "../")
    assert page.count("<li data-") == len(reading_list.resources)
    # The whole page may have 45 KB; Material's part of it is 5.
    assert len(gzip.compress(page.encode())) < 40 * 1024


class Depths(Parser):
    """Material's parser for the search; it looks at all open tags at every tag."""

    deepest = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        self.deepest = max(self.deepest, len(self.context))


def test_the_search_reads_no_entry_as_inside_another(renderer: Renderer) -> None:
    few = renderer.reading_list
    many = with_resources(few, *few.resources * 10)
    deepest = []
    for those in (few, many):
        parser = Depths()
        page = catalogue.catalogue(those, renderer.syllabus, "")
        parser.feed(page.split("<ol class", 1)[1])
        deepest.append(parser.deepest)
    assert deepest[0] == deepest[1]


def test_the_first_twelve_are_known_and_open(
    reading_list: ReadingList, syllabus: Syllabus
) -> None:
    page = catalogue.catalogue(reading_list, syllabus, "../")
    picked = BeautifulSoup(page, "html.parser").select(".picks ul a:first-child")
    opens = [href for href in (str(a["href"]) for a in picked) if "://" in href]
    assert len({*opens}) == len(opens) == 12


# --- What we mended


def test_what_we_mended_and_a_record_lead_to_each_other(
    reading_list: ReadingList,
) -> None:
    renderer = Renderer.load(ROOT / "docs", REPO)
    page = (ROOT / "docs" / "what-we-mended.md").read_text(encoding="utf-8")
    assert renderer.mended
    for name, resource in reading_list.by_id.items():
        link = f'<a href="../../what-we-mended/#{name}">'
        assert (link in renderer.content(f"resources/{name}.md", "")) == (
            name in renderer.mended
        )
        assert (f"(resources/{name}.md){{ #{name} }}" in page) == (
            name in renderer.mended
        )
        assert resource.lists or name not in renderer.mended


# --- Adding


def test_adding_opens_the_form_where_the_host_has_one() -> None:
    address = urlsplit(adding.add_url("https://github.com/a/repo") or "")
    asked = parse_qs(address.query)
    assert address.path == "/a/repo/new/main"
    assert asked == {"filename": ["docs/resources/NEW.md"], "value": [FORM]}
    assert adding.add_url(REPO) is None


# --- Text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1))
def test_any_title_is_text_and_never_markup(title: str) -> None:
    shown = python_markdown.markdown(f"x {markdown(title)} x")
    plain = unescape(re.sub(r"^<p>|</p>$", "", shown))
    assert " ".join(plain.split()) == " ".join(f"x {title} x".split())


@pytest.mark.parametrize("plain", ['`a` "b" <c>', "ends in \\", "[x](y) $a$ *b* | c"])
def test_what_a_tooltip_says_is_text(plain: str) -> None:
    html = python_markdown.markdown(f"See {abbreviation('word', plain)}.")
    page = BeautifulSoup(html, "html.parser")
    assert [tag.name for tag in page.find_all()] == ["p", "abbr"]
    assert page.find("abbr")["title"] == plain
