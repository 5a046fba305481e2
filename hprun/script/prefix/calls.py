"""What is known of a call in a script."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection
from dataclasses import replace

from hprun.script.prefix import functions
from hprun.script.prefix.functions import SPLIT
from hprun.script.prefix.known import OUTPUT, PLAIN, WORK, Known, harmless
from hprun.script.prefix.methods import BUILTINS, METHODS

_REFUSED_PARTS = tuple(f"{name}." for name in functions.REFUSED - {"numpy.random"})


def plain_name(dotted: str) -> str:
    """The name under which a library's function is known here: Keras has three homes."""
    for start in ("tensorflow.compat.v2.keras.", "tensorflow.keras.", "tf_keras."):
        if dotted.startswith(start):
            return "keras." + dotted[len(start) :]
    return dotted


def function(dotted: str) -> Known | None:
    """What is known of an imported function or class, by its full name; None if nothing."""
    name = plain_name(dotted)
    if name in functions.FUNCTIONS:
        return functions.FUNCTIONS[name]
    if name.startswith("keras.datasets.") and name.endswith(".load_data"):
        return WORK
    head, _, last = name.rpartition(".")
    if head == "pandas":
        return WORK if last in functions.PANDAS else None
    if head == "sklearn.model_selection":
        return (
            SPLIT
            if last in functions.SPLITTERS
            else PLAIN
            if last in functions.OTHER_SELECTION
            else None
        )
    if name in functions.REFUSED or name.startswith(_REFUSED_PARTS):
        return None
    return next((known for start, known in functions.FAMILIES if name.startswith(start)), None)


def builtin(name: str) -> Known | None:
    """What is known of one of Python's own functions; None if nothing."""
    found = getattr(builtins, name, None)
    if isinstance(found, type) and issubclass(found, BaseException):
        return PLAIN
    return BUILTINS.get(name)


def method(node: ast.Call) -> Known | None:
    """What is known of a method by its name alone; None if nothing.

    The name is enough, because only known calls can have made the object before the dot.
    """
    assert isinstance(node.func, ast.Attribute)
    if node.func.attr == "replace":  # of a text or a table; a path's renames a file
        given = node.args[0] if node.args else None
        several = len(node.args) + len(node.keywords) > 1
        return PLAIN if several or isinstance(given, ast.Dict) else None
    return METHODS.get(node.func.attr)


def judged(known: Known, node: ast.Call, nones: Collection[str] = ()) -> Known:
    """What is known of one call: its keywords can add a seed, threads or a change in place.

    `nones` are variables that may hold None, which is no seed.
    """
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if known.draws and _has_seed(node, given, nones):
        known = replace(known, draws="")
    if known.seeds and _nothing(next(iter([*node.args, *given.values()]), None), nones):
        known = replace(known, why="sets a seed that is different each time")
    jobs = given.get("n_jobs")
    if jobs is not None and not (isinstance(jobs, ast.Constant) and jobs.value in (None, 1)):
        known = replace(known, why="starts processes or threads (n_jobs)")
    if "inplace" in given:
        known = replace(known, receiver=True)
    if "file" in given and OUTPUT in known.changes:
        known = replace(known, why="writes to a file")
    return known


def _has_seed(node: ast.Call, given: dict[str | None, ast.expr], nones: Collection[str]) -> bool:
    """Whether nothing is drawn from the state that all share, because a seed is given."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    called = called or (node.func.id if isinstance(node.func, ast.Name) else "")
    if called in functions.SPLITTERS and not called.startswith("Repeated"):
        shuffle = given.get("shuffle")
        if shuffle is None or (isinstance(shuffle, ast.Constant) and not shuffle.value):
            return True
    for name in ("random_state", "seed"):
        if name in given:
            return not _nothing(given[name], nones)
    makes_generator = called in ("default_rng", "RandomState", "PCG64", "Random")
    return makes_generator and bool(node.args) and not _nothing(node.args[0], nones)


def _nothing(node: ast.expr | None, nones: Collection[str]) -> bool:
    match node:
        case None | ast.Constant(value=None):
            return True
        case ast.Name(id=name):
            return name in nones
    return False


def loadable(dotted: str) -> bool:
    """Whether a library's name may stand as a value: a constant, or a function known above."""
    name = plain_name(dotted)
    known = function(name)
    if known is not None:
        return harmless(known)
    return name in functions.CONSTANTS or name.startswith(functions.NAMESPACES)
