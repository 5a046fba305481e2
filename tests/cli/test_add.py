"""Trials that are added by hand, to searches that run and to those that do not."""

import json
import random
import time

import pytest

SCRIPT = """\
x = 0.5
units = 32
print("loss:", (x - 0.3) ** 2 + units)
"""
GRID = ("--hp", "x=0.1,0.2,0.3", "--hp", "units=1,2", "--metric", "loss:min", "-j", "1")
BY_TPE = ("--hp", "x=0.0:u:1.0", "--hp", "units=1,2", "--metric", "loss:min", "-j", "1",
          "--trials", "4")  # fmt: skip


@pytest.fixture
def bowl(project):
    project.write("train.py", SCRIPT)
    return project


def _trials(project, *more):
    trials = json.loads(project.hprun("results", "--json", *more).out)["trials"]
    return {one["trial"]: one for one in trials}


@pytest.mark.parametrize("search", [GRID, BY_TPE])
def test_a_trial_can_be_added_to_a_search_that_is_done(bowl, search):
    assert bowl.hprun(*search, "train.py").status == 0
    count = len(_trials(bowl))
    answer = bowl.hprun("add", "units=2", "x=0.25")
    assert answer.status == 0, answer
    assert f"trial {count} of train-1: x=0.25 units=2" in answer.err
    assert "Go on with `hprun resume train-1`" in answer.err
    assert json.loads(bowl.hprun("status", "--json").out)["searches"][0]["state"] == "stopped"
    assert bowl.hprun("resume", "--all").status == 0
    found = _trials(bowl)
    assert len(found) == count + 1  # it counts not against --trials
    assert found[count]["state"] == "completed"
    assert found[count]["values"] == {"x": 0.25, "units": 2}


def test_more_trials_are_proposed_beside_those_that_were_added(bowl):
    assert bowl.hprun(*BY_TPE, "train.py").status == 0
    assert bowl.hprun("add", "units=2", "x=0.25").status == 0
    answer = bowl.hprun(*BY_TPE[:-1], "7", "train.py")
    assert answer.status == 0
    assert "7 trials by tpe and 1 added by hand, 4 done before, 4 to run" in answer.err
    found = _trials(bowl)
    assert sorted(found) == list(range(8))
    assert all(one["state"] == "completed" for one in found.values())


def test_a_trial_that_is_there_is_not_added_again(bowl):
    assert bowl.hprun(*GRID, "train.py").status == 0
    answer = bowl.hprun("add", "train-1", "x=0.2", "units=1")
    assert answer.status == 0
    assert "trial 2 of train-1 is that already: x=0.2 units=1" in answer.err
    assert len(_trials(bowl)) == 6


def test_several_trials_can_be_added_from_options_and_files(bowl):
    assert bowl.hprun(*GRID, "train.py").status == 0
    bowl.write("more.csv", "units,x\n8,0.1\n8,0.2\n")
    answer = bowl.hprun("add", "--trial", "x=0.5,units=2", "--trial", "@more.csv")
    assert answer.status == 0, answer
    assert bowl.hprun("resume").status == 0
    found = _trials(bowl)
    assert [found[n]["values"] for n in (6, 7, 8)] == [
        {"x": 0.5, "units": 2}, {"x": 0.1, "units": 8}, {"x": 0.2, "units": 8},
    ]  # fmt: skip
    assert "units=8 is not of units=1,2: it is tried all the same" in answer.err


@pytest.mark.parametrize("strategy", ["tpe", "cmaes", "shac", "qmc", "random"])
def test_a_strategy_survives_what_it_cannot_place(bowl, strategy):
    args = ("--search", strategy, *BY_TPE)
    assert bowl.hprun(*args, "train.py").status == 0
    assert bowl.hprun("add", "x=7", "units=3").status == 0
    answer = bowl.hprun(*args[:-1], "6", "train.py")
    assert answer.status == 0, answer
    found = _trials(bowl)
    assert len(found) == 7
    assert found[4]["values"] == {"x": 7, "units": 3}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "No trial is named"),
        (("train-1",), "No trial is named"),
        (("train-9", "x=1", "units=2"), "There is no search named train-9"),
        (("x=1",), "units is missing"),
        (("x=1", "units=2", "z=3"), "The trial: there is no z in the space"),
        (("x=1", "units=two"), "units=two is not of units=1,2"),
        (("x=1", "units=None"), "units=None is not of units=1,2"),
        (("x=(1,2)", "units=1"), "x=(1, 2) is not of x=0.1,0.2,0.3"),
        (("x=True", "units=1"), "x=True is not of x=0.1,0.2,0.3"),
        (("x=nan", "units=1"), "`nan` is not a finite number"),
        (("x=1", "x=2", "units=2"), "x"),
        (("x=", "units=2"), "x"),
        (("x=1", "units=2", "more"), "more"),
        (("--trial", "@none.csv"), "none.csv"),
    ],
)
def test_trials_that_mean_nothing_are_not_added(bowl, args, words):
    assert bowl.hprun(*GRID, "train.py").status == 0
    answer = bowl.hprun("add", *args)
    assert answer.status == 2, answer
    assert words in answer.err
    assert len(_trials(bowl)) == 6


def test_a_search_whose_script_is_gone_says_so(bowl):
    assert bowl.hprun(*GRID, "train.py").status == 0
    (bowl.folder / "train.py").unlink()
    for verb in (("add", "x=0.5", "units=1"), ("propose",), ("resume",)):
        answer = bowl.hprun(*verb)
        assert answer.status == 2
        assert "train.py, which is not there" in answer.err


