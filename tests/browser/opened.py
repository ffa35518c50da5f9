"""A page in a browser of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

PHONE = {"width": 360, "height": 800}
LAPTOP = {"width": 1280, "height": 800}


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
