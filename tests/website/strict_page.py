"""Reads a page as strictly as it can be read, and notes each thing it does not know.

What a stranger wrote is held to it, alone and in the built site: one reader for both,
that refuses what it does not know, so that nobody has to think of every way to run a
script.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from html.parser import HTMLParser
from urllib.parse import urljoin

# What a page may load, by the element that asks for it.
LOADS = {
    "script": [
        "assets/javascripts/bundle.*.min.js",
        "assets/js/site.js",
        "assets/js/catalogue.js",
    ],
    "stylesheet": [
        "assets/stylesheets/main.*.min.css",
        "assets/vendor/fonts.css",
        "assets/vendor/katex/katex.css",
        "assets/css/*.css",
    ],
    "preload": ["assets/vendor/fonts/*.woff2"],
    "icon": ["assets/logo.svg"],
    "img": ["*.svg", "*.png"],
}
# Where a page may lead without loading anything.
LEADS = {"canonical", "prev", "next"}

ELEMENTS = """
    html head meta link title script body header nav main article aside section footer
    div span p a abbr b bdi blockquote br button caption cite code col colgroup dd del
    details dfn dl dt em figcaption figure form h1 h2 h3 h4 h5 h6 hr i img input ins kbd
    label legend fieldset li mark ol optgroup option output pre q s samp select small
    strong sub summary sup table tbody td tfoot th thead time tr ul var wbr
    resource-catalogue
    svg title desc defs g path rect circle ellipse line polyline polygon text tspan
    image use clippath
    math semantics annotation menclose mfrac mi mn mo mover mpadded mphantom mroot mrow
    ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover
"""
# `mailto:` is in no page today.
ADDRESS = re.compile(r"https?://|(?![a-z][\w+.-]*:|//|\\)", re.IGNORECASE)
LOADS_OR_COVERS = r"url\(|image-set|src\(|\\|@|position:(?! *relative)"
PICTURE = re.compile(r"data:image/png;base64,[\w+/=\s]*")
ADDRESSES = {"href", "src", "xlink:href", "cite"}
# None of these has a use here, and each asks, sends or runs something.
NEVER = """
    srcdoc srcset formaction action ping background poster data code codebase
    manifest dynsrc lowsrc archive profile longdesc usemap is nonce
