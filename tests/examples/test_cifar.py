"""The example with the 18 hyperparameters, some of them only where another has a certain value."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "cifar"
CHILDREN = ("conv_pool_res_start_idx", "res_conv_kernel_size")
OWN = {"conv_pool_res_start_idx": "0", "res_conv_kernel_size": "3"}
SMALL = ("--epochs", "1", "--train-images", "200", "--val-images", "100")


@pytest.fixture
def cifar(project):
    for name in ("train.py", "hprun.toml"):
        project.write(name, (EXAMPLE / name).read_text(encoding="utf-8"))
    return project


def test_the_preview_shows_all_hyperparameters_with_their_conditions(cifar):
    answer = cifar.hprun("run", "--dry-run")
    assert answer.status == 0, answer
    space, _, rest = answer.out.partition("\n\n")
    lines = dict(line.split("  ", 1) for line in space.splitlines()[1:])
    assert len(lines) == 18
    assert [name for name in lines if lines[name].endswith("  residual != None")] == [*CHILDREN]
    assert "None | 0.5488 … 1.8221 (log)" in lines["one_more_fc"]
    assert "40 trials, proposed by tpe" in rest
    places = [line for line in rest.splitlines() if " binding " in line]
    assert [line.split()[0] for line in places] == list(lines)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_trials_are_trained_and_keep_what_the_script_says_where_a_branch_is_not_taken(cifar):
    answer = cifar.hprun("run", "--trials", "4", "--seed", "1", "train.py", *SMALL, timeout=800)
    assert answer.status == 0, answer
    trials = json.loads(cifar.hprun("results", "--json").out)["trials"]
    assert len(trials) == 4
    assert all(0 <= trial["score"] <= 1 for trial in trials)
    assert {trial["values"]["residual"] is None for trial in trials} == {True, False}
    for trial in trials:
        values = trial["values"]
        text = (Path(trial["folds"][0]["path"]) / "train.py").read_text(encoding="utf-8")
        bound = dict(re.findall(r"^(\w+) = (\w+)", text, re.MULTILINE))
        taken = values["residual"] is not None
        assert {name: name in values for name in CHILDREN} == dict.fromkeys(CHILDREN, taken)
        assert len(values) == (18 if taken else 16)
        for name in CHILDREN:
            assert bound[name] == str(values.get(name, OWN[name]))
