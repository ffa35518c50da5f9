"""The layers that `make lint` holds the code to are those that are meant."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


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
    lint = Path(sys.executable).with_name("lint-imports")
    words = [lint, "--no-cache"]
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 1
    for path, line in planted.items():
        module = path.removesuffix(".py").replace("/", ".")
        imported = line.removeprefix("import ")
        assert f"{module} -> {imported}" in ran.stdout
