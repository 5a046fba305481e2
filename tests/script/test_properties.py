"""What holds for every value and every simple script."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hprun.errors import RenderError
from hprun.script import Request, make_template

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3).map(tuple)
NAMES = ("lr", "units", "opt", "é")
NEUTRAL = (
    "# lr = 1, units",
    "text = 'lr = 0.1'",
    "def helper(lr, units=3):\n    return lr",
    "if True:\n\tpass",
    "lr_decay = 0.5; x = [1, (2,\n  3)]",
    "'''lr\nunits = 3\n'''",
    "class Other:\n    rate = 'é'",
)
BINDINGS = (
    "{} = 0.25",
    "{}: float = 0.25  # {}",
    "other, {} = 7, 0.25",
    "if text_is_there:\n    {} = 0.25",
    "{} = (  # why\n    0.25)",
    "with open(path) as file:\n\t{} = 0.25; done = 1",
)


@st.composite
def scripts(draw):
    """A script with one binding of a name, with 0.25 there: before, after, name."""
    name = draw(st.sampled_from(NAMES))
    parts = draw(st.lists(st.sampled_from(NEUTRAL), max_size=4))
    at = draw(st.integers(0, len(parts)))
    parts.insert(at, draw(st.sampled_from(BINDINGS)).format(*[name] * 2))
    parts.append(f"print({name})")
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    text = newline.join(part.replace("\n", newline) for part in parts)
    text += draw(st.sampled_from(["", newline, newline * 2]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "latin-1"]))
    if encoding == "latin-1":
        text = f"# -*- coding: latin-1 -*-{newline}{text}"
    return name, text.encode(encoding)


def bound_value(data, name):
    """The value that the script binds to the name, by Python's own reading."""
    for node in ast.walk(ast.parse(data)):
        match node:
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                return ast.literal_eval(value)
            case ast.AnnAssign(target=ast.Name(id=found), value=value) if found == name:
                return ast.literal_eval(value)
            case ast.Assign(targets=[ast.Tuple(elts=[_, ast.Name(id=found)])]) if found == name:
                return ast.literal_eval(node.value.elts[1])
    raise AssertionError(name)


def as_written(value):
    return [as_written(item) for item in value] if isinstance(value, tuple) else value


@given(scripts(), VALUES)
@settings(max_examples=150, deadline=None)
def test_a_value_reads_back_and_every_other_byte_stays(script, value):
    name, data = script
    template = make_template(Request("train.py", (name,)), {"train.py": data}.get)
    template.check({name: [value]})
    rendered = template.render({name: value}).files["train.py"]
    read_back = bound_value(rendered, name)
    assert repr(read_back) == repr(as_written(value))
    before, _, after = data.partition(b"0.25")
    assert rendered.startswith(before)
    assert rendered.endswith(after)
    assert template.render({}).files["train.py"] == data


EXPRESSIONS = (
    "(x) ** 2", "x ** 2", "-x", "2 ** -x", "x.real", "[x][0]", "{x: 1}", "x if x else 1", "not x",
    "1 if x == None else x", "x == x", "(x, x)", "[y for y in (x,)]", "(lambda x: x)(x)",
    "(lambda y=x: y)()", "dict(x=x)", "x and 1", "f'{x}'", "f'{x!r:>8}'", "f'{x=}'", "f'{ x = !s}'",
    "f'{x:>{len(str(x))}}'", "f\"a{x}b\" 'x' f'''{x}'''", "str(x)[0]", "f'{x == x=}'",
)  # fmt: skip


def outcome(expression, names):
    try:
        return repr(eval(expression, {}, dict(names)))
    except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError) as error:
        return type(error).__name__


@given(st.sampled_from(EXPRESSIONS), SCALARS.filter(lambda value: not isinstance(value, int)
       or abs(value) < 100))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_a_value_in_place_of_a_read_means_the_same(expression, value):
    source = f"from c import x\n{expression}\n".encode()
    request = Request("train.py", ("x",), reads=True)
    template = make_template(request, {"train.py": source}.get)
    if expression.startswith("f") and set(repr(value)[1:-1]) & set("\\'\""):
        with pytest.raises(RenderError, match="inside an f-string"):
            template.check({"x": [value]})
        return
    template.check({"x": [value]})
    rendered = template.render({"x": value}).files["train.py"].decode()
    assert outcome(rendered.split("\n", 1)[1].strip(), {}) == outcome(expression, {"x": value})
