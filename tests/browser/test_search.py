"""The search in a real browser: what people type finds what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from reading_list.model import ReadingList
from tools.served import Site

# The worker that the page starts, asked as the page asks it.
ASK = """async queries => {
  const config = JSON.parse(document.getElementById("__config").textContent);
  const base = new URL(config.base, location);
  const worker = new Worker(new URL(config.search, location));
  const answer = message => new Promise(resolve => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage(message);
  });
  const index = await fetch(new URL("search/search_index.json", base + "/"));
  await answer({ type: 0, data: await index.json() });
  const found = [];
  for (const data of queries) {
    const { data: { items } } = await answer({ type: 2, data });
    found.push(items.map(item => item.map(({ location }) => location)));
  }
  return found;
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(site.url)
    yield page
    context.close()


def asked(page: Page, queries: list[str]) -> list[list[str]]:
    """The pages that each query finds, best first."""
    found: Any = page.evaluate(ASK, queries)
    return [[items[0].split("#")[0] for items in one] for one in found]


def test_a_pasted_title_finds_its_work_first(
    page: Page, reading_list: ReadingList
) -> None:
    titles = [resource.title for resource in reading_list.resources]
    of = {f"resources/{r.id}/": r.title.casefold() for r in reading_list.resources}
    firsts = [pages[:1] for pages in asked(page, titles)]
    wrong = {
        title: first
        for title, first in zip(titles, firsts, strict=True)
        # Two works have the same title: either will do.
        if not first or of.get(first[0]) != title.casefold()
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("attention", "concepts/attention/"),
        ("what is a token", "concepts/tokenization/"),
        ("LSTM gates", "concepts/recurrent-networks/"),
        ("gradient vanish", "concepts/recurrent-networks/"),
        ("temperature", "concepts/logits/"),
        ("seq2seq", "concepts/seq2seq/"),
        ("vaswani 2017", "resources/vaswani-2017-attention/"),
        ("embeding", "concepts/embeddings/"),
        ("transfomer", "concepts/transformer/"),
        ("illustrated transformer", "resources/alammar-illustrated-transformer/"),
        ("Transformer-XL:", "resources/dai-2019-transformer-xl/"),
        ("GPT-2", "resources/openai-gpt2-1-5b-release/"),
        ("flash attention", "resources/dao-2022-flashattention/"),
        ("positional encodings", "catalogue/?concept=positional-encoding"),
    ],
)
def test_what_is_typed_finds_what_is_meant(page: Page, query: str, first: str) -> None:
    (pages,) = asked(page, [query])
    # What is planned is found as planned, until it has a page of its own.
    written = first.replace("catalogue/?concept=", "concepts/")
    assert pages[0].rstrip("/") in (first.rstrip("/"), written.rstrip("/"))


def test_pages_for_contributors_come_last(page: Page) -> None:
    seldom = ("add/", "licences/", "what-we-mended/")
    met = set()
    for pages in asked(page, ["masking", "no gpu", "concepts", "code", "notebook"]):
        ranks = [address in seldom for address in pages]
        assert ranks == sorted(ranks)
        met |= set(seldom) & set(pages)
    assert met


@pytest.mark.parametrize("query", ["", "?", "-", "+x -y", 'a:b "c', "^*~", "2"])
def test_no_query_breaks_it(page: Page, query: str) -> None:
    assert len(asked(page, [query])) == 1


def test_a_result_says_its_kind_and_enter_opens_it(page: Page, site: Site) -> None:
    page.goto(site.url)
    page.keyboard.press("/")
    page.keyboard.type("GPT-2", delay=30)
    result = page.locator(".md-search-result__item").first
    expect(result.locator("mark").first).to_have_text("GPT")
    expect(result.locator(".md-tag")).to_have_text("Blog post")
    page.keyboard.press("Enter")
    expect(page.locator("article.md-content__inner h1")).to_contain_text("GPT-2")
    assert "/resources/" in page.url
