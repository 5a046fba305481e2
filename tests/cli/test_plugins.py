"""Searches by strategies that users bring, as a user meets them."""

import json
import os
import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """\
x = 0.5
y = 0.5
print("loss:", (x - 0.3) ** 2 + (y - 0.7) ** 2)
"""
# The first time that the fifth trial runs, whoever coordinates is killed.
KILLS = """\
import os, pathlib, signal
cache = pathlib.Path(os.environ["HPRUN_FOLDER"]).parents[2]
if os.environ["HPRUN_TRIAL"] == "4" and not (cache / "killed").exists():
    (cache / "killed").touch()
    os.kill(int(next(cache.glob("*/lock")).read_text()), signal.SIGKILL)
"""
ARRAYS = """\
import numpy as np
from studio import fs_tracker

w = np.load(fs_tracker.get_artifact("w"))
b = 0.5
assert w.shape == (3,) and w.dtype == float
print("fitness: %s" % -(np.sum((w - 0.25) ** 2) + b ** 2))
"""
SPACE = ("--hp", "x=0.0:u:1.0", "--hp", "y=0:0.1:1")
LOSS = ("--metric", "loss:min")
WALK = ("--search", "walk.py:Optimizer:popsize=4")
RANGES = ("--hp", "w=0:1:3:ra", "--hp", "b=-1:1:u")


@pytest.fixture
def brought(project):
    """A project with strategies of its own."""
    project.write("train.py", SCRIPT)
    project.write("climber.py", (ROOT / "examples" / "climber.py").read_text())
    walk = ROOT / "tests" / "contracts" / "studio_walk.py"
    project.write("walk.py", walk.read_text())
    return project


def _searched(project, *args, status=0, script="train.py", **more):
    answer = project.hprun(*args, script, **more)
    assert answer.status == status, answer
    return answer


def _proposed(project):
    trials = json.loads(project.hprun("results", "--json").out)["trials"]
    return [trial["values"] for trial in sorted(trials, key=lambda trial: trial["trial"])]


def test_a_class_of_a_file_proposes(brought):
    answer = _searched(
        brought, "--search", "climber.py:Climber:first=3", "--trials", "8", "-j", "2", *SPACE, *LOSS
    )
    assert "8 trials by climber.py:Climber" in answer.err
    proposed = _proposed(brought)
    assert len(proposed) == len({tuple(values.items()) for values in proposed}) == 8


def test_however_a_file_is_named_the_search_is_the_same(brought):
    space = (*SPACE, *LOSS)
    _searched(brought, "--search", "climber.py:Climber", "--trials", "3", *space)
    for name in (f"{brought.folder}/climber.py", "../project/climber.py", "./climber.py"):
        again = _searched(brought, "--search", f"{name}:Climber", "--trials", "3", *space)
        assert "train-1: " in again.err
        assert "everything is done already" in again.err
    moved = brought.folder.parent / "elsewhere"
    brought.folder.rename(moved)
    brought.folder = moved
    brought.cache = moved / "cache"
    more = _searched(brought, "--search", "climber.py:Climber", "--trials", "4", *space)
    assert "3 done before, 1 to run" in more.err


def test_a_file_elsewhere_is_found_from_where_hprun_is_called_and_when_it_resumes(brought):
    brought.write("own/climber.py", (brought.folder / "climber.py").read_text())
    (brought.folder / "climber.py").unlink()
    place = brought.folder / "own"
    done = brought.hprun("--dry-run", "--search", "own/climber.py:Climber", "--trials", "3",
                         *SPACE, *LOSS, "train.py")  # fmt: skip
    assert done.status == 0, done
    assert "proposed by own/climber.py:Climber" in done.out
    assert not brought.cache.exists()
    _searched(brought, "--search", "own/climber.py:Climber", "--trials", "2", *SPACE, *LOSS)
    brought.folder = place
    answer = brought.hprun("resume", "--cache", "../cache")
    assert "everything is done already" in answer.err


def test_a_module_and_an_entry_point_propose(brought, monkeypatch):
    package = brought.folder.parent / "installed"
    info = package / "climbers-1.0.dist-info"
    info.mkdir(parents=True)
    (package / "climbers.py").write_text((brought.folder / "climber.py").read_text())
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: climbers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hprun.strategies]\nclimb = climbers:Climber\n")
    _searched(brought, "--search", "climber:Climber", "--trials", "2", *SPACE, *LOSS)
    own = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{package}{os.pathsep}{own}" if own else str(package))
    answer = _searched(brought, "--search", "climb:first=1", "--trials", "2", *SPACE, *LOSS)
    assert "2 trials by climb," in answer.err


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("climber.py", "does not say which class"),
        ("climbr.py:Climber", "did you mean climber.py?"),
        ("climber.py:Climbr", "did you mean Climber?"),
        ("climber.py:Random", "has no propose"),
        ("climber.py:Climber:fist=2", "did you mean first?"),
        ("broken.py:Mine", "SyntaxError"),
        ("nowhere.at.all:Mine", "there is no module nowhere"),
        ("climb", "There is no strategy climb"),
    ],
)
def test_what_cannot_be_starts_nothing(brought, search, words):
    brought.write("broken.py", "class Mine(:\n")
    answer = brought.hprun("--search", search, "--trials", "3", *SPACE, *LOSS, "train.py")
    assert answer.status == 2, answer
    assert words in answer.err
    assert not brought.cache.exists()


