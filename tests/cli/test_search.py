"""Whole searches, from the command line, over a script that needs no library."""

import json
import os
import pty
import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """\
lr = 0.01
units = 32
fold, folds = 0, 1
seed = 0


def main():
    # the parabola of the loss
    print(f"lr {lr} units {units}")
    print(f"val_loss: {(lr - 0.3) ** 2 + units / 1000 + fold / 100 + seed / 10}")


if __name__ == "__main__":
    main()
"""

BEST = "lr=0.1:0.1:0.5"


@pytest.fixture
def script(project):
    project.write("train.py", SCRIPT)
    return project


def _results(project, *args):
    answer = project.hprun("results", "--json", *args)
    assert answer.status == 0, answer
    return json.loads(answer.out)


def _starts(project):
    """How many attempts there ever were: the truth is in the store, not in what was said."""
    with sqlite3.connect(project.cache / "hprun.db") as db:
        return db.execute("SELECT count(*) FROM attempt").fetchone()[0]


def test_a_grid_is_searched_and_ranked(script):
    answer = script.hprun(
        "--hp", BEST, "--hp", "units=10,20", "--metric", "val_loss:min", "train.py"
    )
    assert answer.status == 0, answer
    document = _results(script)
    assert document["schema"] == 1
    assert len(document["trials"]) == 10
    best = document["trials"][0]
    assert (best["rank"], best["values"]) == (1, {"lr": 0.3, "units": 10})
    assert best["score"] == pytest.approx(0.01)
    assert [t["rank"] for t in document["trials"]] == list(range(1, 11))
    scores = [t["score"] for t in document["trials"]]
    assert scores == sorted(scores)


def test_the_last_named_hyperparameter_varies_fastest(script):
    script.hprun("--hp", "lr=1,2", "--hp", "units=3,4", "--metric", "val_loss", "train.py")
    by_number = sorted(_results(script)["trials"], key=lambda t: t["trial"])
    assert [tuple(t["values"].values()) for t in by_number] == [(1, 3), (1, 4), (2, 3), (2, 4)]


def test_the_same_command_again_starts_nothing(script):
    command = ("--hp", "lr=0.1,0.2", "--metric", "val_loss:min", "train.py")
    script.hprun(*command)
    before = _starts(script)
    again = script.hprun(*command)
    assert again.status == 0
    assert "everything is done already" in again.err
    assert _starts(script) == before == 2


def test_a_wider_grid_starts_only_what_is_new(script):
    script.hprun("--hp", "lr=0.1,0.2", "--metric", "val_loss:min", "train.py")
    wider = script.hprun("--hp", "lr=0.1,0.2,0.3", "--metric", "val_loss:min", "train.py")
    assert "2 done before, 1 to run" in wider.err
    assert _starts(script) == 3
    assert len(_results(script)["trials"]) == 3


def test_an_edited_script_runs_again_and_says_so(script):
    command = ("--hp", "lr=0.1,0.2", "--metric", "val_loss:min", "train.py")
    script.hprun(*command)
    script.write("train.py", SCRIPT.replace("** 2", "** 4"))
    edited = script.hprun(*command)
    assert edited.status == 0
    assert "train.py has changed" in edited.err
    assert "2 to run" in edited.err
    assert _starts(script) == 4
    script.write("train.py", SCRIPT)
    assert "everything is done already" in script.hprun(*command).err
    assert _starts(script) == 4


def test_an_edited_module_runs_again_and_an_unrelated_file_does_not(script):
    script.write("train.py", "import model\nlr = 1\nprint('loss:', model.f(lr))\n")
    script.write("model.py", "def f(x):\n    return x\n")
    script.write("other.py", "")
    command = ("--hp", "lr=1,2", "--metric", "loss", "train.py")
    script.hprun(*command)
    script.write("other.py", "x = 1\n")
    script.hprun(*command)
    assert _starts(script) == 2
    script.write("model.py", "def f(x):\n    return -x\n")
    edited = script.hprun(*command)
    assert "model.py has changed" in edited.err
    assert _starts(script) == 4
    assert _results(script)["trials"][0]["values"] == {"lr": 2}


