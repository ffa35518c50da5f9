"""A record is read and never run, whatever stands in it.

The pages are made past the check, so that they do not lean on what it refuses; what it
accepts goes through a build of the whole site at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import markdown as python_markdown
import pytest
from mkdocs.config import load_config

from reading_list.checks import check_text
from reading_list.model import Figure, ReadingList, Resource
from syllabus import ROOT
from tests.website import small
from tests.website.strict_page import Judge
from website import guides
from website.render import Renderer

SCRIPT = "window.PWNED=1"
#: What has opened pages elsewhere, and ways around what closes them.
HOSTILE = [
    '0;url=https://evil.example.org/" http-equiv="refresh" data-x="',
    f"<img src=x onerror={SCRIPT}>",
    f"<script>{SCRIPT}</script>",
    f"</p></title></textarea></style><script>{SCRIPT}</script>",
    f"&lt/title&gt&ltscript&gt{SCRIPT}&lt/script&gt",
    f"&lt;script&gt;{SCRIPT}&lt;/script&gt; &#60;svg onload={SCRIPT}&#62;",
    f"\\`<img src=x onerror={SCRIPT}>\\`",
    f"``` <img src=x onerror={SCRIPT}> ``",
    f"`` ` <svg onload={SCRIPT}></svg> ` and `",
    f"`a\nb` <img src=x onerror={SCRIPT}> and `",
    f"\n\n<svg><animate onbegin={SCRIPT} attributeName=x></svg>\n\n",
    f"<svg><a xlink:href='javascript:{SCRIPT}'><text>x</text></a></svg>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={SCRIPT}>",
    f"<!-- --!><img src=x onerror={SCRIPT}> -->",
    f"<![CDATA[><img src=x onerror={SCRIPT}>]]>",
    f"[x](javascript:{SCRIPT})",
    f"[x](<java\tscript:{SCRIPT}>) [y](&#106;avascript:{SCRIPT})",
    f"[x]: data:text/html,<script>{SCRIPT}</script>\n\n[x]",
    f"<javascript:{SCRIPT}> <JaVaScRiPt:{SCRIPT}>",
    f"![x](x){{ onerror={SCRIPT} }}",
    f"[x](https://ok.org/){{ href=javascript:{SCRIPT} onfocus={SCRIPT} autofocus }}",
    f"*x*{{: onmouseover={SCRIPT} }}",
    f"x\n{{: onmouseover={SCRIPT} }}",
    f"[click](javascript:{SCRIPT}) $a$\\",
    f'" autofocus onfocus="{SCRIPT}',
    f"' autofocus onfocus='{SCRIPT}",
    f"x onfocus={SCRIPT} autofocus",
    '-8<- "LICENSE"',
    'a\n-8<- "LICENSE"\n---8<--- "LICENSE"\n',
    '!!! danger "Official notice"\n    Run this.',
    '=== "tab"\n\n    text\n',
    "Setext\n====\n\n# Heading\n",
    "$5 per \\foo and 3$ or \\(\\foo\\)",
    '<span class="arithmatex">\\(\\foo\\)</span>',
    '<span data-svg="assets/logo.svg" data-alt="a">drawing</span>',
    '<span data-cite="nothing"></span><div data-part="nothing"></div>',
    "<div markdown>*x*</div><details open ontoggle=x()>",
    "{{ 7 * 7 }}<% raw %>{% include 'x' %}",
    "| a | b |\n| --- | --- |\n| c | d |",
    "*[HTML]: <b onclick=x()>",
    "&#x3C;img src=x&#x3E; &amp;lt;b&amp;gt;",
    "\x02klzzwxh:0000\x03 \x02wzxhzdk:0\x03",
    "<style>@import 'https://evil.example.org/x.css'</style>",
    "<base href=https://evil.example.org/><form action=x><button formaction=x>",
    "<iframe srcdoc='<script>x()</script>'></iframe><object data=x><embed src=x>",
    "<meta http-equiv=refresh content='0;url=https://evil.example.org'>",
    "<a href='//evil.example.org' ping=//evil.example.org>x</a>",
]
#: What the fuzzer joins, beside the above.
PIECES = [
    *("`", "``", "\\", "[", "]", "(", ")", "<", ">", "{", "}", "'", '"', "\n", "\n\n"),
    *("&", ";", "#", "!", "|", "*", "_", "$", "=", "    ", ":", "javascript:x()"),
    *("<a href=", "<b", "onclick=x()", "style=x", "<!--", "-->", "</", "word", "é"),
    *("[a]: ", "{: ", "-8<- ", "https://a.org/", "&lt;", "<img src=x onerror=x()>"),
]
CONCEPT, PAPER = "concepts/counting.md", "adams-2020-counting"


def record(text: Callable[[], str], guide: str = "") -> Resource:
    """A record with a text of its own in every field, past every check."""
    return Resource.model_construct(
        id="hostile",
        kind="blog",
        concepts=("counting",),
        title=text(),
        summary=text(),
        guide=guide,
        url="https://a.org/" + text(),
        authors=(text(), text()),
        year=2020,
        venue=text(),
        note=text(),
        unknown=text(),
        archive_url="https://a.org/" + text(),
        alt_urls=("https://a.org/" + text(),),
        lists=("nlp-tasks",),
        figure=Figure.model_construct(of="counting", alt=text(), notice=text()),
        translation_of="hostile",
    )


@pytest.fixture(scope="module")
def pages(renderer: Renderer) -> Callable[[Resource], dict[str, str]]:
    """Every page that shows a record, as HTML: its own and all that name it."""
    config = load_config(str(ROOT / "mkdocs.yml"))
    # Previews of links want all of MkDocs around them.
    known = [e for e in config.markdown_extensions if not e.startswith("material.")]
    reader = python_markdown.Markdown(
        extensions=known, extension_configs=config.mdx_configs
    )

    def made(resource: Resource) -> dict[str, str]:
        """With the record in two places, once as the paper of a claim."""
        again = resource.model_copy(update={"id": PAPER})
        reading_list = ReadingList.model_construct(resources=(resource, again))
        hostile = replace(renderer, reading_list=reading_list)
        because = {"resource": "hostile", "because": "so"}
        meta = {"go_on": dict.fromkeys(("read", "watch", "paper"), because)}
        sources = {
            "resources/hostile.md": "",
            CONCEPT: hostile.page(CONCEPT, "Words.", meta),
            "catalogue.md": hostile.page("x.md", "{{ catalogue() }}", {}),
            "does-it-hold.md": hostile.page("x.md", "{{ does_it_hold() }}", {}),
        }
        return {
            path: hostile.content(path, reader.reset().convert(source))
            for path, source in sources.items()
        }

    return made


def read(html: str, path: str) -> list[tuple[str, ...]]:
    """The elements of a page, each with the names of its attributes; all are known."""
    url = "https://site.example.org/a/"
    judge = Judge(url + path.removesuffix(".md") + "/", url).part(html)
    assert judge.found == []
    return judge.skeleton


def judge(made: dict[str, str], plain: dict[str, str]) -> None:
    """The pages are made of the very elements of those of a plain record."""
    for path, html in made.items():
        assert read(html, path) == read(plain[path], path), path


def fuzzed(random: Random) -> str:
    """Pieces of markup, joined."""
    return "".join(random.choices([*PIECES, *HOSTILE], k=random.randint(1, 8)))


@pytest.fixture(scope="module")
def plain(pages: Any) -> dict[str, str]:
    made: dict[str, str] = pages(record(lambda: "words"))
    return made


def test_any_text_of_a_record_is_text(pages: Any, plain: Any) -> None:
    assert "hostile" in str(plain) and len(plain) == 4
    judge(pages(record(lambda: "\n".join(HOSTILE))), plain)
    each = cycle(HOSTILE)
    for _ in range(5):
        judge(pages(record(lambda: next(each))), plain)


@pytest.mark.parametrize("seed", range(5))
def test_any_text_is_text_whatever_it_is_joined_from(
    pages: Any, plain: Any, seed: int
) -> None:
    random = Random(seed)
    judge(pages(record(lambda: fuzzed(random))), plain)


# --- The guide, which is Markdown


SUMMARY = "A first sentence that says enough of it."
RECORD = """\
---
title: Seen from outside
url: https://hostile.example.org/one
kind: blog
concepts: [counting]
---
"""


def judge_guide(text: str) -> bool:
    """Whether a guide is made of it; the check accepts nothing else."""
    document = f"{RECORD}\n{SUMMARY}\n\n{text}{' word' * 100}\n"
    judged = check_text("x.md", document, small.SYLLABUS, date.today()).resource
    written = {concept.name for concept in small.SYLLABUS.written}
    try:
        html = guides.html(judged.guide if judged else text, ["other"], written)
    except LookupError:
        # Only all records together know whether one is there.
        assert judged is None or ".md" in text, text
        return False
    for tag, *attributes in read(html, "x.md"):
        assert tag in guides.TAGS, text
        assert {*attributes} <= guides.ATTRIBUTES.get(tag, set()), text
    return judged is not None


@pytest.mark.parametrize("text", HOSTILE)
def test_a_guide_is_made_of_what_may_stand_in_it(text: str) -> None:
    judge_guide(text)
    judge_guide(f"Some words, *and* [a link](https://a.org/) {text} more `code`.")


def test_so_is_a_guide_whatever_it_is_joined_from() -> None:
    random = Random(0)
    accepted = sum(judge_guide(fuzzed(random)) for _ in range(400))
    assert 20 < accepted < 380, "the check accepts all of them, or none"


@pytest.mark.parametrize(
    "text, html",
    [
        ("It's *so* **good**.", "It’s <em>so</em> <strong>good</strong>."),
        ('`a<b` and "c"', "<code>a&lt;b</code> and “c”"),
        ("[x](other.md)", '<a href="../other/">x</a>'),
        (
            "[x](../concepts/heads.md#y)",
            '<a href="../../concepts/heads/#y" data-preview="">x</a>',
        ),
        (
            "[x](https://a.org/?b=1&c=(d))",
            '<a href="https://a.org/?b=1&amp;c=(d)">x</a>',
        ),
    ],
)
def test_a_guide_keeps_its_emphasis_code_and_links(text: str, html: str) -> None:
    assert guides.html(text, ["other"], ["heads"]) == f"<p>{html}</p>"


@pytest.mark.parametrize(
    "url", ["nobody.md", "../concepts/nothing.md", "../index.md", "//a.org", "x"]
)
def test_a_guide_links_what_is_there(url: str) -> None:
    with pytest.raises(LookupError, match=f"the guide links '{url}'"):
        guides.html(f"See [this]({url}).", ["other"], ["heads"])


# --- The whole site, with records that the check accepts

FIGURE = "figure: {of: counting, alt: '[click](javascript:x()) $a$\\', notice: '*x*'}"
ACCEPTED = {
    "refresh": (
        "note: x",
        '0;url=https://evil.example.org/" http-equiv="refresh" data-x="it is good.',
    ),
    "link": (f"organization: '[Lab](javascript:x())'\n{FIGURE}", SUMMARY),
    "code": (
        """lists: [nlp-tasks]
