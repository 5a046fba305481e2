"""Carries out the preload plan: imports, and the variables that the script sets before them."""

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Loaded:
    """What was left: `changes` in the environment by imports alone, and the import that failed."""

    def __init__(self) -> None:
        self.changes: dict[str, str | None] = {}
        self.failed = ""


def carry_out(steps: "Sequence[Any]", script: str) -> Loaded:
    """Carry out the steps in order, up to the first import that raises."""
    loaded = Loaded()
    own, argv = dict(os.environ), list(sys.argv)
    sys.argv[:] = [script]
    written: set[str] = set()
    threshold = gc.get_threshold()
    # Imports make nearly no garbage, and looking for it among ever more objects took an eighth of
    # TensorFlow's. A threshold, as a library that turns the collector off or on is to be heeded.
    gc.set_threshold(0)
    try:
        _all(steps, loaded, written)
    except BaseException as error:  # noqa: BLE001 - the script itself will meet it
        loaded.failed = f"{type(error).__name__}: {error}"
    if gc.get_threshold()[0] == 0:
        gc.set_threshold(*threshold)
    sys.argv[:] = argv
    # The script sets its variables itself, and finds the environment as it was. What an import
    # left there stays: the import will not run again.
    for name in written:
        if name not in loaded.changes:
            _set(name, own.get(name))
    return loaded


def _all(steps: "Sequence[Any]", loaded: Loaded, written: "set[str]") -> None:
    for kind, *rest in steps:
        if kind == "env":
            name, value, only_missing = rest
            if not (only_missing and name in os.environ):
                _set(name, value)
                written.add(name)
                loaded.changes.pop(name, None)
        elif kind == "try":
            body, otherwise = rest
            try:
                _all(body, loaded, written)
            except ImportError:
                if otherwise is None:
                    raise
                _all(otherwise, loaded, written)
        else:
            module, names = rest
            _import(module, names, loaded)


def _import(module: str, names: "Sequence[str]", loaded: Loaded) -> None:
    before = dict(os.environ)
    try:
        __import__(module, {"__name__": "__main__"}, {}, list(names), 0)
    finally:
        for name in before.keys() | os.environ.keys():
            value = os.environ.get(name)
            if before.get(name) != value:
                loaded.changes[name] = value


def _set(name: str, value: "str | None") -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
