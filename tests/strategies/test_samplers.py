"""What every strategy that samples must hold to, whatever its algorithm."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from statistics import median

import pytest

from hprun.config import read_file, spec_strings
from hprun.errors import ConfigError, HprunError
from hprun.model import Direction, Values
from hprun.space import Space, parse_space
from hprun.strategies import Known, Proposal, Stand, Strategy, make_strategy
from hprun.strategies.encoding import Encoding, same_trial

QUICK = ["random", "qmc", "tpe", "cmaes"]
ALL = [*QUICK, "gp"]
OPTIONS = {"gp": {"startup": 4}, "tpe": {"startup": 5}}
MIXED = parse_space(
    [
        "lr=1e-4:l:1",
        "units=16,32,64",
        "opt=SGD,Adam,RMSprop",
        'momentum=0:u:1 if opt == "SGD"',
        "extra=choice(None,quniform(1,4,1))",
        "noise=normal(0,1)",
    ]
)
SMOOTH = parse_space(["x=-5:u:10", "y=0:u:15"])


def made(
    name: str, space: Space = MIXED, seed: int = 3, direction: Direction = Direction.LOW
) -> Strategy:
    return make_strategy(name, space, direction, seed, 50, OPTIONS.get(name, {}))


def score(values: Values) -> float:
    """Low where lr is near 0.01, units are many and the optimizer is Adam."""
    return (
        (math.log10(values["lr"]) + 2) ** 2
        + 32 / values["units"]
        + (values["opt"] != "Adam")
        + 0.1 * (values["extra"] or 0)
        + 0.05 * values["noise"] ** 2
    )


def branin(values: Values) -> float:
    x, y = values["x"], values["y"]
    curve = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return curve**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def ended(known: Known, when: int, goal: Callable[[Values], float] = score) -> Known:
    """How a trial ends: most complete; every fifth or so comes to grief in its own way."""
    fates = {
        2: (Stand.FAILED, None),
        5: (Stand.COMPLETE, math.nan),
        7: (Stand.STOPPED, goal(known.values)),
        9: (Stand.COMPLETE, math.inf),
    }
    stand, value = fates.get(known.number % 11, (Stand.COMPLETE, goal(known.values)))
    return Known(known.number, known.values, stand, value, when, known.note)


@cache
def parallel_histories(name: str, length: int, slots: int = 3) -> list[list[Known]]:
    """The history each time a strategy is asked, with so many trials open at a time."""
    strategy, history, seen, when = made(name), [], [], 0
    while len(history) < length:
        seen.append(list(history))
        for proposal in strategy.propose(history, 1):
            history.append(Known(len(history), proposal.values, Stand.OPEN, note=proposal.note))
        running = [known for known in history if known.stand is Stand.OPEN]
        if len(running) >= slots:
            over = running[when % slots]  # not in the order in which they began
            history[over.number] = ended(over, when)
            when += 1
    return seen


def searched(
    strategy: Strategy, goal: Callable[[Values], float], trials: int, batch: int = 1
) -> list[Known]:
    history: list[Known] = []
    while len(history) < trials:
        proposals = strategy.propose(history, batch)
        if not proposals:
            break
        for one in proposals:
            number = len(history)
            history.append(
                Known(number, one.values, Stand.COMPLETE, goal(one.values), number, one.note)
            )
    return history


def best(history: Sequence[Known]) -> float:
    return min(known.score for known in history if known.score is not None)


def stored(history: Sequence[Known]) -> list[Known]:
    """The history as it comes back from where notes are kept as JSON."""
    return [
        Known(
            one.number,
            one.values,
            one.stand,
            one.score,
            one.ended,
            json.loads(json.dumps(one.note)),
        )
        for one in history
    ]


@pytest.mark.parametrize("name", [*QUICK, pytest.param("gp", marks=pytest.mark.long)])
def test_a_new_strategy_answers_as_one_that_was_there_from_the_beginning(name: str) -> None:
    kept = made(name)
    for history in parallel_histories(name, 14 if name == "gp" else 40):
        expected = kept.propose(history, 1)
        assert len(expected) == 1
        assert list(made(name).propose(stored(history), 1)) == list(expected)


@pytest.mark.parametrize("name", ALL)
def test_asking_for_three_is_asking_three_times_for_one(name: str) -> None:
    history = list(parallel_histories(name, 14)[-1])
    together = made(name).propose(history, 3)
    one_by_one: list[Proposal] = []
    for _ in range(3):
        (proposal,) = made(name).propose(history, 1)
        history.append(Known(len(history), proposal.values, Stand.OPEN, note=proposal.note))
        one_by_one.append(proposal)
    assert list(together) == one_by_one
    assert len({same_trial(one.values) for one in together}) == 3


@pytest.mark.parametrize("name", ALL)
def test_every_proposal_is_a_trial_of_the_space(name: str) -> None:
    encoding = Encoding(MIXED, 3)
    for known in parallel_histories(name, 14)[-1]:
        point = encoding.point(known.values)
        assert point is not None
        assert repr(encoding.values(point)) == repr(known.values)
        assert ("momentum" in known.values) == (known.values["opt"] == "SGD")


@pytest.mark.parametrize("name", ALL)
def test_low_scores_are_to_one_direction_what_high_ones_are_to_the_other(name: str) -> None:
    history = parallel_histories(name, 14)[-1]
    mirrored = [
        Known(one.number, one.values, one.stand, one.score and -one.score, one.ended, one.note)
        for one in history
    ]
    low = made(name).propose(history, 1)
    high = made(name, direction=Direction.HIGH).propose(mirrored, 1)
    assert list(low) == list(high)


@pytest.mark.parametrize("name", QUICK)
def test_other_seeds_propose_other_trials(name: str) -> None:
    first = {
        same_trial(made(name, SMOOTH, seed=seed).propose((), 1)[0].values) for seed in range(5)
    }
    assert len(first) == 5


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("stand", "value"),
    [
        (Stand.FAILED, None),
        (Stand.COMPLETE, math.nan),
        (Stand.COMPLETE, -math.inf),
        (Stand.STOPPED, 1.0),
        (Stand.STOPPED, math.nan),
        (Stand.COMPLETE, 1.0),
        (Stand.COMPLETE, 1e308),
        (Stand.OPEN, None),
    ],
)
def test_a_history_in_which_all_ended_alike_stops_nobody(
    name: str, stand: Stand, value: float | None
) -> None:
    strategy = made("random")
    tried = [one.values for one in strategy.propose((), 12)]
    history = [
        Known(number, values, stand, value, None if stand is Stand.OPEN else number)
        for number, values in enumerate(tried)
    ]
    (proposal,) = made(name).propose(history, 1)
    assert same_trial(proposal.values) not in {same_trial(values) for values in tried}


@pytest.mark.parametrize("name", ALL)
def test_trials_from_elsewhere_may_be_any(name: str) -> None:
    values = {"lr": 0.01, "units": 64, "opt": "Adam", "extra": None, "noise": 0.5}
    odd = [
        values,
        {**values, "lr": 99.0},
        {**values, "opt": "LBFGS"},
        {"lr": 0.1},
        {**values, "noise": 1e9},
        {**values, "other": (1, 2)},
    ]
    history = [
        Known(number, row, Stand.COMPLETE, 1.0 + number, number) for number, row in enumerate(odd)
    ]
    assert len(made(name).propose(history, 2)) == 2


@pytest.mark.parametrize("name", [*QUICK, pytest.param("gp", marks=pytest.mark.long)])
def test_a_small_space_is_searched_to_its_end_and_nothing_twice(name: str) -> None:
    space = parse_space(["a=1,2,3", "b=choice(None,quniform(0,2,1)) if a > 1"])
    history = [Known(0, {"a": 2.0, "b": 1}, Stand.FAILED, None, 0)]
    strategy = made(name, space)
    while proposals := strategy.propose(history, 2):
        for one in proposals:
            number = len(history)
            history.append(
                Known(number, one.values, Stand.COMPLETE, 0.1 * number, number, one.note)
            )
    assert len(history) == 9
    assert len({same_trial(known.values) for known in history}) == 9


@pytest.mark.parametrize("name", QUICK)
def test_a_space_of_one_trial_is_tried_once(name: str) -> None:
    strategy = made(name, parse_space(["a=1", "b=adam"]))
    (only,) = strategy.propose((), 5)
    assert only.values == {"a": 1, "b": "adam"}
    assert not strategy.propose([Known(0, only.values, Stand.OPEN, note=only.note)], 5)


@pytest.mark.parametrize("name", QUICK)
def test_a_search_ends_where_an_endless_space_has_nothing_new(name: str) -> None:
    strategy = made(name, parse_space(["a=qnormal(0,0.01,1)"]))
    assert [one.values for one in strategy.propose((), 3)] == [{"a": 0}]


def test_a_random_trial_depends_on_its_number_alone() -> None:
    tried = made("random").propose((), 9)
    others = [
        Known(number, {"lr": 0.5}, Stand.COMPLETE, float(number), number) for number in range(8)
    ]
    assert made("random").propose(others, 1)[0] == tried[8]
    more = parse_space([*map(str, MIXED.parameters), "new=0:u:1"])
    (ninth,) = made("random", more).propose(others, 1)
    assert {**tried[8].values, "new": ninth.values["new"]} == ninth.values


@pytest.mark.parametrize("sequence", ["sobol", "halton"])
def test_a_quasi_random_sequence_is_even_and_has_no_holes(sequence: str) -> None:
    strategy = make_strategy("qmc", SMOOTH, Direction.LOW, 1, None, {"sequence": sequence})
    by_hand = Known(0, {"x": 1.0, "y": 1.0}, Stand.COMPLETE, 1.0, 0)
    history = [by_hand]
    for number in range(1, 65):
        (one,) = strategy.propose(history, 1)
        history.append(Known(number, one.values, Stand.OPEN, note=one.note))
    assert [known.note["point"] for known in history[1:]] == list(range(64))
    for name, low, width in (("x", -5, 15 / 8), ("y", 0, 15 / 8)):
        cells = [int((known.values[name] - low) / width) for known in history[1:]]
        counts = [cells.count(cell) for cell in range(8)]
        assert max(counts) - min(counts) <= (0 if sequence == "sobol" else 4)


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_printed_and_nothing_is_warned_of(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    history = parallel_histories(name, 14)[-1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made(name).propose(history, 1)
    assert capfd.readouterr() == ("", "")


def test_open_trials_keep_the_model_away_from_where_they_are() -> None:
    history = searched(made("tpe", SMOOTH), branin, 40)
    proposals = made("tpe", SMOOTH).propose(history, 6)
    places = [(one.values["x"], one.values["y"]) for one in proposals]
    assert len(set(places)) == 6
    alone = made("tpe", SMOOTH).propose(history, 1)[0].values
    assert (alone["x"], alone["y"]) == places[0]


def test_tpe_finds_better_than_random_draws() -> None:
    def found(name: str) -> float:
        return median(
            best(searched(make_strategy(name, SMOOTH, Direction.LOW, seed, 50, {}), branin, 50))
            for seed in range(5)
        )

    assert found("tpe") < 0.75 * found("random")


def test_cmaes_finds_the_bottom_of_a_bowl() -> None:
    space = parse_space([f"x{index}=-1:u:2" for index in range(4)])
    history = searched(
        made("cmaes", space), lambda values: sum((v - 0.7) ** 2 for v in values.values()), 300
    )
    assert best(history) < 1e-4


def test_cmaes_finds_the_option_and_the_rung_among_mixed_ones() -> None:
    history = searched(made("cmaes"), score, 150)
    found = min(history, key=lambda known: known.score or 0.0).values
    assert (found["opt"], found["units"], found["extra"]) == ("Adam", 64, None)
    assert 0.003 < found["lr"] < 0.03


def test_cmaes_begins_at_the_best_trial_from_elsewhere() -> None:
    history = [
        Known(0, {"x": 9.0, "y": 14.0}, Stand.COMPLETE, 1.0, 0),
        Known(1, {"x": -4.0, "y": 1.0}, Stand.COMPLETE, 2.0, 1),
    ]
    near = made("cmaes", SMOOTH).propose(history, 20)
    assert median(one.values["x"] for one in near) > 6
    assert median(one.values["y"] for one in near) > 10
    with_start = [*history, Known(2, near[0].values, Stand.OPEN, note=near[0].note)]
    later = [*with_start, Known(3, {"x": 0.0, "y": 0.0}, Stand.COMPLETE, 0.0, 2)]
    again = made("cmaes", SMOOTH).propose(later, 1)[0]
    assert again.note["start"] == near[0].note["start"]


def test_cmaes_begins_elsewhere_when_it_has_converged() -> None:
    strategy = made("cmaes", SMOOTH)
    history = searched(strategy, lambda values: 1.0, 400)
    assert len({same_trial(known.values) for known in history}) == len(history)
    generations = [known.note["generation"] for known in history if "generation" in known.note]
    sizes = {generations.count(generation) for generation in range(max(generations))}
    assert min(sizes) == 6
    assert max(sizes) >= 12


def test_stragglers_of_a_generation_are_not_counted() -> None:
    strategy = made("cmaes", SMOOTH)
    proposals = strategy.propose((), 9)
    history = [
        Known(number, one.values, Stand.COMPLETE, branin(one.values), number, one.note)
        for number, one in enumerate(proposals)
    ]
    (after,) = strategy.propose(history, 1)
    assert after.note["generation"] == 1
    assert "start" not in after.note
    worse = [*history[:8], Known(8, proposals[8].values, Stand.FAILED, None, 8, proposals[8].note)]
    assert list(made("cmaes", SMOOTH).propose(worse, 1)) == [after]


def test_a_range_with_the_flag_r_begins_at_random_in_cmaes() -> None:
    spaces = [parse_space([f"x=0:1:{flags}", "y=0:1:l"]) for flags in ("r", "u")]
    starts = [made("cmaes", space).propose((), 1)[0].note["start"] for space in spaces]
    assert starts[1] == [0.5, 0.5]
    assert starts[0][0] != 0.5
    assert starts[0][1] == 0.5


def test_the_cifar_space_is_searched_by_every_strategy() -> None:
    specs = spec_strings(read_file(Path(__file__).parents[2] / "examples" / "cifar")["hp"])
    space = parse_space(specs)
    encoding = Encoding(space)

    def goal(values: Values) -> float:
        return (values["lr_rate_mult"] - 1) ** 2 + values["batch_size"] / 700

    for name in QUICK:
        history = searched(made(name, space), goal, 30, batch=3)
        assert len(history) == 30
        assert all(encoding.point(known.values) is not None for known in history)


def test_shac_is_made_of_the_same_space() -> None:
    strategy = make_strategy("shac", MIXED, Direction.LOW, 1, 60, {})
    history = searched(strategy, score, 30, batch=10)
    encoding = Encoding(MIXED, 1)
    assert all(encoding.point(known.values) is not None for known in history)
    again = make_strategy("shac", MIXED, Direction.LOW, 1, 60, {})
    assert list(again.propose(history, 3)) == list(strategy.propose(history, 3))


def test_gp_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else there(name)
    )
    with pytest.raises(HprunError, match="torch") as caught:
        made("gp")
    assert "hprun[gp]" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("tpee", {}, "there is no strategy tpee"),
        ("random", {"startup": 3}, "the strategy random has no option startup"),
        ("tpe", {"startups": 3}, "the strategy tpe has no option startups"),
        ("tpe", {"startup": "many"}, "tpe: startup is a whole number, 0 or more, not many"),
        ("tpe", {"candidates": 0}, "tpe: candidates is a whole number, 1 or more, not 0"),
        ("tpe", {"startup": 1.5}, "tpe: startup is a whole number, 0 or more, not 1.5"),
        ("tpe", {"startup": math.inf}, "tpe: startup is a whole number, 0 or more, not inf"),
        ("qmc", {"sequence": "fibonacci"}, "qmc: sequence is sobol or halton, not fibonacci"),
        ("gp", {"noiseless": "maybe"}, "gp: noiseless is true or false, not maybe"),
        ("cmaes", {"population": True}, "cmaes: population is a whole number, 4 or more, not True"),
    ],
)
def test_what_is_no_strategy_and_no_option_is_told(
    name: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        make_strategy(name, SMOOTH, Direction.LOW, 0, None, options)
    assert caught.value.message == message
    assert caught.value.hint or "is " in message


def test_options_may_be_texts() -> None:
    texts = make_strategy("tpe", SMOOTH, Direction.LOW, 0, 9, {"startup": "3"})
    numbers = make_strategy("tpe", SMOOTH, Direction.LOW, 0, 9, {"startup": 3})
    history = searched(numbers, branin, 8)
    assert list(texts.propose(history, 1)) == list(numbers.propose(history, 1))


def test_nothing_heavy_is_imported_before_a_strategy_is_made() -> None:
    code = (
        "import sys, hprun.strategies, hprun.strategies.listed, hprun.strategies.encoding;"
        "print([m for m in ('numpy','optuna','scipy','torch','cmaes','sklearn','statistics')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