"""


def digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class Judge(HTMLParser):
    """Reads one page, and notes each thing that it does not know.

    What this parser and a browser may read differently is a fault as well: comments,
    declarations, and a `<` that begins nothing.
    """

    elements, never = set(ELEMENTS.split()), set(NEVER.split())

    def __init__(self, address: str, root: str) -> None:
        super().__init__(convert_charrefs=False)
        self.address, self.root = address, root
        self.found: list[str] = []
        #: The elements, each with the names of its attributes in order.
        self.skeleton: list[tuple[str, ...]] = []
        self.policy: str | None = None
        self.scripts: list[str] = []
        self._inline = self._data_block = False
        self._began = False  # something stands in the head before the policy
        self._ids: set[str] = set()

    def fault(self, what: str) -> None:
        line, _ = self.getpos()
        self.found.append(f"{self.address.removeprefix(self.root)}:{line}: {what}")

    def part(self, html: str) -> Judge:
        """Read a part of a page, which has no policy of its own."""
        self.feed(html)
        self.close()
        return self

    def judged(self, page: str) -> list[str]:
        """Every fault of a whole page."""
        self.part(page)
        if self.policy is None:
            self.fault("has no policy")
        else:
            for fault in policy_faults(self.policy, self.scripts):
                self.fault(fault)
        return self.found

    # --- What the parser meets

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.elements:
            self.fault(f"<{tag}> is not known")
        names = [name for name, _ in attrs]
        self.skeleton.append((tag, *sorted(names)))
        if len(set(names)) < len(names):
            self.fault(f"<{tag}> has an attribute twice")
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            self.attribute(tag, name, value)
        if tag == "script":
            self.script(given)
        elif tag == "meta" and "http-equiv" in given:
            self.meta(given)
        elif tag == "link":
            self.link(given)
        elif tag == "img":
            self.load("img", given.get("src", ""))
        if tag not in ("html", "head"):
            self._began = True

    handle_startendtag = handle_starttag

    def attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name in self.never:
            self.fault(f"<{tag}> has {name}")
        elif not re.fullmatch(r"[a-z][\w:-]*", name, re.IGNORECASE):
            self.fault(f"<{tag}> has an attribute named {name!r}")
        elif name == "id" and value in self._ids:
            self.fault(f"the id {value!r} stands twice")  # scripts find the first
        elif name == "style" and re.search(LOADS_OR_COVERS, value, re.I):
            self.fault(f"<{tag}> has a style that loads or covers: {value!r}")
        elif name == "id":
            self._ids.add(value)
        elif name in ADDRESSES:
            held = "#" if tag == "use" else ""
            if tag == "image" and PICTURE.fullmatch(value):
                return
            if tag == "image" or not value.startswith(held):
                self.fault(f"<{tag}> asks for something elsewhere: {value!r}")
            # A browser leaves out tabs, line ends and leading spaces.
            elif not ADDRESS.match(re.sub(r"[\x00-\x20]", "", value)):
                self.fault(f"<{tag}> leads to {value[:60]!r}")

    def script(self, given: dict[str, str]) -> None:
        if "src" in given:
            self.load("script", given["src"])
        elif given == {"id": "__config", "type": "application/json"}:
            self._data_block = True
        elif given:
            self.fault(f"a script has {given}")
        self._inline = "src" not in given and not self._data_block
        if self._inline:
            self.scripts.append("")

    def meta(self, given: dict[str, str]) -> None:
        if given["http-equiv"].lower() != "content-security-policy":
            self.fault(f"<meta http-equiv={given['http-equiv']!r}>")
        elif self._began or self.policy is not None:
            self.fault("the policy is not the first thing in the head")
        else:
            self.policy = given.get("content", "")

    def link(self, given: dict[str, str]) -> None:
        for rel in given.get("rel", "none").lower().split():
            if rel in LEADS:
                continue
            if rel not in LOADS:
                self.fault(f"<link rel={rel!r}> is not known")
            else:
                self.load(rel, given.get("href", ""))

    def load(self, kind: str, address: str) -> None:
        whole = urljoin(self.address, address)
        path = whole.removeprefix(self.root)
        if whole == path or not any(fnmatch(path, name) for name in LOADS[kind]):
            self.fault(f"loads {address!r}")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inline = self._data_block = False

    def handle_data(self, data: str) -> None:
        if self._inline:
            self.scripts[-1] += data
        elif not self._data_block and "<" in data:
            self.fault(f"a `<` begins nothing: {data[:60]!r}")

    def handle_decl(self, decl: str) -> None:
        if decl.lower() != "doctype html":
            self.fault(f"<!{decl}>")

    def handle_comment(self, data: str) -> None:
        self.fault(f"a comment: {data[:60]!r}")

    unknown_decl = handle_pi = handle_comment


def policy_faults(policy: str, scripts: list[str]) -> Iterator[str]:
    """What a policy allows besides these scripts and the site itself."""
    rules = dict(rule.partition(" ")[::2] for rule in policy.split("; "))
    if rules.get("default-src") != "'none'" or rules.get("base-uri") != "'none'":
        yield "the policy allows all that it does not name"
    hashes = {f"'sha256-{digest(script)}'" for script in scripts}
    allowed = set(rules.pop("script-src", "").split())
    if allowed != hashes | {"'self'"}:
        yield f"the policy has other scripts than the page: {allowed ^ hashes}"
    if rules.pop("style-src-attr", "'none'") not in ("'none'", "'unsafe-inline'"):
        yield "the policy is wrong about attributes"
    if "data:" in (images := rules.pop("img-src", "").split()):
        images.remove("data:")
    for word in {*images, *" ".join(rules.values()).split()} - {"'self'", "'none'"}:
        yield f"the policy allows {word}"
