"""Notebooks: run afresh they show what is recorded; their pages are pages of ours."""

from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from markdown import markdown
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from syllabus import ROOT
from tests.website import small
from tools.notebooks import NOTEBOOKS, run
from tools.served import Site
from website.notebooks import NotebookError, drawings, how_to_run, text_only

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
REPO_URL = "https://github.com/somebody/a-fork"
every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def book(*cells: Any) -> Any:
    kernel = {"name": "python3", "language": "python", "display_name": ""}
    return new_notebook(cells=list(cells), metadata={"kernelspec": kernel})


def code(source: str, *shown: Any, **metadata: str) -> Any:
    return new_code_cell(
        source, outputs=list(shown), execution_count=1, metadata=metadata
    )


def stream(text: str, name: str = "stdout") -> Any:
    return new_output("stream", name=name, text=text)


def value(kind: str, content: str) -> Any:
    return new_output("execute_result", data={kind: content}, execution_count=1)


# --- The notebooks themselves


def solved(notebook: Any) -> Any:
    """The notebook with every solution in its text as a cell that runs."""
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type == "markdown":
            solutions = re.findall(r"```python\n(.*?)```", cell.source, re.DOTALL)
            cells += [code(solution, solution="") for solution in solutions]
    return {**notebook, "cells": cells}


def follows_from_training(cell: Any) -> bool:
    return "NOTEBOOK_STEPS" in "".join(cell["source"])


