"""What the samplers are told of trials that did not simply complete."""

from __future__ import annotations

import math

import pytest

from hprun.model import Direction
from hprun.space import parse_space
from hprun.strategies import Known, Stand
from hprun.strategies.model_based import ModelBased, gaussian_process, tpe
from hprun.strategies.proposing import Proposer
from hprun.strategies.verdicts import Kind, Verdict, verdict, worst_score


def known(stand: Stand, score: float | None = None, number: int = 0) -> Known:
    return Known(number, {"x": 0.5}, stand, score, None if stand is Stand.OPEN else number)


@pytest.mark.parametrize(
    ("trial", "worst", "expected"),
    [
        (known(Stand.OPEN), 9.0, Verdict(Kind.RUNNING)),
        (known(Stand.COMPLETE, 1.5), 9.0, Verdict(Kind.SCORED, 1.5)),
        (known(Stand.STOPPED, 1.5), 9.0, Verdict(Kind.STOPPED, 1.5)),
        (known(Stand.FAILED), 9.0, Verdict(Kind.NOTHING)),
        (known(Stand.FAILED, 1.0), 9.0, Verdict(Kind.NOTHING)),
        (known(Stand.STOPPED), 9.0, Verdict(Kind.NOTHING)),
        (known(Stand.COMPLETE, math.nan), 9.0, Verdict(Kind.SCORED, 9.0)),
        (known(Stand.STOPPED, -math.inf), 9.0, Verdict(Kind.SCORED, 9.0)),
        (known(Stand.COMPLETE, math.inf), None, Verdict(Kind.NOTHING)),
    ],
)
def test_a_trial_becomes_an_observation(
    trial: Known, worst: float | None, expected: Verdict
) -> None:
    assert verdict(trial, worst) == expected


def test_the_worst_score_is_the_worst_finite_one() -> None:
    trials = [known(Stand.COMPLETE, value) for value in (3.0, math.nan, 1.0, math.inf, -math.inf)]
    assert worst_score([*trials, known(Stand.FAILED)], Direction.LOW) == 3.0
    assert worst_score(trials, Direction.HIGH) == 1.0
    assert worst_score([known(Stand.OPEN)], Direction.LOW) is None


HISTORY = [
    Known(0, {"x": 0.5, "o": "a"}, Stand.COMPLETE, 2.0, 0),
    Known(1, {"x": 0.25, "o": "b", "m": 3}, Stand.STOPPED, 1.0, 2),
    Known(2, {"x": 0.75, "o": "a"}, Stand.FAILED, None, 1),
    Known(3, {"x": 0.1, "o": "a"}, Stand.COMPLETE, math.nan, 3),
    Known(4, {"x": 0.9, "o": "b", "m": 1}, Stand.OPEN),
    Known(5, {"x": 7.0, "o": "a"}, Stand.COMPLETE, 0.0, 4),
]
SPACE = parse_space(["x=0:u:1", "o=a,b", "m=1:3 if o == 'b'"])


def told(flavour: object) -> list[tuple[str, float | None, dict[str, object]]]:
    """What Optuna's study holds: each trial's state, value and parameters."""
    strategy = ModelBased(SPACE, Direction.LOW, 0, flavour)
    study = strategy._study(HISTORY, 1)
    return [
        (
            trial.state.name,
            trial.value if trial.value is not None else trial.intermediate_values.get(1),
            trial.params,
        )
        for trial in study.get_trials(deepcopy=False)
    ]


@pytest.mark.filterwarnings("ignore:Argument ``group``")
def test_tpe_gets_active_parameters_alone_and_stopped_trials_as_pruned() -> None:
    assert told(tpe()) == [
        ("COMPLETE", 2.0, {"x": 0.5, "o": 0}),
        ("PRUNED", 1.0, {"x": 0.25, "o": 1, "m": 2}),
        ("COMPLETE", 2.0, {"x": 0.1, "o": 0}),
        ("RUNNING", None, {"x": 0.9, "o": 1, "m": 0}),
    ]


def test_the_gaussian_process_gets_every_parameter_and_stopped_trials_with_their_score() -> None:
    assert told(gaussian_process()) == [
        ("COMPLETE", 2.0, {"x": 0.5, "o": 0, "m": 1}),
        ("COMPLETE", 1.0, {"x": 0.25, "o": 1, "m": 2}),
        ("COMPLETE", 2.0, {"x": 0.1, "o": 0, "m": 1}),
        ("RUNNING", None, {"x": 0.9, "o": 1, "m": 0}),
    ]


def test_what_does_not_take_part_is_told_as_it_was_proposed() -> None:
    """Else the process would have a point in mind that is never tried, and propose it for ever."""
    space = parse_space(["x=0:u:1", "o=a,b", "m=0:u:1 if o == 'b'"])
    strategy = ModelBased(space, Direction.LOW, 0, gaussian_process(startup=4))
    history: list[Known] = []
    for number in range(12):
        (proposal,) = strategy.propose(history, 1)
        loss = (proposal.values["x"] - 0.3) ** 2 + (proposal.values["o"] == "b")
        history.append(Known(number, proposal.values, Stand.COMPLETE, loss, number, proposal.note))
    study = strategy._study(history, 0)
    absent = [
        (trial.params["m"], known.note["absent"]["m"])
        for trial, known in zip(study.get_trials(), history, strict=False)
        if known.values["o"] == "a"
    ]
    assert len(absent) >= 4
    assert all(told == proposed for told, proposed in absent)
    assert len(set(absent)) > 1


@pytest.mark.long
def test_the_gaussian_process_seldom_leaves_a_trial_to_chance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where `m` does not take part, six of its points are one trial, which must not come again."""
    space = parse_space(["x=1:12", "o=a,b", "m=1:6 if o == 'b'"])
    strategy = ModelBased(space, Direction.LOW, 0, gaussian_process(startup=4))
    chances: list[int] = []
    left = Proposer._left

    def by_chance(self: Proposer, trial: int, tried: set[object]) -> object:
        chances.append(trial)
        return left(self, trial, tried)

    monkeypatch.setattr(Proposer, "_left", by_chance)
    history: list[Known] = []
    for number in range(15):
        (proposal,) = strategy.propose(history, 1)
        loss = abs(proposal.values["x"] - 8) + proposal.values.get("m", 0)
        history.append(
            Known(number, proposal.values, Stand.COMPLETE, float(loss), number, proposal.note)
        )
    assert min(known.score for known in history if known.score is not None) == 0
    assert len(chances) <= 2  # of the eleven that the process had a say in
