"""Which files of a run's folder can hold metrics."""

from __future__ import annotations

import os
import time
from dataclasses import field
from pathlib import Path

from hprun.dataclass import dataclass

_SETTLED = 2_000_000_000
"""Nanoseconds after which a folder's time stamp can be trusted to tell of further changes."""

_TEXT_SUFFIXES = (".json", ".jsonl", ".csv")


@dataclass(slots=True)
class _Listing:
    """What a folder held when its time stamp was `stamp` (0: look again)."""

    stamp: int
    folders: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


class RunFolder:
    """Lists the files of a run's folder, again and again, looking only at folders that changed.

    Hidden folders, `__pycache__` and links to folders are left out; a folder that is missing or
    cannot be read holds nothing.
    """

    def __init__(self, root: Path) -> None:
        self._root = os.fspath(root)
        self._listings: dict[str, _Listing] = {}

    def files(self) -> tuple[list[str], list[str]]:
        """Give the paths of event files and of JSON, JSONL and CSV files, in a fixed order."""
        events: list[str] = []
        texts: list[str] = []
        listings: dict[str, _Listing] = {}
        waiting = [self._root]
        while waiting:
            path = waiting.pop()
            listing = _list(path, self._listings.get(path))
            if listing is not None:
                listings[path] = listing
                events += listing.events
                texts += listing.texts
                waiting += listing.folders
        self._listings = listings
        return sorted(events), sorted(texts)


def _list(path: str, known: _Listing | None) -> _Listing | None:
    """List one folder, or give what is known of it if it has not changed."""
    try:
        stamp = os.stat(path).st_mtime_ns  # noqa: PTH116  (a Path per folder doubles the time)
        if known is not None and known.stamp == stamp:
            return known
        # A change within the time stamp's grain would go unseen: do not trust a fresh one.
        settled = time.time_ns() - stamp > _SETTLED
        listing = _Listing(stamp if settled else 0)
        with os.scandir(path) as entries:
            for entry in entries:
                _sort_in(entry, listing)
    except OSError:
        return None
    return listing


def _sort_in(entry: os.DirEntry[str], listing: _Listing) -> None:
    name = entry.name
    if entry.is_dir(follow_symlinks=False):
        if not name.startswith(".") and name != "__pycache__":
            listing.folders.append(entry.path)
    elif "tfevents" in name:
        listing.events.append(entry.path)
    elif name.lower().endswith(_TEXT_SUFFIXES):
        listing.texts.append(entry.path)