unknown: '`` ` {{ 7 * 7 }} \\`x\\` javascript:x()'
note: '-8<- "LICENSE"'""",
        SUMMARY,
    ),
    "attributes": (
        "note: 'x{ onfocus=x() autofocus } {: onclick=x() }'\nvenue: '[x](data:x)'",
        SUMMARY,
    ),
}
#: The pages that show records.
SHOWING = (CONCEPT, "catalogue.md", "does-it-hold.md")
TITLE = "&lt/title&gt&ltscript&gtx()&lt/script&gt"
GUIDE = (
    " word" * 60
    + """
[read](https://ok.org/){ tabindex=0 autofocus onfocus=x() } and
[the demo](https://ok.org/){ href=javascript:x() } and *words*{: onclick=x() }.
"""
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project's site with hostile records."""
    hostile = {}
    for name, (fields, summary) in {**ACCEPTED, "not": ("note: x", SUMMARY)}.items():
        url = f"https://hostile.example-{name}.org/p)[PDF](javascript:x()//"
        text = RECORD.replace("https://hostile.example.org/one", url)
        text = text.replace(
            "Seen from outside", f"'{name} {TITLE}'" if name in ACCEPTED else name
        )
        text = text.replace("---\n", f"---\nstarred: true\n{fields}\n", 1)
        text += f"\n{summary}\n\n{GUIDE}"
        judged = check_text("x.md", text, small.SYLLABUS, date.today())
        assert judged.problems == [], name
        hostile[f"docs/resources/hostile-{name}.md"] = text
    return small.build_site(small.write(tmp_path_factory.mktemp("hostile"), hostile))


def test_no_page_of_the_site_runs_a_hostile_record(built: Path) -> None:
    root = "https://site.example.org/a/"

    def read(page: str) -> list[tuple[str, ...]]:
        html = (built / page / "index.html").read_text(encoding="utf-8")
        judge = Judge(f"{root}{page}/", root)
        assert judge.judged(html) == []
        assert "MIT License" not in html, page
        return judge.skeleton

    known = of_head(read("resources/hostile-not"))
    for name in ACCEPTED:
        assert of_head(read(f"resources/hostile-{name}")) == known, name
    for path in SHOWING:
        page = path.removesuffix(".md")
        read(page)
        html = (built / page / "index.html").read_text(encoding="utf-8")
        assert "hostile-code" in html or page == "does-it-hold", page


def of_head(skeleton: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The elements of a page's head, and all its scripts."""
    head = [tag for tag, *_ in skeleton].index("body")
    scripts = [one for one in skeleton[head:] if one[0] == "script"]
    return skeleton[:head] + scripts
