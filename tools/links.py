"""Follow every link of a served site: pages, anchors, images, style sheets.

`python -m tools.links` builds the site, follows its links and prints the broken
ones; with `--elsewhere` it also asks every other host. LinkChecker does the
following; here is only how it must be asked.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

from tools.served import BuildError, built_and_served

# The two size limits: with LinkChecker's own, 1 MiB, it silently passes over the
# links of large pages.
SETTINGS = """\
[checking]
threads=8
maxrequestspersecond={pace}
maxfilesizeparse=20000000
maxfilesizedownload=20000000
timeout=30

[filtering]
checkextern={elsewhere:d}
internlinks=^{origin}/
ignore=
  ^mailto:
  ^dns:

[AnchorCheck]
"""
# Of another host's answers, only these say that a page is gone. Others (403, 429, 503,
# no answer in time) may mean that it does not talk to programs.
GONE = ("404", "410", "NameResolutionError", "getaddrinfo failed")


class LinkCheckerError(Exception):
    """LinkChecker itself failed; the message is what it printed."""


@dataclass(frozen=True, order=True)
class BrokenLink:
    """A link that leads nowhere: the page it is on, its target, what is wrong.

    Page and target are paths of the site, from its host's root on.
    """

    page: str
    target: str
    wrong: str

    def __str__(self) -> str:
        return f"{self.page}: {self.target}: {self.wrong}"


def broken_links(url: str, elsewhere: bool = False) -> list[BrokenLink]:
    """Every broken link of the site that is served at `url`.

    With `elsewhere`, links to other hosts are followed as well, and are broken where
    the host says that the page is gone, or where there is no such host.

    The sitemap is a start too: the home page alone would miss orphans. So is the
    404 page, which no page links to and which a reader meets at any depth.

    Raises:
        LinkCheckerError: LinkChecker did not come to an end.
    """
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    found = _ask([url, f"{url}sitemap.xml", f"{url}404.html"], origin, elsewhere)
    return sorted(
        {
            BrokenLink(
                page=urldefrag(row["parentname"] or row["url"]).url[len(origin) :],
                target=row["url"].removeprefix(origin),
                wrong=(row["warningstring"] or row["result"]).split(" Available")[0],
            )
            for row in found
            if row["url"].startswith(origin) or _is_gone(row)
        }
    )


def _ask(starts: list[str], origin: str, elsewhere: bool) -> list[dict[str, str]]:
    """What LinkChecker complains of, a row for each link."""
    with tempfile.TemporaryDirectory() as folder:
        # As root, LinkChecker turns into the user `nobody`, who must read this.
        Path(folder).chmod(0o755)
        settings = Path(folder) / "linkcheckerrc"
        text = SETTINGS.format(
            origin=re.escape(origin),
            elsewhere=elsewhere,
            pace=2 if elsewhere else 1000,  # of each host; be kind to others'
        )
        settings.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "linkcheck", "--config", str(settings)]
        ran = subprocess.run(
            [*command, "--no-status", "--output", "csv", *starts],
            cwd=folder,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            text=True,
        )
    rows = [line for line in ran.stdout.splitlines() if not line.startswith("# ")]
    if ran.returncode not in (0, 1) or not rows or "urlname" not in rows[0]:
        raise LinkCheckerError(ran.stdout[-2000:] + ran.stderr[-2000:])
    return list(csv.DictReader(rows, delimiter=";"))


def _is_gone(row: dict[str, str]) -> bool:
    return row["valid"] == "False" and any(sign in row["result"] for sign in GONE)


def main() -> None:
    elsewhere = sys.argv[1:] == ["--elsewhere"]
    if sys.argv[1:] and not elsewhere:
        sys.exit("The only option is --elsewhere: ask other hosts, too.")
    try:
        with built_and_served() as site:
            broken = broken_links(site.url, elsewhere)
            pages = len(list(site.folder.rglob("*.html")))
    except (BuildError, LinkCheckerError) as failed:
        sys.exit(str(failed))
    for link in broken:
        print(link)
    if broken:
        sys.exit(f"{len(broken)} broken links on {pages} pages.")
    print(f"Every link of {pages} pages leads somewhere.")


if __name__ == "__main__":
    main()
