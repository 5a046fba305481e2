"""A search as other tools read it."""

import ast
import csv
import io
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest

SCRIPT = """\
lr, opt, beta, batch = 0.5, "sgd", None, 8
with open("metrics.jsonl", "a") as file:
    for step in range(3):
        file.write('{"step": %d, "loss": %r}\\n' % (step, lr / (step + 1)))
assert lr != 0.3, "no"
"""
SPACE = ("--hp", "lr=0.1:0.1:0.4", "--hp", "opt=sgd,adam", "--hp", "batch=8",
         "--hp", "beta=0.9,None if opt == 'adam'")  # fmt: skip


def _hprun(folder, *args, **more):
    return subprocess.run([sys.executable, "-m", "hprun", *args], cwd=folder, check=False,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, **more)  # fmt: skip


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """Twelve trials, of which those with lr=0.3 failed; beta is there with adam alone."""
    folder = tmp_path_factory.mktemp("exported")
    (folder / "train.py").write_text(SCRIPT)
    done = _hprun(folder, *SPACE, "--metric", "loss", "train.py")
    assert done.returncode == 1, done.stderr
    return folder


def _trials(folder):
    return json.loads(_hprun(folder, "results", "--json").stdout)["trials"]


def test_csv_has_a_row_for_each_trial_and_can_be_learned_from(searched, tmp_path):
    answer = _hprun(searched, "export")
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    trials = _trials(searched)
    assert [int(row["trial"]) for row in rows] == [trial["trial"] for trial in trials]
    best = rows[0]
    assert (best["lr"], best["batch"], best["rank"], best["state"]) == (
        "0.1",
        "8",
        "1",
        "completed",
    )
    assert float(best["score"]) == trials[0]["score"]
    assert {row["beta"] for row in rows if row["opt"] == "sgd"} == {""}
    assert {row["beta"] for row in rows if row["opt"] == "adam"} == {"0.9", "None"}
    assert {row["score"] for row in rows if row["state"] == "failed"} == {""}
    for row in rows:
        began, ended = (datetime.fromisoformat(row[name]) for name in ("started", "ended"))
        assert timedelta(0) <= ended - began < timedelta(hours=1)
        assert abs(datetime.now(timezone.utc) - began) < timedelta(hours=1)
    (searched / "known.csv").write_text(answer.stdout)
    again = _hprun(searched, "--search", "tpe", "--trials", "1", "--from", "known.csv", *SPACE,
                   "--metric", "loss", "--cache", str(tmp_path / "other"), "train.py")  # fmt: skip
    assert "known.csv: 9 trials taken, 3 left out" in again.stderr


def test_json_and_json_lines_keep_what_is_none_apart_from_what_is_absent(searched):
    document = json.loads(_hprun(searched, "export", "--format", "json").stdout)
    lines = _hprun(searched, "export", "-f", "jsonl").stdout.splitlines()
    assert document["schema"] == 1
    assert [json.loads(line) for line in lines] == document["trials"]
    assert all(("beta" in trial) == (trial["opt"] == "adam") for trial in document["trials"])
    assert {trial["beta"] for trial in document["trials"] if trial["opt"] == "adam"} == {0.9, None}
    assert [t["score"] for t in document["trials"]] == [t["score"] for t in _trials(searched)]


def test_a_hyperparameter_may_be_named_as_a_column_of_hprun(project):
    project.write("train.py", "n = 1\nprint('loss:', n)\n")
    project.hprun("--hp", "n=1,2", "--metric", "loss", "train.py")
    rows = list(csv.DictReader(io.StringIO(project.hprun("export").out)))
    assert [(row["hp.n"], row["n"]) for row in rows] == [("1", "1"), ("2", "1")]


def test_files_are_named_by_their_end_and_replaced_only_when_asked_to(searched, tmp_path):
    file = tmp_path / "t.jsonl"
    assert _hprun(searched, "export", "-o", str(file)).returncode == 0
    assert len(file.read_text().splitlines()) == 12
    refused = _hprun(searched, "export", "-o", str(file))
    assert refused.returncode == 2
    assert "--replace" in refused.stderr
    assert _hprun(searched, "export", "-o", str(file), "--replace").returncode == 0
    for wrong in (("-f", "optuna"), ("-f", "parquet"), ("--replace",), ("-o", "/no/such/t.csv")):
        answer = _hprun(searched, "export", *wrong)
        assert answer.returncode == 2, wrong
        assert "error: " in answer.stderr


def test_scikit_learns_table_has_greater_is_better(searched):
    answer = _hprun(searched, "export", "--format", "sklearn")
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert "negated" in answer.stderr
    by_number = sorted(_trials(searched), key=lambda trial: trial["trial"])
    assert [ast.literal_eval(row["params"]) for row in rows] == [t["values"] for t in by_number]
    for row, trial in zip(rows, by_number, strict=True):
        assert row["param_lr"] == str(trial["values"]["lr"])
        if trial["score"] is None:
            assert (row["mean_test_score"], row["rank_test_score"]) == ("", "10")
            continue
        assert float(row["mean_test_score"]) == float(row["split0_test_score"]) == -trial["score"]
        better = sum(t["score"] < trial["score"] for t in by_number if t["score"] is not None)
        assert int(row["rank_test_score"]) == better + 1
        assert float(row["mean_fit_time"]) > 0


