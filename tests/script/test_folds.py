"""The names that hprun gives values itself: fold, folds, n_folds and seed."""

from __future__ import annotations

import pytest

from hprun.errors import SiteError


def test_fold_and_its_count_take_values(template):
    source = "lr = 0.1\nfold = 0\nn_folds = 3\nprint(fold, n_folds, lr)\n"
    made = template(source, "lr", folds=5)
    made.check({"lr": [1]})
    rendered = made.render({"lr": 1}, fold=4, folds=5).files["train.py"]
    assert rendered == b"lr = 1\nfold = 4\nn_folds = 5\nprint(fold, n_folds, lr)\n"
    assert [site.name for site in made.sites] == ["lr", "fold", "n_folds"]


@pytest.mark.parametrize(
    "source",
    [
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--fold', type=int)\n",
        "import click\n@click.command()\n@click.option('--fold', type=int)\ndef f(fold): pass\n",
    ],
)
def test_an_option_takes_the_fold(template, source):
    made = template(source, folds=5)
    assert made.render({}, fold=3, folds=5).argv == ("--fold", "3")


def test_a_brace_takes_the_fold(template):
    made = template("print(1)\n", folds=5, argv=("--part={fold}/{folds}",))
    assert made.render({}, fold=3, folds=5).argv == ("--part=3/5",)


def test_a_sub_takes_the_fold(template):
    files = {"c.yaml": "fold: 0\n"}
    made = template("print(1)\n", folds=5, files=files, subs=[r"c.yaml:fold: (\d)"])
    assert made.render({}, fold=3, folds=5).files["c.yaml"] == b"fold: 3\n"


def test_the_environment_is_enough_in_the_script_or_in_a_module(template):
    read = "import os\nfold = int(os.environ['HPRUN_FOLD'])\n"
    made = template(read, folds=5)
    assert made.render({}, fold=3, folds=5).files["train.py"].decode() == read
    assert made.sites == ()
    module = {"data.py": "import os\ni = os.getenv('HPRUN_FOLD')\n"}
    assert template("import data\n", folds=5, files=module).sites == ()


@pytest.mark.parametrize(
    "source",
    [
        "lr = 1\n",
        "for fold in range(5):\n    print(fold)\n",
        "import os\nn = os.environ['HPRUN_FOLDS']  # HPRUN_FOLD\n",
        "import data\n",
    ],
)
def test_folds_that_would_all_be_the_same_are_refused(template, source):
    with pytest.raises(SiteError) as caught:
        template(source, folds=5, files={"data.py": "x = 1\n", "other.py": "'HPRUN_FOLD'\n"})
    assert caught.value.message == (
        "--cv 5 would run the same thing 5 times: train.py reads neither `fold` nor HPRUN_FOLD"
    )
    assert "fold = 0" in caught.value.hint


def test_folds_of_another_kind_stay(template):
    source = "fold = 0\nfolds = list(splitter.split(x))\nprint(folds[fold])\n"
    assert template(source, folds=5).render({}, fold=1, folds=5).files["train.py"] == (
        source.replace("= 0", "= 1").encode()
    )


def test_two_places_for_the_fold_are_refused(template):
    with pytest.raises(SiteError, match="several places for fold"):
        template("fold = 0\nfold = 1\nprint(fold)\n", folds=5)


def test_a_fold_is_left_alone_without_folds(template):
    made = template("fold = 0\nlr = 1\n", "lr", argv=("{fold}",))
    assert made.render({"lr": 2}, fold=3) == made.render({"lr": 2})
    assert made.render({"lr": 2}).argv == ("{fold}",)
    searched = template("fold = 0\n", "fold")
    assert searched.render({"fold": 2}).files["train.py"] == b"fold = 2\n"


def test_repeats_give_the_seed_a_value(template):
    made = template("def main(seed=42):\n    print(seed)\nmain()\n", repeats=3)
    rendered = made.render({}, seed=7).files["train.py"]
    assert rendered == b"def main(seed=7):\n    print(seed)\nmain()\n"
    assert template("import os\nos.environ['HPRUN_SEED']\n", repeats=3).sites == ()
    assert template("x = 1\n", repeats=1).sites == ()


def test_repeats_that_would_all_be_the_same_are_refused(template):
    with pytest.raises(SiteError, match=r"--repeats 3 would run the same thing 3 times: .*`seed`"):
        template("lr = 1\n", repeats=3)


@pytest.mark.parametrize(
    ("name", "asked"),
    [("seed", {"repeats": 3}), ("Config.seed", {"repeats": 3}), ("fold", {"folds": 5})],
)
def test_a_searched_name_that_hprun_sets_too_is_refused(template, name, asked):
    with pytest.raises(SiteError, match=f"{name} is searched, and --"):
        template("seed = 1\nfold = 0\n", name, **asked)
