"""Searches that are complete before all is done: --until and --patience."""

import json
import time

import pytest

SCRIPT = """\
x = 0.5
print("loss:", abs(x - 0.3))
"""
GRID = ("--hp", "x=0.9,0.8,0.7,0.4,0.3,0.6,0.5,0.2", "--metric", "loss:min", "-j", "1")


@pytest.fixture
def slope(project):
    project.write("train.py", SCRIPT)
    return project


def _states(project):
    document = json.loads(project.hprun("results", "--json").out)
    return {trial["trial"]: trial["state"] for trial in document["trials"]}


def _status(project):
    (search,) = json.loads(project.hprun("status", "--json").out)["searches"]
    return search["state"], search["counts"]["completed"], search["counts"]["queued"]


def test_a_grid_is_complete_as_soon_as_a_score_is_good_enough(slope):
    answer = slope.hprun(*GRID, "--until", "loss=0.15", "train.py")
    assert answer.status == 0, answer
    assert "loss 0.1 reached the goal 0.15 after 4 trials." in answer.err
    assert _status(slope) == ("complete", 4, 4)
    assert _states(slope)[4] == "queued"
    assert list((slope.cache / "train-1").glob("0004*/fold-0.log")) == []  # it was not even begun


def test_a_search_that_met_its_goal_is_over_until_the_goal_is_dropped(slope):
    assert slope.hprun(*GRID, "--until", "0.15", "train.py").status == 0
    again = slope.hprun("resume")
    assert again.status == 0
    assert "reached the goal 0.15" in again.err
    assert "All searches are complete." in slope.hprun("resume", "--all").err
    assert _status(slope) == ("complete", 4, 4)
    rest = slope.hprun(*GRID, "train.py")
    assert rest.status == 0
    assert "8 trials, 4 done before, 4 to run" in rest.err
    assert _status(slope) == ("complete", 8, 0)


def test_patience_counts_trials_in_a_row_that_were_no_better(slope):
    slope.write("train.py", SCRIPT + "assert x != 0.6\n")
    answer = slope.hprun(*GRID, "--patience", "2", "train.py")
    assert answer.status == 1, answer  # complete, but one failed
    assert "loss 0 has not been bettered by the last 2 trials." in answer.err
    assert _status(slope) == ("complete", 6, 1)


def test_a_goal_counts_trials_and_not_their_folds(slope):
    slope.write("train.py", "x = 0.5\nfold = 0\nprint('loss:', x + fold)\n")
    space = ("--hp", "x=0.9,0.5,0.1,0.2", "--cv", "2", "--metric", "loss", "-j", "1")
    answer = slope.hprun(*space, "--until", "loss=1", "train.py")
    assert answer.status == 0, answer
    assert "loss 1 reached the goal 1 after 2 trials." in answer.err
    assert _status(slope) == ("complete", 4, 4)


@pytest.mark.parametrize("search", ["tpe", "random"])
def test_a_strategy_proposes_no_more_once_its_goal_is_met(slope, search):
    space = ("--hp", "x=0.0:u:1.0", "--metric", "loss:min", "-j", "1", "--search", search)
    answer = slope.hprun(*space, "--trials", "20", "--until", "loss=0.2", "train.py")
    assert answer.status == 0, answer
    assert "reached the goal 0.2" in answer.err
    state, completed, _ = _status(slope)
    assert state == "complete"
    assert completed < 20
    on = slope.hprun(*space, "--trials", "20", "train.py")
    assert on.status == 0
    assert _status(slope)[1] == 20


def test_what_still_runs_is_ended_and_goes_back_to_the_queue(slope):
    """One run waits until the other has met the goal, and would wait for ever."""
    slope.write(
        "train.py", "import time\nx = 1\nif x == 1:\n    time.sleep(300)\nprint('loss:', x)\n"
    )
    begun = time.monotonic()
    args = ("--hp", "x=1,0,2", "--metric", "loss", "--until", "loss=0", "--grace", "30", "-j", "2")
    answer = slope.hprun(*args, "train.py")
    assert answer.status == 0, answer
    assert "trial 0 goes back to the queue: stopped with its search" in answer.err
    assert _status(slope) == ("complete", 1, 2)
    assert slope.processes() == []
    assert time.monotonic() - begun < 250


def test_a_goal_stands_in_the_file_too(slope):
    slope.write(
        "hprun.toml",
        'script = "train.py"\nmetric = "loss:min"\nuntil = "loss=0.15"\npatience = 7\njobs = 1\n'
        '[hp]\nx = "0.9,0.4,0.3"\n',
    )
    assert slope.hprun("run").status == 0
    assert _status(slope) == ("complete", 2, 1)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--until", "loss=0.1"), "--until looks at a metric, and none is named"),
        (("--patience", "3"), "--patience looks at a metric"),
        (("--until", "acc=0.1", "--metric", "loss"), "ranks by loss, not by acc"),
        (("--until", "loss=low", "--metric", "loss"), "low is no finite number"),
        (("--patience", "0", "--metric", "loss"), "--patience"),
    ],
)
def test_goals_that_mean_nothing_start_nothing(slope, args, words):
    answer = slope.hprun("--hp", "x=1,2", *args, "train.py")
    assert answer.status == 2, answer
    assert words in answer.err
    assert not slope.cache.exists()
