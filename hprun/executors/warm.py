"""Attempts as forks of a server that has imported already what the script imports.

The server is a process of the script's own Python, see `forkserver/`. It is asked over a socket
pair and answers there; nothing that goes wrong with it touches an attempt that runs. Whatever
it cannot do it says in a sentence, and the attempt is started cold.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hprun.dataclass import dataclass
from hprun.executors.warm_messages import (
    MARK,
    common_env,
    configuration,
    fork_request,
    shared_env,
)
from hprun.executors.warm_messages import CannotFork as CannotFork  # noqa: PLC0414 - part of what is offered here
from hprun.executors.warm_messages import Fork as Fork  # noqa: PLC0414 - part of what is offered here
from hprun.executors.warm_messages import Setting as Setting  # noqa: PLC0414 - part of what is offered here
from hprun.executors.warm_messages import SharedPrefix as SharedPrefix  # noqa: PLC0414 - part of what is offered here

READY_S = 120.0
"""So long may the imports take."""
ANSWER_S = 10.0
"""So long may an answer take of a server that is ready."""
_CONTROL = 9
_ARGUMENTS_ROOM = 8 << 10  # bytes for an attempt's arguments
_ENVIRONMENT_ROOM = 32 << 10  # bytes for what an attempt adds to the environment
_ENTRY = Path(__file__).with_name("forkserver") / "importlib_bootstrap.py"
# Python finds the socket at a number that no import will ever get: the lock's, in an attempt.
_SHELL = 'exec 9<&0 0</dev/null; exec "$@"'


@dataclass(frozen=True, slots=True)
class Starting:
    """The imports are being carried out."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Attempts can be forked; after `seconds`, with `kilobytes` in memory.

    `modules` counts what is loaded. `failed` is the import that raised, and ended the list.
    """

    seconds: float
    kilobytes: int
    modules: int
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """No fork would be safe, or like a cold start: `why` is a sentence without its full stop."""

    why: str


@dataclass(frozen=True, slots=True)
class Dead:
    """There was a server, and it ended: `why` is a sentence without its full stop."""

    why: str


State = Starting | Ready | Refused | Dead
Answer = tuple[Fork, int | CannotFork]
_ENDED = "the server of warm starts ended"
_SILENT = f"the server of warm starts did not answer in {ANSWER_S:.0f} seconds"


def why_never() -> str | None:
    """Why attempts cannot be forked on this machine at all; None where they can."""
    if sys.platform != "linux":
        return "warm starts need Linux"
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (OSError, AttributeError):
        return "warm starts need Linux 5.3 or newer"
    if not Path("/proc/self/stat").exists():
        return "warm starts need /proc"
    return None


class ForkServer:
    """One server; start it from the main thread, whose death ends it.

    `log` is the file where the server's own output goes. Raises OSError where the interpreter
    cannot be started.
    """

    def __init__(self, setting: Setting, log: Path) -> None:
        self.setting = setting
        self._state: State = Starting()
        self._buffer = b""
        self._asked = deque[tuple[Fork, float]]()
        self._answered: list[Answer] = []
        self._common = common_env(setting.env)
        self._until = time.monotonic() + READY_S
        self._socket, theirs = socket.socketpair()
        shell = ["/bin/sh", "-c", _SHELL, "hprun", self.setting.python, str(_ENTRY)]
        arguments = [str(os.getpid()), "x" * _ARGUMENTS_ROOM]
        try:
            with log.open("ab", buffering=0) as output:
                self._process = subprocess.Popen(
                    [*shell, *arguments],
                    stdin=theirs.fileno(),
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=self.setting.folder,
                    env=shared_env(setting.env) | {"HPRUN_PADDING": "x" * _ENVIRONMENT_ROOM},
                    start_new_session=True,
                )
        except BaseException:
            self._socket.close()
            raise
        finally:
            theirs.close()
        self._socket.settimeout(ANSWER_S)
        with contextlib.suppress(OSError):  # then `advance` finds it dead
            self._send(configuration(self.setting))

    @property
    def state(self) -> State:
        """How the server is, as far as `advance` and `launch` saw."""
        return self._state

    @property
    def descriptor(self) -> int | None:
        """What can be read when `advance` has something to do; None when it never has."""
        return self._socket.fileno() if isinstance(self._state, Starting | Ready) else None

    @property
    def pid(self) -> int:
        """The server's process; it is waited for here."""
        return self._process.pid

    @property
    def patience_s(self) -> float | None:
        """In how many seconds `advance` gives a starting server up; None if it is not starting."""
        if not isinstance(self._state, Starting):
            return None
        return max(0.0, self._until - time.monotonic())

    def advance(self) -> State:
        """See what the server said, without waiting for it."""
        while isinstance(self._state, Starting | Ready):
            words = self._receive(0.0)
            if words is None:
                break
            if self._asked:
                self._take(words)
            else:
                self._begin(words)
        if self.patience_s == 0.0:
            self._end(Dead(f"the imports took more than {READY_S:.0f} seconds"))
        elif self._asked and time.monotonic() - self._asked[0][1] > ANSWER_S:
            self._end(Dead(_SILENT))
        return self._state

    def send(self, fork: Fork) -> None:
        """Have an attempt forked; whether it was is for `answers`.

        The descriptors are passed on: the caller may close its own. Raises CannotFork: then
        nothing was asked.
        """
        if not isinstance(self._state, Ready):
            raise CannotFork(getattr(self._state, "why", "the imports are not done"))
        request = fork_request(fork, self.setting, self._common)
        try:
            self._send(request, (fork.log, fork.lock))
        except OSError:
            self._end(Dead(_ENDED))
            raise CannotFork(_ENDED) from None
        self._asked.append((fork, time.monotonic()))

    def answers(self, *, wait: bool = False) -> list[Answer]:
        """What became of the forks that were asked for, in order; with `wait`, of all of them.

        A keeper's number, which leads the attempt's process group, or CannotFork: then nothing
        runs. The keeper is the server's child until `bury`; watch it with a pidfd.
        """
        self.advance()
        while wait and self._asked and isinstance(self._state, Ready):
            words = self._receive(ANSWER_S)
            if words is None:
                self._end(Dead(_SILENT))
            else:
                self._take(words)
        if not isinstance(self._state, Starting | Ready):
            why = self._state.why
            while self._asked:
                fork, _ = self._asked.popleft()
                _kill_marked(fork.env.get(MARK))
                self._answered.append((fork, CannotFork(why)))
        answered, self._answered = self._answered, []
        return answered

    def launch(self, fork: Fork) -> int:
        """Fork an attempt and wait for its keeper's number. Raises CannotFork: nothing runs."""
        self.send(fork)
        ((_, answer),) = self.answers(wait=True)
        if isinstance(answer, CannotFork):
            raise answer
        return answer

    def status(self, pid: int) -> int | None:
        """How a keeper ended, -N for signal N; None while it lives or where nobody can say."""
        words = self._ask({"do": "look", "pid": pid})
        return _number(words) if words is not None else _wait_here(pid, os.WNOWAIT)

    def bury(self, pid: int) -> int | None:
        """End what is left of a keeper's process group, and let its number go; as `status`."""
        words = self._ask({"do": "bury", "pid": pid})
        if words is not None:
            return _number(words)
        # The server is dead, so what it had forked is ours, if anybody's.
        if _is_child(pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            return _wait_here(pid, 0)
        return None

    def let_go(self, pid: int) -> None:
        """As `bury`, of a keeper that has ended by itself; returns before that is done."""
        try:
            if isinstance(self._state, Ready):
                self._send({"do": "let go", "pid": pid})
                return
        except OSError:
            self._end(Dead(_ENDED))
        self.bury(pid)

    def close(self) -> None:
        """End the server; attempts go on without it."""
        self._end(Dead("the server of warm starts was closed"))

    def _take(self, words: list[str]) -> None:
        """The answer to the fork that was asked for first."""
        fork, _ = self._asked.popleft()
        answer = int(words[1]) if words[0] == "started" else CannotFork(words[1])
        self._answered.append((fork, answer))

    def _begin(self, words: list[str]) -> None:
        match words:
            case ["ready", seconds, kilobytes, modules, failed]:
                self._state = Ready(float(seconds), int(kilobytes), int(modules), failed)
            case ["refused", why]:
                self._end(Refused(why))
            case _:
                self._end(Dead("the server of warm starts does not make sense"))

    def _ask(self, request: dict[str, Any], fds: Sequence[int] = ()) -> list[str] | None:
        """The answer; None of a server that is dead, or is so from now on."""
        if not isinstance(self._state, Ready):
            return None
        try:
            self._send(request, fds)
        except OSError:
            self._end(Dead(_ENDED))
            return None
        while (words := self._receive(ANSWER_S)) is not None and self._asked:
            self._take(words)  # it answers in order
        if words is None:
            self._end(Dead(_SILENT))
        return words

    def _send(self, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
        body = marshal.dumps(message, 2)  # a version that every Python 3 reads
        data = len(body).to_bytes(4, "big") + body
        if fds:
            data = data[socket.send_fds(self._socket, [data], fds) :]
        if data:
            self._socket.sendall(data)

    def _receive(self, timeout_s: float) -> list[str] | None:
        """The next message, if it comes in time; a server that hung up is dead."""
        until = time.monotonic() + timeout_s
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        while True:
            size = int.from_bytes(self._buffer[:4], "big") if len(self._buffer) >= 4 else None
            if size is not None and len(self._buffer) >= 4 + size:
                body, self._buffer = self._buffer[4 : 4 + size], self._buffer[4 + size :]
                return body.decode("utf-8", "replace").split("\0")
            if not poller.poll(max(0.0, until - time.monotonic()) * 1000):
                return None
            try:
                part = self._socket.recv(1 << 16)
            except OSError:
                part = b""
            if not part:
                self._end(Dead(_ENDED))
                return None
            self._buffer += part

    def _end(self, state: State) -> None:
        """Kill the server and whatever it forked that is no attempt yet; wait for it."""
        if isinstance(self._state, Refused | Dead):
            return
        self._state = state
        # Not waited for yet, so the number cannot belong to anybody else.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._socket.close()


def _number(words: list[str]) -> int | None:
    return int(words[1]) if words[1] else None


def _is_child(pid: int) -> bool:
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _wait_here(pid: int, more: int) -> int | None:
    """How a process ended that came to us when the server died."""
    flags = os.WEXITED | more | (os.WNOHANG if more else 0)
    try:
        ended = os.waitid(os.P_PID, pid, flags)
    except ChildProcessError:
        return None
    if ended is None:
        return None
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def _kill_marked(mark: str | None) -> None:
    """Kill what a server that went silent may have forked for an attempt after all."""
    import psutil

    for process in psutil.process_iter() if mark else ():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark:
                process.kill()
