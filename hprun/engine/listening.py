"""What happens in a search, for those who want to show it."""

from __future__ import annotations

from typing import Protocol

from hprun.dataclass import dataclass
from hprun.engine.adding import Added
from hprun.model import Values
from hprun.store import AtOnce, Close


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands in its search."""

    run: int
    trial: int
    fold: int
    repeat: int
    values: Values
    folder: str
    identity: str = ""


class Listener(Protocol):
    """Who wants to know what happens, to show it."""

    def started(self, place: Place, attempt: int) -> None:
        """An attempt was started."""

    def adopted(self, place: Place, attempt: int) -> None:
        """An attempt that an earlier coordinator started was found alive."""

    def ended(self, place: Place, close: Close) -> None:
        """A run is over."""

    def requeued(self, place: Place, why: str) -> None:
        """A run goes back to the queue."""

    def added(self, added: Added) -> None:
        """Trials were added by hand, or could not be."""

    def enough(self, why: str) -> None:
        """The search's goal is met."""

    def dropped(self, trial: int, runs: int, why: str) -> None:
        """So many runs of a trial, which waited, are left out."""

    def stopping(self, why: str) -> None:
        """The search was asked to stop."""

    def paused(self, why: str) -> None:
        """Nothing is started for now, for this reason; "" if it goes on."""

    def at_once(self, at_once: AtOnce) -> None:
        """It was found out that so many runs at once are best so far, and why."""

    def descriptors(self) -> list[int]:
        """What the loop is to wake up for, beside runs and signals."""

    def looked(self) -> None:
        """A turn of the loop is over."""
