""" "Does it hold?": what papers claim, and what a laptop sees of it. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

from reading_list.records import ReadingList
from reading_list.syllabus import ROOT
from website.concepts import picture

RESULTS = ROOT / "docs" / "results" / "claims"
VERDICTS = {"seen": "Seen", "partly": "Partly seen", "not seen": "Not seen"}


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
        f"| [{claim.record['claim']}](#{claim.name}) | {_paper(claim, reading_list)}"
        f" | {VERDICTS[claim.record['verdict']]} |"
        for claim in by_year
    ]
    table = "\n".join(
        ["| claim | paper | in miniature |", "| --- | --- | --- |", *rows]
    )
    return "\n\n".join([table, *(_section(claim, reading_list) for claim in by_year)])


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
    printed = indent(claim.text.rstrip(), "    ")
    parts = [
        f"## {record['claim'].rstrip('.')} {{ #{claim.name} }}",
        f"**The paper.** {record['reported']} ({_paper(claim, reading_list)},"
        f" *{title}*, {record['where']}.)",
        f"**What we saw: {record['verdict']}.** {record['conclusion']}",
        claim_figure(claim),
        f'??? abstract "The numbers"\n\n    ``` {{ .text .printed title="Printed by '
        f'{record["command"]}" }}\n{printed}\n    ```',
    ]
    if record["tried"]:
        parts.append(f"**What we tried.** {record['tried']}")
    parts.append(
        f'<p class="recipe" markdown>`{record["command"]}`, seeds {seeds}, Python'
        f" {versions['python']}, torch {versions['torch']}, {record['machine']}:"
        f" {record['seconds']:.0f} seconds of one processor on {record['date']}.</p>"
    )
    return "\n\n".join(parts)
