"""What TensorBoard's HPARAMS tab is to show of a search: columns, rows, names. Pure.

A row (TensorBoard: session group) is a trial, a session is a run of it. Runs are named by values; a
row has the trial's number before them, since TensorBoard cuts long names. A column of numbers has an
interval, so that its axis can be logarithmic and no value of a trial added by hand lies outside a
list; one of words has the list that its filter offers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from hprun.dataclass import dataclass
from hprun.model import (
    FAILURES,
    SCORED,
    Ended,
    Metric,
    Outcome,
    Queued,
    Reduce,
    Run,
    Running,
    Value,
    Values,
)
from hprun.report.results import Result
from hprun.report.words import value_words
from hprun.space import (
    Choice,
    Domain,
    Draws,
    FlaggedRange,
    Integers,
    Normal,
    Parameter,
    Spaced,
    Steps,
    Uniform,
)
from hprun.store import Part

Cell = bool | float | str
"""A value as TensorBoard can hold it."""

SPACE = "space"
"""The folder of what all sessions share; no trial has this name, for those have a `=` in theirs."""

_LONGEST = 100  # bytes of a folder's name; file systems end at 255
_MOST_WORDS = 40  # options of a filter
_MOST_ROWS = 1000  # of names that go together


@dataclass(frozen=True, slots=True)
class Column:
    """A hyperparameter: `kind` is number, truth or words.

    `low` and `high` bound a number, or are None where nothing is known of it. `words` is every
    word that occurs, or empty where there are too many to choose from.
    """

    name: str
    kind: str
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()
    differs: bool = True


@dataclass(frozen=True, slots=True)
class Session:
    """A run that has begun: its `folder` is or lies in one with its trial's name.

    `group` is what stands for the trial in the table. `state` is running, done or failed; `score` is None where it does not count.
    """

    folder: str
    group: str
    cells: Mapping[str, Cell]
    run: Run
    state: str
    score: float | None
    step: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that the tab shows."""

    columns: tuple[Column, ...]
    metric: Metric | None
    sessions: tuple[Session, ...]


def sheet(
    parameters: Sequence[Parameter], ranked: Sequence[Result], metric: Metric | None
) -> Sheet:
    """Lay a search out, given the space as far as it is known and the trials to show."""
    known = columns(parameters, [result.values for result in ranked])
    kinds = {column.name: column.kind for column in known}
    sessions = []
    for result, name in named(ranked):
        cells = {key: cell(value, kinds[key]) for key, value in result.values.items()}
        for part in result.parts:
            state = _state(part.run)
            if state:
                sessions.append(_session(part, name, cells, state, several=len(result.parts) > 1))
    return Sheet(known, metric, tuple(sessions))


def _session(
    part: Part, name: str, cells: Mapping[str, Cell], state: str, *, several: bool
) -> Session:
    reading = part.reading
    counts = reading is not None and state == "done"
    return Session(
        folder=f"{name}/{part.run.folder.rpartition('/')[2]}" if several else name,
        group=f"{part.trial:04d} {name.removeprefix(f'{part.trial:04d} ')}",
        cells=cells,
        run=part.run,
        state=state,
        score=reading.value if reading is not None and counts else None,
        step=(reading.step or 0) if reading is not None and counts else 0,
    )


def _state(run: Run) -> str:
    """The state of a run that has begun; nothing for one that has not."""
    match run.state:
        case Queued(attempts=attempts):
            return "running" if attempts else ""
        case Running():
            return "running"
        case Ended(outcome=Outcome.CANCELLED, attempts=attempts):
            return "failed" if attempts else ""
        case Ended(outcome=outcome):
            assert outcome in SCORED or outcome in FAILURES
            return "done" if outcome in SCORED else "failed"


def metric_tag(metric: Metric) -> str:
    """The name of the scalar that holds a run's score: never that of one of the script's own."""
    return str(metric)


def metric_title(metric: Metric) -> str:
    """What stands above the scores."""
    return metric.name if metric.reduce is Reduce.LAST else str(metric)


def columns(parameters: Sequence[Parameter], trials: Iterable[Values]) -> tuple[Column, ...]:
    """A column for each name of the space, and for each that only trials have.

    The space alone decides, unless a trial has a value that is outside it.
    """
    found: dict[str, list[Value]] = {}
    for parameter in parameters:
        for name, values in _ends(parameter).items():
            found.setdefault(name, []).extend(values)
    for trial in trials:
        for name, value in trial.items():
            found.setdefault(name, []).append(value)
    return tuple(_column(name, values) for name, values in found.items())


def _column(name: str, values: Sequence[Value]) -> Column:
    differs = len({repr(value) for value in values}) != 1
    if all(map(_is_number, values)):
        numbers = [float(value) for value in values]  # type: ignore[arg-type]
        low, high = min(numbers, default=None), max(numbers, default=None)
        return Column(name, "number", low, high, differs=differs)
    if all(isinstance(value, bool) for value in values):
        return Column(name, "truth", differs=differs)
    words = sorted({str(value) for value in values})
    return Column(
        name, "words", words=tuple(words if len(words) <= _MOST_WORDS else ()), differs=differs
    )


def cell(value: Value, kind: str) -> Cell:
    """A value in a column of that kind."""
    if kind == "number":
        return float(value)  # type: ignore[arg-type]
    return value if isinstance(value, bool) and kind == "truth" else str(value)


def _is_number(value: Value) -> bool:
    """Whether TensorBoard, which knows but doubles, can show a value as a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(value, int):
        return abs(value) <= 2**53
    return math.isfinite(value)


def _ends(parameter: Parameter) -> dict[str, list[Value]]:
    """Values between which, or among which, all lie that each name of a parameter can have."""
    if len(parameter.names) == 1:
        return {parameter.name: list(_of_domain(parameter.domain))}
    ends: dict[str, list[Value]] = {name: [] for name in parameter.names}
    if not parameter.sampled:
        for row in islice(parameter.grid(), _MOST_ROWS):
            for name, value in row.items():
                ends[name].append(value)
    return ends


def _of_domain(domain: Domain) -> Iterable[Value]:
    match domain:
        case Choice(options=options):
            return [value for option in options for value in _of_domain(option)]
        case Steps() | Spaced():
            return [domain.at(0), domain.at(domain.count - 1)]
        case Integers(low=low, high=high):
            return [low, high - 1]
        case (
            Uniform(reach=(low, high))
            | Draws(low=low, high=high)
            | FlaggedRange(low=low, high=high, length=None)
        ):
            return [low, high]
        case FlaggedRange() | Normal():
            return []  # arrays, and what has no bounds
    return domain.values


def named(ranked: Sequence[Result]) -> list[tuple[Result, str]]:
    """A readable name for each trial; one that another trial has first gets the number before it."""
    names: dict[int, str] = {}
    taken = set[str]()
    for result in sorted(ranked, key=lambda result: result.trial):
        name = _safe(value_words(result.values))
        if not name or name in taken:
            name = f"{result.trial:04d} {name or '='}"
        taken.add(name)
        names[result.trial] = name
    return [(result, names[result.trial]) for result in ranked]


def _safe(words: str) -> str:
    text = "".join("_" if c in "/\\\0" or ord(c) < 32 else c for c in words).strip(". ")
    encoded = text.encode(errors="replace")
    return encoded[:_LONGEST].decode(errors="ignore") + "…" if len(encoded) > _LONGEST else text
