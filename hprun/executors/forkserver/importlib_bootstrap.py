"""A server that imports what scripts need, once, and forks a process for each attempt.

Runs in the script's own Python, by path, with nothing but the standard library: hprun is not
installed there. In a forked process `serve` returns, and the script is run here, at the bottom of
a real interpreter's run, by the same function of Python that runs `python script.py`: so what is
printed for an exception, and all that happens at exit, comes from the interpreter itself.

The name of this file is no accident: `warnings` skips frames of files with `importlib` and
`_bootstrap` in their name, so that `warn(..., stacklevel=2)` finds no caller above the script's
first frame, as ever. Python 3.9 and newer.
"""

# Nothing is imported that the script would not have: not even `__future__`.
import sys

TYPE_CHECKING = False


def _enter():  # type: ignore[no-untyped-def]
    import os

    baseline = frozenset(sys.modules)
    if sys.version_info < (3, 9) or sys.implementation.name != "cpython":
        text = b"refused\0the script's Python is not CPython 3.9 or newer"
        os.write(9, len(text).to_bytes(4, "big") + text)
        os._exit(0)
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # this folder
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    sys.path.insert(0, here)
    if TYPE_CHECKING:
        from hprun.executors.forkserver import serving
    else:
        import serving

    sys.path.remove(here)
    for path in (here, __file__):
        sys.path_importer_cache.pop(path, None)
    for name, module in list(sys.modules.items()):
        ours = (getattr(module, "__file__", None) or "").startswith(here + os.sep)
        if ours and name != "__main__":
            del sys.modules[name]
    return serving.serve(baseline, globals())


_run, _arguments = _enter()  # type: ignore[no-untyped-call]
del _enter
if _run(*_arguments) and getattr(sys, "last_type", None) is not KeyboardInterrupt:
    raise SystemExit(1)  # what went wrong is printed already
