"""What each verb shows."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = "lr = 0.5\nunits = 8\nprint('training with', lr)\nprint('loss:', (lr - 0.2) ** 2 + units / 100)\n"


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search that is over, for verbs that only look."""
    folder = tmp_path_factory.mktemp("searched")
    (folder / "train.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "hprun", "--hp", "lr=0.1,0.2,0.3", "--hp", "units=8"]
    subprocess.run([*command, "--metric", "loss", "train.py"], cwd=folder, check=True,
                   capture_output=True)  # fmt: skip
    return folder


def _hprun(folder, *args, **more):
    return subprocess.run([sys.executable, "-m", "hprun", *args], cwd=folder, check=False,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, **more)  # fmt: skip


def test_status(searched):
    lines = _hprun(searched, "status").stdout.splitlines()
    assert lines[0].split()[:3] == ["search", "state", "done"]
    assert lines[1].split()[:3] == ["train-1", "complete", "3/3"]
    assert "trial 1: lr=0.2 units=8" in lines[1]


def test_status_json(searched):
    document = json.loads(_hprun(searched, "status", "--json").stdout)
    assert document["schema"] == 1
    (search,) = document["searches"]
    assert search["counts"]["completed"] == 3
    assert search["best"] == {"trial": 1, "score": 0.08, "values": {"lr": 0.2, "units": 8}}


def test_results_as_a_table_has_what_differs_in_columns_and_the_rest_once_below(searched):
    lines = _hprun(searched, "results").stdout.splitlines()
    assert lines[0].split() == ["#", "trial", "lr", "loss:last", "time", "state"]
    assert lines[1].split()[:4] == ["1", "1", "0.2", "0.08"]
    assert lines[4:] == ["all of these: units=8"]
    one = _hprun(searched, "results", "--top", "1").stdout.splitlines()
    assert one[0].split()[:4] == ["#", "trial", "lr", "units"]
    assert len(one) == 2


def test_results_as_csv(searched):
    rows = list(csv.DictReader(io.StringIO(_hprun(searched, "results", "--csv").stdout)))
    assert [row["trial"] for row in rows] == ["1", "0", "2"]
    assert float(rows[0]["score"]) == 0.08


def test_results_by_another_metric(searched):
    answer = _hprun(searched, "results", "--json", "--metric", "loss:max", "--direction", "max")
    if answer.returncode:
        answer = _hprun(searched, "results", "--json", "--metric", "loss:max")
    trials = json.loads(answer.stdout)["trials"]
    assert trials[-1]["trial"] == 1


def test_show_and_logs_and_diff(searched):
    shown = _hprun(searched, "show", "1").stdout
    assert "lr = 0.2" in shown
    assert "completed" in shown
    assert json.loads(_hprun(searched, "show", "1", "--json").stdout)["values"]["lr"] == 0.2
    assert _hprun(searched, "logs", "1").stdout.splitlines()[0] == "training with 0.2"
    path = _hprun(searched, "logs", "1/0", "--path").stdout.strip()
    assert Path(path).read_text().startswith("training with 0.2")
    diff = _hprun(searched, "diff", "1").stdout
    assert "-lr = 0.5\n+lr = 0.2\n" in diff
    between = _hprun(searched, "diff", "0", "2").stdout
    assert "-lr = 0.1\n+lr = 0.3\n" in between


def test_diff_of_a_trial_whose_folder_is_gone(project):
    project.write("train.py", SCRIPT)
    project.hprun("--hp", "lr=0.1,0.2,0.3", "--metric", "loss", "train.py")
    assert project.hprun("clean", "--keep-best", "0", "--yes").status == 0
    assert not list(project.cache.glob("train-1/*/fold-0"))
    assert "+lr = 0.1\n" in project.hprun("diff", "0").out
    assert len(json.loads(project.hprun("results", "--json").out)["trials"]) == 3
    assert "everything is done" in project.hprun(
        "--hp", "lr=0.1,0.2,0.3", "--metric", "loss", "train.py"
    ).err  # fmt: skip


def test_best_prints_values_and_nothing_else_on_stdout(searched):
    answer = _hprun(searched, "best")
    assert answer.stdout == "lr=0.2 units=8\n"
    assert json.loads(_hprun(searched, "best", "--json").stdout)["score"] == 0.08


def test_best_is_applied_after_a_yes_only(project):
    path = project.write("train.py", SCRIPT)
    path.chmod(0o755)
    project.hprun("--hp", "lr=0.1,0.2,0.3", "--metric", "loss", "train.py")
    refused = project.hprun("best", "--apply")
    assert refused.status == 2
    assert "--yes" in refused.err
    assert path.read_text() == SCRIPT
    applied = project.hprun("best", "--apply", "--yes")
    assert applied.status == 0, applied
    assert "+lr = 0.2" in applied.err
    assert path.read_text() == SCRIPT.replace("lr = 0.5", "lr = 0.2")
    assert os.access(path, os.X_OK)


def test_best_leaves_folds_alone(project):
    text = "lr = 0.5\nfold = 3\nfolds = 7\nprint('loss:', lr + fold / folds)\n"
    path = project.write("train.py", text)
    project.hprun("--hp", "lr=0.1,0.2", "--cv", "2", "--metric", "loss", "train.py")
    project.hprun("best", "--apply", "--yes")
    assert path.read_text() == text.replace("lr = 0.5", "lr = 0.1")


def test_du_and_clean(project):
    project.write("train.py", SCRIPT)
    command = ("--hp", "lr=0.1,0.2", "--metric", "loss", "train.py")
    project.hprun(*command)
    sizes = json.loads(project.hprun("du", "--json").out)["bytes"]
    assert sizes["train-1"] > 0
    project.write("train.py", SCRIPT.replace("100", "50"))
    project.hprun(*command)
    assert len(list(project.cache.glob("train-1/*/fold-0"))) == 4
    assert project.hprun("clean").status == 2  # nobody is there to say yes
    assert project.hprun("clean", "--yes").status == 0
    assert len(list(project.cache.glob("train-1/*/fold-0"))) == 2
    assert "everything is done" in project.hprun(*command).err
    assert project.hprun("clean", "--forget", "--yes").status == 0
    assert not (project.cache / "train-1").exists()
    assert project.hprun(*command).status == 0


def test_new_lists_and_copies_templates(project):
    assert project.hprun("new").out.split() == ["keras", "sklearn", "torch"]
    assert project.hprun("new", "sklearn").status == 0
    written = (project.folder / "sklearn_train.py").read_text()
    assert "# hp:" in written
    assert project.hprun("new", "sklearn").status == 2
    assert project.hprun("new", "nothing").status == 2


def test_doctor(project):
    answer = project.hprun("doctor")
    assert answer.status == 0, answer
    for word in ("SQLite", "cores", "locks", "cache"):
        assert word in answer.out
    assert not project.cache.exists()


def test_help_names_every_option_and_answers_in_words():
    answer = subprocess.run([sys.executable, "-m", "hprun", "run", "--help"], capture_output=True,
                            text=True, check=True)  # fmt: skip
    for option in ("--hp", "-hp", "--hyperparam", "--metric", "--cv", "--jobs", "--dry-run"):
        assert option in answer.stdout


@pytest.mark.parametrize("flag", ["--hp", "--hyperparam", "-hp"])
@pytest.mark.parametrize("joint", [" ", "="])
def test_a_hyperparameter_is_named_as_studio_named_it(project, flag, joint):
    project.write("train.py", SCRIPT)
    given = [flag, "lr=1,2"] if joint == " " else [f"{flag}=lr=1,2"]
    answer = project.hprun("--dry-run", "--json", *given, "train.py")
    assert json.loads(answer.out)["trials"] == 2


def test_on_a_terminal_a_live_table_is_drawn_and_gone_at_the_end(project):
    project.write("train.py", SCRIPT)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        project.command("--hp", "lr=0.1,0.2", "--metric", "loss", "train.py"),
        cwd=project.folder, stdin=slave, stdout=slave, stderr=slave, close_fds=True,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
    )  # fmt: skip
    os.close(slave)
    seen = b""
    try:
        while chunk := os.read(master, 4096):
            seen += chunk
    except OSError:
        pass  # the other end is closed
    os.close(master)
    assert process.wait() == 0
    text = seen.decode()
    assert "2/2 done" in text
    assert "best loss" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h")  # the cursor is shown again
    assert "completed" in text[text.rindex("\x1b[?25h") :]


