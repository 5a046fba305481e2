"""The server's loop: one request at a time, from the coordinator's socket, until that closes."""

import _socket
import ctypes
import marshal
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from typing import Any

    from hprun.executors.forkserver import (
        keeping,
        likeness,
        prefix,
        preloading,
        safety,
        shutdown,
    )
else:
    import _signal

    import keeping
    import likeness
    import prefix
    import preloading
    import safety
    import shutdown

_CONTROL = 9  # where the coordinator's socket is; in an attempt, the run's lock
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class _Connection:
    """Frames of four bytes of length, most significant first, and so many bytes."""

    def __init__(self) -> None:
        self._socket = _socket.socket(fileno=_CONTROL)

    def receive(self) -> "tuple[dict[str, Any], list[int]]":
        """The next request and the descriptors that came with it; ends the process at the end."""
        head, fds = self._some(4)
        size = int.from_bytes(head, "big")
        body, more = self._some(size)
        return marshal.loads(body), fds + more  # noqa: S302 - from the process that started us

    def _some(self, size: int) -> "tuple[bytes, list[int]]":
        data = b""
        fds: list[int] = []
        while len(data) < size:
            try:
                part, extra, _, _ = self._socket.recvmsg(
                    size - len(data), _socket.CMSG_SPACE(8), _socket.MSG_CMSG_CLOEXEC
                )
            except ConnectionError:
                part, extra = b"", []
            if not part:
                os._exit(0)  # the coordinator is gone: attempts go on without us
            data += part
            for level, kind, raw in extra:
                if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
                    fds += [
                        int.from_bytes(raw[at : at + 4], sys.byteorder)
                        for at in range(0, len(raw) // 4 * 4, 4)
                    ]
        return data, fds

    def send(self, *words: object) -> None:
        """Answer; ends the process when nobody is there."""
        body = b"\0".join(str(word).encode("utf-8", "replace") for word in words)
        try:
            self._socket.sendall(len(body).to_bytes(4, "big") + body)
        except OSError:
            os._exit(0)

    def detach(self) -> None:
        """Forget the socket without closing what is at its number."""
        self._socket.detach()


class _Refused(Exception):  # noqa: N818 - an answer
    """Why no attempt can be forked, in a sentence."""


def serve(baseline: "frozenset[str]", main: "dict[str, Any]") -> "tuple[Any, tuple[Any, ...]]":
    """Preload, then fork on request; returns only in an attempt, with the call that runs it."""
    began = time.monotonic()
    shared = shutdown.Shared()
    _die_with(int(sys.argv[1]))
    blocks = likeness.Blocks()  # before anything can keep a pointer into the environment
    connection = _Connection()
    config, _ = connection.receive()
    try:
        before = frozenset(sys.modules)
        shape = likeness.Shape(main, blocks, config["site"])
        loaded = preloading.carry_out(config["steps"], config["script"])
        shape.imported = loaded.changes
        _flush()
        _check(baseline, config)
        shared.keep()
        if config["prefix"]:
            shape.prefix = prefix.Prefix(config["prefix"], main)
            if shape.prefix.why:
                raise _Refused(shape.prefix.why)
            _check(baseline, config)
    except _Refused as refused:
        connection.send("refused", refused)
        os._exit(0)
    if shape.prefix is None:
        likeness.freeze()
    shape.find_openblas()
    shape.share_environment(config["env"])
    count = len(sys.modules.keys() - before)
    connection.send(
        "ready", f"{time.monotonic() - began:.3f}", _resident_kb(), count, loaded.failed
    )
    job = _loop(connection, shape)
    connection.detach()
    return shape.become(job)


def _check(baseline: "frozenset[str]", config: "dict[str, Any]") -> None:
    """Raise _Refused where a fork is not known to be safe."""
    why = safety.why_not(baseline, frozenset(config["shadows"]), {0, 1, 2, _CONTROL})
    if why:
        raise _Refused(why)


def _loop(connection: _Connection, shape: "likeness.Shape") -> "dict[str, Any]":
    """Answer requests; returns only in an attempt."""
    while True:
        request, fds = connection.receive()
        if request["do"] == "start":
            request["fds"] = fds
            why = shape.why_not(request)
            pid: int | None = 0
            try:
                pid = 0 if why else keeping.fork_keeper(request, shape.blocks, _CONTROL)
            except OSError as error:
                why = f"the system starts no more processes ({error.strerror})"
            if pid is None:
                return request
            for fd in fds:
                os.close(fd)
            connection.send(*(("error", why) if why else ("started", pid)))
        elif request["do"] == "let go":
            _bury(request["pid"], reap=True)
        elif request["do"] == "bury":
            connection.send("ended", _bury(request["pid"], reap=True))
        else:
            connection.send("ended", _bury(request["pid"], reap=False))


def _bury(pid: int, reap: bool) -> "int | str":
    """How a keeper ended, -N for signal N, or "" if it did not; `reap`: end and forget it."""
    try:
        if reap:
            # Not waited for yet, so the number cannot belong to anybody else.
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            try:
                os.killpg(pid, _signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                os.kill(pid, _signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except (ChildProcessError, ProcessLookupError):
        return ""
    if ended is None:
        return ""
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def _flush() -> None:
    """Write out what imports printed: it is not to be written again by every attempt."""
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - without contextlib
            stream.flush()
        except (OSError, ValueError, AttributeError):  # noqa: PERF203
            pass
    ctypes.CDLL(None).fflush(None)


def _die_with(parent: int) -> None:
    """Be killed when the coordinator dies, also in the middle of a long import."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _resident_kb() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
