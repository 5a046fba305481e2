"""What all hooks of one process share: settings, the record, the account of time."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .ledger import Ledger


class Session:
    """One process of one run.

    `folder` is where checkpoints go; it stays the same over attempts. `every` says when to
    save: a number of epochs, `auto` or `off`.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.folder = Path(settings["folder"])
        self.every: int | str = settings["every"]
        self.ledger = Ledger()
        self._record = Path(settings["record"])
        self._process = os.getpid()
        self._fits = 0
        self._depth = 0
        self.earlier = _read(self._record)
        self.note("start", at=time.time())

    @property
    def concerned(self) -> bool:
        """False in a forked child, in another thread, and inside a training that is looked after."""
        ours = os.getpid() == self._process
        return ours and threading.current_thread() is threading.main_thread() and not self._depth

    @property
    def began(self) -> float:
        """When the run's first attempt reached this point, in seconds since the epoch."""
        return min(
            (row["at"] for row in self.earlier if row.get("event") == "start" and "at" in row),
            default=time.time(),
        )

    @contextmanager
    def training(self) -> Iterator[int]:
        """Around one training; gives its number, from 0, and keeps the account of its time."""
        number = self._fits
        self._fits += 1
        self._depth += 1
        self.ledger.begin(time.perf_counter())
        try:
            yield number
        finally:
            self.ledger.end(time.perf_counter())
            self._depth -= 1

    def note(self, event: str, **facts: Any) -> None:
        """Append to the record; a full disk or missing folder is no reason to fail."""
        line = json.dumps({"event": event, **facts}, default=str)
        with suppress(OSError), self._record.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def write_down(self, event: str, **facts: Any) -> None:
        """Note what holds from now on, for this attempt and later ones."""
        self.earlier.append({"event": event, **facts})
        self.note(event, **facts)

    def error(self, where: str, error: BaseException) -> None:
        """Write down what went wrong in here."""
        self.note("error", where=where, error=f"{type(error).__name__}: {error}")

    def said(self, event: str, **facts: Any) -> list[dict[str, Any]]:
        """What earlier attempts noted of one kind, and this one wrote down."""
        wanted = {"event": event, **facts}
        return [
            row
            for row in self.earlier
            if all(row.get(name) == value for name, value in wanted.items())
        ]


def _read(path: Path) -> list[dict[str, Any]]:
    rows = []
    with suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            with suppress(ValueError):
                row = json.loads(line)
                if isinstance(row, dict):
                    rows.append(row)
    return rows
