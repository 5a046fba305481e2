"""How the interpreter of an attempt shuts down: what all attempts share is not taken apart.

At its end Python empties every module that is loaded. In a fork each page with an object of an
imported module is copied for that, only to be freed: a seventh of the time of a short training
with TensorFlow. So what was there before the fork stays as it is, unless there is an object whose
end somebody could see. The script's own objects and the modules that came later are taken apart as
ever, and everything that is registered to be called at the end is called before.
"""

import atexit
import ctypes
import gc
import sys
from _io import BufferedRandom, BufferedWriter, TextIOWrapper

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types
    from collections.abc import Sequence
    from typing import Any

_SILENT = (
    "_io.",
    "_socket.",
    "shutdown.",
    "builtins.",
    "joblib.externals.loky.backend.resource_tracker.",
    "multiprocessing.resource_tracker.",
    "tensorflow.python.eager.",
    "tensorflow.python.ops.resource_variable_ops.",
)
"""Classes whose `__del__` does nothing that outlives the process; files are flushed here."""
_WRITERS = "tensorflow.python.ops.summary_ops_v2."


class Shared:
    """The modules that a fork finds; to be made before anything else registers at `atexit`."""

    def __init__(self) -> None:
        self._modules = sys.modules
        self._kept: tuple[tuple[str, types.ModuleType], ...] = ()
        atexit.register(self._at_exit)  # the first to come is the last to be called

    def keep(self) -> None:
        """Keep what is loaded now, unless the end of one of its objects could be seen."""
        if not _could_be_seen(gc.get_objects()):
            spared = {"__main__", "builtins", "sys"}
            self._kept = tuple(pair for pair in self._modules.items() if pair[0] not in spared)
            _hold_for_ever(self._kept)

    def _at_exit(self) -> None:
        # Python drops this first of all, as soon as it has collected what is garbage.
        sys.ps1 = _Prompt(self)

    def hide(self) -> None:
        """Hide from the interpreter what is kept, so that it is not emptied."""
        created = gc.get_objects()  # since the fork: what was there is frozen
        if not self._kept or _could_be_seen(created):
            gc.unfreeze()  # as in a process of its own, the collector is to find all
            return
        _flush_files(created)
        for name, module in self._kept:
            if self._modules.get(name) is module:
                del self._modules[name]
        # What is left is emptied even where a library has a class or a function of it.
        _hold_for_ever(tuple(self._modules.values()))


class _Prompt:
    """Has the modules hidden at the moment when it is dropped."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def __del__(self) -> None:
        self._shared.hide()


def _hold_for_ever(one: object) -> None:
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))


def _could_be_seen(objects: "Sequence[object]") -> bool:
    """Whether there is an object that may do something when it is freed."""
    kinds = set(map(type, objects))
    if any(hasattr(kind, "__del__") and not _name(kind).startswith(_SILENT) for kind in kinds):
        return True
    writers = {kind for kind in kinds if _name(kind).startswith(_WRITERS)}
    return bool(writers) and any(
        type(one) in writers and not getattr(one, "_closed", True) for one in objects
    )


def _name(kind: type) -> str:
    return f"{getattr(kind, '__module__', '')}.{kind.__qualname__}"


def _flush_files(objects: "Sequence[Any]") -> None:
    """Write out the files that only a library still holds, for they will not be closed."""
    writers = (BufferedRandom, BufferedWriter, TextIOWrapper)
    kinds = {kind for kind in set(map(type, objects)) if issubclass(kind, writers)}
    for one in objects:
        if type(one) in kinds:
            try:  # noqa: SIM105 - without contextlib
                one.flush()
            except Exception:  # noqa: BLE001, S110 - closed, or nobody reads: as at any end
                pass
