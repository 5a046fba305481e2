"""When to look for new files in the folders of the runs that are active."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Any

from hprun.dataclass import dataclass
from hprun.filesystems import file_system, is_network

EVERY_S = 5.0
"""How long a look for new files can be put off while nothing is told of any."""

_MOST_FOLDERS = 500
"""Folders below one run's that are watched: each takes one of the system's few watches."""


@dataclass(eq=False)
class _Watched:
    """What is known of one folder; `told` is set by the watching thread."""

    told: bool = True
    looked: float = field(default=float("-inf"))
    watch: Any = None

    def dispatch(self, event: object) -> None:
        """Take an event: whatever it is, something is new."""
        self.told = True


class Creations:
    """Says for the folder of each active run whether anything may be new in it.

    The system tells of what is created or moved there, and of nothing else. Where it cannot, and
    lest something was missed, `new_in` also says yes when a folder was last looked at `every`
    seconds ago (by `now`, in seconds). `say` is given a sentence, once, if the system cannot.
    """

    def __init__(
        self,
        *,
        every: float = EVERY_S,
        say: Callable[[str], object] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._every = every
        self._say = say
        self._now = now
        self._observer: Any = None
        self._said = False
        self._folders: dict[Path, _Watched] = {}

    def watch(self, folder: Path) -> None:
        """Begin with a folder, and all below it; links to folders are not followed."""
        if folder in self._folders:
            return
        watched = self._folders[folder] = _Watched()
        try:
            watched.watch = self._schedule(folder, watched)
        # Whatever a watch fails for, a look now and then does instead.
        except Exception as error:  # noqa: BLE001
            self._tell(str(error) or type(error).__name__)

    def forget(self, folder: Path) -> None:
        """End with a folder."""
        watched = self._folders.pop(folder, None)
        if watched is not None and watched.watch is not None:
            # It may have ended by itself, with its folder.
            with suppress(KeyError, OSError, RuntimeError):
                self._observer.unschedule(watched.watch)

    def new_in(self, folder: Path) -> bool:
        """Tell whether to look for new files: yes at first, for a folder not watched too."""
        watched = self._folders.get(folder)
        if watched is None:
            return True
        now = self._now()
        if not watched.told and now - watched.looked < self._every:
            return False
        # Before the look: what is told from here on is for the next one.
        watched.told = False
        watched.looked = now
        return True

    def close(self) -> None:
        """End with all folders."""
        for folder in list(self._folders):
            self.forget(folder)
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join()

    def _schedule(self, folder: Path, watched: _Watched) -> Any:
        from watchdog import events, observers
        from watchdog.observers.polling import PollingObserver

        if observers.Observer is PollingObserver:
            raise OSError("this system does not tell of new files")
        if is_network(file_system(folder.resolve())):
            raise OSError("the folder is on a network file system")
        if _has_many_folders(folder):
            raise OSError(f"{folder} holds more than {_MOST_FOLDERS} folders")
        if self._observer is None:
            observer = observers.Observer()
            observer.start()
            self._observer = observer
        kinds = [
            events.FileCreatedEvent,
            events.DirCreatedEvent,
            events.FileMovedEvent,
            events.DirMovedEvent,
        ]
        return self._observer.schedule(watched, str(folder), recursive=True, event_filter=kinds)

    def _tell(self, why: str) -> None:
        if self._say is not None and not self._said:
            self._said = True
            self._say(f"New files are looked for every {self._every:g} seconds: {why}.")


def _has_many_folders(folder: Path) -> bool:
    """Count folders, but not further than matters."""
    waiting, count = [os.fspath(folder)], 0
    while waiting and count <= _MOST_FOLDERS:
        with os.scandir(waiting.pop()) as entries:
            below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        waiting += below
        count += len(below)
    return count > _MOST_FOLDERS
