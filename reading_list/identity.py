"""One work, one identity: what an address names, however it is spelt.

`identity` maps every spelling of an address to one key: arXiv abs, pdf and version;
youtu.be, watch, embed and shorts; http and https; `www.`; tracking parameters;
fragments; trailing slashes. `plain` gives the spelling that a record should use.
`refuse` says why an address may not be listed at all.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit


class Wrong(NamedTuple):
    """What is wrong with a value, and how to mend it."""

    wrong: str
    mend: str


TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|yclid|igshid|mc_cid|mc_eid|_hsenc|_hsmi"
    r"|si|feature|ref_src|ref_url|share_id|pp|ab_channel",
    re.IGNORECASE,
)
SHORTENERS = {
    "bit.ly",
    "buff.ly",
    "cutt.ly",
    "goo.gl",
    "is.gd",
    "lnkd.in",
    "ow.ly",
    "rb.gy",
    "rebrand.ly",
    "t.co",
    "t.ly",
    "tiny.cc",
    "tinyurl.com",
}
#: Names that never lead out of a network (RFC 2606, RFC 6761, RFC 8375 and habit).
PRIVATE_ENDINGS = (
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "home.arpa",
    "corp",
    "test",
    "example",
    "invalid",
    "onion",
)
MAX_ADDRESS = 2000

_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_ARXIV_PATH = re.compile(
    r"/(?:abs|pdf|html|ps|format|e-print)/"
    r"(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})"
    r"(?:v\d+)?(?:\.pdf)?/?",
    re.IGNORECASE,
)
_ARXIV_HOSTS = {
    "arxiv.org",
    "export.arxiv.org",
    "browse.arxiv.org",
    "ar5iv.org",
    "ar5iv.labs.arxiv.org",
}
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(?P<id>.+?)(v\d+)?", re.IGNORECASE)
_VIDEO = re.compile(r"[A-Za-z0-9_-]{11}")
_MEDIUM_POST = re.compile(r".*-(?P<hash>[0-9a-f]{8,12})/?")
_ARCHIVED = re.compile(r"/web/\d+[a-z_]*/(?P<url>https?:/.*)", re.IGNORECASE)
#: Whole parts of the web that moved: (old host, old path) to (new host, new path).
_MOVED = (
    (("pytorch.org", "/tutorials"), ("docs.pytorch.org", "/tutorials")),
    (("openai.com", "/blog"), ("openai.com", "/index")),
    (
        ("tensorflow.org", "/tutorials/text"),
        ("tensorflow.org", "/text/tutorials"),
    ),
    (("huggingface.co", "/transformers"), ("huggingface.co", "/docs/transformers")),
    (("eigenfoo.xyz", ""), ("georgeho.org", "")),
)


def arxiv_id(url: str) -> str | None:
    """The arXiv number that an address names, without its version.

    >>> arxiv_id("http://www.arxiv.org/pdf/1706.03762v5.pdf#page=3")
    '1706.03762'
    """
    kind, _, rest = identity(url).partition(":")
    return rest if kind == "arxiv" else None


def identity(url: str) -> str:
    """The key that all spellings of one address share.

    >>> identity("https://youtu.be/kCc8FmEb1nY?si=x")
    'youtube:kCc8FmEb1nY'
    >>> identity("HTTP://www.d2l.ai/index.html#top") == identity("https://d2l.ai")
    True
    """
    try:
        parts = urlsplit(url.strip())
        host = _bare_host(parts)
    except ValueError:
        return url.strip()
    if not host:
        return url.strip()
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    for known in (_arxiv, _youtube, _doi, _archived, _github, _medium, _papers):
        if key := known(host, parts.path, query):
            return key
    return _anywhere(host, parts, query)


def _bare_host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".").lower()
    for prefix in ("www.", "m.", "mobile.", "amp."):
        if host.startswith(prefix) and host.count(".") > 1:
            host = host.removeprefix(prefix)
    host = re.sub(r"^([a-z]{2,3})\.m\.wikipedia\.org$", r"\1.wikipedia.org", host)
    port = parts.port
    return host if port in (None, 80, 443) else f"{host}:{port}"


def _arxiv(host: str, path: str, query: dict[str, str]) -> str | None:
    if host in _ARXIV_HOSTS and (found := _ARXIV_PATH.fullmatch(path)):
        return f"arxiv:{found['id'].lower()}"
    return None


def _youtube(host: str, path: str, query: dict[str, str]) -> str | None:
    if host == "youtu.be":
        video = path.strip("/")
    elif host in ("youtube.com", "youtube-nocookie.com", "music.youtube.com"):
        head, _, tail = path.strip("/").partition("/")
        if head == "playlist" and query.get("list"):
            return f"youtube:list={query['list']}"
        if head in ("embed", "shorts", "live", "v"):
            video = tail.strip("/")
        else:
            video = query.get("v", "") if head == "watch" else ""
    else:
        return None
    return f"youtube:{video}" if _VIDEO.fullmatch(video) else None


def _doi(host: str, path: str, query: dict[str, str]) -> str | None:
    if host not in ("doi.org", "dx.doi.org"):
        return None
    doi = unquote(path).strip("/").lower()
    if found := _ARXIV_DOI.fullmatch(doi):
        return f"arxiv:{found['id']}"
    return f"doi:{doi}" if doi.startswith("10.") else None


def _archived(host: str, path: str, query: dict[str, str]) -> str | None:
    if host == "web.archive.org" and (found := _ARCHIVED.fullmatch(path)):
        inner = re.sub(r"^(https?):/+", r"\1://", found["url"], flags=re.IGNORECASE)
        return identity(inner)
    return None


def _github(host: str, path: str, query: dict[str, str]) -> str | None:
    if host != "github.com":
        return None
    names = [name for name in path.split("/") if name]
    if len(names) < 2:
        return None
    owner, name, *rest = names
    if len(rest) == 2 and rest[0] == "tree" and rest[1] in ("main", "master"):
        rest = []
    repository = f"github:{owner}/{name.removesuffix('.git')}".lower()
    return "/".join([repository, *rest])


def _medium(host: str, path: str, query: dict[str, str]) -> str | None:
    """A Medium post is known by the number at its end, on whatever host."""
    on_medium = host in ("medium.com", "towardsdatascience.com")
    if not on_medium and not host.endswith(".medium.com"):
        return None
    if found := _MEDIUM_POST.fullmatch(path):
        return f"medium:{found['hash']}"
    return None


def _papers(host: str, path: str, query: dict[str, str]) -> str | None:
    """The ACL Anthology, OpenReview, and Hugging Face's pages about papers."""
    if host in ("aclanthology.org", "aclweb.org"):
        name = path.removeprefix("/anthology").strip("/").removesuffix(".pdf")
        return f"acl:{name.lower()}" if name else None
    if host == "openreview.net" and path in ("/forum", "/pdf") and query.get("id"):
        return f"openreview:{query['id']}"
    if host == "huggingface.co" and re.fullmatch(r"/papers/\d{4}\.\d{4,5}/?", path):
        return f"arxiv:{path.strip('/').removeprefix('papers/')}"
    return None