def test_a_file_named_with_depends_counts_too(script):
    script.write("train.py", "lr = 1\nprint('loss:', lr * float(open('x.txt').read()))\n")
    script.write("x.txt", "1")
    command = ("--hp", "lr=1,2", "--metric", "loss", "--depends", "x.txt", "train.py")
    script.hprun(*command)
    script.write("x.txt", "-1")
    assert "x.txt has changed" in script.hprun(*command).err
    assert _results(script)["trials"][0]["score"] == -2


def test_folds_are_runs_of_their_own_and_scored_together(script):
    answer = script.hprun(
        "--hp", "lr=0.2,0.3", "--hp", "units=10,20", "--cv", "3",
        "--metric", "val_loss:min", "train.py",
    )  # fmt: skip
    assert answer.status == 0, answer
    trials = _results(script)["trials"]
    assert (len(trials), _starts(script)) == (4, 12)
    best = trials[0]
    assert best["values"] == {"lr": 0.3, "units": 10}
    assert [f["score"] for f in best["folds"]] == pytest.approx([0.01, 0.02, 0.03])
    assert [f["fold"] for f in best["folds"]] == [0, 1, 2]
    assert best["score"] == pytest.approx(0.02)
    assert best["std"] == pytest.approx(0.00816496580927726)
    assert best["n"] == 3


def test_folds_reach_a_script_by_the_environment(project):
    project.write(
        "train.py",
        "import os\nC = 1\nprint('loss:', C + int(os.environ['HPRUN_FOLD']) /"
        " int(os.environ['HPRUN_FOLDS']))\n",
    )
    assert project.hprun("--hp", "C=1", "--cv", "2", "--metric", "loss", "train.py").status == 0
    assert _results(project)["trials"][0]["score"] == pytest.approx(1.25)


def test_folds_that_the_script_does_not_read_are_refused(project):
    project.write("train.py", "lr = 1\nprint('loss:', lr)\n")
    answer = project.hprun("--hp", "lr=1,2", "--cv", "3", "--metric", "loss", "train.py")
    assert answer.status == 2
    assert "fold" in answer.err
    assert not project.cache.exists()


def test_repeats_give_each_run_another_seed(script):
    script.hprun("--hp", "lr=0.3", "--repeats", "3", "--metric", "val_loss:min", "train.py")
    trial = _results(script)["trials"][0]
    assert [f["score"] for f in trial["folds"]] == pytest.approx([0.032, 0.132, 0.232])
    assert trial["n"] == 3


def test_runs_go_on_at_once_but_no_more_than_asked(project):
    project.write(
        "train.py",
        "import os, time\nlr = 1\nprint('at', time.time(), flush=True)\n"
        "time.sleep(0.3)\nprint('until', time.time())\nprint('loss: 1')\n",
    )
    project.hprun("--hp", "lr=1:6", "-j", "2", "--metric", "loss", "train.py")
    spans = []
    for trial in _results(project)["trials"]:
        lines = Path(trial["folds"][0]["path"] + ".log").read_text().splitlines()
        spans.append((float(lines[0].split()[1]), float(lines[1].split()[1])))
    together = [sum(a <= at < b for a, b in spans) for at, _ in spans]
    assert max(together) == 2


def test_runs_share_the_cores_unless_the_user_says_otherwise(project):
    project.write("train.py", "import os\nlr = 1\nprint('loss:', os.environ['OMP_NUM_THREADS'])\n")
    cores = len(os.sched_getaffinity(0))
    project.hprun("--hp", "lr=1", "-j", str(cores), "--metric", "loss", "train.py")
    assert _results(project)["trials"][0]["score"] == 1
    project.hprun("--hp", "lr=2", "--metric", "loss", "train.py",
                  env={**os.environ, "OMP_NUM_THREADS": "7"})  # fmt: skip
    assert _results(project)["trials"][0]["score"] == 7


def test_the_original_is_never_changed_whatever_the_script_writes(project):
    text = (
        "lr = 1\nimport os, pathlib\n"
        "for path in pathlib.Path('.').rglob('*'):\n"
        "    if path.is_file():\n        path.write_text('overwritten')\n"
        "print('loss:', lr)\n"
    )
    project.write("train.py", text)
    project.write("data/x.txt", "data")
    for script in ("train.py", str(project.folder / "train.py")):
        answer = project.hprun("--hp", "lr=1,2", "--metric", "loss", script)
        assert answer.status == 0, answer
    assert (project.folder / "train.py").read_text() == text
    assert (project.folder / "data/x.txt").read_text() == "data"
    assert _starts(project) == 2  # the absolute path is the same script


