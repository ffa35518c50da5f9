"""The link "Skip to content" on every page, to the start of its text.

Material has it only where a page has sections, and leads past all before the first.
"""

from __future__ import annotations

import re

_PLACE = re.compile(r'(<div data-md-component="skip">).*?(</div>)', re.S)
_TEXT = '<article class="md-content__inner md-typeset">'
_LINK = '<a href="#text-of-the-page" class="md-skip">Skip to content</a>'


def to_the_text(page: str) -> str:
    """The page with the link, and with the place that it leads to."""
    target = _TEXT.replace("<article ", '<article id="text-of-the-page" ')
    return _PLACE.sub(rf"\1{_LINK}\2", page, count=1).replace(_TEXT, target, 1)
