"""Whether a fork is safe now, and whether what is loaded is what the script would load."""

import os
import site
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DEVICES = ("/dev/nvidia", "/dev/kfd", "/dev/dri", "/dev/accel", "/dev/vfio")
_FORK_AWARE = "jemalloc_bg_thd"  # jemalloc ends it in the child


def why_not(baseline: "frozenset[str]", shadows: "frozenset[str]", known: "set[int]") -> str:
    """Why attempts cannot be forked, or "".

    `baseline` are the modules of a bare Python, `shadows` the names that the workspace has
    modules for, `known` the descriptors that may be open.
    """
    return (
        _children()
        or _files(known)
        or _threads()
        or _foreign(baseline)
        or _hidden(baseline, shadows)
    )


def _threads() -> str:
    """Threads that are there after a fork; OpenBLAS joins its own before one."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    for pause_s in (0.005, 0.02, 0.1, 0.2, None):
        others = _other_threads()
        if not others or pause_s is None:
            break
        time.sleep(pause_s)  # one that was joined may still be listed
    return f"the imports leave a thread running ({others[0]})" if others else ""


def _other_threads() -> "list[str]":
    """The names of the threads that may not be there at a fork."""
    found = []
    for task in os.listdir("/proc/self/task"):  # noqa: PTH208
        if int(task) == os.getpid():
            continue
        try:
            with open(f"/proc/self/task/{task}/comm") as file:  # noqa: PTH123
                name = file.read().strip()
        except OSError:
            continue  # it ended meanwhile
        if name != _FORK_AWARE:
            found.append(name)
    return found


def _children() -> str:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return ""
    return "the imports start a process"


def _files(known: "set[int]") -> str:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        try:
            target = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115
        except OSError:
            continue  # the descriptor that listed the folder
        if target.startswith(_DEVICES):
            return f"the imports open {target}, which a fork cannot share"
        if int(name) not in known:
            return f"the imports leave {target} open"
    return ""


def _roots() -> "list[str]":
    """Where installed modules are: the standard library, and the site-packages of this Python."""
    found = [os.path.dirname(os.__file__), *site.getsitepackages()]  # noqa: PTH120
    found += [path for path in sys.path if os.path.basename(path) == "lib-dynload"]  # noqa: PTH119
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    ours = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    found.append(os.path.join(ours, "autolog", "studio_site"))  # noqa: PTH118 - what hprun adds
    both = [*found, *(os.path.realpath(path) for path in found)]
    return [path.rstrip(os.sep) + os.sep for path in both]


def _loaded(baseline: "frozenset[str]") -> "Iterator[tuple[str, str]]":
    """Name and file of each module that a bare Python would not have."""
    for name, module in list(sys.modules.items()):
        if name in baseline or name in ("__main__", "__mp_main__"):
            continue
        try:
            file = object.__getattribute__(module, "__dict__").get("__file__")
        except AttributeError:
            file = None
        yield name, file if isinstance(file, str) else ""


def _foreign(baseline: "frozenset[str]") -> str:
    roots = tuple(_roots())
    for name, file in _loaded(baseline):
        # torch.ops and its like have a relative name that is no file's.
        if not os.path.isabs(file) or file.startswith(roots):  # noqa: PTH117
            continue
        if not os.path.realpath(file).startswith(roots):
            return f"{name} is imported from {file}, not from where packages are installed"
    return ""


def _hidden(baseline: "frozenset[str]", shadows: "frozenset[str]") -> str:
    for name, _ in _loaded(baseline):
        if name in shadows:
            return f"{name} in your folder would hide the {name} that the imports load"
    return ""
