"""Searches whose trials a strategy proposes, as a user meets them."""

import json

import pytest

SCRIPT = """\
x = 0.5
y = 0.5
print("loss:", (x - 0.3) ** 2 + (y - 0.7) ** 2)
"""
SPACE = ("--hp", "x=0.0:u:1.0", "--hp", "y=uniform(0,1)")
LOSS = ("--metric", "loss:min")


@pytest.fixture
def bowl(project):
    project.write("train.py", SCRIPT)
    return project


def _trials(project, *more):
    return json.loads(project.hprun("results", "--json", *more).out)["trials"]


def _proposed(project):
    trials = sorted(_trials(project), key=lambda trial: trial["trial"])
    return [tuple(sorted(trial["values"].items())) for trial in trials]


@pytest.mark.parametrize("name", ["random", "qmc", "tpe", "cmaes", "shac", "tpe:startup=3"])
def test_a_strategy_proposes_as_many_trials_as_it_may(bowl, name):
    answer = bowl.hprun("--search", name, "--trials", "12", "-j", "2", *SPACE, *LOSS, "train.py")
    assert answer.status == 0, answer
    assert f"12 trials by {name.partition(':')[0]}" in answer.err
    proposed = _proposed(bowl)
    assert len(set(proposed)) == 12
    assert all(0 <= value <= 1 for trial in proposed for _, value in trial)
    again = bowl.hprun("--search", name, "--trials", "12", "-j", "2", *SPACE, *LOSS, "train.py")
    assert again.status == 0
    assert "everything is done already" in again.err


@pytest.mark.long
@pytest.mark.parametrize("name", ["random", "qmc", "tpe", "cmaes", "shac"])
def test_a_search_in_parts_has_the_trials_of_one_in_a_piece(bowl, name):
    def search(trials):
        args = ("--search", name, "--trials", str(trials), "-j", "1", *SPACE, *LOSS, "train.py")
        assert bowl.hprun(*args).status == 0

    search(14)
    whole = _proposed(bowl)
    bowl.cache.rename(bowl.folder.parent / "whole")
    if name == "shac":  # its plan depends on the number of trials: the same one, cut off twice
        for seconds in ("1", "1"):
            bowl.hprun(
                "--search", name, "--trials", "14", "-j", "1", "--for", seconds, *SPACE, *LOSS,
                "train.py",
            )  # fmt: skip
    else:
        search(3)
        search(8)
    search(14)
    assert _proposed(bowl) == whole


def test_a_number_of_trials_alone_means_tpe(bowl):
    answer = bowl.hprun("--dry-run", "--json", "--trials", "20", *SPACE, *LOSS, "train.py")
    assert answer.status == 0
    document = json.loads(answer.out)
    assert (document["strategy"], document["trials"]) == ("tpe", 20)
    assert document["space"]["x"] == "0.0:u:1.0"
    shown = bowl.hprun("--dry-run", "--trials", "20", *SPACE, *LOSS, "train.py").out
    assert "20 trials, proposed by tpe" in shown
    assert "for example: x=" in shown
    assert "+x = 0.5" in shown


def test_trials_that_fail_are_told_and_the_search_goes_on(bowl):
    bowl.write("train.py", SCRIPT + "assert x < 0.6\n")
    answer = bowl.hprun("--trials", "14", "-j", "2", *SPACE, *LOSS, "train.py")
    assert answer.status == 1
    states = [trial["state"] for trial in _trials(bowl)]
    assert len(states) == 14
    assert {"completed", "failed"} == set(states)


def test_a_finite_space_ends_when_all_is_tried(bowl):
    space = ("--hp", "x=0.1,0.2", "--hp", "y=0.1,0.2")
    answer = bowl.hprun("--search", "random", "--trials", "50", *space, *LOSS, "train.py")
    assert answer.status == 0
    assert len(set(_proposed(bowl))) == 4


