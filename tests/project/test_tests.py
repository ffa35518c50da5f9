"""A lint of our own tests, for what ruff has no rule: each asserts, to its end."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
FILES = sorted(TESTS.rglob("test_*.py"))
# Calls that assert: pytest.raises, torch.testing.assert_close, mock.assert_called...
ASSERTING = re.compile(r"(.*\.)?(raises|warns|fail|assert_\w+)")


def asserts(body: list[ast.stmt], helpers: set[str]) -> bool:
    """Whether these lines assert something, and not only under an `if`."""
    for statement in body:
        match statement:
            case ast.If(body=then, orelse=otherwise):
                if asserts(then, helpers) and asserts(otherwise, helpers):
                    return True
            case ast.For(body=inner) | ast.While(body=inner) | ast.Try(body=inner):
                if asserts(inner, helpers):
                    return True
            case ast.With(items=items, body=inner):
                if any(calls(item, helpers) for item in items):
                    return True
                if asserts(inner, helpers):
                    return True
            case ast.Assert():
                return True
            case ast.FunctionDef() | ast.ClassDef():
                pass
            case _ if calls(statement, helpers):
                return True
    return False


def calls(node: ast.AST, helpers: set[str]) -> bool:
    """Whether something that asserts is called here."""
    names = (ast.unparse(n.func) for n in ast.walk(node) if isinstance(n, ast.Call))
    return any(ASSERTING.fullmatch(name) or name in helpers for name in names)


def returns(body: list[ast.stmt]) -> Iterator[ast.Return]:
    """The `return`s of a function, without those of functions inside it."""
    waiting: list[ast.AST] = [*body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def faults(source: str) -> list[str]:
    """What is wrong with a file of tests, one line each."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    helpers: set[str] = set()
    # A helper may assert by another.
    while more := {f.name for f in functions if asserts(f.body, helpers)} - helpers:
        helpers |= more
    found = []
    for function in functions:
        if function.name.startswith("test"):
            if function.name not in helpers:
                found.append(f"{function.lineno}: {function.name} may assert nothing")
            for early in returns(function.body):
                found.append(f"{early.lineno}: {function.name} returns early")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_our_tests_assert_to_their_end(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


NOTHING, EARLY = ["1: test_a may assert nothing"], ["3: test_a returns early"]


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("def test_a():\n    model().shape", NOTHING),
        ("def test_a():\n    if x:\n        assert y", NOTHING),
        ("def test_a():\n    def f():\n        assert y\n    f", NOTHING),
        ("def test_a():\n    if x:\n        return\n    assert y", EARLY),
        ("def test_a():\n    with raises(ValueError):\n        f()", []),
        ("def is_so(x):\n    assert x\ndef test_a():\n    is_so(1)", []),
        ("def test_a():\n    for x in y:\n        assert x", []),
    ],
)
def test_faults_are_seen_and_good_tests_left_in_peace(
    source: str, wrong: list[str]
) -> None:
    assert faults(source) == wrong


def test_no_test_stands_in_a_file_that_is_not_collected() -> None:
    for path in set(TESTS.rglob("*.py")) - set(FILES):
        assert not re.search(r"^\s*def test_", path.read_text("utf-8"), re.MULTILINE)


def test_the_tests_of_the_reading_list_need_no_torch_and_no_site() -> None:
    program = (
        "import sys, pytest\n"
        "pytest.main(['--collect-only', '-qq', 'tests/reading_list'])\n"
        "sys.exit(' '.join({'torch', 'mkdocs', 'website'} & {*sys.modules}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert "test_" in ran.stdout and ran.stderr.strip() == ""
