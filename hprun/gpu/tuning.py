"""How many runs at once a device is worth: more are let in, and stay if more is done by that. Pure.

What is compared is each run with itself: how many values it wrote in a second before another one
joined it, and after. So it does not matter that one trial's network is larger than another's.
Source of the idea: CARMA (arXiv 2508.19073) admits, measures, and takes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from hprun.dataclass import dataclass

WORTH = 1.05
"""One more run stays if so many times as much is done."""

FALLEN = 0.8
"""One less is run where the same runs do so much less than they did."""

_HOPED = 0.85  # of so many times as much as there are more runs
_VALUES = 4  # at least so many tell of a speed
_SECONDS = 0.3  # and over at least so long
_WATCHED = 10.0  # seconds, between two looks at whether the same runs still do as much
_SURE = 3  # times in a row that they did less
_AGAIN = 10  # for each slot, so many runs end before more is tried again


@dataclass(frozen=True, slots=True)
class Pace:
    """How far an active run is: so many values, the newest of them at `at` (seconds)."""

    run: int
    values: int
    at: float


@dataclass(frozen=True, slots=True)
class Lasted:
    """A run has completed; it took so many seconds for each value that it wrote."""

    run: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is known of how much is done at once on one device.

    `limit` is how many runs may be active, `most` how many ever. While more are on trial, `base` is
    how many there were before, and `before` the speeds of the runs then; `step` is how many more to
    try. `marks` is how far each run was when it was first seen at this limit, `born` at which
    limit each began, `lasting` how long a value took in whole runs at each limit. `held` counts the runs that
    have ended since it was found that more are not worth it; None while that is not so. `odd`
    counts the looks in a row at which more or fewer runs were at work than that, `fallen` those at
    which the same runs did much less than the `usual` speeds. `doubted` is a first measurement
    that says that those on trial are not worth it.
    """

    most: int
    limit: int = 1
    step: int = 1
    base: int | None = None
    before: Mapping[int, float] = field(default_factory=dict)
    marks: Mapping[int, Pace] = field(default_factory=dict)
    born: Mapping[int, int] = field(default_factory=dict)
    lasting: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    held: int | None = None
    odd: int = 0
    usual: Mapping[int, float] = field(default_factory=dict)
    fallen: int = 0
    doubted: float | None = None
    why: str = "one run shows what it takes"


def tune(tuning: Tuning, active: Sequence[Pace], ended: Sequence[Lasted], *, fits: bool) -> Tuning:
    """Take in what was seen since last time; `fits` says that memory has room for one more."""
    tuning = _with_ends(tuning, ended)
    tuning = _with_marks(tuning, active)
    speeds = _speeds(tuning, active)
    if tuning.base is not None:
        return _judge(tuning, tuning.base, active, speeds, fits=fits)
    if tuning.held is not None:
        return _watch(tuning, active, speeds)
    return _grow(tuning, active, speeds, fits=fits)


def _with_ends(tuning: Tuning, ended: Sequence[Lasted]) -> Tuning:
    born, lasting = dict(tuning.born), dict(tuning.lasting)
    for end in ended:
        if born.pop(end.run, None) == tuning.limit:
            lasting[tuning.limit] = (*lasting.get(tuning.limit, ()), end.seconds)[-20:]
    held = None if tuning.held is None else tuning.held + len(ended)
    return replace(tuning, born=born, lasting=lasting, held=held)


def _with_marks(tuning: Tuning, active: Sequence[Pace]) -> Tuning:
    """Each run is measured from its first value at this limit on.

    That one run takes another's place changes little for the others; that a place stays empty does.
    """
    runs = {pace.run for pace in active}
    born = {run: limit for run, limit in tuning.born.items() if run in runs}
    for run in runs - tuning.born.keys():
        born[run] = tuning.limit if len(runs) == tuning.limit else 0
    starting = sum(not pace.values for pace in active)
    is_odd = len(runs) != tuning.limit or starting > len(runs) / 5
    odd = tuning.odd + 1 if is_odd else 0
    marks = {pace.run: tuning.marks.get(pace.run, pace) for pace in active}
    if odd > 1:
        marks = {}
    marks = {run: mark for run, mark in marks.items() if mark.values}
    return replace(tuning, born=born, marks=marks, odd=odd)


def _speeds(tuning: Tuning, active: Sequence[Pace]) -> dict[int, float]:
    """Values in a second, of the runs of which that can be said."""
    found: dict[int, float] = {}
    for pace in active:
        mark = tuning.marks.get(pace.run, pace)
        values, seconds = pace.values - mark.values, pace.at - mark.at
        if values >= _VALUES and seconds >= _SECONDS:
            found[pace.run] = values / seconds
    return found


