"""Notebooks: run afresh they show what is recorded; their pages are pages of ours."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from markupsafe import escape
from mkdocs_jupyter.convert import nb2html
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from snippets.lab.freshness import same_text
from syllabus import ROOT
from tools.served import PREFIX, BuildError, Site, build
from website import notebooks
from website.maths import typeset_page
from website.notebooks import NotebookError, NotebookPage, colab, convert

NAME = "attention-by-hand"
PATHS = sorted(notebooks.NOTEBOOKS.glob("*.ipynb"))
REPO_URL = "https://github.com/somebody/a-fork"
KERNEL = {"kernelspec": {"name": "python3", "language": "python", "display_name": ""}}
FILES = {
    "before-you-start.md": "../../before-you-start/",
    "concepts/attention.md": "../../concepts/attention/",
    "a.png": "../../a.png",
}


# --- The notebooks themselves


def outputs(notebook: Mapping[str, Any]) -> list[list[dict[str, str]]]:
    """What each code cell shows: by kind, as text."""
    return [
        [
            {"stdout": notebooks.joined(output["text"])}
            if output["output_type"] == "stream"
            else {k: notebooks.joined(v) for k, v in output["data"].items()}
            for output in cell["outputs"]
        ]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def same_outputs(recorded: list[Any], today: list[Any], figures: bool) -> bool:
    """Whether all cells show the same, numbers up to their last digit."""
    kinds = [
        [[sorted(output) for output in cell] for cell in cells]
        for cells in (recorded, today)
    ]
    if kinds[0] != kinds[1]:
        return False
    pairs = [
        (kind, then[kind], now[kind])
        for cells in zip(recorded, today, strict=True)
        for then, now in zip(*cells, strict=True)
        for kind in then
        if figures or not kind.startswith("image/")
    ]
    return all(
        then == now if kind.startswith("image/") else same_text(then, now)
        for kind, then, now in pairs
    )


@pytest.fixture(scope="module")
def ran() -> dict[Path, Any]:
    """Every notebook, run once from its first cell to its last."""
    return {path: notebooks.run(path) for path in PATHS}


every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@every_notebook
def test_a_notebook_runs_and_shows_what_is_recorded(path, ran):
    recorded, today = outputs(notebooks.read(path)), outputs(ran[path])
    assert same_outputs(recorded, today, figures=False), (recorded, today)


@pytest.mark.fresh
@every_notebook
def test_a_notebook_draws_what_is_recorded(path, ran):
    assert same_outputs(outputs(notebooks.read(path)), outputs(ran[path]), figures=True)


@every_notebook
def test_a_notebook_was_run_once_from_top_to_bottom(path):
    cells = notebooks.read(path)["cells"]
    counts = [c["execution_count"] for c in cells if c["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert 10 <= len(cells) <= 14


@every_notebook
def test_a_notebook_holds_no_trace_of_the_machine(path):
    notebook = notebooks.read(path)
    assert set(notebook["metadata"]) == {
        *("description", "previous", "next", "kernelspec", "language_info")
    }
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    for cell in notebook["cells"]:
        assert set(cell["metadata"]) <= {"alt", "fold"}


def test_a_changed_number_or_picture_is_seen():
    then = [[{"stdout": "glass 0.73, off by 2.4e-07\n"}], [{"image/svg+xml": "<svg/>"}]]
    for now in (
        [[{"stdout": "glass 0.74, off by 2.4e-07\n"}], then[1]],
        [[{"stdout": "glass 0.73, off by 2.4e-07\nand\n"}], then[1]],
        [then[0], [{"image/svg+xml": "<svg></svg>"}]],
        [then[0], []],
        [then[0], [{"image/png": "<svg/>"}]],
    ):
        assert not same_outputs(then, now, figures=True)
    rounded = [[{"stdout": "glass 0.73, off by 1.8e-07\n"}], then[1]]
    assert same_outputs(then, rounded, figures=True)


def test_a_cell_that_fails_is_one_line(tmp_path):
    path = tmp_path / "broken.ipynb"
    path.write_text(json.dumps(book(new_code_cell("1 / 0"))))
    with pytest.raises(NotebookError, match=r"^broken\.ipynb: ZeroDivisionError: div"):
        notebooks.run(path)


# --- From mkdocs-jupyter's HTML to a page of ours


def book(*cells: Any) -> Any:
    return new_notebook(cells=list(cells), metadata=KERNEL)


def code(source: str, *shown: Any, **metadata: str) -> Any:
    return new_code_cell(
        source, outputs=list(shown), execution_count=1, metadata=metadata
    )


def stream(text: str, name: str = "stdout") -> Any:
    return new_output("stream", name=name, text=text)


NAMES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "svg": "image/svg+xml",
    "plain": "text/plain",
    "html": "text/html",
}


def value(**data: str) -> Any:
    kinds = {NAMES[short]: content for short, content in data.items()}
    return new_output("execute_result", data=kinds, execution_count=1)


def png(width: int, height: int) -> bytes:
    """A small grey picture."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * height * (width + 1))
    return (
        notebooks.PNG
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def made(tmp_path):
    """Make a page of cells, through mkdocs-jupyter as in the build."""

    def make(*cells: Any, repo_url: str = REPO_URL) -> NotebookPage:
        path = tmp_path / "x.ipynb"
        path.write_text(json.dumps(book(*cells)), "utf-8")
        return convert(
            nb2html(str(path), allow_errors=False),
            notebooks.read(path),
            "notebooks/x.ipynb",
            resolve=FILES.get,
            repo_url=repo_url,
        )

    return make


def test_nothing_of_jupyterlabs_page_is_left(made):
    page = made(new_markdown_cell("# A"), code("x = 1", stream("1\n")))
    for sign in ("<style", "<script", "jp-", "base64", "clipboard", "In [", "¶"):
        assert sign not in page.html
    assert len(page.html) < 1200


def test_code_is_highlighted_in_the_sites_own_box(made):
    page = made(code("if x < 1:\n    print('a & b')\n\ny = 2"))
    soup = BeautifulSoup(page.html, "html.parser")
    box = soup.select_one("div.language-python.highlight > pre > code")
    assert box.get_text() == "if x < 1:\n    print('a & b')\n\ny = 2\n"
    assert box.select_one("span.k").get_text() == "if"


def test_what_was_printed_is_text(made):
    page = made(code("x", stream("<b> & "), stream("c\n"), value(plain="'d'")))
    soup = BeautifulSoup(page.html, "html.parser")
    printed = [box.get_text() for box in soup.select("div.printed code")]
    assert printed == ["<b> & c\n", "'d'\n"]


def test_a_cell_can_be_folded_away(made):
    page = made(code("x = 1", fold="Set-up & more"))
    assert "<summary>Set-up &amp; more</summary><div" in page.html


def test_headings_have_the_ids_of_the_table_of_contents(made):
    page = made(
        new_markdown_cell("# Title\n\n## With `torch` & *more*\n\ntext\n\n### Deep"),
        new_markdown_cell("## Again\n\n## Again\n\n[up](#with-torch-more)"),
    )
    ids = re.findall(r'<h(\d) id="([^"]+)"', page.html)
    assert ids == [
        ("1", "title"),
        ("2", "with-torch-more"),
        ("3", "deep"),
        ("2", "again"),
        ("2", "again_1"),
    ]
    assert [token["id"] for token in page.toc] == [
        "with-torch-more",
        "again",
        "again_1",
    ]
    assert page.toc[0]["name"] == "With torch &amp; more"
    assert [child["id"] for child in page.toc[0]["children"]] == ["deep"]
    assert 'class="headerlink" href="#deep"' in page.html
    assert page.dead == []


def test_links_lead_to_the_pages_of_the_site(made):
    page = made(
        new_markdown_cell(
            "[a](../concepts/attention.md) [b](../concepts/attention.md#code)"
            " [c](https://example.org/x.md) ![picture](../a.png)"
        )
    )
    links = re.findall(r'(?:href|src)="([^"]+)"', page.html)
    assert links[:4] == [
        "../../concepts/attention/",
        "../../concepts/attention/#code",
        "https://example.org/x.md",
        "../../a.png",
    ]
    link = "../concepts/attention.md#code"
    assert page.anchors == [("concepts/attention.md", "code", link)]
    assert page.dead == []


@pytest.mark.parametrize(
    "link",
    [
        "../concepts/atention.md",
        "concepts/attention.md",
        "/concepts/attention/",
        "../concepts/attention/",
        "#nowhere",
        "javascript:alert(1)",
        "//example.org/x",
        "file:///etc/passwd",
    ],
)
def test_a_link_that_leads_nowhere_is_noted(made, link):
    assert made(new_markdown_cell(f'# A\n\n<a href="{link}">x</a>')).dead == [link]


def test_formulas_are_marked_for_typesetting(made):
    page = made(
        new_markdown_cell(
            "A $q_j$ costs \\$5, not `$x$`, with $a < b$.\n\n$$\n\\frac{a}{b}_i\n$$\n"
        )
    )
    assert r'<span class="arithmatex">\(q_j\)</span> costs $5, not' in page.html
    assert r"<code>$x$</code>" in page.html
    assert r'<span class="arithmatex">\(a &lt; b\)</span>.' in page.html
    assert '<p><div class="arithmatex">' not in page.html
    (display,) = re.findall(
        r'<div class="arithmatex">\\\[(.*?)\\\]</div>', page.html, re.S
    )
    assert display.strip() == r"\frac{a}{b}_i"
    assert typeset_page(page.html).count('class="katex"') == 3


def test_a_formula_amid_a_paragraph_is_refused(made):
    with pytest.raises(NotebookError, match="paragraph of its own"):
        made(new_markdown_cell("Here $$a$$ it is."))


def test_a_picture_becomes_a_file_with_its_size_and_words(made):
    content = png(30, 20)
    data = base64.b64encode(content).decode()
    page = made(code("draw()", value(png=data), alt='a "grey" square'))
    assert page.pictures == {"picture-1.png": content}
    (tag,) = re.findall("<img [^>]+>", page.html)
    assert 'src="picture-1.png"' in tag and 'width="30" height="20"' in tag
    assert 'alt="a &quot;grey&quot; square"' in tag
    assert data not in page.html


def test_a_drawing_stands_in_the_page_with_its_words(made):
    is_svg = 'xmlns="http://www.w3.org/2000/svg"'
    svg = f'<?xml version="1.0"?>\n<svg {is_svg}><path d="M0 0"/></svg>'
    page = made(code("draw()", value(svg=svg, plain="<SVG>"), alt="a dot"))
    assert f'data-search-exclude="" aria-label="a dot" {is_svg}>' in page.html
    assert "SVG&gt;" not in page.html and "<?xml" not in page.html


ERROR = new_output("error", ename="NameError", evalue="no x", traceback=["at /home/me"])


@pytest.mark.parametrize(
    "cell, says",
    [
        (code("x", ERROR), "cell 1 ends in an error: NameError: no x"),
        (code("x", stream("warning", "stderr")), "cell 1 writes to stderr: warning"),
        (new_code_cell("x"), "cell 1 was never run"),
        (code("x", value(png="aGk=")), 'metadata needs an "alt"'),
        (code("x", value(png="aGk="), alt="a"), "is no PNG"),
        (code("x", value(jpeg="aGk="), alt="a"), "make it SVG or PNG"),
        (code("x", value(html="<b>", plain="b")), "shows HTML"),
        (new_markdown_cell("![](../a.png)"), "no alt text"),
        (new_markdown_cell('<svg onload="a()"></svg>'), "cell 1 holds <svg>"),
        (new_markdown_cell("x\n\n<script>a()</script>"), "cell 1 holds <script>"),
        (new_markdown_cell('<a href="#x" onclick="a()">x</a>'), "<a> a onclick"),
        (
            code(
                "x",
                value(svg='<svg xmlns="http://www.w3.org/2000/svg" onload="a()"/>'),
                alt="a",
            ),
            "<svg> has onload",
        ),
        (code("x", value(svg="none"), alt="a"), "its drawing is no XML"),
    ],
)
def test_what_cannot_be_published_is_refused(made, cell, says):
    with pytest.raises(NotebookError, match=re.escape(says)):
        made(cell)


def test_what_a_parser_hides_and_a_browser_runs_is_left_out(made):
    hidden = '<!--> <img src="x" onerror="a()"> --> [x](java&#9;script:a())'
    page = made(new_markdown_cell(f"# A\n\n{hidden}"))
    assert "onerror" not in page.html and "<!--" not in page.html
    assert '<h1 id="a">A</h1>' in page.html


def test_a_page_that_lost_cells_is_refused():
    notebook = book(new_markdown_cell("a"), new_markdown_cell("b"))
    rendered = '<div class="jp-Notebook"><div class="jp-Cell"></div></div>'
    with pytest.raises(NotebookError, match="1 of 2 cells"):
        convert(rendered, notebook, "x.ipynb", resolve=FILES.get, repo_url=REPO_URL)


@pytest.mark.parametrize(
    "repo_url, address",
    [
        (REPO_URL, "somebody/a-fork"),
        (f"{REPO_URL}.git", "somebody/a-fork"),
        (f"{REPO_URL}/", "somebody/a-fork"),
    ],
)
def test_colab_opens_the_notebook_of_the_fork(repo_url, address):
    host = "https://colab.research.google.com/github"
    assert colab("notebooks/x.ipynb", repo_url) == (
        f"{host}/{address}/blob/main/docs/notebooks/x.ipynb"
    )


def test_colab_is_offered_only_where_it_can_read(made):
    assert colab("notebooks/x.ipynb", "https://git.example.org/a/b") is None
    elsewhere = made(new_markdown_cell("# A"), repo_url="https://git.example.org/a/b")
    assert "Colab" not in elsewhere.html
    assert "https://git.example.org/a/b/blob/main/docs/notebooks/x" in elsewhere.html
    here = made(new_markdown_cell("# A"))
    assert "Open in Colab" in here.html and f"<code>{REPO_URL}</code>" in here.html


def test_the_page_says_how_to_run_it_here(made):
    page = made(new_markdown_cell("# A")).html
    assert '<a href="../../before-you-start/#code">' in page
    (target,) = re.findall(r"<code>make ([a-z]+)</code>", page)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(rf"^{target}: .*\n(?:\t.*\n)+", makefile, re.MULTILINE)
    assert recipe and f"notebooks/{NAME}.ipynb" in recipe[0]


# --- In the built site


@pytest.fixture(scope="module")
def page(site: Site) -> str:
    return (site.folder / "notebooks" / NAME / "index.html").read_text("utf-8")


def test_the_page_keeps_to_the_budget(page):
    assert len(gzip.compress(page.encode())) < 30_000


def test_the_page_loads_nothing_but_what_other_pages_load(site, page):
    other = (site.folder / "concepts" / "attention" / "index.html").read_text("utf-8")
    scripts = [re.findall(r"<script[^>]*\bsrc=[^>]*>", text) for text in (page, other)]
    assert scripts[0] == scripts[1]
    assert 'src=""' not in page and "<style" not in page


def test_the_formulas_are_typeset(page):
    assert "$$" not in page and "arithmatex" not in page
    assert page.count('class="katex"') >= 10
    assert "vendor/katex/katex.css" in page


def test_the_table_of_contents_leads_to_the_headings(page):
    soup = BeautifulSoup(page, "html.parser")
    contents = [
        link["href"][1:]
        for link in soup.select('nav[aria-label="Table of contents"] a')
    ]
    ids = [heading["id"] for heading in soup.select(".notebook h2")]
    assert ids == list(dict.fromkeys(contents)) and len(ids) == 6


def test_the_page_has_its_own_description(page):
    described = notebooks.read(notebooks.NOTEBOOKS / f"{NAME}.ipynb")["metadata"]
    assert f'content="{escape(described["description"])}"' in page


@pytest.fixture
def small_site(tmp_path):
    """Build a site of one page and one notebook with our hook's notebook part."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "hook.py").write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from mkdocs.exceptions import PluginError\n"
        "from website import notebooks\n"
        "def on_page_content(content, page, config, files):\n"
        "    if not page.file.src_uri.endswith('.ipynb'): return content\n"
        "    try:\n"
        f"        repo = {REPO_URL!r}\n"
        "        return notebooks.publish(content, page, config, files, repo)\n"
        "    except notebooks.NotebookError as error:\n"
        "        raise PluginError(str(error)) from None\n"
    )
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: a\nsite_url: http://127.0.0.1/\nhooks: [hook.py]\n"
        "validation: {anchors: warn}\n"
        "plugins: [mkdocs-jupyter: {include: ['*.ipynb'], allow_errors: false}]\n"
    )

    def make(*cells: Any, index: str = "# A\n\n## Code\n") -> Path:
        (docs / "index.md").write_text(index)
        (docs / "x.ipynb").write_text(json.dumps(book(*cells)), "utf-8")
        build(tmp_path / "site", f"http://127.0.0.1{PREFIX}", tmp_path / "mkdocs.yml")
        return tmp_path / "site"

    return make


def test_a_good_notebook_builds_strictly(small_site):
    data = base64.b64encode(png(3, 2)).decode()
    folder = small_site(
        new_markdown_cell("# N\n\n## Here\n\n[a](index.md#code) [b](#here)"),
        code("draw()", value(png=data), alt="a dot"),
        index="# A\n\n## Code\n\n[there](x.ipynb#here)\n",
    )
    page = (folder / "x" / "index.html").read_text("utf-8")
    assert 'href="../#code"' in page
    assert (folder / "x" / "picture-1.png").read_bytes() == png(3, 2)
    assert 'href="x/#here"' in (folder / "index.html").read_text("utf-8")


@pytest.mark.parametrize(
    "cell, index, says",
    [
        (new_markdown_cell("[a](gone.md)"), "# A", "'gone.md' leads nowhere"),
        (new_markdown_cell("[a](index.md#gone)"), "# A", "contain an anchor '#gone'"),
        (new_markdown_cell("# N"), "[a](x.ipynb#gone)", "contain an anchor '#gone'"),
        (code("x", ERROR), "# A", "cell 1 ends in an error: NameError"),
    ],
    ids=["dead-link", "dead-anchor", "dead-anchor-into-it", "error"],
)
def test_a_fault_in_a_notebook_fails_the_strict_build(small_site, cell, index, says):
    with pytest.raises(BuildError, match=re.escape(says)) as failed:
        small_site(cell, index=index)
    assert "Traceback" not in str(failed.value)
