"""Signals that ask a search to stop, as something that the loop can wait for."""

from __future__ import annotations

import contextlib
import os
import signal
from types import FrameType, TracebackType

from hprun.engine.decide import Asked

_HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Once: stop softly. Twice: stop at once. Only in the main thread."""

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        self.notice = ""  # why somebody else than a signal asks for a stop
        self._count = 0
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        os.set_blocking(self._read, False)
        self._before: dict[signal.Signals, object] = {}
        self._wakeup_before = -1

    @property
    def asked(self) -> Asked:
        """What the signals so far ask for."""
        count = max(self._count, 1 if self.notice else 0)
        return (Asked.GO, Asked.STOP, Asked.STOP_NOW)[min(count, 2)]

    @property
    def descriptor(self) -> int:
        """Readable once a signal has come, and also when a child of ours ended."""
        return self._read

    def ask(self, why: str) -> None:
        """Ask for a soft stop; from any thread. A signal that follows asks for no more than that."""
        self.notice = self.notice or why
        with contextlib.suppress(OSError):
            os.write(self._write, b"\0")

    def drain(self) -> None:
        """Forget what woke us up."""
        try:
            while os.read(self._read, 512):
                pass
        except BlockingIOError:
            return

    def _heed(self, number: int, _frame: FrameType | None) -> None:
        self.first = self.first or signal.Signals(number)
        self._count += 1

    def __enter__(self) -> Interrupts:
        for number in _HEEDED:
            self._before[number] = signal.signal(number, self._heed)
        self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        os.close(self._read)
        os.close(self._write)