def test_folds_of_a_proposed_trial_are_all_run(bowl):
    bowl.write("train.py", "x = 0.5\nfold = 0\nprint('loss:', x + fold)\n")
    space = ("--hp", "x=0.0:u:1.0", "--cv", "3")
    answer = bowl.hprun("--trials", "5", "-j", "2", *space, *LOSS, "train.py")
    assert answer.status == 0, answer
    trials = _trials(bowl)
    assert [trial["n"] for trial in trials] == [3] * 5
    assert all(t["score"] == pytest.approx(t["values"]["x"] + 1) for t in trials)


def test_an_edited_script_runs_what_was_proposed_again(bowl):
    args = ("--search", "random", "--trials", "4", *SPACE, *LOSS, "train.py")
    assert bowl.hprun(*args).status == 0
    before = _proposed(bowl)
    bowl.write("train.py", SCRIPT.replace("0.3", "0.4"))
    answer = bowl.hprun(*args)
    assert "train.py has changed: that makes 4 of 4 runs others" in answer.err
    assert _proposed(bowl) == before


def test_trials_can_be_listed(bowl):
    bowl.write("rows.csv", "x,y\n0.1,0.2\n0.3,0.7\n")
    answer = bowl.hprun("--trial", "x=0.9,y=0.8", "--trial", "@rows.csv", *LOSS, "train.py")
    assert answer.status == 0, answer
    assert _proposed(bowl) == [
        (("x", 0.9), ("y", 0.8)),
        (("x", 0.1), ("y", 0.2)),
        (("x", 0.3), ("y", 0.7)),
    ]
    assert _trials(bowl)[0]["values"] == {"x": 0.3, "y": 0.7}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--search", "tpe", *SPACE, *LOSS), "How many trials is tpe to try?"),
        (("--trials", "5", *SPACE), "tpe learns from a metric, and none is named"),
        (("--search", "grid", "--trials", "5", "--hp", "x=1,2"), "no effect on a grid"),
        ((*SPACE, *LOSS), "--trials 50"),
        (("--search", "tqe", "--trials", "5", *SPACE, *LOSS), "There is no strategy tqe"),
        (("--search", "tpe:starts=3", "--trials", "5", *SPACE, *LOSS), "starts"),
        (("--search", "tpe:startup", "--trials", "5", *SPACE, *LOSS), "says no value"),
        (("--search", "random", "--trial", "x=1", *LOSS), "so there is no --search"),
        (("--trial", "z=1", *LOSS), "z"),
        (("--trial", "@missing.csv", *LOSS), "missing.csv"),
    ],
)
def test_what_does_not_go_together_starts_nothing(bowl, args, words):
    answer = bowl.hprun(*args, "train.py")
    assert answer.status == 2, answer
    assert words in answer.err
    assert not bowl.cache.exists()


FILE = 'script = "train.py"\nmetric = "loss:min"\ntrials = 6\n[hp]\nx = "0.0:u:1.0"\n'


def test_a_file_says_the_strategy(bowl):
    def asked(*words):
        answer = bowl.hprun("run", "--dry-run", "--json", *words)
        assert answer.status == 0, answer
        document = json.loads(answer.out)
        return document["strategy"], document["trials"]

    bowl.write("hprun.toml", 'search = "random"\n' + FILE)
    assert asked() == ("random", 6)
    assert asked("--search", "qmc") == ("qmc", 6)
    bowl.write("other.py", SCRIPT)  # its space is not the file's, nor is what searches in that
    assert asked("--hp", "x=0.1,0.2", "other.py") == ("grid", 2)
    bowl.write("hprun.toml", FILE + '[search.more]\nsearch = "qmc"\ntrials = 9\n')
    assert asked() == ("tpe", 6)
    assert asked("more") == ("qmc", 9)
    for wrong in ("search = 3\n", 'strategy = "tpe"\n', "[search]\nmore = 3\n"):
        bowl.write("hprun.toml", wrong)
        assert bowl.hprun("run").status == 2