def test_names_that_take_part_only_sometimes_are_wanted_just_then(bowl):
    space = ("--hp", "units=1,2", "--hp", "x=0.1,0.2 if units == 2", "--metric", "loss:min")
    assert bowl.hprun(*space, "train.py").status == 0
    assert "takes part only if" in bowl.hprun("add", "units=1", "x=0.3").err
    assert bowl.hprun("add", "units=2", "x=0.3").status == 0
    assert bowl.hprun("resume").status == 0
    assert _trials(bowl)[3]["values"] == {"units": 2, "x": 0.3}


def test_an_edited_script_runs_what_was_added_again(bowl):
    assert bowl.hprun(*GRID, "train.py").status == 0
    assert bowl.hprun("add", "x=0.9", "units=2").status == 0
    assert bowl.hprun("resume").status == 0
    bowl.write("train.py", SCRIPT.replace("0.3", "0.4"))
    answer = bowl.hprun("resume")
    assert "that makes 7 of 7 runs others" in answer.err
    assert _trials(bowl)[6]["score"] == pytest.approx(0.25 + 2)


def test_what_is_added_to_a_search_that_met_its_goal_is_run_and_nothing_else(bowl):
    assert bowl.hprun(*GRID, "--until", "loss=3", "train.py").status == 0
    assert bowl.hprun("add", "x=0.9", "units=2").status == 0
    assert bowl.hprun("resume").status == 0
    states = {number: one["state"] for number, one in _trials(bowl).items()}
    assert states[6] == "completed"
    assert list(states.values()).count("completed") == 2


WAITS = """\
import pathlib, time
x = 0.5
units = 32
flag = pathlib.Path(__file__).resolve().parents[4] / f"go-{x}-{units}"
while not flag.exists():
    time.sleep(0.01)
print("loss:", (x - 0.3) ** 2 + units)
"""


def _until(condition, seconds=90):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _running(project):
    return [n for n, one in _trials(project).items() if one["state"] == "running"]


def test_a_running_search_takes_up_what_is_added_before_all_that_waits(bowl):
    bowl.write("train.py", WAITS)
    process = bowl.start(*GRID, "train.py")
    _until(lambda: bowl.hprun("status").status == 0 and _running(bowl) == [0])
    answer = bowl.hprun("add", "x=0.9", "units=2")
    assert answer.status == 0, answer
    assert "trial 6 of train-1: x=0.9 units=2" in answer.err
    assert "resume" not in answer.err
    bowl.write("go-0.1-1", "")
    _until(lambda: _running(bowl) == [6])
    again = bowl.hprun("add", "x=0.9", "units=2")
    assert "trial 6 of train-1 is that already" in again.err
    for x in (0.1, 0.2, 0.3, 0.9):
        for units in (1, 2):
            bowl.write(f"go-{x}-{units}", "")
    assert process.wait(90) == 0
    assert {one["state"] for one in _trials(bowl).values()} == {"completed"}


@pytest.mark.parametrize("lives", [True, False])
def test_what_is_added_ends_though_its_coordinator_was_killed_and_the_goal_is_met(bowl, lives):
    bowl.write("train.py", WAITS)
    bowl.write("go-0.1-1", "")
    assert bowl.hprun(*GRID, "--until", "9", "-q", "train.py").status == 0
    assert bowl.hprun("add", "x=0.9", "units=2").status == 0
    coordinator = bowl.start("resume", "-q")
    _until(lambda: _running(bowl) == [6] and len(bowl.processes()) >= 2)
    coordinator.kill()
    coordinator.wait()
    if not lives:
        for process in bowl.processes():
            process.kill()
        _until(lambda: not bowl.processes())
    log = bowl.folder / "resume.log"
    with log.open("w", encoding="utf-8") as told:
        again = bowl.start("resume", stderr=told)
    word = "taking it over" if lives else "goes back to the queue"
    _until(lambda: again.poll() is not None or word in log.read_text(encoding="utf-8"))
    bowl.write("go-0.9-2", "")
    assert again.wait(90) == 0, log.read_text(encoding="utf-8")
    states = {number: one["state"] for number, one in _trials(bowl).items()}
    assert states == dict.fromkeys([0, 6], "completed") | dict.fromkeys(range(1, 6), "queued")


def test_what_is_added_while_the_coordinator_is_killed_is_run_once(bowl):
    chance = random.Random(4)
    wanted = []
    assert bowl.hprun(*GRID, "--until", "9", "-q", "train.py").status == 0
    for round_ in range(6):
        coordinator = bowl.start("resume", "-q")
        values = {"x": float(f"0.{round_ + 4}"), "units": round_ + 3}
        adding = bowl.start("add", *(f"{name}={value}" for name, value in values.items()))
        if chance.random() < 0.5:
            before = len(_trials(bowl))
            _until(lambda a=adding, n=before: a.poll() is not None or len(_trials(bowl)) > n)
        coordinator.kill()
        coordinator.wait()
        if adding.wait(90) == 0:
            wanted.append(values)
    assert len(wanted) >= 5
    assert bowl.hprun("resume", "-q").status == 0
    found = {number: one for number, one in _trials(bowl).items() if number >= 6}
    assert sorted(found) == list(range(6, 6 + len(found)))
    assert all([one["values"] for one in found.values()].count(one) == 1 for one in wanted)
    assert {one["state"] for one in found.values()} == {"completed"}
