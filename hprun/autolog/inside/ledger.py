"""When a checkpoint may be saved: pure arithmetic on durations that others measured."""

from __future__ import annotations

SHARE = 0.05
"""What saving may cost of the time spent in training."""

_AIM = 0.04
_FIRST_S = 0.3  # a virtual machine's disk, busy, took that long to say that it has four small files
_BYTES_PER_S = 100e6
_CAUTION = 1.25
_LOOK_BACK = 3


class Ledger:
    """The account of one process; all times in seconds.

    With `trained` the time in training without that for saving, and `saving` the time for saving,
    a save is allowed when `saving + expected` is at most 4 % of `trained`; the hundredth that is
    left of SHARE is for saves that take longer than was expected of them. So `saving` exceeds
    `SHARE * trained` only by what the latest save took more than expected, less that hundredth,
    and that is paid back before there is another. The first is expected to take 0.3 s and a
    second per 100 MB, so that a training of a few seconds is spared it; the next, a quarter more than the slowest of the last three.
    """

    def __init__(self) -> None:
        self.saving = 0.0
        self.saves = 0
        self._before = 0.0  # in trainings that have ended, with saving
        self._since: float | None = None
        self._last: list[float] = []

    def begin(self, now: float) -> None:
        """Begin a training."""
        self._since = now

    def end(self, now: float) -> None:
        """End it."""
        if self._since is not None:
            self._before += now - self._since
            self._since = None

    def trained(self, now: float) -> float:
        """How long was trained until now, without the time for saving."""
        current = now - self._since if self._since is not None else 0.0
        return max(0.0, self._before + current - self.saving)

    def expected(self, size: int) -> float:
        """How long the next save will take; `size` in bytes counts for the first one."""
        if self._last:
            return _CAUTION * max(self._last)
        return _FIRST_S + size / _BYTES_PER_S

    def affords(self, now: float, size: int) -> bool:
        """Say whether a save now stays within the share."""
        return self.saving + self.expected(size) <= _AIM * self.trained(now)

    def account(self, now: float) -> dict[str, float]:
        """Both sums, for the record."""
        return {"saving": round(self.saving, 6), "training": round(self.trained(now), 6)}

    def saved(self, seconds: float) -> None:
        """Enter what a save took."""
        self.saving += seconds
        self.saves += 1
        self._last = [*self._last, seconds][-_LOOK_BACK:]


def is_due(every: int | str, done: int, ledger: Ledger, now: float, size: int) -> bool:
    """Say whether to save after `done` epochs: each N-th if asked for, else as time affords."""
    if every == "off":
        return False
    if isinstance(every, int):
        return done % every == 0
    return ledger.affords(now, size)
