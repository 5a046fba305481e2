"""Studio's optimizers: what they are given, what they are told, and how they go on."""

import copy
import math
import random
from typing import ClassVar

import numpy as np
import pytest

from hprun.errors import ConfigError, HprunError
from hprun.model import Direction
from hprun.space import parse_space
from hprun.strategies import Known, Stand
from hprun.strategies.plugins.hyperparameters import axes
from hprun.strategies.plugins.loading import Brought
from hprun.strategies.plugins.studio import make_studio
from hprun.strategies.plugins.studio_surroundings import Dice, studio_config

SPECS = ("lr=1e-4:1:l", "w=0:1:3:ra", "b=-1:1:u", "x=0:9:l", "c=2:u:4")


class Draws:
    """Proposes random populations, and keeps what it is told; `log` is of all that were made."""

    log: ClassVar = []

    def __init__(self, hyperparameters, config, logger):
        self.hyperparameters, self.config, self.logger = hyperparameters, config, logger
        self.asked = 0
        Draws.log.append(("made", len(hyperparameters)))

    def stop(self):
        return self.asked >= self.config["termination_criterion"]["generation"]

    def ask(self):
        self.asked += 1
        size = self.config["cmaes_config"]["popsize"]
        return [[self.one(h) for h in self.hyperparameters] for _ in range(size)]

    def one(self, h):
        h = copy.copy(h)
        units = [random.random() for _ in range(h.array_length or 1)]
        point = np.array(units) * (h.max_range - h.min_range) + h.min_range
        point = np.exp(point) if h.is_log else point
        h.values = point if h.array_length else float(point[0])
        return h

    def tell(self, population, fitnesses):
        Draws.log.append(("told", [[h.values for h in one] for one in population], fitnesses))

    def disp(self):
        print("shown", self.asked)


@pytest.fixture(autouse=True)
def _no_log():
    Draws.log.clear()


def made(optimizer=Draws, specs=SPECS, direction=Direction.HIGH, seed=1, **options):
    options = {"popsize": 3, **options}
    return make_studio(Brought("it", optimizer), parse_space(specs), direction, seed, 60, options)


def told():
    return [entry[2] for entry in Draws.log if entry[0] == "told"]


def goes_on(strategy, history, trials, score):
    """Ask for one at a time, and end each at once."""
    while len(history) < trials:
        (proposal,) = strategy.propose(history, 1)
        n = len(history)
        result = score(n)
        stand = Stand.FAILED if result is None else Stand.COMPLETE
        history.append(Known(n, proposal.values, stand, result, n, proposal.note))
    return history


def test_hyperparameters_are_as_studio_made_them():
    lr, w, b, x, c = (axis.hyperparameter for axis in axes(parse_space(SPECS)))
    assert (lr.name, lr.index, lr.array_length, lr.values) == ("lr", 0, None, None)
    assert lr.min_range == pytest.approx(math.log(1e-4))
    assert lr.max_range == 0
    assert (lr.is_log, lr.unbounded, lr.rand_init) == (True, False, False)
    assert (w.index, w.array_length, w.rand_init, w.min_range, w.max_range) == (1, 3, True, 0, 1)
    assert (b.index, b.unbounded, b.is_log) == (4, True, False)
    assert (x.index, x.min_range, x.max_range) == (5, 0, math.log(10))
    assert (c.index, c.min_range, c.max_range, c.unbounded) == (6, 2, 4, False)
    assert lr.is_compatible(copy.copy(lr))
    assert not lr.is_compatible(w)
    assert str(w).startswith("w: index 1")


@pytest.mark.parametrize(
    "spec", ["n=0:1", "n=1,2", "n=normal(0,1)", "n=quniform(0,4,1)", "(n,m)=(1,2),(3,4)"]
)
def test_a_space_of_anything_but_ranges_is_refused(spec):
    with pytest.raises(ConfigError) as caught:
        made(specs=("lr=1e-4:1:l", spec))
    assert spec in caught.value.message
    assert "n=0:u:1" in caught.value.hint


