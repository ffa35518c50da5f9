"""Drawings of a process: what is said stands where it was put."""

from __future__ import annotations

import numpy as np
import pytest

from snippets.lab import diagrams, plots


def test_a_vector_is_a_row_of_cells_around_its_middle():
    figure, axes = diagrams.board(100)
    diagrams.cells(axes, 200, 50, [1.0, -2.5, 3.0], fmt=".1f")
    texts = [(text.get_position(), text.get_text()) for text in axes.texts]
    assert [text for _, text in texts] == ["1.0", "−2.5", "3.0"]
    across = [x for (x, _), _ in texts]
    assert across[1] == 200 and across[0] + across[2] == pytest.approx(400)
    assert {y for (_, y), _ in texts} == {50}
    assert 'viewBox="0 0 400' in plots.svg(figure, "x")


@pytest.mark.parametrize("bend", [0, 0.3, -0.5])
def test_a_label_stands_on_its_arrow(bend):
    figure, axes = diagrams.board(200)
    diagrams.arrow(axes, (50, 40), (250, 160), label="here", bend=bend)
    figure.draw_without_rendering()
    line = axes.patches[0].get_path().to_polygons(closed_only=False)[0]
    away = np.linalg.norm(line - axes.texts[0].get_position(), axis=1)
    assert away.min() < 8


def test_a_box_is_as_wide_as_its_longest_line():
    _, axes = diagrams.board(100)
    diagrams.box(axes, 100, 50, "a word\nand a longer line")
    short, long = axes.texts
    assert short.get_position()[1] < 50 < long.get_position()[1]
    assert axes.patches[0].get_width() > 11 * diagrams.LETTER * len("and a longer line")
