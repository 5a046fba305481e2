"""Every spec whose outcome in Studio is known gives the same numbers here, or is listed with why not.

The file holds what Studio's parser gave for each text: its values, or the name of its exception.
Studio knows floats only, with the noise of its arithmetic; numbers are compared to 12 digits.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from hprun.errors import SpecError
from hprun.space import parse_space

VECTORS = json.loads((Path(__file__).parent / "studio_vectors.json").read_text())
ERROR = "error"

PAST_THE_END = "Studio goes past b by as much as half a step; a range here never does"
EMPTY = "Studio starts no run at all and says nothing; an empty range is an error here"
NO_NUMBER = "Studio takes what it cannot read for 0; it is an error here"
TEXT = "Studio knows floats only; here a word is a text, True is True, and quotes force a text"
NOT_FINITE = "Studio passes infinity and nan on; nothing can be trained with them"
NAME = "Studio takes any name; here it has to be one that a script can hold"

DIFFERENT = {
    "x=a,b": (["a", "b"], TEXT),
    "opt=adam": (["adam"], TEXT),
    "flag=True": ([True], TEXT),
    "lr='1','2'": (["1", "2"], TEXT),
    "x=0x10": (
        [16],
        "Studio knows floats only; here an int may be written in any of Python's ways",
    ),
    "lr=[1,2]": ([1, 2], "other tools write lists so, and it can mean one thing only"),
    "x=inf": (ERROR, NOT_FINITE),
    "x=nan": (ERROR, NOT_FINITE),
    "n=0.5:3": ([0.5, 1.5, 2.5], PAST_THE_END),
    "n=0:2.5": ([0.0, 1.0, 2.0], PAST_THE_END),
    "n=0:2.4": ([0.0, 1.0, 2.0], PAST_THE_END),
    "n=0:3.0000001": ([0.0, 1.0, 2.0, 3.0], PAST_THE_END),
    "x=0:0.6:1": ([0.0, 0.6], PAST_THE_END),
    "n=3:0": (ERROR, EMPTY),
    "x=10:5:0": (ERROR, EMPTY),
    "x=1:0.1:0.5": (ERROR, EMPTY),
    "x=0:-1:3": (ERROR, EMPTY),
    "lr=1e-5:l0:0.1": (ERROR, EMPTY),
    "n=foo:3": (ERROR, NO_NUMBER),
    "lr=1e-5:l1:0.1": (ERROR, "Studio leaves the upper end out; both ends cannot be one value"),
    "lr=1:l3:1": (ERROR, "Studio runs the same value three times"),
    "lr=0:l3:1": (ERROR, "Studio gives nan; zero has no logarithm"),
    "lr=-1:l3:1": (ERROR, "Studio gives nan; a negative number has no logarithm"),
    "lr=:l3:1": (ERROR, "Studio gives nan; zero has no logarithm"),
    "lr=1:l:10": ("sampled", "Studio has no continuous ranges"),
    "lr=1:5ll:10": (ERROR, "Studio deletes every l; two are a slip"),
    "lr=1e-5:u10:0.1": (
        [1e-05, 0.01112, 0.02223, 0.03334, 0.04445, 0.05556, 0.06667, 0.07778, 0.08889, 0.1],
        "Studio documents u and does not know it",
    ),
    "lr=1e-5:10u:0.1": (
        [1e-05, 0.01112, 0.02223, 0.03334, 0.04445, 0.05556, 0.06667, 0.07778, 0.08889, 0.1],
        "Studio documents u and does not know it",
    ),
    "x=0:1:10:100": (ERROR, "Studio drops the fourth part in silence"),
    "x=1=2": (ERROR, "Studio drops what follows the second = in silence"),
    "2x=1,2": (ERROR, NAME),
    "=1,2": (ERROR, NAME),
}


def outcome(spec: str) -> object:
    try:
        space = parse_space([spec])
    except SpecError:
        return ERROR
    return "sampled" if space.sampled else list(space.axes()[space.names[0]])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["spec"])
def test_studio_s_outcome_or_a_better_one(vector: dict) -> None:
    found = outcome(vector["spec"])
    if vector["spec"] in DIFFERENT:
        expected, _ = DIFFERENT[vector["spec"]]
        assert found == expected
        assert repr(found) == repr(expected)
    elif "error" in vector:
        assert found == ERROR
    else:
        theirs = [float(value) for value in vector["values"]]
        assert len(found) == len(theirs)
        assert all(math.isclose(*pair, rel_tol=1e-12) for pair in zip(found, theirs, strict=True))


def agrees(vector: dict) -> bool:
    found = outcome(vector["spec"])
    if "error" in vector or not isinstance(found, list):
        return ("error" in vector) == (found == ERROR)
    if not all(isinstance(value, int | float) for value in found):
        return False
    theirs = [float(value) for value in vector["values"]]
    return len(found) == len(theirs) and all(map(math.isclose, found, theirs))


def test_the_table_of_differences_lists_real_differences_only() -> None:
    by_spec = {vector["spec"]: vector for vector in VECTORS}
    assert DIFFERENT.keys() <= by_spec.keys()
    assert [spec for spec in DIFFERENT if agrees(by_spec[spec])] == []


def test_no_value_of_any_vector_carries_binary_noise() -> None:
    noisy = [
        (vector["spec"], value)
        for vector in VECTORS
        if isinstance(found := outcome(vector["spec"]), list)
        for value in found
        if "00000000" in repr(value) or "99999999" in repr(value)
    ]
    assert noisy == []
