"""What a plug-in can do with a space."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.space import parse_space
from hprun.strategies.plugins.open_space import OpenSpace

MIXED = (
    "lr=1e-4:l:1",
    "units=16,32,64",
    "opt=SGD,Adam",
    'momentum=0:u:1 if opt == "SGD"',
    'nesterov=True,False if momentum > 0.5',
    "extra=choice(None,quniform(1,4,1))",
    "(a,b)=(1,2),(3,4)",
    "w=0:1:3:ra",
)  # fmt: skip
SPACE = OpenSpace(parse_space(MIXED), 3)


@given(st.integers(0, 10_000))
def test_a_draw_is_a_trial_of_the_space(seed):
    values = SPACE.draw(random.Random(seed))
    assert values in SPACE
    assert values == SPACE.draw(random.Random(seed))
    assert SPACE.as_written(values) == values
    assert SPACE.stranger(values) is None


@given(st.integers(0, 10_000), st.sampled_from(SPACE.names))
def test_another_value_of_one_name_gives_a_trial_that_differs_by_what_depends_on_it(seed, name):
    before = SPACE.draw(random.Random(seed))
    after = SPACE.redraw(before, name, random.Random(seed + 1))
    assert after in SPACE
    depend = {"opt": {"momentum", "nesterov"}, "momentum": {"nesterov"}, "a": {"b"}, "b": {"a"}}
    changed = {one for one in SPACE.names if before.get(one) != after.get(one)}
    assert changed <= {name} | depend.get(name, set())
    if name in before:
        assert name in changed


def test_a_name_with_one_value_keeps_it_and_an_unknown_one_is_refused():
    space = OpenSpace(parse_space(["x=3", "y=1,2"]))
    assert space.redraw({"x": 3, "y": 1}, "x", random.Random(0)) == {"x": 3, "y": 1}
    with pytest.raises(KeyError):
        space.redraw({"x": 3, "y": 1}, "z", random.Random(0))


@given(st.integers(0, 10_000))
def test_points_lead_to_trials_and_back(seed):
    point = [random.Random(f"{seed} {n}").random() for n in range(len(SPACE.dimensions))]
    values = SPACE.values(point)
    assert values in SPACE
    assert SPACE.values(SPACE.point(values)) == values


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"lr": 2.0}, ("lr",)),
        ({"units": 17}, ("units",)),
        ({"opt": "RMSprop"}, ("opt",)),
        ({"a": 1, "b": 4}, ("a", "b")),
        ({"w": (0.5, 0.5)}, ("w",)),
        ({"w": 0.5}, ("w",)),
        ({"extra": 5}, ("extra",)),
    ],
)
def test_the_value_that_is_not_in_the_space_is_found(changed, names):
    values = {**SPACE.draw(random.Random(1)), **changed}
    assert values not in SPACE
    assert SPACE.as_written(values) is None
    stranger = SPACE.stranger(values)
    assert stranger is not None
    assert stranger.names == names


def test_what_is_the_same_is_written_as_the_space_writes_it():
    space = OpenSpace(parse_space(["units=16,32", "flag=True,False", "x=0:u:1"]))
    written = space.as_written({"units": 32.0, "flag": True, "x": 0.12345678901234567})
    assert repr(written) == repr({"units": 32, "flag": True, "x": 0.12345678901234567})
    assert space.as_written({"units": 32, "flag": 1, "x": 0.5}) is None
