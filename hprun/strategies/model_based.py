"""TPE and the Gaussian process: Optuna's samplers, asked and told from the history alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from hprun.dataclass import dataclass
from hprun.errors import HprunError
from hprun.model import Direction
from hprun.space import Space
from hprun.strategies.chance import sampler_seed
from hprun.strategies.dimensions import Dimension, Scale
from hprun.strategies.encoding import Encoding, Point
from hprun.strategies.proposing import Proposer, Remembered
from hprun.strategies.protocol import Known, Proposal
from hprun.strategies.quiet_optuna import quiet_optuna
from hprun.strategies.verdicts import Kind, Verdict, verdict, worst_score

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial


_ABSENT = "absent"  # in a note: the quantiles of what does not take part, by its path


@dataclass(frozen=True, slots=True)
class Flavour:
    """What sets one sampler apart from another.

    `sampler` makes one from a seed. `whole`: it cannot do without a value for each dimension, so
    those that do not take part are told as it said, which only a trial's note keeps, or in the
    middle; and where what it said led to a trial that is not new, it is told that too. Else they
    are absent. `ranks_stopped`: it knows of trials that were stopped early, and ranks them behind
    the complete ones; else their score counts like any other. `attempts` bounds how often it is
    asked again for a trial that is new. `uses_torch`: it computes with PyTorch.
    """

    sampler: Callable[[int], BaseSampler]
    whole: bool
    ranks_stopped: bool
    attempts: int
    uses_torch: bool = False


def tpe(*, startup: int = 10, candidates: int = 24) -> Flavour:
    """The tree-structured Parzen estimator, each branch of the tree a joint distribution."""

    def sampler(seed: int) -> BaseSampler:
        from optuna.samplers import TPESampler

        return TPESampler(
            seed=seed,
            n_startup_trials=startup,
            n_ei_candidates=candidates,
            multivariate=True,
            group=True,
            constant_liar=True,
        )

    return Flavour(sampler, whole=False, ranks_stopped=True, attempts=10)


def gaussian_process(*, startup: int = 10, noiseless: bool = False) -> Flavour:
    """A Gaussian process over all dimensions; trials that run count as their expected score.

    Raises HprunError where PyTorch or SciPy is missing.
    """
    from importlib.util import find_spec

    missing = [name for name in ("torch", "scipy") if find_spec(name) is None]
    if missing:
        raise HprunError(
            f"the strategy gp needs {' and '.join(missing)}, which this Python does not have",
            hint='install it with: pip install "hprun[gp]"',
        )

    def sampler(seed: int) -> BaseSampler:
        from optuna.samplers import GPSampler

        return GPSampler(
            seed=seed,
            n_startup_trials=startup,
            deterministic_objective=noiseless,
            warn_independent_sampling=False,
        )

    return Flavour(sampler, whole=True, ranks_stopped=False, attempts=10, uses_torch=True)


class ModelBased:
    """Proposes what a sampler of Optuna's would, of a study that holds this history.

    Each proposal comes from a new sampler, seeded with the search's seed and the number of the
    trial, so nothing has to survive but the history. What a sampler is told of a trial that
    failed, was stopped, or has no finite score: see `verdicts` and `Flavour`.
    """

    def __init__(self, space: Space, direction: Direction, seed: int, flavour: Flavour) -> None:
        self._encoding = Encoding(space, seed)
        self._direction = direction
        self._seed = seed
        self._flavour = flavour
        self._point = Remembered(self._told)
        self._observation = Remembered(lambda known: self._observed(known, verdict(known, None)))
        self._vain: list[Point] = []  # proposed for the same trial before
        self._proposer = Proposer(self._encoding, seed, self._suggest, flavour.attempts)

    def propose(self, history: Sequence[Known], count: int) -> Sequence[Proposal]:
        """The sampler's next proposals."""
        with quiet_optuna(), _one_thread() if self._flavour.uses_torch else nullcontext():
            return self._proposer.propose(history, count)

    def _suggest(self, history: Sequence[Known], attempt: int) -> Proposal:
        if attempt == 0:
            self._vain.clear()
        trial = self._study(history, sampler_seed(self._seed, len(history), attempt)).ask()
        dimensions = self._encoding.dimensions

        def pick(dimension: int) -> float:
            return _suggested(trial, dimensions[dimension])

        if not self._flavour.whole:
            return Proposal(self._encoding.draw(pick))
        point = tuple(pick(number) for number in range(len(dimensions)))
        self._vain.append(point)
        taking_part = self._encoding.active(point)
        absent = {
            dimension.path: unit
            for dimension, unit, there in zip(dimensions, point, taking_part, strict=True)
            if not there
        }
        return Proposal(self._encoding.values(point), {_ABSENT: absent} if absent else {})

    def _told(self, known: Known) -> Point | None:
        """Where a trial is, also in what does not take part, if its note says so.

        A sampler that proposed to go there, and is told of another place, proposes it for ever.
        """
        point, absent = self._encoding.point(known.values), known.note.get(_ABSENT)
        if point is None or not absent:
            return point
        dimensions = self._encoding.dimensions
        return tuple(
            absent.get(dimension.path) if unit is None else unit
            for dimension, unit in zip(dimensions, point, strict=True)
        )

    def _study(self, history: Sequence[Known], seed: int) -> Study:
        from optuna.study import Study, StudyDirection

        from hprun.strategies.optuna_history import NAME, History

        low = self._direction is Direction.LOW
        direction = StudyDirection.MINIMIZE if low else StudyDirection.MAXIMIZE
        trials = [trial for trial in self._trials(history) if trial is not None]
        first = max((trial.number for trial in trials), default=-1) + 1
        # As trials that run, they draw the next proposal elsewhere.
        running = Verdict(Kind.RUNNING)
        trials += [self._frozen(first + n, point, running) for n, point in enumerate(self._vain)]
        return Study(NAME, History(trials, direction), sampler=self._flavour.sampler(seed))

    def _trials(self, history: Sequence[Known]) -> Iterator[FrozenTrial | None]:
        worst = worst_score(history, self._direction)
        for known in history:
            if known.score is None or known.scored:
                yield self._observation(known)
            else:
                yield self._observed(known, verdict(known, worst))

    def _observed(self, known: Known, told: Verdict) -> FrozenTrial | None:
        """The trial as the sampler gets it; nothing where it is not of this space."""
        point = self._point(known)
        if point is None or told.kind is Kind.NOTHING:
            return None
        return self._frozen(known.number, point, told)

    def _frozen(self, number: int, point: Point, told: Verdict) -> FrozenTrial:
        from optuna.trial import TrialState

        from hprun.strategies.optuna_history import frozen_trial

        states = {
            Kind.RUNNING: TrialState.RUNNING,
            Kind.SCORED: TrialState.COMPLETE,
            Kind.STOPPED: TrialState.PRUNED if self._flavour.ranks_stopped else TrialState.COMPLETE,
        }
        params, distributions = self._params(point)
        return frozen_trial(number, states[told.kind], told.score, params, distributions)

    def _params(self, point: Point) -> tuple[dict[str, Any], dict[str, Any]]:
        params: dict[str, Any] = {}
        distributions: dict[str, Any] = {}
        for dimension, unit in zip(self._encoding.dimensions, point, strict=True):
            if unit is None and not self._flavour.whole:
                continue
            there = 0.5 if unit is None else unit
            params[dimension.path] = there if dimension.count is None else dimension.index(there)
            distributions[dimension.path] = _distribution(dimension)
        return params, distributions


@contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch computes in this thread alone.

    The matrices are small: it is three times as fast so, and twenty times where trials keep the
    cores busy, since threads wait for each other.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _suggested(trial: Trial, dimension: Dimension) -> float:
    """The quantile that the sampler chooses for a dimension."""
    if dimension.count is None:
        return trial.suggest_float(dimension.path, 0.0, 1.0)
    if dimension.scale is Scale.ORDERED:
        return dimension.middle(trial.suggest_int(dimension.path, 0, dimension.count - 1))
    return dimension.middle(trial.suggest_categorical(dimension.path, range(dimension.count)))


def _distribution(dimension: Dimension) -> Any:
    """The same for a trial that has its value already."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if dimension.count is None:
        return FloatDistribution(0.0, 1.0)
    if dimension.scale is Scale.ORDERED:
        return IntDistribution(0, dimension.count - 1)
    return CategoricalDistribution(range(dimension.count))