def _grow(
    tuning: Tuning, active: Sequence[Pace], speeds: Mapping[int, float], *, fits: bool
) -> Tuning:
    """Let more in once it is known how it goes without."""
    known = len(active) == tuning.limit and 2 * len(speeds) >= len(active) > 0
    if not known and len(tuning.lasting.get(tuning.limit, ())) < tuning.limit:
        return tuning
    if tuning.limit >= tuning.most:
        why = tuning.why if tuning.limit > 1 else "more than one is not to be tried here"
        return replace(tuning, held=0, usual=speeds, marks={}, why=why)
    if not fits:
        return replace(tuning, why="more would not fit into memory")
    limit = min(tuning.most, tuning.limit + tuning.step)
    why = f"trying whether {limit} at once do more"
    return replace(tuning, limit=limit, base=tuning.limit, before=speeds, marks={}, why=why)


def _judge(
    tuning: Tuning, base: int, active: Sequence[Pace], speeds: Mapping[int, float], *, fits: bool
) -> Tuning:
    """Keep those that were let in last, or not."""
    level = len(active)
    filling = level < tuning.limit and fits
    judged = base < level <= tuning.limit and not filling
    gain = _gain(tuning, base, active, speeds) if judged else None
    if gain is None:
        return tuning
    gain = gain if tuning.doubted is None else (gain + tuning.doubted) / 2
    ended = replace(tuning, base=None, before={}, marks={}, usual={}, doubted=None)
    words = f"{level} at once do {gain:.2f} times as much as {base}"
    worth = gain >= 1 + (WORTH - 1) * (level - base)
    if not worth and tuning.doubted is None:  # one measurement may be wrong
        rest = {limit: of for limit, of in tuning.lasting.items() if limit != level}
        return replace(tuning, marks={}, lasting=rest, doubted=gain)
    hoped = gain >= _HOPED * level / base
    if hoped:  # larger steps, then
        return replace(ended, limit=level, step=tuning.step * 2, why=words)
    if worth and tuning.step == 1:
        return replace(ended, limit=level, why=words)
    held = None if tuning.step > 1 else 0
    return replace(ended, limit=base, step=1, held=held, why=f"only {words}")


def _gain(
    tuning: Tuning, base: int, active: Sequence[Pace], speeds: Mapping[int, float]
) -> float | None:
    """How many times as much is done as by `base` runs; None while that cannot be said."""
    level, before = len(active), tuning.before
    still = [pace.run for pace in active if pace.run in before]
    kept = {run: speeds[run] / before[run] for run in still if run in speeds}
    if kept and 2 * len(kept) >= len(still):
        return level / base * _mean(kept)
    now, then = tuning.lasting.get(level, ()), tuning.lasting.get(base, ())
    if len(now) >= level and then:
        return level / base * (sum(then) / len(then)) / (sum(now) / len(now))
    if before and not still and 2 * len(speeds) >= level:
        return level / base * _mean(speeds) / _mean(before)
    # Nothing to compare with: what is there is kept.
    return WORTH * level / base if len(now) >= 3 * level else None


def _mean(speeds: Mapping[int, float]) -> float:
    return sum(speeds.values()) / len(speeds)


def _watch(tuning: Tuning, active: Sequence[Pace], speeds: Mapping[int, float]) -> Tuning:
    """Run one less if the same runs do much less than they did; try more after a while."""
    held, limit = tuning.held or 0, tuning.limit
    if held >= _AGAIN * limit and limit < tuning.most:
        why = "trying again whether more are worth it"
        return replace(tuning, held=None, usual={}, marks={}, lasting={}, why=why)
    since = {pace.run: pace.at - tuning.marks.get(pace.run, pace).at for pace in active}
    if not speeds or max(since.values()) < _WATCHED:
        return tuning
    same = [run for run in speeds if run in tuning.usual]
    usual = sum(tuning.usual[run] for run in same)
    part = sum(speeds[run] for run in same) / usual if same else 1.0
    fallen = tuning.fallen + 1 if part < FALLEN else 0
    usual_now = tuning.usual if fallen else speeds
    tuning = replace(tuning, marks={}, usual=usual_now, fallen=fallen)
    if fallen >= _SURE and limit > 1:
        why = f"the same runs do {part:.2f} of what they did: something else needs the machine"
        return replace(tuning, limit=limit - 1, held=0, usual={}, fallen=0, why=why)
    return tuning
