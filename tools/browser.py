"""The browser that looks at the site: the system's Chromium, else Playwright's own.

`python -m tools.browser` prints its path, and fails where there is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# A browser that calls nobody by itself; as root it runs only without its sandbox.
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    *(["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []),
]


def _runs(path: str) -> bool:
    """Some systems put a stub in place that only tells how to install a browser."""
    try:
        subprocess.run([path, "--version"], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome that runs, or None."""
    on_path = [found for name in NAMES if (found := shutil.which(name))]
    for path in (*on_path, *APPLICATIONS):
        if Path(path).exists() and _runs(path):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() and _runs(path) else None


def until(page: Page, condition: str) -> None:
    """Wait until an expression of JavaScript holds on the page, for ten seconds.

    Playwright's own `wait_for_function` makes a function of a string within the page,
    which the page's policy forbids.

    Raises:
        TimeoutError: it does not hold by then.
    """
    holds = page.evaluate(
        f"""async () => {{
          const end = performance.now() + 10_000;
          while (!(await ({condition})) && performance.now() < end)
            await new Promise((again) => setTimeout(again, 20));
          return Boolean(await ({condition}));
        }}"""
    )
    if not holds:
        raise TimeoutError(f"{page.url}: {condition}")


if __name__ == "__main__":
    if (found := find_chromium()) is None:
        sys.exit("No Chromium or Chrome here; `make test` installs one.")
    print(found)
