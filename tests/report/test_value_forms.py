"""Values as flags, JSON, TOML and Python, read back."""

import ast
import json
import shlex
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hprun.errors import HprunError
from hprun.report.value_forms import FORMS
from hprun.space import parse_space

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
_PLAIN = st.booleans() | st.integers(-(10**30), 10**30) | _TEXTS
_PLAIN |= st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.none() | _PLAIN | st.lists(_PLAIN, min_size=1, max_size=3).map(tuple)
_NAMES = st.sampled_from(["lr", "Config.lr", "Config", "größe", "lr_2", "a.b.c"])
CHOICES = st.dictionaries(_NAMES, _VALUES, min_size=1, max_size=4)


@settings(max_examples=300)
@given(CHOICES)
def test_flags_are_read_back_as_the_same_values_by_a_shell_and_hprun(values):
    try:
        words = shlex.split(FORMS["flags"](values))
    except HprunError:
        texts = [x for v in values.values() for x in (v if isinstance(v, tuple) else (v,))]
        assert any(isinstance(x, str) and "'" in x and '"' in x for x in texts)
        return
    assert words[::2] == ["--hp"] * len(values)
    (found,) = parse_space(words[1::2]).grid()
    assert repr(dict(found)) == repr(values)


@given(CHOICES)
def test_json_is_read_back(values):
    found = json.loads(FORMS["json"](values))
    assert repr({k: tuple(v) if isinstance(v, list) else v for k, v in found.items()}) == repr(
        values
    )


@settings(max_examples=200)
@given(CHOICES)
def test_toml_is_read_back_but_for_none(values):
    found = tomllib.loads(FORMS["toml"](values))
    for name, value in values.items():
        at = found
        for key in [name] if name in found else name.split("."):
            at = at.get(key) if isinstance(at, dict) else None
        assert repr(tuple(at) if isinstance(at, list) else at) == repr(value)


@given(CHOICES)
def test_python_is_a_line_for_each_that_assigns_the_value(values):
    assigned = {}
    for statement in ast.parse(FORMS["python"](values)).body:
        assigned[ast.unparse(statement.targets[0])] = ast.literal_eval(statement.value)
    assert repr(assigned) == repr(values)


def test_a_name_with_a_line_says_the_line():
    assert FORMS["python"]({"lr@12": 0.1}) == "lr = 0.1  # line 12"
    assert FORMS["flags"]({"lr@12": 0.1}) == "--hp lr@12=0.1"
    assert tomllib.loads(FORMS["toml"]({"lr@12": 0.1})) == {"lr@12": 0.1}


def test_a_text_with_both_quotes_is_an_error_that_says_what_to_do():
    with pytest.raises(HprunError) as raised:
        FORMS["flags"]({"x": "'\""})
    assert "--as json" in raised.value.hint
