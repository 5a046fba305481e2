"""Run one command and say what it and everything that it started took. Standard library alone.

Reads a task as JSON from standard input and writes the figures as JSON to standard output. It is a
process of its own, so that the benchmark's memory and children are not in the figures. Seconds of
CPU come from a control group where one can be made (it counts every process, whatever becomes of
it), else from getrusage(2) as a child subreaper (it counts those that somebody waited for).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, for a benchmark that dies
_STOPS = (signal.SIGINT, signal.SIGTERM)
_TICKS = os.sysconf("SC_CLK_TCK")
_LINE = 25  # bytes that each trial adds to the file of ended trials
_AFTER_KILL_S = 2.0  # from the kill to the same command again


class Group:
    """A control group for a command, or what can be had instead; `way` says which."""

    def __init__(self):
        self.way, self._folder = "getrusage", None
        for root, way in (("/sys/fs/cgroup/cpuacct", "cgroup v1"), ("/sys/fs/cgroup", "cgroup v2")):
            folder = Path(root, f"hprun-benchmark-{os.getpid()}")
            with contextlib.suppress(OSError):
                folder.mkdir()
                if (folder / "cgroup.procs").exists():
                    self.way, self._folder = way, folder
                    return
                folder.rmdir()

    def join(self):
        """Called in the child, before it becomes the command."""
        if self._folder:
            (self._folder / "cgroup.procs").write_text("0")

    def cpu_s(self):
        if self.way == "cgroup v1":
            return int((self._folder / "cpuacct.usage").read_text()) / 1e9
        if self.way == "cgroup v2":
            return int((self._folder / "cpu.stat").read_text().split()[1]) / 1e6
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        return spent.ru_utime + spent.ru_stime

    def living(self):
        """Numbers of the processes that are left, without those that are dead already."""
        if self._folder:
            numbers = (self._folder / "cgroup.procs").read_text().split()
        else:
            numbers = _descendants(os.getpid())
        return [int(number) for number in numbers if _state(number) not in ("Z", "X", "")]

    def end_all(self):
        """Kill what is left and wait for it; it comes to us, who are its subreaper."""
        deadline = time.monotonic() + 10
        while (living := self.living()) and time.monotonic() < deadline:
            for number in living:
                with contextlib.suppress(OSError):
                    os.kill(number, signal.SIGKILL)
            time.sleep(0.01)
            _reap()
        _reap()

    def close(self):
        self.end_all()
        if self._folder:
            with contextlib.suppress(OSError):
                self._folder.rmdir()


def _descendants(process):
    found = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                found += [child, *_descendants(child)]
    return found


def _stat(process):
    """The fields of /proc/PID/stat from the state on; proc(5) counts that as the third."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _state(process):
    return (_stat(process) or [""])[0]


def _own_cpu_s(process):
    """What a process itself has taken, in all its threads, without its children."""
    fields = _stat(process)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _left(group):
    """How many processes do not follow their command within five seconds."""
    deadline = time.monotonic() + 5  # a busy machine is slow to bury what has ended
    while (left := len(group.living())) and time.monotonic() < deadline:
        time.sleep(0.02)
        _reap()
    return left


def _reap():
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _machine_busy_s():
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS  # without idle and waiting


def _ended(task):
    path = task.get("ended")
    return Path(path).stat().st_size // _LINE if path and Path(path).exists() else 0


def run(task, group):
    """The figures of one call of the command."""
    ended, cpu, busy = _ended(task), group.cpu_s(), _machine_busy_s()
    with Path(task["input"] or os.devnull).open() as given, Path(task["output"]).open("ab") as said:
        begun = time.perf_counter()
        main = subprocess.Popen(
            task["command"],
            cwd=task["folder"],
            env=task["environment"],
            stdin=given,
            stdout=said,
            stderr=said,
            preexec_fn=group.join,  # noqa: PLW1509
        )
    marks, timed_out = _watch(task, main.pid, ended, begun)
    seconds = time.perf_counter() - begun
    own = _own_cpu_s(main.pid)  # it is dead and not waited for yet
    status = main.wait()
    _reap()
    spent = group.cpu_s() - cpu
    return {
        "seconds": seconds,
        "cpu_s": spent,
        "own_cpu_s": own,
        "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "status": status,
        "ended": _ended(task) - ended,
        "others_s": max(0.0, _machine_busy_s() - busy - spent),
        "marks": marks,
        "timed_out": timed_out,
        "way": group.way,
    }


def _watch(task, process, ended, begun):
    """Wait for the end; kill in the middle if told to; note the CPU when so many trials ended."""
    marks, awaited = [], list(task.get("marks", ()))
    watched = awaited or task.get("kill_at")
    descriptor = os.pidfd_open(process)
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    while not poller.poll(5 if watched else 200):
        done = _ended(task) - ended if watched else 0
        if awaited and done >= awaited[0]:
            marks.append([done, _own_cpu_s(process), time.perf_counter() - begun])
            awaited.pop(0)
            if not awaited:
                os.kill(process, signal.SIGTERM)
        if task.get("kill_at") and done >= task["kill_at"]:
            os.kill(process, signal.SIGKILL)
        if time.perf_counter() - begun > task["limit_s"]:
            os.kill(process, signal.SIGKILL)
            os.close(descriptor)
            return marks, True
    os.close(descriptor)
    return marks, False


def _stop(number, _):
    """Leave, so that everything is ended on the way, undisturbed."""
    for other in _STOPS:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)


def main():
    """With `kill_at`, run the command, kill it then, and measure the same command again."""
    task = json.load(sys.stdin)
    prctl = ctypes.CDLL(None).prctl
    prctl(_SUBREAPER, 1, 0, 0, 0)
    prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    for number in _STOPS:
        signal.signal(number, _stop)
    group = Group()
    try:
        figures = run(task, group)
        if task.get("kill_at"):
            time.sleep(_AFTER_KILL_S)
            figures["living_after_kill"] = len(group.living())
            figures["ended_after_kill"] = _ended(task)
            figures["again"] = run(task | {"kill_at": 0}, group)
        figures["left"] = _left(group)
    finally:
        group.close()
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
