"""All event files below a run's folder, grouped by the folder that each lies in."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hprun.metrics.merging import MergedCurve, SeriesMerge, concurrent
from hprun.metrics.resolve import Series, could_mean

if TYPE_CHECKING:
    from hprun.metrics.eventfile import EventFile


class EventRuns:
    """Follows the event files of a run's folder.

    With `wanted` names, only points that one of them may mean are kept.
    """

    def __init__(self, root: Path, wanted: Collection[str] | None = None) -> None:
        self._root = os.fspath(root)
        self._tests = None if wanted is None else [could_mean(name) for name in wanted]
        self._files: dict[str, EventFile] = {}
        self._runs: dict[str, list[EventFile]] = {}
        self._merges: dict[Series, SeriesMerge] = {}

    def poll(self, paths: Sequence[str]) -> bool:
        """Read what is new in the files at `paths`, and forget the others; True if any is."""
        gone = self._files.keys() - set(paths)
        for path in gone:
            del self._files[path]
        changed = bool(gone)
        for path in paths:
            file = self._files.get(path)
            if file is None:
                from hprun.metrics.eventfile import EventFile  # most runs of most scripts have none

                file = self._files[path] = EventFile(path, self._keep(self._run_of(path)))
            changed |= file.poll()
        if changed:
            self._group()
        return changed

    def poll_known(self) -> bool:
        """Read what is new in the files that are known; True if anything is."""
        changed = False
        for file in self._files.values():
            changed |= file.poll()
        if changed:
            self._group()
        return changed

    @property
    def newest(self) -> float | None:
        """The wall time of the newest event, in seconds since the epoch; None without one."""
        times = [t for file in self._files.values() if (t := file.points.newest) is not None]
        return max(times, default=None)

    def series(self) -> list[Series]:
        """List the series that have points."""
        found = {
            Series(run, tag)
            for run, files in self._runs.items()
            for file in files
            for tag, points in file.points.tags.items()
            if points is not None
        }
        return sorted(found)

    def names(self) -> list[str]:
        """List all scalars as they can be written: the tag, or `run//tag` if several have it."""
        runs: dict[str, set[str]] = {}
        for run, files in self._runs.items():
            for file in files:
                for tag in file.points.tags:
                    runs.setdefault(tag, set()).add(run)
        return sorted(
            tag if len(runs[tag]) == 1 else str(Series(run, tag))
            for tag in runs
            for run in runs[tag]
        )

    def merged(self, one: Series) -> MergedCurve:
        """Give a series' curve out of all its run's files."""
        files = [file.points for file in self._runs[one.run]]
        return self._merges.setdefault(one, SeriesMerge()).update(files, one.tag)

    def is_echo(self, one: Series) -> bool:
        """Tell whether a series is but the copy of a result in a session of the HParams tab."""
        files = self._runs[one.run]
        return any(file.points.hparams for file in files) and len(self.merged(one)) == 1

    def began_since(self, one: Series, since: float) -> bool:
        """Tell whether any of a series' files began at `since` or later."""
        return any((file.points.began or 0.0) >= since for file in self.files(one))

    def is_concurrent(self, one: Series) -> bool:
        """Tell whether two files of a series were written at the same time."""
        return concurrent([file.points for file in self._runs[one.run]], one.tag)

    def files(self, one: Series) -> list[EventFile]:
        """List the files that hold points of a series, in the order in which they began."""
        return [f for f in self._runs[one.run] if f.points.tags.get(one.tag) is not None]

    def all_files(self) -> list[EventFile]:
        """List all event files."""
        return list(self._files.values())

    def files_at(self, place: str, tag: str) -> list[EventFile]:
        """List the files whose path is or ends in `place` and that hold the tag."""
        holders = [f for f in self._files.values() if f.points.tags.get(tag) is not None]
        whole = [file for file in holders if self.label(file) == place]
        return whole or [f for f in holders if place and self.label(f).endswith(f"/{place}")]

    def label(self, file: EventFile) -> str:
        """Name a file: its path in the run's folder."""
        return self._below(file.path)

    def _run_of(self, path: str) -> str:
        return self._below(path).rpartition("/")[0]

    def _below(self, path: str) -> str:
        # Paths are put together from the root's: relpath would ask for the working folder.
        return path[len(self._root.rstrip(os.sep)) + 1 :].replace(os.sep, "/")

    def _keep(self, run: str) -> Callable[[str], bool] | None:
        tests = self._tests
        if tests is None:
            return None
        return lambda tag: any(test(Series(run, tag)) for test in tests)

    def _group(self) -> None:
        """Sort the files into runs, one name for each; files without a record do not count."""
        self._runs = {}
        seen: set[tuple[int, int]] = set()
        real_first = list(self._files.values())
        if len(real_first) > 1:
            # A link to an event file is the same file again.
            real_first.sort(key=lambda file: (os.path.islink(file.path), file.path))  # noqa: PTH114
        for file in real_first:
            if file.points.began is not None and file.inode not in seen:
                seen.add(file.inode)
                self._runs.setdefault(self._run_of(file.path), []).append(file)
        for files in self._runs.values():
            files.sort(key=lambda file: (file.points.began or 0.0, file.path))
        kept = set(self.series())
        self._merges = {one: merge for one, merge in self._merges.items() if one in kept}
