"""The code is formatted, linted and typed, and its layers hold."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent


def run(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True)


# Newer linters have newer opinions: these two hold with the pinned versions.
@pytest.mark.fresh
@pytest.mark.parametrize("command", ["check", "format --check"])
def test_ruff_finds_nothing(command: str) -> None:
    ran = run(str(PROGRAMS / "ruff"), *command.split(), ".")
    assert ran.returncode == 0, ran.stdout


@pytest.mark.fresh
def test_mypy_finds_nothing() -> None:
    ran = run(sys.executable, "-m", "mypy")
    assert ran.returncode == 0, ran.stdout


def layers(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(str(PROGRAMS / "lint-imports"), "--no-cache", cwd=folder)


def test_the_layers_hold() -> None:
    ran = layers(ROOT)
    assert ran.returncode == 0, ran.stdout


def test_a_layer_that_is_broken_is_seen(tmp_path: Path) -> None:
    for name in ("snippets", "reading_list", "website"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = {
        "snippets/text/planted.py": "import snippets.transformer.transformer",
        "snippets/transformer/planted.py": "import snippets.demos.heads",
        "snippets/lab/planted.py": "import snippets.attention.heads",
        "snippets/attention/planted.py": "import reading_list",
        "reading_list/planted.py": "import torch",
        "website/planted.py": "import snippets.text.logits",
    }
    for path, line in planted.items():
        (tmp_path / path).write_text(f"{line}\n")
    ran = layers(tmp_path)
    assert ran.returncode == 1
    for path, line in planted.items():
        module = path.removesuffix(".py").replace("/", ".")
        imported = line.removeprefix("import ")
        assert f"{module} -> {imported}" in ran.stdout
