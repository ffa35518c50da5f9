"""The page "Notation" holds every word in a shape and every letter in a formula."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "notation.md"
CONCEPTS = sorted((ROOT / "docs" / "concepts").glob("*.md"))
SNIPPETS = sorted((ROOT / "snippets").rglob("*.py"))
TYPES = {"Bool", "Complex", "Float", "Inexact", "Int", "Integer", "Num", "Shaped"}


def lengths(page: str) -> dict[str, str]:
    """The words of the first table: name, what it counts."""
    table = page[page.index("## Sizes") : page.index("## Symbols")]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|$", table, re.M)
    assert len({name for name, _ in rows}) == len(rows), "a word is listed twice"
    return dict(rows)


def shapes(source: str) -> list[str]:
    """The shape of every jaxtyping annotation in a file."""
    return [
        node.slice.elts[1].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in TYPES
        and isinstance(node.slice, ast.Tuple)
        and isinstance(node.slice.elts[1], ast.Constant)
        and isinstance(node.slice.elts[1].value, str)
    ]


def words(shape: str) -> set[str]:
    """The names in a shape, without marks and numbers; `*any` says nothing."""
    found = re.sub(r"[{}*#?]", " ", shape.replace("*any", "")).split()
    return {word for word in found if not re.fullmatch(r"[\d+*/-]+|\.\.\.|_", word)}


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", SNIPPETS, ids=lambda file: file.stem)
def test_every_word_in_a_shape_is_on_the_page(file: Path, page: str) -> None:
    used = {
        word
        for shape in shapes(file.read_text(encoding="utf-8"))
        for word in words(shape)
    }
    unknown = used - set(lengths(page))
    assert not unknown, (
        f"{file.relative_to(ROOT)} uses {sorted(unknown)} in a shape: take a word of"
        " docs/notation.md, or add it there with what it counts"
    )


def test_every_word_on_the_page_is_in_our_code(page: str) -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in SNIPPETS)
    unused = {name for name in lengths(page) if not re.search(rf"\b{name}\b", code)}
    assert not unused, f"docs/notation.md lists {sorted(unused)}, which no file uses"


def test_every_shape_of_a_symbol_is_made_of_these_words(page: str) -> None:
    table = page[page.index("## Symbols") : page.index("## Masks")]
    symbols = re.findall(r"^\| \$.+?\$.*? \| `([^`]+)` \|", table, re.M)
    assert len(symbols) > 5
    for shape in symbols:
        assert words(shape) <= set(lengths(page))


def letters(cells: list[str]) -> set[str]:
    """The letters in formulas, without indices, words, and marks on letters."""
    formulas = " ".join(re.findall(r"\$(.+?)\$", " ".join(cells)))
    words_and_indices = r"\\(?:text|operatorname)\{\w+\}|[_^](?:\{[^{}]*\}|\\?\w+)"
    bare = re.sub(words_and_indices, " ", re.sub(words_and_indices, " ", formulas))
    marks = {r"\bar", r"\tilde", r"\dots", r"\mid", r"\partial", r"\operatorname"}
    return set(re.findall(r"\\[a-zA-Z]+|[a-zA-Z]", bare)) - marks


@pytest.mark.parametrize("file", CONCEPTS, ids=lambda file: file.stem)
def test_every_letter_of_a_page_is_on_the_notation_page(file: Path, page: str) -> None:
    first_cell = re.compile(r"^\| (\$.+?) \|", re.M)
    used = letters(first_cell.findall(file.read_text(encoding="utf-8")))
    unknown = used - letters(first_cell.findall(page[page.index("## Symbols") :]))
    assert not unknown, (
        f"{file.name}: {sorted(unknown)}: say on docs/notation.md what it means"
    )
