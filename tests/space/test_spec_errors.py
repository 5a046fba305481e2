"""What means nothing is an error that points at its column and says what was meant."""

from __future__ import annotations

import pytest

from hprun.errors import SpecError
from hprun.space import parse_space, parse_spec

# text: (the column where the trouble starts, words of the message, words of the hint)
ERRORS = {
    # the name
    "lr": (2, "`=` is missing", "NAME=SPEC"),
    "lr:0.01:0.1:l10": (2, "`=` is missing", "NAME=SPEC"),
    "=1,2": (0, "name is missing", "NAME=SPEC"),
    "2x=1": (0, "cannot be the name", "Config.lr"),
    "a b=1": (1, "cannot be the name", "lr@12"),
    "a.=1": (1, "cannot be the name", "Config.lr"),
    "a@b=1": (1, "cannot be the name", "lr@12"),
    " --lr=1": (1, "cannot be the name", "lr"),
    "(a,b=(1,2)": (0, "never closed", "(a,b)"),
    "(a,)=(1,2)": (3, "name is missing", ""),
    "(a)=(1,2)": (0, "two names or more", "a="),
    "(a,b,a)=(1,2,3)": (5, "named twice", "once"),
    # values
    "lr=": (3, "value is missing", '""'),
    "lr=0.1,": (7, "value is missing", "comma"),
    "lr=,0.1": (3, "value is missing", "comma"),
    "lr=0.1,,0.2": (7, "value is missing", "comma"),
    "lr=0.1 0.2": (7, "does not belong", "comma"),
    "x='a'b": (5, "does not belong", "quotes"),
    "x=1=2": (3, "means nothing here", "quotes"),
    "x={1}": (2, "means nothing here", "quotes"),
    "x=inf": (2, "not a finite number", '"inf"'),
    "x=1,-Infinity": (4, "not a finite number", ""),
    "x=1,NaN": (4, "not a finite number", ""),
    "x=choice(1,nan)": (11, "not a finite number", ""),
    "x=1e400": (2, "too large", ""),
    "x=1e-400": (2, "too small", ""),
    "x=1" + 200 * "0": (2, "too large", ""),
    "x=1e-": (2, "not a number", '"1e-"'),
    "x=3x3": (2, "not a number", '"3x3"'),
    "x=007": (2, "not a number", '"007"'),
    "x=1,true": (4, "Python's True", '"true"'),
    "x=[1,2": (2, "never closed", "]"),
    "x=(1,2": (2, "never closed", ")"),
    "x=1)": (3, "closes nothing", ""),
    "x=(1]": (4, "closes nothing", ""),
    "x='a": (2, "never closed", ""),
    "x=don't": (5, "never closed", "quotes of the other kind"),
    "x=[1,[2]]": (5, "whole list", "(1,2)"),
    "x=" + 51 * "(": (52, "brackets are open", ""),
    "x=[]": (3, "value is missing", ""),
    "x=[1],2": (5, "means nothing here", ""),
    "x=(1)": (2, "one value in parentheses", "(1,)"),
    "x=(1:3,2)": (4, "between colons", ""),
    "x=1,2:5": (4, "range of its own", "choice(1,2:5)"),
    "x=2:5,1": (2, "range of its own", "choice(2:5,1)"),
    "x=3,uniform(0,1)": (4, "range of its own", "choice("),
    # ranges
    "n=3:0": (4, "empty", "3:-1:0, or 0:3"),
    "n=:": (3, "missing here", "a:b"),
    "n=3:": (4, "missing here", "a:b"),
    "n=0::3": (4, "missing here", "a:b"),
    "n=0:1:": (6, "missing here", "a:b"),
    "x=foo:3": (2, "not a number", '"foo:3"'),
    "x=http://a/b": (2, "not a number", '"http://a/b"'),
    "x='a':3": (2, "between colons", ""),
    "x=0:foo:3": (4, "neither a step nor a count", "l5"),
    "x=0:1:inf": (6, "not a finite number", ""),
    "x=nan:1": (2, "not a finite number", ""),
    "x=0:nan:1": (4, "not a finite number", ""),
    "x=0:0:1": (4, "step of 0", "not 0"),
    "x=0:-1:3": (4, "empty", "0:1:3"),
    "x=10:5:0": (5, "empty", "10:-5:0"),
    "x=1:0.1:0.5": (4, "empty", "1:-0.1:0.5"),
    "x=0.1:0.5": (6, "one value only", "0.1:u:0.5"),
    "x=3:0.5:3": (4, "one value only", "write 3"),
    "x=0:1.5:1": (4, "one value only", "0:u5:1"),
    "x=1e16:0.5:1.0001e16": (7, "closer together", "longer step"),
    "x=0:1:0.5": (4, "cannot be both ends", "count of 2"),
    "x=5:3:5": (4, "all the same", "write 5"),
    "x=0:u0:1": (4, "no values", "1 or more"),
    "x=1:l-2:10": (4, "no values", "1 or more"),
    "x=0:u1:1": (4, "cannot be both ends", "count of 2"),
    "x=1:l2.5:10": (4, "not a count", "l5"),
    "x=1:L5:10": (4, "neither a step nor a count", "did you mean l5?"),
    "x=1:log5:10": (4, "neither a step nor a count", "did you mean l5?"),
    "x=1:5ll:10": (4, "neither a step nor a count", "did you mean l5?"),
    "x=1:l5u:10": (4, "neither a step nor a count", ""),
    "x=0:l5:1": (2, "no logarithm", "1e-05"),
    "x=:l5:1": (2, "no logarithm", "1e-05"),
    "x=1:l5:-1": (7, "no logarithm", ""),
    "x=-1:l:1": (2, "no logarithm", ""),
    "x=1:u1000000:1.0000000000000002": (4, "closer together", "lower count"),
    "x=1:l1000000:1.0000000000000002": (4, "closer together", "lower count"),
    "x=1.0:r9:1.0000000000000002": (6, "closer together", "lower count"),
    "x=2:u:1": (6, "empty", "lower end first"),
    "x=2:l:2": (6, "one value only", "write 2"),
    "x=5:r3:1": (7, "empty", "lower end first"),
    "x=1:r5:3": (4, "only 3 whole numbers", "1.0:r5:3.0"),
    "x=1:r:3": (4, "how many", "r10"),
    "x=0:rl3:9": (2, "no logarithm", ""),
    "x=0.01:0.1:l10": (11, "where the upper bound belongs", "0.01:l10:0.1"),
    # Studio's plug-in form
    "x=0:1:x": (6, "nor its flags", "unbounded"),
    "x=0:1:4:aa": (8, "stands twice", "once"),
    "x=0:1:a": (6, "needs its length", "0:1:10:a"),
    "x=0:1:10:u": (6, "flag a is missing", "0:1:10:ua"),
    "x=0:1:0:a": (6, "empty", "1 or more"),
    "x=0:1:2.5:a": (6, "not the length", "whole number"),
    "x=1:0:r": (4, "empty", "0:1:r"),
    "x=-1:1:l": (2, "no logarithm", "leave out the l"),
    "x=0:1:10:100": (9, "flags, not a number", ""),
    "x=0:1:10:a:u": (11, "at most four parts", ""),
    # calls
    "x=unifrm(0,1)": (2, "no distribution", "did you mean uniform"),
    "x=Choice(0,1)": (2, "no distribution", "did you mean choice"),
    "x=zzz(0,1)": (2, "no distribution", "there are uniform"),
    "x=uniform(0)": (2, "takes 2 numbers, not 1", "uniform(low, high)"),
    "x=uniform(0,1,2)": (14, "takes 2 numbers, not 3", "uniform(low, high)"),
    "x=uniform(,1)": (10, "not a number", ""),
    "x=uniform(a,1)": (10, "not a number", ""),
    "x=uniform(1,0)": (12, "empty", "lower end first"),
    "x=uniform(0,inf)": (12, "not a finite number", ""),
    "x=uniform(0,1": (9, "never closed", ")"),
    "x=uniform(0,1)2": (14, "does not belong", ""),
    "x=loguniform(-7,-2)": (13, "no logarithm", "0.0009119 and 0.1353"),
    "x=loguniform(0,1)": (13, "no logarithm", ""),
    "x=quniform(0,1,0)": (15, "q must be above 0", ""),
    "x=quniform(1,2,5)": (15, "no multiple of 5", "smaller q"),
    "x=normal(0,0)": (11, "sigma must be above 0", ""),
    "x=qnormal(0,1,-1)": (14, "q must be above 0", ""),
    "x=randint(0)": (10, "no whole number", "never drawn"),
    "x=randint(3,3)": (12, "no whole number", "never drawn"),
    "x=randint(1.5)": (10, "whole numbers", "uniform"),
    "x=randint(1.5,3)": (10, "whole numbers", "uniform"),
    "x=choice()": (9, "value is missing", ""),
    "x=choice(1,)": (11, "value is missing", "comma"),
    "x=choice(1,3:0)": (13, "empty", ""),
    "x=choice(1:2000000)": (2, "at most 1,000,000", "randint"),
    # names that go together
    "(a,b)=1,2": (6, "tuples of 2 values", "(a,b)=(1,2),(3,4)"),
    "(a,b)=(1,2),(3,4,5)": (12, "3 values for 2 names", "2 values"),
    "(a,b)=0:3": (6, "tuples of 2 values", ""),
    "(a,b)=choice((1,2))": (6, "tuples of 2 values", ""),
    # conditions
    "x=1 if": (6, "no condition", "and, or, not"),
    "x=if a == 1": (2, "value is missing", ""),
    "x=1 if a ==": (11, "cannot be read", "and, or, not"),
    "x=1 if y == 1": (7, "no parameter of this space", '"y"'),
    "x=1 if x == 1": (7, "circle: x → x", "other parameters"),
}  # fmt: skip


