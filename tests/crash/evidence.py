"""What a search that was shot at left behind, and what in it must never be: read and judged.

Two witnesses are compared. The script's own log lies outside the cache, and hprun knows nothing
of it; the store says what hprun believes. All times are seconds since the epoch.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psutil

MARK = "HPRUN_MARK"
LOST, TWICE, ORPHAN, STUCK, WRONG = "lost", "twice", "orphan", "stuck", "wrong"
STOPPED = "stopped with its search"
BY_DESIGN = ("killed by SIGKILL", "times in a row", "ended by SIGTERM from outside")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that was done to the search; `at` is when, just before it."""

    kind: str
    at: float
    target: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What the script wrote of one attempt: that it started, or (with its value) that it is done.

    `alone` is False where an earlier attempt of the same run still lived; the kernel says so.
    """

    run: str
    attempt: int
    pid: int
    at: float
    alone: bool = True
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds of a run: `state` is queued, running or an outcome.

    `attempts` is how many have begun, `endings` how each ended, `ended` when; `record` is the
    attempt whose exit record lies there with status 0, if there is one.
    """

    run: str
    state: str
    attempts: int
    value: float | None
    record: int | None = None
    folder: str = ""
    endings: Mapping[int, str] | None = None
    ended: Mapping[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What had been finished at some time: for each run, the attempt and its score."""

    at: float
    completed: Mapping[str, tuple[int, float | None]]
    recorded: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A process that lives after the end, and the attempt that it belongs to."""

    pid: int
    command: str
    mark: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is known when all is over."""

    faults: Sequence[Fault]
    lines: Sequence[Line]
    looks: Sequence[Look]
    final: dict[str, Stored]
    leftovers: Sequence[Leftover] = ()
    expected: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never be, when it showed, and the last fault before."""

    kind: str
    text: str
    at: float
    after: str = ""


def read_lines(path: Path) -> list[Line]:
    """The script's log. Raises ValueError for a line that no script wrote."""
    lines = []
    for text in path.read_text("utf-8").splitlines() if path.exists() else ():
        word, run, attempt, pid, at, last = text.split()
        if word == "start":
            lines.append(Line(run, int(attempt), int(pid), float(at), alone=last == "alone"))
        elif word == "done":
            lines.append(Line(run, int(attempt), int(pid), float(at), value=float(last)))
        else:
            raise ValueError(f"{path}: {text}")
    return lines


_RUNS = """
SELECT run.id, trial."values", part.fold, ifnull(run.outcome, run.state), run.attempts,
       run.folder, reading.value
FROM part JOIN trial ON trial.search = part.search AND trial.number = part.trial
     JOIN run ON run.id = part.run LEFT JOIN reading ON reading.run = run.id
"""


def read_store(cache: Path) -> dict[str, Stored]:
    """Every run in the store by its name in the script's log; empty before there is a store."""
    if not (cache / "hprun.db").exists():
        return {}
    database = sqlite3.connect(f"file:{cache / 'hprun.db'}?mode=ro", uri=True, timeout=30)
    with contextlib.closing(database):
        if not database.execute("PRAGMA user_version").fetchone()[0]:
            return {}
        database.execute("BEGIN")
        rows = database.execute(_RUNS).fetchall()
        endings: dict[int, dict[int, str]] = {}
        ended: dict[int, dict[int, float]] = {}
        query = "SELECT run, number, ending, ended FROM attempt WHERE ended IS NOT NULL"
        for run, number, ending, at in database.execute(query):
            endings.setdefault(run, {})[number] = ending
            ended.setdefault(run, {})[number] = at
    found = {}
    for run, values, fold, state, attempts, folder, value in rows:
        name = f"{json.loads(values)['x']}/{fold}"
        how, when = endings.get(run, {}), ended.get(run, {})
        record = _record(cache / f"{folder}.exit")
        found[name] = Stored(name, state, attempts, value, record, folder, how, when)
    return found


def _record(path: Path) -> int | None:
    """The attempt that left an exit record with status 0."""
    with contextlib.suppress(OSError, ValueError):
        attempt, status, *_ = (int(word) for word in path.read_text("ascii").split())
        return attempt if status == 0 else None
    return None


def look(stored: Mapping[str, Stored], at: float) -> Look:
    """What is finished: by the store, or by a record that a coordinator has yet to read."""
    return Look(
        at,
        {s.run: (s.attempts, s.value) for s in stored.values() if s.state == "completed"},
        {s.run: s.record for s in stored.values() if s.record is not None},
    )


def leftovers(cache: Path, patience_s: float = 2.0) -> list[Leftover]:
    """Processes that work below the cache or carry the mark of a run in it, zombies left out.

    What is just dying has `patience_s` seconds to be gone.
    """
    found = list(_working_in(cache))
    _, alive = psutil.wait_procs([process for process, _ in found], timeout=patience_s)
    return [
        Leftover(process.pid, _command(process), mark)
        for process, mark in found
        if process in alive and not _is_zombie(process)
    ]


def _working_in(cache: Path) -> Iterator[tuple[psutil.Process, str]]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            mark = process.environ().get(MARK, "")
            if Path(process.cwd()).is_relative_to(cache) or f":{cache}/" in mark:
                yield process, mark


def _command(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline()[:3])
    return ""


def _is_zombie(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.status() == psutil.STATUS_ZOMBIE
    return True


def judge(evidence: Evidence) -> list[Violation]:
    """Everything that must never be, in the order of time."""
    found = [
        *_lost(evidence),
        *_twice(evidence),
        *_overlapping(evidence),
        *_orphans(evidence),
        *_stuck(evidence),
    ]
    once = {(v.kind, v.text): v for v in sorted(found, key=lambda v: -v.at)}
    times = [fault.at for fault in evidence.faults]
    return [
        Violation(v.kind, v.text, v.at, _last(evidence.faults, bisect_right(times, v.at)))
        for v in sorted(once.values(), key=lambda v: v.at)
    ]


def _last(faults: Sequence[Fault], until: int) -> str:
    return faults[until - 1].kind if until else ""


def _end(evidence: Evidence) -> float:
    return max([0.0, *(look.at for look in evidence.looks), *(line.at for line in evidence.lines)])


def _lost(evidence: Evidence) -> Iterator[Violation]:
    """Scores that are not what the script wrote, and results that were there and are not now."""
    done = {(d.run, d.attempt): d for d in evidence.lines if d.value is not None}
    for run, stored in evidence.final.items():
        if stored.state != "completed":
            continue
        at = (stored.ended or {}).get(stored.attempts, _end(evidence))
        line = done.get((run, stored.attempts))
        if line is None:
            text = f"{run} is completed, but its attempt {stored.attempts} never got to its end"
            yield Violation(LOST, text, at)
        elif line.value != stored.value:
            text = f"{run} has the score {stored.value}, but wrote {line.value}"
            yield Violation(LOST, text, at)
    last = {
        run: (stored.attempts, stored.value)
        for run, stored in evidence.final.items()
        if stored.state == "completed"
    }
    looks = [*evidence.looks, Look(_end(evidence), last, {})]
    for before, after in pairwise(looks):
        for run, result in before.completed.items():
            if after.completed.get(run) != result:
                text = f"{run} was completed with {result}, later {after.completed.get(run)}"
                yield Violation(LOST, text, after.at)


def _twice(evidence: Evidence) -> Iterator[Violation]:
    """Attempts that started after an earlier one had finished as far as the store could know."""
    starts = [line for line in evidence.lines if line.value is None]
    finished: dict[str, int] = {}
    for seen in evidence.looks:
        for run, (attempt, _) in seen.completed.items():
            finished.setdefault(run, attempt)
        for run, attempt in seen.recorded.items():
            # A record of an attempt that was being stopped counts for nothing, by design.
            if _ending(evidence, run, attempt) != STOPPED:
                finished.setdefault(run, attempt)
    for run, stored in evidence.final.items():
        for attempt, ending in (stored.endings or {}).items():
            if ending == "completed":
                finished[run] = min(attempt, finished.get(run, attempt))
    for start in starts:
        if start.attempt > finished.get(start.run, start.attempt):
            text = f"{start.run} was finished by attempt {finished[start.run]}"
            yield Violation(TWICE, f"{text}, and attempt {start.attempt} started", start.at)


def _ending(evidence: Evidence, run: str, attempt: int) -> str:
    stored = evidence.final.get(run)
    return ((stored.endings if stored else None) or {}).get(attempt, "")


def _overlapping(evidence: Evidence) -> Iterator[Violation]:
    """Two attempts of one run that lived at the same time, and one number given twice."""
    latest: dict[str, Line] = {}
    for line in evidence.lines:
        before = latest.get(line.run)
        if line.value is not None:
            if before is not None and line.pid != before.pid:
                text = f"{line.run}: attempt {line.attempt} ended after the start of another"
                yield Violation(TWICE, text, line.at)
            continue
        latest[line.run] = line
        if not line.alone:
            text = f"{line.run}: attempt {line.attempt} started while another lived"
            yield Violation(TWICE, text, line.at)
        if before is not None and before.attempt >= line.attempt:
            text = f"{line.run}: attempt {line.attempt} started after attempt {before.attempt}"
            yield Violation(TWICE, text, line.at)


def _orphans(evidence: Evidence) -> Iterator[Violation]:
    """Each is put down to the fault before hprun wrote that its attempt was over."""
    runs = {stored.folder: stored for stored in evidence.final.values()}
    for left in evidence.leftovers:
        number, path = [*left.mark.split(":", 3), "", "", "", ""][2:4]
        stored = next((s for folder, s in runs.items() if folder and path.endswith(folder)), None)
        ended = (stored.ended or {}) if stored else {}
        at = ended.get(int(number), _end(evidence)) if number.isdigit() else _end(evidence)
        run = stored.run if stored else "?"
        text = f"process {left.pid} ({left.command}) of {run}, attempt {number}, lives on"
        yield Violation(ORPHAN, text, at)


def _stuck(evidence: Evidence) -> Iterator[Violation]:
    """Runs that did not complete in the end, are not there, or failed by no fault of ours."""
    at = _end(evidence)
    for run in sorted(evidence.expected - set(evidence.final)):
        yield Violation(STUCK, f"{run} is not in the store", at)
    for run, stored in evidence.final.items():
        if stored.state != "completed":
            yield Violation(STUCK, f"{run} is {stored.state} at the end", at)
        for attempt, ending in (stored.endings or {}).items():
            if ending.startswith(("exit status", "its interpreter", "ended by signal")):
                when = (stored.ended or {}).get(attempt, at)
                yield Violation(WRONG, f"{run}, attempt {attempt}: {ending}", when)


def allowed(evidence: Evidence) -> dict[str, int]:
    """What may happen and is only counted: how attempts ended, and work done twice for good reason.

    A script that came to its end, but was killed before its status was written, runs again.
    """
    counts: Counter[str] = Counter()
    for run, stored in evidence.final.items():
        for ending in (stored.endings or {}).values():
            counts[ending.split(",")[-1].strip() if "in a row" in ending else ending] += 1
        for line in evidence.lines:
            if line.run == run and line.value is not None and line.attempt != stored.attempts:
                why = _ending(evidence, run, line.attempt)
                counts[f"came to its end, but its status was never written ({why})"] += 1
    return dict(sorted(counts.items()))
