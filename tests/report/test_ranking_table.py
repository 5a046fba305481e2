"""The ranking on terminals of any width."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from hprun.model import Direction, Metric, Reduce
from hprun.report.ranking_table import print_ranking
from hprun.report.results import Result

METRIC = Metric("loss", Reduce.MIN, Direction.LOW)


def _shown(trials, width):
    results = [
        Result(number + 1, number, values, 0.5 + number, None, 1, "completed", "", 1.0, ())
        for number, values in enumerate(trials)
    ]
    console = Console(file=io.StringIO(), width=width)
    print_ranking(console, results, METRIC)
    return console.file.getvalue().rstrip("\n").split("\n")


NAMES = [f"name_{n}" for n in range(12)]
TRIALS = st.lists(
    st.fixed_dictionaries({}, optional={n: st.integers(0, 3) | st.sampled_from("ab") for n in NAMES}),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(TRIALS, st.integers(50, 220))
def test_each_name_has_one_place_and_no_line_is_wider_than_the_terminal(trials, width):
    lines = _shown(trials, width)
    assert all(len(line.rstrip()) <= width for line in lines)
    below = lines.pop() if lines[-1].startswith("all of these: ") else ""
    while lines[-1].strip() and not lines[-1].lstrip()[0].isdigit() and "#" not in lines[-1]:
        below = lines.pop() + " " + below  # it went on over several lines
    tables = "\n".join(line.rstrip() for line in lines).split("\n\n")
    heads = [table.split("\n")[0].split() for table in tables]
    assert heads[0][-3:] == ["loss:min", "time", "state"]
    there = {name for values in trials for name in values}
    same = {
        n for n in there
        if len(trials) > 1 and len({repr(values.get(n, "absent")) for values in trials}) == 1
        and all(n in values for values in trials)
    }  # fmt: skip
    in_columns = [word for head in heads for word in head if word in there]
    assert sorted(in_columns) == sorted(there - same)
    for table in tables:
        head, *rows = (line.split() for line in table.split("\n"))
        assert head[:2] == ["#", "trial"]
        for row, values in zip(rows, trials, strict=True):
            for name, cell in zip(head, row, strict=False):
                if name in there:
                    assert cell == str(values.get(name, "-"))
    for name in same:
        assert f"{name}={trials[0][name]}" in below


@pytest.mark.parametrize(("width", "tables"), [(80, 2), (200, 1)])
def test_what_has_no_room_follows_in_a_table_of_its_own(width, tables):
    trials = [dict.fromkeys(NAMES[:8], 1e-05 * number) for number in range(3)]
    assert sum(line.startswith("#") for line in _shown(trials, width)) == tables


def test_a_single_trial_has_all_of_its_values_in_columns():
    (head, row) = _shown([{"lr": 0.1, "opt": "adam"}], 80)
    assert head.split()[:4] == ["#", "trial", "lr", "opt"]
    assert row.split()[2:4] == ["0.1", "adam"]
