"""The one MkDocs hook, kept thin: what a page holds is made by pure functions."""

from __future__ import annotations

import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# MkDocs loads a hook by its path, with no parent package to import from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import jinja2
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import get_toc

from website import cards, lean, notebooks, policy, skip, vendor
from website.errors import RenderError
from website.maths import MathsError, typeset_page
from website.render import Renderer, escaped

# Answers in the place of Material's search.
LUNR = "assets/javascripts/lunr/"
SEARCH = Path(__file__).with_name("search.js")

_renderer: Renderer
_published = True


class RecordPage(Page):
    """The page of a record: MkDocs reads none of it, `on_page_content` makes it all.

    Its text comes from strangers. The site's Markdown would read attributes, tags and
    names of files in it, so `website.guides` alone makes HTML of what they wrote.
    """

    def read_source(self, config: MkDocsConfig) -> None:
        self.markdown, self.meta = "", {}

    def render(self, config: MkDocsConfig, files: Files) -> None:
        self.content, self.toc, self.present_anchor_ids = "", get_toc([]), set()


def on_startup(command: str, **_: Any) -> None:
    """Live reload writes a script of its own into each page, new every time."""
    global _published
    _published = command != "serve"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read everything that pages are made from; complete the navigation."""
    global _renderer
    try:
        _renderer = Renderer.load(Path(config.docs_dir), config.extra["repo_url"])
    except RenderError as error:
        raise PluginError(str(error)) from None
    config.nav = _renderer.navigation(config.nav or [])
    # Else the scripts of a page hold its way up, and no two folders have the same.
    config.extra["scope"] = urlsplit(config.site_url or "/").path
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is generated: exports, fonts, KaTeX's style sheet, cards; the search."""
    ours = (
        (file.src_uri, file.inclusion != InclusionLevel.EXCLUDED)
        for file in files
        if file.src_dir == config.docs_dir
    )
    if faults := list(policy.unfit(Path(config.docs_dir), ours)):
        raise PluginError("\n".join(faults))
    robots = f"User-agent: *\nAllow: /\n\nSitemap: {config.site_url}sitemap.xml\n"
    files.append(File.generated(config, "robots.txt", content=robots))
    for file in [f for f in files if f.src_uri.startswith(LUNR)]:
        files.remove(file)
    for address, content in _renderer.generated_files().items():
        files.append(File.generated(config, address, content=content))
    try:
        docs = Path(config.docs_dir)
        drawn = cards.parts(cards.all_cards(_renderer.syllabus, docs), docs)
        parts = (*vendor.parts(), *drawn)
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
        if fnmatch(file.src_uri, "assets/javascripts/workers/search.*.min.js"):
            file.content_string = SEARCH.read_text(encoding="utf-8")
        if file.src_uri.startswith("resources/") and file.is_documentation_page():
            RecordPage(None, file, config)
    return files


def on_env(
    env: jinja2.Environment, config: MkDocsConfig, **_: Any
) -> jinja2.Environment:
    """Give every page the policy that it is held to, once it is published."""
    if _published:
        scripts = policy.inline_scripts(env, config)
        env.globals["policy"] = policy.content_security_policy(scripts)
    return env


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Fill in a page: results, resources, links from the syllabus."""
    if "-8<-" in markdown:  # any number of dashes, and any file of the repository
        raise PluginError(
            f"{page.file.src_uri}: includes a file by itself. To mend it: show the"
            " snippet with {{ code(...) }}, which includes sections of it"
        )
    if odd := set(page.meta) - policy.SAID:
        raise PluginError(
            f"{page.file.src_uri}: says {', '.join(sorted(odd))} of itself. To mend it:"
            f" a page may say {', '.join(sorted(policy.SAID))}"
        )
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
            page.meta.update(escaped(page.meta))  # from the notebook's own
        _lead_on(page, files)
        return typeset_page(_renderer.content(page.file.src_uri, content))
    except (MathsError, RenderError, notebooks.NotebookError) as error:
        raise PluginError(f"{page.file.src_uri}: {error}") from None


def _lead_on(page: Page, files: Files) -> None:
    """Let the buttons at the foot lead where the page says, not where a menu would."""
    for name in ("previous", "next"):
        if not page.meta.get(name):
            continue
        file = files.get_file_from_path(page.meta[name])
        if file is None or file.page is None:
            raise RenderError(f"{name}: there is no page {page.meta[name]!r}")
        setattr(page, f"{name}_page", file.page)


def on_template_context(context: Any, template_name: str, **_: Any) -> Any:
    """Let the page for what is missing know every concept."""
    if template_name == "404.html":
        context["concepts"] = [
            (concept, _renderer.address(concept.name))
            for concept in _renderer.syllabus.concepts
        ]
    return context


def on_post_page(output: str, **_: Any) -> str:
    """Let the first Tab of every page lead to its text."""
    return skip.to_the_text(output)


def on_post_template(output_content: str, template_name: str, **_: Any) -> str:
    """The same on the page for what is missing."""
    if template_name.endswith(".html"):
        return skip.to_the_text(output_content)
    return output_content


def on_post_build(config: MkDocsConfig, **_: Any) -> None:
    """Make the search index smaller, and let what is planned be found."""
    index = Path(config.site_dir) / "search" / "search_index.json"
    index.write_text(
        lean.search_index(index.read_text(encoding="utf-8"), _renderer.planned),
        encoding="utf-8",
    )
