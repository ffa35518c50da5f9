"""A real browser for the tests of the built site."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tools.browser import FLAGS, find_chromium
from tools.served import Site

PHONE = {"width": 360, "height": 800}
LAPTOP = {"width": 1280, "height": 800}

# Opens a page of the site, by its path, in a context of its own with these options.
Visit = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, the system's where there is one."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(), args=FLAGS
        )
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    contexts: list[BrowserContext] = []

    def opened(path: str = "", **options: Any) -> Page:
        contexts.append(browser.new_context(**{"viewport": LAPTOP, **options}))
        page = contexts[-1].new_page()
        page.goto(site.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