def _anywhere(host: str, parts: SplitResult, query: dict[str, str]) -> str:
    path = posixpath.normpath(re.sub("/+", "/", unquote(parts.path) or "/"))
    path = re.sub(r"/index\.(html?|php)$", "", path).rstrip("/")
    for (old_host, old_path), (new_host, new_path) in _MOVED:
        if host == old_host and f"{path}/".startswith(f"{old_path}/"):
            host, path = new_host, new_path + path.removeprefix(old_path)
            break
    kept = sorted((k, v) for k, v in query.items() if not TRACKING.fullmatch(k))
    key = f"web:{host}{quote(path, safe='/')}"
    if kept:
        key += "?" + urlencode(kept)
    if parts.fragment.startswith(("!", "/")):  # a route, not a place on the page
        key += "#" + parts.fragment
    return key


def plain(url: str) -> str:
    """The spelling of an address that a record uses.

    >>> plain("https://arxiv.org/pdf/1409.0473.pdf")
    'https://arxiv.org/abs/1409.0473'
    >>> plain("https://youtu.be/4Bdc55j80l8?t=60")
    'https://www.youtube.com/watch?v=4Bdc55j80l8'
    """
    key = identity(url)
    kind, _, name = key.partition(":")
    parts = urlsplit(url)
    host = _bare_host(parts)
    if kind == "arxiv":
        return f"https://arxiv.org/abs/{name}"
    if kind == "youtube" and name.startswith("list="):
        return f"https://www.youtube.com/playlist?{name}"
    if kind == "youtube":
        return f"https://www.youtube.com/watch?v={name}"
    query = [
        item
        for item in parts.query.split("&")
        if item and not TRACKING.fullmatch(item.partition("=")[0])
    ]
    if host == "medium.com" or host.endswith(".medium.com"):
        query = []
    if parts.port in (80, 443):
        authority = parts.netloc.rpartition(":")[0]
    else:
        authority = parts.netloc
    return parts._replace(
        scheme=parts.scheme.lower(),
        netloc=authority.lower().rstrip("."),
        query="&".join(query),
        fragment=parts.fragment if parts.fragment.startswith(("!", "/")) else "",
    ).geturl()


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


def near_equal(one: str, other: str) -> bool:
    """Whether two titles are so alike that they may be one work.

    Parts and chapters differ by their numbers only, and those are not near-equal.

    >>> near_equal("Attention Is All You Need", "Attention is all you need.")
    True
    >>> near_equal("Reading the Source, Part 1", "Reading the Source, Part 2")
    False
    """
    return TitleKey.of(one).near(TitleKey.of(other))


class TitleKey(NamedTuple):
    """What near-equal titles share: their letters in threes, and their numbers."""

    letters: str
    threes: frozenset[str]
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, title: str) -> TitleKey:
        words = re.findall(r"\w+", title.casefold())
        numbers = tuple(word for word in words if word.isdigit())
        letters = "".join(words)
        threes = frozenset(letters[i : i + 3] for i in range(len(letters) - 2))
        return cls(letters, threes, numbers)

    def near(self, other: TitleKey) -> bool:
        if self.numbers != other.numbers:
            return False
        if not self.threes or not other.threes:
            return self.letters == other.letters
        shared = len(self.threes & other.threes)
        return 2 * shared >= 0.85 * (len(self.threes) + len(other.threes))
