"""Records of searches and runs beside their folders, and a queue built anew from them."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hprun.errors import CacheError
from hprun.files import is_locked, replace_whole, write_whole
from hprun.model import Direction, Metric, Outcome, Reduce
from hprun.paths import Cache
from hprun.store import Close, PlannedRun, PlannedTrial, ReadingRow, SearchRow, Store


def record_search(cache: Cache, key: str, row: SearchRow) -> None:
    """Write down what a search asks, beside its runs. A full disk is no reason to fail."""
    document = {"key": key, "name": row.name, "request": row.request, "created": row.created}
    path = cache.search_record(row.name)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(document, indent=1).encode())


def record_run(
    path: Path,
    identity: str,
    place: tuple[int, int, int],
    close: Close,
    metric: Metric | None,
    note: Mapping[str, Any],
    *,
    added: bool,
) -> None:
    """Write down how a run ended; `place` is its trial, fold and repeat, `note` what the strategy
    that proposed the trial wants to know again, `added` whether the trial was added by hand.
    """
    document: dict[str, Any] = {
        "identity": identity,
        "place": place,
        "attempt": close.attempt,
        "outcome": close.outcome.value,
        "seconds": close.seconds,
        "detail": close.detail,
    }
    if note:
        document["note"] = note
    if added:
        document["added"] = True
    if close.reading is not None and metric is not None:
        reading = close.reading
        document["metric"] = [metric.name, metric.reduce.value, metric.direction.value]
        document["reading"] = [
            reading.kind, reading.value, reading.step, reading.series, reading.detail
        ]  # fmt: skip
    with contextlib.suppress(OSError):
        replace_whole(path, json.dumps(document).encode())


def rebuild(cache: Cache) -> Iterator[str]:
    """Set the queue aside and build it anew from the records; says what it does.

    Runs that have no record are queued again by the next call of their search. Raises CacheError
    while a search is running.
    """
    locks = [path for path in cache.root.glob("*/lock") if is_locked(path)]
    if locks:
        raise CacheError(f"{locks[0].parent.name} is running.", hint="`hprun stop` it first.")
    for path in sorted(cache.root.glob(f"{cache.database.name}*")):
        if ".damaged-" not in path.name:
            aside = path.with_name(f"{path.name}.damaged-{int(time.time())}")
            path.rename(aside)
            yield f"Set {path.name} aside as {aside.name}."
    store = Store(cache.database)
    for path in sorted(cache.root.glob("*/search.json"), key=_number):
        yield _restored(store, cache, path)
    store.close()


def _restored(store: Store, cache: Cache, path: Path) -> str:
    try:
        search = json.loads(path.read_text(encoding="utf-8"))
        count = _restore(store, cache, search)
    except (OSError, ValueError, KeyError) as error:
        return f"{path}: cannot be read ({error}); its search is left out."
    return f"{search['name']}: {count} ended runs taken up."


def _number(path: Path) -> int:
    digits = path.parent.name.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0


def _restore(store: Store, cache: Cache, search: Mapping[str, Any]) -> int:
    """Bring back one search with the runs that have a record."""
    name = search["name"]
    row = store.restore_search(search["key"], name, search["request"], search["created"])
    trials: dict[int, PlannedTrial] = {}
    runs: list[PlannedRun] = []
    closes: list[tuple[str, Close, Metric | None]] = []
    for path in sorted(cache.search(name).glob("[0-9]*/fold-*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            values = json.loads(path.with_name("values.json").read_text(encoding="utf-8"))
            trial, fold, repeat = record["place"]
            note, added = dict(record.get("note", {})), bool(record.get("added"))
            close, metric = _close(record)
        except (OSError, ValueError, KeyError, TypeError):
            continue  # torn, or not ours: its run is queued again
        folder = path.with_suffix("").relative_to(cache.root).as_posix()
        trials[trial] = PlannedTrial(trial, values, note, added)
        runs.append(PlannedRun(trial, fold, repeat, record["identity"], folder))
        closes.append((record["identity"], close, metric))
    store.link(row.id, trials.values(), runs, {})
    store.restore_ends(closes)
    metrics = [metric for _, _, metric in closes if metric is not None]
    store.set_metric(row.id, metrics[-1] if metrics else None)
    return len(closes)


def _close(record: Mapping[str, Any]) -> tuple[Close, Metric | None]:
    metric, reading = None, None
    if "reading" in record:
        name, reduce, direction = record["metric"]
        metric = Metric(name, Reduce(reduce), Direction(direction))
        reading = ReadingRow(*record["reading"])
    outcome = Outcome(record["outcome"])
    close = Close(0, record["attempt"], outcome, record["seconds"], record["detail"], reading)
    return close, metric
