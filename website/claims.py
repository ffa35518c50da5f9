""" "Does it hold?": what papers claim, and what a laptop sees of it. Pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

from reading_list.records import ReadingList
from reading_list.syllabus import ROOT
from website.concepts import abbreviation, picture
from website.wording import unbroken

RESULTS = ROOT / "docs" / "results" / "claims"
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
    def table(self) -> str:
        """What was printed, without the conclusion under it."""
        last = f"{self.record['verdict']}: {self.record['conclusion']}"
        return self.text.strip("\n").removesuffix(last).rstrip()


def load_claims(folder: Path = RESULTS) -> dict[str, Claim]:
    """Every recorded claim, by name."""
    claims = {}
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        text = path.with_suffix(".txt").read_text(encoding="utf-8")
        claims[record["name"]] = Claim(record, text)
    return claims


def does_it_hold(claims: Mapping[str, Claim], reading_list: ReadingList) -> str:
    """A table of all claims, then each with its figure and its numbers, as Markdown."""
    by_year = sorted(
        claims.values(),
        key=lambda claim: reading_list.by_id[claim.paper].year or 0,
    )
    rows = [
        f"| [{claim.title}](#{claim.name}), {_paper(claim, reading_list)}"
        f"<br>{claim.record['claim']} | {VERDICTS[claim.record['verdict']]} |"
        for claim in by_year
    ]
    table = "\n".join(["| what a paper says | in miniature |", "| --- | --- |", *rows])
    sections = [_section(claim, reading_list) for claim in by_year]
    return explained("\n\n".join([table, *sections]))


def explained(markdown: str) -> str:
    """The text with a tooltip at the first occurrence of each of `TERMS`."""
    for term, definition in TERMS.items():
        pattern = rf"(?P<apart>{_APART})|\b{term}\b"
        for found in re.finditer(pattern, markdown, re.S | re.M):
            if not found["apart"]:
                shown = abbreviation(found[0], definition)
                markdown = markdown[: found.start()] + shown + markdown[found.end() :]
                break
    return markdown


def _paper(claim: Claim, reading_list: ReadingList) -> str:
    paper = reading_list.by_id[claim.paper]
    maker = paper.makers[0].split()[-1]
    return f"[{maker} {paper.year}](resources/{paper.id}.md)"


def claim_figure(claim: Claim) -> str:
    """The claim's figure, which says in words what was concluded from it."""
    return picture(
        f"results/claims/{claim.name}.svg",
        f"Every seed's result as a dot. {claim.record['conclusion']}",
        "Every dot is one seed.",
    )


def _section(claim: Claim, reading_list: ReadingList) -> str:
    record = claim.record
    versions = record["versions"]
    seeds = ", ".join(map(str, record["seeds"]))
    title = reading_list.by_id[claim.paper].title
    printed = indent(claim.table, "    ")
    parts = [
        f"## {claim.title} {{ #{claim.name} }}",
        f"**{record['claim']}**",
        f"**The paper.** {unbroken(record['reported'])} ({_paper(claim, reading_list)},"
        f" *{title}*, {record['where']}.)",
        f"**What we saw: {record['verdict']}.** {unbroken(record['conclusion'])}",
        claim_figure(claim),
        f'??? abstract "The numbers"\n\n    ``` {{ .text .printed title="Printed by '
        f'make claim NAME={claim.name}" }}\n{printed}\n    ```',
    ]
    if record["tried"]:
        parts.append(f"**What we tried.** {unbroken(record['tried'])}")
    parts.append(
        f'<p class="recipe" markdown>`make claim NAME={claim.name}`, seeds {seeds},'
        f" Python {versions['python']}, torch {versions['torch']}, {record['machine']}:"
        f" {record['seconds']:.0f} seconds of one processor on {record['date']}.</p>"
    )
    return "\n\n".join(parts)
