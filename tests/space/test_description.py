"""The row that a person reads before a search starts."""

from __future__ import annotations

import pytest

from hprun.space import Summary, parse_parameter, summarise

ROWS = {
    "lr=1e-5:l5:0.1": ("lr", "float", "log", 5, "1e-05 … 0.1", ""),
    "lr=0.1": ("lr", "float", "list", 1, "0.1", ""),
    "units=32,64,128": ("units", "int", "list", 3, "32, 64, 128", ""),
    "n=1:10": ("n", "int", "linear", 10, "1 … 10", ""),
    "n=0:4:10": ("n", "int", "linear", 3, "0 … 8 by 4", ""),
    "n=0:10:10": ("n", "int", "linear", 2, "0, 10", ""),
    "x=0:5:3": ("x", "float", "linear", 5, "0.0 … 3.0", ""),
    "n=0:1e6:1": ("n", "float", "linear", 1_000_000, "0.0 … 1.0", ""),
    "n=4:r1:5": ("n", "int", "drawn", 1, "4", ""),
    "n=1:rl2:2": ("n", "int", "drawn, log", 2, "1, 2", ""),
    "x=a,b,c,d,e,f,g,h,'i j'": ("x", "text", "list", 9, "a, b, c, d, e, f, g, h, …", ""),
    "(a,b)=(1,'x y'),(2,z)": ("(a,b)", "together", "list", 2, '(1,"x y"), (2,z)', ""),
    "x=choice(None,1:3)": ("x", "int or None", "list", 4, "None, 1, 2, 3", ""),
    "x=None": ("x", "None", "list", 1, "None", ""),
    "x=1,2.5": ("x", "number", "list", 2, "1, 2.5", ""),
    "x=True,auto,None": ("x", "mixed or None", "list", 3, "True, auto, None", ""),
    "m=0.5,0.9 if opt == 'SGD'": ("m", "float", "list", 2, "0.5, 0.9", "opt == 'SGD'"),
    "lr=1e-5:l:0.1": ("lr", "float", "log", None, "1e-05 … 0.1", ""),
    "x=uniform(0,1) if a": ("x", "float", "linear", None, "0 … 1", "a"),
    "b=quniform(100,700,5)": ("b", "int", "linear", None, "100 … 700 by 5", ""),
    "x=normal(0,1)": ("x", "float", "normal", None, "0 ± 1", ""),
    "x=qlognormal(0,1,2)": ("x", "int", "normal, log", None, "0 ± 1 by 2", ""),
    "n=randint(10)": ("n", "int", "linear", None, "0 … 9", ""),
    "x=0:1:10:urla": (
        "x", "array", "log(1 + x)", None, "10 times 0 … 1, unbounded, from a random start", "",
    ),
    "x=1:5:l": ("x", "float", "log", None, "1 … 5", ""),
    "x=choice(None, 1:3, 1:l:9)": (
        "x", "number or None", "list", None, "None | 1:3 | 1 … 9 (log)", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", ROWS)
def test_a_parameter_in_one_row(text: str) -> None:
    assert summarise(parse_parameter(text)) == Summary(*ROWS[text])
