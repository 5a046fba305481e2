"""A queue that was damaged is built anew from what lies beside the runs."""

import json
import math

SCRIPT = "lr = 1\nassert lr != 3\nprint('loss:', lr if lr != 2 else 'nan')\n"


def _trials(project):
    return json.loads(project.hprun("results", "--json").out)["trials"]


def test_a_damaged_queue_is_refused_and_rebuilt(project):
    project.write("train.py", SCRIPT)
    command = ("--hp", "lr=1:4", "--metric", "loss", "train.py")
    project.hprun(*command)
    before = _trials(project)
    database = project.cache / "hprun.db"
    for path in project.cache.glob("hprun.db-*"):
        path.unlink()
    database.write_bytes(b"no database any more" * 1000)
    refused = project.hprun(*command)
    assert refused.status == 2
    assert "hprun doctor --repair" in refused.err
    assert project.hprun("doctor").status == 2
    repaired = project.hprun("doctor", "--repair")
    assert repaired.status == 0, repaired
    assert "train-1: 4 ended runs taken up" in repaired.err
    assert _trials(project) == before
    again = project.hprun(*command)
    assert again.status == 1  # one failed, as before
    assert "3 done before, 1 failed before" in again.err
    assert math.isfinite(_trials(project)[0]["score"])


def test_a_run_whose_record_is_torn_runs_again(project):
    project.write("train.py", "lr = 1\nprint('loss:', lr)\n")
    command = ("--hp", "lr=1:3", "--metric", "loss", "train.py")
    project.hprun(*command)
    records = sorted(project.cache.glob("train-1/*/fold-0.json"))
    records[0].write_text('{"identity": "x"')
    for path in project.cache.glob("hprun.db*"):
        path.unlink()
    assert "2 ended runs" in project.hprun("doctor", "--repair").err
    assert "2 done before, 1 to run" in project.hprun(*command).err


def test_a_strategy_goes_on_after_a_repair_as_it_would_have(project):
    project.write("train.py", "x = 0.5\ny = 0.5\nprint('loss:', (x - 0.3) ** 2 + (y - 0.7) ** 2)\n")
    space = ("--hp", "x=0.0:u:1.0", "--hp", "y=uniform(0,1)", "--metric", "loss:min", "-j", "1")

    def searched(trials):
        command = ("--search", "cmaes:population=4", "--trials", str(trials), *space, "train.py")
        assert project.hprun(*command).status == 0
        return sorted((t["trial"], tuple(t["values"].values())) for t in _trials(project))

    whole = searched(12)
    project.cache.rename(project.folder.parent / "whole")
    searched(7)
    for path in project.cache.glob("hprun.db*"):
        path.unlink()
    assert project.hprun("doctor", "--repair").status == 0
    assert searched(12) == whole


def test_what_was_added_by_hand_counts_not_against_the_budget_after_a_repair(project):
    project.write("train.py", "x = 0.5\nprint('loss:', x)\n")

    def searched(trials):
        space = ("--hp", "x=0.0:u:1.0", "--metric", "loss:min", "-j", "1")
        return project.hprun("--trials", str(trials), *space, "train.py")

    assert searched(3).status == 0
    assert project.hprun("add", "x=0.25").status == 0
    assert project.hprun("resume").status == 0
    for path in project.cache.glob("hprun.db*"):
        path.unlink()
    assert "4 ended runs" in project.hprun("doctor", "--repair").err
    again = searched(5)
    assert "5 trials by tpe and 1 added by hand, 4 done before, 2 to run" in again.err, again
    assert len(_trials(project)) == 6


def test_a_queue_in_use_is_not_touched(project):
    from hprun.files import Lock

    project.write("train.py", "lr = 1\nprint('loss:', lr)\n")
    project.hprun("--hp", "lr=1", "--metric", "loss", "train.py")
    with Lock(project.cache / "train-1" / "lock") as lock:
        assert lock.acquire()
        answer = project.hprun("doctor", "--repair")
    assert answer.status == 2
    assert "train-1 is running" in answer.err


def test_a_strategys_trials_keep_their_numbers_though_one_is_gone(project):
    project.write("train.py", "x = 1\nprint('loss:', x)\n")
    command = ("--search", "qmc", "--hp", "x=0:u:1", "--metric", "loss", "-j", "1", "train.py")
    assert project.hprun("--trials", "4", *command).status == 0
    before = {one["trial"]: one["score"] for one in _trials(project)}
    next(project.cache.glob("train-1/0001-*/fold-0.json")).unlink()
    for path in project.cache.glob("hprun.db*"):
        path.unlink()
    assert "3 ended runs" in project.hprun("doctor", "--repair").err
    assert project.hprun("--trials", "5", *command).status == 0
    after = {one["trial"]: one["score"] for one in _trials(project)}
    assert sorted(after) == [0, 2, 3, 4, 5]
    assert all(after[number] == before[number] for number in (0, 2, 3))
    assert all(one["values"]["x"] == one["score"] for one in _trials(project))
