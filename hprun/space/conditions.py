"""Conditions: `momentum=0:0.1:0.9 if opt == "SGD"`, read by Python's parser, judged by our own.

Comparisons, `in`, `and`, `or`, `not`, parentheses, literals and the names of other parameters;
nothing is ever executed.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Any

from hprun.dataclass import dataclass
from hprun.errors import SpecError
from hprun.model import Value, Values
from hprun.space.tokens import Token

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}
_ALLOWED = 'write comparisons joined by and, or, not, as in opt == "SGD" and layers > 2'


@dataclass(frozen=True, slots=True)
class Condition:
    """When a parameter takes part: `text` as written, and the `names` that it looks at."""

    text: str
    names: tuple[str, ...] = field(compare=False)
    place: Token = field(compare=False, repr=False)
    tree: ast.expr = field(compare=False, repr=False)

    def holds(self, values: Values) -> bool:
        """Whether it holds for these values; not where a parameter that it looks at is absent.

        Values that have no order, such as None and 3, are neither below nor above each other.
        """
        return all(name in values for name in self.names) and bool(_judge(self.tree, values))

    def error(self, message: str, *, name: str, hint: str = "") -> SpecError:
        """An error that points at where the condition first says `name`."""
        node = next(node for found, node in _references(self.tree) if found == name)
        return _error(self.place, node, message, hint)

    def __str__(self) -> str:
        return self.text


def read_condition(place: Token) -> Condition:
    """The condition that stands at `place`, as far as `place` reaches.

    Raises SpecError for what is no expression, and for what an expression here cannot hold.
    """
    text = place.text.strip()
    if not text:
        raise place.error("there is no condition behind `if`", hint=_ALLOWED)
    try:
        # Python only counts columns up to the end of a line, so there has to be one.
        tree = ast.parse(f"{text}\n", mode="eval").body
        _check(tree, place)
        names = tuple(dict.fromkeys(name for name, _ in _references(tree)))
    except SyntaxError as wrong:
        at = place.start + max(0, (wrong.offset or 1) - 1) if wrong.lineno == 1 else place.start
        raise SpecError(
            f"the condition cannot be read: {wrong.msg}",
            text=place.source,
            column=min(at, place.stop),
            hint=_ALLOWED,
        ) from None
    except (ValueError, RecursionError, MemoryError) as wrong:
        raise place.error(f"the condition cannot be read: {wrong}", hint=_ALLOWED) from None
    return Condition(text, names, place, tree)


def _error(place: Token, node: ast.expr, message: str, hint: str) -> SpecError:
    lines = place.text.encode().splitlines(keepends=True)
    before = b"".join(lines[: node.lineno - 1]) + lines[node.lineno - 1][: node.col_offset]
    return SpecError(
        message, text=place.source, column=place.start + len(before.decode()), hint=hint
    )


def _name(node: ast.expr) -> str | None:
    """The parameter that a node names: `opt`, `Config.lr`, `lr@12`."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            owner = _name(value)
            return f"{owner}.{attribute}" if owner and "@" not in owner else None
        case ast.BinOp(left=left, op=ast.MatMult(), right=ast.Constant(value=int(line))):
            owner = _name(left)
            return f"{owner}@{line}" if owner and "@" not in owner else None
    return None


def _references(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    name = _name(node)
    if name is not None:
        yield name, node
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield from _references(child)


def _check(node: ast.expr, place: Token) -> None:
    """Raise SpecError at the first thing in an expression that is not allowed in one."""
    if _name(node) is not None:
        return
    match node:
        case ast.Constant(value=value) if value is None or isinstance(value, int | float | str):
            return
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float())):
            return
        case ast.Compare(ops=ops) if any(isinstance(op, ast.Is | ast.IsNot) for op in ops):
            raise _error(
                place, node, "`is` asks for the same object, not for the same value", "write =="
            )
        case ast.BoolOp() | ast.Compare() | ast.Tuple() | ast.List() | ast.Set():
            parts = ast.iter_child_nodes(node)
        case ast.UnaryOp(op=ast.Not()):
            parts = iter([node.operand])
        case _:
            raise _error(place, node, "a condition cannot hold this", _ALLOWED)
    for part in parts:
        if isinstance(part, ast.expr):
            _check(part, place)


def _judge(node: ast.expr, values: Values) -> Value:
    """The value of a checked expression."""
    name = _name(node)
    if name is not None:
        return values[name]
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _judge(operand, values)
        case ast.BoolOp(op=op, values=parts):
            decide = all if isinstance(op, ast.And) else any
            return decide(_judge(part, values) for part in parts)
        case ast.Compare():
            return _compare(node, values)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return tuple(_judge(part, values) for part in parts)
    literal: Value = ast.literal_eval(node)
    return literal


def _compare(node: ast.Compare, values: Values) -> bool:
    """`a < b <= c` as Python means it: each neighbour with the next."""
    sides = [_judge(side, values) for side in (node.left, *node.comparators)]
    try:
        return all(
            _COMPARISONS[type(op)](left, right)
            for op, left, right in zip(node.ops, sides, sides[1:], strict=False)
        )
    except TypeError:
        return False
