"""Which folders of runs may go, and why. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from hprun.dataclass import dataclass
from hprun.model import FAILURES, Ended
from hprun.report.results import Result
from hprun.report.words import time_words
from hprun.store import Part


@dataclass(frozen=True, slots=True)
class Rule:
    """What is to go: all but the best `keep_best`, what `failed`, or with neither all that ended;
    of that, what ended more than `older_than` seconds ago.
    """

    keep_best: int | None = None
    failed: bool = False
    older_than: float | None = None

    @property
    def given(self) -> bool:
        """Whether it says anything."""
        return self.keep_best is not None or self.failed or self.older_than is not None


def to_remove(
    ranked: Sequence[Result],
    rule: Rule,
    *,
    ended: Mapping[int, float],
    shared: Collection[int],
    now: float,
) -> Iterator[tuple[Part, str]]:
    """The runs of a search whose folders may go, each with the reason; `ranked` has its best first.

    `ended` says when, by run. What has not ended stays, and what is `shared` with another search,
    for which it may be the best.
    """
    for place, result in enumerate(ranked):
        for part in result.parts:
            if not isinstance(part.run.state, Ended) or part.run.id in shared:
                continue
            age = now - ended.get(part.run.id, now)
            if rule.older_than is not None and age <= rule.older_than:
                continue
            why = _why(part, place, rule)
            if why:
                yield part, why


def _why(part: Part, place: int, rule: Rule) -> str:
    old = "" if rule.older_than is None else f", over {time_words(rule.older_than)} old"
    assert isinstance(part.run.state, Ended), "the caller has looked"
    if rule.failed and part.run.state.outcome in FAILURES:
        return f"failed{old}"
    if rule.keep_best is not None and place >= rule.keep_best:
        return f"not among the best {rule.keep_best}{old}"
    if rule.keep_best is None and not rule.failed:
        return f"ended{old}"
    return ""
