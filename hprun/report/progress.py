"""How far a search is: counts, the best so far, the time left."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import field

from hprun.dataclass import dataclass
from hprun.engine.listening import Place
from hprun.metrics import better, trial_score
from hprun.model import FAILURES, Metric, Values
from hprun.report.results import Result
from hprun.store import Close, TrialRow


@dataclass
class Progress:
    """Kept up to date by a listener; a trial counts for the best once all its runs are in."""

    metric: Metric | None
    runs: int
    runs_per_trial: int
    done: int = 0
    failed: int = 0
    begun: float = field(default_factory=time.monotonic)
    ended_here: int = 0
    best: tuple[float, int, Values] | None = None
    _scores: dict[int, list[float | None]] = field(default_factory=dict)

    def remember(self, best: Iterable[Result], begun: Iterable[TrialRow]) -> None:
        """Take up what was known before this coordinator began: the best, and begun trials."""
        for trial in begun:
            values = [part.reading.value for part in trial.parts if part.reading is not None]
            self._scores[trial.number] = values
        for result in best:
            if result.rank is not None and result.score is not None:
                self._consider(result.score, result.trial, result.values)

    def ended(self, place: Place, close: Close) -> None:
        """Count a run that ended."""
        self.done += 1
        self.ended_here += 1
        self.failed += close.outcome in FAILURES
        if close.reading is None or self.metric is None or close.outcome in FAILURES:
            return
        scores = self._scores.setdefault(place.trial, [])
        scores.append(close.reading.value)
        if len(scores) == self.runs_per_trial:
            score = trial_score(scores).mean
            if score is not None:
                self._consider(score, place.trial, place.values)

    def dropped(self, runs: int) -> None:
        """Count runs that are left out."""
        self.done += runs

    def _consider(self, score: float, trial: int, values: Values) -> None:
        assert self.metric is not None
        known = self.best
        if known is None or better(score, known[0], self.metric.direction):
            self.best = (score, trial, values)

    def seconds_left(self) -> float | None:
        """By the pace so far; None before the first run has ended."""
        if not self.ended_here:
            return None
        pace = (time.monotonic() - self.begun) / self.ended_here
        return pace * (self.runs - self.done)
