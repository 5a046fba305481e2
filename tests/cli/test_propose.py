"""What a search would try next, without trying it."""

import json

import pytest

SCRIPT = """\
x = 0.5
y = 0.5
print("loss:", (x - 0.3) ** 2 + (y - 0.7) ** 2)
"""
SPACE = ("--hp", "x=0.0:u:1.0", "--hp", "y=uniform(0,1)", "--metric", "loss:min", "-j", "1")


@pytest.fixture
def bowl(project):
    project.write("train.py", SCRIPT)
    return project


def _proposed(project, *more):
    answer = project.hprun("propose", "--json", *more)
    assert answer.status == 0, answer
    document = json.loads(answer.out)
    assert document["schema"] == 1
    return document["trials"]


def _files(project):
    """The sizes of all files, but for what the search may still be writing down of itself."""
    files = [path for path in project.cache.rglob("*") if path.is_file()]
    return {path: path.stat().st_size for path in files if "provenance" not in path.name}


@pytest.mark.parametrize("name", ["tpe", "cmaes", "qmc", "random"])
def test_what_is_proposed_is_what_is_tried_next(bowl, name):
    args = ("--search", name, *SPACE, "--trials")
    assert bowl.hprun(*args, "12", "train.py").status == 0
    files = _files(bowl)
    first = _proposed(bowl, "-n", "1")
    assert _files(bowl) == files
    assert bowl.hprun(*args, "13", "train.py").status == 0
    trials = json.loads(bowl.hprun("results", "--json").out)["trials"]
    (thirteenth,) = [one for one in trials if one["trial"] == 12]
    assert first == [{"trial": None, "values": thirteenth["values"]}]


def test_what_waits_comes_first_with_its_number(bowl):
    args = ("--hp", "x=0.1,0.2,0.3,0.4", "--metric", "loss:min", "-j", "1", "--until", "9")
    assert bowl.hprun(*args, "train.py").status == 0
    assert bowl.hprun("add", "x=0.9").status == 0
    assert _proposed(bowl, "-n", "3") == [
        {"trial": 4, "values": {"x": 0.9}},
        {"trial": 1, "values": {"x": 0.2}},
        {"trial": 2, "values": {"x": 0.3}},
    ]
    table = bowl.hprun("propose").out.split()
    assert table[:4] == ["trial", "x", "4", "0.9"]


def test_a_grid_that_is_done_has_nothing_to_propose(bowl):
    assert bowl.hprun("--hp", "x=0.1,0.2", "--metric", "loss:min", "train.py").status == 0
    answer = bowl.hprun("propose", "train-1")
    assert answer.status == 2
    assert "train-1 has nothing more to try" in answer.err
    assert "All of its grid has been begun" in answer.err


def test_a_space_that_is_used_up_has_nothing_to_propose(bowl):
    space = ("--search", "random", "--trials", "9", "--hp", "x=0.1,0.2", "--metric", "loss:min")
    assert bowl.hprun(*space, "train.py").status == 0
    answer = bowl.hprun("propose")
    assert answer.status == 2
    assert "All of its space has been tried" in answer.err


@pytest.mark.long
def test_shac_predicts_from_its_first_classifiers_or_all(bowl):
    args = ("--search", "shac", "--trials", "30", *SPACE)
    assert bowl.hprun(*args, "train.py").status == 0

    def mean(*more):
        found = [one["values"] for one in _proposed(bowl, "-n", "60", *more)]
        assert len({(v["x"], v["y"]) for v in found}) == 60
        return sum((v["x"] - 0.3) ** 2 + (v["y"] - 0.7) ** 2 for v in found) / 60

    assert mean() < mean("--classifiers", "1") < mean("--classifiers", "0")
    answer = bowl.hprun("propose", "--classifiers", "99")
    assert answer.status == 2
    assert "99 classifiers are asked for" in answer.err


def test_the_faithful_way_predicts_when_its_budget_is_used_up(bowl):
    search = "shac:faithful=true,num_batches=3,skip_cv_checks=true"
    assert bowl.hprun("--search", search, "--trials", "30", *SPACE, "train.py").status == 0
    assert len(_proposed(bowl, "-n", "8")) == 8


def test_classifiers_are_for_shac_alone(bowl):
    assert bowl.hprun("--trials", "3", *SPACE, "train.py").status == 0
    answer = bowl.hprun("propose", "--classifiers", "1")
    assert answer.status == 2
    assert "--classifiers has no effect" in answer.err
