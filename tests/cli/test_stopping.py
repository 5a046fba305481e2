"""Runs that fall behind are ended, by the curves that they write."""

import json
import signal
from pathlib import Path

import pytest

# Writes three values and then, unless `lr` is small, nothing more: only a stopper ends it.
SCRIPT = """
import time
from pathlib import Path
lr = 0.1
fold, folds = 0, 1
for epoch in range(9):
    print(f"val_loss: {lr + fold / 100 + 1 / (epoch + 1)}", flush=True)
    if lr >= 0.5 and epoch == 2 and not Path("WHOLE").exists():
        Path("waits").touch()
        time.sleep(600)
"""
STOP = ["--stop", "threshold:worst=0.7,max=9,min=3"]
METRIC = ["--metric", "val_loss:min"]


def table(project):
    return json.loads(project.hprun("results", "--json").out)["trials"]


def test_a_hopeless_run_is_stopped_and_keeps_its_score(project):
    project.write("train.py", SCRIPT)
    done = project.hprun("--hp", "lr=0.1,0.5,0.2", *METRIC, *STOP, "train.py")
    assert done.status == 0, done
    assert "stopped: 0.833333 after 3 is worse than 0.7" in done.err
    assert "1 run was stopped early: 22 % less to train than all to their end." in done.err
    assert "stopped after 3" in done.out
    states = {trial["values"]["lr"]: trial for trial in table(project)}
    assert [states[lr]["state"] for lr in (0.1, 0.2, 0.5)] == ["completed", "completed", "stopped"]
    assert states[0.5]["score"] == pytest.approx(0.5 + 1 / 3)
    assert states[0.5]["folds"][0]["detail"] == "0.833333 after 3 is worse than 0.7"
    assert states[0.5]["rank"] == 3


def test_curves_are_read_from_event_files(project):
    project.write(
        "train.py",
        """
import time
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
lr = 0.1
writer = EventFileWriter("logs/validation")
for step in range(20):
    value = Summary.Value(tag="epoch_loss", simple_value=lr)
    writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=[value])))
    writer.flush()
    if lr == 9 and step == 4:
        time.sleep(600)
""",
    )
    done = project.hprun(
        "--hp", "lr=0.1,9", *METRIC, "--stop", "threshold:worst=1,min=5", "--jobs", "1", "train.py"
    )
    assert done.status == 0, done
    assert "after 5 is worse than 1" in done.err


def test_what_does_not_heed_a_word_is_killed(project):
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    project.write("train.py", deaf + SCRIPT)
    done = project.hprun("--hp", "lr=0.1,0.5", *METRIC, *STOP, "--grace", "0.1", "train.py")
    assert done.status == 0, done
    assert [trial["state"] for trial in table(project)] == ["completed", "stopped"]


def test_what_was_stopped_is_not_run_again_but_on_request(project):
    project.write("train.py", SCRIPT)
    search = ["--hp", "lr=0.1,0.5", *METRIC]
    assert project.hprun(*search, *STOP, "train.py").status == 0
    again = project.hprun(*search, *STOP, "train.py")
    assert "everything is done already" in again.err, again
    assert "0 runs of train-1 queued again" in project.hprun("retry").err
    folder = Path(table(project)[1]["folds"][0]["path"])
    (folder / "WHOLE").touch()
    assert project.hprun("retry", "1").status == 0
    assert [trial["state"] for trial in table(project)] == ["completed", "completed"]


def test_a_search_without_a_stopper_wants_whole_runs(project):
    project.write("train.py", SCRIPT)
    search = ["--hp", "lr=0.1,0.5", *METRIC]
    assert project.hprun(*search, *STOP, "train.py").status == 0
    folder = Path(table(project)[1]["folds"][0]["path"])
    (folder / "WHOLE").touch()
    whole = project.hprun(*search, "train.py")
    assert "1 done before, 1 to run" in whole.err, whole
    assert [trial["state"] for trial in table(project)] == ["completed", "completed"]


def test_a_new_stopper_judges_by_what_was_run_without_one(project):
    project.write("train.py", SCRIPT)
    assert project.hprun("--hp", "lr=0.1,0.2,0.3", *METRIC, "train.py").status == 0
    done = project.hprun("--hp", "lr=0.1,0.2,0.3,0.6", *METRIC, "--stop", "asha", "train.py")
    assert done.status == 0, done
    assert "stopped: 3 of 3 were better after 1" in done.err


def test_a_coordinator_that_comes_back_stops_what_it_finds(project):
    waiting = SCRIPT.replace(
        "for epoch", "Path('begun').touch()\nwhile not Path('GO').exists(): time.sleep(0.01)\nfor epoch"
    )  # fmt: skip
    project.write("train.py", waiting)
    first = project.start("--hp", "lr=0.5", *METRIC, *STOP, "train.py")
    while not (begun := list(project.cache.glob("*/*/*/begun"))):
        assert first.poll() is None
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = project.start("resume", stderr=-1)
    while b"taking it over" not in second.stderr.readline():
        assert second.poll() is None
    begun[0].with_name("GO").touch()
    assert second.wait(60) == 0
    second.stderr.close()
    assert table(project)[0]["state"] == "stopped"


def test_the_other_folds_of_a_stopped_trial_are_left_out(project):
    project.write("train.py", SCRIPT)
    search = ["--hp", "lr=0.1,0.5", "--cv", "4", *METRIC, *STOP, "--jobs", "1"]
    done = project.hprun(*search, "--stop-folds", "stopped", "train.py")
    assert done.status == 0, done
    assert "trial 1: 3 runs left out: fold 0 was stopped" in done.err
    best, other = table(project)
    assert (best["n"], best["state"], best["rank"]) == (4, "completed", 1)
    assert (other["n"], other["state"], other["rank"]) == (1, "stopped", None)
    assert [fold["attempts"] for fold in other["folds"]] == [1, 0, 0, 0]


def test_trials_whose_first_folds_are_bad_lose_the_rest(project):
    project.write("train.py", SCRIPT)
    search = ["--hp", "lr=0.1,0.4,0.3", "--cv", "3", *METRIC, "--jobs", "1"]
    done = project.hprun(*search, "--stop-folds", "median:startup=1", "train.py")
    assert done.status == 0, done
    assert "trial 1: 2 runs left out: folds: 1 of 1 were better after 1" in done.err
    assert "trial 2: 2 runs left out" not in done.err, "it is no worse than half of the others"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--stop", "asha"], "Runs are stopped early by a metric"),
        ([*METRIC, "--stop", "asah"], "there is no stopper asah"),
        ([*METRIC, "--stop-folds", "median"], "trials have one run"),
        ([*METRIC, "--cv", "2", "--stop-folds", "stopped"], "no effect without --stop"),
        ([*METRIC, "--cv", "2", "--stop-folds", "median:max=2"], "max is the number of folds"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_started(project, options, said):
    project.write("train.py", SCRIPT)
    done = project.hprun("--hp", "lr=0.1,0.5", *options, "train.py")
    assert done.status == 2
    assert said in done.err
    assert not project.cache.exists()
