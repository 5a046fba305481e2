"""What makes a forked process like one that was started by `python script.py`."""

import ctypes
import gc
import os
import sys
import time
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hprun.executors.forkserver import prefix as prefixes

PADDING = "HPRUN_PADDING"
_OPENBLAS = [
    f"{before}openblas_{{}}_num_threads{after}"
    for before in ("scipy_", "")
    for after in ("64_", "", "_64")
]


class _Block:
    """Memory whose end is zeros: no more of it is written than changes, for each page is a copy."""

    def __init__(self, start: bytes, end: bytes) -> None:
        self._start, self._size = int(start), int(end) - int(start)
        self._used = self._size
        self._kept = 0  # bytes at the beginning that all processes share

    def fits(self, data: bytes) -> bool:
        return self._start != 0 and self._kept + len(data) <= self._size

    def write(self, data: bytes) -> None:
        """Put this behind what is kept."""
        at, end = self._start + self._kept, self._kept + len(data)
        ctypes.memmove(at, data, len(data))
        if self._used > end:
            ctypes.memset(self._start + end, 0, self._used - end)
        self._used = end

    def keep(self, data: bytes) -> None:
        """Put this at the beginning, for good."""
        self._kept = 0
        self.write(data)
        self._kept = len(data)


class Blocks:
    """Where the kernel looks for a process's arguments and environment: /proc/PID/cmdline, environ."""

    def __init__(self) -> None:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123
            fields = file.read().rpartition(b")")[2].split()
        self.arguments = _Block(fields[45], fields[46])
        self.environment = _Block(fields[47], fields[48])
        # The C library's pointers lead there; give each variable a place of its own first.
        for name, value in os.environb.items():
            os.putenv(name, value)
        os.environ.pop(PADDING, None)

    def lay_out(self, request: "dict[str, Any]") -> bool:
        """Make ready what an attempt's processes show, before there are any; False: no room."""
        request["words"] = [_joined(request["command"]), _joined(request["keeper"])]
        request["variables"] = _joined(_pairs(request["own"]))
        return self.environment.fits(request["variables"]) and all(
            map(self.arguments.fits, request["words"])
        )

    def share(self, env: "list[tuple[str, str]]") -> None:
        """Write here already what all attempts share, where it fits."""
        self.arguments.write(_joined(sys.orig_argv[:3] if hasattr(sys, "orig_argv") else []))
        shared = _joined(_pairs(env))
        if self.environment.fits(shared):
            self.environment.keep(shared)


def _pairs(env: "list[tuple[str, str]]") -> "list[str]":
    return [f"{name}={value}" for name, value in env]


def _joined(words: "list[str]") -> bytes:
    return b"".join(os.fsencode(word) + b"\0" for word in words)


def freeze() -> None:
    """Keep the collector off what was imported: it would copy the pages in every attempt."""
    gc.collect()
    gc.freeze()


class Shape:
    """What an attempt is given its shape with; made in the server, used in the attempt."""

    def __init__(self, main: "dict[str, Any]", blocks: Blocks, site: str) -> None:
        self.blocks = blocks
        self.imported: dict[str, str | None] = {}
        self.prefix: prefixes.Prefix | None = None
        self._main = first_names(main)
        self._openblas: list[Any] = []
        self._attach = _attach_of(site) if site else None
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.fdopen.restype = ctypes.c_void_p
        self._flags = (ctypes.c_int * 2)(0, sys.version_info[1])  # PyCompilerFlags
        self._run = ctypes.pythonapi.PyRun_SimpleFileExFlags
        self._run.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
        self._run.restype = ctypes.c_int

    def why_not(self, request: "dict[str, Any]") -> str:
        """Why this attempt cannot be forked, or ""."""
        if not self.blocks.lay_out(request):
            return "its arguments or its environment are too long"
        script = os.path.join(request["folder"], request["command"][1])  # noqa: PTH118
        if not os.path.isfile(script):  # noqa: PTH113
            return f"there is no {script}"
        return self.prefix.why_not(script) if self.prefix else ""

    def share_environment(self, env: "list[tuple[str, str]]") -> None:
        """Have here already what the environments of all attempts have in common."""
        _take_environment(env, self.imported)
        self.blocks.share(env)

    def find_openblas(self) -> None:
        """Note the OpenBLAS libraries that would start their threads at their first call."""
        with open("/proc/self/maps") as file:  # noqa: PTH123
            paths = {line.split(None, 5)[-1].strip() for line in file if "openblas" in line}
        for path in sorted(paths):
            try:
                library = ctypes.CDLL(path)
            except OSError:
                continue
            for name in _OPENBLAS:
                read = getattr(library, name.format("get"), None)
                write = getattr(library, name.format("set"), None)
                if read is not None and write is not None:
                    self._openblas.append((read, write))
                    break

    def become(self, request: "dict[str, Any]") -> "tuple[Any, tuple[Any, ...]]":
        """Become the script's process; gives the function that runs it, and its arguments."""
        command = request["command"]
        self.blocks.arguments.write(request["words"][0])
        for variable, value in request["own"]:
            if variable not in self.imported:
                os.environ[variable] = value
        sys.argv[:] = command[1:]
        if hasattr(sys, "orig_argv"):
            sys.orig_argv[:] = command
        if not getattr(sys.flags, "safe_path", False):
            sys.path.insert(0, _folder_of(command[1], request["folder"]))
        kept = self.prefix.seeded if self.prefix else frozenset()
        _refresh_modules()
        self._wake_openblas()
        _reseed(kept)
        name = _absolute(command[1])
        sys.path_importer_cache[name] = None  # Python has looked whether it is an archive
        module = self.prefix.resume(name) if self.prefix else fresh_main(self._main)
        sys.modules["__main__"] = module
        if "__mp_main__" in sys.modules:
            sys.modules["__mp_main__"] = module
        if self._attach is not None:
            self._attach(request["settings"], request["limits"])
        fd = self.prefix.rest(name) if self.prefix else os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        file = self._libc.fdopen(fd, b"rb")
        return self._run, (file, os.fsencode(name), 1, ctypes.byref(self._flags))

    def _wake_openblas(self) -> None:
        """Let OpenBLAS start its threads now, as a cold process has them.

        Version 0.3.30, which scipy 1.17 carries, locks up for ever when the first call after a
        fork is an LU decomposition (OpenBLAS issue 5520).
        """
        for read, write in self._openblas:
            threads = read()
            if threads > 1:
                write(threads)


