"""Notebook pages: what mkdocs-jupyter renders, turned into a page of ours.

mkdocs-jupyter gives Markdown and highlighted code inside JupyterLab's own page: with
594 KB of style, pictures in base64, formulas for a script that is not there, and
links that nobody checks. Here the cells are taken out of it and dressed like every
other page: so they need no style but the site's. Pure functions, HTML out.

`python -m website.notebooks` runs every notebook and records what it shows.
"""

from __future__ import annotations

import base64
import html
import json
import posixpath
import re
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

import nh3
from bs4 import BeautifulSoup, Tag
from markdown.extensions.toc import slugify  # type: ignore[import-untyped]
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import get_toc
from mkdocs.utils import get_relative_url

from syllabus import ROOT
from website.figures import drawing
from website.policy import drawing_faults

NOTEBOOKS = ROOT / "docs" / "notebooks"
_log = get_plugin_logger("notebooks")
PNG = b"\x89PNG\r\n\x1a\n"


class NotebookError(Exception):
    """A notebook is not fit to be published; the message says which cell and why."""


@dataclass(frozen=True)
class Heading:
    """A heading; its name is HTML."""

    level: int
    id: str
    name: str


@dataclass
class NotebookPage:
    """A notebook as a page."""

    html: str = ""
    headings: list[Heading] = field(default_factory=list)
    # Pictures to be served beside the page, by file name.
    pictures: dict[str, bytes] = field(default_factory=dict)
    # Links that lead nowhere, as they are written.
    dead: list[str] = field(default_factory=list)
    # Links into other pages: the page, the anchor, the link as it is written.
    anchors: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def toc(self) -> list[Any]:
        """The headings as Markdown's toc extension nests them, from level 2 on."""
        tokens: list[dict[str, Any]] = []
        for heading in self.headings:
            token = {**asdict(heading), "children": []}
            if heading.level == 2:
                tokens.append(token)
            elif heading.level == 3 and tokens:
                tokens[-1]["children"].append(token)
        return tokens


# The path of a file under docs/, to its address from the page; None: no such file.
Resolve = Callable[[str], str | None]


def convert(
    rendered: str,
    notebook: Mapping[str, Any],
    path: str,
    *,
    resolve: Resolve,
    repo_url: str,
) -> NotebookPage:
    """Make a page of what mkdocs-jupyter rendered.

    Args:
        rendered: the HTML from mkdocs-jupyter.
        notebook: the notebook itself, whose outputs are shown.
        path: of the notebook under docs/.

    Raises:
        NotebookError: a cell ends in an error, or was never run, or shows
            something that cannot be published.
    """
    made = NotebookPage()
    soup = BeautifulSoup(rendered, "html.parser")
    shown = soup.select(".jp-Notebook > .jp-Cell")
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] != "raw"]
    if len(shown) != len(cells):
        raise NotebookError(f"{len(shown)} of {len(cells)} cells are rendered")
    parts: list[str] = []
    for number, (tag, cell) in enumerate(zip(shown, cells, strict=True), 1):
        if cell["cell_type"] == "markdown":
            prose = tag.select_one(".jp-RenderedMarkdown")
            if prose is not None:
                _headings(prose, soup, made)
                _links(prose, path, made, resolve)
                _formulas(prose, soup)
                parts.append(_text_only(prose, f"cell {number}"))
        else:
            parts.append(_folded(_code(tag), cell))
            parts += _outputs(cell, number, made)
        if number == 1:
            parts.append(_open(path, repo_url, resolve("before-you-start.md")))
    ids = {heading.id for heading in made.headings}
    made.dead += [link for link in _own_anchors(parts) if link[1:] not in ids]
    made.html = '<div class="notebook">\n' + "\n".join(parts) + "\n</div>"
    return made


def _headings(prose: Tag, soup: BeautifulSoup, made: NotebookPage) -> None:
    """Give each heading the id that our table of contents links to."""
    for heading in prose.find_all(re.compile("^h[1-6]$")):
        for anchor in heading.select(".anchor-link"):
            anchor.decompose()
        name = heading.get_text()
        taken = {other.id for other in made.headings}
        base = slugify(name, "-") or "section"
        identifier, count = base, 0
        while identifier in taken:
            count += 1
            identifier = f"{base}_{count}"
        heading["id"] = identifier
        made.headings.append(
            Heading(int(heading.name[1]), identifier, html.escape(name, quote=False))
        )
        if heading.name != "h1":
            link = soup.new_tag(
                "a",
                href=f"#{identifier}",
                title="Link to this section",
                attrs={"class": "headerlink"},
            )
            link.string = "#"
            heading.append(link)


