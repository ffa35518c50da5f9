"""The link "Skip to content" on every page, to the start of its text.

Material has it only where a page has sections, and leads past all before the first.
"""

from __future__ import annotations

import re

_PLACE = re.compile(r'(<div data-md-component="skip">).*?(</div>)', re.S)
_TEXT = '<article class="md-content__inner md-typeset">'
# Empty: Material names each block of code after the nearest id around it.
_TARGET = '<span id="text-of-the-page"></span>'
_LINK = '<a href="#text-of-the-page" class="md-skip">Skip to content</a>'


def to_the_text(page: str) -> str:
    """The page with the link, and with the place that it leads to."""
    return _PLACE.sub(rf"\1{_LINK}\2", page, count=1).replace(_TEXT, _TEXT + _TARGET, 1)
