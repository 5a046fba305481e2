"""A search as a study of Optuna's in an SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hprun.dataclass import dataclass
from hprun.errors import HprunError
from hprun.model import Curve, Direction, Ended, Metric, Value, state_word
from hprun.report.export.distributions import distributions, written
from hprun.report.export.rows import Row
from hprun.report.results import Result, finite
from hprun.space import Space
from hprun.store import Part
from hprun.strategies.quiet_optuna import quiet_optuna

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

Curves = Callable[[Part], Curve | None]
"""Reads what a run's metric was, step by step."""

MOST_POINTS = 100
"""Of a curve; Optuna's storage takes about a millisecond for each."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What is to become a study: `space` and `seed` are the search's; the space may be gone.

    `began` stands for times that nobody wrote down, as after `hprun doctor --repair`.
    """

    name: str
    metric: Metric
    rows: Sequence[Row]
    space: Space | None
    seed: int
    began: datetime
    attributes: Mapping[str, Any]


def write_study(search: Exported, path: Path, curves: Curves, *, replace: bool) -> int:
    """Write the trials that have ended into a study of the search's name; returns how many.

    What completed with a score is COMPLETE, what was stopped early PRUNED, all else FAIL. Scores
    of folds are in `user_attrs`. Other studies in the file stay. Raises HprunError for a study
    that is there already, unless it is to be replaced, and for a file that is no such storage.
    """
    with quiet_optuna():
        import optuna
        from sqlalchemy.exc import SQLAlchemyError

        try:
            storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
            names = optuna.study.get_all_study_names(storage)
            if search.name in names and not replace:
                raise HprunError(
                    f"{path} holds a study {search.name} already.",
                    hint="Replace it with --replace, or name another file.",
                )
            if search.name in names:
                optuna.delete_study(study_name=search.name, storage=storage)
            low = search.metric.direction is Direction.LOW
            study = optuna.create_study(
                storage=storage,
                study_name=search.name,
                direction="minimize" if low else "maximize",
            )
            return _fill(study, search, curves)
        except (SQLAlchemyError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise HprunError(f"{path} cannot hold a study: {reason}") from error


def _fill(study: Study, search: Exported, curves: Curves) -> int:
    study.set_metric_names([search.metric.name])
    for name, value in search.attributes.items():
        study.set_user_attr(name, value)
    ended = sorted(
        (row for row in search.rows if row.result.state not in ("queued", "running")),
        key=lambda row: row.result.trial,
    )
    seen: dict[str, list[Value]] = {}
    for row in ended:
        for name, value in row.result.values.items():
            seen.setdefault(name, []).append(value)
    found = distributions(search.space, dict(seen), search.seed)
    for row in ended:
        study.add_trial(_trial(row, found, curves, search.began))
    return len(ended)


def _trial(
    row: Row, found: Mapping[str, BaseDistribution], curves: Curves, began: datetime
) -> FrozenTrial:
    from optuna.trial import FrozenTrial, TrialState

    result = row.result
    score = result.score if result.score is not None and result.score == result.score else None
    state = TrialState.FAIL
    if result.state == "stopped":
        state = TrialState.PRUNED
    elif result.state == "completed" and score is not None:
        state = TrialState.COMPLETE
    return FrozenTrial(
        number=-1,  # the storage gives numbers
        trial_id=-1,
        state=state,
        value=None if state is TrialState.FAIL else score,
        datetime_start=_local(row.started or began),
        datetime_complete=_local(row.ended or row.started or began),
        params={name: written(value, found[name]) for name, value in result.values.items()},
        distributions={name: found[name] for name in result.values},
        user_attrs=_attributes(result),
        system_attrs={},
        intermediate_values=intermediate(result.parts, curves),
    )


def _attributes(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = {
        "trial": result.trial,
        "state": result.state,
        "seconds": round(result.seconds, 3),
    }
    if len(result.parts) > 1:
        found |= {"std": finite(result.std), "n": result.n}
        found["folds"] = [
            {
                "fold": part.run.fold,
                "repeat": part.run.repeat,
                "score": finite(part.reading.value) if part.reading else None,
                "state": state_word(part.run.state),
            }
            for part in result.parts
        ]
    details = {
        part.run.state.detail for part in result.parts if isinstance(part.run.state, Ended)
    } - {""}
    return found | ({"detail": "; ".join(sorted(details))} if details else {})


def intermediate(parts: Sequence[Part], curves: Curves) -> dict[int, float]:
    """The mean of the runs' curves at each step that all of them have; thinned where it is long."""
    found = [curve for part in parts if (curve := curves(part)) is not None]
    if not found:
        return {}
    by_step = [dict(zip(curve.steps, curve.values, strict=True)) for curve in found]
    steps = [step for step in by_step[0] if all(step in other for other in by_step)]
    every = -(-len(steps) // MOST_POINTS) or 1
    kept = sorted({*steps[::every], *steps[-1:]})
    return {step: sum(one[step] for one in by_step) / len(by_step) for step in kept}


def _local(at: datetime) -> datetime:
    """Optuna writes times without a zone, of this machine."""
    return at.astimezone().replace(tzinfo=None)
