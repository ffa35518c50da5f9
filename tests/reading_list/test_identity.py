"""One work, one identity, however its address is spelt."""

from __future__ import annotations

import doctest
from collections.abc import Sequence
from itertools import combinations
from random import Random
from types import ModuleType
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reading_list import identity as identity_module
from reading_list import titles
from reading_list.identity import identity, plain
from reading_list.model import ReadingList
from reading_list.refusal import refuse
from reading_list.titles import NearTitles, TitleKey

arxiv_ids = st.from_regex(r"[0-2][0-9](0[1-9]|1[0-2])\.[0-9]{5}", fullmatch=True)
video_ids = st.from_regex(r"[A-Za-z0-9_-]{11}", fullmatch=True)
words = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
hosts = st.lists(words, min_size=2, max_size=3).map(".".join).filter(
    lambda host: not host.startswith(("www.", "m.", "mobile.", "amp."))
)  # fmt: skip
paths = st.lists(words.filter(lambda w: w != "index"), max_size=4).map("/".join)
addresses = st.builds("https://{}/{}".format, hosts, paths)
versions = st.sampled_from(["", "v1", "v12"])
ends = st.sampled_from(["", "/", "#page=3", "?utm_source=x", "?context=cs#top"])


@given(arxiv_ids, versions, st.sampled_from(["http", "https", "HTTPS"]))
def test_identity_of_an_arxiv_paper_is_one(
    number: str, version: str, scheme: str
) -> None:
    spellings = [
        f"{scheme}://{host}{form}"
        for host in ("arxiv.org", "www.arxiv.org", "export.arxiv.org")
        for form in (
            f"/abs/{number}{version}",
            f"/abs/{number}{version}/",
            f"/pdf/{number}{version}",
            f"/pdf/{number}{version}.pdf#page=2",
            f"/html/{number}{version}?utm_source=x",
        )
    ]
    spellings += [
        f"https://doi.org/10.48550/arXiv.{number}",
        f"https://huggingface.co/papers/{number}",
        f"https://ar5iv.labs.arxiv.org/html/{number}",
    ]
    assert {identity(url) for url in spellings} == {f"arxiv:{number}"}
    assert {plain(url) for url in spellings} == {f"https://arxiv.org/abs/{number}"}


@given(video_ids, st.sampled_from(["", "t=42", "si=abc", "list=WL&index=74"]))
def test_identity_of_a_video_is_one(video: str, more: str) -> None:
    spellings = [
        f"https://youtu.be/{video}?{more}",
        f"http://www.youtube.com/watch?v={video}&{more}",
        f"https://youtube.com/watch?{more}&v={video}#t=1",
        f"https://m.youtube.com/watch?v={video}&feature=share",
        f"https://www.youtube.com/embed/{video}?{more}",
        f"https://www.youtube-nocookie.com/embed/{video}",
        f"https://www.youtube.com/shorts/{video}",
        f"https://www.youtube.com/live/{video}",
    ]
    assert {identity(url) for url in spellings} == {f"youtube:{video}"}
    watch = f"https://www.youtube.com/watch?v={video}"
    assert {plain(url) for url in spellings} == {watch}


@given(video_ids, video_ids)
def test_identity_of_two_videos_is_two(one: str, other: str) -> None:
    both = identity(f"https://youtu.be/{one}") == identity(f"https://youtu.be/{other}")
    assert both == (one == other)


@given(addresses)
def test_identity_is_kept_under_every_spelling(url: str) -> None:
    _, _, rest = url.partition("//")
    host, _, path = rest.partition("/")
    spellings = [
        f"http://{rest}",
        f"https://www.{rest}",
        f"https://{host.upper()}/{path}",
        f"https://{host}./{path}",
        f"https://{host}:443/{path}",
        f"http://{host}:80/{path}",
        f"https://{rest.rstrip('/')}/",
        f"https://{rest.rstrip('/')}/index.html",
        f"https://{host}//{path}",
        f"https://{host}/x/../{path}",
        f"{url}#anywhere",
        f"{url}?utm_source=a&utm_medium=b&fbclid=c",
        f"https://web.archive.org/web/2023/{url}",
        f"https://web.archive.org/web/20230101000000id_/http://{rest}",
    ]
    assert {identity(other) for other in spellings} == {identity(url)}


@given(addresses, addresses)
def test_identity_of_two_addresses_is_two(one: str, other: str) -> None:
    assert (identity(one) == identity(other)) == (one.rstrip("/") == other.rstrip("/"))


