"""The picture that a link to a page shows elsewhere."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from tools.served import Site
from website import cards

IMAGE = re.compile(r'<meta property="og:image" content="([^"]+)">')


def test_every_page_has_a_card_that_is_there(site: Site) -> None:
    shown = {}
    for page in site.folder.rglob("*.html"):
        (address,) = IMAGE.findall(page.read_text(encoding="utf-8"))
        assert address.startswith(site.url)
        shown[page] = site.folder / address.removeprefix(site.url)
    for card in set(shown.values()):
        head = card.read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", head[16:]) == (cards.WIDTH, cards.HEIGHT)
    assert shown[site.folder / "concepts/attention/index.html"].stem == "attention"
    assert shown[site.folder / "catalogue/index.html"].stem == cards.HOME


def test_a_card_shows_its_words_and_its_figure(tmp_path: Path) -> None:
    """Another title or another figure is another picture."""

    def drawn(title: str, colour: str) -> bytes:
        (tmp_path / "a.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
            f'<rect width="9" height="9" fill="var(--key, {colour})"/></svg>'
        )
        card = cards.Card("a", title, "Why?", "a.svg")
        (part,) = cards.parts([card], tmp_path)
        return part.source.read_bytes()

    looks = [("A & <b>", "#112233"), ("Another", "#112233"), ("Another", "#aa2233")]
    assert len({drawn(*look) for look in looks}) == len(looks)