def test_what_runs_write_stays_apart(project):
    project.write("train.py", "lr = 1\nopen('out.txt', 'a').write(str(lr))\nprint('loss:', lr)\n")
    project.hprun("--hp", "lr=1,2", "--metric", "loss", "train.py")
    written = [
        Path(t["folds"][0]["path"], "out.txt").read_text() for t in _results(project)["trials"]
    ]
    assert written == ["1", "2"]
    assert not (project.folder / "out.txt").exists()


def test_a_failing_run_stops_nothing_and_is_told_at_once(project):
    project.write("train.py", "lr = 1\nassert lr != 2, 'two is bad'\nprint('loss:', lr)\n")
    command = ("--hp", "lr=1,2,3", "--metric", "loss", "train.py")
    answer = project.hprun(*command)
    assert answer.status == 1
    assert "two is bad" in answer.err
    trials = _results(project)["trials"]
    assert [t["state"] for t in trials] == ["completed", "completed", "failed"]
    assert trials[2]["folds"][0]["detail"] == "exit status 1"
    again = project.hprun(*command)
    assert (again.status, _starts(project)) == (1, 3)
    assert "retry" in again.err
    project.hprun("retry")
    assert _starts(project) == 4


def test_a_metric_that_no_run_writes_is_told_with_what_there_was(project):
    project.write("train.py", "lr = 1\nprint('accuracy: 0.5')\n")
    answer = project.hprun("--hp", "lr=1,2", "--metric", "loss", "train.py")
    assert answer.status == 3
    assert "accuracy" in answer.err
    ranked = _results(project, "--metric", "accuracy")
    assert [t["score"] for t in ranked["trials"]] == [0.5, 0.5]
    assert _starts(project) == 2


def test_marks_in_the_script_are_a_whole_search(project):
    project.write("train.py", "lr = 0.01  # hp: 0.1,0.2,0.3\nprint('loss:', lr)\n")
    assert project.hprun("--metric", "loss", "train.py").status == 0
    assert len(_results(project)["trials"]) == 3
    project.hprun("--hp", "lr=5", "--metric", "loss", "train.py")
    assert [t["values"] for t in _results(project)["trials"]] == [{"lr": 5}]


def test_options_of_the_script_are_set(project):
    project.write(
        "train.py",
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--lr', type=float, default=0.5)\np.add_argument('--epochs', type=int)\n"
        "a = p.parse_args()\nprint('loss:', a.lr * a.epochs)\n",
    )
    answer = project.hprun("--hp", "lr=1,2", "--metric", "loss", "train.py", "--epochs", "3")
    assert answer.status == 0, answer
    assert [t["score"] for t in _results(project)["trials"]] == [3, 6]


def test_another_file_is_substituted_by_regex(project):
    project.write("train.py", "print('loss:', open('config.yaml').read().split()[1])\n")
    project.write("config.yaml", "lr: 0.5\n")
    answer = project.hprun(
        "--hp", "lr=1,2", "--sub", r"config.yaml:lr: *(\S+)", "--metric", "loss", "train.py"
    )
    assert answer.status == 0, answer
    assert [t["score"] for t in _results(project)["trials"]] == [1, 2]
    assert (project.folder / "config.yaml").read_text() == "lr: 0.5\n"


def test_a_file_holds_a_whole_search(project):
    project.write("train.py", SCRIPT)
    project.write(
        "hprun.toml",
        'script = "train.py"\nmetric = "val_loss:min"\ncv = 2\njobs = 1\n'
        '[hp]\nlr = "0.1:u3:0.3"\nunits = [10, 20]\n',
    )
    answer = project.hprun("run")
    assert answer.status == 0, answer
    trials = _results(project)["trials"]
    assert (len(trials), trials[0]["values"], trials[0]["n"]) == (6, {"lr": 0.3, "units": 10}, 2)
    narrower = project.hprun("run", "--hp", "units=10", "--cv", "3")
    assert narrower.status == 0, narrower
    assert (len(_results(project)["trials"]), _results(project)["trials"][0]["n"]) == (3, 3)


