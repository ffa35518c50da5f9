""" "Does it hold?": what papers claim, and what a laptop sees of it. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reading_list.records import ReadingList
from syllabus import ROOT
from website.figures import picture
from website.results import load_results
from website.wording import abbreviation, markdown_template

VERDICTS = {"seen": "Seen", "partly": "Partly seen", "not seen": "Not seen"}

#: Terms of the field that no page of ours defines, as a pattern, and what they mean.
TERMS = {
    r"BLEU": "0 to 100: how many runs of one to four words a translation shares"
    " with the reference",
    r"perplexity": "among how many equally likely words the model might as well choose",
    r"CTC": "connectionist temporal classification: each output is chosen without"
    " regard to the others",
    r"[Aa]lignment error rates?": "0 is perfect: the share of links that disagree"
    " with the true ones",
    r"gold alignment": "the true one, which our grammar wrote down",
}
CAPTION = "Every dot is one seed."
# What is no running text: code, tags, headings, links.
_APART = r"```.*?```|`[^`\n]*`|<[^>]+>|^#.*?$|\[[^\]]*\]\([^)]*\)"


@dataclass(frozen=True)
class Claim:
    """A recorded claim: docs/results/claims/NAME.{json,txt,svg}."""

    record: Mapping[str, Any]
    text: str

    @property
    def name(self) -> str:
        return str(self.record["name"])

    @property
    def paper(self) -> str:
        """The id of the paper's record."""
        return str(self.record["paper"])

    @property
    def title(self) -> str:
        """A heading short enough for a phone: `word-vectors` as Word vectors."""
        return self.name.replace("-", " ").capitalize()

    @property
    def verdict(self) -> str:
        return VERDICTS[self.record["verdict"]]

    @property
    def figure(self) -> str:
        """The path of the drawing under docs/."""
        return f"results/claims/{self.name}.svg"

    @property
    def alt(self) -> str:
        """What the drawing shows, in words: what was concluded from it."""
        return f"Every seed's result as a dot. {self.record['conclusion']}"

    @property
    def table(self) -> str:
        """What was printed, without the conclusion under it."""
        last = f"{self.record['verdict']}: {self.record['conclusion']}"
        return self.text.strip("\n").removesuffix(last).rstrip()


def load_claims(docs: Path = ROOT / "docs") -> dict[str, Claim]:
    """Every recorded claim, by name."""
    found = load_results(docs, "claims")
    return {name: Claim(of.record, of.text) for name, of in found.items()}


def does_it_hold(claims: Mapping[str, Claim], reading_list: ReadingList) -> str:
    """A table of all claims, then each with its figure and its numbers, as Markdown."""
    papers = reading_list.by_id
    by_year = sorted(claims.values(), key=lambda claim: papers[claim.paper].year or 0)
    page = markdown_template(
        "does_it_hold.md",
        claims=by_year,
        papers=papers,
        picture=picture,
        caption=CAPTION,
    )
    return explained(page)


def explained(page: str) -> str:
    """The Markdown with a tooltip at the first occurrence of each of `TERMS`."""
    for term, definition in TERMS.items():
        pattern = rf"(?P<apart>{_APART})|\b{term}\b"
        for found in re.finditer(pattern, page, re.S | re.M):
            if not found["apart"]:
                shown = abbreviation(found[0], definition)
                page = page[: found.start()] + shown + page[found.end() :]
                break
    return page
