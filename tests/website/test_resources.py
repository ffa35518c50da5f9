"""The pages made from the records say what the records say, and nothing else."""

from __future__ import annotations

import gzip
import re
from collections.abc import Collection, Iterator
from functools import partial
from html import escape, unescape
from urllib.parse import parse_qs, urlsplit

import markdown as python_markdown
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from material.plugins.search.plugin import Parser

from reading_list.form import FORM
from reading_list.model import ReadingList, Resource
from reading_list.vocabulary import ACCESS_NAMES, KINDS, LANGUAGE_NAMES
from syllabus import ROOT, Syllabus
from website import adding, catalogue, resources
from website.claims import Claim, load_claims
from website.figures import drawn
from website.render import Renderer
from website.wording import markdown, text

REPO = "https://example.org/repo"
CLAIMS = load_claims()


def page_of(
    resource: Resource,
    reading_list: ReadingList,
    syllabus: Syllabus,
    claims: Collection[Claim] = (),
) -> str:
    return resources.resource_page(
        resource, reading_list, syllabus, claims, REPO, partial(drawn, ROOT / "docs")
    )


@pytest.fixture(scope="module")
def pages(reading_list: ReadingList, syllabus: Syllabus) -> dict[str, str]:
    return {
        name: page_of(resource, reading_list, syllabus, CLAIMS.values())
        for name, resource in reading_list.by_id.items()
    }


@pytest.fixture(scope="module")
def texts(pages: dict[str, str]) -> dict[str, str]:
    """What each page says, without its elements and drawings."""
    return {name: told(page) for name, page in pages.items()}


def told(html: str) -> str:
    soup = BeautifulSoup(html, "html.parser")
    for drawing in soup.find_all("svg"):
        drawing.decompose()
    return " ".join(soup.get_text(" ").split()).replace(" ,", ",").replace(" .", ".")


def shown(plain: str) -> str:
    """A text of a record as a page shows it."""
    return " ".join(unescape(text(plain)).split())


def with_status(syllabus: Syllabus, name: str, status: str) -> Syllabus:
    concepts = [
        concept.model_copy(update={"status": status})
        if concept.name == name
        else concept
        for concept in syllabus.concepts
    ]
    return Syllabus(chapters=syllabus.chapters, concepts=tuple(concepts))


def test_every_page_opens_the_resource_or_says_it_is_ours(
    reading_list: ReadingList, pages: dict[str, str], texts: dict[str, str]
) -> None:
    for name, resource in reading_list.by_id.items():
        button = BeautifulSoup(pages[name], "html.parser").select_one(".button--first")
        opens = button["href"] if button else None
        ours = resource.url is None and f"../../concepts/{resource.ours}/"
        assert opens in (resource.url, ours), name
        assert f"{REPO}/edit/main/docs/resources/{name}.md" in pages[name]
        assert shown(resource.summary) in texts[name]
        last = re.sub(r"[*`]|\[|\]\([^)]*\)", "", resource.guide.split("\n\n")[-1])
        assert shown(last)[:40] in texts[name], name


def test_what_is_unknown_stays_blank(
    reading_list: ReadingList, pages: dict[str, str]
) -> None:
    for name, resource in reading_list.by_id.items():
        page = pages[name]
        assert "None" not in page, name
        assert ("<strong>Takes<" in page) == (resource.minutes is not None), name
        assert ("<strong>For<" in page) == (resource.level is not None), name
        assert ("<strong>Access<" in page) == (resource.access != "unknown"), name
        first = page.split("</p>")[0]
        assert (str(resource.year) in first) == (resource.year is not None), name


def facts(resource: Resource) -> Iterator[str]:
    """What its page says of it, below the byline, each as it stands there."""
    if resource.minutes:
        yield f"Takes {resource.minutes} minutes"
    if resource.level:
        yield f"For {resources.READERS[resource.level]}"
    if resource.archive_url:
        yield "the archive"
    if resource.note:
        yield shown(resource.note)
    if resource.unknown:
        yield f"Not known: {shown(resource.unknown)}."
    if resource.see_also:
        yield "See also:" if resource.url else "Until then:"
    if resource.language != "en":
        yield f"Language {LANGUAGE_NAMES[resource.language]}"