def test_a_file_can_hold_several_searches_by_name(project):
    project.write("train.py", SCRIPT)
    project.write(
        "pyproject.toml",
        '[tool.hprun]\nmetric = "val_loss:min"\n'
        '[tool.hprun.search.coarse]\nscript = "train.py"\n[tool.hprun.search.coarse.hp]\nlr = [1, 2]\n'
        '[tool.hprun.search.fine]\nscript = "train.py"\n[tool.hprun.search.fine.hp]\nlr = "0:4"\n',
    )
    answer = project.hprun("run")
    assert answer.status == 2
    assert "coarse, fine" in answer.err
    assert project.hprun("run", "fine").status == 0
    assert len(_results(project)["trials"]) == 5


def test_flags_come_before_the_environment_and_that_before_the_file(project):
    project.write("train.py", "a = 1\nprint('x: 1')\n")
    project.write("hprun.toml", 'metric = "loss"\n')
    environment = {**os.environ, "HPRUN_METRIC": "accuracy"}

    def metric(*flags, env):
        answer = project.hprun("--dry-run", "--json", "--hp", "a=1", *flags, "train.py", env=env)
        return json.loads(answer.out)["metric"]["name"]

    assert metric(env=dict(os.environ)) == "loss"
    assert metric(env=environment) == "accuracy"
    assert metric("--metric", "score", env=environment) == "score"


def test_a_dry_run_shows_everything_and_writes_nothing(script):
    answer = script.hprun("--dry-run", "--hp", "lr=1e-3:l3:0.1", "--cv", "2", "--metric",
                          "val_loss:min", "train.py")  # fmt: skip
    assert answer.status == 0, answer
    assert "-lr = 0.01" in answer.out
    assert "+lr = 0.001" in answer.out
    assert "3 trials × 2 = 6 runs" in answer.out
    assert sorted(p.name for p in script.folder.iterdir()) == ["train.py"]
    document = json.loads(script.hprun("-n", "--json", "--hp", "lr=1,2", "train.py").out)
    assert (document["trials"], document["runs"]) == (2, 2)
    assert document["sites"] == [
        {"name": "lr", "file": "train.py", "line": 1, "rule": "binding", "before": "0.01",
         "after": "1"}
    ]  # fmt: skip


def test_the_cache_can_be_moved(script):
    command = ("--hp", "lr=0.1,0.2", "--metric", "val_loss:min", "train.py")
    script.hprun(*command)
    moved = script.folder.rename(script.folder.parent / "elsewhere")
    script.folder, script.cache = moved, moved / "cache"
    assert "everything is done already" in script.hprun(*command).err
    assert all(Path(t["folds"][0]["path"]).is_dir() for t in _results(script)["trials"])
    assert script.hprun("resume").status == 0
    text = b"".join(p.read_bytes() for p in script.cache.glob("hprun.db*"))
    assert str(script.folder.parent).encode() not in text


def test_a_search_in_a_cache_elsewhere(script, tmp_path):
    cache = str(tmp_path / "elsewhere")
    answer = script.hprun("--cache", cache, "--hp", "lr=1", "--metric", "val_loss", "train.py")
    assert answer.status == 0, answer
    assert not script.cache.exists()
    assert len(_results(script, "--cache", cache)["trials"]) == 1
    by_environment = script.hprun("results", env={**os.environ, "HPRUN_CACHE": cache})
    assert by_environment.status == 0


SLOW = """\
import pathlib, time
lr = 1
pathlib.Path("began").touch()
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.02)
print("loss:", lr)
"""


@pytest.fixture
def gated(project):
    """A script whose runs end only when the test says so."""
    gate = project.folder.parent / "gate"
    project.write("train.py", SLOW.format(gate=str(gate)))
    return project, gate


def _wait_for(condition, *, within=60):
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def _begun(project):
    return len(list(project.cache.glob("*/*/fold-0/began")))


GATED = ("--hp", "lr=1:4", "-j", "2", "--metric", "loss", "train.py")


def test_a_coordinator_killed_in_the_middle_leaves_runs_that_the_next_one_adopts(gated):
    project, gate = gated
    first = project.start(*GATED)
    _wait_for(lambda: _begun(project) == 2)
    first.kill()
    first.wait()
    _wait_for(lambda: len(project.processes()) == 4)  # two scripts, each with its keeper
    second = project.start(*GATED)
    _wait_for(lambda: second.poll() is None and _locked(project))
    gate.touch()
    assert second.wait(60) == 0
    assert [t["score"] for t in _results(project)["trials"]] == [1, 2, 3, 4]
    assert _starts(project) == 4
    assert project.processes() == []


