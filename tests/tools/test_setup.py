"""Set-up: what it says when something is missing, and which torch it takes."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "setup.py"
PINS = """\
regex==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
torch==2.13.0 \\
    --hash=sha256:cc \\
    --hash=sha256:dd
uv==0.9.0 ; sys_platform == 'linux' \\
    --hash=sha256:ee \\
    --hash=sha256:ff
"""


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
    (tmp_path / "constraints.txt").write_text(PINS)
    return module


@pytest.mark.parametrize(
    ("version", "on_the_path", "found"),
    [
        ((3, 11, 2), [], sys.executable),
        ((3, 9, 6), ["python3.12", "python3.11"], "/bin/python3.12"),
        ((3, 9, 6), [], r"Python 3\.9 is too old.*3\.11"),
    ],
)
def test_find_python_takes_the_newest_that_is_tested(
    setup: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    version: tuple[int, ...],
    on_the_path: list[str],
    found: str,
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    paths = {name: f"/bin/{name}" for name in on_the_path}
    monkeypatch.setattr("shutil.which", paths.get)
    monkeypatch.setattr(setup, "version_of", lambda path: (3, int(path[-2:])))
    if found.startswith("/"):
        assert setup.find_python() == found
    else:
        with pytest.raises(SystemExit, match=f"^set-up: {found}"):
            setup.find_python()


def test_make_venv_names_the_package_that_brings_venv(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version_of(python: str, needs: str = "sys") -> tuple[int, int] | None:
        return (3, 12) if needs == "sys" and python == sys.executable else None

    monkeypatch.setattr(setup, "version_of", version_of)
    monkeypatch.setattr(setup, "apt_get", lambda package: False)
    monkeypatch.setattr(setup, "find_python", lambda: sys.executable)
    with pytest.raises(SystemExit, match=r"apt-get install python3\.12-venv"):
        setup.make_venv()


@pytest.mark.parametrize(
    ("printed", "says"),
    [
        ("NewConnectionError: <pip>", r"^set-up: no network: .* the parts\."),
        ("npm ERR! ENOTFOUND", r"^set-up: no network: .* the parts\."),
        ("No space left on device", r"^set-up: could not fetch .*log\.txt$"),
    ],
)
def test_fetch_says_in_one_line_why_it_failed(
    setup: ModuleType, capsys: pytest.CaptureFixture[str], printed: str, says: str
) -> None:
    code = f"print({printed!r}); raise SystemExit(1)"
    with pytest.raises(SystemExit, match=says):
        setup.fetch("the parts", sys.executable, "-c", code)
    # What is not known is shown.
    assert (printed in capsys.readouterr().err) == ("could not" in says)


@pytest.mark.parametrize(
    ("printed", "afresh"),
    [("NewConnectionError", False), ("Prepared 12 packages in 3s", True)],
)
def test_install_marks_what_was_stopped_amid_its_changes(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, printed: str, afresh: bool
) -> None:
    code = f"print({printed!r}); raise SystemExit(1)"
    command = [sys.executable, "-c", code]
    monkeypatch.setattr(setup, "uv_install", lambda *words: command)
    with pytest.raises(SystemExit):
        setup.install("the parts", "torch")
    assert (setup.DONE / "busy").exists() == afresh


TORCH = ["--torch-backend=cpu", "torch"]


@pytest.mark.parametrize(
    ("plan", "uv_works", "taken", "says"),
    [
        (["torch", "sympy"], False, [], "at hand"),  # it comes with the other parts
        (["torch", "nvidia-cublas"], True, TORCH, "uv took the CPU build"),
        (["torch", "nvidia-cublas"], False, TORCH, "more than 2 GB"),
        ([], True, [], ""),  # it is there
    ],
)
def test_install_torch_takes_the_cpu_build_without_a_gpu_and_says_its_size(
    setup: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    plan: list[str],
    uv_works: bool,
    taken: list[str],
    says: str,
) -> None:
    ran: list[str] = []

    def works(*command: str) -> bool:
        ran.extend(command[-2:])
        return uv_works

    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr(Path, "exists", lambda path: False)
    monkeypatch.setattr(setup, "would_install", lambda requirement: plan)
    monkeypatch.setattr(setup, "works", works)
    setup.install_torch()
    said = capsys.readouterr().out
    assert ran == taken and says in said
    assert ("CPU build" in said and "190 MB" in said) == bool(plan)


def test_with_pins_holds_all_but_torch_by_hash(setup: ModuleType) -> None:
    option, path = setup.with_pins()
    torch = "torch==2.13.0 \\\n    --hash=sha256:cc \\\n    --hash=sha256:dd\n"
    assert option == "-c"
    assert Path(path).read_text() == PINS.replace(torch, "torch==2.13.0\n") != PINS


def test_install_uv_takes_it_by_its_hash_and_tells_it_where_pip_looks(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    told = b"global.index-url='https://mirror.example/simple'\n:env:.find-links='a b'\n"
    fetched: list[str] = []
    monkeypatch.setattr(setup, "fetch", lambda what, *words: fetched.append(words[-1]))
    monkeypatch.setattr("subprocess.check_output", lambda words: told)
    setup.install_uv()
    assert PINS.endswith(Path(fetched[0]).read_text() + "\n")
    assert os.environ["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert os.environ["UV_FIND_LINKS"] == "a,b"


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_file_with_another_hash_is_refused_in_one_line(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tool: str
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    with zipfile.ZipFile(folder / "uv-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("uv-1.0.dist-info/METADATA", "Name: uv\nVersion: 1.0\n")
        wheel.writestr("uv-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        wheel.writestr("uv-1.0.dist-info/RECORD", "")
    pins = tmp_path / "constraints.txt"
    pins.write_text("uv==1.0 \\\n    --hash=sha256:" + 64 * "0" + "\n")
    monkeypatch.setenv("PIP_DRY_RUN", "1")
    monkeypatch.setenv("PIP_FORCE_REINSTALL", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr(setup, "PYTHON", sys.executable)
    there = ["--target", str(tmp_path / "there")]
    wanted = [*there, "--no-cache", "--no-index", "--find-links", str(folder)]
    with pytest.raises(SystemExit, match=r"^set-up: what came for uv.*by its hash"):
        if tool == "pip":
            pins.write_text(
                pins.read_text().replace("uv==", "pip==") + pins.read_text()
            )
            setup.install_uv()
        else:
            setup.install("the parts", *wanted, "uv")


def test_part_is_set_up_once_and_again_when_the_pins_change(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[str] = []
    monkeypatch.setattr(setup, "version_of", lambda python: (3, 11))
    monkeypatch.setattr(setup, "install_torch", lambda: None)
    monkeypatch.setattr(setup, "install_uv", lambda: None)

    def install(what: str, *words: str) -> None:
        setup.DONE.mkdir(parents=True, exist_ok=True)
        installed.append(" ".join(words))

    monkeypatch.setattr(setup, "install", install)
    project = "--no-deps --no-build-isolation -e ."
    setup.install_python_parts("test")
    setup.install_python_parts("test")
    setup.install_python_parts("site")  # `test` holds `site`
    needed = "-r pyproject.toml --extra {} setuptools>=77"
    assert installed == [needed.format("test"), project]
    (setup.ROOT / "constraints.txt").write_text("torch==2.14.0\n")
    setup.install_python_parts("site")
    assert installed[2:] == [needed.format("site"), project]


@pytest.mark.parametrize("words", [[], ["everything"], ["site", "test"]])
def test_wrong_part_gets_one_line(words: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, SCRIPT, *words], capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1 and "check or site or snippets" in ran.stderr


# A Python that prints the words that it is given, and fails where it is told to.
STAND_IN = """#!/bin/sh
if [ "$1" = tools/words.py ]; then exec "$REAL" "$@"; fi
printf '<%s>' "$@"
exit ${FAIL:-0}
"""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The Makefile, with a stand-in for Python and nothing to set up."""
    for name in ("Makefile", "tools/words.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "tools" / "setup.py").write_text("")
    for name in ("python", "lint-imports", "zizmor"):
        stand_in = tmp_path / ".venv" / "bin" / name
        stand_in.parent.mkdir(parents=True, exist_ok=True)
        stand_in.write_text(STAND_IN)
        stand_in.chmod(0o755)
    # words.py goes on with the Python that runs it.
    words = (tmp_path / "tools" / "words.py").read_text()
    words = words.replace("sys.executable", '".venv/bin/python"')
    (tmp_path / "tools" / "words.py").write_text(words)

    def run(*typed: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", f"PYTHON={sys.executable}", *typed],
            cwd=tmp_path,
            env={**os.environ, "REAL": sys.executable, **more},
            capture_output=True,
            text=True,
        )

    return run


TYPED = "a; touch x `touch x` $(shell touch x) $$(touch x) && touch x #"


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        (["run", f"NAME={TYPED}"], f"<-m><snippets><{TYPED}>"),
        (["run", "NAME=a b", "ARGS=--seed 1 -k 'c d'"], "<--seed><1><-k><c d>"),
        (["run", "NAME=a", f"ARGS='{TYPED}'"], f"<a><{TYPED}>"),
        (["record", f"NAME={TYPED}"], f"<{TYPED}><--record>"),
        (["record"], "<-m><snippets><--record>"),
        (
            ["train", f"NAME={TYPED}", "ARGS=--seed 1"],
            f"<-m><snippets><train><{TYPED}><--seed><1>",
        ),
        (
            ["claim", f"NAME={TYPED}", "ARGS=--seed 1"],
            f"<-m><snippets><claim><{TYPED}><--seed><1>",
        ),
        (["test", f"ARGS='{TYPED}'"], f"<worksteal><{TYPED}>"),
        (["claims", f"ARGS='{TYPED}'"], f"<--again><{TYPED}>"),
        (["links", f"ARGS='{TYPED}'"], f"<tools.links><{TYPED}>"),
        (["serve", f"PORT={TYPED}"], f"<tools.serve><{TYPED}>"),
        (["serve"], "<-m><tools.serve>"),
    ],
)
def test_make_hands_what_is_typed_to_a_program_and_no_shell(
    make: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    typed: list[str],
    given: str,
) -> None:
    ran = make(*typed)
    assert ran.stdout.endswith(given), ran
    assert not (tmp_path / "x").exists()
    # As a workflow gives it: from the environment, where a NAME may be the machine's.
    names = [one for one in typed if one.startswith("NAME=")]
    target, *settings = [one for one in typed if one not in names]
    ran = make(target, *names, **dict(one.split("=", 1) for one in settings))
    assert ran.stdout.endswith(given), ran
    assert not (tmp_path / "x").exists()


def test_words_refuses_open_quotes_in_one_line(
    make: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    ran = make("test", "ARGS=-k 'a")
    assert ran.returncode and "close the quotes" in ran.stderr.splitlines()[0]


def test_old_python_can_read_the_script() -> None:
    source = SCRIPT.read_text(encoding="utf-8")
    assert ast.parse(source, feature_version=(3, 6)).body
    assert "from __future__" not in source  # its annotations came with 3.7
