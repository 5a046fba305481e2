"""NVIDIA's Multi-Process Service: whether it runs, and a control daemon of our own.

Source: NVIDIA's Multi-Process Service guide, nvidia-cuda-mps-control(1).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hprun.errors import HprunError
from hprun.identity import digest_text

PIPES = "CUDA_MPS_PIPE_DIRECTORY"
"""The variable by which programs find the daemon."""
PROGRAM = "nvidia-cuda-mps-control"
_LOGS = "CUDA_MPS_LOG_DIRECTORY"
_DEFAULT = "/tmp/nvidia-mps"  # noqa: S108 - where NVIDIA has it
_LONGEST = 107  # bytes in the address of a socket, unix(7)
_ANSWER_S = 10.0
_QUIT_S = 5  # after which the daemon ends servers that still have clients
_LOOK_S = 0.05


def running(env: Mapping[str, str]) -> Path | None:
    """The pipe directory of a control daemon that answers to programs of this environment."""
    folder = Path(env.get(PIPES) or _DEFAULT)
    return folder if _answers(folder) else None


def _answers(pipes: Path) -> bool:
    if not (pipes / "control").exists():
        return False
    program = shutil.which(PROGRAM)
    if program is None:  # as in a container into which the pipes are mounted
        return _lives(_pid(pipes))
    return _ask(program, pipes, "get_server_list") == ""


def _ask(program: str, pipes: Path, command: str) -> str:
    """Give a command to the daemon; "" or what went wrong."""
    try:
        done = subprocess.run(
            [program],
            input=f"{command}\n",
            env={**os.environ, PIPES: str(pipes)},
            capture_output=True,
            text=True,
            timeout=_ANSWER_S,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = f"{done.stdout} {done.stderr}".strip()
    failed = done.returncode != 0 or "Cannot find MPS control daemon" in said
    return (said or f"{PROGRAM} ended with {done.returncode}") if failed else ""


def _pid(pipes: Path) -> int:
    """The daemon's process; 0 if it left no number."""
    try:
        return int((pipes / f"{PROGRAM}.pid").read_text("ascii"))
    except (OSError, ValueError):
        return 0


def _lives(pid: int) -> bool:
    """Whether there is a process that has not ended; whoever has to may never bury it."""
    import psutil

    try:
        return pid > 1 and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _short(pipes: Path) -> Path:
    """A path by which sockets in there can be named: the folder's own, or a link to be made."""
    if len(os.fsencode(pipes / "control_privileged")) <= _LONGEST:
        return pipes
    import tempfile

    name = f"hprun-mps-{os.geteuid()}-{digest_text(str(pipes))[:12]}"
    return Path(tempfile.gettempdir(), name)


def check_program() -> None:
    """Say what starting a daemon would miss. Raises HprunError."""
    if shutil.which(PROGRAM) is None:
        raise HprunError(
            f"--mps: there is no program {PROGRAM}.",
            hint="It comes with NVIDIA's driver; Debian has it in the package nvidia-cuda-mps.",
        )


class Daemon:
    """A control daemon whose pipes and logs lie in `folder`; it may be left from earlier.

    Where the folder's path is too long for sockets, `pipes` is a link to it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._real = folder / "pipe"
        self.pipes = _short(self._real)

    @property
    def runs(self) -> bool:
        """Whether it answers."""
        return self._is_ours() and _answers(self.pipes)

    def _is_ours(self) -> bool:
        """Whether nobody else has made a link of that name."""
        try:
            return self.pipes.lstat().st_uid == os.geteuid()
        except OSError:
            return False

    def start(self) -> None:
        """Start it and wait until it answers. Raises HprunError."""
        check_program()
        logs = self._folder / "log"
        try:
            self._make_room(logs)
        except OSError as error:
            raise HprunError(f"--mps: its pipes could not be laid out: {error}.") from error
        # Programs say by their own variable which devices they want; devices that the daemon
        # does not see would have other numbers for them.
        env = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
        env |= {PIPES: str(self.pipes), _LOGS: str(logs)}
        said = self._folder / "start.log"  # not a pipe: the daemon would keep it open
        why = ""
        with said.open("wb") as output:
            try:
                done = subprocess.run(
                    [PROGRAM, "-d"],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=env,
                    timeout=_ANSWER_S,
                    check=False,
                    start_new_session=True,
                )
                failed = done.returncode != 0
            except (OSError, subprocess.TimeoutExpired) as error:
                failed, why = True, str(error)
        if not failed and self._until(lambda: self.runs):
            return
        self.stop()
        why = why or said.read_text("utf-8", errors="replace").strip() or "it does not answer"
        raise HprunError(
            f"--mps: the control daemon could not be started: {why}.",
            hint=f"Its logs are in {logs}. Without --mps, runs share the GPU in turns.",
        )

    def _make_room(self, logs: Path) -> None:
        shutil.rmtree(self._real, ignore_errors=True)  # of one that a reboot has ended
        self._real.mkdir(parents=True, mode=0o700)
        logs.mkdir(exist_ok=True)
        if self.pipes != self._real:
            if self._is_ours():
                self.pipes.unlink()
            self.pipes.symlink_to(self._real)

    def stop(self) -> str:
        """Stop it and wait for its end; "" or why it may still be there. ^C waits for that."""
        program = shutil.which(PROGRAM)
        with _undisturbed():
            pid = _pid(self.pipes)
            why = "" if program is None else _ask(program, self.pipes, f"quit -t {_QUIT_S}")
            if not self._until(lambda: not _lives(pid)):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGTERM)
                if not self._until(lambda: not _lives(pid)):
                    return why or f"process {pid} does not end"
            if self.pipes != self._real and self._is_ours():
                self.pipes.unlink()
        return ""

    def _until(self, holds: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + _ANSWER_S
        while not holds():
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_S)
        return True


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Leave signals that would end us until this is over."""
    numbers = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
