"""Warm and cold starts, as a user meets them."""

import json
import signal

import psutil
import pytest

SCRIPT = """\
import colorsys
import os
import numpy as np

lr = 1
print("loss:", lr)
print("who:", os.getppid(), np.__name__)
"""


@pytest.fixture
def numbers(project):
    project.write("train.py", SCRIPT)
    return project


def _logs(project):
    return {
        path.parent.name.split("-")[0]: path.read_text()
        for path in project.cache.glob("train-1/*/fold-0.log")
    }


def _trials(project):
    answer = project.hprun("results", "--json")
    return json.loads(answer.out)["trials"]


def test_runs_are_forked_where_that_pays_and_the_words_tell(numbers):
    answer = numbers.hprun("-v", "--hp", "lr=1:6", "-j", "2", "--metric", "loss", "train.py")
    assert answer.status == 0
    assert "Warm starts: " in answer.err
    assert "memory" not in answer.err
    assert [trial["score"] for trial in _trials(numbers)] == [1, 2, 3, 4, 5, 6]
    assert numbers.processes() == []


@pytest.mark.parametrize(
    ("args", "file"),
    [
        (("--hp", "lr=1:2", "-j", "2"), ""),  # nobody comes after the first
        (("--hp", "lr=1:6", "-j", "2", "--start", "cold"), ""),
        (("--hp", "lr=1:6", "-j", "2"), 'start = "cold"\n'),
    ],
)
def test_no_server_is_started_for_nothing(numbers, args, file):
    numbers.write("hprun.toml", file)
    answer = numbers.hprun("-v", *args, "--metric", "loss", "train.py")
    assert answer.status == 0
    assert "Warm starts" not in answer.err
    assert not list(numbers.cache.glob("train-1/forkserver*"))


def test_warm_and_cold_runs_print_the_same(numbers):
    numbers.write(
        "train.py",
        "import json, sys, traceback\nlr = 1\n"
        "print(__name__, __file__, sys.argv, sys.path[0], sorted(vars()))\n"
        "print('to stderr', file=sys.stderr)\n"
        "def fail():\n    raise ValueError(lr)\nif lr > 2:\n    fail()\nprint('loss:', lr)\n",
    )
    logs = []
    for start in ("cold", "warm"):
        cache = numbers.folder.parent / "elsewhere"
        answer = numbers.hprun(
            "--start", start, "--cache", str(cache), "--hp", "lr=1:4", "--metric", "loss",
            "train.py", "a", "b c",
        )  # fmt: skip
        assert answer.status == 1  # two trials fail, in the same words
        logs.append([p.read_text() for p in sorted(cache.glob("train-1/*/fold-0.log"))])
        cache.rename(cache.with_name(f"{start}-cache"))
    assert logs[0] == logs[1]


SHADOWED = "import queue\nlr = 1\nprint('loss:', lr)\n"
"""Imports what imports heapq, which the folder has too: only Python itself knows which it will be."""


def _shadow(project):
    """A module that stands in another's way; hprun itself is started elsewhere, as installed."""
    project.write("code/heapq.py", "from _heapq import *\n")
    project.write("code/train.py", SHADOWED)


def test_what_would_not_be_safe_starts_cold_and_says_why_once(numbers):
    _shadow(numbers)
    answer = numbers.hprun("--hp", "lr=1:6", "-j", "1", "--metric", "loss", "code/train.py")
    assert answer.status == 0
    assert answer.err.count("Starting cold: ") == 1
    assert "heapq" in answer.err
    assert len(_trials(numbers)) == 6


def test_asked_for_warm_starts_that_cannot_be_is_an_error(numbers):
    _shadow(numbers)
    args = ("--hp", "lr=1:6", "-j", "1", "--metric", "loss", "code/train.py")
    answer = numbers.hprun("--start", "warm", *args)
    assert answer.status == 2
    assert "--start warm: " in answer.err
    assert "heapq" in answer.err
    assert numbers.processes() == []
    assert {trial["state"] for trial in _trials(numbers)} == {"queued"}
    assert numbers.hprun(*args).status == 0


