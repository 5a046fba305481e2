"""The store: searches, queue and results in one SQLite file."""

from __future__ import annotations

from hprun.store.queue import Queue
from hprun.store.searches import Searches


class Store(Searches, Queue):
    """One method for each question to the database, and one for each thing that happens.

    Any process may ask; one coordinator per search writes its runs. Times come from the caller,
    in seconds since the epoch. Methods that say so are for the inside of a `transaction`.
    """