def test_nothing_is_coloured_where_nobody_sees_it(searched):
    for command in (("status",), ("results",), ("diff", "1"), ("show", "1")):
        assert "\x1b" not in _hprun(searched, *command).stdout


@pytest.mark.parametrize(
    "command", [("--help",), ("status",), ("results",), ("show", "1"), ("best",), ("--version",)]
)
def test_quick_commands_load_nothing_heavy(searched, command):
    heavy = {"tensorflow", "torch", "optuna", "tensorboard", "numpy", "watchdog", "sklearn"}
    code = (
        "import sys\nfrom hprun.cli.main import main\n"
        f"sys.argv[1:] = {list(command)!r}\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(sorted(set(sys.modules) & {heavy!r}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=searched, capture_output=True, text=True,
                          check=True)  # fmt: skip
    assert done.stderr.splitlines()[-1] == "[]"


def test_no_command_leaves_writes_beside_the_database(project):
    project.write("train.py", "lr = 1\nprint('loss:', lr)\n")
    assert project.hprun("--hp", "lr=1,2", "--metric", "loss", "train.py").status == 0
    for command in ((), ("status",), ("results", "--json"), ("show", "0"), ("show", "77")):
        if command:
            project.hprun(*command)
        assert sorted(path.name for path in project.cache.glob("hprun.db*")) == ["hprun.db"]
