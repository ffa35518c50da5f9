"""Which addresses may not be listed, and why: what no reader can open, or trust."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

from reading_list.frontmatter import Wrong

SHORTENERS = {
    *("bit.ly", "buff.ly", "cutt.ly", "goo.gl", "is.gd", "lnkd.in", "ow.ly", "rb.gy"),
    *("rebrand.ly", "t.co", "t.ly", "tiny.cc", "tinyurl.com"),
}
#: Names that never lead out of a network (RFC 2606, RFC 6761, RFC 8375 and habit).
PRIVATE_ENDINGS = (
    *("localhost", "local", "localdomain", "internal", "intranet", "lan", "home"),
    *("home.arpa", "corp", "test", "example", "invalid", "onion"),
)
MAX_ADDRESS = 2000
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


@lru_cache(maxsize=4096)
def refuse(url: str) -> Wrong | None:
    """Why an address may not be listed, or None when it may."""
    if len(url) > MAX_ADDRESS:
        return Wrong(
            f"is {len(url)} characters long, more than {MAX_ADDRESS}",
            "give the address without its parameters",
        )
    if bad := next((c for c in url if c.isspace()), None):
        return Wrong(
            f"has white space in it ({bad!r})", "remove it, or write %20 for a space"
        )
    if bad := next((c for c in url if not 32 < ord(c) < 127), None):
        return Wrong(
            f"has the character U+{ord(bad):04X} in it",
            "copy the address from the browser's address bar, percent-encoded",
        )
    if bad := next((c for c in url if c in '\\<>"`{}|^'), None):
        return Wrong(f"has the character {bad} in it", "percent-encode or remove it")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return Wrong("is not an address", "write https://host/path")
    if parts.scheme not in ("http", "https"):
        return Wrong(
            f"begins with {parts.scheme}:" if parts.scheme else "has no scheme",
            "only https:// and http:// addresses are listed; write https://host/path",
        )
    if "@" in parts.netloc:
        return Wrong(
            "has a user name or password in it", "remove everything up to the @"
        )
    return _refuse_host(host or "", port)


def _refuse_host(host: str, port: int | None) -> Wrong | None:
    host = host.lower().rstrip(".")
    give_public = "give an address that everybody can open"
    if not host:
        return Wrong("names no host", "write https://host/path")
    if _is_number(host):
        return Wrong(
            f"names the host by a number ({host})",
            "give the host's name; only named public hosts are listed",
        )
    if any(host == end or host.endswith("." + end) for end in PRIVATE_ENDINGS):
        return Wrong(f"names the private host {host}", give_public)
    if not _HOST.fullmatch(host):
        return Wrong(
            f"names {host!r}, which is not a host name",
            "copy the address from the browser's address bar",
        )
    if "." not in host:
        return Wrong(f"names {host}, a host without a dot", give_public)
    if port not in (None, 80, 443):
        return Wrong(f"names port {port}", "give an address without a port")
    if host.removeprefix("www.") in SHORTENERS:
        return Wrong(
            f"is a short link of {host}, which hides where it leads",
            "open it and give the address it ends at",
        )
    return None


def _is_number(host: str) -> bool:
    """127.0.0.1, but also 2130706433, 0x7f.1 and [::1]: how browsers read them."""
    if ":" in host:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        last = host.rsplit(".", 1)[-1]
        return bool(re.fullmatch(r"\d+|0x[0-9a-f]*", last))
    return True
