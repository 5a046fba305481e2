"""Strategies are compared by what they really found, through the runner and in libraries."""

import dataclasses
import json
import re
import shutil
import statistics
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from tests.benchmarks import finding, searchers
from tests.benchmarks.functions import digits, named
from tests.benchmarks.plan import Plan
from tests.benchmarks.tables import markdown

_HERE = Path(__file__).parent


def _by(rows, by, strategy):
    return next(row for row in rows if row.get("by") == by and row["strategy"] == strategy)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def plan(kept):
    return Plan(None, seeds=2, evaluations=12, problems=("mixed10",), keep=kept,
                strategies=("hprun-random", "optuna-random", "hprun-tpe"))  # fmt: skip


@pytest.fixture(scope="module")
def rows(plan):
    return finding.measure_finding(plan)


def test_every_evaluation_of_every_search_is_kept(rows, kept):
    files = sorted(path.name for path in (kept / "mixed10").iterdir())
    assert files == [f"{who}-12-{seed}.json" for who in ("hprun-random", "hprun-tpe",
                     "optuna-random") for seed in (0, 1)]  # fmt: skip
    for file in files:
        part = json.loads((kept / "mixed10" / file).read_text("utf-8"))
        assert len(part["losses"]) == (24 if "random" in file else 12)
        assert len(set(part["losses"])) == len(part["losses"])


def test_random_twice_as_long_is_the_same_search_and_no_worse(rows):
    for by in ("hprun", "Optuna"):
        once, twice = _by(rows, by, "random"), _by(rows, by, "random ×2")
        assert all(b <= a for a, b in zip(once["bests"][12], twice["bests"][12], strict=True))


def test_what_is_kept_is_not_made_again(plan, rows, monkeypatch):
    monkeypatch.setattr(finding, "_made", lambda *_: pytest.fail("made again"))
    assert finding.measure_finding(plan) == rows


def test_a_search_that_was_cut_is_made_again_only_with_more_time():
    part = {"cut": True, "limit_s": 10.0, "asked": 200}
    assert not finding._may_go_further(part, Plan(None, limit_s=10.0))
    assert finding._may_go_further(part, Plan(None, limit_s=20.0))
    assert not finding._may_go_further(part | {"cut": False}, Plan(None, limit_s=20.0))
    assert finding._may_go_further(part | {"cut": False, "asked": 100}, Plan(None, limit_s=20.0))


def test_without_time_the_table_is_of_what_there_is(plan, rows, monkeypatch):
    """A longer search counts only of those that would have begun the same way."""
    monkeypatch.setattr(finding, "_made", lambda *_: pytest.fail("made again"))
    asked = {"limit_s": 0.0, "evaluations": 8, "seeds": 3, "strategies": ()}
    shorter = finding.measure_finding(dataclasses.replace(plan, **asked))
    assert {(row["by"], row["strategy"]) for row in shorter} == {
        (row["by"], row["strategy"]) for row in rows
    }
    assert all(len(row["bests"][8]) == 2 for row in shorter)
    assert searchers.searchers(None)[4].knows_end  # SHAC


@pytest.mark.long
def test_a_search_gives_what_it_had_when_the_time_is_over(tmp_path):
    tpe = next(one for one in searchers.searchers(None) if one.name == "optuna-tpe")
    search = searchers.Search(named("branin"), 0, 10**6, tmp_path, 8.0)
    assert 0 < len(tpe.losses(search)) < 10**6


def test_the_runner_evaluates_the_function_itself(tmp_path):
    """What came back through script, process and queue is the function at the trial's values."""
    random = next(one for one in searchers.searchers(None) if one.name == "hprun-random")
    problem = named("mixed10")
    losses = random.losses(searchers.Search(problem, 3, 6, tmp_path, 100.0))
    said = subprocess.run([sys.executable, "-m", "hprun", "results", "--json"], cwd=tmp_path,
                          capture_output=True, text=True, check=True).stdout  # fmt: skip
    trials = sorted(json.loads(said)["trials"], key=lambda trial: trial["trial"])
    assert losses == [pytest.approx(problem.loss(trial["values"])) for trial in trials]


