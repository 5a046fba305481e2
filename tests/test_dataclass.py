"""Our quick `dataclass` makes what the standard library's makes."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.dataclass import dataclass as quick

OPTIONS = [{"frozen": True, "slots": True}, {"frozen": True}, {}]


class Plain:
    """Two fields, one with a default."""

    a: int
    b: str = "x"


class Empty:
    """No field."""


class One:
    """A field that is a tuple, and compares as one."""

    only: object


class Rich:
    """Fields that are not shown, not compared, or made anew for each object."""

    a: int
    hidden: str = field(repr=False)
    beside: float = field(default=1.5, compare=False)
    made: dict = field(default_factory=dict, compare=False)
    last: tuple = ()

    def __post_init__(self):
        """Refuses what makes no sense."""
        if self.a == 13:
            raise ValueError("thirteen")

    def __str__(self):
        return f"rich in {self.a}"

    @property
    def double(self):
        """A property."""
        return 2 * self.a


SHAPES = {Plain: (1,), Empty: (), One: ((1, 2),), Rich: (1, "h")}


def _twin(shape):
    """The same class again: the decorators change what they are given."""
    again = {k: v for k, v in vars(shape).items() if k not in ("__dict__", "__weakref__")}
    again = {k: copy.copy(v) if isinstance(v, dataclasses.Field) else v for k, v in again.items()}
    return type(shape.__name__, (), again)


def _pair(shape, options):
    return dataclasses.dataclass(**options)(_twin(shape)), quick(**options)(_twin(shape))


@pytest.fixture(params=OPTIONS, ids=["slots", "frozen", "plain"])
def options(request):
    return request.param


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_both_make_the_same_object(shape, options):
    standard, ours = _pair(shape, options)
    one, other = standard(*SHAPES[shape]), ours(*SHAPES[shape])
    assert repr(one) == repr(other)
    assert standard.__hash__ is ours.__hash__ is None or hash(one) == hash(other)
    assert standard.__match_args__ == ours.__match_args__
    assert dataclasses.asdict(one) == dataclasses.asdict(other)
    assert getattr(standard, "__slots__", None) == getattr(ours, "__slots__", None)
    assert hasattr(one, "__dict__") == hasattr(other, "__dict__")
    assert standard.__doc__ == ours.__doc__
    assert str(inspect.signature(standard)).replace("'", "") == _signature(ours)


def _signature(cls):
    """Of the real `__init__`, which has been made by now; annotations are not repeated there."""
    names = inspect.signature(cls).parameters
    kinds = {f.name: f.type for f in dataclasses.fields(cls)}
    said = [
        f"{name}: {kinds[name]}" + ("" if p.default is p.empty else f" = {_default(p.default)}")
        for name, p in names.items()
    ]
    return f"({', '.join(said)}) -> None"


def _default(value):
    return "<factory>" if value is dataclasses.MISSING else f"{value!r}".replace("'", "")


@given(a=st.integers(), b=st.text(), c=st.integers(), d=st.text())
def test_two_objects_are_equal_when_the_standard_says_so(a, b, c, d):
    standard, ours = _pair(Plain, OPTIONS[0])
    assert (ours(a, b) == ours(c, d)) == (standard(a, b) == standard(c, d))
    assert ours(a, b) == ours(b=b, a=a)
    assert hash(ours(a, b)) == hash(ours(a, b))
    assert ours(a, b) != standard(a, b)
    assert ours(a, b) != (a, b)


def test_what_is_not_compared_makes_no_difference(options):
    _, ours = _pair(Rich, options)
    assert ours(1, "h", 2.0) == ours(1, "h", 3.0)
    assert ours(1, "h", 2.0) != ours(1, "i", 2.0)


@pytest.mark.parametrize("options", OPTIONS[:2])
def test_an_object_cannot_be_changed(options):
    _, ours = _pair(Plain, options)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'a'"):
        ours(1).a = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'a'"):
        del ours(1).a


def test_one_that_is_not_frozen_can_be_changed():
    @quick
    class Changing:
        a: int = 1

    thing = Changing()
    thing.a = 2
    assert thing == Changing(2) == copy.deepcopy(thing)


@pytest.mark.parametrize("arguments", [(), (1, 2, 3), (1, "x", 4)])
def test_wrong_arguments_are_refused_in_the_same_words(arguments, options):
    standard, ours = _pair(Plain, options)
    with pytest.raises(TypeError) as theirs:
        standard(*arguments)
    for _ in range(2):  # the first object, and one after it
        with pytest.raises(TypeError) as said:
            ours(*arguments)
        assert str(said.value).split("__init__")[1] == str(theirs.value).split("__init__")[1]


def test_the_check_after_the_start_is_called(options):
    _, ours = _pair(Rich, options)
    with pytest.raises(ValueError, match="thirteen"):
        ours(13, "h")
    assert ours(2, "h").double == 4
    assert str(ours(2, "h")) == "rich in 2"


def test_each_object_has_a_dictionary_of_its_own(options):
    _, ours = _pair(Rich, options)
    first, second = ours(1, "h"), ours(1, "h")
    first.made["a"] = 1
    assert second.made == {}


def test_replace_and_fields_work_before_and_after_the_first_object(options):
    _, ours = _pair(Rich, options)
    assert [f.name for f in dataclasses.fields(ours)] == ["a", "hidden", "beside", "made", "last"]
    assert dataclasses.replace(ours(1, "h"), a=2) == ours(2, "h")
    with pytest.raises(TypeError):
        dataclasses.replace(ours(1, "h"), unknown=2)


def test_an_object_matches_by_position(options):
    _, ours = _pair(Plain, options)
    match ours(1, "y"):
        case ours(a, b):
            assert (a, b) == (1, "y")


@quick(frozen=True, slots=True)
class Stored:
    """At the top of a module, where pickle finds it."""

    a: int
    b: str = "x"


def test_copies_are_equal():
    one = Stored(1, "y")
    assert copy.copy(one) == copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one


def test_what_is_not_plain_is_left_to_the_standard_library():
    @quick(frozen=True, slots=True)
    class Base:
        a: int

    @quick(frozen=True)
    class Derived(Base):
        b: int = 2

    assert Derived(1) == Derived(1, 2)
    assert repr(Derived(1)).endswith("Derived(a=1, b=2)")
    assert copy.copy(Derived(1, 3)) == Derived(1, 3)

    with pytest.raises(ValueError, match="mutable default"):

        @quick(frozen=True, slots=True)
        class Wrong:
            a: list = []  # noqa: RUF012