def test_the_configuration_is_studios_and_options_go_to_where_they_belong():
    config = studio_config(40, 0, {"sigma0": 0.5, "cmaes_config.AdaptSigma": True, "mine": 3})
    assert config["cmaes_config"]["popsize"] == 8
    assert config["cmaes_config"]["sigma0"] == 0.5
    assert config["cmaes_config"]["AdaptSigma"] is True
    assert config["mine"] == 3
    assert config["load_checkpoint_file"] is None
    assert config["termination_criterion"]["generation"] == 40
    assert studio_config(5000, 0, {})["cmaes_config"]["popsize"] == 100
    assert studio_config(3, 0, {})["cmaes_config"]["popsize"] == 4
    with pytest.raises(ConfigError, match="leads into sigma0"):
        studio_config(3, 0, {"cmaes_config.sigma0.x": 1})


def test_random_numbers_are_the_optimizers_own():
    random.seed(5)
    before = random.random()
    random.seed(5)
    dice = Dice(3)
    with dice:
        first = random.random(), np.random.random()
    assert random.random() == before
    with dice:
        second = random.random(), np.random.random()
    again = Dice(3)
    with again:
        assert [(random.random(), np.random.random()) for _ in range(2)] == [first, second]


def test_a_population_is_told_when_all_of_it_has_ended_and_not_before():
    strategy = made()
    history = []
    for _ in range(3):
        proposals = strategy.propose(history, 2)[:1]
        history += [Known(len(history), p.values, Stand.OPEN, note=p.note) for p in proposals]
    assert strategy.propose(history, 5) == []
    history[0] = Known(0, history[0].values, Stand.COMPLETE, 0.5, 1, history[0].note)
    history[2] = Known(2, history[2].values, Stand.FAILED, None, 0, history[2].note)
    assert strategy.propose(history, 5) == []
    assert told() == []
    history[1] = Known(1, history[1].values, Stand.COMPLETE, 0.25, 2, history[1].note)
    assert len(strategy.propose(history, 5)) == 3
    assert told() == [[0.5, 0.25, 0.25]]


def test_values_lie_within_the_ranges_and_are_told_as_they_were_asked_for():
    history = goes_on(made(), [], 31, float)
    for known in history:
        assert 1e-4 <= known.values["lr"] <= 1
        assert 0 <= known.values["x"] <= 9
        assert len(known.values["w"]) == 3
    first = next(entry for entry in Draws.log if entry[0] == "told")[1]
    for known, values in zip(history, first, strict=False):
        assert values[3] == known.values["x"] + 1  # the logarithm of 1 + x
        assert list(values[1]) == list(known.values["w"])


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        (Direction.HIGH, [[5.0, 5.0, 7.0], [-2.0, 5.0, -2.0]]),
        (Direction.LOW, [[-5.0, -7.0, -7.0], [2.0, -7.0, -7.0]]),
    ],
)
def test_higher_is_better_and_what_came_to_grief_is_the_worst(direction, expected):
    scores = [5.0, None, 7.0, -2.0, math.nan, None, 1.0]
    if direction is Direction.HIGH:
        scores[4] = 5.0
    goes_on(made(direction=direction), [], 7, scores.__getitem__)
    assert told() == expected


def test_nothing_but_failures_are_all_the_same():
    goes_on(made(), [], 4, lambda n: None)
    assert told() == [[0.0, 0.0, 0.0]]


def test_a_restart_asks_and_tells_the_same_again_and_says_nothing(capsys):
    strategy = made()
    history = goes_on(strategy, [], 11, lambda n: float(n % 4))
    expected = strategy.propose(history, 2)
    before = list(told())
    Draws.log.clear()
    capsys.readouterr()
    assert made().propose(history, 2) == expected
    assert told() == before
    assert capsys.readouterr().out == ""


def test_a_failed_trial_that_was_run_again_later_does_not_change_the_past():
    history = goes_on(made(), [], 8, lambda n: None if n == 1 else float(n))
    mended = [Known(k.number, k.values, Stand.COMPLETE, 99.0, k.ended, k.note) for k in history]
    before = list(told())
    Draws.log.clear()
    made().propose(mended, 1)
    assert told() == before


def test_another_seed_asks_for_other_trials():
    assert made(seed=2).propose([], 3) != made(seed=1).propose([], 3)
    assert make_studio(
        Brought("it", Draws), parse_space(SPECS), Direction.HIGH, 2, 60, {"popsize": 3, "seed": 1}
    ).propose([], 3) == made(seed=1).propose([], 3)


