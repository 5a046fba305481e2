"""Attempts as processes of this machine, each in a session of its own.

A small shell stands between hprun and the script, or where a server of warm starts forked the
script, a keeper that does what the shell does. It holds the run's lock, outlives the script
whatever ends that, and leaves an exit record by rename. So a coordinator that died and came
back can tell a run that lives from one that ended and one that vanished, without time-outs and
without trusting process ids; and the script is an ordinary `python script.py` that cannot tell
the difference.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hprun.dataclass import dataclass
from hprun.executors.stuck import STUCK_S, Stillness, sample
from hprun.executors.warm import Fork, ForkServer
from hprun.executors.warm_starts import WarmStarts
from hprun.files import Lock, is_locked, read_plainly
from hprun.model import Alive, Exited, Gone, Life
from hprun.paths import RunPaths

if TYPE_CHECKING:
    import psutil

# Arguments: attempt number, path of the exit record, then the command. Standard input is the
# lock, whose text becomes the process group. The traps make the shell wait for the script and
# are reset in the script itself, as POSIX has it.
_SHELL = """\
exec 9<&0 0</dev/null
echo $$ >&9
told=0
trap told=1 HUP INT TERM
attempt=$1 record=$2
shift 2
"$@"
status=$?
echo "$attempt $status $told" >"$record.new" && exec mv -f "$record.new" "$record"
exit $status
"""
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_STUCK_LOOK_S = 10.0
_POLL_S = 0.1  # seconds between looks where the kernel cannot wake us
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
MARK = "HPRUN_MARK"
"""The variable by which a process is known to be ours, wherever it fled to."""


@dataclass(frozen=True, slots=True)
class Launch:
    """All that an attempt needs; `lock` is held by the caller and stays with the process."""

    run: int
    attempt: int
    paths: RunPaths
    command: Sequence[str]
    env: Mapping[str, str]
    lock: Lock


@dataclass(frozen=True, slots=True)
class _Sent:
    """An attempt that a server was asked to fork, and has not answered yet."""

    launch: Launch
    fork: Fork
    server: ForkServer


@dataclass(frozen=True, slots=True)
class _Keeper:
    """What stands where the shell stands, for an attempt that was forked by a server."""

    server: ForkServer
    pid: int
    stillness: Stillness


class LocalExecutor:
    """Starts attempts on this machine and looks after those that an earlier coordinator left.

    With `warm` starts, attempts are forked where that can be; the others start cold.
    """

    def __init__(self, warm: WarmStarts | None = None) -> None:
        self._warm = warm
        self._children: dict[int, subprocess.Popen[bytes]] = {}  # by run
        self._sent: dict[int, _Sent] = {}  # by run
        self._keepers: dict[int, _Keeper] = {}  # by run
        self._pidfds: dict[int, int] = {}  # by run
        self._looked_for_stuck = time.monotonic()
        _become_subreaper()

    @property
    def preparing(self) -> bool:
        """Whether it is worth to wait with starts, because they will soon be warm."""
        return self._warm is not None and self._warm.preparing

    def close(self) -> None:
        """End what was only there to start attempts; those go on."""
        self._hear(wait=True)
        if self._warm is not None:
            self._warm.close()

    def start(self, launch: Launch) -> None:
        """Start the process and hand it the lock. Raises OSError."""
        paths = launch.paths
        paths.exit_record.unlink(missing_ok=True)
        launch.lock.clear()  # the shell writes its own number over what an older one left
        env = dict(launch.env) | {
            "HPRUN_ATTEMPT": str(launch.attempt),
            MARK: f"{_mark(paths, launch.attempt)}{paths.folder}",
        }
        log = os.open(paths.log, _APPEND, 0o666)
        try:
            if launch.attempt > 1:
                os.write(log, f"\n--- attempt {launch.attempt} ---\n".encode())
            if not self._send(launch, env, log):
                self._start_cold(launch, env, log)
        finally:
            os.close(log)

    def _start_cold(self, launch: Launch, env: Mapping[str, str], log: int) -> None:
        self._children[launch.run] = _started_cold(launch, env, log)
        self._watch(launch.run, self._children[launch.run].pid)
        launch.lock.release()

    def _send(self, launch: Launch, env: Mapping[str, str], log: int) -> bool:
        """Have an attempt forked, if that can be; the lock is held until that is done."""
        if self._warm is None:
            return False
        fork = Fork(
            command=launch.command,
            env=env,
            folder=launch.paths.folder,
            attempt=launch.attempt,
            record=launch.paths.exit_record,
            log=log,
            lock=launch.lock.descriptor,
        )
        server = self._warm.send(fork)
        if server is not None:
            self._sent[launch.run] = _Sent(launch, fork, server)
        return server is not None

    def _hear(self, *, wait: bool = False) -> None:
        """Hear what became of forks; with `wait`, of all of them."""
        for server in {id(sent.server): sent.server for sent in self._sent.values()}.values():
            for fork, answer in server.answers(wait=wait):
                run = next(run for run, sent in self._sent.items() if sent.fork is fork)
                launch = self._sent.pop(run).launch
                if isinstance(answer, int):
                    self._keepers[run] = _Keeper(server, answer, Stillness())
                    self._watch(run, answer)
                    launch.lock.release()
                    continue
                assert self._warm is not None, "nobody else sends"
                self._warm.declined(server, answer)
                with contextlib.suppress(OSError):
                    log = os.open(launch.paths.log, _APPEND, 0o666)
                    try:
                        self._start_cold(launch, fork.env, log)
                    finally:
                        os.close(log)
                launch.lock.release()  # one that could not be started is found to be gone

    def look(self, run: int, attempt: int, paths: RunPaths) -> Life:
        """Say how an attempt is, whoever started it."""
        self._hear()
        child, keeper = self._children.get(run), self._keepers.get(run)
        if (
            run in self._sent
            or (child is not None and not _has_exited(child))
            or (keeper is not None and run in self._pidfds and not self._ended(run))
        ):
            return Alive()
        record = _read_record(paths.exit_record, attempt)
        if record is not None:
            return record
        if keeper is not None and self._lives(run, attempt, keeper, paths):
            return Alive()
        ours = child is not None or keeper is not None
        if not ours and is_locked(paths.lock) and _shell_lives(paths, attempt):
            if run not in self._pidfds:
                self._watch(run, _group(paths))
            return Alive()
        # Without its shell nobody will write down how the script ends: what is left of the
        # attempt, and may hold the lock for ever, is for `bury`.
        # The record may have come between the two looks.
        record = _read_record(paths.exit_record, attempt)
        if record is None and ours:
            status = child.wait() if child is not None else None
            return _unrecorded(keeper.server.status(keeper.pid) if keeper is not None else status)
        return record or Gone()

    def _lives(self, run: int, attempt: int, keeper: _Keeper, paths: RunPaths) -> bool:
        if run in self._pidfds:
            return False
        if keeper.server.status(keeper.pid) is not None:
            return False
        return is_locked(paths.lock) and _shell_lives(paths, attempt)

    def hung(self) -> set[int]:
        """The runs whose warm attempts hang. From now on all starts are cold if there is one."""
        now = time.monotonic()
        if now - self._looked_for_stuck < _STUCK_LOOK_S:
            return set()
        self._looked_for_stuck = now
        found = set[int]()
        for run, keeper in self._keepers.items():
            seen = sample(keeper.pid)
            if seen is not None and keeper.stillness.seconds(seen, now) >= STUCK_S:
                found.add(run)
        if found and self._warm is not None:
            self._warm.stop("an attempt that was forked hangs")
        return found

    def root(self, paths: RunPaths) -> int:
        """The id of the process that all others of an attempt descend from; 0 if not known."""
        return _group(paths)

    def signal(self, paths: RunPaths, number: signal.Signals) -> None:
        """Signal all processes of a run that still holds its lock."""
        self._hear(wait=True)
        if is_locked(paths.lock):
            _signal_group(_group(paths), number)

    def bury(self, run: int, attempt: int, paths: RunPaths) -> None:
        """End what an ended attempt left behind: its process group, and what fled from it."""
        pidfd = self._pidfds.pop(run, None)
        if pidfd is not None:
            os.close(pidfd)
        mark = _mark(paths, attempt)
        child = self._children.pop(run, None)
        if child is not None:
            # Not waited for yet, so the number cannot belong to anybody else.
            _signal_group(child.pid, signal.SIGKILL)
            child.wait()
        keeper = self._keepers.pop(run, None)
        status = child.returncode if child is not None else None
        if keeper is not None and _read_record(paths.exit_record, attempt) is not None:
            keeper.server.let_go(keeper.pid)
            status = 0
        elif keeper is not None:
            status = keeper.server.bury(keeper.pid)
        orphans = _orphans(known=self._known())
        if status is None or status < 0 or orphans:
            # A shell that ended by itself has waited for its script, and what that left is ours
            # by now. Otherwise it may still be dying, or belong to nobody: look everywhere.
            _kill_marked(mark)
        for pid in orphans:
            _end_fugitive(pid, mark)

    def wait(self, timeout_s: float, others: Iterable[int] = ()) -> None:
        """Return when an attempt may have ended, a descriptor of `others` is ready, or in time."""
        if len(self._pidfds) < len(self._children) + len(self._keepers):
            timeout_s = min(timeout_s, _POLL_S)
        until = time.monotonic() + timeout_s
        while True:
            warm = self._warm.descriptors() if self._warm is not None else []
            poller = select.poll()
            for descriptor in (*self._pidfds.values(), *warm, *others):
                poller.register(descriptor, select.POLLIN)
            ready = poller.poll(max(0.0, until - time.monotonic()) * 1000)
            preparing = self.preparing
            if self._warm is not None:
                self._warm.advance()
            self._hear()
            # That an attempt was forked is no news for the caller, who has asked for it.
            if preparing or not ready or any(number not in warm for number, _ in ready):
                break
        for run in [run for run in self._pidfds if self._ended(run)]:
            # The process is gone but its lock may be held by what it left: do not spin on it.
            os.close(self._pidfds.pop(run))

    def _known(self) -> set[int]:
        """The children that are no orphans: shells, keepers whose server is dead, the server."""
        known = {child.pid for child in self._children.values()}
        known |= {keeper.pid for keeper in self._keepers.values()}
        if self._warm is not None and self._warm.server is not None:
            known.add(self._warm.server.pid)
        return known

    def _ended(self, run: int) -> bool:
        return bool(select.select([self._pidfds[run]], [], [], 0)[0])

    def _watch(self, run: int, pid: int) -> None:
        if pid and hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                self._pidfds[run] = os.pidfd_open(pid)


def _started_cold(launch: Launch, env: Mapping[str, str], log: int) -> subprocess.Popen[bytes]:
    record = str(launch.paths.exit_record)
    shell = ["/bin/sh", "-c", _SHELL, "hprun", str(launch.attempt), record]
    return subprocess.Popen(
        [*shell, *launch.command],
        stdin=launch.lock.descriptor,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=launch.paths.folder,
        env=env,
        start_new_session=True,
    )


def _read_record(path: Path, attempt: int) -> Exited | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        number, status, told = (int(word) for word in os.read(descriptor, 64).split())
        at = os.fstat(descriptor).st_mtime
    except (OSError, ValueError):
        return None
    finally:
        os.close(descriptor)
    return Exited(status, at, bool(told)) if number == attempt else None


def _group(paths: RunPaths) -> int:
    """The process group that the lock's holder wrote down; 0 if it did not come to that."""
    try:
        return int(paths.lock.read_text("ascii"))
    except (OSError, ValueError):
        return 0