def test_folds_are_splits(project):
    project.write("train.py", "lr = 1\nfold = 0\nseed = 0\nprint('acc:', lr + fold + seed / 10)\n")
    project.hprun("--hp", "lr=1,2", "--cv", "2", "--repeats", "2", "--metric", "acc", "train.py")
    rows = list(csv.DictReader(io.StringIO(project.hprun("export", "-f", "sklearn").out)))
    splits = [float(rows[0][f"split{n}_test_score"]) for n in range(4)]
    assert splits == [1, 2, 1.1, 2.1]
    assert float(rows[0]["mean_test_score"]) == pytest.approx(1.55)
    assert [row["rank_test_score"] for row in rows] == ["2", "1"]


@pytest.mark.long
def test_a_study_of_optunas_holds_the_trials(searched, tmp_path):
    import optuna

    file = tmp_path / "study.db"
    answer = _hprun(searched, "export", "-o", str(file))
    assert answer.returncode == 0, answer.stderr
    study = optuna.load_study(study_name="train-1", storage=f"sqlite:///{file}")
    assert study.direction is optuna.study.StudyDirection.MINIMIZE
    assert study.metric_names == ["loss"]
    by_number = sorted(_trials(searched), key=lambda trial: trial["trial"])
    for found, trial in zip(study.trials, by_number, strict=True):
        assert (found.number, found.params) == (trial["trial"], trial["values"])
        assert found.state.name == ("FAIL" if trial["score"] is None else "COMPLETE")
        assert found.value == trial["score"]
        lr = trial["values"]["lr"]
        assert found.intermediate_values == {0: lr, 1: lr / 2, 2: lr / 3}
        lasted = found.datetime_complete - found.datetime_start
        assert timedelta(0) <= lasted < timedelta(hours=1)
        assert abs(found.datetime_start - datetime.now()) < timedelta(hours=1)
        assert found.user_attrs["state"] == trial["state"]
    assert study.best_trial.number == _trials(searched)[0]["trial"]
    lr = study.best_trial.distributions["lr"]
    assert (lr.low, lr.high, lr.step) == (0.1, 0.4, 0.1)
    assert study.best_trial.distributions["opt"].choices == ("sgd", "adam")
    study.optimize(lambda trial: trial.suggest_float("lr", 0.1, 0.4, step=0.1), n_trials=1)
    refused = _hprun(searched, "export", "-o", str(file))
    assert refused.returncode == 2
    assert "train-1" in refused.stderr
    assert _hprun(searched, "export", "-o", str(file), "--replace").returncode == 0
    assert len(optuna.load_study(study_name="train-1", storage=f"sqlite:///{file}").trials) == 12
    (tmp_path / "no.db").write_text("no database")
    assert _hprun(searched, "export", "-o", str(tmp_path / "no.db")).returncode == 2


def test_a_study_has_folds_and_what_was_stopped_early(project):
    import optuna

    project.write("train.py", "import time\nlr, fold = 1.0, 0\nfor e in range(9):\n"
                  "    print('loss:', lr + fold, flush=True)\n    time.sleep(0.3 * (lr > 2))\n")  # fmt: skip
    project.hprun("--hp", "lr=1.0,3.0", "--cv", "2", "-j", "1", "--stop", "threshold:worst=2.5,min=1",
                  "--metric", "loss", "train.py")  # fmt: skip
    project.write("train.py", "print('another script')\n")  # the space cannot be read off any more
    assert project.hprun("export", "-o", "s.db").status == 0
    whole, cut = optuna.load_study(
        study_name=None, storage=f"sqlite:///{project.folder / 's.db'}"
    ).trials
    assert (whole.state.name, whole.value) == ("COMPLETE", 1.5)
    assert [fold["score"] for fold in whole.user_attrs["folds"]] == [1, 2]
    assert cut.state.name == "PRUNED"
    assert whole.distributions["lr"].high == cut.params["lr"] == 3.0


def test_parquet_without_pyarrow_says_what_to_install(searched, tmp_path):
    (tmp_path / "pyarrow.py").write_text("raise ImportError\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    answer = _hprun(searched, "export", "-o", str(tmp_path / "t.parquet"),
                    env={**os.environ, "PYTHONPATH": path})  # fmt: skip
    assert answer.returncode == 2
    assert 'pip install "hprun[parquet]"' in answer.stderr
    assert not (tmp_path / "t.parquet").exists()


def test_parquet_has_typed_columns(searched, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "t.parquet"
    assert _hprun(searched, "export", "-o", str(file)).returncode == 0
    rows = parquet.read_table(file).to_pylist()
    trials = _trials(searched)
    for row, trial in zip(rows, trials, strict=True):
        assert {name: row[name] for name in trial["values"]} == trial["values"]
        assert (row["score"], row["trial"]) == (trial["score"], trial["trial"])
        assert row["started"] <= row["ended"]
