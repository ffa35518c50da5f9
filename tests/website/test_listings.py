"""What a page shows of code: the section of a tested file, without its types."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from syllabus import ROOT
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


def test_every_listing_is_python():
    paths = [*(ROOT / "snippets").rglob("*.py")]
    found = [
        text
        for path in paths
        if "--8<-- [" in (source := path.read_text(encoding="utf-8"))
        for text in listings(source).values()
    ]
    assert len(found) > 20
    for text in found:
        ast.parse(text)