@pytest.mark.parametrize("text", ERRORS, ids=lambda text: text[:40])
def test_an_error_points_at_the_column_and_says_what_to_do(text: str) -> None:
    column, message, hint = ERRORS[text]
    with pytest.raises(SpecError) as caught:
        parse_space([text])
    assert message in caught.value.sentence
    assert (caught.value.column, caught.value.text) == (column, text)
    assert hint in caught.value.hint


def test_the_caret_stands_under_the_column() -> None:
    with pytest.raises(SpecError) as caught:
        parse_space(["n=2", "lr=0:l5:0.1"])
    assert str(caught.value).splitlines()[1:] == ["    lr=0:l5:0.1", "       ^"]


def test_the_columns_of_a_spec_on_its_own_are_its_own() -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec("lr", "0.1,")
    assert (caught.value.text, caught.value.column) == ("0.1,", 4)


def test_a_name_that_stands_twice() -> None:
    with pytest.raises(SpecError, match="a is named twice") as caught:
        parse_space(["a=1", "(b,a)=(1,2)"])
    assert (caught.value.text, caught.value.column) == ("(b,a)=(1,2)", 3)
    assert "choice" in caught.value.hint


def test_text_of_any_kind_is_a_parameter_or_a_clear_error() -> None:
    deep = "(" * 2000 + ")" * 2000
    for text in ["x=\0", "x=1 if \0", "x=1 if a\n==\n1", f"x={deep}", f"x=1 if {deep}"]:
        with pytest.raises(SpecError):
            parse_space([text])
