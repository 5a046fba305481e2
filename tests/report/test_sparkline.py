"""Curves as blocks."""

import math

from hypothesis import given
from hypothesis import strategies as st

from hprun.report.sparkline import sparkline

BLOCKS = " ▁▂▃▄▅▆▇█"


def test_what_rises_rises():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"


def test_more_values_than_blocks_are_taken_together():
    assert sparkline([4, 4, 0, 0], 2) == "█▁"


def test_what_is_no_number_leaves_a_blank():
    assert sparkline([1.0, math.nan, 2.0, math.inf], 9) == "▁ █ "


def test_level_is_low_and_nothing_is_nothing():
    assert sparkline([3.0, 3.0], 5) == "▁▁"
    assert sparkline([], 5) == sparkline([math.nan], 5) == ""


@given(st.lists(st.floats()), st.integers(1, 40))
def test_it_is_never_wider_than_asked(values, width):
    line = sparkline(values, width)
    assert len(line) <= min(width, len(values))
    assert set(line) <= set(BLOCKS)
