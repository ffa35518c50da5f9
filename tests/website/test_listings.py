"""What a page shows of code: the section of a tested file, without its types."""

from __future__ import annotations

import ast
import re
from textwrap import dedent

import pytest

from syllabus import ROOT
from website.edges.sections import MOST_LINES
from website.listings import listings

SOURCE = '''
class Adder(nn.Module):
    """Adds."""

    # --8<-- [start:forward]
    def forward(
        self,
        x: Float[Tensor, "batch seq"],  # one a row
        size: int = 3,
    ) -> Float[Tensor, "batch seq"]:
        """Adds the size."""
        total: Tensor = x + size  # by broadcasting
        return total

    # --8<-- [end:forward]


# --8<-- [start:both]
@dataclass
class Size:
    d_model: int = 4


def add(
    x: Float[Tensor, "seq"], *others: Tensor, scale: float = 1.0, **more: Any
) -> Tensor:
    # Those that are left.
    left: list[Tensor]
    left = [*others]
    return scale * sum(left, x)  # type: ignore[no-any-return]


# --8<-- [end:both]
'''


@pytest.mark.parametrize(
    "name, shown",
    [
        (
            "forward",
            '''
            class Adder(nn.Module):
                def forward(
                    self,
                    x,  # one a row
                    size=3,
                ):
                    """Adds the size."""
                    total = x + size  # by broadcasting
                    return total
            ''',
        ),
        (
            "both",
            """
            @dataclass
            class Size:
                d_model: int = 4


            def add(x, *others, scale=1.0, **more):
                left = [*others]
                return scale * sum(left, x)
            """,
        ),
    ],
)
def test_types_go_and_comments_stay(name, shown):
    assert listings(SOURCE)[name] == dedent(shown).strip()


def test_lines_from_inside_a_method_come_alone():
    source = """
class Adder(nn.Module):
    def forward(self, x):
        # --8<-- [start:fault]
        if x is None:
            return x
        # --8<-- [end:fault]
        return x + 1
"""
    assert listings(source)["fault"] == "if x is None:\n    return x"


SECTIONS = {
    (path.relative_to(ROOT).as_posix(), name): text
    for folder in ("snippets", "tests/snippets")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "--8<-- [" in (source := path.read_text(encoding="utf-8"))
    for name, text in listings(source).items()
}


def test_every_listing_is_python():
    assert len(SECTIONS) > 20
    for text in SECTIONS.values():
        ast.parse(text)


def test_every_section_of_a_test_is_short_and_on_the_page_of_mistakes():
    page = (ROOT / "docs" / "mistakes-that-ran.md").read_text(encoding="utf-8")
    of_tests = {at: text for at, text in SECTIONS.items() if at[0].startswith("tests/")}
    shown = re.findall(r"\{\{ code\('([\w-]+)', '([\w/.]+)'\)", page)
    assert {(path, name) for name, path in shown} == {*of_tests}
    for text in of_tests.values():
        assert len(text.splitlines()) <= MOST_LINES
