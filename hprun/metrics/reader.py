"""A run's metrics, from whatever it writes, as often as one asks."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from hprun.metrics.compact import Points
from hprun.metrics.eventruns import EventRuns
from hprun.metrics.folder import RunFolder
from hprun.metrics.merging import MergedCurve, SeriesMerge
from hprun.metrics.ranking import score
from hprun.metrics.readings import Ambiguous, Candidate, Missing, Reading, Resolved
from hprun.metrics.resolve import Series, explicit_forms, resolve
from hprun.metrics.textsources import TextSources
from hprun.model import Curve, Metric

if TYPE_CHECKING:
    from hprun.metrics.eventfile import EventFile


class RunReader:
    """Follows what one run writes below its folder, and its log.

    `since` is when the run's attempt started, in seconds since the epoch: text files that were
    not changed since then are not the run's, and of several series that a name may mean, older
    ones are left out. With `wanted` metric names, points that none of them can mean are not kept.
    """

    def __init__(
        self,
        folder: Path,
        *,
        log: Path | None = None,
        since: float = 0.0,
        wanted: Collection[str] | None = None,
    ) -> None:
        self._root = folder
        self._since = since
        self._wanted = None if wanted is None else set(wanted)
        self._folder = RunFolder(folder)
        self._events = EventRuns(folder, self._wanted)
        self._texts = TextSources(folder, log, since)
        self._files: tuple[list[str], list[str]] | None = None
        self._known: dict[tuple[Metric, bool], tuple[Reading, bool]] = {}

    def poll(self, *, look_for_new: bool = True) -> bool:
        """Read what is new; True if anything came. Nothing that lies there makes it fail.

        Without `look_for_new`, only the files that are known are looked at: that costs one call to
        the system for each.
        """
        if look_for_new or self._files is None:
            self._files = self._folder.files()
            changed = self._events.poll(self._files[0])
        else:
            changed = self._events.poll_known()
        # Texts are worth a look only while some name is looked for in them.
        watch = not self._known or any(from_texts for _, from_texts in self._known.values())
        changed |= self._texts.poll(self._files[1], watch=watch)
        if changed:
            self._known.clear()
        return changed

    @property
    def newest(self) -> float | None:
        """When the newest event was written, in seconds since the epoch; None without one.

        Writers hold events back for up to two minutes, so this says how fresh a live value is.
        """
        return self._events.newest

    def written(self, metric: Metric) -> float | None:
        """When the newest value of a metric was written, in seconds since the epoch, as of the
        last poll; None where it is not in event files.
        """
        found = resolve(metric.name, self._events.series())
        if found is None:
            return None
        meant, _ = self._narrow(found[1])
        points = (file.points.tags[one.tag] for one in meant for file in self._events.files(one))
        return max((of_tag.last for of_tag in points if of_tag is not None), default=None)

    def reading(self, metric: Metric, *, ended: bool = False) -> Reading:
        """Say what a metric is, as of the last poll.

        With `ended`, nothing more will come: a last line without its end counts, and bytes at
        the end of a file that make no record are noted.
        """
        if self._wanted is not None and metric.name not in self._wanted:
            self._wanted.add(metric.name)
            self._events = EventRuns(self._root, self._wanted)
            self.poll()
        known = self._known.get((metric, ended))
        if known is None:
            reading = self._from_events(metric, ended=ended)
            known = (
                (self._from_texts(metric, ended=ended), True)
                if reading is None
                else (reading, False)
            )
            self._known[metric, ended] = known
        return known[0]

    def _from_events(self, metric: Metric, *, ended: bool) -> Reading | None:
        found = resolve(metric.name, self._events.series())
        if found is None:
            return self._from_one_file(metric, ended=ended)
        rule, all_meant = found
        meant, notes = self._narrow(all_meant)
        if len(meant) > 1:
            return Ambiguous(
                tuple(_candidate(str(one), self._events.merged(one)) for one in meant), rule, notes
            )
        files = self._events.files(meant[0])
        if self._events.is_concurrent(meant[0]):
            tag = meant[0].tag
            return Ambiguous(
                tuple(
                    _candidate(f"{self._events.label(file)}//{tag}", _alone(file, tag))
                    for file in files
                ),
                rule,
                (*notes, f"several files of {meant[0]} were written at the same time"),
            )
        merged = self._events.merged(meant[0])
        notes += (*merged.notes(), *self._damage(files, ended=ended))
        return _resolved(str(meant[0]), rule, merged, metric, notes)

    def _narrow(self, meant: list[Series]) -> tuple[list[Series], tuple[str, ...]]:
        """Leave out what merely repeats a result, and what an earlier attempt left behind."""
        if len(meant) > 1:
            meant = [one for one in meant if not self._events.is_echo(one)] or meant
        if len(meant) > 1:
            recent = [one for one in meant if self._events.began_since(one, self._since)]
            if recent and len(recent) < len(meant):
                left = ", ".join(str(one) for one in meant if one not in recent)
                return recent, (f"written before this attempt and left out: {left}",)
        return meant, ()

    def _from_one_file(self, metric: Metric, *, ended: bool) -> Reading | None:
        """`path/of/an/event/file//tag`: that file alone."""
        for place, tag in explicit_forms(metric.name):
            files = self._events.files_at(place, tag)
            merges = [_alone(file, tag) for file in files]
            names = [f"{self._events.label(file)}//{tag}" for file in files]
            if len(files) > 1:
                return Ambiguous(tuple(map(_candidate, names, merges)), "as written")
            if files:
                notes = (*merges[0].notes(), *self._damage(files, ended=ended))
                return _resolved(names[0], "as written", merges[0], metric, notes)
        return None

    def _from_texts(self, metric: Metric, *, ended: bool) -> Reading:
        found = self._texts.find(metric.name, ended=ended)
        if found is None:
            return self._missing(metric.name, ended=ended)
        rule, meant = found
        if len(meant) > 1:
            return Ambiguous(
                tuple(_of_curve(one.series, one.curve) for one in meant),
                rule,
            )
        one = meant[0]
        value, step = score(one.curve, metric.reduce) if one.curve.steps else (None, None)
        return Resolved(one.series, rule, Points.of(one.curve), value, step, one.notes)

    def _missing(self, name: str, *, ended: bool) -> Missing:
        from difflib import get_close_matches

        names = self._events.names()
        names += [one for one in self._texts.names() if one not in names]
        lowered: dict[str, list[str]] = {}
        for one in names:
            lowered.setdefault(one.rpartition("//")[2].lower(), []).append(one)
        tag = name.rpartition("//")[2].lower()
        near = get_close_matches(tag, lowered, n=5)
        return Missing(
            tuple(names),
            tuple(one for match in near for one in lowered[match]),
            tuple(self._damage(self._events.all_files(), ended=ended)),
        )

    def _damage(self, files: Collection[EventFile], *, ended: bool) -> list[str]:
        """Say what could not be read of the files."""
        notes = []
        for file in files:
            label = self._events.label(file)
            if file.skipped:
                notes.append(f"{_count(file.skipped, 'damaged byte')} skipped in {label}")
            if file.unreadable:
                notes.append(f"{_count(file.unreadable, 'record')} not understood in {label}")
            if ended and file.pending:
                notes.append(f"{_count(file.pending, 'byte')} at the end of {label} unfinished")
        return notes


def read_run(
    folder: Path,
    metric: Metric,
    *,
    log: Path | None = None,
    since: float = 0.0,
    ended: bool = True,
) -> Reading:
    """Read a metric once; see RunReader."""
    reader = RunReader(folder, log=log, since=since, wanted=[metric.name])
    reader.poll()
    return reader.reading(metric, ended=ended)


def _resolved(
    series: str, rule: str, merged: MergedCurve, metric: Metric, notes: tuple[str, ...]
) -> Resolved:
    value, step = merged.score(metric.reduce) if len(merged) else (None, None)
    return Resolved(series, rule, merged.points(), value, step, notes)


def _alone(file: EventFile, tag: str) -> MergedCurve:
    """Give the curve that one file holds."""
    return SeriesMerge().update([file.points], tag)


def _candidate(series: str, merged: MergedCurve) -> Candidate:
    last = merged.last()
    step, value = last if last is not None else (None, None)
    return Candidate(series, len(merged), step, value)


def _of_curve(series: str, curve: Curve) -> Candidate:
    return Candidate(series, len(curve.steps), curve.steps[-1], curve.values[-1])


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
