"""The script for those who have a GPU: it says so where there is none, and judges as promised."""

import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gpu.on_a_gpu import TRAINING, Row, search, table, verdicts

ROOT = Path(__file__).parents[2]


def test_without_a_gpu_it_says_so_and_measures_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "tests.gpu.on_a_gpu"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "Nothing was measured: there is no GPU that torch can use.\n"


@pytest.mark.parametrize(
    ("auto", "one", "best", "held"),
    [(40, 160, 39, [True, True]), (50, 160, 40, [False, True]), (50, 100, 50, [True, False])],
)
def test_auto_is_judged_by_the_best_fixed_number_and_by_one_at_a_time(auto, one, best, held):
    rows = list(verdicts({"1": one, "4": best, "8": None, "auto": auto}))
    assert [row.held for row in rows] == held
    assert "-j 4" in rows[0].what


def test_where_auto_did_not_complete_nothing_held():
    (row,) = verdicts({"1": 10.0, "auto": None})
    assert row.held is False


def test_the_table_says_when_and_where_and_what_did_not_hold():
    text = table([Row("a", "1 s"), Row("b", "2", held=False)], "Big", datetime.date(2026, 11, 2))
    assert text.startswith("2 November 2026, Big:\n")
    assert text.splitlines()[-2:] == ["| a | 1 s |  |", "| b | 2 | NO |"]


def test_its_searches_are_read_as_a_user_reads_them(tmp_path):
    text = "seed = 0\nprint(f'loss: {seed + 0.5}')\nassert seed != 1\n"
    done = search(tmp_path / "one", text, "seed=0:2", "-j", "1")
    assert done.states == {0: "completed", 1: "failed", 2: "completed"}
    assert done.completed == 2
    assert (done.scores[2], done.attempts[0]) == (2.5, 1)
    assert done.trouble.startswith("hprun ended with 1: ")


@pytest.mark.long  # torch's optimizers take long to import
def test_its_training_trains(tmp_path):
    text = TRAINING.format(steps=200, device="cpu")
    done = search(tmp_path / "one", text, "seed=0:1", "-j", "1")
    assert done.completed == 2, done.trouble