def test_the_next_runs_are_laid_out_while_others_run_and_claimed_by_nobody(gated):
    from hprun.files import is_locked

    project, gate = gated
    first = project.start(*GATED)
    _wait_for(lambda: len(list(project.cache.glob("train-1/*/values.json"))) == 4)
    _wait_for(lambda: sum(map(is_locked, project.cache.glob("train-1/*/fold-0.lock"))) == 2)
    counts = json.loads(project.hprun("status", "--json").out)["searches"][0]["counts"]
    assert (counts["queued"], counts["running"]) == (2, 2)
    first.kill()
    first.wait()
    gate.touch()
    assert project.hprun(*GATED).status == 0
    assert _starts(project) == 4
    assert [t["score"] for t in _results(project)["trials"]] == [1, 2, 3, 4]


def _locked(project):
    from hprun.files import is_locked

    return any(is_locked(path) for path in project.cache.glob("*/lock"))


def test_runs_that_end_while_nobody_looks_are_not_run_again(gated):
    project, gate = gated
    first = project.start(*GATED)
    _wait_for(lambda: _begun(project) == 2)
    first.kill()
    first.wait()
    gate.touch()
    _wait_for(lambda: not project.processes())
    assert project.hprun(*GATED).status == 0
    assert _starts(project) == 4


def test_runs_that_were_killed_too_are_run_again(gated):
    project, gate = gated
    first = project.start(*GATED)
    _wait_for(lambda: _begun(project) == 2)
    first.kill()
    first.wait()
    for process in project.processes():
        process.kill()
    _wait_for(lambda: not project.processes())
    gate.touch()
    assert project.hprun(*GATED).status == 0
    assert _starts(project) == 6
    assert {t["state"] for t in _results(project)["trials"]} == {"completed"}


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_everything_and_the_search_can_go_on(gated, number, status):
    project, gate = gated
    first = project.start(*GATED, stderr=-1, text=True)
    _wait_for(lambda: _begun(project) == 2)
    first.send_signal(number)
    _, err = first.communicate(timeout=60)
    assert first.returncode == status, err
    assert "hprun resume train-1" in err
    assert project.processes() == []
    gate.touch()
    assert project.hprun("resume").status == 0
    assert [t["score"] for t in _results(project)["trials"]] == [1, 2, 3, 4]


def test_stop_stops_from_outside_and_resume_goes_on(gated):
    project, gate = gated
    first = project.start(*GATED)
    _wait_for(lambda: _begun(project) == 2)
    status = json.loads(project.hprun("status", "--json").out)["searches"][0]
    assert (status["name"], status["state"]) == ("train-1", "running")
    assert (status["counts"]["running"], status["counts"]["queued"]) == (2, 2)
    assert project.hprun("stop").status == 0
    assert first.wait(60) == 75
    assert project.processes() == []
    assert json.loads(project.hprun("status", "--json").out)["searches"][0]["state"] == "stopped"
    gate.touch()
    assert project.hprun("resume", "--all").status == 0
    state = json.loads(project.hprun("status", "--json").out)["searches"][0]
    assert (state["state"], state["best"]["score"]) == ("complete", 1)


def test_stop_ends_what_a_dead_coordinator_left(gated):
    project, _ = gated
    first = project.start(*GATED)
    _wait_for(lambda: _begun(project) == 2)
    first.kill()
    first.wait()
    assert project.hprun("stop").status == 0
    assert project.processes() == []


def test_one_trial_can_be_stopped_for_good(gated):
    project, gate = gated
    first = project.start(*GATED)
    _wait_for(lambda: _begun(project) == 2)
    assert project.hprun("stop", "0").status == 0
    assert project.hprun("stop", "3").status == 0
    _wait_for(lambda: _begun(project) == 3)
    gate.touch()
    assert first.wait(60) == 0
    states = {t["trial"]: t["state"] for t in _results(project)["trials"]}
    assert states == {0: "cancelled", 1: "completed", 2: "completed", 3: "cancelled"}


