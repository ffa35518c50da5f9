"""Why the frozen prose can be learned from and tested on."""

import pytest

from snippets.corpora.pages import PARTS, pages


def test_no_page_is_in_two_parts_and_none_is_lost():
    parts = {part: pages(part) for part in ("train", *PARTS)}
    assert sum(map(len, parts.values())) == 225
    every = [page for some in parts.values() for page in some]
    assert len(set(every)) == len(every)
    assert all(len(some) >= 20 for some in parts.values())


def test_pages_are_plain_prose():
    for part in ("train", *PARTS):
        for page in pages(part):
            assert page.isascii() and page.endswith("\n") and page.strip()
            assert "{{" not in page and "```" not in page and "\n# " not in page


def test_pages_refuses_a_part_that_is_none():
    with pytest.raises(ValueError, match="not 'tests'"):
        pages("tests")
