"""What the tests of the reading list share: the records. They need no torch."""

from __future__ import annotations

import pytest

from reading_list.model import ReadingList
from reading_list.records import load


@pytest.fixture(scope="session")
def reading_list() -> ReadingList:
    return load()
