"""The machine's own memory: what is free of it, what runs hold, what the kernel has killed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hprun.dataclass import dataclass
from hprun.gpu.packing import HOST, Room

if TYPE_CHECKING:
    import psutil

_MOUNT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class _Names:
    """How the files of a control group are called, and what stands in its statistics."""

    limit: str
    used: str
    idle: str
    events: str


# Source: the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
_VERSION_2 = _Names("memory.max", "memory.current", "inactive_file", "memory.events")
_VERSION_1 = _Names(
    "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "memory.oom_control"
)


def host_room() -> Room:
    """All of the memory that we may use, and what is free of it: a container's, where in one."""
    import psutil

    memory = psutil.virtual_memory()
    total, free = int(memory.total), int(memory.available)
    for folder, names in _groups():
        limit, used = _number(folder / names.limit), _number(folder / names.used)
        if limit is None or used is None or limit > memory.total:
            continue
        used -= _counter(folder / "memory.stat", names.idle) or 0
        total, free = min(total, limit), min(free, max(0, limit - used))
    return Room(HOST, total, free)


def kernel_kills() -> int | None:
    """How many processes the kernel has killed for want of memory: of our control group, or of
    the machine where that does not tell; None where nothing tells.
    """
    for folder, names in _groups():
        count = _counter(folder / names.events, "oom_kill")
        if count is not None:
            return count
    return _counter(Path("/proc/vmstat"), "oom_kill")


def _groups() -> Iterator[tuple[Path, _Names]]:
    """Our control groups that govern memory, from the innermost on."""
    try:
        lines = Path("/proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:  # macOS
        return
    for line in lines:
        _, controllers, inside = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        mount = _MOUNT / "memory" if controllers else _MOUNT
        folder = mount / inside.lstrip("/")
        for one in (folder, *folder.parents):
            if one.is_dir():
                yield one, _VERSION_1 if controllers else _VERSION_2
            if one == mount:
                break


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):  # "max": there is no limit
        return None


def _counter(path: Path, name: str) -> int | None:
    """A number from a file with a name and a number in each line."""
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, ValueError):
        return None
    found = [line.split() for line in lines]
    return next((int(words[1]) for words in found if words[:1] == [name] and len(words) == 2), None)


def process_trees(roots: Mapping[int, int]) -> dict[int, list[psutil.Process]]:
    """By run, all its processes; `roots` are the ids of the first, by run."""
    import psutil

    children: dict[int, list[psutil.Process]] = {}
    by_id: dict[int, psutil.Process] = {}
    for process in psutil.process_iter(["ppid"]):
        by_id[process.pid] = process
        children.setdefault(process.info["ppid"], []).append(process)
    found: dict[int, list[psutil.Process]] = {}
    for run, root in roots.items():
        tree = [by_id[root]] if root in by_id else []
        for process in tree:  # grows as it is walked
            tree += children.get(process.pid, ())
        found[run] = tree
    return found


def memory_of(process: psutil.Process) -> int:
    """What a process holds, in bytes: of what it shares with others, its part, where one can tell."""
    import psutil

    try:
        if sys.platform == "linux":
            return int(process.memory_full_info().pss)
        return int(process.memory_info().rss)
    except psutil.AccessDenied:
        try:
            return int(process.memory_info().rss)
        except psutil.Error:
            return 0
    except (psutil.Error, OSError):  # it has just ended
        return 0
