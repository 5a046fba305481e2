"""Values as Python text that keeps its meaning wherever it is put."""

from __future__ import annotations

import math
from typing import Protocol

from hprun.dataclass import dataclass
from hprun.errors import RenderError
from hprun.model import Value

NO_QUOTE = "none"
"""A `quote` that says that no string can stand here."""


def literal(value: Value, *, operand: bool = False, tuples: bool = False, quote: str = "") -> str:
    """`value` as a Python expression.

    `operand`: the text may stand beside an operator, so a negative number gets parentheses.
    `tuples`: an array is written as a tuple, else as a list. `quote`: the one quote character
    that strings may use (inside an f-string); raises RenderError for a string that cannot be
    written so.
    """
    if isinstance(value, tuple):
        inner = ", ".join(literal(item, tuples=tuples, quote=quote) for item in value)
        if not tuples:
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, str):
        return _string(value, quote)
    if isinstance(value, bool) or value is None:
        return repr(value)
    if not math.isfinite(value):
        return f"float({_string(repr(value), quote)})"
    text = repr(value)
    return f"({text})" if operand and text.startswith("-") else text


def _string(value: str, quote: str) -> str:
    """A string literal; with `quote`, one that Python before 3.12 takes inside an f-string."""
    if not quote:
        return repr(value)
    if quote == NO_QUOTE or set(value) & {"'", '"'} or "\\" in repr(value):
        raise RenderError(
            f"{value!r} cannot be written inside an f-string",
            hint="Move the value out of the f-string, to a variable of its own.",
        )
    return f"{quote}{value}{quote}"


class Writer(Protocol):
    """Turns a value into a file's bytes."""

    def write(self, value: Value) -> bytes:
        """The value's bytes; raises RenderError for a value that cannot be written."""
        ...


@dataclass(frozen=True, slots=True)
class Literal:
    """Writes a value as a Python literal in a file of this `encoding`.

    `operand`, `tuples` and `quote` as in `literal`; `wrap`: every number gets parentheses (an
    attribute of it follows).
    """

    encoding: str = "utf-8"
    operand: bool = False
    tuples: bool = False
    quote: str = ""
    wrap: bool = False

    def write(self, value: Value) -> bytes:
        """The literal's bytes; characters that the encoding lacks are escaped."""
        text = literal(value, operand=self.operand, tuples=self.tuples, quote=self.quote)
        if self.wrap and isinstance(value, int | float):
            text = text if text.startswith("(") else f"({text})"
        try:
            return text.encode(self.encoding)
        except UnicodeEncodeError:
            if self.quote:
                raise RenderError(
                    f"{value!r} cannot be written inside an f-string of a file in {self.encoding}"
                ) from None
            return text.encode("ascii", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Fixed:
    """Writes the same text, whatever the value is."""

    text: bytes

    def write(self, value: Value) -> bytes:
        """The text."""
        return self.text