@pytest.mark.fresh
@every_notebook
def test_run_shows_what_is_recorded(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.environ.get("NOTEBOOKS") != "full":  # as in the weekly run
        monkeypatch.setenv("NOTEBOOK_STEPS", "3")
    recorded = json.loads(path.read_text("utf-8"))
    today = run(path, solved)
    assert today.metadata == recorded["metadata"]
    cells = [cell for cell in today.cells if "solution" not in cell.metadata]
    for then, now in zip(recorded["cells"], cells, strict=True):
        if follows_from_training(then):
            break  # from here on the cells' own assertions hold
        shown = [
            {key: "".join(text) for key, text in kinds.items()}
            for output in then.get("outputs", ())
            for kinds in [output.get("data", {"text": output.get("text", "")})]
        ]
        assert shown == [
            o.get("data", {"text": o.get("text")}) for o in now.get("outputs", ())
        ]


def test_run_names_what_fails(tmp_path: Path) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text(json.dumps(book(code("1 / 0"))))
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        run(path)


@every_notebook
def test_notebook_was_run_from_top_to_bottom_and_names_no_machine(path: Path) -> None:
    notebook = json.loads(path.read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    counts = [cell["execution_count"] for cell in cells]
    assert counts == list(range(1, len(counts) + 1))
    assert {key for cell in notebook["cells"] for key in cell["metadata"]} <= {
        *("alt", "fold")
    }
    assert set(notebook["metadata"]) == {
        *("description", "previous", "next", "kernelspec", "language_info")
    }
    assert notebook["metadata"]["language_info"] == {"name": "python"}


# --- What cannot be published

ERROR = new_output("error", ename="NameError", evalue="no x", traceback=["at /home/me"])
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'


@pytest.mark.parametrize(
    "cell, says",
    [
        (code("x", ERROR), "cell 1 ends in an error: NameError: no x"),
        (code("x", stream("warning", "stderr")), "cell 1 writes to stderr: warning"),
        (new_code_cell("x"), "cell 1 was never run"),
        (code("x", value("image/png", "aGk=")), 'metadata needs an "alt"'),
        (
            code("x", value("image/png", "aGk="), alt="a"),
            "draws image/png: draw an SVG",
        ),
        (code("x", value("text/html", "<b>")), "shows HTML"),
        (
            code("x", value("image/svg+xml", SVG.replace("d=", "onload=")), alt="a"),
            "<path> has onload",
        ),
        (code("x", value("image/svg+xml", "none"), alt="a"), "its drawing is no XML"),
    ],
)
def test_drawings_refuses(cell: Any, says: str) -> None:
    with pytest.raises(NotebookError, match=re.escape(says)):
        list(drawings(cell, "cell 1"))


@pytest.mark.parametrize(
    "text, says",
    [
        ("![](../a.png)", "no alt text"),
        ('<svg onload="a()"></svg>', "holds '<svg onload"),
        ("x\n\n<script>a()</script>", "holds '<script>"),
        ('<a href="#x" onclick="a()">x</a>', "onclick"),
        ("[x](#x){ onclick=a() }", "onclick"),
        ("[x](javascript:a())", "javascript"),
        ("[x](file:///etc/passwd)", "passwd"),
        ("[x](ftp://x.example/a)", "ftp"),
        ('<p style="position: fixed">x</p>', "fixed"),
        ("Here $$a$$ it is.", "paragraph of its own: 'Here $$a$$ it is.'"),
    ],
)
def test_text_only_refuses(text: str, says: str) -> None:
    with pytest.raises(NotebookError, match=re.escape(says)):
        text_only(markdown(text, extensions=["attr_list"]))


def test_text_only_leaves_out_what_a_parser_hides_and_a_browser_runs() -> None:
    clean = text_only('<p><!--> <img src="x" onerror="a()"> --> x</p>')
    assert "onerror" not in clean and "<!--" not in clean


# --- The page


def written(folder: Path, *cells: Any, index: str = "# A\n") -> Path:
    """The small project with a notebook, and with another home page."""
    # In JSON a sign may be hidden from who reads the file as text.
    notebook = json.dumps(book(*cells)).replace("<", r"\u003c")
    return small.write(
        folder, {"docs/notebooks/x.ipynb": notebook, "docs/index.md": index}
    )


def test_publish_makes_a_page_like_any_other(tmp_path: Path) -> None:
    source = "if x < 1:\n    print('a & b')\n\ny = '&lt; ~~~'"
    heading = "## With `a` & *b*\n\n[a](../before-you-start.md#code) [b](#n)"
    site = small.build_site(
        written(
            tmp_path,
            new_markdown_cell(f"# N\n\n{heading}"),
            code(source, stream("<b> & $x$\n"), value("text/plain", "'d'")),
            code("x = 1", fold="Set-up & <more>"),
            new_markdown_cell("A $q_j$ costs \\$5, with $a < b$.\n\n$$\nc_j\n$$\n"),
            code("draw()", value("image/svg+xml", f"<?xml?>\n{SVG}"), alt='a "path"'),
            index="# A\n\n[there](notebooks/x.ipynb#with-a-b)\n",
        )
    )
    page = small.article(site, "notebooks/x")
    boxes = [box.get_text() for box in page.select(".highlight code")]
    assert boxes[:4] == [f"{source}\n", "<b> & $x$\n", "'d'\n", "x = 1\n"]
    assert page.select_one(".language-python span.k").get_text() == "if"
    assert len(page.select(".printed")) == 2
    assert page.select_one("details > summary").get_text() == "Set-up & <more>"
    assert page.select_one("details .language-python")
    assert [h["id"] for h in page.select("h1, h2")] == ["n", "with-a-b"]
    assert page.select_one('a[href="../../before-you-start/#code"]')
    assert page.select_one('a[href="#n"]')
    formulas = [formula.get_text() for formula in page.select("annotation")]
    assert formulas == ["q_j", "a < b", "c_j"]
    assert page.select_one("figure svg")["aria-label"] == 'a "path"'
    for sign in ("<style", "jp-", "base64", "clipboard", "In [", "¶", "<?xml"):
        assert sign not in str(page)
    home = small.article(site, "")
    assert ("there", "notebooks/x/#with-a-b") in small.links(home)


def test_publish_has_every_link_checked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    links = ["gone.md", "/concepts/a/", "../concepts/a/", "../index.md#gone", "#gone"]
    text = " ".join(f"[x]({link})" for link in links)
    index = "# A\n\n[a](notebooks/x.ipynb#gone)"
    written(tmp_path, new_markdown_cell(text), index=index)
    told = small.broken_build(tmp_path, caplog)
    for link in ["notebooks/x.ipynb#gone", *links]:
        assert f"'{link}'" in told


@pytest.mark.parametrize(
    "cell, says",
    [
        (code("x", ERROR), "cell 1 ends in an error: NameError"),
        (new_markdown_cell('--8<-- "LICENSE"'), "includes a file by itself: leave"),
        (new_markdown_cell("<script>a()</script>"), "holds '<script>"),
    ],
)
def test_publish_fails_the_build_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, cell: Any, says: str
) -> None:
    told = small.broken_build(written(tmp_path, cell), caplog)
    assert f"notebooks/x.ipynb: {says}" in told and "Traceback" not in told


@pytest.mark.parametrize("url", [REPO_URL, f"{REPO_URL}.git", f"{REPO_URL}/"])
def test_how_to_run_opens_the_notebook_of_the_fork_in_colab(url: str) -> None:
    host = "https://colab.research.google.com/github"
    address = f"{host}/somebody/a-fork/blob/main/docs/notebooks/x.ipynb"
    assert f"[Open in Colab]({address})" in how_to_run("notebooks/x.ipynb", url)


def test_how_to_run_names_a_target_of_make_and_colab_only_where_it_can_read() -> None:
    said = how_to_run("notebooks/attention-by-hand.ipynb", "https://git.example.org/a")
    assert "Colab" not in said
    ((target, name),) = re.findall(r"`make ([a-z]+) NAME=([a-z-]+)`", said)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(rf"^{target}: .*\n(?:\t.*\n)+", makefile, re.MULTILINE)
    assert recipe and f'notebooks/"$${{NAME:-{name}}}".ipynb' in recipe[0]


@every_notebook
def test_page_of_the_site_is_light_typeset_and_described(
    site: Site, path: Path
) -> None:
    page = (site.folder / "notebooks" / path.stem / "index.html").read_text("utf-8")
    other = (site.folder / "concepts" / "attention" / "index.html").read_text("utf-8")
    assert len(gzip.compress(page.encode())) < 45_000
    scripts = [re.findall(r"<script[^>]*\bsrc=[^>]*>", text) for text in (page, other)]
    assert scripts[0] == scripts[1]
    assert page.count('class="katex"') >= 10 and "arithmatex" not in page
    soup = BeautifulSoup(page, "html.parser")
    contents = soup.select('nav[aria-label="Table of contents"] a')
    ids = [heading["id"] for heading in soup.select("article :is(h2, h3)")]
    assert ids and set(ids) == {link["href"][1:] for link in contents}
    described = json.loads(path.read_text("utf-8"))["metadata"]["description"]
    assert soup.select_one('meta[name="description"]')["content"] == described