def test_a_second_hprun_on_the_same_search_is_refused(gated):
    project, gate = gated
    first = project.start(*GATED)
    _wait_for(lambda: _begun(project) == 2)
    second = project.hprun(*GATED)
    assert second.status == 2
    assert f"by process {first.pid}" in second.err
    gate.touch()
    assert first.wait(60) == 0
    assert _starts(project) == 4


def test_two_searches_that_ask_for_the_same_runs_share_them(gated):
    project, gate = gated
    first = project.start(*GATED)
    _wait_for(lambda: _begun(project) == 2)
    wider = ("--hp", "lr=1:5", "-j", "2", "--metric", "loss", "train.py")
    second = project.start(*wider)
    _wait_for(lambda: len(list(project.cache.glob("*/lock"))) == 2)
    gate.touch()
    assert first.wait(60) == 0
    assert second.wait(60) == 0
    assert _starts(project) == 5


def test_a_run_that_takes_too_long_is_ended(gated):
    project, _ = gated
    answer = project.hprun("--hp", "lr=1", "--timeout", "0.5", "--grace", "1", "train.py")
    assert answer.status == 1, answer
    assert _results(project)["trials"][0]["state"] == "timed-out"
    assert project.processes() == []


def test_the_edited_script_ends_the_runs_of_the_old_one(gated):
    project, gate = gated
    first = project.start(*GATED)
    _wait_for(lambda: _begun(project) == 2)
    first.kill()
    first.wait()
    project.write("train.py", "lr = 1\nprint('loss:', -lr)\n")
    answer = project.hprun(*GATED)
    assert answer.status == 0, answer
    assert [t["score"] for t in _results(project)["trials"]] == [-4, -3, -2, -1]
    assert project.processes() == []
    assert not gate.exists()


def test_the_python_of_the_active_environment_runs_the_script(project, tmp_path):
    project.write("train.py", "import sys\nlr = 1\nprint('loss: 1')\nprint(sys.executable)\n")
    fake = tmp_path / "venv" / "bin"
    fake.mkdir(parents=True)
    (fake / "python").symlink_to(sys.executable)
    env = {**os.environ, "VIRTUAL_ENV": str(tmp_path / "venv")}
    project.hprun("--hp", "lr=1", "--metric", "loss", "train.py", env=env)
    path = _results(project)["trials"][0]["folds"][0]["path"]
    assert str(fake / "python") in Path(path + ".log").read_text()


def test_a_search_that_is_stopped_leaves_the_runs_that_another_one_started(gated):
    project, gate = gated
    first = project.start(*GATED)
    _wait_for(lambda: _begun(project) == 2)
    wider = ("--hp", "lr=1:5", "-j", "2", "--metric", "loss", "train.py")
    second = project.start(*wider)
    _wait_for(lambda: len(list(project.cache.glob("*/lock"))) == 2)
    assert project.hprun("stop", "0", "--search", "train-2").status == 0
    second.send_signal(signal.SIGINT)
    assert second.wait(60) == 130
    runs = [p for p in project.processes() if "fold-" in p.cwd()]
    assert len(runs) == 4
    gate.touch()
    assert first.wait(60) == 0
    states = {t["state"] for t in _results(project, "train-1")["trials"]}
    assert states == {"completed"}
    assert project.hprun("resume", "train-2").status == 0


def test_slots_are_the_machine_s_and_not_a_search_s(gated):
    project, gate = gated
    first = project.start(*GATED)
    _wait_for(lambda: _begun(project) == 2)
    second = project.start("--hp", "lr=11:13", "-j", "2", "--metric", "loss", "train.py")
    _wait_for(lambda: len(list(project.cache.glob("*/lock"))) == 2)
    assert _begun(project) == 2
    gate.touch()
    assert first.wait(60) == 0
    assert second.wait(60) == 0
    assert _starts(project) == 7


def test_what_a_failed_attempt_printed_does_not_count(project):
    project.write(
        "train.py",
        "import os, sys\nlr = 1\nif not os.path.exists({!r}):\n"
        "    print('loss: 0.000001')\n    sys.exit('boom')\nprint('loss:', lr)\n".format(
            str(project.folder / "fixed")
        ),
    )
    project.hprun("--hp", "lr=1,2", "--metric", "loss:min", "train.py")
    project.write("fixed", "")
    assert project.hprun("retry").status == 0
    assert [t["score"] for t in _results(project)["trials"]] == [1, 2]
    assert "boom" not in project.hprun("logs", "0").out


