"""Values in the forms in which one takes them elsewhere: flags, JSON, TOML, Python."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable

from hprun.errors import HprunError, SpecError
from hprun.model import Value, Values
from hprun.space.grammar import parse_parameter
from hprun.space.literals import value_text

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def flags(values: Values) -> str:
    """`--hp lr=0.01 --hp 'opt="a b"'`: for a shell, and hprun reads the same values back.

    Raises HprunError for a text that no spec can hold.
    """
    words = []
    for name, value in values.items():
        spec = f"{name}={value_text(value)}"
        if not _reads_back(spec, value):
            raise HprunError(
                f"{name} is {value!r}, which cannot be written as a spec.",
                hint="Take --as json or --as python.",
            )
        words += ["--hp", shlex.quote(spec)]
    return " ".join(words)


def _reads_back(spec: str, value: Value) -> bool:
    try:
        (found,) = parse_parameter(spec).grid()
    except (SpecError, ValueError):
        return False
    return repr(next(iter(found.values()))) == repr(value)


def as_json(values: Values) -> str:
    """One object; an array is a list."""
    return json.dumps(dict(values), indent=1)


def toml(values: Values) -> str:
    """A line for each; `Config.lr` is a key of a table. None, which TOML lacks, is a comment."""
    nested = any(other.startswith(f"{name}.") for name in values for other in values)
    lines = []
    for name, value in values.items():
        bare = _BARE_KEY.fullmatch(name) and not nested
        text = _toml_value(value)
        key = name if bare else _toml_text(name)
        lines.append(f"{key} = {text}" if text else f"# {key} is None, which TOML does not have")
    return "\n".join(lines)


def _toml_value(value: Value) -> str:
    """Nothing for what TOML cannot say."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return _toml_text(value)
        case tuple():
            items = [_toml_value(item) for item in value]
            return f"[{', '.join(items)}]" if all(items) else ""
    return repr(value)


def _toml_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def python(values: Values) -> str:
    """An assignment for each, to be put into a script; the line of `lr@12` is a comment."""
    lines = []
    for name, value in values.items():
        target, at, line = name.partition("@")
        lines.append(f"{target} = {value!r}" + (f"  # line {line}" if at else ""))
    return "\n".join(lines)


FORMS: dict[str, Callable[[Values], str]] = {
    "flags": flags,
    "json": as_json,
    "toml": toml,
    "python": python,
}
