"""What goes into the store and comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple

from hprun.dataclass import dataclass
from hprun.model import Metric, Outcome, Run, Values


@dataclass(frozen=True, slots=True)
class AtOnce:
    """So many runs at once, for this reason."""

    count: int
    why: str


@dataclass(frozen=True, slots=True)
class SearchRow:
    """A search as the store knows it; `state` is running, stopped or complete.

    `at_once` says how many runs at once it has come to, and why, where that was found out.
    """

    id: int
    name: str
    request: Mapping[str, Any]
    metric: Metric | None
    digests: Mapping[str, str]
    created: float
    touched: float
    state: str
    at_once: AtOnce | None = None


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """A trial to be written down; `added` by hand, it is on top of what was asked for."""

    number: int
    values: Values
    note: Mapping[str, Any] = field(default_factory=dict)
    added: bool = False


@dataclass(frozen=True, slots=True)
class GivenTrial:
    """A trial from elsewhere: `source` is the search or file; `early` says that it was stopped."""

    source: str
    values: Values
    score: float
    early: bool = False


class PlannedRun(NamedTuple):
    """A run to be queued, unless one with its identity is known."""

    trial: int
    fold: int
    repeat: int
    identity: str
    folder: str


@dataclass(frozen=True, slots=True)
class Linked:
    """What became of a plan: how many runs it has in all, and how they stood before.

    `done` had completed or been stopped early, `changed` stand in place of a run with other content, `failed` ended
    otherwise and are left for `hprun retry`, `cancelled` were stopped by a user.
    """

    runs: int
    done: int
    changed: int
    failed: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class Part:
    """A run in its place; `reading` is what the asked metric was, when the run has ended."""

    trial: int
    run: Run
    reading: ReadingRow | None


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A trial with its parts, in the order of folds and repeats."""

    number: int
    values: Values
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """A metric as it was read from an ended run; `kind` is resolved, ambiguous or missing.

    `value` is None when there is none; a value that is no number is kept as `nan`.
    """

    kind: str
    value: float | None = None
    step: int | None = None
    series: str = ""
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A run that an attempt has claimed.

    `owner` is the name of the search whose coordinator did, "" if that search was forgotten.
    `lost` counts the attempts in a row that vanished before; `boot` tells which start of the
    machine it was. `ending` is why it was asked to end, at `asked`; `full` counts the attempts
    before that ran out of memory.
    """

    run: Run
    owner: str
    lost: int
    failures: int
    boot: str
    ending: str | None
    asked: float
    full: int = 0


@dataclass(frozen=True, slots=True)
class Close:
    """The end of attempt `attempt` of a run, with what its metric was."""

    run: int
    attempt: int
    outcome: Outcome
    seconds: float
    detail: str = ""
    reading: ReadingRow | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One process that tried a run; `ended` is None while it lives.

    `device` is what it was bound to: UUID, number and name; "" if to nothing.
    """

    number: int
    started: float
    ended: float | None
    ending: str
    device: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody asks to stop a search, or one trial of it; or to add `trials`, where there are any."""

    id: int
    trial: int | None
    trials: Sequence[Values] = ()


class EndedPart(NamedTuple):
    """A run that completed or was stopped early, in its place; `detail` is its reading's."""

    run: int
    trial: int
    fold: int
    repeat: int
    outcome: Outcome
    value: float | None
    detail: Mapping[str, Any]


class TrialPart(NamedTuple):
    """How one run of a trial stands: its state or outcome, its value, and when it last ended."""

    trial: int
    word: str
    value: float | None
    ended: float
