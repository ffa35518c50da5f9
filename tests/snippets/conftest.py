"""What the tests of snippets share: checked shapes, one thread."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator

import jaxtyping
import pytest
import torch
from beartype import BeartypeConf, beartype

torch.set_num_threads(1)

# Imported before the hook below, so that it goes unchecked: the grammar knows no
# tensors, and its small functions are called a hundred times for every sentence.
importlib.import_module("snippets.corpora.portuguese")

# Every `Float[Tensor, "batch seq"]` in a signature is checked at each call. The hook
# has to be there before the first test file imports a snippet, and wants the checker
# by its address. As for mypy, an int will do where a float is asked for.
checker = types.ModuleType("checker")
vars(checker)["check"] = beartype(conf=BeartypeConf(is_pep484_tower=True))
sys.modules["checker"] = checker
jaxtyping.install_import_hook("snippets", "checker.check")


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Without the checks of shapes: as a reader runs the code."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
