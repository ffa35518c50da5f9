"""Notebook pages: mkdocs-jupyter writes Markdown by a template of ours.

`templates/mkdocs_html/notebook.html.j2` says how. MkDocs then makes a page of it like
of any other: with its formulas, code, headings, checked links and table of contents.
Here is only what is a notebook's own.
"""

from __future__ import annotations

import html
import json
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import nh3
from bs4 import BeautifulSoup
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs_jupyter.config import settings

from website.figures import drawing
from website.policy import drawing_faults

settings.templates_dir = str(Path(__file__).with_name("templates"))

# What may stand in the text of a notebook: words, and what orders them.
TAGS = (
    "a abbr b blockquote br code dd details div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd"
    " li ol p pre span strong sub summary sup table tbody td th thead tr ul"
)
ATTRIBUTES = {
    "*": {"class", "id", "title"},
    "a": {"href", "data-preview"},
    "div": {"data-figure"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"style"},
    "th": {"style"},
}


class NotebookError(Exception):
    """A notebook is not fit to be published; the message says where and why."""


def publish(
    written: str, page: Page, config: MkDocsConfig, files: Files, repo_url: str
) -> str:
    """The HTML of a notebook's page; MkDocs is told of its headings and links.

    Args:
        written: the Markdown that mkdocs-jupyter made by our template, escaped.

    Raises:
        NotebookError: a cell ends in an error, or was never run, or holds or shows
            what cannot be published.
    """
    path = page.file.src_uri
    notebook = json.loads(Path(page.file.abs_src_path or "").read_text("utf-8"))
    for name in ("description", "previous", "next"):
        page.meta.setdefault(name, notebook["metadata"].get(name))
    # mkdocs-jupyter adds the style of JupyterLab's page to whatever it writes.
    markdown = html.unescape(written.partition("<style>")[0])
    page.markdown = markdown.replace("<!-- open -->", how_to_run(path, repo_url), 1)
    if "-8<-" in page.markdown:
        raise NotebookError("includes a file by itself: leave -8<- out")
    type(page).render(page, config, files)  # as if mkdocs-jupyter had not replaced it
    content = text_only(page.content or "")
    for number, cell in enumerate(notebook["cells"], 1):
        for place, svg in drawings(cell, f"cell {number}"):
            mark = f'<div data-figure="{number}-{place}"></div>'
            drawn = drawing(svg, cell["metadata"]["alt"])
            content = content.replace(mark, f'<figure class="drawing">{drawn}</figure>')
    return content


def drawings(cell: Mapping[str, Any], where: str) -> Iterator[tuple[int, str]]:
    """The SVGs that a cell draws, each after its place among all that it shows.

    Raises:
        NotebookError: the cell was never run, or shows what cannot be published.
    """
    if "".join(cell["source"]).strip() and cell.get("execution_count", 1) is None:
        raise NotebookError(f"{where} was never run: python -m tools.notebooks")
    for place, output in enumerate(cell.get("outputs", ()), 1):
        if output["output_type"] == "error":
            why = f"{output['ename']}: {output['evalue']}"
            raise NotebookError(f"{where} ends in an error: {why}")
        if (stream := output.get("name", "stdout")) != "stdout":
            text = "".join(output["text"])
            raise NotebookError(f"{where} writes to {stream}: {text}")
        data = {kind: "".join(text) for kind, text in output.get("data", {}).items()}
        if any(kind.startswith("image/") for kind in data):
            if not cell["metadata"].get("alt"):
                raise NotebookError(f'{where} draws: its metadata needs an "alt" text')
            svg = data.get("image/svg+xml")
            if svg is None:
                raise NotebookError(f"{where} draws {min(data)}: draw an SVG")
            for fault in drawing_faults(svg[svg.find("<svg") :]):
                raise NotebookError(f"{where}: its drawing {fault}")
            yield place, svg
        elif "text/html" in data:
            raise NotebookError(f"{where} shows HTML: print text, or draw")


def text_only(content: str) -> str:
    """The HTML of the cells' text, which runs and loads nothing.

    Raises:
        NotebookError: it holds what no text needs, or hides something from a reader.
    """
    clean = nh3.clean(
        content,
        tags=set(TAGS.split()),
        attributes=ATTRIBUTES,
        filter_style_properties={"text-align"},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    before, after = (BeautifulSoup(text, "html.parser") for text in (content, clean))
    kept = Counter((tag.name, *sorted(tag.attrs)) for tag in after.find_all(True))
    for tag in before.find_all(True):
        kind = (tag.name, *sorted(tag.attrs))
        kept[kind] -= 1
        if kept[kind] < 0:
            raise NotebookError(f"holds {str(tag)[:80]!r}: write Markdown")
        if tag.name == "img" and not tag.get("alt"):
            raise NotebookError(f"the picture {tag.get('src')} has no alt text")
        if tag.name == "p" and "$$" in "".join(
            tag.find_all(string=True, recursive=False)
        ):
            raise NotebookError(f"$$ needs a paragraph of its own: {tag.get_text()!r}")
    return clean


def how_to_run(path: str, repo_url: str) -> str:
    """Where to run the notebook, as the Markdown below its title."""
    start = posixpath.relpath("before-you-start.md", posixpath.dirname(path))
    repo = repo_url.rstrip("/")
    here = (
        f"[get the code]({start}#code) and run"
        f" `make notebook NAME={PurePosixPath(path).stem}`. The first time it"
        " fetches JupyterLab, about 50 MB; then it opens this page there, to change"
        f" and run. Or open [the notebook itself]({repo}/blob/main/docs/{path}) in"
        " VS Code, and choose the Python in `.venv` as its kernel.\n{ .open }"
    )
    parts = urlsplit(repo)
    if parts.hostname != "github.com":  # Colab reads from there alone
        return f"To change the numbers: {here}"
    repository = parts.path.strip("/").removesuffix(".git")
    colab = "https://colab.research.google.com/github"
    return (
        f"[Open in Colab]({colab}/{repository}/blob/main/docs/{path}){{ .md-button }}"
        "\n{ .open }\n\nThere the first cell asks for an address:"
        f" `{repo}`. On your own machine: {here}"
    )
