"""What a strategy is given, and what it gives back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import Any, Protocol

from hprun.dataclass import dataclass
from hprun.model import Values


class Stand(Enum):
    """How a trial stands when a strategy is asked."""

    OPEN = "open"  # proposed, queued or running: no score yet
    COMPLETE = "complete"  # all its runs completed
    STOPPED = "stopped"  # ended early by a stopper; the score is of what there was
    FAILED = "failed"  # no score will come: it failed, was cancelled, or wrote no metric


@dataclass(frozen=True, slots=True)
class Proposal:
    """A trial to try; `note` is JSON that comes back with the trial, for the strategy alone."""

    values: Values
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """A trial of the search's history.

    `score` is the mean over its folds as the metric has it (see the strategy's direction); it may
    be NaN or infinite, and is None for a trial that is open or failed. `ended` counts the trials
    that had ended before this one did; None while it is open. A trial that somebody else
    proposed (by hand, or another search) has an empty note; what the search was given to begin
    with is numbered below 0.
    """

    number: int
    values: Values
    stand: Stand
    score: float | None = None
    ended: int | None = None
    note: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scored(self) -> bool:
        """Whether it has ended with a score that is a finite number."""
        return self.score is not None and math.isfinite(self.score)


class Strategy(Protocol):
    """Proposes trials out of the history alone.

    It is made from space, direction, seed and its options, and may keep what it has worked out
    between calls; but one that was made a moment ago must answer as one that has been there from
    the beginning: that is how a search goes on after a restart. One that learns nothing from
    results may say so by an attribute `plans_ahead = True`; it is asked for many trials at once.
    One with `most_seconds` is asked in a thread, and may not take longer; each plug-in has that.
    """

    def propose(self, history: Sequence[Known], count: int) -> Sequence[Proposal]:
        """The next trials, at most `count`.

        None, while trials are open: not now, ask again when a run has ended. None, when no trial
        is open: there is nothing more to try. `history` holds all trials in the order in which
        they were proposed, open ones too.
        """
        ...
