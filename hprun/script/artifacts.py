"""Arrays that a script loads itself: `np.load(fs_tracker.get_artifact('lr'))`, as Studio had it."""

from __future__ import annotations

import ast
import struct
from collections.abc import Sequence

from hprun.errors import RenderError
from hprun.model import Value
from hprun.script.places import callee
from hprun.script.sites import Found, Index

FOLDER = ".hprun"
"""Where a run's arrays lie, in its folder."""

RULE = "artifact"
"""The rule of a site that such a call is."""

_GETS = "get_artifact"
_BLOCK = 64  # bytes; numpy's format lets the data begin at a multiple of this


def path_of(name: str) -> str:
    """The file of an array, relative to the run's folder."""
    return f"{FOLDER}/{name}.npy"


def find(index: Index, name: str) -> Found | None:
    """The calls of `get_artifact` that name the array; their text stays as it is."""
    calls = [
        node
        for node in ast.walk(index.source.tree)
        if isinstance(node, ast.Call) and callee(node) == _GETS and _asks_for(node, name)
    ]
    if not calls:
        return None
    return Found(
        tuple(index.site(name, call.lineno, RULE, index.source.text_of(call)) for call in calls)
    )


def npy(value: Value) -> bytes:
    """A tuple of numbers as numpy saves an array of float64 (format 1.0).

    The same bytes on every machine, since runs are known by them. Raises RenderError for what is
    no tuple of numbers.
    """
    if not isinstance(value, tuple) or not all(map(_is_number, value)):
        raise RenderError(f"{value!r:.60} is no array of numbers")
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({len(value)},), }}"
    length = -(-(10 + len(header) + 1) // _BLOCK) * _BLOCK - 10
    head = b"\x93NUMPY\x01\x00" + struct.pack("<H", length) + header.ljust(length - 1).encode()
    return head + b"\n" + struct.pack(f"<{len(value)}d", *value)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _asks_for(call: ast.Call, name: str) -> bool:
    given: Sequence[ast.expr] = [*call.args[:1], *(one.value for one in call.keywords)]
    return any(isinstance(one, ast.Constant) and one.value == name for one in given)