def test_a_script_that_saves_itself_on_sigterm_is_resumed(project):
    project.write(
        "train.py",
        "import pathlib, signal, sys, time\nlr = 1\nstate = pathlib.Path('state')\n"
        "def save(*_):\n    state.write_text('saved')\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, save)\n"
        "if not state.exists():\n    open('began', 'w').close()\n    time.sleep(60)\n"
        "print('loss:', lr)\n",
    )
    command = ("--hp", "lr=1,2", "-j", "2", "--metric", "loss", "train.py")
    first = project.start(*command)
    _wait_for(lambda: _begun(project) == 2)
    first.send_signal(signal.SIGINT)
    assert first.wait(60) == 130
    assert project.hprun("resume").status == 0
    assert [t["score"] for t in _results(project)["trials"]] == [1, 2]


def test_two_projects_can_share_a_cache(project, tmp_path):
    cache = str(tmp_path / "shared")
    for name, data in (("a", "1"), ("b", "100")):
        project.write(f"{name}/train.py", "lr = 1\nprint('loss:', open('data.txt').read())\n")
        project.write(f"{name}/data.txt", data)
    scores = []
    for name in ("a", "b"):
        project.folder = project.folder / name
        answer = project.hprun("--cache", cache, "--hp", "lr=1", "--metric", "loss", "train.py")
        assert answer.status == 0, answer
        scores.append(_results(project, "--cache", cache)["trials"][0]["score"])
        project.folder = project.folder.parent
    assert scores == [1, 100]


def test_a_folder_that_cannot_be_copied_claims_nothing(project):
    project.write("train.py", "lr = 1\nprint('loss:', lr)\n")
    project.write("hprun.toml", 'link = ["nowhere"]\n')
    answer = project.hprun("--hp", "lr=1", "--metric", "loss", "train.py")
    assert answer.status == 2
    assert "nowhere" in answer.err
    assert _starts(project) == 0
    project.write("hprun.toml", "")
    assert project.hprun("--hp", "lr=1", "--metric", "loss", "train.py").status == 0


def test_what_one_search_forgets_another_one_keeps(project):
    project.write("train.py", "lr = 1\nprint('loss:', lr)\nprint('acc:', lr)\n")
    for values in ("lr=1,2", "lr=1,2,3"):
        project.hprun("--hp", values, "--metric", "loss", "train.py")
    assert project.hprun("clean", "train-1", "--forget", "--yes").status == 0
    trials = _results(project, "--metric", "acc")["trials"]
    assert [t["score"] for t in trials] == [3, 2, 1]


def test_a_terminal_that_goes_away_does_not_take_the_runs_for_failed(gated):
    project, gate = gated
    master, slave = pty.openpty()
    process = project.start(*GATED, stdout=slave, stderr=slave)
    os.close(slave)
    _wait_for(lambda: _begun(project) == 2)
    os.close(master)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 129
    gate.touch()
    assert project.hprun("resume").status == 0
    assert [t["attempts"] for t in _results(project)["trials"][0]["folds"]] == [2]


def test_values_may_be_tuples_of_tuples(project):
    project.write("train.py", "size = (1, 1)\nprint('loss:', size[-1][0])\n")
    assert project.hprun("--hp", "size=((3,4),(5,6))", "--metric", "loss", "train.py").status == 0
    (trial,) = json.loads(project.hprun("results", "--json").out)["trials"]
    assert (trial["values"]["size"], trial["score"]) == ([[3, 4], [5, 6]], 5.0)


def test_a_run_can_search_itself(project):
    """What a run is told of itself is no option of a search that it starts."""
    project.write("inner.py", "x = 1\nprint('loss:', x)\n")
    project.write(
        "outer.py",
        "import subprocess, sys\n"
        "lr = 1\n"
        "seed = 0\n"
        "words = [sys.executable, '-m', 'hprun', '--hp', 'x=1,2', '--metric', 'loss', 'inner.py']\n"
        "subprocess.run(words, check=True)\n"
        "print('loss:', lr)\n",
    )
    answer = project.hprun("--hp", "lr=1,2", "--repeats", "2", "--metric", "loss", "outer.py")
    assert answer.status == 0, answer
