"""What a search is given to begin with: the trials of other searches, and of tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from hprun.dataclass import dataclass
from hprun.engine.history import told
from hprun.engine.question import Question
from hprun.engine.readings import fill_readings
from hprun.engine.writing_down import search_key
from hprun.errors import ConfigError
from hprun.model import Metric
from hprun.paths import Cache
from hprun.space import Space
from hprun.space.nearness import did_you_mean
from hprun.store import GivenTrial, SearchRow, Store
from hprun.strategies import Stand
from hprun.strategies.encoding import Encoding
from hprun.strategies.scored import Scored, read_scored


@dataclass(frozen=True, slots=True)
class Source:
    """What one `--from` gives: trials that the strategy may learn from, and how many are left out,
    for want of a score or because they are not of this space.
    """

    name: str
    trials: tuple[GivenTrial, ...]
    scoreless: int
    foreign: int

    def words(self) -> str:
        """`train-1: 12 trials taken, 3 left out (2 without a score, 1 not of this space)`."""
        left = []
        if self.scoreless:
            left.append(f"{self.scoreless:,} without a score")
        if self.foreign:
            left.append(f"{self.foreign:,} not of this space")
        taken = f"{len(self.trials):,} {'trial' if len(self.trials) == 1 else 'trials'} taken"
        rest = f", {self.scoreless + self.foreign:,} left out ({', '.join(left)})" if left else ""
        return f"{self.name}: {taken}{rest}"


def gather(question: Question, cache: Cache) -> list[Source]:
    """What a search's `--from` name; nothing where the search has taken it already.

    Raises ConfigError for a source that is not there or gives nothing. Reads the metric in the
    runs of other searches where it was not read yet.
    """
    names, metric = question.settings.from_, question.metric
    if not names:
        return []
    assert metric is not None, "what learns has a metric"
    store = Store(cache.database, create=False) if cache.database.exists() else None
    try:
        if store is not None and _has_taken(store, search_key(question, cache)):
            return []
        found = []
        for name in dict.fromkeys(names):
            rows = _of_search(store, cache, name, metric) if store is not None else None
            if rows is None:
                rows = _of_file(store, question, name, metric)
            found.append(_source(name, rows, question.space, question.settings.seed))
        return found
    finally:
        if store is not None:
            store.close()


def _has_taken(store: Store, key: str) -> bool:
    known = store.search_by_key(key)
    return known is not None and bool(store.given(known.id))


def _of_search(store: Store, cache: Cache, name: str, metric: Metric) -> list[Scored] | None:
    """The trials of a search that have ended, by number; None where there is no such search."""
    row = next((row for row in store.searches() if row.name == name), None)
    if row is None:
        return None
    fill_readings(store, cache, row.id, metric)
    return list(_ended(store, row, metric))


def _ended(store: Store, row: SearchRow, metric: Metric) -> Iterator[Scored]:
    for known in told(store.proposed(row.id, after=-1), store.progress(row.id, metric)):
        if known.stand is not Stand.OPEN:
            yield Scored(known.values, known.score, known.stand is Stand.STOPPED)


def _of_file(store: Store | None, question: Question, name: str, metric: Metric) -> list[Scored]:
    path: Path = question.workspace / name
    if not path.is_file():
        searches = [row.name for row in store.searches()] if store is not None else []
        raise ConfigError(
            f"--from {name}: there is neither a search nor a file of that name.",
            hint=did_you_mean(name, searches)
            or (f"searches are {', '.join(searches[:8])}" if searches else ""),
        )
    return read_scored(path, question.space.names, metric)


def _source(name: str, rows: list[Scored], space: Space, seed: int) -> Source:
    encoding = Encoding(space, seed)
    trials: list[GivenTrial] = []
    scoreless = foreign = 0
    for row in rows:
        if row.score is None:
            scoreless += 1
        elif encoding.point(row.values) is None:
            foreign += 1
        else:
            trials.append(GivenTrial(name, row.values, row.score, row.early))
    source = Source(name, tuple(trials), scoreless, foreign)
    if not any(math.isfinite(trial.score) for trial in trials):
        raise ConfigError(
            f"--from {name} gives nothing to learn from ({source.words().partition(': ')[2]}).",
            hint=f"A trial counts if it has ended with a score and has all of"
            f" {', '.join(space.names)}, with values that their specs allow.",
        )
    return source
