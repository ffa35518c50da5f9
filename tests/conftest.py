"""What all tests share: shapes checked at run time, one thread, the built site."""

from __future__ import annotations

import os
from collections.abc import Iterator

# Two threads on a busy machine make tiny models thirty times slower.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
import torch
from jaxtyping import install_import_hook

from website.served import Site, built_and_served

torch.set_num_threads(1)

# Every `Float[Tensor, "batch seq"]` in a signature is checked at each call. The hook
# has to be there before the first test file imports a snippet.
install_import_hook("snippets", "beartype.beartype")


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The whole site, built strictly for a sub-path and served there.

    `site.url` ends in a slash; `site.folder` holds the files.
    """
    with built_and_served() as built:
        yield built
