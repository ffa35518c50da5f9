"""What all tests share: one thread, few examples, the reading list, the built site.

Nothing heavy is imported here. What the tests of a folder need besides stands in the
conftest.py of that folder, so that `pytest tests/reading_list` takes no PyTorch.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Two threads on a busy machine make tiny models thirty times slower.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
from filelock import FileLock
from hypothesis import settings

from tools.served import Site, build, serve

if TYPE_CHECKING:
    from reading_list.model import ReadingList
    from syllabus import Syllabus

# What make hands to its programs is none of the tests', some of which ask make.
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "NAME", "ARGS", "PORT"):
    os.environ.pop(name, None)

# Everybody tries the same few examples, so that nobody's change fails by bad luck; a
# weekly job looks for others: `make test ARGS=--hypothesis-profile=deep`. On a busy
# machine a single one may well take longer than a fifth of a second.
settings.register_profile("quick", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("deep", deadline=None, max_examples=200, print_blob=True)
settings.load_profile("quick")


@pytest.fixture(scope="session")
def syllabus() -> Syllabus:
    from reading_list.syllabus import load_syllabus

    return load_syllabus()


@pytest.fixture(scope="session")
def reading_list() -> ReadingList:
    from reading_list.records import load

    return load()


# --- The site: one folder and one server for all processes of pytest-xdist

SITE = pytest.StashKey[Site]()


def pytest_configure(config: pytest.Config) -> None:
    """Serve an empty folder from the process that outlives all others."""
    if hasattr(config, "workerinput"):
        folder, url = config.workerinput["site"]
    else:
        open_ = ExitStack()
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory()), "site")
        folder.mkdir()
        url = open_.enter_context(serve(folder))
        config.add_cleanup(open_.close)
    config.stash[SITE] = Site(Path(folder), url)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    site = node.config.stash[SITE]
    node.workerinput["site"] = (str(site.folder), site.url)


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Site:
    """The whole site, built strictly for a sub-path and served there.

    Whoever asks first builds it. `site.url` ends in a slash; `site.folder` holds the
    files.
    """
    served = request.config.stash[SITE]
    built = served.folder.with_name("built")
    with FileLock(served.folder.with_name("lock")):
        if not built.exists():
            build(served.folder, served.url)
            built.touch()
    return served
