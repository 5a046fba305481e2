"""Each row of the grammar's table, and the corners of each."""

from __future__ import annotations

import pytest

from hprun.model import Value
from hprun.space import (
    Choice,
    FlaggedRange,
    Integers,
    Normal,
    Uniform,
    Values,
    parse_parameter,
    parse_space,
    parse_spec,
)


def axis(spec: str) -> list[Value]:
    return list(parse_space([f"x={spec}"]).axes()["x"])


def same(found: list[Value], expected: list[Value]) -> bool:
    """Equal, and of the same types: 1 is neither 1.0 nor True here."""
    return repr(found) == repr(expected)


ENUMERATED = {
    # one value, and lists
    "0.1": [0.1],
    "3": [3],
    "1e3": [1000.0],
    "+3": [3],
    "-.5": [-0.5],
    "5.": [5.0],
    "1_000": [1000],
    "0x10": [16],
    "32,64": [32, 64],
    "1,1.0,True": [1, 1.0, True],
    "1,2,1": [1, 2],
    "True,False,None": [True, False, None],
    "adam,SGD": ["adam", "SGD"],
    "uniform,normal,choice": ["uniform", "normal", "choice"],
    "data/train.csv,a@b,c-d": ["data/train.csv", "a@b", "c-d"],
    "'1',\"True\",'None'": ["1", "True", "None"],
    "'a,b',\"(c\",'d:e'": ["a,b", "(c", "d:e"],
    "'C:\\new', 'say \"no\"'": ["C:\\new", 'say "no"'],
    "''": [""],
    "' a '": [" a "],
    " 1 , 2 ": [1, 2],
    "[1,2,3]": [1, 2, 3],
    "(3,3),(5,5)": [(3, 3), (5, 5)],
    "(1,),()": [(1,), ()],
    "(a,(1,'b,c'))": [("a", (1, "b,c"))],
    # a:b
    "0:3": [0, 1, 2, 3],
    ":3": [0, 1, 2, 3],
    "-2:2": [-2, -1, 0, 1, 2],
    "3:3": [3],
    "0.5:3": [0.5, 1.5, 2.5],
    "0:2.4": [0.0, 1.0, 2.0],
    # a:s:b
    "0:1:10": list(range(11)),
    "0:3:10": [0, 3, 6, 9],
    "0.1:0.05:0.3": [0.1, 0.15, 0.2, 0.25, 0.3],
    "0:0.1:0.3": [0.0, 0.1, 0.2, 0.3],
    "10:-2.5:0": [10.0, 7.5, 5.0, 2.5, 0.0],
    "3:-1:0": [3, 2, 1, 0],
    # a:N:b
    "1e-5:10:0.1": [
        1e-05, 0.01112, 0.02223, 0.03334, 0.04445, 0.05556, 0.06667, 0.07778, 0.08889, 0.1,
    ],
    "1:3:3": [1, 2, 3],
    "0:5:3": [0.0, 0.75, 1.5, 2.25, 3.0],
    "10:11:0": [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    "1:1:1": [1],
    # a:uN:b
    "0:u3:10": [0, 5, 10],
    "0:3u:1": [0.0, 0.5, 1.0],
    "5:u1:5": [5],
    # a:lN:b
    "1e-5:l5:0.1": [1e-05, 0.0001, 0.001, 0.01, 0.1],
    "1e-5 : 5l : 0.1": [1e-05, 0.0001, 0.001, 0.01, 0.1],
    "0.1:l5:1e-5": [0.1, 0.01, 0.001, 0.0001, 1e-05],
    "1:l3:100": [1, 10, 100],
    "4:l3:9": [4, 6, 9],
    "1.0:l3:100": [1.0, 10.0, 100.0],
    "1:l2:7": [1, 7],
    # choice
    "choice(None, choice(3,4), 1:3)": [None, 3, 4, 1, 2],
    "choice(1:3, 2:5)": [1, 2, 3, 4, 5],
    "choice(choice(a,choice('b,c')),(1,2))": ["a", "b,c", (1, 2)],
}  # fmt: skip


@pytest.mark.parametrize("spec", ENUMERATED)
def test_a_spec_that_a_grid_enumerates(spec: str) -> None:
    assert same(axis(spec), ENUMERATED[spec])


SAMPLED = {
    "1e-5:u:0.1": Uniform(1e-5, 0.1),
    ":u:1": Uniform(0, 1),
    "1e-5:l:0.1": Uniform(1e-5, 0.1, log=True),
    "uniform(0,1)": Uniform(0, 1),
    "loguniform(1e-5, 0.1)": Uniform(1e-5, 0.1, log=True),
    "quniform(100,700,5)": Uniform(100, 700, q=5),
    "qloguniform(1,100,0.5)": Uniform(1, 100, log=True, q=0.5),
    "normal(-1,2)": Normal(-1, 2),
    "lognormal(-7,1.5)": Normal(-7, 1.5, log=True),
    "qnormal(0,10,1)": Normal(0, 10, q=1),
    "qlognormal(2,1,1)": Normal(2, 1, log=True, q=1),
    "randint(10)": Integers(0, 10),
    "randint(-3,10)": Integers(-3, 10),
    "0:1:u": FlaggedRange(0, 1, unbounded=True),
    "1:2:lr": FlaggedRange(1, 2, random_start=True, log=True),
    "0:5:l": FlaggedRange(0, 5, log=True),
    "0:1:10:urla": FlaggedRange(0, 1, 10, unbounded=True, random_start=True, log=True),
    "5:5:10:alu": FlaggedRange(5, 5, 10, unbounded=True, log=True),
    "0.5:2:3:al": FlaggedRange(0.5, 2, 3, log=True),
    "choice(None, quniform(1,4,1))": Choice((Values((None,)), Uniform(1, 4, q=1))),
    "choice(0, choice(1, 0:u:1))": Choice((Values((0,)), Choice((Values((1,)), Uniform(0, 1))))),
}


@pytest.mark.parametrize("spec", SAMPLED)
def test_a_spec_that_only_a_sampling_strategy_can_use(spec: str) -> None:
    space = parse_space(["a=1", f"x={spec}"])
    assert space.parameters[1].domain == SAMPLED[spec]
    assert space.sampled == ("x",)
    assert list(space.axes()) == ["a"]


def test_draws_are_an_axis_of_the_grid_and_depend_on_seed_and_name_only() -> None:
    space = parse_space(["x=0.1:r4:0.5", "y=0.1:r4:0.5"])
    axes = space.axes(seed=7)
    assert len(set(axes["x"])) == 4
    assert all(0.1 <= value <= 0.5 for value in axes["x"])
    assert axes["x"] != axes["y"]
    assert axes["x"] != space.axes(seed=8)["x"]
    assert axes["x"] == parse_space(["z=1", "x=0.1:r4:0.5"]).axes(seed=7)["x"]


def test_draws_are_the_same_on_every_machine() -> None:
    axes = parse_space(["x=0.0:r3:1.0", "n=1:r3:100", "lr=1e-5:rl3:0.1"]).axes(seed=1)
    assert axes == {
        "x": (0.8554039137183761, 0.43542580726001057, 0.6975206940049672),
        "n": (71, 27, 35),
        "lr": (0.00012542581261184627, 0.0005357932507796206, 4.583477481717629e-05),
    }


def test_draws_between_whole_numbers_are_different_whole_numbers() -> None:
    values = axis("1:r6:6")
    assert sorted(values) == [1, 2, 3, 4, 5, 6]
    assert all(type(value) is int for value in values)


def test_log_draws_spread_over_the_magnitudes() -> None:
    values = axis("1:rl200:1000000")
    assert all(type(value) is int and 1 <= value <= 1_000_000 for value in values)
    assert 60 < sum(value < 1000 for value in values) < 140


def test_the_letters_of_draws_come_in_any_order() -> None:
    assert parse_parameter("x=1:lr5:100") == parse_parameter("x=1:5rl:100")
    assert str(parse_parameter("x=1:lr5:100")) == "x=1:rl5:100"


def test_log_draws_in_studio_s_plug_in_form_use_log1p_from_zero_and_say_so() -> None:
    parameter = parse_parameter("lr=0:5:l")
    assert parameter.domain.log1p
    assert parameter.note == "lr: 0 has no logarithm, so this range is searched by log(1 + x)"
    assert parse_parameter("lr=1:5:l").note == ""
    assert parse_space(["a=1", "b=choice(None, 0:5:l)"]).notes == (
        "b: 0 has no logarithm, so this range is searched by log(1 + x)",
    )


def test_multiples_of_q_stay_within_the_bounds() -> None:
    assert parse_parameter("x=quniform(1,10,4)").domain.multiples == (4, 8)
    assert repr(parse_parameter("x=quniform(0.501,4.499,1)").domain.multiples) == "(1, 4)"
    assert repr(parse_parameter("x=quniform(0,1,0.3)").domain.multiples) == "(0.0, 0.9)"


@pytest.mark.parametrize(
    "name", ["lr", "_x1", "Config.lr", "a.b.c", "lr@12", "Config.lr@3", "größe"]
)
def test_a_name_that_a_script_can_hold(name: str) -> None:
    assert parse_space([f" {name} = 1,2"]).names == (name,)


def test_letters_that_python_takes_for_the_same_are_the_same() -> None:
    micro, mu = "\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"
    assert parse_space([f"{micro}=1,2", f"x=1 if {micro} == 1"]).names == (mu, "x")


def test_names_that_go_together_take_the_items_of_a_tuple() -> None:
    space = parse_space(["( a , Config.b )=(1,'x'),(2,None)", "c=1,2"])
    assert space.names == ("a", "Config.b", "c")
    assert list(space.grid()) == [
        {"a": 1, "Config.b": "x", "c": 1},
        {"a": 1, "Config.b": "x", "c": 2},
        {"a": 2, "Config.b": None, "c": 1},
        {"a": 2, "Config.b": None, "c": 2},
    ]
    assert space.axes() == {"a": (1, 2), "Config.b": ("x", None), "c": (1, 2)}
    assert space.parameters[0].name == "(a,Config.b)"


def test_the_item_of_a_tuple_can_be_a_tuple() -> None:
    assert list(parse_space(["(a,b)=((1,2),3)"]).grid()) == [{"a": (1, 2), "b": 3}]


def test_a_spec_on_its_own_reads_as_it_does_behind_a_name() -> None:
    assert parse_spec("lr", " 1e-5:l5:0.1 ") == parse_parameter("lr=1e-5:l5:0.1")
    assert parse_spec("m", "0.9 if opt == 'SGD'") == parse_parameter("m=0.9 if opt == 'SGD'")
    assert parse_spec("(a,b)", "(1,2)") == parse_parameter("(a,b)=(1,2)")


CANONICAL = {
    "lr= 1E-5 : 5l : .1": "lr=1e-05:l5:0.1",
    "n=:3": "n=0:3",
    "n=0:1:10": "n=0:10",
    "n=0:11:10": "n=0:u11:10",
    "n=[ 1, 0x10 ]": "n=1,16",
    "x='a', 'True' , 'b c','it\"s'": 'x=a,"True","b c",\'it"s\'',
    "x='if','',\"it's\",'1e-','nan','true'": 'x="if","","it\'s","1e-","nan","true"',
    "x=(1,),('a b',())": 'x=(1,),("a b",())',
    "x=uniform(0,1)": "x=0:u:1",
    "x=loguniform(1e-5,1)": "x=1e-05:l:1",
    "x=qlognormal(0,1,2)": "x=qlognormal(0,1,2)",
    "x=randint(5)": "x=randint(0,5)",
    "x=0:1:4:alru": "x=0:1:4:urla",
    "x=choice( None,choice(1:3), 5 )": "x=choice(None,choice(1:3),5)",
    "( a , b ) = (1,2) , (3,4)": "(a,b)=(1,2),(3,4)",
    "m=0.5,0.9  if  a == 1 ": "m=0.5,0.9 if a == 1",
}


@pytest.mark.parametrize("text", CANONICAL)
def test_the_canonical_text_reads_back(text: str) -> None:
    parameter = parse_parameter(text)
    assert str(parameter) == CANONICAL[text]
    assert parse_parameter(str(parameter)) == parameter


def test_the_word_if_in_quotes_splits_nothing() -> None:
    space = parse_space(["a=1,2", "x='1 if a',\"b if c\" if a == 2"])
    assert space.axes()["x"] == ("1 if a", "b if c")
    assert space.size() == 3
