"""The keeper of an attempt: what a shell is for a cold start.

It leads the attempt's session, holds the run's lock, waits for the script and leaves the exit
record by rename. It needs neither the server nor the coordinator.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from typing import Any

    from hprun.executors.forkserver import likeness
else:
    import _signal  # all that is needed of `signal`, which would bring `enum` along

_TOLD = {_signal.SIGHUP, _signal.SIGINT, _signal.SIGTERM}


def fork_keeper(
    request: "dict[str, Any]", blocks: "likeness.Blocks", lock_number: int
) -> "int | None":
    """Fork the keeper and give its number; None in the process that is to become the script.

    Raises OSError when there can be no more processes.
    """
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
    try:
        pid = os.fork()
    except OSError:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
        raise
    if pid:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
        return pid
    script = 0
    try:
        script = _begin(request, blocks, lock_number)
    except BaseException as error:  # noqa: BLE001 - never the server's loop
        os.write(2, f"hprun: this attempt could not be started: {error}\n".encode())
        _leave(request, 127, told=0)
    if script == 0:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
        return None
    _keep(request, script, before)
    return None


def _begin(request: "dict[str, Any]", blocks: "likeness.Blocks", lock_number: int) -> int:
    """Set up what keeper and script share, and fork the script; 0 in the script."""
    # First of all be known by the mark, while the server's group can still be ended as a whole:
    # so there is no moment in which this process could get away unseen.
    blocks.environment.write(request["variables"])
    os.setsid()
    blocks.arguments.write(request["words"][1])
    log, lock = request["fds"]
    os.dup2(lock, lock_number)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for fd in {log, lock} - {1, 2, lock_number}:
        os.close(fd)
    os.chdir(request["folder"])
    keeper = os.getpid()
    script = os.fork()
    if script:
        try:  # noqa: SIM105 - without contextlib
            os.write(lock_number, b"%d\n" % keeper)
        except OSError:
            pass  # a full disk: the script runs all the same, as under a shell
    return script


def _keep(request: "dict[str, Any]", script: int, before: "Any") -> None:
    """Wait for the script as a shell does, that notes when it is told to end."""
    told = []
    for number in _TOLD & _signal.sigpending():
        os.kill(script, number)  # it came to the group when the script was not in it yet
    for number in _TOLD:
        # As for a shell, what was ignored from the start stays so.
        if _signal.getsignal(number) != _signal.SIG_IGN:
            _signal.signal(number, lambda number, _: told.append(number))
    _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
    status = os.waitstatus_to_exitcode(os.waitpid(script, 0)[1])
    if status < 0 and -status not in (_signal.SIGINT, _signal.SIGPIPE):
        os.write(2, f"{_signal.strsignal(-status)}\n".encode())
    _leave(request, 128 - status if status < 0 else status, told=int(bool(told)))


def _leave(request: "dict[str, Any]", status: int, told: int) -> None:
    record = os.fsencode(request["record"])
    try:
        fd = os.open(record + b".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.write(fd, b"%d %d %d\n" % (request["attempt"], status, told))
        os.close(fd)
        os.rename(record + b".new", record)  # noqa: PTH104
    except OSError:
        pass  # whoever waits for us still learns the status
    os._exit(status)