def test_a_server_that_is_killed_is_replaced_and_its_runs_go_on(numbers):
    numbers.write(
        "train.py",
        "import pathlib, time\nlr = 1\n"
        "pathlib.Path('began').touch()\n"
        "while not pathlib.Path('../../../../gate').exists():\n    time.sleep(0.01)\n"
        "print('loss:', lr)\n",
    )
    search = numbers.start("--hp", "lr=1:6", "-j", "2", "--metric", "loss", "train.py")
    while len(list(numbers.cache.glob("*/*/fold-0/began"))) < 2:
        assert search.poll() is None
    (server,) = [p for p in numbers.processes() if p.cwd().endswith("forkserver")]
    server.send_signal(signal.SIGKILL)
    psutil.wait_procs([server], timeout=30)
    (numbers.folder / "gate").touch()
    assert search.wait(60) == 0
    trials = _trials(numbers)
    assert [trial["score"] for trial in trials] == [1, 2, 3, 4, 5, 6]
    assert {fold["attempts"] for trial in trials for fold in trial["folds"]} == {1}
    assert numbers.processes() == []


def test_a_prefix_cannot_be_shared_by_cold_starts(numbers):
    answer = numbers.hprun("--start", "cold", "--share-prefix", "--hp", "lr=1", "train.py")
    assert answer.status == 2
    assert "--share-prefix has no effect with --start cold" in answer.err


def test_the_doctor_tells_whether_a_script_can_start_warm(numbers):
    answer = numbers.hprun("doctor", "train.py")
    assert answer.status == 0
    assert "modules imported in" in answer.out
    _shadow(numbers)
    assert "none for this script" in numbers.hprun("doctor", "code/train.py").out
    assert "missing.py does not exist" in numbers.hprun("doctor", "missing.py").out
    assert "name a script" in numbers.hprun("doctor").out


PREPARES = """\
import numpy as np

print("preparing", __name__)
data = np.arange(100.0).reshape(10, 10)
mean = float(data.mean())
lr = 1

def loss(x):
    return lr * x

print("loss:", loss(mean))
"""


def test_what_comes_before_a_hyperparameter_runs_once_and_is_printed_by_all(numbers):
    numbers.write("train.py", PREPARES)
    args = ("--hp", "lr=1:4", "-j", "1", "--metric", "loss", "train.py")
    answer = numbers.hprun("--share-prefix", *args)
    assert answer.status == 0
    assert "Running once for all runs: " in answer.err
    assert [trial["score"] for trial in reversed(_trials(numbers))] == [198.0, 148.5, 99.0, 49.5]
    warm = _logs(numbers)
    numbers.cache.rename(numbers.folder.parent / "before")
    assert numbers.hprun("--start", "cold", *args).status == 0
    assert warm == _logs(numbers)
    assert all(text.startswith("preparing __main__\n") for text in warm.values())


def test_where_only_imports_can_be_shared_the_statement_and_the_reason_are_named(numbers):
    numbers.write(
        "train.py", "import numpy as np\nlr = 1\nnp.random.seed(lr)\nprint('loss:', lr)\n"
    )
    args = ("--hp", "lr=1:4", "-j", "1", "--metric", "loss", "train.py")
    answer = numbers.hprun("--share-prefix", *args)
    assert answer.status == 0
    assert "Sharing imports alone: " in answer.err
    assert "lr" in answer.err


def test_a_prefix_that_cannot_be_shared_after_all_leaves_the_imports_shared(numbers):
    """Only running it shows that it draws random numbers: then every trial does so itself."""
    numbers.write(
        "train.py",
        "import numpy as np\nfrom sklearn.model_selection import train_test_split\n"
        "one, other = train_test_split(np.arange(100))\nlr = 1\n"
        "print('loss:', float(one.sum()) * lr)\n",
    )
    args = ("--hp", "lr=1:4", "-j", "1", "--metric", "loss", "train.py")
    answer = numbers.hprun("--share-prefix", "-v", *args)
    assert answer.status == 0
    assert "Sharing imports alone: " in answer.err
    assert "Warm starts: " in answer.err
    scores = [trial["score"] / trial["values"]["lr"] for trial in _trials(numbers)]
    assert len(set(scores)) == 4