def test_a_page_says_every_fact_of_its_record(
    reading_list: ReadingList, pages: dict[str, str], texts: dict[str, str]
) -> None:
    for name, resource in reading_list.by_id.items():
        byline = told(pages[name].split("</p>", 1)[0])
        made = [*resource.makers, *([resource.venue] if resource.venue else [])]
        assert all(shown(maker) in byline for maker in made), name
        assert [fact for fact in facts(resource) if fact not in texts[name]] == [], name
        foreign = resource.language != "en"
        assert ("<strong>Language<" in pages[name]) == foreign, name
        others = (*resource.see_also, *resource.distinct_from)
        links = {f"../{other}/" for other in others} | {*resource.alt_urls}
        soup = BeautifulSoup(pages[name], "html.parser")
        assert links <= {link["href"] for link in soup.find_all("a")}, name


def test_what_is_only_planned_is_what_it_is_about(
    reading_list: ReadingList, syllabus: Syllabus, texts: dict[str, str]
) -> None:
    for name, resource in reading_list.by_id.items():
        written = {syllabus.by_name[concept].written for concept in resource.concepts}
        assert ("Run it here:" in texts[name]) == (True in written), name
        assert ("Also about:" in texts[name]) == (written == {True, False}), name
        assert (" About:" in texts[name]) == (written == {False}), name


def test_what_is_ours_is_planned_until_it_is_written(
    reading_list: ReadingList, syllabus: Syllabus
) -> None:
    ours = reading_list.by_id["implementing-basic-transformer-pytorch-notebook"]
    planned = with_status(syllabus, "transformer", "planned")
    page = page_of(ours, reading_list, planned)
    assert "<strong>planned</strong>" in page
    written = with_status(syllabus, "transformer", "written")
    page = page_of(ours, reading_list, written)
    assert "planned" not in page
    assert "button--first" in page and "../../concepts/transformer/" in page


def test_a_page_names_the_concepts_that_run_it(
    reading_list: ReadingList, syllabus: Syllabus
) -> None:
    paper = reading_list.by_id["vaswani-2017-attention"]
    written = with_status(syllabus, "attention", "written")
    for concept in paper.concepts:
        if concept != "attention":
            written = with_status(written, concept, "planned")
    page = page_of(paper, reading_list, written)
    assert "Run it here: attention." in told(page)
    assert '"../../catalogue/?concept=heads">heads</a>' in page


def test_a_guide_shows_the_figure_that_it_names(
    reading_list: ReadingList, pages: dict[str, str]
) -> None:
    for name, resource in reading_list.by_id.items():
        figure = resource.figure
        drawn = [*re.findall("make run NAME=([\\w-]+)<", pages[name])]
        assert drawn == ([figure.of] if figure else []), name
        if figure:
            assert resource.guide, f"{name}: a figure of ours stands under a guide"
            assert f'aria-label="{escape(figure.alt)}"' in pages[name]
            assert f'"../../concepts/{figure.of}/"' in pages[name]


def test_a_paper_whose_claim_was_tried_says_what_came_of_it(
    reading_list: ReadingList, pages: dict[str, str]
) -> None:
    tried = {claim.paper: claim for claim in CLAIMS.values()}
    assert tried
    for name in reading_list.by_id:
        assert ("Does it hold?" in pages[name]) == (name in tried), name
        if name in tried:
            claim = tried[name]
            link = f'"../../does-it-hold/#{claim.name}">{claim.verdict.lower()}</a>'
            assert link in pages[name]
            assert f'aria-label="{escape(claim.alt)}"' in pages[name]


def test_guides_to_papers_that_run_here_show_a_figure_of_ours(
    reading_list: ReadingList, syllabus: Syllabus, pages: dict[str, str]
) -> None:
    runs = {concept.name for concept in syllabus.written if concept.code}
    guides = [
        resource.id
        for resource in reading_list.resources
        if resource.kind == "paper" and resource.guide and runs & {*resource.concepts}
    ]
    # Who adds a guide need not know our figures: none of those shown may be lost.
    assert len([name for name in guides if "<svg" in pages[name]]) >= 15


