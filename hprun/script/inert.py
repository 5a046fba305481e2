"""Defaults that can never be used, because every call in the script passes a value instead."""

from __future__ import annotations

import ast
from dataclasses import replace

from hprun.script.places import Place, callee


def without_inert(places: list[Place], tree: ast.Module) -> list[Place]:
    """The places, with a `why` on each default that every call in the script overrides.

    A function or class that is also used in another way than by a call, or that a call gives
    `*args` or `**kwargs`, keeps its defaults: nobody can tell from the text.
    """
    return [_judged(place, tree) if place.owner else place for place in places]


def _judged(place: Place, tree: ast.Module) -> Place:
    found = _callable_of(place)
    if found is None:
        return place
    name, index = found
    calls = _only_calls(tree, name)
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


def _only_calls(tree: ast.Module, name: str) -> list[ast.Call]:
    """Every call of `name`; none at all where it is also defined twice or handed around."""
    defined = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.name == name
    ]
    if len(defined) > 1:
        return []
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and callee(n) == name]
    heads = {id(call.func) for call in calls}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=found, ctx=ast.Load()) | ast.Attribute(attr=found, ctx=ast.Load()):
                if found == name and id(node) not in heads:
                    return []
    return calls


def _passes(call: ast.Call, name: str, index: int | None) -> bool:
    """Whether this call surely gives the parameter a value."""
    if any(isinstance(arg, ast.Starred) for arg in call.args):
        return False
    if any(keyword.arg is None for keyword in call.keywords):
        return False
    by_position = index is not None and len(call.args) > index
    return by_position or any(keyword.arg == name for keyword in call.keywords)