def first_names(main: "dict[str, Any]") -> "dict[str, Any]":
    """The names with which every `__main__` begins, before it has a file."""
    names: dict[str, Any] = {}
    for name in ("__name__", "__doc__", "__package__", "__loader__", "__spec__"):
        names[name] = None
    names["__name__"] = "__main__"
    if "__annotations__" in main:
        names["__annotations__"] = {}
    names["__builtins__"] = main["__builtins__"]
    return names


def fresh_main(names: "dict[str, Any]") -> "types.ModuleType":
    """A `__main__` in which nothing has run."""
    module = types.ModuleType("__main__")
    module.__dict__.update(names)
    if "__annotations__" in names:
        vars(module)["__annotations__"] = {}
    return module


def _attach_of(site: str) -> "Any":
    """The function that looks after trainings, out of the file that does so for a cold start."""
    with open(site, "rb") as file:  # noqa: PTH123
        code = compile(file.read(), site, "exec", dont_inherit=True)
    names = {"__name__": "_hprun_site", "__file__": site}
    exec(code, names)  # noqa: S102 - a file of hprun's own
    return names["attach"]


def _folder_of(script: str, folder: str) -> str:
    """The script's folder, where `folder` is that in which we are; neither by way of a link."""
    if os.sep not in script and os.lstat(script).st_mode & 0o170000 == 0o100000:
        return folder
    return os.path.dirname(os.path.realpath(script))  # noqa: PTH120


def _absolute(script: str) -> str:
    """As Python makes it from the script's name on the command line."""
    if os.path.isabs(script):  # noqa: PTH117
        return script
    return os.getcwd() + os.sep + (script[2:] if script[:2] == "./" else script)  # noqa: PTH109


def _take_environment(env: "list[tuple[str, str]]", imported: "dict[str, str | None]") -> None:
    """Make the environment this, and on top what the imports did to it."""
    wanted = dict(env)
    for name, value in imported.items():
        if value is None:
            wanted.pop(name, None)
        else:
            wanted[name] = value
    for name in list(os.environ):
        if name not in wanted:
            del os.environ[name]
    # One by one only what differs: libraries may hold on to what getenv gave them.
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    data = os.environ._data  # type: ignore[attr-defined]  # noqa: SLF001
    ordered = {key: data[key] for key in map(os.fsencode, wanted)}
    data.clear()
    data.update(ordered)


def _refresh_modules() -> None:
    """Give modules anew what they noted about the process when they were imported."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None:
        process.ORIGINAL_DIR = os.getcwd()  # type: ignore[attr-defined]  # noqa: PTH109
        config = process.current_process()._config  # noqa: SLF001
        config["authkey"] = process.AuthenticationString(os.urandom(32))
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = None  # type: ignore[attr-defined]
    logging: Any = sys.modules.get("logging")
    if logging is not None:
        nanoseconds = isinstance(logging._startTime, int)  # noqa: SLF001
        logging._startTime = time.time_ns() if nanoseconds else time.time()  # noqa: SLF001
    threading = sys.modules.get("threading")
    if threading is not None and hasattr(threading.main_thread(), "_set_native_id"):
        threading.main_thread()._set_native_id()  # noqa: SLF001


def _reseed(kept: "frozenset[str]") -> None:
    """Draw new random states where a cold process would; `random` draws its own at a fork."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None and "numpy" not in kept:
        numpy.seed()
    torch = sys.modules.get("torch")
    if torch is not None and "torch" not in kept and hasattr(torch, "default_generator"):
        torch.default_generator.seed()