def test_a_strategy_needs_a_metric_unless_it_learns_nothing(brought):
    args = ("--trials", "2", *SPACE)
    answer = brought.hprun("--search", "climber.py:Climber", *args, "train.py")
    assert answer.status == 2
    assert "climber.py:Climber learns from a metric" in answer.err
    text = (brought.folder / "climber.py").read_text()
    brought.write(
        "climber.py", text.replace("    def __init__", "    plans_ahead = True\n\n    def __init__")
    )
    _searched(brought, "--search", "climber.py:Climber", *args)


MINE = """\
import time
from random import Random
from hprun.strategies import Proposal

class Mine:
    most_seconds = {most}
    def __init__(self, space):
        self.space = space
    def propose(self, history, count):
        print("there are", len(history))
        if len(history) >= 3:
            {then}
        return [Proposal(self.space.draw(Random(len(history))))]
"""


@pytest.mark.parametrize(
    ("then", "most", "words"),
    [
        ("1 / 0", 600, "The strategy mine.py:Mine failed: ZeroDivisionError: division by zero (mine.py line 12)"),
        ("raise SystemExit(0)", 600, "The strategy mine.py:Mine failed: SystemExit"),
        ("return [Proposal({'x': 3.0, 'y': 0})]", 600, "The strategy mine.py:Mine proposed x=3.0, which 0.0:u:1.0 does not have"),
        ("return 'x=3'", 600, "The strategy mine.py:Mine answered 'x=3'"),
        ("while True: pass", 0.5, "The strategy mine.py:Mine has not answered for 0.5 s"),
    ],
)  # fmt: skip
def test_one_that_does_wrong_is_named_and_goes_on_once_it_is_mended(brought, then, most, words):
    brought.write("mine.py", MINE.format(then=then, most=most))
    args = ("--search", "mine.py:Mine", "--trials", "5", "-j", "2", *SPACE, *LOSS)
    answer = _searched(brought, *args, status=75)
    assert words in answer.err
    assert "`hprun resume` goes on once it is mended" in answer.err
    assert "mine.py:Mine: there are 3" in answer.err
    assert len(_proposed(brought)) == 3
    status = json.loads(brought.hprun("status", "--json").out)["searches"][0]
    assert status["state"] == "stopped"
    assert status["counts"]["completed"] + status["counts"]["queued"] == 3
    assert brought.hprun("best", "--apply", "--yes").status == 0, "a broken strategy is not asked"
    brought.write("train.py", SCRIPT)
    brought.write("mine.py", MINE.format(then="pass", most=600))
    mended = brought.hprun("resume", "--all")
    assert mended.status == 0, mended
    status = json.loads(brought.hprun("status", "--json").out)["searches"][0]
    assert (status["state"], status["counts"]["completed"]) == ("complete", 5)


def test_one_that_hangs_keeps_no_signal_from_stopping_the_search(brought):
    said = brought.folder / "thinks"
    os.mkfifo(said)
    brought.write(
        "mine.py", MINE.format(most=600, then="open('thinks', 'w').close(); time.sleep(600)")
    )
    args = ("--search", "mine.py:Mine", "--trials", "5", "-j", "1", *SPACE, *LOSS, "train.py")
    hprun = brought.start(*args)
    with said.open() as opened:  # once the strategy has opened its end
        opened.read()
    hprun.send_signal(signal.SIGINT)
    assert hprun.wait(60) == 130
    assert len(_proposed(brought)) == 3


def test_json_is_pure_though_a_strategy_prints(brought):
    brought.write("mine.py", "print('imported')\n" + MINE.format(most=600, then="pass"))
    answer = _searched(
        brought, "--json", "--search", "mine.py:Mine", "--trials", "2", *SPACE, *LOSS
    )
    assert len(json.loads(answer.out)["trials"]) == 2
    assert "mine.py:Mine: there are 1" in answer.err
    quiet = _searched(
        brought, "--quiet", "--search", "mine.py:Mine", "--trials", "3", *SPACE, *LOSS
    )
    assert "there are" not in quiet.err


