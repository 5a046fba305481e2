"""Early stopping: follows the curves of active runs, and says which of them are hopeless."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hprun.config import Settings
from hprun.dataclass import dataclass
from hprun.engine.listening import Place
from hprun.engine.plan import Shape
from hprun.engine.readings import fill_readings
from hprun.errors import ConfigError
from hprun.metrics import Resolved, RunReader, trial_score
from hprun.metrics.creations import Creations
from hprun.model import SCORED, Direction, Metric, Outcome, Reduce
from hprun.paths import Cache
from hprun.stoppers import Board, Stopper, Track, Tracker, make_fold_stopper, make_stopper
from hprun.store import Close, EndedPart, SearchRow, Store

_EVERY_S = 0.25  # between looks into the files of active runs
_WHOLE = (0, 0)  # where the folds of a trial are compared, all trials are on the same part


@dataclass(frozen=True, slots=True)
class Rules:
    """By what a search's runs are stopped, and the remaining folds of its trials left out.

    `folds` is None where they are not, and `fold_rule` None where only those of a trial are of
    which a run was stopped.
    """

    stoppers: tuple[Stopper, ...] = ()
    folds: bool = False
    fold_rule: Stopper | None = None


def rules(settings: Settings, metric: Metric | None, shape: Shape) -> Rules:
    """What settings say of early stopping. Raises ConfigError."""
    if metric is None:
        raise ConfigError("Runs are stopped early by a metric, and none is named.",
                          hint="Name it with --metric.")  # fmt: skip
    stoppers = tuple(make_stopper(text, metric.direction) for text in settings.stop)
    if not settings.stop_folds:
        return Rules(stoppers)
    parts = shape.runs_per_trial
    if parts == 1:
        raise ConfigError("--stop-folds has no effect: trials have one run.",
                          hint="Say --cv K, or --repeats R.")  # fmt: skip
    rule = make_fold_stopper(settings.stop_folds, metric.direction, parts)
    if rule is None and not stoppers:
        raise ConfigError("--stop-folds stopped has no effect without --stop.",
                          hint="Name a stopper, as in --stop asha.")  # fmt: skip
    return Rules(stoppers, True, rule)


def early_stops(
    store: Store, cache: Cache, search: SearchRow, of: Rules, shape: Shape
) -> EarlyStops:
    """What stops the runs of a search; it begins with what its ended runs have shown."""
    assert search.metric is not None, "what has no metric cannot be stopped by it"
    fill_readings(store, cache, search.id, search.metric, tracked=True)
    direction = search.metric.direction
    folds = FoldStops(shape.parts(), of.fold_rule, direction) if of.folds else None
    return EarlyStops(store, cache, search, Board(of.stoppers, direction), folds)


@dataclass(eq=False)
class _Followed:
    place: Place
    reader: RunReader
    tracker: Tracker
    first_hand: bool  # seen from its first value on


class EarlyStops:
    """What the stoppers of one search say.

    Judges a run when it comes to a mark. What it did before this coordinator took it over, or
    before it was preempted, was compared with the others' then, and is not once more. Runs that were asked for again, by `hprun retry`, go on to their end.
    """

    def __init__(
        self, store: Store, cache: Cache, search: SearchRow, board: Board, folds: FoldStops | None
    ) -> None:
        assert search.metric is not None, "what has no metric cannot be stopped by it"
        self._store = store
        self._cache = cache
        self._metric = search.metric
        self._board = board
        self._folds = folds
        self._followed: dict[int, _Followed] = {}
        self._spared = set[int]()
        self._fresh = set[int]()
        self._dropped: dict[int, str] = {}  # trials, with the reason
        self._creations = Creations()
        self._looked = 0.0
        self.hopeless: dict[int, str] = {}
        for part in store.ended_parts(search.id, self._metric):
            self._take(part, judging=False)

    def close(self) -> None:
        """No more to follow."""
        self._creations.close()

    def started(self, run: int, attempt: int) -> None:
        """A run that was started here for the first time is seen from its first value on."""
        if attempt == 1:
            self._fresh.add(run)

    def look(self, active: Mapping[int, Place], now: float) -> Mapping[int, str]:
        """Read what the active runs wrote; the hopeless ones, with the reason.

        `now` is monotonic.
        """
        for run in self._followed.keys() - active.keys():
            self._creations.forget(self._cache.run(self._followed.pop(run).place.folder).folder)
            self.hopeless.pop(run, None)
        if now - self._looked < _EVERY_S:
            return self.hopeless
        self._looked = now
        for run, place in active.items():
            if run not in self._followed:
                self._follow(run, place)
            if place.trial < 0 or run in self.hopeless or run in self._spared:
                continue
            why = self._judge(run, self._followed[run]) or self._dropped.get(place.trial, "")
            if why:
                self.hopeless[run] = why
        return self.hopeless

    def _follow(self, run: int, place: Place) -> None:
        paths = self._cache.run(place.folder)
        since = self._store.since(run)
        reader = RunReader(paths.folder, log=paths.log, since=since, wanted=[self._metric.name])
        self._creations.watch(paths.folder)
        self._followed[run] = _Followed(
            place, reader, Tracker(self._metric), first_hand=run in self._fresh
        )
        self._fresh.discard(run)
        if self._store.asked_again(run):
            self._spared.add(run)

    def _judge(self, run: int, followed: _Followed) -> str:
        place, tracker = followed.place, followed.tracker
        folder = self._cache.run(place.folder).folder
        changed = followed.reader.poll(look_for_new=self._creations.new_in(folder))
        if not changed:
            return ""
        reading = followed.reader.reading(self._metric)
        if not isinstance(reading, Resolved):
            return ""
        tracker.follow(reading.points.values, reading.points.size)
        part = (place.fold, place.repeat)
        comparing, followed.first_hand = followed.first_hand, True
        return self._board.judge(run, place.trial, part, tracker, comparing=comparing)

    def ended(self, place: Place, close: Close) -> str:
        """Learn from a run that ended; why the rest of its trial is to be dropped, or ""."""
        reading = close.reading
        value = reading.value if reading is not None else None
        detail = (reading.detail or {}) if reading is not None else {}
        part = EndedPart(
            place.run, place.trial, place.fold, place.repeat, close.outcome, value, detail
        )
        self._spared.discard(place.run)
        return self._take(part, judging=True)

    def was_stopped(self, place: Place) -> str:
        """Why to drop what is left of the trial of a run that is told to end, or ""."""
        return f"fold {place.fold} was stopped" if self._folds is not None else ""

    def drop(self, trial: int, why: str) -> None:
        """The active runs of a trial are hopeless, too, and none is to come."""
        if self._folds is not None:
            self._folds.forget(trial)
        self._dropped[trial] = why

    def _take(self, part: EndedPart, *, judging: bool) -> str:
        track = part.detail.get("track")
        if track is not None and part.outcome in SCORED:
            self._board.learn(
                part.run,
                part.trial,
                (part.fold, part.repeat),
                Track(track["scores"], track["values"]),
                completed=part.outcome is Outcome.COMPLETED,
            )
        return self._folds.take(part, judging=judging) if self._folds is not None else ""


class FoldStops:
    """Says which trials are not worth their remaining folds: `--stop-folds`."""

    def __init__(
        self, parts: Iterable[tuple[int, int]], rule: Stopper | None, direction: Direction
    ) -> None:
        """Without a rule, only what was stopped within a fold loses the others."""
        self._parts = list(parts)
        self._board = Board([rule] if rule is not None else [], direction)
        self._metric = Metric("", Reduce.LAST, direction)
        self._begun: dict[int, dict[tuple[int, int], EndedPart]] = {}

    def take(self, part: EndedPart, *, judging: bool) -> str:
        """Take in a run that ended; why to drop what is left of its trial, or "" to go on."""
        trial = self._begun.setdefault(part.trial, {})
        trial[part.fold, part.repeat] = part
        tracker = Tracker(self._metric)
        means = self._means(trial)
        tracker.follow(means, len(means))
        why = ""
        if judging:
            why = self._board.judge(part.trial, part.trial, _WHOLE, tracker)
        else:
            self._board.see(part.trial, part.trial, _WHOLE, tracker)
        if len(trial) == len(self._parts):
            self.forget(part.trial)
            return ""
        if part.outcome is Outcome.STOPPED:
            return f"fold {part.fold} was stopped"
        return f"folds: {why}" if why else ""

    def forget(self, trial: int) -> None:
        """Nothing more comes of a trial."""
        self._begun.pop(trial, None)

    def _means(self, trial: Mapping[tuple[int, int], EndedPart]) -> list[float]:
        """The mean over the first fold, the first two folds, and so on, as far as they ended."""
        means: list[float] = []
        values: list[float] = []
        for place in self._parts:
            part = trial.get(place)
            if part is None or part.value is None or part.outcome is not Outcome.COMPLETED:
                break
            values.append(part.value)
            mean = trial_score(values).mean
            assert mean is not None
            means.append(mean)
        return means
