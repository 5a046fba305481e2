"""A running search where nobody watches: one line for each run that ends."""

from __future__ import annotations

from pathlib import Path

from hprun.engine.adding import Added
from hprun.engine.decide import PREPARING
from hprun.engine.listening import Place
from hprun.executors.warm import Ready
from hprun.model import FAILURES, SCORED, Outcome
from hprun.paths import Cache
from hprun.report.log_tail import not_copied, tail
from hprun.report.progress import Progress
from hprun.report.terminal import stderr
from hprun.report.words import count_words, score_words, size_words, time_words, value_words
from hprun.report.words_in_colour import Coloured
from hprun.store import AtOnce, Close

_TAIL = 8  # lines of a failed run's log
_FULL_TAILS = 3  # so many failures are told with their log; more would hide the rest


class Lines:
    """Prints events to stderr; `quiet` leaves only failures, `brief` hides what ended well."""

    def __init__(
        self,
        progress: Progress,
        cache: Cache,
        workspace: Path,
        *,
        quiet: bool = False,
        verbose: bool = False,
        brief: bool = False,
    ) -> None:
        self.progress = progress
        self._cache = cache
        self._workspace = workspace
        self._quiet = quiet
        self._brief = brief
        self._verbose = verbose
        self._console = stderr()
        self._tails = 0
        self._gone = False
        self._waits_for = ""
        self._resolved: set[str] = set()

    def say(self, text: str | Coloured) -> None:
        """Print one line; a terminal or pipe that went away must not end a search."""
        if self._gone:
            return
        try:
            self._console.print(text, markup=False)
        except OSError:
            self._gone = True

    def started(self, place: Place, attempt: int) -> None:
        """Say so only when asked to say more."""
        if self._verbose:
            self.say(f"{self.name(place)} started (attempt {attempt}): {value_words(place.values)}")

    def adopted(self, place: Place, attempt: int) -> None:
        """Say that an earlier coordinator's run is taken over."""
        if place.trial < 0:
            self.say("A run of the script as it was before is still going: ending it.")
        elif not self._quiet:
            self.say(f"{self.name(place)} was started before (attempt {attempt}): taking it over")

    def requeued(self, place: Place, why: str) -> None:
        """Say that a run goes back to the queue."""
        if not self._quiet:
            self.say(f"{self.name(place)} goes back to the queue: {why}")

    def added(self, added: Added) -> None:
        """Say what was added by hand, and count it."""
        self.progress.runs += added.runs
        for text in added_words(added, quiet=self._quiet):
            self.say(text)

    def enough(self, why: str) -> None:
        """Say why the search is complete before all is done."""
        if not self._quiet:
            self.say(f"{why}.")

    def dropped(self, trial: int, runs: int, why: str) -> None:
        """Say that runs of a trial are left out."""
        self.progress.dropped(runs)
        if not self._quiet and not self._brief:
            self.say(f"trial {trial}: {count_words(runs, 'run')} left out: {why}")

    def stopping(self, why: str) -> None:
        """Say that the end is near."""
        if why == "softly":
            self.say("Stopping: asking the runs to end. ^C again ends them at once.")
        else:
            self.say("Stopping at once.")

    def paused(self, why: str) -> None:
        """Say that nothing is started for now, or that it goes on."""
        waited, self._waits_for = self._waits_for, why
        if why == PREPARING or (not why and waited == PREPARING):
            if self._verbose and why:
                self.say(f"Nothing is started yet: {why}.")
            return
        self.say(f"Starting nothing more for now: {why}." if why else "Going on.")

    def at_once(self, at_once: AtOnce) -> None:
        """Say how many runs at once it has come to; what is only tried, when asked to say more."""
        tried = at_once.why.startswith(("trying", "one run"))
        if not self._quiet and not self._brief and (self._verbose or not tried):
            self.say(f"{at_once.count} at once: {at_once.why}")

    def warm(self, server: Ready) -> None:
        """Say what runs no longer have to do, when asked to say more."""
        if self._verbose:
            size, took = size_words(server.kilobytes * 1024), time_words(server.seconds)
            self.say(f"Warm starts: {server.modules} modules in {took}, {size} that runs share")

    def descriptors(self) -> list[int]:
        """Nothing to wake up for."""
        return []

    def looked(self) -> None:
        """Nothing to redraw."""

    def ended(self, place: Place, close: Close) -> None:
        """One line; a failed run's log with it."""
        self.progress.ended(place, close)
        if place.trial < 0:
            return
        good = close.outcome in SCORED
        if not self._quiet:
            self._say_resolved(close)
        if good and (self._quiet or self._brief):
            return
        width = len(str(self.progress.runs))
        count = f"[{self.progress.done:>{width}}/{self.progress.runs}]"
        line = (f"{count} {self.name(place)}  {value_words(place.values)}  ", "")
        ending = (self._ending(close), "" if good else "red")
        self.say(Coloured((line, ending, (f"  {time_words(close.seconds)}", ""))))
        if close.outcome in FAILURES:
            self._say_log(place)

    def _ending(self, close: Close) -> str:
        if close.outcome not in SCORED:
            return f"{close.outcome.value}: {close.detail}" if close.detail else close.outcome.value
        metric, reading = self.progress.metric, close.reading
        if metric is None or reading is None:
            return close.outcome.value
        if reading.kind == "ambiguous":
            return f"{metric.name} ?"
        if reading.kind == "missing":
            return f"{close.outcome.value}, but wrote no {metric.name}"
        at = f" at step {reading.step}" if reading.step else ""
        early = f"  stopped: {close.detail}" if close.outcome is Outcome.STOPPED else ""
        return f"{metric.name} {score_words(reading.value)}{at}{early}"

    def _say_resolved(self, close: Close) -> None:
        """What the metric's name came to mean, once for each meaning."""
        reading = close.reading
        if reading is None or self.progress.metric is None:
            return
        name, detail = self.progress.metric.name, reading.detail or {}
        if reading.kind == "resolved":
            said = f"{name} = {reading.series} ({detail.get('rule')})"
            notes = detail.get("notes", [])
        elif reading.kind == "ambiguous":
            series = ", ".join(candidate[0] for candidate in detail.get("candidates", []))
            said = f"{name} could be any of: {series}. Name one with --metric 'RUN//TAG'."
            notes = []
        else:
            tags = ", ".join(detail.get("tags", [])) or "nothing"
            said = f"No {name} was written. What was: {tags}."
            notes = [f"Did you mean {near}?" for near in detail.get("near", [])[:1]]
        for text in (said, *notes):
            if text not in self._resolved:
                self._resolved.add(text)
                self.say(text)

    def _say_log(self, place: Place) -> None:
        log = self._cache.run(place.folder).log
        self._tails += 1
        if self._tails > _FULL_TAILS:
            self.say(f"    see `hprun logs {place.trial}/{place.fold}`")
            return
        for line in tail(log, _TAIL):
            self.say(f"    {line}")
        missing = not_copied(log, self._workspace)
        if missing:
            self.say(f"    {missing} is in the workspace but ignored by git, so it is not copied:"
                     f" `--link {missing}` leaves it where it is.")  # fmt: skip

    def name(self, place: Place) -> str:
        """A run's name, as short as its search allows."""
        fold = f" fold {place.fold}" if self.progress.runs_per_trial > 1 else ""
        repeat = f" repeat {place.repeat}" if place.repeat else ""
        return f"trial {place.trial}{fold}{repeat}"


def added_words(added: Added, *, quiet: bool) -> list[str]:
    """A line for each trial that was added by hand, or could not be; `quiet`: of the latter."""
    refused = [f"A trial that was asked for cannot be added: {why}" for why in added.refused]
    if quiet:
        return refused
    lines = (f"trial {n} was added by hand: {value_words(values)}" for n, values in added.trials)
    return [*lines, *refused]
