"""One question at a time, answered in a thread of its own while the loop goes on."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

from hprun.dataclass import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came of a question: a result, or the error that was raised; and what was printed."""

    result: T | None
    error: BaseException | None
    printed: tuple[str, ...]


class Thinker(Generic[T]):
    """Answers questions in one daemon thread, the same for all of them.

    A thread can be left behind when it never answers, which no signal or lock can promise for
    code that is somebody else's. What it prints to stdout meanwhile is kept for the answer:
    stdout is for data.
    """

    def __init__(self) -> None:
        self._questions: SimpleQueue[Callable[[], T]] = SimpleQueue()
        self._answered = threading.Event()
        self._result: T | None = None
        self._error: BaseException | None = None
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._thread: threading.Thread | None = None
        self._since: float | None = None
        self._printed = io.StringIO()
        self._stdout = sys.stdout

    @property
    def descriptor(self) -> int:
        """Readable once a question has been answered."""
        return self._read

    @property
    def thinking(self) -> bool:
        """Whether a question has been asked and its answer not been taken."""
        return self._since is not None

    @property
    def seconds(self) -> float:
        """How long it has been thinking about the question."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    def ask(self, question: Callable[[], T], patience_s: float) -> None:
        """Begin with a question, and wait a little: most are answered in no time."""
        assert not self.thinking, "one question at a time"
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._answer_all, name="hprun-strategy", daemon=True
            )
            self._thread.start()
        self._since = time.monotonic()
        self._printed = io.StringIO()
        self._stdout, sys.stdout = sys.stdout, self._printed
        self._questions.put(question)
        self._answered.wait(patience_s)

    def answer(self) -> Answer[T] | None:
        """The answer, once there is one."""
        if not self.thinking:
            return None
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 512)
            self._answered.wait()  # it comes right behind the byte
        if not self._answered.is_set():
            return None
        self._answered.clear()
        return Answer(self._result, self._error, self.give_up())

    def give_up(self) -> tuple[str, ...]:
        """Wait for it no longer; gives the lines that it printed so far."""
        if self._since is None:
            return ()
        self._since = None
        sys.stdout = self._stdout
        return tuple(self._printed.getvalue().splitlines())

    def _answer_all(self) -> None:
        while True:
            question = self._questions.get()
            self._result = self._error = None
            try:
                self._result = question()
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is told to who asked
                self._error = error
            with contextlib.suppress(BlockingIOError):
                os.write(self._write, b"\0")
            self._answered.set()