def _signal_group(group: int, number: signal.Signals) -> None:
    if group > 1:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def _mark(paths: RunPaths, attempt: int) -> str:
    """What the processes of an attempt carry: the same by whatever path the cache is reached."""
    try:
        lock = paths.lock.stat()
    except OSError:
        return f"?:{attempt}:"
    return f"{lock.st_dev}:{lock.st_ino}:{attempt}:"


def _carries(process: psutil.Process, mark: str) -> bool:
    return process.environ().get(MARK, "").startswith(mark)


def _shell_lives(paths: RunPaths, attempt: int) -> bool:
    """Say whether the shell of an attempt that another coordinator started is there, or to come."""
    import psutil

    shell = _group(paths)
    if shell <= 1:
        return True  # it holds the lock and has not written its number yet
    try:
        process = psutil.Process(shell)
        ours = _carries(process, _mark(paths, attempt))
        return ours and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except (psutil.Error, OSError):
        return True  # cannot be seen: believe the lock


def _kill_marked(mark: str) -> None:
    """Kill what is left of an attempt, wherever it fled to, and what that starts meanwhile."""
    import psutil

    for _ in range(5):
        found = False
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if _carries(process, mark):
                    process.kill()
                    found = True
        if not found:
            return


def _unrecorded(status: int | None) -> Life:
    """How an attempt ended that could not write it down, as on a full disk."""
    return Exited(status, time.time()) if status is not None and status >= 0 else Gone()


def _has_exited(child: subprocess.Popen[bytes]) -> bool:
    """Say whether a child has ended, without waiting for it where that can be had."""
    if not hasattr(os, "waitid"):  # macOS
        return child.poll() is not None
    try:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _orphans(known: set[int]) -> list[int]:
    """Processes that were left to us by dead parents (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    try:
        children = read_plainly(f"/proc/self/task/{os.getpid()}/children").split()
    except OSError:
        return []
    return [int(pid) for pid in children if int(pid) not in known]


def _end_fugitive(pid: int, mark: str) -> None:
    """Kill a process that left the run's group, and its children; reap it."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            if not _carries(process, mark):
                return
            for child in (*process.children(recursive=True), process):
                child.kill()
    with contextlib.suppress(ChildProcessError):
        deadline = time.monotonic() + 1
        while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
            time.sleep(0.005)


def _become_subreaper() -> None:
    """Let the children of dead runs come to us, so that none gets away. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