@given(addresses, st.dictionaries(words, words, max_size=3))
def test_identity_counts_parameters_in_any_order(
    url: str, query: dict[str, str]
) -> None:
    pairs = [f"{k}={v}" for k, v in query.items() if k not in ("si", "pp")]
    forwards, backwards = "&".join(pairs), "&".join(reversed(pairs))
    assert identity(f"{url}?{forwards}") == identity(f"{url}?{backwards}")
    assert (identity(f"{url}?{forwards}") == identity(url)) == (not pairs)


def sampled(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words.split())


# Addresses as hosts that we know, and others, could have them, whole or mangled.
known_hosts = sampled(
    """
    arxiv.org www.arxiv.org ar5iv.org youtu.be m.youtube.com
    youtube-nocookie.com doi.org web.archive.org github.com medium.com
    who.medium.com www.aclweb.org towardsdatascience.com openreview.net
    huggingface.co pytorch.org eigenfoo.xyz D2L.ai.:443 en.m.wikipedia.org
    """
)
parts = sampled(
    """
    abs pdf 1706.03762 1706.03762v5.pdf cs 0301001v2 watch playlist embed
    shorts kCc8FmEb1nY web 2020 https: x.org blog index.html tree main
    a-b-44e9eb85bf21 10.48550 arXiv.1706.03762 %ff %20 %2F %3F .. ; ~ ()
    transformers tutorials a.git
    """
)
known_paths = st.lists(parts, max_size=6).map(
    lambda names: "".join(map("/".__add__, names))
)
queries = st.lists(
    sampled(
        """
    v=kCc8FmEb1nY list=PL_x list=%26a utm_source=x %75tm_source=x si
    id=%0a t=a=b v a+b=%3c %26
    """
    ),
    max_size=3,
).map("&".join)
fragments = st.sampled_from(["", "#page=3", "#!/x", "#/route"])
any_address = st.one_of(
    st.builds("{}{}".format, addresses, ends),
    st.builds(
        "{}://{}{}?{}{}".format,
        st.sampled_from(["http", "https", "HTTPS"]),
        *(known_hosts, known_paths, queries, fragments),
    ),
)


@given(any_address.filter(lambda url: refuse(url) is None))
@example("https://doi.org/10.48550/arXiv.1706.03762/%ff")
@example("https://medium.com/a?b=c")
@example("https://www.youtube.com/playlist?list=%26a")
def test_plain_is_settled_and_listed_and_names_the_same(url: str) -> None:
    spelt = plain(url)
    assert plain(spelt) == spelt
    assert identity(spelt) == identity(url)
    assert refuse(spelt) is None


@pytest.mark.parametrize(
    ("url", "spelt"),
    [
        ("https://D2L.ai.:443/A?utm_source=x&a=b#top", "https://d2l.ai/A?a=b"),
        ("HTTP://d2l.ai:80/#/route", "http://d2l.ai/#/route"),
        ("https://medium.com/a?b=c", "https://medium.com/a"),
    ],
)
def test_plain_leaves_out_what_names_nothing(url: str, spelt: str) -> None:
    assert plain(url) == spelt


def test_identity_of_an_archive_is_that_of_what_it_keeps() -> None:
    inside = "https://arxiv.org/abs/1706.03762"
    assert identity("https://web.archive.org/web/1/" * 2000 + inside) == identity(
        inside
    )


@given(st.text())
def test_identity_and_refuse_take_any_text(text: str) -> None:
    assert identity(text) == identity(text.strip())
    refused = refuse(text)
    if refused is None:
        assert urlsplit(text).scheme in ("http", "https")
        assert text.isascii()
    else:
        assert refused.wrong and refused.mend


SAME = [
    ("https://arxiv.org/abs/cs/0301001", "https://arxiv.org/pdf/cs/0301001v2"),
    ("https://doi.org/10.1145/1273445.1273458", "http://dx.doi.org/10.1145/1273445.1273458"),
    ("https://aclanthology.org/D14-1162/", "https://www.aclweb.org/anthology/D14-1162.pdf"),
    ("https://openreview.net/forum?id=abc", "https://openreview.net/pdf?id=abc"),
    ("https://github.com/karpathy/minGPT", "http://www.github.com/Karpathy/mingpt.git"),
    ("https://github.com/karpathy/minGPT", "https://github.com/karpathy/minGPT/tree/master"),
    ("https://medium.com/data-science/a-b-44e9eb85bf21", "https://towardsdatascience.com/a-b-44e9eb85bf21/"),
    ("https://medium.com/data-science/a-b-44e9eb85bf21", "https://who.medium.com/a-b-44e9eb85bf21?source=x"),
    ("https://openai.com/blog/openai-api/", "https://openai.com/index/openai-api"),
    ("https://pytorch.org/tutorials/a.html", "https://docs.pytorch.org/tutorials/a.html"),
    ("https://huggingface.co/transformers/", "https://huggingface.co/docs/transformers"),
    ("https://en.m.wikipedia.org/wiki/BERT", "https://en.wikipedia.org/wiki/BERT"),
    ("https://d2l.ai/caf%C3%A9", "https://d2l.ai/caf%c3%a9"),
]  # fmt: skip

