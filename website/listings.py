"""Code as a page shows it: a section of a tested file, as a person would type it.

The files say every shape and type in their signatures. A page leaves those out, and
joins what then fits a line; libcst keeps comments and blank lines as they are.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Mapping
from functools import cache

import libcst as cst

WIDTH = 72

# The name of a section, and what stands between its two marks; one may hold another.
_SECTION = re.compile(
    r"--8<-- \[start:([\w-]+)\]\n(?=(.*?)^[^\n]*--8<-- \[end:\1\])", re.S | re.M
)

# What a line says to the checker of types goes with the types.
_IGNORED = re.compile(r"  # type: ignore.*")


@cache
def listings(source: str) -> Mapping[str, str]:
    """The sections of a file by name, without annotations or the marks of others.

    What stands in a class comes under the first line of the class; lines from inside a
    function come alone.
    """
    bare = cst.parse_module(source).visit(_Bare()).code
    bare = _IGNORED.sub("", bare)
    found = {}
    for section in _SECTION.finditer(bare):
        lines = [n for n in section[2].splitlines() if "--8<-- [" not in n]
        text = "\n".join(lines).strip("\n").rstrip()
        indented = text.startswith(" ")
        above = _class_around(bare, bare.count("\n", 0, section.start()) + 1)
        if indented and above:
            found[section[1]] = f"{above}\n{text}"
        else:
            found[section[1]] = textwrap.dedent(text)
    return found


def _class_around(source: str, line: int) -> str:
    """The first line of the class that a line stands in, outside any method of it."""
    around = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and node.lineno <= line <= (node.end_lineno or 0)
    ]
    inner = max(around, key=lambda node: node.lineno, default=None)
    if not isinstance(inner, ast.ClassDef):
        return ""
    return source.splitlines()[inner.lineno - 1]


class _Bare(cst.CSTTransformer):
    """Takes the annotations out, but for those that make a dataclass's fields."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[cst.CSTNode] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.inside.append(node)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.inside.append(node)

    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.ClassDef:
        self.inside.pop()
        return updated_node

    def leave_Param(
        self, original_node: cst.Param, updated_node: cst.Param
    ) -> cst.Param:
        bare = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        equal = bare if updated_node.default else cst.MaybeSentinel.DEFAULT
        return updated_node.with_changes(annotation=None, equal=equal)

    def leave_SimpleStatementLine(
        self,
        original_node: cst.SimpleStatementLine,
        updated_node: cst.SimpleStatementLine,
    ) -> cst.SimpleStatementLine | cst.RemovalSentinel:
        only = updated_node.body[0]
        if isinstance(only, cst.AnnAssign) and not (only.value or self._of_fields()):
            return cst.RemoveFromParent()
        return updated_node

    def _of_fields(self) -> bool:
        """Whether annotations here make the fields of a class, as in a dataclass."""
        around = self.inside[-1] if self.inside else None
        if not isinstance(around, cst.ClassDef):
            return False
        bases = [cst.Module([]).code_for_node(base) for base in around.bases]
        return bool(around.decorators) or "NamedTuple" in bases

    def leave_AnnAssign(
        self, original_node: cst.AnnAssign, updated_node: cst.AnnAssign
    ) -> cst.BaseSmallStatement:
        if updated_node.value is None or self._of_fields():
            return updated_node
        return cst.Assign([cst.AssignTarget(updated_node.target)], updated_node.value)

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        self.inside.pop()
        bare = updated_node.with_changes(returns=None)
        joined = bare.with_changes(
            whitespace_before_params=cst.SimpleWhitespace(""),
            params=bare.params.visit(_Joined()),
        )
        first = cst.Module([joined.with_changes(decorators=[], leading_lines=[])])
        line = first.code.splitlines()[0]
        fits = 4 * len(self.inside) + len(line) <= WIDTH
        whole = "#" not in cst.Module([]).code_for_node(bare.params)
        return joined if fits and whole else bare


class _Joined(cst.CSTTransformer):
    """Puts the parameters of a function on one line."""

    def leave_Comma(
        self, original_node: cst.Comma, updated_node: cst.Comma
    ) -> cst.Comma:
        return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))

    def leave_Param(
        self, original_node: cst.Param, updated_node: cst.Param
    ) -> cst.Param:
        return updated_node.with_changes(
            whitespace_after_param=cst.SimpleWhitespace("")
        )

    def leave_Parameters(
        self, original_node: cst.Parameters, updated_node: cst.Parameters
    ) -> cst.Parameters:
        kind = "kwonly_params" if updated_node.kwonly_params else "params"
        *before, last = getattr(updated_node, kind) or [None]
        if last is None:
            return updated_node
        last = last.with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(**{kind: [*before, last]})
