"""The words of the program: frozen, and unable to express nonsense."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from hprun.dataclass import dataclass

Value = None | bool | int | float | str | tuple["Value", ...]
"""What a hyperparameter can be. A tuple is an array (Studio's `a` flag)."""

Values = Mapping[str, Value]
"""One choice of values, by name. A name that is absent keeps what the script says."""


class Outcome(str, Enum):
    """How an ended run ended."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"
    OUT_OF_MEMORY = "out-of-memory"
    TIMED_OUT = "timed-out"
    CANCELLED = "cancelled"


FAILURES = (Outcome.FAILED, Outcome.OUT_OF_MEMORY, Outcome.TIMED_OUT)
"""The outcomes that are the run's own fault: they make the exit status 1."""
SCORED = (Outcome.COMPLETED, Outcome.STOPPED)
"""The outcomes whose metric counts."""


@dataclass(frozen=True, slots=True)
class Queued:
    """Waits for a slot; `attempts` processes have tried it and were lost or preempted."""

    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Running:
    """Claimed by attempt number `attempt` (from 1); `started` in seconds since the epoch."""

    attempt: int
    started: float


@dataclass(frozen=True, slots=True)
class Ended:
    """Over, after `attempts` attempts; `seconds` is how long the last one took."""

    outcome: Outcome
    attempts: int
    seconds: float
    detail: str = ""


State = Queued | Running | Ended


def state_word(state: State) -> str:
    """The word of section 2 for a state: queued, running, or the outcome."""
    match state:
        case Queued():
            return "queued"
        case Running():
            return "running"
        case Ended(outcome=outcome):
            return outcome.value


@dataclass(frozen=True, slots=True)
class Run:
    """One trial on one fold and one repeat: what the queue holds.

    `folder` is relative to the cache. `identity` is the hash of what the run executes.
    """

    id: int
    identity: str
    folder: str
    fold: int
    repeat: int
    state: State


class Reduce(str, Enum):
    """How a curve becomes a score."""

    MIN = "min"
    MAX = "max"
    LAST = "last"


class Direction(str, Enum):
    """Which scores are better."""

    LOW = "min"
    HIGH = "max"


@dataclass(frozen=True, slots=True)
class Metric:
    """What to read from a run, how to reduce it, and which way is better."""

    name: str
    reduce: Reduce
    direction: Direction

    def __str__(self) -> str:
        return f"{self.name}:{self.reduce.value}"


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric by step, read from one run; `steps` and `values` have the same length."""

    steps: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A place where a value goes.

    `file` is relative to the workspace, `line` counts from 1 (0: the command line). `rule` is
    mark, binding, dotted, option, reads or regex. `before` is the text there now.
    """

    name: str
    file: str
    line: int
    rule: str
    before: str


@dataclass(frozen=True, slots=True)
class Alive:
    """Some process of an attempt holds its lock."""


@dataclass(frozen=True, slots=True)
class Exited:
    """An attempt left an exit record: the script's status (128 + N: ended by signal N), and when.

    `told` says that it had been asked to end before (SIGTERM, SIGINT or SIGHUP to its group); a
    status of 0 then says nothing: it may have saved itself and left.
    """

    status: int
    at: float
    told: bool = False


@dataclass(frozen=True, slots=True)
class Gone:
    """An attempt has no process and no record: it was never started, or killed together with its shell."""


Life = Alive | Exited | Gone
"""What can be said of an attempt by looking at its lock and its exit record."""
