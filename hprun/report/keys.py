"""Keys pressed while a search is watched: `q`, or the word quit, stops it."""

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
    where there is no keyboard.
    """

    def __init__(self, quit_: Callable[[], None]) -> None:
        self._quit = quit_
        self._before: list[object] | None = None
        self.descriptor: int | None = None

    def read(self) -> None:
        """Take what was typed, without waiting."""
        if self.descriptor is None:
            return
        try:
            if not select.select([self.descriptor], [], [], 0)[0]:
                return
            typed = os.read(self.descriptor, 64)
        except OSError:
            typed = b""
        if not typed:
            self.descriptor = None
        elif b"q" in typed.lower():
            self._quit()

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
