"""How much each hyperparameter matters: Optuna's fANOVA over what was tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hprun.strategies.quiet_optuna import quiet_optuna

_LEAST = 10  # trials, and more than there are names
_MOST = 1000  # more take longer, and tell little more
_TREES = 32
_DEPTH = 8
_STEPS = 16  # of a range: what it takes grows with the places where a tree may cut
_ABSENT = -0.25  # where a value lies that a trial does not have


def importances(
    names: Sequence[str],
    places: Sequence[Sequence[float | None]],
    scores: Sequence[float],
    discrete: Mapping[str, Sequence[float]],
) -> dict[str, float]:
    """The share of the scores' variance that each name alone explains, the greatest first.

    `places` has a row for each trial, with a number from 0 to 1 for each name or None where the
    trial lacks it; `discrete` the places of those that are words. {} where too little is known.
    By F. Hutter, H. Hoos, K. Leyton-Brown, An Efficient Approach for Assessing Hyperparameter
    Importance (ICML 2014). Deterministic. Places are rounded, and of many trials some are taken
    evenly, for a whole forest over a thousand trials takes minutes.
    """
    if len(scores) < max(_LEAST, len(names) + 1) or not names or len(set(scores)) < 2:
        return {}
    with quiet_optuna():
        return _fanova(names, places, scores, discrete)


def _fanova(
    names: Sequence[str],
    places: Sequence[Sequence[float | None]],
    scores: Sequence[float],
    discrete: Mapping[str, Sequence[float]],
) -> dict[str, float]:
    import optuna
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    distributions: dict[str, BaseDistribution] = {}
    for column, name in enumerate(names):
        absent = any(row[column] is None for row in places)
        if name in discrete:
            choices = (*discrete[name], *((_ABSENT,) if absent else ()))
            distributions[_named(column)] = CategoricalDistribution(choices)
        else:
            distributions[_named(column)] = FloatDistribution(_ABSENT if absent else 0.0, 1.0)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    step = -(-len(scores) // _MOST)
    study.add_trials([
        optuna.trial.create_trial(
            params={
                _named(n): _rounded(place, exact=names[n] in discrete)
                for n, place in enumerate(row)
            },
            distributions=distributions,
            value=score,
        )
        for row, score in zip(places[::step], scores[::step], strict=True)
    ])  # fmt: skip
    evaluator = FanovaImportanceEvaluator(n_trees=_TREES, max_depth=_DEPTH, seed=0)
    try:
        found = get_param_importances(study, evaluator=evaluator)
    except RuntimeError:  # no tree found any difference
        return {}
    return {names[int(name)]: float(share) for name, share in found.items()}


def _rounded(place: float | None, *, exact: bool) -> float:
    if place is None:
        return _ABSENT
    return place if exact else round(place * _STEPS) / _STEPS


def _named(column: int) -> str:
    """Optuna is told numbers: a name may be anything."""
    return str(column)
