"""What is called when a search has come to its end."""

import json
import os
import shlex
import sys

import pytest

SCRIPT = "lr, opt = 1.0, ''\nassert lr < 3\nprint('loss:', lr)\n"
TELL = """\
import json, os, sys
names = ("SEARCH", "STATE", "STATUS", "BEST_TRIAL", "BEST_SCORE", "BEST_VALUES", "CACHE", "ON_FINISH")
with open("told.jsonl", "a") as file:
    file.write(json.dumps([sys.argv[1:], *(os.environ.get("HPRUN_" + n) for n in names)]) + "\\n")
print("called")
sys.exit(5)
"""


@pytest.fixture
def told(project):
    project.write("train.py", SCRIPT)
    project.write("tell.py", TELL)

    def read():
        path = project.folder / "told.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    project.told = read
    project.tell = f"{shlex.quote(sys.executable)} tell.py 'a b' $HOME *"
    return project


def test_the_command_has_the_result_in_its_environment_and_its_failure_changes_nothing(told):
    search = ("--hp", "lr=2.0,1.0", "--hp", "opt='a b'", "--metric", "loss", "train.py")
    answer = told.hprun("--on-finish", told.tell, *search)
    assert answer.status == 0, answer
    assert "ended with status 5" in answer.err
    assert "called" in answer.err
    assert "called" not in answer.out
    values = json.dumps({"lr": 1.0, "opt": "a b"})
    assert told.told() == [
        [
            ["a b", "$HOME", "*"],
            "train-1",
            "complete",
            "0",
            "1",
            "1.0",
            values,
            str(told.cache),
            None,
        ]
    ]
    told.hprun("--on-finish", told.tell, *search)
    assert len(told.told()) == 1, "nothing ran: the search had come to its end before"


def test_it_is_called_when_runs_failed_and_when_there_is_no_score_and_not_after_a_stop(told):
    told.write("hprun.toml", f"on-finish = {json.dumps(told.tell)}\n")
    assert told.hprun("--hp", "lr=1.0,3.0", "--metric", "loss", "train.py").status == 1
    assert (
        told.hprun("--hp", "lr=1.0", "--metric", "other", "--direction", "min", "train.py").status
        == 3
    )
    assert [line[2:7] for line in told.told()] == [
        ["complete", "1", "0", "1.0", '{"lr": 1.0}'], ["complete", "3", "", "", ""],
    ]  # fmt: skip
    told.hprun("--hp", "lr=3.0,4.0", "-j", "1", "--fail-fast", "--metric", "loss", "train.py")
    assert told.told()[2][2:4] == ["stopped", "1"]
    told.write("train.py", SCRIPT + "import time\ntime.sleep(60)\n")
    stopped = told.hprun(
        "--for", "1", "--grace", "1", "--hp", "lr=1.0", "--metric", "loss", "train.py"
    )
    assert stopped.status == 75, stopped
    assert len(told.told()) == 3
    told.write("train.py", SCRIPT)
    assert told.hprun("resume").status == 0
    assert len(told.told()) == 4


@pytest.mark.parametrize("command", ["'", " ", "no-such-program x"])
def test_what_cannot_be_called_is_refused_before_anything_is_run(told, command):
    answer = told.hprun("--on-finish", command, "--hp", "lr=1.0", "--metric", "loss", "train.py")
    assert answer.status == 2
    assert "--on-finish" in answer.err
    assert not told.cache.exists()


def test_it_is_not_handed_on_to_a_search_that_the_command_starts(told):
    env = {**os.environ, "HPRUN_ON_FINISH": told.tell}
    told.hprun("-q", "--hp", "lr=1.0", "--metric", "loss", "train.py", env=env)
    ((*_, handed_on),) = told.told()
    assert handed_on is None


def test_the_next_search_can_be_called(told):
    """HPRUN_SEARCH and the like are about the search that has ended, and no options of the next."""
    told.write("next.py", "x = 1\nprint('loss:', x)\n")
    following = f"{shlex.quote(sys.executable)} -m hprun --hp x=1,2,3 --metric loss next.py"
    search = ("--hp", "lr=1.0,2.0", "--metric", "loss", "train.py")
    answer = told.hprun("--on-finish", following, *search)
    assert answer.status == 0, answer
    found = json.loads(told.hprun("results", "next-2", "--json").out)["trials"]
    assert [trial["values"] for trial in found] == [{"x": 1}, {"x": 2}, {"x": 3}]
