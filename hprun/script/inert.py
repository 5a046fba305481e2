"""Defaults that can never be used, because every call in the script passes a value instead."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import replace

from hprun.dataclass import dataclass
from hprun.script.places import Place, callee


def without_inert(places: list[Place], tree: ast.Module) -> list[Place]:
    """The places, with a `why` on each default that every call in the script overrides.

    A function or class that is also used in another way than by a call, or that a call gives
    `*args` or `**kwargs`, keeps its defaults: nobody can tell from the text.
    """
    uses = _Uses.of(tree)
    return [_judged(place, uses) if place.owner else place for place in places]


@dataclass(frozen=True)
class _Uses:
    """How often each function and class is defined, its calls, and all reads of its name."""

    defined: Counter[str]
    calls: dict[str, list[ast.Call]]
    reads: Counter[str]

    @staticmethod
    def of(tree: ast.Module) -> _Uses:
        """The uses in a whole file."""
        uses = _Uses(Counter(), {}, Counter())
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    uses.defined[node.name] += 1
                case ast.Call():
                    uses.calls.setdefault(callee(node), []).append(node)
                case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name, ctx=ast.Load()):
                    uses.reads[name] += 1
        return uses

    def only_calls(self, name: str) -> list[ast.Call]:
        """Every call of `name`; none at all where it is also defined twice or handed around."""
        calls = self.calls.get(name, [])
        return calls if self.defined[name] <= 1 and self.reads[name] == len(calls) else []


def _judged(place: Place, uses: _Uses) -> Place:
    found = _callable_of(place)
    if found is None:
        return place
    name, index = found
    calls = uses.only_calls(name)
    if not calls or not all(_passes(call, place.name, index) for call in calls):
        return place
    line = calls[0].lineno
    return replace(place, why=f"a default that is never used: line {line} passes a value")


def _callable_of(place: Place) -> tuple[str, int | None] | None:
    """The name that calls use, and at which position they pass this value."""
    owner = place.owner
    if isinstance(owner, ast.ClassDef):
        has_init = any(
            isinstance(node, ast.FunctionDef) and node.name == "__init__" for node in owner.body
        )
        if has_init or not (owner.decorator_list or owner.bases):
            return None
        names = [
            node.target.id
            for node in owner.body
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        ]
        inherits = bool(owner.bases)
        known = place.name in names and not inherits
        return owner.name, names.index(place.name) if known else None
    if not isinstance(owner, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    positional = [arg.arg for arg in [*owner.args.posonlyargs, *owner.args.args]]
    index = positional.index(place.name) if place.name in positional else None
    is_method = bool(positional) and positional[0] in ("self", "cls")
    if index is not None and is_method:
        index -= 1
    return (place.path[-3] if owner.name == "__init__" else owner.name), index


def _passes(call: ast.Call, name: str, index: int | None) -> bool:
    """Whether this call surely gives the parameter a value."""
    if any(isinstance(arg, ast.Starred) for arg in call.args):
        return False
    if any(keyword.arg is None for keyword in call.keywords):
        return False
    by_position = index is not None and len(call.args) > index
    return by_position or any(keyword.arg == name for keyword in call.keywords)
