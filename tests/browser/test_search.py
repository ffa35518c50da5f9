"""The search in a real browser: what people type finds what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from reading_list.model import ReadingList
from tests.browser.conftest import LAPTOP, PHONE, Visit
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
    context = browser.new_context(viewport=LAPTOP)
    page = context.new_page()
    page.goto(site.url)
    yield page
    context.close()


def asked(page: Page, queries: list[str]) -> list[list[str]]:
    """The pages that each query finds, best first."""
    found: Any = page.evaluate(ASK, queries)
    return [[items[0].split("#")[0] for items in one] for one in found]


def test_pasted_title_finds_its_work_first(
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


MEANT = {
    "attention": "concepts/attention/",
    "weight tying": "concepts/weight-tying/",
    "what is a token": "concepts/tokenization/",
    "LSTM gates": "concepts/recurrent-networks/",
    "gradient vanish": "concepts/recurrent-networks/",
    "temperature": "concepts/logits/",
    "seq2seq": "concepts/seq2seq/",
    "vaswani 2017": "resources/vaswani-2017-attention/",
    "embeding": "concepts/embeddings/",
    "transfomer": "concepts/transformer/",
    "illustrated transformer": "resources/alammar-illustrated-transformer/",
    "Transformer-XL:": "resources/dai-2019-transformer-xl/",
    "GPT-2": "resources/openai-gpt2-1-5b-release/",
    "flash attention": "resources/dao-2022-flashattention/",
    "positional encodings": "catalogue/?concept=positional-encoding",
}


def test_what_is_typed_finds_what_is_meant(page: Page) -> None:
    for (query, first), pages in zip(
        MEANT.items(), asked(page, list(MEANT)), strict=True
    ):
        # What is planned is found as planned, until it has a page of its own.
        written = first.replace("catalogue/?concept=", "concepts/")
        assert pages[0].rstrip("/") in (first.rstrip("/"), written.rstrip("/")), query


def test_pages_for_contributors_come_last(page: Page) -> None:
    seldom = ("add/", "licences/", "what-we-mended/")
    met = set()
    for pages in asked(page, ["masking", "no gpu", "concepts", "code", "notebook"]):
        ranks = [address in seldom for address in pages]
        assert ranks == sorted(ranks)
        met |= set(seldom) & set(pages)
    assert met


def test_no_query_breaks_it(page: Page) -> None:
    odd = ["", "?", "-", "+x -y", 'a:b "c', "^*~", "2"]
    assert len(asked(page, odd)) == len(odd)


def test_result_says_its_kind_and_enter_opens_it(visit: Visit) -> None:
    page = visit()
    page.keyboard.press("/")
    page.keyboard.type("GPT-2", delay=30)
    result = page.locator(".md-search-result__item").first
    expect(result.locator("mark").first).to_have_text("GPT")
    expect(result.locator(".md-tag")).to_have_text("Blog post")
    page.keyboard.press("Enter")
    expect(page.locator("article.md-content__inner h1")).to_contain_text("GPT-2")
    assert "/resources/" in page.url


@pytest.mark.parametrize("path", ["?q=heads", "concepts/attention/?h=query"])
def test_address_may_ask_for_a_search_or_for_marks(visit: Visit, path: str) -> None:
    found = visit(path).locator("main mark, .md-search-result__link").first
    found.wait_for(state="attached")
    assert re.search("heads|query", found.inner_text(), re.IGNORECASE)


def test_index_is_fetched_once_and_by_who_searches(visit: Visit) -> None:
    page = visit("concepts/heads/", viewport=PHONE)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.evaluate("window.stayed = true")
    page.locator('article a[href$="/attention/"]').first.click()
    page.wait_for_selector("h1#attention")
    page.wait_for_load_state("networkidle")
    assert requests and not any("search_index" in url for url in requests)
    page.keyboard.press("/")
    page.keyboard.type("attention")
    result = page.locator(".md-search-result__link:visible").first
    result.wait_for()
    assert page.locator(".md-search__input").input_value() == "attention"
    result.click()
    # The words are marked on the page that was open already, too.
    page.locator("main mark").first.wait_for()
    assert sum("search_index" in url for url in requests) == 1
    assert page.evaluate("window.stayed") is True
