"""Runs first in a script's Python, and leaves no trace but a watch on a few imports.

Python imports `sitecustomize` as it starts. This one puts the environment and the search path
back to what they were, waits for Keras, Lightning or Transformers to be imported, or what takes
the memory of GPUs, and then lets the person's own `sitecustomize` run. It needs nothing but what is
loaded anyway: a script that imports none of them pays far less than a millisecond. Python 3.8 and
newer.
"""

# Not even `__future__` and `typing` are imported: the script is to find no module but its own.
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

_HERE = os.path.dirname(__file__)  # noqa: PTH120  (pathlib is not loaded, and would take time)
_INSIDE = os.path.join(os.path.dirname(_HERE), "inside")  # noqa: PTH118, PTH120
_PACKAGE = "_hprun_autolog"
_SETTINGS = "HPRUN_AUTOLOG"
_WATCHED = ("keras", "tf_keras", "lightning.pytorch", "pytorch_lightning", "transformers.trainer")
_LIMITS = "HPRUN_GPU_LIMITS"
_LIMITED = ("tensorflow", "torch", "jax")


class _Watch:
    """Finds no module itself, but has itself told when one of `names` was imported.

    `part` is the module beside this folder that then acts.
    """

    part = "frameworks"

    def __init__(self, names: "tuple[str, ...]", settings: str) -> None:
        self.names = set(names)
        self.settings = settings
        self.process = os.getpid()

    def find_spec(
        self, name: str, path: "Any" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Give the others' answer with a loader around theirs, for a watched name only."""
        if name not in self.names or os.getpid() != self.process:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = None
            if finder is not self and find is not None:
                spec = find(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, self)  # type: ignore[assignment]
                return spec
        return None

    def imported(self, module: "ModuleType") -> None:
        """Add what the module lacks; whatever goes wrong stays here."""
        self.names.discard(module.__name__)
        try:
            _load_inside(self.part).add_to(module, self.settings)
        except Exception as error:  # noqa: BLE001 - see `failed`
            self.failed(module.__name__, error)

    def failed(self, name: str, error: Exception) -> None:
        """Write it down: the script must run as if we were not there."""
        _write_down(self.settings, name, error)


class _Limits(_Watch):
    """The same for what takes the memory of GPUs."""

    part = "gpu_memory"

    def failed(self, name: str, error: Exception) -> None:
        """End the script: without its limit it would do harm to others."""
        words = f"{name}, {type(error).__name__}: {error}"
        raise SystemExit(f"hprun: the GPU memory of this run could not be limited: {words}")


class _Loader:
    """A module's own loader, with a word to the watch when it is done."""

    def __init__(self, real: "Any", watch: "_Watch") -> None:
        self._real = real
        self._watch = watch

    def create_module(self, spec: "ModuleSpec") -> "Any":
        return self._real.create_module(spec)

    def exec_module(self, module: "ModuleType") -> None:
        module.__loader__ = self._real
        if module.__spec__ is not None:
            module.__spec__.loader = self._real
        self._real.exec_module(module)
        self._watch.imported(module)

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._real, name)


def _load_inside(part: str) -> "Any":
    """Import a module of the package beside this folder, under a name that clashes with none."""
    import importlib
    import importlib.util

    if _PACKAGE not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            _PACKAGE,
            os.path.join(_INSIDE, "__init__.py"),  # noqa: PTH118
            submodule_search_locations=[_INSIDE],
        )
        assert spec is not None and spec.loader is not None  # noqa: PT018
        module = importlib.util.module_from_spec(spec)
        sys.modules[_PACKAGE] = module
        spec.loader.exec_module(module)
    return importlib.import_module(f"{_PACKAGE}.{part}")


def _write_down(settings: str, name: str, error: Exception) -> None:
    import json

    try:
        line = {"event": "error", "where": name, "error": f"{type(error).__name__}: {error}"}
        with open(json.loads(settings)["record"], "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(json.dumps(line) + "\n")
    except Exception:  # noqa: BLE001, S110 - there is nobody left to tell
        pass


def _put_back() -> "tuple[str, str]":
    """Undo in path and environment what brought us here; give the settings and the limits."""
    settings = os.environ.pop(_SETTINGS, "")
    limits = os.environ.pop(_LIMITS, "")
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if _HERE in entries:
        entries.remove(_HERE)
        if entries:
            os.environ["PYTHONPATH"] = os.pathsep.join(entries)
        else:
            del os.environ["PYTHONPATH"]
    sys.path[:] = [entry for entry in sys.path if entry != _HERE]
    sys.path_importer_cache.pop(_HERE, None)
    return settings, limits


def attach(settings: str, limits: str) -> None:
    """Do for a forked script what `_start` does for one that starts cold.

    What is imported already gets at once what it lacks; the rest is waited for.
    """
    for watch in _watches(settings, limits):
        for name in list(watch.names):
            if name in sys.modules:
                watch.imported(sys.modules[name])


def _watches(settings: str, limits: str) -> "list[_Watch]":
    """Watch for what is asked for."""
    found = [_Watch(_WATCHED, settings)] if settings else []
    if limits:
        found.append(_Limits(_LIMITED, limits))
    sys.meta_path[:0] = found
    return found


def _start() -> None:
    _watches(*_put_back())
    # Now the person's own, if there is one. Without, this raises the ImportError by which
    # Python's `site` knows that there is none, and takes this module out of sys.modules too.
    sys.modules.pop(__name__, None)
    __import__("sitecustomize")


if __name__ == "sitecustomize":
    _start()
