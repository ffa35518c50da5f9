"""Less to send: Material's style sheet and search index without what no page uses,
and the index only to who searches."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence

import tinycss2
from tinycss2.ast import AtRule, Node, QualifiedRule

from syllabus import Concept

# Parts of Material that this site does not have. A rule goes when all its selectors
# name one of them; the tests look for them in the built pages.
UNUSED = (
    r"\[dir=rtl\]",
    r"md-(annotation|author|banner|consent|copyright|feedback|footer|pagination|post)",
    r"md-(profile|progress|select|social|source|status|tabs|tag|top|version)",
    r"md-nav--lifted|md-header--lifted",
    r"mermaid|critic|task-list|footnote|emoji|gemoji|\.card\b|\.grid\b",
    r"\.keys\b|\.key-",
    r"\.(abstract|attention|bug|caution|check|cite|danger|done|error|example|fail)\b",
    r"\.(failure|faq|help|hint|important|info|missing|quote|success|summary|tip|tldr)\b",
    r"\.(todo|warning)\b",
    # These, which speak of whatever stands somewhere, cost more than their bytes: with
    # them a browser styles the whole page anew whenever a class changes above it.
    r"tabbed|table:not\(\[class\]\) t[dh]>:(first|last)-child",
)
_UNUSED = re.compile("|".join(UNUSED))
_COMMA = re.compile(r",(?![^(\[]*[)\]])")


def style_sheet(css: str) -> str:
    """The style sheet without the rules of what is unused."""
    return "".join(_rules(tinycss2.parse_stylesheet(css, True, True)))


def _rules(rules: Sequence[Node]) -> list[str]:
    kept = []
    for rule in rules:
        if isinstance(rule, QualifiedRule):
            selectors = _COMMA.split(tinycss2.serialize(rule.prelude))
            used = [one for one in selectors if not _UNUSED.search(one)]
            if used:
                kept.append(f"{','.join(used)}{{{tinycss2.serialize(rule.content)}}}")
        elif isinstance(rule, AtRule) and rule.lower_at_keyword == "media":
            inner = _rules(tinycss2.parse_rule_list(rule.content, True, True))
            if inner:
                condition = tinycss2.serialize(rule.prelude)
                kept.append(f"@media{condition}{{{''.join(inner)}}}")
        else:
            kept.append(rule.serialize())
    return kept


# Where Material's script asks for the search index, and where it waits for the search
# to be opened from a folder; `merge`, `of` and the others are what it calls them today.
_ASKS = re.compile(r'[\w$]+\(new URL\("search/search_index\.json",[\w$]+\.base\)\)')
_WAITS = re.compile(
    r'(?P<merge>[\w$]+)\((?P<of>[\w$]+)\(location\.protocol!=="file:"\),'
    r'(?P<opened>[\w$]+)\("search"\)\)'
    r"\.pipe\((?P<first>[\w$]+)\((?P<x>\w)=>(?P=x)\),(?P<switch>[\w$]+)\(\(\)=>\w\)\)"
)


# Where it tells the browser, amid reading, the colour scheme that style sheets say.
_SAYS = re.compile(
    r'[\w$]+\("meta",\{name:"color-scheme"\}\);document\.head\.appendChild\([\w$]+\)'
)


def script(js: str) -> str:
    """Material's script, which asks for the search index when the search is opened.

    Or when the address has words to mark on the page. Every page of every visitor
    asked for it before. And it does not tell the browser what the style sheet says
    anyway: that would have the whole page styled anew. A script that we do not know
    stays as it is.
    """
    js = _SAYS.sub("{}", js)
    waits, asks = _WAITS.search(js), _ASKS.findall(js)
    if waits is None or len(asks) != 1:
        return js
    wanted = (
        "{merge}({of}(/[?&]h=/.test(location.search)),{opened}(`search`))"
        ".pipe({first}(o=>o),{switch}(()=>i))"
    ).format_map(waits.groupdict())
    return js.replace(asks[0], f"(i=>{wanted})({asks[0]})")


# Sections that explain nothing anew; nothing in the catalogue is searched.
UNSOUGHT = "concepts/.*#(go-on|change-one-thing|check-yourself|output)|catalogue/#.*"


def search_index(index: str, planned: Iterable[Concept]) -> str:
    """The index with the names of what code defines instead of the code.

    Code and printed output were a fifth of it, and who looks for a function looks for
    its name. Exercises and the resources that a concept's page lists are not what
    anybody searches for. What is planned leads to the resources on it.
    """
    data = json.loads(index)
    data["docs"] = [
        entry for entry in data["docs"] if not re.fullmatch(UNSOUGHT, entry["location"])
    ]
    for entry in data["docs"]:
        entry["text"] = re.sub(
            r"<pre>.*?</pre>",
            lambda block: f" {_names(block[0])} ",
            entry["text"],
            flags=re.S,
        )
    data["docs"] += [
        {
            "location": f"catalogue/?concept={concept.name}",
            "title": html.escape(concept.title),
            "text": html.escape(concept.definition),
            "tags": ["Planned"],
        }
        for concept in planned
    ]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _names(code: str) -> str:
    return " ".join(re.findall(r"(?:def|class) (\w+)", html.unescape(code)))