def test_what_it_would_propose_is_pure_json_too(brought):
    brought.write("mine.py", "print('imported')\n" + MINE.format(most=600, then="pass"))
    args = ("--search", "mine.py:Mine", *SPACE, *LOSS, "--trials")
    _searched(brought, *args, "2")
    answer = brought.hprun("propose", "--json", "-n", "1")
    (ahead,) = json.loads(answer.out)["trials"]
    assert "there are 2" in answer.err
    _searched(brought, *args, "3")
    assert ahead["values"] == _proposed(brought)[2]


def test_it_is_told_of_what_was_given_and_added_by_hand(brought):
    brought.write("t.csv", "x,y,loss\n0.3,0.7,0.0\n0.9,0.1,0.72\n")
    args = ("--search", "climber.py:Climber:first=2", *SPACE, *LOSS, "--from", "t.csv", "--trials")
    answer = _searched(brought, *args, "3")
    assert "t.csv: 2 trials taken" in answer.err
    assert all(values["x"] == 0.3 or values["y"] == 0.7 for values in _proposed(brought))
    assert brought.hprun("add", "x=7", "y=0.7").status == 0
    _searched(brought, *args, "5")
    assert len(_proposed(brought)) == 6


def test_a_start_and_a_goal_of_studios_optimizer(brought):
    brought.write("train.py", ARRAYS)
    brought.write("t.csv", 'w,b,fitness\n"(0,0,0)",0,-1\n')
    args = (*WALK, "--trials", "9", "-j", "1", *RANGES)
    refused = _searched(brought, *args, "--from", "t.csv", status=2)
    assert "which is told of what it has asked for alone" in refused.err
    answer = _searched(brought, *args, "--until", "fitness=-99")
    assert "reached the goal -99 after 1 trial" in answer.err
    assert "w=(" in brought.hprun("best").out
    assert "np.load" in brought.hprun("diff", "0").out


@pytest.mark.parametrize("start", ["cold", "warm"])
def test_an_optimizer_of_studios_searches_arrays(brought, start):
    brought.write("train.py", ARRAYS)
    answer = _searched(brought, *WALK, "--trials", "9", "-j", "2", "--start", start, *RANGES)
    assert "best is the highest fitness" in answer.err
    assert "Starting cold" not in answer.err
    assert answer.err.count("walk.py:Optimizer: generation") == 2
    trials = json.loads(brought.hprun("results", "--json").out)["trials"]
    assert len(trials) == 9
    for trial in trials:
        w, b = trial["values"]["w"], trial["values"]["b"]
        assert trial["score"] == pytest.approx(-(sum((v - 0.25) ** 2 for v in w) + b**2))
    shown = brought.hprun("diff", "3").out
    assert "-b = 0.5" in shown
    assert "get_artifact" in shown
    assert brought.hprun("best", "--apply", "--yes").status == 0
    assert "np.load(fs_tracker.get_artifact" in (brought.folder / "train.py").read_text()


def test_a_script_for_studio_finds_its_places_in_its_runs_folder(brought):
    brought.write(
        "train.py",
        "import os\n"
        "from studio import fs_tracker\n"
        "x = 1\n"
        "here = os.getcwd()\n"
        "os.chdir('/')\n"
        "assert os.path.samefile(fs_tracker.get_tensorboard_dir(), here + '/tb')\n"
        "assert os.path.samefile(fs_tracker.get_model_directory(), here + '/modeldir')\n"
        "assert os.path.samefile(fs_tracker.get_artifact('workspace'), here)\n"
        "assert fs_tracker.get_artifact('nothing') is None\n"
        "assert fs_tracker.get_experiment_key() == 'train-1__' + str(x - 1)\n"
        "print('loss:', x)\n",
    )
    _searched(brought, "--hp", "x=1,2", *LOSS)


def test_without_studio_in_a_script_nothing_of_it_is_there(brought):
    brought.write(
        "train.py",
        "import os\nx = 1\nprint('loss:', 'studio' in os.environ.get('PYTHONPATH', '') and 9 or x)\n",
    )
    _searched(brought, "--hp", "x=1,2", *LOSS)
    assert [t["score"] for t in json.loads(brought.hprun("results", "--json").out)["trials"]] == [
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("script", "search", "space"),
    [
        (SCRIPT, ("--search", "climber.py:Climber:first=3", *LOSS), SPACE),
        (ARRAYS, WALK, RANGES),
    ],
)
def test_a_killed_search_ends_with_the_trials_of_an_undisturbed_one(brought, script, search, space):
    brought.write("train.py", KILLS + script)
    args = (*search, "--trials", "10", "-j", "1", *space)
    assert brought.hprun(*args, "train.py").status == -signal.SIGKILL
    assert brought.hprun("resume", "--all").status == 0
    in_parts = _proposed(brought)
    brought.cache.rename(brought.folder.parent / "cache-1")
    brought.cache.mkdir()
    (brought.cache / "killed").touch()
    _searched(brought, *args)
    assert _proposed(brought) == in_parts
    assert len(in_parts) == 10
