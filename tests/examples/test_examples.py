"""The examples and templates, alone and under hprun, with the real libraries."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = {"keras": "keras_train.py", "torch": "torch_train.py", "sklearn": "sklearn_train.py"}


@pytest.fixture
def example(project):
    """Copy an example into a project of its own."""

    def take(name):
        project.write(name, (ROOT / "examples" / name).read_text(encoding="utf-8"))
        return project

    return take


def _trials(project):
    answer = project.hprun("results", "--json")
    assert answer.status == 0, answer
    return json.loads(answer.out)["trials"]


def _scalars(folder, tag):
    """The values of a tag as TensorBoard's own reader sees them."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util.tensor_util import make_ndarray

    values = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for event in EventFileLoader(str(path)).Load():
            found = [value for value in event.summary.value if value.tag == tag]
            values += [float(make_ndarray(value.tensor)) for value in found]
    return values


@pytest.mark.timeout(600)
def test_the_keras_example_is_searched_and_ranked_as_tensorboard_reads_it(example):
    project = example("keras_digits.py")
    answer = project.hprun(
        "--hp", "lr=1e-4,1e-2", "--hp", "epochs=2", "--cv", "2",
        "--metric", "val_loss:min", "keras_digits.py", timeout=500,
    )  # fmt: skip
    assert answer.status == 0, answer
    assert "validation//epoch_loss (keras)" in answer.err
    trials = _trials(project)
    assert [t["n"] for t in trials] == [2, 2]
    means = {}
    for trial in trials:
        folds = [
            min(_scalars(Path(f["path"]) / "logs" / "validation", "epoch_loss"))
            for f in trial["folds"]
        ]
        assert [f["score"] for f in trial["folds"]] == pytest.approx(folds, rel=1e-6)
        means[trial["trial"]] = sum(folds) / len(folds)
        assert trial["score"] == pytest.approx(means[trial["trial"]])
        spread = (sum((x - trial["score"]) ** 2 for x in folds) / len(folds)) ** 0.5
        assert trial["std"] == pytest.approx(spread, rel=1e-6)
    assert [t["trial"] for t in trials] == sorted(means, key=means.__getitem__)
    assert trials[0]["values"]["lr"] == 0.01


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_torch_example_is_searched(example):
    project = example("torch_digits.py")
    answer = project.hprun(
        "--hp", "lr=1e-3,1e-1", "--hp", "epochs=2", "--metric", "val_accuracy:max",
        "torch_digits.py", timeout=280,
    )  # fmt: skip
    assert answer.status == 0, answer
    trials = _trials(project)
    assert len(trials) == 2
    assert 0.5 < trials[0]["score"] <= 1


@pytest.mark.timeout(300)
def test_the_sklearn_example_is_searched_by_what_it_prints(example):
    project = example("sklearn_digits.py")
    answer = project.hprun(
        "--hp", "gamma=0.0001,0.001", "--cv", "3", "--metric", "accuracy", "sklearn_digits.py",
        timeout=280,
    )  # fmt: skip
    assert answer.status == 0, answer
    trials = _trials(project)
    assert [t["n"] for t in trials] == [3, 3]
    assert trials[0]["score"] > trials[1]["score"] > 0.5


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_runs_alone_and_under_hprun(project, name):
    script = TEMPLATES[name]
    assert project.hprun("new", name).status == 0
    shorter = (project.folder / script).read_text().replace("epochs = 15", "epochs = 2")
    project.write(script, shorter)
    alone = subprocess.run(
        [sys.executable, script], cwd=project.folder, capture_output=True, text=True, check=False
    )
    assert alone.returncode == 0, alone.stderr
    assert "val_loss:" in alone.stdout
    answer = project.hprun("--dry-run", "--json", "--metric", "val_loss:min", script)
    assert json.loads(answer.out)["trials"] >= 8  # its marks are a whole search
    first = "max_features=0.1" if name == "sklearn" else "lr=0.01"
    second = "min_samples_leaf=1,5" if name == "sklearn" else "units=64"
    answer = project.hprun(
        "--hp", first, "--hp", second, "--cv", "2", "--metric", "val_loss:min", script, timeout=500
    )
    assert answer.status == 0, answer
    assert all(t["n"] == 2 for t in _trials(project))


def test_examples_and_templates_need_nothing_of_hprun():
    for folder in ("examples", "templates"):
        for path in (ROOT / folder).glob("*.py"):
            assert "import hprun" not in path.read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "more", "metric"),
    [
        ("keras_digits.py", ("--hp", "lr=1e-3,1e-2", "--hp", "epochs=2"), "val_loss:min"),
        ("torch_digits.py", ("--hp", "lr=1e-3,1e-2", "--hp", "epochs=2"), "val_loss:min"),
        ("sklearn_digits.py", ("--hp", "C=1,10", "--hp", "gamma=0.01"), "accuracy"),
    ],
)
def test_warm_and_cold_starts_and_a_shared_prefix_give_the_same_scores(example, name, more, metric):
    project = example(name)
    scores = []
    for start in (("--start", "cold"), ("--start", "warm"), ("--start", "warm", "--share-prefix")):
        answer = project.hprun(*start, *more, "--cv", "2", "--metric", metric, name, timeout=300)
        assert answer.status == 0, answer
        assert "Starting cold" not in answer.err
        found = _trials(project)
        scores.append([(t["trial"], [f["score"] for f in t["folds"]]) for t in found])
        project.cache.rename(project.folder.parent / f"cache-{len(scores)}")
    assert scores[0] == scores[1] == scores[2]
