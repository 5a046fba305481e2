"""Searches that begin with what another search, or a table, has found."""

import json
import shutil

import pytest

SCRIPT = """\
x = 0.5
y = 0.5
print("loss:", (x - 0.3) ** 2 + (y - 0.7) ** 2)
print("twice:", 2 * (x - 0.3) ** 2)
"""
SPACE = ("--hp", "x=0.0:u:1.0", "--hp", "y=uniform(0,1)", "-j", "1")
LOSS = ("--metric", "loss:min")


@pytest.fixture
def bowl(project):
    """A project in which one search has been made, and written out both ways."""
    project.write("train.py", SCRIPT)
    answer = project.hprun("--search", "qmc", "--trials", "12", *SPACE, *LOSS, "train.py")
    assert answer.status == 0, answer
    project.write("t.csv", project.hprun("results", "--csv").out)
    project.write("t.json", project.hprun("results", "--json").out)
    return project


def _from(project, source, *more, search="tpe:startup=3", trials="4", metric=LOSS):
    args = ("--search", search, "--trials", trials, "--from", source, *SPACE, *metric, *more)
    return project.hprun(*args, "train.py")


def _values(project, *more):
    trials = json.loads(project.hprun("results", "--json", *more).out)["trials"]
    return [one["values"] for one in sorted(trials, key=lambda one: one["trial"])]


@pytest.mark.parametrize(
    "search", ["tpe:startup=3", "cmaes", pytest.param("shac", marks=pytest.mark.long)]
)
def test_a_search_and_its_table_either_way_give_the_same_start(bowl, search):
    found = []
    for source in ("train-1", "t.csv", "t.json"):
        answer = _from(bowl, source, search=search, trials="3")
        assert answer.status == 0, answer
        assert f"{source}: 12 trials taken" in answer.err
        found.append(_values(bowl))
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 3  # what was taken counts not, and is not among the results
    assert _values(bowl, "train-1")[0] not in found[0]


def test_what_was_taken_survives_its_source_and_the_move_of_the_cache(bowl):
    whole = _from(bowl, "t.csv", trials="6")
    assert whole.status == 0, whole
    expected = _values(bowl)
    shutil.rmtree(bowl.cache)
    assert _from(bowl, "t.csv", trials="3").status == 0
    (bowl.folder / "t.csv").unlink()
    moved = bowl.folder.with_name("moved")
    bowl.folder.rename(moved)
    bowl.folder, bowl.cache = moved, moved / "cache"
    answer = _from(bowl, "t.csv", trials="6")
    assert answer.status == 0, answer
    assert "taken" not in answer.err  # it had been, before
    assert _values(bowl) == expected


def test_results_of_the_other_search_that_come_later_change_nothing(bowl):
    assert _from(bowl, "train-1", trials="2").status == 0
    more = ("--search", "qmc", "--trials", "16", *SPACE, *LOSS, "train.py")
    assert bowl.hprun(*more).status == 0
    assert _from(bowl, "train-1", trials="4").status == 0
    late = _values(bowl, "train-2")
    shutil.rmtree(bowl.cache)
    assert _from(bowl, "t.csv", trials="4").status == 0
    assert _values(bowl) == late


def test_the_metric_is_read_anew_in_the_other_searchs_runs(bowl):
    answer = _from(bowl, "train-1", metric=("--metric", "twice:min", "--direction", "min"))
    assert answer.status == 0, answer
    assert "train-1: 12 trials taken" in answer.err
    document = json.loads(bowl.hprun("results", "train-1", "--metric", "twice:min", "--direction",
                                     "min", "--json").out)  # fmt: skip
    assert document["trials"][0]["score"] is not None


def test_what_is_not_of_this_space_or_has_no_score_is_left_out_and_counted(bowl):
    bowl.write(
        "t.csv",
        "x,y,loss,date\n0.1,0.2,1,mon\n0.1,,2,tue\n7,0.2,3,wed\n0.5,0.5,,thu\n0.9,0.9,nan,fri\n",
    )
    answer = _from(bowl, "t.csv")
    assert answer.status == 0, answer
    assert (
        "t.csv: 2 trials taken, 3 left out (1 without a score, 2 not of this space)" in answer.err
    )


def test_several_sources_are_taken_together(bowl):
    bowl.write("u.jsonl", '{"x": 0.25, "y": 0.75, "loss": 0.005}\n')
    answer = _from(bowl, "train-1", "--from", "u.jsonl")
    assert answer.status == 0, answer
    assert "train-1: 12 trials taken" in answer.err
    assert "u.jsonl: 1 trial taken" in answer.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--from", "train-7", "--trials", "3", *SPACE, *LOSS), "neither a search nor a file"),
        (
            ("--from", "train-1", "--trials", "3", "--hp", "x=0:u:1", *LOSS),
            "gives nothing to learn",
        ),
        (
            ("--from", "t.json", "--trials", "3", *SPACE, "--metric", "loss:max"),
            "loss:min, and the",
        ),
        (("--from", "train.py", "--trials", "3", *SPACE, *LOSS), "neither a table nor JSON lines"),
        (("--from", "t.csv", "--hp", "x=1,2", *LOSS), "--from has no effect on grid"),
        (("--from", "t.csv", "--trial", "x=1,y=2", *LOSS), "--from has no effect on list"),
        (("--from", "t.csv", "--search", "random", "--trials", "3", *SPACE, *LOSS), "on random"),
        (("--from", "t.csv", "--search", "qmc", "--trials", "3", *SPACE, *LOSS), "on qmc"),
    ],
)
def test_a_start_that_cannot_take_effect_starts_nothing(bowl, args, words):
    answer = bowl.hprun(*args, "train.py")
    assert answer.status == 2, answer
    assert words in answer.err
    assert "train-2" not in bowl.hprun("status").out


def test_a_start_is_part_of_the_question(bowl):
    assert _from(bowl, "train-1").status == 0
    plain = bowl.hprun("--search", "tpe:startup=3", "--trials", "4", *SPACE, *LOSS, "train.py")
    assert "train-3" in plain.err