class Clock(Draws):
    """Its numbers are of another source at each start."""

    starts = 0

    def __init__(self, *given):
        super().__init__(*given)
        Clock.starts += 1
        self.random = random.Random(Clock.starts)

    def one(self, h):
        random.seed(self.random.random())
        return super().one(h)


def test_one_that_asks_for_other_values_after_a_restart_is_told_what_was_tried(capsys):
    history = goes_on(made(Clock), [], 8, float)
    tried = [[k.values["lr"] for k in history[at : at + 3]] for at in (0, 3)]
    Draws.log.clear()
    capsys.readouterr()
    proposals = made(Clock).propose(history, 5)
    assert [p.note["member"] for p in proposals] == [2]
    replayed = [entry[1] for entry in Draws.log if entry[0] == "told"]
    assert [[one[0] for one in population] for population in replayed] == tried
    assert [list(one[1]) for one in replayed[0]] == [list(k.values["w"]) for k in history[:3]]
    assert [one[3] for one in replayed[0]] == [k.values["x"] + 1 for k in history[:3]]
    assert capsys.readouterr().out.count("other values") == 1


def test_trials_that_others_proposed_are_left_out():
    history = goes_on(made(), [], 4, float)
    theirs = Known(9, history[0].values, Stand.COMPLETE, 1.0, 9)
    assert made().propose([theirs, *history], 2) == made().propose(history, 2)


def test_the_end_is_when_it_stops():
    strategy = made(generation=2)
    history = goes_on(strategy, [], 6, float)
    assert strategy.propose(history, 3) == []
    assert made(generation=2).propose(history, 3) == []


def test_behaviors_are_told_to_those_who_take_them():
    class Takes(Draws):
        def tell(self, population, fitnesses, behaviors):
            Draws.log.append(("told", behaviors, fitnesses))

    goes_on(made(Takes), [], 4, float)
    assert Draws.log[-1] == ("told", [None] * 3, [0.0, 1.0, 2.0])


def test_warnings_are_its_words_and_a_replay_has_none(capsys):
    class Warns(Draws):
        def tell(self, population, fitnesses):
            self.logger.info("quiet")
            self.logger.warning("beware")

    history = goes_on(made(Warns), [], 4, float)
    assert capsys.readouterr().out == "beware\nshown 1\n"
    made(Warns).propose(history, 1)
    assert capsys.readouterr().out == ""


def asks(answer):
    class Asks(Draws):
        def ask(self):
            return answer(super().ask())

    return Asks


def changed(**given):
    def change(population):
        for name, value in given.items():
            setattr(population[0][0], name, value)
        return population

    return change


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda population: None, "was asked for trials and gave None"),
        (lambda population: [], r"was asked for trials and gave \[\]"),
        (lambda population: [population[0][1:]], "asked for a trial of b, c, w, x and not"),
        (changed(name="nobody"), "asked for a trial of b, c, nobody, w, x and not"),
        (changed(values=None), "asked for lr=None, which is no number"),
        (changed(values="0.5"), "asked for lr='0.5', which is no number"),
        (changed(values=2.0), "proposed lr=2.0, which 0.0001:1:l does not have"),
        (changed(values=math.nan), "proposed lr=nan, which is no finite number"),
        (lambda population: 1 / 0, "failed: ZeroDivisionError"),
    ],
)
def test_nonsense_is_told(answer, words):
    with pytest.raises(HprunError, match=f"The strategy it {words}"):
        made(asks(answer)).propose([], 1)


def test_an_optimizer_that_cannot_be_made_is_told():
    class Fails(Draws):
        def __init__(self, hyperparameters, config, logger):
            self.x = config["no such thing"]

    with pytest.raises(ConfigError, match="it cannot be made: KeyError: 'no such thing'"):
        made(Fails)
    with pytest.raises(ConfigError, match="seed is a whole number"):
        make_studio(Brought("it", Draws), parse_space(SPECS), Direction.HIGH, 1, 60, {"seed": "x"})


def test_only_classes_with_ask_tell_and_stop_are_studios():
    assert Brought("it", Draws).is_studios
    assert not Brought("it", type("A", (), {"ask": 1, "tell": 2})).is_studios
    assert not Brought("it", type("B", (Draws,), {"propose": 1})).is_studios
