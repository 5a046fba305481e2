"""Keys pressed while a search is watched."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import tty
from collections.abc import Callable
from types import TracebackType


class Keys:
    """Reads single keys from the terminal, and leaves the terminal as it was.

    The end of standard input is no wish to stop: a start-up script has none. `descriptor` is None
    where there is no keyboard. `q`, or the word quit, calls what is given.
    """

    def __init__(self, quit_: Callable[[], None] = lambda: None) -> None:
        self._quit = quit_
        self._before: list[object] | None = None
        self.descriptor: int | None = None

    def read(self) -> None:
        """Take what was typed, without waiting, and heed it."""
        if b"q" in self.typed().lower():
            self._quit()

    def typed(self) -> bytes:
        """What was typed since last time, without waiting."""
        if self.descriptor is None:
            return b""
        try:
            if not select.select([self.descriptor], [], [], 0)[0]:
                return b""
            typed = os.read(self.descriptor, 64)
        except OSError:
            typed = b""
        if not typed:
            self.descriptor = None
        return typed

    def __enter__(self) -> Keys:
        # A job in the background that touched the terminal would be stopped by the kernel.
        with contextlib.suppress(OSError, ValueError, termios.error):
            descriptor = sys.stdin.fileno()
            if os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp():
                self._before = termios.tcgetattr(descriptor)
                tty.setcbreak(descriptor, termios.TCSANOW)
                self.descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._before)  # type: ignore[arg-type]
