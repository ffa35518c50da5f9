"""The tree speaks of the project alone: no machine, no package host, no stub."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A letter in brackets keeps these patterns from finding themselves.
NEVER = {
    "the path of a machine": r"(?<![\w.])/(wo[r]k|fa[r]m|ro[o]t|op[t])/[a-z.]",
    "somebody's folder": r"(?<![\w.])/(ho[m]e|Use[r]s)/[a-z.]",
    "the host of a package index": r"\b(py[p]i\.org|py[t]honhosted\.org"
    r"|registry\.np[m]js\.org|registry\.ya[r]npkg\.com|download\.py[t]orch\.org"
    r"|conda\.ana[c]onda\.org|proxy\.gol[a]ng\.org)",
    "a word about how the work is done": r"(?i)\b(cla[u]de|anth[r]opic|chat[g]pt"
    r"|copi[l]ot|as an a[i]\b|language model ses[s]ion)\b",
    "a stub": r"\b(TO[D]O|FIX[M]E|NotImplemented[E]rror)\b",
}
# Others may write about any product; a test may plant somebody's folder.
MAY = {
    "a word about how the work is done": ("docs/resources/", "docs/concepts/"),
    "somebody's folder": ("tests/",),
}
TEXT_ONLY = {".png", ".woff2", ".safetensors", ".ico"}


def files() -> list[Path]:
    """What git holds or would hold."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(words, cwd=ROOT, text=True).split("\0")
    paths = [ROOT / name for name in names if name]
    return [path for path in paths if path.is_file() and path.suffix not in TEXT_ONLY]


def faults(name: str, text: str) -> list[str]:
    found = []
    for what, pattern in NEVER.items():
        if name.startswith(MAY.get(what, ())):
            continue
        for hit in re.finditer(pattern, text):
            line = text.count("\n", 0, hit.start()) + 1
            found.append(f"{name}:{line}: {what}: {hit[0]}")
    return found


def test_no_file_names_a_machine_a_package_host_or_holds_a_stub() -> None:
    every = files()
    assert len(every) > 100
    found = [
        fault
        for path in every
        for fault in faults(
            str(path.relative_to(ROOT)),
            path.read_text(encoding="utf-8", errors="replace"),
        )
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("planted", "what"),
    [
        ("see /wor" + "k/main/x", "path"),
        ('"/roo' + 't/.cache"', "path"),
        ("/ho" + "me/ada/x.py", "folder"),
        ("https://py" + "pi.org/simple", "host"),
        ("https://registry.np" + "mjs.org/katex", "host"),
        ("written with Chat" + "GPT", "word"),
        ("# TO" + "DO: later", "stub"),
    ],
)
def test_a_planted_one_is_seen(planted: str, what: str) -> None:
    (fault,) = faults("snippets/x.py", f"first line\n{planted}\n")
    assert what in fault and fault.startswith("snippets/x.py:2:")


def test_a_resource_may_be_about_any_product() -> None:
    assert faults("docs/resources/x.md", "An article on Chat" + "GPT") == []
