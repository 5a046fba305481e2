"""Tables on terminals of any width, and where there is no terminal."""

import io
import sys

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rich.console import Console

from hprun.report.rich_console import make_table
from hprun.report.terminal import Plain, plain_table, print_table, stderr, stdout
from hprun.report.words_in_colour import Coloured, Column, diff_text, state_text

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


_WORDS = st.text(st.sampled_from("ab1 .[]:—ä\n\t"), max_size=9) | st.sampled_from(["-", "[red]x"])
_KINDS = st.builds(Column, _WORDS, right=st.booleans(), fold=st.booleans(), keep=st.booleans())


@st.composite
def tables(draw):
    """Columns with a word in each, and rows of as many cells."""
    columns = draw(st.lists(_KINDS, min_size=1, max_size=4))
    cells = _WORDS | _WORDS.map(lambda text: Coloured(((text, "red"),)))
    row = st.lists(cells, min_size=len(columns), max_size=len(columns))
    rows = draw(st.lists(row, max_size=4))
    for number, column in enumerate(columns):
        assume(column.title or any(str(row[number]) for row in rows))
    return columns, rows


@settings(max_examples=50)
@given(tables())
def test_a_file_gets_the_table_that_a_wide_terminal_shows_without_its_colours(table):
    columns, rows = table
    console = Console(file=io.StringIO(), width=1000, soft_wrap=True)
    console.print(make_table(columns, rows, 1000), soft_wrap=False)
    plain = plain_table(columns, rows)
    if plain is not None:
        assert "\n".join(plain) + "\n" == console.file.getvalue()
    else:
        words = [*(column.title for column in columns), *(str(c) for row in rows for c in row)]
        assert not all(word.isascii() and (not word or word.isprintable()) for word in words)


def test_what_is_not_for_plain_tables_is_laid_out_all_the_same(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    print_table(Plain(stderr=False), COLUMNS, [["0", "größe", "二", "completed"]])
    head, row = sys.stdout.getvalue().splitlines()
    assert row.split() == ["0", "größe", "二", "completed"]
    assert head.index("lr") == row.index("二")


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_colours_can_be_had_in_a_pipe(monkeypatch, name):
    for other in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    stdout().print("trial 0: ", state_text("failed"), sep="")
    assert sys.stdout.getvalue() == "trial 0: failed\n"
    monkeypatch.setenv(name, "1")
    assert not isinstance(stdout(), Plain)
    assert not isinstance(stderr(), Plain)


def test_a_diff_has_its_colours_on_a_terminal_and_its_text_everywhere():
    lines = ["--- a", "+++ b", "@@ -1 +1 @@", "-lr = 1", "+lr = 2", " rest\n"]
    text = diff_text(lines)
    assert str(text).splitlines() == [line.rstrip() for line in lines]
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="standard")
    console.print(text, end="")
    assert "\x1b[31m-lr = 1" in console.file.getvalue()
    assert "\x1b[32m+lr = 2" in console.file.getvalue()