DIFFERENT = [
    "https://arxiv.org/abs/1706.03762",
    "https://arxiv.org/abs/1706.03763",
    "https://arxiv.org/list/cs.CL/recent",
    "https://www.youtube.com/watch?v=kCc8FmEb1nY",
    "https://www.youtube.com/watch?v=kCc8FmEb1ny",
    "https://www.youtube.com/playlist?list=PLIXJ-Sacf8u60G1TwcznBmK6rEL3gmZmV",
    "https://www.youtube.com/@AndrejKarpathy",
    "https://github.com/karpathy",
    "https://github.com/karpathy/minGPT",
    "https://github.com/karpathy/minGPT/blob/master/mingpt/model.py",
    "https://github.com/karpathy/nanoGPT",
    "https://medium.com/data-science/a-b-44e9eb85bf21",
    "https://medium.com/data-science/a-b-44e9eb85bf22",
    "https://medium.com/data-science",
    "https://d2l.ai/#/route",
    "https://d2l.ai/",
    "https://d2l.ai/Chapter",
    "https://d2l.ai/chapter",
]


@pytest.mark.parametrize(("one", "other"), SAME, ids=[a for a, _ in SAME])
def test_identity_of_known_twins_is_one(one: str, other: str) -> None:
    assert identity(one) == identity(other)


def test_identity_of_known_strangers_differs() -> None:
    for one, other in combinations(DIFFERENT, 2):
        assert identity(one) != identity(other), f"{one} is not {other}"


def test_title_key_knows_near_equal_titles() -> None:
    same = [
        ("Attention Is All You Need", "Attention is all you need!"),
        ("The Annotated Transformer", "The Anotated Transformer"),
        ("Word2vec: a tour", "word2vec - a tour"),
    ]
    other = [
        ("Everything GPT-2: 5. Fine-Tuning", "Everything GPT-2: 7. Production"),
        ("GPT-2 in pictures", "GPT-3 in pictures"),
        ("The Illustrated Transformer", "The Illustrated Word2vec"),
    ]

    def near(one: str, other: str) -> bool:
        return TitleKey.of(one).near(TitleKey.of(other))

    assert all(near(a, b) and near(b, a) for a, b in same)
    assert not any(near(a, b) or near(b, a) for a, b in other)


def near_by_index(titles: Sequence[str]) -> tuple[set[tuple[int, int]], int]:
    """The near pairs, and how many steps it took to find them."""
    index = NearTitles[int](titles)
    found = set()
    for number, title in enumerate(titles):
        found |= {(other, number) for other in index.add(title, number)}
    return found, index.steps


def near_by_force(titles: Sequence[str]) -> set[tuple[int, int]]:
    keys = [TitleKey.of(title) for title in titles]
    pairs = combinations(range(len(keys)), 2)
    return {(i, j) for i, j in pairs if keys[i].near(keys[j])}


def perturbed(title: str, draw: Random) -> str:
    """A title with a letter or a word more, less or turned."""
    at = draw.randrange(len(title))
    word = draw.choice(title.split())
    return draw.choice(
        [
            title[:at] + title[at + 1 :],
            title[:at] + "x" + title[at:],
            title.replace(word, "", 1) or title,
            f"{title}: a {word}",
            title.replace(word, word[::-1], 1),
            title.upper(),
            f"{title} 2",
        ]
    )


def test_near_titles_misses_none(reading_list: ReadingList) -> None:
    draw = Random(0)
    titles = [resource.title for resource in reading_list.resources]
    titles += [perturbed(draw.choice(titles), draw) for _ in range(400)]
    titles += ["", "", "!", "ab", "AB", "a b", "ab 2", "Часть 1", "Часть 2", "Часть 1!"]
    found, _ = near_by_index(titles)
    assert found == near_by_force(titles)
    assert len(found) > 300


def test_near_titles_works_twice_as_much_for_twice_as_many() -> None:
    draw = Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(draw.choices(letters, k=draw.randint(3, 9))) for _ in range(1000)]

    def steps(count: int) -> int:
        titles = [" ".join(draw.choices(words, k=6)) for _ in range(count)]
        return near_by_index(titles)[1]

    assert steps(400) < 2.3 * steps(200)


@pytest.mark.parametrize("module", [identity_module, titles])
def test_the_examples_in_the_documentation(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 2
    assert result.failed == 0
