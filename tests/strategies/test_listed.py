"""Trials that the user writes: tables, JSON lines and options."""

from __future__ import annotations

from pathlib import Path

import pytest

from hprun.errors import ConfigError, HprunError
from hprun.model import Direction
from hprun.space import parse_space
from hprun.strategies import Known, Stand, make_strategy
from hprun.strategies.listed import (
    Listed,
    check_names,
    read_csv,
    read_file,
    read_json_lines,
    read_options,
)

SPACE = parse_space(["lr=1e-5:l:0.1", "opt=SGD,Adam", 'm=0:u:1 if opt == "SGD"'])


def test_a_table_holds_values_as_specs_write_them() -> None:
    text = 'a,b,c,d\n1,0.5,True,adam\n-2,1e-3,None,"two words"\n\n0x10,"(1,2)","""7""","x,y"\n'
    assert read_csv(text, "t.csv", None) == [
        {"a": 1, "b": 0.5, "c": True, "d": "adam"},
        {"a": -2, "b": 0.001, "c": None, "d": "two words"},
        {"a": 16, "b": (1, 2), "c": "7", "d": "x,y"},
    ]


def test_lines_of_json_keep_their_types() -> None:
    text = (
        '{"a": 1, "b": [1, 2.5], "c": null, "d": "1"}\n\n{"a": 1.0, "b": [], "c": true, "d": ""}\n'
    )
    found = read_json_lines(text, "t.jsonl", None)
    assert repr(found) == repr(
        [{"a": 1, "b": (1, 2.5), "c": None, "d": "1"}, {"a": 1.0, "b": (), "c": True, "d": ""}]
    )


def test_options_are_read_as_specs_are() -> None:
    texts = ["lr=0.1,opt=Adam", 'm=2,lr=5,opt="SGD"']
    assert read_options(texts, SPACE) == [
        {"lr": 0.1, "opt": "Adam"},
        {"m": 2, "lr": 5, "opt": "SGD"},  # the values may lie outside of the space
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    {
        "lr,opt\n0.1,SGD\n": "t.csv line 2: m is missing",
        "lr,opt,m\n0.1,Adam,0.5\n": "t.csv line 2: m is given, and it takes part only if",
        "lr,opt,mo\n0.1,Adam,0.5\n": "t.csv line 2: there is no mo in the space",
        "lr,opt\n0.1,Adam\n0.1\n": "t.csv line 3 has 1 cells, and the first line has 2 names",
        "lr,lr\n0.1,1\n": "t.csv line 1: lr stands twice",
        "lr,\n0.1,1\n": "t.csv line 1: column 2 has no name",
        "": "t.csv is empty",
        "lr,opt\n1e-,Adam\n": "t.csv line 2: `1e-` is not a number: 1e-",
        "lr,opt\ninf,Adam\n": "t.csv line 2: `inf` is not a finite number: inf",
        'lr,opt\n"a\nb",Adam\n"x"y,Adam\n': "t.csv line 4 is no CSV",
    }.items(),
)
def test_a_table_that_is_wrong_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_csv(text, "t.csv", SPACE)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    {
        '{"lr": 0.1, "opt": "Adam"}\n{"lr": NaN}': "t.jsonl line 2 cannot be read: NaN is not",
        '{"lr": 1e999}': "t.jsonl line 1 cannot be read: a number is too large",
        "[1]": "t.jsonl line 1 cannot be read: it is no object",
        '{"lr": {}}': "t.jsonl line 1 cannot be read: a value cannot be an object",
        '{"lr": 1, "lr": 2}': "t.jsonl line 1 cannot be read: a name stands twice",
        '{"lr": 0.1': "t.jsonl line 1 cannot be read: ",
        "{}": "t.jsonl line 1: the trial is empty",
        '\n{"lr": 0.1}': "t.jsonl line 2: opt is missing",
    }.items(),
)
def test_a_line_that_is_wrong_is_told(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_json_lines(text, "t.jsonl", SPACE)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "text",
    ["lr", "lr=", "=1", "lr=0.1,", "lr=0.1,lr=1", "lr=0:1", "lr=1 if x", "lr=0.1 opt=Adam", ""],
)
def test_an_option_that_is_wrong_is_told(text: str) -> None:
    with pytest.raises(HprunError) as caught:
        read_options([text], SPACE)
    assert caught.value.message


def test_without_a_space_all_trials_have_the_names_of_the_first() -> None:
    assert read_options(["a=1,b=2", "b=3,a=4"], None) == [{"a": 1, "b": 2}, {"b": 3, "a": 4}]
    with pytest.raises(ConfigError, match=r"--trial 'a=1': b is missing"):
        read_options(["a=1,b=2", "a=1"], None)
    with pytest.raises(ConfigError, match=r"--trial 'a=1,b=2': b is not in the first trial"):
        read_options(["a=1", "a=1,b=2"], None)


def test_a_file_is_read_by_its_ending(tmp_path: Path) -> None:
    table, lines, other = tmp_path / "t.csv", tmp_path / "t.jsonl", tmp_path / "t.txt"
    table.write_bytes("\ufefflr,opt\r\n0.5,Adam\r\n".encode())
    lines.write_text('{"lr": 0.5, "opt": "Adam"}')
    other.write_text("lr")
    assert read_file(table, SPACE) == read_file(lines, SPACE) == [{"lr": 0.5, "opt": "Adam"}]
    for path in (other, tmp_path / "absent.csv", tmp_path):
        with pytest.raises(ConfigError, match=str(path)):
            read_file(path, SPACE)
    table.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_file(table, SPACE)


def test_names_that_are_near_are_offered() -> None:
    with pytest.raises(ConfigError) as caught:
        check_names({"lr": 1, "optt": "SGD"}, SPACE)
    assert caught.value.hint == "did you mean opt?"


def test_a_list_is_proposed_in_order_and_each_trial_once() -> None:
    rows = [{"a": 1}, {"a": 2}, {"a": 1.0}, {"a": 3}]
    strategy = Listed(rows)
    assert [one.values for one in strategy.propose((), 2)] == rows[:2]
    history = [
        Known(0, {"a": 2}, Stand.FAILED),
        Known(1, {"a": 9}, Stand.OPEN),
    ]
    assert [one.values for one in strategy.propose(history, 9)] == [{"a": 1}, {"a": 3}]
    done = [Known(number, row, Stand.OPEN) for number, row in enumerate(rows)]
    assert strategy.propose(done, 9) == []


def test_a_list_search_without_a_list_says_so() -> None:
    with pytest.raises(ConfigError, match="has no trials"):
        make_strategy("list", SPACE, Direction.LOW, 0, None, {})
    strategy = make_strategy("list", SPACE, Direction.LOW, 0, None, {"rows": [{"lr": 1}]})
    assert [one.values for one in strategy.propose((), 5)] == [{"lr": 1}]
