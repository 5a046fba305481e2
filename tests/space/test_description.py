"""The line that a person reads before a search starts."""

from __future__ import annotations

import pytest

from hprun.space import describe, parse_parameter

LINES = {
    "lr=1e-5:l5:0.1": "lr  5 values, log: 1e-05 … 0.1",
    "lr=0.1": "lr  1 value: 0.1",
    "units=32,64,128": "units  3 values: 32, 64, 128",
    "n=1:10": "n  10 values: 1 … 10",
    "n=0:4:10": "n  3 values, step 4: 0 … 8",
    "n=0:10:10": "n  2 values, step 10: 0, 10",
    "x=0:5:3": "x  5 values: 0.0 … 3.0",
    "n=0:1e6:1": "n  1,000,000 values: 0.0 … 1.0",
    "n=4:r1:5": "n  1 draw: 4",
    "n=1:rl2:2": "n  2 draws, log: 1, 2",
    "x=a,b,c,d,e,f,g,h,'i j'": "x  9 values: a, b, c, d, e, f, g, h, …",
    "(a,b)=(1,'x y'),(2,z)": '(a,b)  2 values: (1,"x y"), (2,z)',
    "x=choice(None,1:3)": "x  4 values: None, 1, 2, 3",
    "m=0.5,0.9 if opt == 'SGD'": "m  2 values: 0.5, 0.9, if opt == 'SGD'",
    "lr=1e-5:l:0.1": "lr  anything from 1e-05 to 0.1, log",
    "x=uniform(0,1) if a": "x  anything from 0 to 1, if a",
    "b=quniform(100,700,5)": "b  multiples of 5 from 100 to 700",
    "x=normal(0,1)": "x  normal around 0, sigma 1",
    "x=qlognormal(0,1,2)": "x  multiples of 2, normal in the log around 0, sigma 1",
    "n=randint(10)": "n  whole numbers 0 … 9",
    "x=0:1:10:urla": "x  arrays of 10, from 0 to 1, unbounded, from a random start, log(1 + x)",
    "x=1:5:l": "x  from 1 to 5, log",
    "x=choice(None, 1:3, 0:u:1)": "x  one of: None | 1:3 | anything from 0 to 1",
}


@pytest.mark.parametrize("text", LINES)
def test_a_parameter_in_one_line(text: str) -> None:
    assert describe(parse_parameter(text)) == LINES[text]
