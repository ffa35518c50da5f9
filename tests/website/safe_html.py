"""What HTML could run, load or lead to: read as a browser reads it, and judged.

    >>> faults("<p onclick=x()>See <a href=' java&#10;script:x()'>this</a>.")
    ['<p> has the handler onclick', '<a> leads to javascript: by href']

It stands alone: a test of a part of a page and a test of all pages both use it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag

SCHEMES = {"", "https", "http", "mailto"}
#: What runs, loads, frames or sends wherever it stands.
ACTIVE = {
    *("script", "style", "iframe", "frame", "object", "embed", "applet", "portal"),
    *(
        "base",
        "link",
        "form",
        "foreignobject",
        "animate",
        "set",
        "template",
        "noscript",
    ),
}
#: What a browser asks for by itself, without a click.
LOADS = {"src", "srcset", "data", "poster", "background", "manifest", "xlink:href"}


def faults(
    html: str, *, active: Collection[str] = (), tags: Collection[str] | None = None
) -> list[str]:
    """What is wrong with HTML that may only be read.

    Args:
        active: elements of `ACTIVE` that may stand there all the same.
        tags: if given, no other element may stand there.
    """
    # html5lib reads as browsers do, whatever is missing or nested wrongly.
    soup = BeautifulSoup(html, "html5lib")
    return [wrong for tag in soup.find_all() for wrong in _of_a_tag(tag, active, tags)]


def _of_a_tag(
    tag: Tag, active: Collection[str], tags: Collection[str] | None
) -> Iterator[str]:
    name = tag.name.lower()
    if name in ACTIVE and name not in active:
        yield f"<{name}> stands there"
    if tags is not None and name not in {"html", "head", "body", *tags}:
        yield f"<{name}> is not among the elements that may stand there"
    for attribute, given in tag.attrs.items():
        value = " ".join(given) if isinstance(given, list) else str(given)
        yield from _of_an_attribute(name, attribute.lower(), value)


def _of_an_attribute(name: str, attribute: str, value: str) -> Iterator[str]:
    if attribute.startswith("on"):
        yield f"<{name}> has the handler {attribute}"
    if attribute == "srcdoc":
        yield f"<{name}> has a page in srcdoc"
    if attribute == "http-equiv" and value.lower() != "content-security-policy":
        yield f"<{name}> speaks for the server: http-equiv={value}"
    # Browsers drop white space and controls before they look for the scheme.
    plain = re.sub(r"[\x00-\x20]", "", value)
    if bad := re.match(r"(javascript|vbscript|data):", plain, re.I):
        yield f"<{name}> leads to {bad[0].lower()} by {attribute}"
    elif attribute in ("href", "action", "formaction", "ping", *LOADS):
        scheme, host = _scheme_and_host(plain)
        if scheme not in SCHEMES:
            yield f"<{name}> leads to {scheme}: by {attribute}"
        if host and attribute in LOADS and name != "a":
            yield f"<{name}> loads from {host} by {attribute}"


def _scheme_and_host(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address.replace("\\", "/"))
    except ValueError:
        return "an address that cannot be read", ""
    return parts.scheme.lower(), parts.netloc
