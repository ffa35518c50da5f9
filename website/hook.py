"""The one MkDocs hook, kept thin: what a page holds is made by pure functions."""

from __future__ import annotations

import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

# MkDocs loads a hook by its path, with no parent package to import from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from website import lean, notebooks, skip, vendor
from website.maths import MathsError, typeset_page
from website.render import Renderer, RenderError, escaped

_renderer: Renderer


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read everything that pages are made from; complete the navigation."""
    global _renderer
    try:
        _renderer = Renderer.load(Path(config.docs_dir), config.extra["repo_url"])
    except RenderError as error:
        raise PluginError(str(error)) from None
    config.nav = _renderer.navigation(config.nav or [])
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is generated: exports, fonts, KaTeX's style sheet."""
    for address, content in _renderer.generated_files().items():
        files.append(File.generated(config, address, content=content))
    try:
        parts = vendor.parts()
    except vendor.MissingPartError as missing:
        raise PluginError(str(missing)) from None
    for part in parts:
        files.append(
            File.generated(config, part.address, abs_src_path=str(part.source))
        )
    for file in files:
        if fnmatch(file.src_uri, "assets/stylesheets/main.*.css"):
            file.content_string = lean.style_sheet(file.content_string)
        if fnmatch(file.src_uri, "assets/javascripts/bundle.*.min.js"):
            file.content_string = lean.script(file.content_string)
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Fill in a page: results, resources, links from the syllabus."""
    try:
        page.meta.update(_renderer.meta(page.file.src_uri))
        page.meta.update(escaped(page.meta))
        return _renderer.page(page.file.src_uri, markdown, page.meta)
    except RenderError as error:
        raise PluginError(f"{page.file.src_uri}: {error}") from None


def on_page_content(
    content: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Typeset the formulas and put the drawings in; make a page of a notebook."""
    try:
        if page.file.src_uri.endswith(".ipynb"):
            content = notebooks.publish(
                content, page, config, files, _renderer.repo_url
            )
        return typeset_page(_renderer.content(page.file.src_uri, content))
    except (MathsError, RenderError, notebooks.NotebookError) as error:
        raise PluginError(f"{page.file.src_uri}: {error}") from None


def on_post_page(output: str, **_: Any) -> str:
    """Let the first Tab of every page lead to its text."""
    return skip.to_the_text(output)


def on_post_template(output_content: str, template_name: str, **_: Any) -> str:
    """The same on the page for what is missing."""
    if template_name.endswith(".html"):
        return skip.to_the_text(output_content)
    return output_content


def on_post_build(config: MkDocsConfig, **_: Any) -> None:
    """Make the search index smaller: every visitor fetches it."""
    index = Path(config.site_dir) / "search" / "search_index.json"
    index.write_text(
        lean.search_index(index.read_text(encoding="utf-8")), encoding="utf-8"
    )
