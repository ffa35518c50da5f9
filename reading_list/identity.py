"""One work, one identity: what an address names, however it is spelt.

`identity` maps every spelling of an address to one key: arXiv abs, pdf and version;
youtu.be, watch, embed and shorts; http and https; `www.`; tracking parameters;
fragments; trailing slashes. `plain` gives the spelling that a record should use.
"""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|yclid|igshid|mc_cid|mc_eid|_hsenc|_hsmi"
    r"|si|feature|ref_src|ref_url|share_id|pp|ab_channel",
    re.IGNORECASE,
)
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
_ARXIV_DOI = re.compile(
    r"10\.48550/arxiv\.(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?",
    re.IGNORECASE,
)
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


@lru_cache(maxsize=4096)
def identity(url: str) -> str:
    """The key that all spellings of one address share.

    >>> identity("https://youtu.be/kCc8FmEb1nY?si=x")
    'youtube:kCc8FmEb1nY'
    >>> identity("https://web.archive.org/web/2020/https://arxiv.org/pdf/1706.03762")
    'arxiv:1706.03762'
    >>> identity("HTTP://www.d2l.ai/index.html#top") == identity("https://d2l.ai")
    True
    """
    url = url.strip()
    while True:
        try:
            parts = urlsplit(url)
            host = _bare_host(parts)
        except ValueError:
            return url
        if not host:
            return url
        inner = _archived(host, parts.path)
        if inner is None:
            break
        url = inner  # an archived page may be of an archive
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    for known in (_arxiv, _youtube, _doi, _github, _medium, _papers):
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
        if head == "playlist" and re.fullmatch(r"[\w-]+", query.get("list", ""), re.A):
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


def _archived(host: str, path: str) -> str | None:
    """The address whose copy this is."""
    if host == "web.archive.org" and (found := _ARCHIVED.fullmatch(path)):
        return re.sub(r"^(https?):/+", r"\1://", found["url"], flags=re.IGNORECASE)
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
    if not _on_medium(host) and host != "towardsdatascience.com":
        return None
    if found := _MEDIUM_POST.fullmatch(path):
        return f"medium:{found['hash']}"
    return None


def _on_medium(host: str) -> bool:
    """Where a query says only whence a reader came."""
    return host == "medium.com" or host.endswith(".medium.com")


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
    kept = [] if _on_medium(host) else kept
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
    if _on_medium(host):
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
