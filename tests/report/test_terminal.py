"""Tables on terminals of any width."""

import io

import pytest
from rich.console import Console

from hprun.report.terminal import Column, make_table

COLUMNS = [Column("trial", keep=True), Column("name"), Column("lr"), Column("state", keep=True)]
ROWS = [["0", "a long value " * 8, "0.001", "completed"], ["11", "short", "1e-05", "running"]]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_what_is_to_be_kept_is_kept_and_the_long_is_cut(width):
    console = Console(file=io.StringIO(), width=width)
    console.print(make_table(COLUMNS, ROWS, width))
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 3
    assert all(len(line) <= width for line in lines)
    assert lines[1].split()[0] == "0"
    assert lines[1].split()[-1] == "completed"
    assert "0.001" in lines[1]
    assert ("…" in lines[1]) == (width < 140)
