"""What one does with the best values."""

import json
import signal
import subprocess

import pytest

SCRIPT = """\
import argparse, os, sys
lr, units, fold, folds, epochs = 0.5, 8, 3, 5, 2
parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=1)
parser.add_argument("--fail", type=int, default=0)
args = parser.parse_args()
print("now", lr, units, fold, folds, epochs, args.steps, flush=True)
with open("metrics.jsonl", "w") as file:
    file.write('{"loss": %r}' % ((lr - 0.2) ** 2 + fold))
sys.exit(args.fail)
"""
SEARCH = ("--hp", "lr=0.1,0.2,0.3", "--cv", "2", "--metric", "loss", "train.py", "--steps", "4")


@pytest.fixture
def searched(project):
    project.write("train.py", SCRIPT)
    assert project.hprun(*SEARCH).status == 0
    return project


def test_the_best_values_run_once_more_in_a_folder_that_no_ranking_sees(searched):
    before = searched.hprun("results", "--json").out
    answer = searched.hprun("best", "--run", "--hp", "epochs=9", "--", "--steps", "7")
    assert answer.status == 0, answer
    assert answer.out == "now 0.2 8 3 5 9 7\n"
    assert "status 0" in answer.err
    assert "loss:last 3 (in the search 0.5)" in answer.err
    assert "cache/train-1/best/1" in answer.err
    assert json.loads((searched.cache / "train-1/best/1/metrics.jsonl").read_text())["loss"] == 3
    assert searched.hprun("results", "--json").out == before
    assert searched.hprun("best", "train-1", "--run").out == "now 0.2 8 3 5 2 4\n"
    assert (searched.cache / "train-1/best/2").is_dir()
    assert (searched.folder / "train.py").read_text() == SCRIPT
    assert "everything is done" in searched.hprun(*SEARCH).err
    assert searched.hprun("doctor", "--repair").status == 0
    assert searched.hprun("results", "--json").out == before


def test_how_a_run_with_the_best_values_ended_is_told(searched):
    failed = searched.hprun("best", "--run", "--", "--fail", "7")
    assert failed.status == 1
    assert "status 7" in failed.err
    searched.write(
        "train.py", "import time\nlr, fold = 1, 0\nprint('up', flush=True)\ntime.sleep(60)\n"
    )
    process = searched.start("best", "--run", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert b"status 143" in err
    assert b"the script has changed" in err


def test_trials_of_a_list_run_once_more_too(project):
    project.write("train.py", "lr = 1.0\nepochs = 1\nprint('loss:', lr * epochs)\n")
    project.hprun("--trial", "lr=0.5", "--metric", "loss", "train.py")
    assert project.hprun("best", "--run", "--hp", "epochs=4").out == "loss: 2.0\n"


@pytest.mark.parametrize(
    "args",
    [("--run", "--apply"), ("--run", "--json"), ("--as", "toml", "--json"), ("--hp", "a=1"),
     ("--", "x"), ("--run", "--hp", "epochs=1,2"), ("--run", "--hp", "nothing=1")],
)  # fmt: skip
def test_what_has_no_effect_is_refused(project, args):
    project.write("train.py", "lr = 1.0\nprint('loss:', lr)\n")
    project.hprun("--hp", "lr=0.5", "--metric", "loss", "train.py")
    answer = project.hprun("best", *args)
    assert answer.status == 2, answer
    assert not (project.cache / "train-1" / "best").exists()


def test_values_are_printed_in_the_form_that_one_asks_for(project):
    project.write("train.py", "lr = 1.0\nopt = 'x'\nprint('loss:', lr)\n")
    project.hprun("--hp", "lr=0.5", "--hp", "opt='a b'", "--metric", "loss", "train.py")
    assert project.hprun("best", "--as", "flags").out == "--hp lr=0.5 --hp 'opt=\"a b\"'\n"
    assert json.loads(project.hprun("best", "--as", "json").out) == {"lr": 0.5, "opt": "a b"}
    assert project.hprun("best", "--as", "toml").out == 'lr = 0.5\nopt = "a b"\n'
    assert project.hprun("best", "--as", "python").out == "lr = 0.5\nopt = 'a b'\n"
