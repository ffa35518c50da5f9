"""A lint of our own tests: each can fail, and none looks away.

In a well-known project 35 of 83 tests asserted nothing; others held `a == b` lines
without `assert`, or returned early where the case did not apply.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FILES = sorted(TESTS.rglob("test_*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef

# Calls that assert: pytest.raises, torch.testing.assert_close, mock.assert_called...
ASSERTING = re.compile(r"(.*\.)?(raises|warns|fail|assert_\w+)")
SKIPPING = re.compile(r"(.*\.)?(skip|skipif|skipIf|skipUnless|importorskip|xfail)")
SWALLOWING = {"", "Exception", "BaseException", "AssertionError"}


def dotted(node: ast.AST | None) -> str:
    """`pytest.mark.skip` for the expression of that name, else nothing."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def always_true(test: ast.expr) -> bool:
    """`assert True`, `assert "text"`, `assert (a == b, "message")`."""
    constant = isinstance(test, ast.Constant) and bool(test.value)
    return constant or (isinstance(test, ast.Tuple) and bool(test.elts))


def asserts(body: list[ast.stmt], helpers: set[str], certainly: bool) -> bool:
    """Whether these lines assert something; with `certainly`, not only under an if."""
    for statement in body:
        if isinstance(statement, ast.If) and certainly:
            branches = (statement.body, statement.orelse)
            if all(asserts(branch, helpers, certainly) for branch in branches):
                return True
            continue
        if isinstance(statement, ast.For | ast.While | ast.With | ast.Try):
            if asserts(statement.body, helpers, certainly):
                return True
            if not isinstance(statement, ast.With):
                continue
        # Of a block, what stands before its colon; else the whole statement.
        heads: list[ast.AST] = [statement]
        if isinstance(statement, ast.With):
            heads = [*statement.items]
        for node in (inner for head in heads for inner in ast.walk(head)):
            if isinstance(node, ast.Assert) and not always_true(node.test):
                return True
            if isinstance(node, ast.Call):
                name = dotted(node.func)
                if ASSERTING.fullmatch(name) or name in helpers:
                    return True
    return False


def asserting_helpers(tree: ast.Module) -> set[str]:
    """The names of the file's functions that assert, themselves or by another."""
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    helpers: set[str] = set()
    while True:
        found = {
            function.name
            for function in functions
            if asserts(function.body, helpers, certainly=False)
        }
        if found == helpers:
            return helpers
        helpers = found


def faults(source: str) -> list[str]:
    """What is wrong with a file of tests, one line each: `7: says nothing`."""
    tree = ast.parse(source)
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Compare):
            found.append((node.lineno, "a comparison without assert"))
        if isinstance(node, ast.Assert) and always_true(node.test):
            found.append((node.lineno, "an assertion that cannot fail"))
        if isinstance(node, ast.Attribute | ast.Name) and SKIPPING.fullmatch(
            dotted(node)
        ):
            found.append((node.lineno, "a skip: every test runs everywhere"))
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            if not raises and SWALLOWING & {dotted(one) for one in caught}:
                found.append((node.lineno, "an except that hides a failure"))
        if isinstance(node, Function) and node.name.startswith("test"):
            if not asserts(node.body, asserting_helpers(tree), certainly=True):
                found.append((node.lineno, f"{node.name} may assert nothing"))
            for inner in own_nodes(node):
                if isinstance(inner, ast.Return):
                    found.append((inner.lineno, f"{node.name} returns early"))
    return [f"{line}: {wrong}" for line, wrong in sorted(found)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_our_tests_can_fail(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


def test_no_test_stands_in_a_file_that_is_not_collected() -> None:
    others = set(TESTS.rglob("*.py")) - set(FILES)
    assert others and len(FILES) > 10
    for path in others:
        assert not re.search(r"^\s*(async )?def test_", path.read_text(), re.MULTILINE)


BAD = {
    "may assert nothing": [
        "def test_a():\n    print(1)",
        "def test_a():\n    model().shape",
        "def test_a():\n    if cuda():\n        assert works()",
        "def test_a():\n    with f() as x:\n        if x:\n            assert x",
        "def test_a():\n    def inner():\n        return 1\n    inner()",
    ],
    "a comparison without assert": ["def test_a():\n    assert b\n    a == b"],
    "an assertion that cannot fail": [
        "def test_a():\n    assert b\n    assert True",
        "def test_a():\n    assert b\n    assert (a == b, 'message')",
    ],
    "returns early": [
        "def test_a(x):\n    if not x:\n        return\n    assert x",
        "async def test_a(x):\n    assert x\n    return True",
    ],
    "a skip": [
        "@pytest.mark.skip\ndef test_a():\n    assert a",
        "@pytest.mark.skipif(windows, reason='slow')\ndef test_a():\n    assert a",
        "def test_a():\n    pytest.xfail()\n    assert a",
        "from pytest import importorskip\nx = importorskip('torch')",
        "pytestmark = pytest.mark.skip",
    ],
    "an except that hides": [
        "def test_a():\n    try:\n        assert a\n    except:\n        pass",
        "def test_a():\n    assert b\n    try:\n        f()\n"
        "    except (ValueError, AssertionError):\n        pass",
    ],
}
GOOD = [
    "def test_a():\n    assert a == b",
    "def test_a():\n    with pytest.raises(ValueError):\n        f()",
    "def test_a():\n    torch.testing.assert_close(a, b)",
    "def check(x):\n    assert x\ndef both():\n    check(1)\ndef test_a():\n    both()",
    "def test_a():\n    for x in xs:\n        assert x",
    "def test_a(x):\n    if x:\n        assert a\n    else:\n        assert b",
    "def test_a():\n    def inner():\n        return 1\n    assert inner() == 1",
]


@pytest.mark.parametrize(
    ("wrong", "source"), [(wrong, one) for wrong, many in BAD.items() for one in many]
)
def test_a_planted_bad_test_is_seen(wrong: str, source: str) -> None:
    (found,) = faults(source)
    assert wrong in found


@pytest.mark.parametrize("source", GOOD)
def test_a_good_test_is_left_in_peace(source: str) -> None:
    assert faults(source) == []