def _links(prose: Tag, path: str, made: NotebookPage, resolve: Resolve) -> None:
    """Turn links to files under docs/ into addresses, and note the dead ones."""
    for name, attribute in (("a", "href"), ("img", "src")):
        for tag in prose.find_all(name):
            link = str(tag.get(attribute, ""))
            if "headerlink" in (tag.get("class") or []) or link.startswith("#"):
                continue
            parts = urlsplit(link)
            if parts.scheme in ("http", "https", "mailto"):
                continue
            target, anchor = urldefrag(link)
            file = posixpath.normpath(
                posixpath.join(posixpath.dirname(path), unquote(target))
            )
            known = not (parts.scheme or parts.netloc or link.startswith("/"))
            address = resolve(file) if known and target else None
            if address is None:
                made.dead.append(link)
                continue
            tag[attribute] = f"{address}#{anchor}" if anchor else address
            if anchor:
                made.anchors.append((file, anchor, link))
            if name == "img" and not tag.get("alt"):
                raise NotebookError(f"the picture {link} has no alt text")


# What may stand in the text of a notebook: words, and what orders them.
_TAGS = (
    "a abbr b blockquote br code dd div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li ol p"
    " pre span strong sub sup table tbody td th thead tr ul"
)
_EVERYWHERE = {"class", "id", "title"}
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"style"},
    "th": {"style"},
}


