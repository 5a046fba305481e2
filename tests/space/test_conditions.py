"""`SPEC if EXPR`: a parameter that takes part only where the expression holds."""

from __future__ import annotations

import pytest

from hprun.errors import SpecError
from hprun.space import parse_parameter, parse_space


def holds(expression: str, **values: object) -> bool:
    return parse_parameter(f"x=1 if {expression}").active(values)


TRUE = {
    'a == "SGD"': {"a": "SGD"},
    "a != 1": {"a": 2},
    "1 < a <= 3": {"a": 3},
    "a > 0.5 and not b": {"a": 1, "b": False},
    "a == 2 or b >= 2": {"a": 1, "b": 2},
    "a in ('SGD', 'RMSprop')": {"a": "SGD"},
    "a in [1, -2, None]": {"a": -2},
    "a not in {1, 2}": {"a": 3},
    "(a == 1 or b == 1) and c": {"a": 0, "b": 1, "c": True},
    "a": {"a": True},
    "a == b": {"a": 3, "b": 3},
    "a == (1, 2)": {"a": (1, 2)},
    "a == None": {"a": None},
    "not a < 3": {"a": None},
}


@pytest.mark.parametrize("expression", TRUE)
def test_an_expression_that_holds(expression: str) -> None:
    assert holds(expression, **TRUE[expression])


FALSE = {
    'a == "SGD"': {"a": "Adam"},
    "a != 1": {"a": 1},
    "1 < a <= 3": {"a": 4},
    "1 < a < 3": {"a": 1},
    "a and b": {"a": True, "b": False},
    "a or b": {"a": False, "b": False},
    "not a": {"a": True},
    "a in (1, 2)": {"a": 3},
    "a in 3": {"a": 3},
    "a not in (1, 2)": {"a": 2},
    "a < 3": {"a": None},
    "a > 'b'": {"a": 1},
    "a == '1'": {"a": 1},
}


@pytest.mark.parametrize("expression", FALSE)
def test_an_expression_that_does_not_hold(expression: str) -> None:
    assert not holds(expression, **FALSE[expression])


@pytest.mark.parametrize("expression", ["not a", "a == 1 or b == 1", "b == 1 or a == 1"])
def test_a_condition_on_an_absent_name_does_not_hold(expression: str) -> None:
    assert not holds(expression, b=1)


def test_dotted_names_and_lines_are_names() -> None:
    parameter = parse_parameter("x=1 if Config.lr == 1 and lr@12 > 2 and a.b@3 in (1, 2)")
    assert parameter.condition is not None
    assert parameter.condition.names == ("Config.lr", "lr@12", "a.b@3")
    assert parameter.active({"Config.lr": 1, "lr@12": 3, "a.b@3": 2})
    assert not parameter.active({"Config.lr": 1, "lr@12": 2, "a.b@3": 2})


FORBIDDEN = {
    "__import__('os').system('true')": 7,
    "a.upper() == 'A'": 7,
    "a == f'{b}'": 12,
    "a[0] == 1": 7,
    "a + 1 == 2": 7,
    "a == 1 and (lambda: 1)": 19,
    "[b for b in a]": 7,
    "a == b'x'": 12,
    "a == 1j": 12,
    "a == ...": 12,
    "a == -b": 12,
    "(b := 1)": 8,
    "1 if a else 2": 7,
    "a is None": 7,
    "a == (1).real": 12,
    "a@1.5 == 1": 7,
    "größe@x == 1": 7,
    "'größe' == a + 1": 18,
}


@pytest.mark.parametrize("expression", FORBIDDEN)
def test_nothing_but_comparisons_is_let_in(expression: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_space(["a=1", "b=1", f"x=1 if {expression}"])
    assert caught.value.column == FORBIDDEN[expression]
    assert caught.value.hint


def test_an_inactive_parameter_is_absent_and_makes_no_duplicates() -> None:
    space = parse_space(["opt=SGD,Adam", 'momentum=0:0.45:0.9 if opt == "SGD"', "lr=1,2"])
    trials = list(space.grid())
    assert trials == [
        {"opt": "SGD", "momentum": 0.0, "lr": 1},
        {"opt": "SGD", "momentum": 0.0, "lr": 2},
        {"opt": "SGD", "momentum": 0.45, "lr": 1},
        {"opt": "SGD", "momentum": 0.45, "lr": 2},
        {"opt": "SGD", "momentum": 0.9, "lr": 1},
        {"opt": "SGD", "momentum": 0.9, "lr": 2},
        {"opt": "Adam", "lr": 1},
        {"opt": "Adam", "lr": 2},
    ]
    assert space.size() == 8


def test_a_condition_may_look_at_a_name_that_stands_later() -> None:
    space = parse_space(["m=1,2 if opt == 'SGD'", "opt=SGD,Adam"])
    trials = list(space.grid())
    assert trials == [{"m": 1, "opt": "SGD"}, {"m": 2, "opt": "SGD"}, {"opt": "Adam"}]
    assert list(trials[0]) == ["m", "opt"]


def test_conditions_chain() -> None:
    space = parse_space(["a=1,2", "b=1,2 if a == 1", "c=1,2,3 if b == 2"])
    assert [tuple(trial.values()) for trial in space.grid()] == [
        (1, 1), (1, 2, 1), (1, 2, 2), (1, 2, 3), (2,),
    ]  # fmt: skip
    assert space.size() == 5


def test_names_that_go_together_share_their_condition() -> None:
    space = parse_space(["o=A,B", "(a,b)=(1,2),(3,4) if o == 'A'", "c=1,2 if b == 4"])
    assert [tuple(trial.values()) for trial in space.grid()] == [
        ("A", 1, 2), ("A", 3, 4, 1), ("A", 3, 4, 2), ("B",),
    ]  # fmt: skip
    assert space.size() == 4


def test_an_unknown_name_gets_the_near_ones() -> None:
    with pytest.raises(SpecError, match="optimiser") as caught:
        parse_space(["optimizer=SGD", 'm=1 if 1 < 2 and optimiser == "SGD"'])
    assert (caught.value.column, caught.value.hint) == (17, "did you mean optimizer?")
    with pytest.raises(SpecError) as caught:
        parse_space(["Config.lr=1", "m=1 if lr == 1"])
    assert caught.value.hint == "did you mean Config.lr?"


def test_a_bare_word_in_a_condition_is_told_to_take_quotes() -> None:
    with pytest.raises(SpecError) as caught:
        parse_space(["opt=SGD,Adam", "m=1 if opt == SGD"])
    assert (caught.value.column, caught.value.hint) == (14, 'for the text, write "SGD"')


def test_a_circle_is_named() -> None:
    with pytest.raises(SpecError, match="b → c → b") as caught:
        parse_space(["a=1 if b == 1", "b=1 if c == 1", "c=1 if 1 == b"])
    assert (caught.value.text, caught.value.column) == ("c=1 if 1 == b", 12)


def test_names_that_go_together_cannot_look_at_each_other() -> None:
    with pytest.raises(SpecError, match="circle"):
        parse_space(["(a,b)=(1,2) if b == 2"])
