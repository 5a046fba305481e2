"""The queue and the results on disk: the only place that speaks SQL."""

from hprun.store.database import Store
from hprun.store.rows import (
    AtOnce,
    Attempt,
    Claimed,
    Close,
    EndedPart,
    GivenTrial,
    Linked,
    Part,
    PlannedRun,
    PlannedTrial,
    ReadingRow,
    Request,
    SearchRow,
    TrialPart,
    TrialRow,
)

__all__ = [
    "AtOnce",
    "Attempt",
    "Claimed",
    "Close",
    "EndedPart",
    "GivenTrial",
    "Linked",
    "Part",
    "PlannedRun",
    "PlannedTrial",
    "ReadingRow",
    "Request",
    "SearchRow",
    "Store",
    "TrialPart",
    "TrialRow",
]