def _text_only(prose: Tag, where: str) -> str:
    """The HTML of a cell's text, which runs and loads nothing.

    Raises:
        NotebookError: it holds a tag or an attribute that no text needs.
    """
    for tag in prose.find_all(True):
        if tag.name not in _TAGS.split():
            raise NotebookError(f"{where} holds <{tag.name}>: write Markdown")
        for name in tag.attrs:
            if name not in _EVERYWHERE | _ATTRIBUTES.get(tag.name, set()):
                raise NotebookError(
                    f"{where} gives <{tag.name}> a {name}: leave it out"
                )
    cleaned = nh3.clean(
        prose.decode_contents(),
        tags=set(_TAGS.split()),
        attributes={"*": _EVERYWHERE, **_ATTRIBUTES},
        filter_style_properties={"text-align"},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    return cleaned.strip()


def _own_anchors(parts: list[str]) -> Iterator[str]:
    """The links into the page itself."""
    return (
        html.unescape(link)
        for part in parts
        for link in re.findall(r'<a [^>]*?href="(#[^"]*)"', part)
    )


# As Jupyter has it: $$ $$ on its own, $ $ in a line with no space inside.
_DISPLAY = re.compile(r"\s*\$\$(.+?)\$\$\s*", re.S)
_INLINE = re.compile(r"(?<![\\\w$])\$([^\s$](?:[^$]*?[^\s$])?)\$(?![\d$])")


def _formulas(prose: Tag, soup: BeautifulSoup) -> None:
    """Mark the formulas outside code as `website.maths` expects them."""
    for text in list(prose.find_all(string=True)):
        parent = text.parent
        if "$" not in text or parent is None or text.find_parent(["code", "pre"]):
            continue
        if alone := _DISPLAY.fullmatch(text):
            block = soup.new_tag("div", attrs={"class": "arithmatex"})
            block.string = rf"\[{alone[1]}\]"
            (parent if parent.name == "p" else text).replace_with(block)
            continue
        if "$$" in text:
            raise NotebookError(f"$$ needs a paragraph of its own: {text.strip()}")
        pieces = _INLINE.split(text)
        for formula, piece in enumerate(pieces):
            if formula % 2:
                span = soup.new_tag("span", attrs={"class": "arithmatex"})
                span.string = rf"\({piece}\)"
                text.insert_before(span)
            else:
                text.insert_before(piece)
        text.extract()


def _code(tag: Tag) -> str:
    """The highlighted code in the site's own box, where its style and button are."""
    pre = tag.select_one(".highlight-ipynb pre")
    inner = pre.decode_contents() if pre is not None else ""
    inner = inner.replace("<span></span>", "").rstrip("\n")
    return (
        '<div class="language-python highlight"><pre><span></span>'
        f"<code>{inner}\n</code></pre></div>"
    )


def _folded(code: str, cell: Mapping[str, Any]) -> str:
    """The code behind a line to click, where the cell's metadata has `fold`."""
    if "fold" not in cell["metadata"]:
        return code
    summary = html.escape(cell["metadata"]["fold"])
    return f'<details class="note"><summary>{summary}</summary>{code}</details>'


def _outputs(cell: Mapping[str, Any], number: int, made: NotebookPage) -> Iterator[str]:
    """What a cell printed and drew."""
    where = f"cell {number}"
    if "".join(cell["source"]).strip() and cell.get("execution_count") is None:
        raise NotebookError(f"{where} was never run: python -m website.notebooks")
    printed = ""
    for output in cell["outputs"]:
        kind = output["output_type"]
        if kind == "error":
            raise NotebookError(
                f"{where} ends in an error: {output['ename']}: {output['evalue']}"
            )
        if kind == "stream":
            if output["name"] != "stdout":
                raise NotebookError(
                    f"{where} writes to {output['name']}: {joined(output['text'])}"
                )
            printed += joined(output["text"])
            continue
        if printed:
            yield _printed(printed)
            printed = ""
        yield _shown(output, cell, where, made)
    if printed:
        yield _printed(printed)


def joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _printed(text: str) -> str:
    return (
        '<div class="text printed highlight"><pre><span></span>'
        f"<code>{html.escape(text.rstrip(), quote=False)}\n</code></pre></div>"
    )


def _shown(
    output: Mapping[str, Any], cell: Mapping[str, Any], where: str, made: NotebookPage
) -> str:
    """A value or a picture, in the best form that it comes in."""
    data = {kind: joined(value) for kind, value in output["data"].items()}
    pictures = [kind for kind in data if kind.startswith("image/")]
    if not pictures:
        if "text/html" in data:
            raise NotebookError(f"{where} shows HTML: print text, or draw")
        return _printed(data["text/plain"])
    alt = cell["metadata"].get("alt", "")
    if not alt:
        raise NotebookError(f'{where} draws: its metadata needs an "alt" text')
    if "image/svg+xml" in data:
        svg = data["image/svg+xml"]
        for fault in drawing_faults(svg[svg.find("<svg") :]):
            raise NotebookError(f"{where}: its drawing {fault}")
        return f'<figure class="drawing">{drawing(svg, alt)}</figure>'
    if "image/png" not in data:
        raise NotebookError(f"{where} draws {pictures[0]}: make it SVG or PNG")
    content = base64.b64decode(data["image/png"])
    if not content.startswith(PNG):
        raise NotebookError(f"{where}: its picture is no PNG")
    width, height = struct.unpack(">II", content[16:24])
    name = f"picture-{len(made.pictures) + 1}.png"
    made.pictures[name] = content
    return (
        f'<figure class="drawing"><img src="{name}" alt="{html.escape(alt)}"'
        f' width="{width}" height="{height}" loading="lazy"></figure>'
    )


def colab(path: str, repo_url: str) -> str | None:
    """The address that opens the notebook in Colab, which reads from GitHub only."""
    parts = urlsplit(repo_url)
    if parts.hostname != "github.com":
        return None
    repository = parts.path.strip("/").removesuffix(".git")
    host = "https://colab.research.google.com/github"
    return f"{host}/{repository}/blob/main/docs/{path}"


def _open(path: str, repo_url: str, start: str | None) -> str:
    """Where to run the notebook, below its title.

    Args:
        start: the address of the page that says how to get the code.
    """
    repo = html.escape(repo_url.rstrip("/"))
    here = (
        f'<a href="{start}#code">get the code</a> and run <code>make notebook</code>.'
        " The first time it fetches JupyterLab, about 50 MB; then it opens this page"
        " there, to change and run. Or open "
        f'<a href="{repo}/blob/main/docs/{path}">the notebook itself</a>'
        " in VS Code, and choose the Python in <code>.venv</code> as its kernel."
    )
    address = colab(path, repo_url)
    if address is None:
        return f'<p class="open">To change the numbers: {here}</p>'
    return (
        f'<p class="open"><a class="md-button" href="{html.escape(address)}">'
        "Open in Colab</a></p>\n<p>There the first cell asks for an address: "
        f"<code>{repo}</code>. On your own machine: {here}</p>"
    )


def publish(
    rendered: str, page: Page, config: MkDocsConfig, files: Files, repo_url: str
) -> str:
    """The HTML of a notebook's page; MkDocs is told of its links and pictures."""

    def resolve(path: str) -> str | None:
        file = files.get_file_from_path(path)
        if file is None or file.inclusion == InclusionLevel.EXCLUDED:
            return None
        return get_relative_url(file.url, page.url)

    path = page.file.src_uri
    notebook = read(Path(page.file.abs_src_path or ""))
    made = convert(rendered, notebook, path, resolve=resolve, repo_url=repo_url)
    for link in made.dead:
        _log.warning("%s: the link %r leads nowhere", path, link)
    page.toc = get_toc(made.toc)
    for name in ("description", "previous", "next"):
        page.meta.setdefault(name, notebook["metadata"].get(name))
    page.present_anchor_ids = {heading.id for heading in made.headings}
    page.links_to_anchors = {}
    for target, anchor, link in made.anchors:
        if (file := files.get_file_from_path(target)) is not None:
            page.links_to_anchors.setdefault(file, {})[anchor] = link
    for name, content in made.pictures.items():
        address = f"{posixpath.splitext(path)[0]}/{name}"
        files.append(File.generated(config, address, content=content))
    return made.html


# --- Running


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def run(path: Path, folder: Path = ROOT) -> Any:
    """Run every cell afresh; the notebook with what its cells show today.

    Raises:
        NotebookError: a cell ends in an error.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise NotebookError(f"{path.name}: {error.ename}: {error.evalue}") from None
    # The release of Python that ran it is no part of a notebook.
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def main() -> int:
    """Run every notebook and record what its cells show."""
    import nbformat

    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        try:
            nbformat.write(run(path), path)  # type: ignore[no-untyped-call]
        except NotebookError as error:
            print(f"notebooks: {error}", file=sys.stderr)
            return 1
        print(f"ran {path.name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
