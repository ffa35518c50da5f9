"""What all tests share: checked shapes, one thread, the data, the built site."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache

# Two threads on a busy machine make tiny models thirty times slower.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
import torch
from beartype import BeartypeConf, beartype
from hypothesis import settings
from jaxtyping import install_import_hook

from reading_list.model import ReadingList
from reading_list.records import load
from reading_list.syllabus import load_syllabus
from syllabus import Concept, Syllabus
from tools.links import BrokenLink, broken_links
from tools.served import Site, built_and_served

torch.set_num_threads(1)

# What make hands to its programs is none of the tests', some of which ask make.
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "NAME", "ARGS", "PORT"):
    os.environ.pop(name, None)

# On a busy machine a single example may well take longer than a fifth of a second.
settings.register_profile("ours", deadline=None)
settings.load_profile("ours")

# Imported before the hook below, so that it goes unchecked: the grammar knows no
# tensors, and its small functions are called a hundred times for every sentence.
importlib.import_module("snippets.corpora.portuguese")

# Every `Float[Tensor, "batch seq"]` in a signature is checked at each call. The hook
# has to be there before the first test file imports a snippet, and wants the checker
# by its address. As for mypy, an int will do where a float is asked for.
checker = types.ModuleType("checker")
vars(checker)["check"] = beartype(conf=BeartypeConf(is_pep484_tower=True))
sys.modules["checker"] = checker
install_import_hook("snippets", "checker.check")


@pytest.fixture(scope="session")
def syllabus() -> Syllabus:
    return load_syllabus()


@pytest.fixture(scope="session")
def reading_list() -> ReadingList:
    return load()


BROKEN = pytest.StashKey[Future[list[BrokenLink]]]()


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The whole site, built strictly for a sub-path and served there.

    `site.url` ends in a slash; `site.folder` holds the files.
    """
    with built_and_served() as built, ThreadPoolExecutor() as background:
        if any("broken" in item.fixturenames for item in request.session.items):
            # LinkChecker takes half a minute: let it go beside the other tests.
            links = background.submit(broken_links, built.url)
            request.config.stash[BROKEN] = links
        yield built


@pytest.fixture
def broken(site: Site, request: pytest.FixtureRequest) -> list[BrokenLink]:
    """Every broken link of the built site."""
    return request.config.stash[BROKEN].result()


Run = Callable[[Concept], "Future[list[str]]"]
RUN = pytest.StashKey[Run]()
BESIDE = pytest.StashKey[ProcessPoolExecutor]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the snippets that tests will ask for: a minute, beside the other tests.

    In a process of its own a snippet runs without the checks of shapes above, exactly
    as it ran when its result was recorded.
    """
    from snippets.lab.freshness import stale
    from snippets.lab.record import Result

    spawn = multiprocessing.get_context("spawn")
    beside = ProcessPoolExecutor(max_workers=1, mp_context=spawn)

    @cache
    def run(concept: Concept) -> Future[list[str]]:
        return beside.submit(stale, Result.read(concept.name), concept.module)

    session.config.stash[BESIDE] = beside
    session.config.stash[RUN] = run
    for item in session.items:
        callspec = getattr(item, "callspec", None)
        concept = callspec.params.get("concept") if callspec else None
        if concept and "again" in getattr(item, "fixturenames", ()):
            run(concept)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if beside := session.config.stash.get(BESIDE, None):
        beside.shutdown(cancel_futures=True)


@pytest.fixture
def again(request: pytest.FixtureRequest) -> Callable[[Concept], list[str]]:
    """In what a record is not what its snippet and its edits give today."""
    run = request.config.stash[RUN]
    return lambda concept: run(concept).result()