def test_a_median_of_few_seeds_says_so_and_equals_are_not_told_apart():
    rows = [
        {"problem": "branin", "by": by, "strategy": "GP", "seeds": 10, "cpu_s": 1.0,
         "bests": {50: [0.4 + seed for seed in range(10)], 200: [0.4] * longest}}
        for by, longest in (("hprun", 3), ("Optuna", 10))
    ]  # fmt: skip
    (test,) = finding._compared(rows)
    assert (test["after"], test["seeds"]) == (50, [10, 10])  # at 200 there are three of ours
    assert test["ours"] == test["theirs"] == statistics.median(0.4 + seed for seed in range(10))
    assert test["p"] == pytest.approx(1)
    measured = {"machine": {"date": "", "processor": "", "cores": 2, "kernel": "", "python": "",
                            "versions": {}}, "peers": {}, "cpu_by": "", "goals": [],
                "sections": {"strategies": [*rows, test]}}  # fmt: skip
    text = markdown(measured)
    assert "0.4 [0.4, 0.4] (3 seeds)" in text
    assert re.search(r"^\| hprun +\| GP +\| 4.90 · 0.400 \(3 seeds\) \|$", text, re.MULTILINE)


def test_strategies_that_differ_are_told_apart():
    rows = [
        {"problem": "branin", "by": by, "strategy": "TPE", "seeds": 10, "cpu_s": 1.0,
         "bests": {200: [low + seed / 100 for seed in range(10)]}}
        for by, low in (("hprun", 0.4), ("Optuna", 0.9))
    ]  # fmt: skip
    (test,) = finding._compared(rows)
    assert test["p"] < 0.001


def test_the_table_of_trainings_is_the_whole_space():
    problem = digits()
    everything = [
        problem.space.of_active(dict(zip((axis.name for axis in problem.space.axes), row, strict=True)))
        for row in product(*(getattr(axis, "words", None) or axis.numbers
                             for axis in problem.space.axes))
    ]  # fmt: skip
    found = {tuple(sorted(values.items())): problem.loss(values) for values in everything}
    assert len(found) == 1000
    assert min(found.values()) == problem.lowest
    assert sum(loss == problem.lowest for loss in found.values()) == 1


def test_a_training_gives_what_the_table_says(tmp_path):
    values = digits().space.values([0.7] * 5)
    text = (_HERE / "workloads" / "digits_mlp.py").read_text("utf-8")
    for name, value in values.items():
        text = re.sub(rf"^{name} = .*$", f"{name} = {value!r}", text, flags=re.MULTILINE)
    (tmp_path / "train.py").write_text(text, "utf-8")
    said = subprocess.run([sys.executable, "train.py"], cwd=tmp_path, capture_output=True,
                          text=True, check=True).stdout  # fmt: skip
    # Another scikit-learn or processor may round otherwise.
    assert float(said.removeprefix("val_loss:")) == pytest.approx(digits().loss(values), rel=0.05)


@pytest.mark.parametrize("name", ["branin", "hartmann6", "mixed10", "digits"])
def test_a_script_prints_the_loss_of_its_problem(name, tmp_path):
    problem = named(name)
    values = problem.space.values([0.3] * len(problem.space.axes))
    script, *others = searchers._SCRIPTS.get(name, (f"{name}.py",))
    for file in others:
        shutil.copy(_HERE / "workloads" / file, tmp_path)
    text = (_HERE / "workloads" / script).read_text("utf-8")
    if name == "hartmann6":
        text = re.sub(r"^x0, .*$", ", ".join(values) + " = " + ", ".join(map(str, values.values())),
                      text, count=1, flags=re.MULTILINE)  # fmt: skip
    for key, value in values.items():
        text = re.sub(rf"^{key} = .*$", f"{key} = {value!r}", text, count=1, flags=re.MULTILINE)
    (tmp_path / script).write_text(text, "utf-8")
    said = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True,
                          check=True).stdout  # fmt: skip
    assert float(said.removeprefix("loss:")) == pytest.approx(problem.loss(values))
