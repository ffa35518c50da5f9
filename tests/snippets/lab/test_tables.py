"""Why a printed table can be read: columns stand below their heads."""

import doctest

import pytest

from snippets.lab import tables


def test_table_prints_as_its_example_says():
    assert doctest.testmod(tables).failed == 0


def test_table_is_as_wide_as_its_widest_cells(capsys):
    tables.table([("a", 1, 0.5), ("long name", 1000, 0.25)], ["", ",", ".1f"], gap=1)
    assert capsys.readouterr().out == "a             1 0.5\nlong name 1,000 0.2\n"


def test_table_refuses_a_row_of_another_length():
    with pytest.raises(ValueError, match="shorter"):
        tables.table([("a", 1), ("b",)], ["", ""])
