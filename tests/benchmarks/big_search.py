"""Large searches made through hprun's own parts, without running anything.

    python -m tests.benchmarks.big_search PROJECT TRIALS [--leave N]

Queues a search over PROJECT/noop.py as `hprun run` does; with `--leave`, then writes down that all
of its trials but the last N have completed.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from hprun.config import Settings
from hprun.engine.question import understand
from hprun.engine.writing_down import Begun, write_down
from hprun.model import Outcome
from hprun.paths import Cache
from hprun.store import Close, ReadingRow, Store
from tests.benchmarks.competitors import HIGH, LOW


def specs(trials: int) -> tuple[str, str]:
    """A grid of two hyperparameters, with as many trials; a multiple of 100."""
    return (f"lr={LOW}:l{trials // 100}:{HIGH}", "units=1:100")


def queue(project: Path, trials: int) -> tuple[Store, Begun]:
    """Put the search into the queue."""
    settings = Settings(script="noop.py", hp=specs(trials), metric="loss:min", jobs=2)
    cache = Cache(project / "cache")
    cache.create()
    store = Store(cache.database)
    return store, write_down(understand(settings, project), store, cache, time.time())


def complete(store: Store, begun: Begun, leave: int) -> None:
    """Write down an end for each run, as the coordinator does."""
    row = begun.row
    trials = store.trials(row.id, None)
    with store.transaction():
        for trial in trials[: len(trials) - leave]:
            run = trial.parts[0].run.id
            attempt = store.claim(run, row.id, "", time.time())
            assert attempt is not None, "the search is not fresh"
            reading = ReadingRow("resolved", 1 / run, 0, "log//loss")
            close = Close(run, attempt, Outcome.COMPLETED, 0.1, "", reading)
            store.end(close, row.metric, time.time())
    if not leave:
        store.set_search_state(row.id, "complete", time.time())


def main() -> None:
    """As the module says."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.big_search")
    parser.add_argument("project", type=Path)
    parser.add_argument("trials", type=int)
    parser.add_argument("--leave", type=int)
    asked = parser.parse_args()
    store, begun = queue(asked.project, asked.trials)
    if asked.leave is not None:
        complete(store, begun, asked.leave)
    store.close()


if __name__ == "__main__":
    main()
