"""Questions to the store that need not be asked again while no other process writes there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hprun.store import Store

Row = TypeVar("Row")


class Unchanged:
    """Remembers which questions had no answer, for as long as nobody else has written.

    Only for what this process does not change itself: who runs beside it, and what others left.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version = -1
        self._nothing = set[str]()

    def look(self) -> None:
        """See whether another process has written since the last look."""
        version = self._store.version()
        if version != self._version:
            self._version = version
            self._nothing.clear()

    def ask(self, name: str, question: Callable[[], list[Row]]) -> list[Row]:
        """What the question, known by its name, has for an answer."""
        if name in self._nothing:
            return []
        rows = question()
        if not rows:
            self._nothing.add(name)
        return rows