def test_translations_know_each_other(pages: dict[str, str]) -> None:
    assert '"../habr-gpt2-v-kartinkah/"' in pages["alammar-illustrated-gpt2"]
    assert '"../alammar-illustrated-gpt2/"' in pages["habr-gpt2-v-kartinkah"]


def test_without_a_guide_a_page_ranks_last(reading_list: ReadingList) -> None:
    for resource in reading_list.resources:
        boost = resources.resource_meta(resource)["search"]["boost"]
        assert boost == (1 if resource.guide else 0.3)
    assert resources.resource_meta(reading_list.by_id["sennrich-2015-bpe"])[
        "search"
    ] == {"boost": 1}


def test_the_catalogue_has_every_resource_once(
    reading_list: ReadingList, syllabus: Syllabus
) -> None:
    page = catalogue.catalogue(reading_list, syllabus, "../")
    entries = page.split('<ol class="entries">')[1]
    ours = re.findall(r"href=\.\./resources/([\w-]+)/>(?:guide|details)", entries)
    assert sorted(ours) == sorted(reading_list.by_id)
    for resource in reading_list.resources:
        assert escape(resource.title, quote=False) in entries
    for slug in (entry.slug for entry in reading_list.lists):
        assert f'<option value="{slug}">' in page
    # The whole page may have 45 KB; Material's part of it is 5.
    assert len(gzip.compress(page.encode())) < 40 * 1024


class Depths(Parser):
    """Material's parser for the search; it looks at all open tags at every tag."""

    deepest = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        self.deepest = max(self.deepest, len(self.context))


def test_the_search_reads_no_entry_as_inside_another(
    reading_list: ReadingList, syllabus: Syllabus
) -> None:
    few = {name for picked in catalogue.PICKS.values() for name in picked}
    kept = tuple(r for r in reading_list.resources if r.id in few)
    deepest = []
    for those in (reading_list, reading_list.model_copy(update={"resources": kept})):
        parser = Depths()
        parser.feed(catalogue.catalogue(those, syllabus, "").split("<ol class", 1)[1])
        deepest.append(parser.deepest)
    assert deepest[0] == deepest[1]


def test_the_first_twelve_are_known_and_open(reading_list: ReadingList) -> None:
    assert list(catalogue.PICKS) == ["New here", "Ready to build", "Reading papers"]
    for picked in catalogue.PICKS.values():
        assert len(picked) == 4
        for name, why in picked.items():
            assert reading_list.by_id[name].url is not None
            assert why.endswith(".")


def test_every_word_of_the_vocabularies_has_a_name(
    reading_list: ReadingList,
) -> None:
    assert {r.language for r in reading_list.resources} <= set(LANGUAGE_NAMES)
    assert {r.access for r in reading_list.resources} <= set(ACCESS_NAMES)
    assert {r.kind for r in reading_list.resources} == set(KINDS)


def test_adding_opens_the_form_where_the_host_has_one() -> None:
    address = urlsplit(adding.add_url("https://github.com/a/repo") or "")
    asked = parse_qs(address.query)
    assert address.path == "/a/repo/new/main"
    assert asked == {"filename": ["docs/resources/NEW.md"], "value": [FORM]}
    assert adding.add_url(REPO) is None


def test_a_translation_and_its_original_lead_to_each_other(
    reading_list: ReadingList, syllabus: Syllabus
) -> None:
    original = reading_list.by_id["alammar-illustrated-transformer"]
    french = original.model_copy(
        update={"id": "fr", "language": "fr", "translation_of": original.id}
    )
    known = ReadingList(resources=(*reading_list.resources, french))
    shown = {one.id: page_of(one, known, syllabus) for one in (original, french)}
    assert f"A translation of: {original.title} (blog post)." in told(shown["fr"])
    assert '<a href="../fr/">' in shown[original.id]
    assert "(French blog post)" in told(shown[original.id])


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1))
def test_any_title_is_text_and_never_markup(title: str) -> None:
    shown = python_markdown.markdown(f"x {markdown(title)} x")
    text = unescape(re.sub(r"^<p>|</p>$", "", shown))
    assert " ".join(text.split()) == " ".join(f"x {title} x".split())


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
