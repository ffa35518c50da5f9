"""Set-up: what it says when something is missing, and which torch it takes."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "setup.py"


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The set-up script, at work in an empty copy of the project."""
    spec = importlib.util.spec_from_file_location("setup_script", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("VENV", "DONE", "CACHE", "LOG"):
        inside = getattr(module, name).relative_to(ROOT)
        monkeypatch.setattr(module, name, tmp_path / inside)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    # Whatever pins these tests themselves were set up with.
    monkeypatch.setattr(module, "PINS", "constraints.txt")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "constraints.txt").write_text("torch==2.13.0\n")
    return module


def prints(setup: ModuleType, text: str) -> None:
    """Make the next command that fetches something print this, and fail."""
    code = f"print({text!r}); raise SystemExit(1)"
    setup.fetch("the parts", sys.executable, "-c", code)


def test_an_old_python_with_no_other_gets_one_clear_line(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 6))
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SystemExit, match=r"^set-up: Python 3\.9 is too old.*3\.11"):
        setup.find_python()


def test_an_old_python_hands_over_to_the_newest_that_is_tested(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 6))
    paths = {"python3.12": "/usr/bin/python3.12", "python3.11": "/usr/bin/python3.11"}
    monkeypatch.setattr("shutil.which", paths.get)
    monkeypatch.setattr(setup, "version_of", lambda path: (3, int(path[-2:])))
    assert setup.find_python() == "/usr/bin/python3.12"


def test_a_python_without_venv_names_the_package_that_brings_it(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version_of(python: str, needs: str = "sys") -> tuple[int, int] | None:
        return (3, 12) if needs == "sys" and python == sys.executable else None

    monkeypatch.setattr(setup, "version_of", version_of)
    monkeypatch.setattr(setup, "apt_get", lambda package: False)
    monkeypatch.setattr(setup, "find_python", lambda: sys.executable)
    with pytest.raises(SystemExit, match=r"apt-get install python3\.12-venv"):
        setup.make_venv()


@pytest.mark.parametrize("sign", ["NewConnectionError: <pip>", "npm ERR! ENOTFOUND"])
def test_no_network_is_said_in_one_line(setup: ModuleType, sign: str) -> None:
    with pytest.raises(SystemExit, match=r"^set-up: no network: .* the parts\."):
        prints(setup, sign)


def test_another_failure_shows_its_last_lines(
    setup: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^set-up: could not fetch .*log\.txt$"):
        prints(setup, "No space left on device")
    assert "No space left on device" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("printed", "afresh"),
    [("NewConnectionError", False), ("Installing collected packages: torch", True)],
)
def test_only_what_was_stopped_amid_its_changes_is_made_anew(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, printed: str, afresh: bool
) -> None:
    code = f"print({printed!r}); raise SystemExit(1)"
    command = [sys.executable, "-c", code]
    monkeypatch.setattr(setup, "pip_install", lambda *words: command)
    with pytest.raises(SystemExit):
        setup.install("the parts", "torch")
    assert (setup.DONE / "busy").exists() == afresh


@pytest.fixture
def installs(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[str], bool], list[str]]:
    """What is installed when pip would bring these, and uv finds a CPU build or not."""

    def torch(plan: list[str], uv_works: bool) -> list[str]:
        taken: list[str] = []
        monkeypatch.setattr("platform.system", lambda: "Linux")
        monkeypatch.setattr(Path, "exists", lambda path: False)
        monkeypatch.setattr(setup, "pip_would_install", lambda requirement: plan)
        monkeypatch.setattr(setup, "install", lambda _, what: taken.append(what))

        def works(*command: str) -> bool:
            taken.append("uv's torch" if uv_works else "nothing")
            return uv_works

        monkeypatch.setattr(setup, "works", works)
        setup.install_torch()
        return taken

    return torch


def test_without_a_gpu_the_cpu_build_of_torch_is_taken_and_its_size_said_first(
    installs: Callable[[list[str], bool], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert installs(["torch", "sympy"], False) == ["torch"]
    size, took = capsys.readouterr().out.splitlines()
    assert "CPU build" in size and "190 MB" in size
    assert "pip took the CPU build" in took

    assert installs(["torch", "nvidia-cublas"], True) == ["uv", "uv's torch"]
    assert "uv took the CPU build" in capsys.readouterr().out

    assert installs(["torch", "nvidia-cublas"], False) == ["uv", "nothing"]
    assert "more than 2 GB" in capsys.readouterr().out

    assert installs([], True) == []  # torch is there


def test_a_part_is_set_up_once_and_again_when_the_pins_change(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[str] = []
    monkeypatch.setattr(setup, "version_of", lambda python: (3, 11))
    monkeypatch.setattr(setup, "install_torch", lambda: None)

    def install(what: str, *words: str) -> None:
        setup.DONE.mkdir(parents=True, exist_ok=True)
        installed.append(words[-1])

    monkeypatch.setattr(setup, "install", install)
    setup.install_python_parts("test")
    setup.install_python_parts("test")
    setup.install_python_parts("site")  # `test` holds `site`
    assert installed == ["setuptools>=77", ".[test]"]
    (setup.ROOT / "constraints.txt").write_text("torch==2.14.0\n")
    setup.install_python_parts("site")
    assert installed[2:] == ["setuptools>=77", ".[site]"]


@pytest.mark.parametrize("words", [[], ["everything"], ["site", "test"]])
def test_a_wrong_part_gets_one_line(words: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, SCRIPT, *words], capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1 and "check or site or snippets" in ran.stderr


def test_make_without_a_target_lists_them() -> None:
    listed = subprocess.check_output(["make"], cwd=ROOT, text=True)
    named = [line.split()[1] for line in listed.splitlines()]
    targets = ["serve", "site", "check", "test", "run", "record", "links", "lighthouse"]
    assert set(targets) <= set(named)


def test_an_old_python_can_read_the_script() -> None:
    source = SCRIPT.read_text(encoding="utf-8")
    assert ast.parse(source, feature_version=(3, 6)).body
    assert "from __future__" not in source  # its annotations came with 3.7
