"""The small project, written and built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.website import small
from website.edges.tree import Tree
from website.render import Renderer


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of the small project: to read, not to change."""
    return small.write(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def renderer(project: Path) -> Renderer:
    return small.renderer(project)


@pytest.fixture(scope="session")
def tree(project: Path) -> Tree:
    return small.tree(project)


@pytest.fixture(scope="session")
def small_site(project: Path) -> Path:
    """The folder of its built site."""
    return small.build_site(project)
