"""What users get wrong, and what goes wrong around them: one clear sentence, the right status."""

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

GOOD = "lr = 1\nprint('loss:', lr)\n"


def _refused(answer, *words, status=2):
    assert answer.status == status, answer
    assert answer.err.startswith("error: ") or answer.err.startswith("Usage:"), answer
    for word in words:
        assert word in answer.err, answer
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("lr=", ["lr="]),
        ("lr", ["="]),
        ("lr=3:0", ["3:0"]),
        ("lr=0:l3:1", ["log"]),
        ("lr=1,,2", ["^"]),
        ("lr=inf", ["inf"]),
        ("lr=choice(1", ["^"]),
        ("2x=1", ["2x"]),
        ("lr=1e-5:l:0.1", ["continuous", "a:l5:b"]),
        ("lr=uniform(0,1)", ["continuous"]),
        ("lr=0:1e7", ["10,000,001 trials", "--yes"]),
        ("lr=__import__('os').system('x')", ["lr="]),
    ],
)
def test_a_spec_that_means_nothing(project, spec, words):
    project.write("train.py", GOOD)
    _refused(project.hprun("--hp", spec, "--metric", "loss", "train.py"), *words)
    assert not project.cache.exists()


def test_a_name_twice(project):
    project.write("train.py", GOOD)
    _refused(project.hprun("--hp", "lr=1", "--hp", "lr=2", "train.py"), "lr")


def test_a_name_that_the_script_does_not_have(project):
    project.write("train.py", "learning_rate = 1\nprint('loss:', learning_rate)\n")
    answer = project.hprun("--hp", "learning_rte=1", "--metric", "loss", "train.py")
    _refused(answer, "learning_rte", "learning_rate")


def test_a_name_with_two_places(project):
    project.write("train.py", "lr = 1\nlr = 2\nprint('loss:', lr)\n")
    _refused(project.hprun("--hp", "lr=1", "train.py"), "1", "2", "lr@")
    assert project.hprun("--hp", "lr@2=5", "--metric", "loss", "train.py").status == 0


def test_a_script_that_is_missing(project):
    project.write("train.py", GOOD)
    _refused(project.hprun("--hp", "lr=1", "trian.py"), "trian.py does not exist", "train.py")


def test_a_folder_in_place_of_a_script(project):
    (project.folder / "src").mkdir()
    _refused(project.hprun("--hp", "lr=1", "src"), "is a folder")


def test_a_command_that_is_mistyped(project):
    _refused(project.hprun("statsu"), "hprun status")


def test_an_option_before_a_command(project):
    _refused(project.hprun("-q", "results"), "commands come first")


def test_a_name_with_a_dash(project):
    project.write("train.py", GOOD)
    _refused(project.hprun("--hp", "learning-rate=1", "train.py"), "learning_rate")


def test_no_script_at_all(project):
    _refused(project.hprun("--hp", "lr=1"), "No script")


def test_nothing_to_search(project):
    project.write("train.py", GOOD)
    _refused(project.hprun("train.py"), "nothing to search")
    _refused(project.hprun("train.py", "--hp", "lr=1"), "before the script")


def test_a_script_that_does_not_compile(project):
    project.write("train.py", "lr = 1\nfor x in:\n    pass\n")
    _refused(project.hprun("--hp", "lr=1", "train.py"), "train.py", "line 2")


def test_a_metric_whose_direction_nobody_knows(project):
    project.write("train.py", GOOD)
    _refused(project.hprun("--hp", "lr=1", "--metric", "foo", "train.py"), "--direction")
    answer = project.hprun("--hp", "lr=1", "--metric", "foo", "--direction", "max", "train.py")
    assert answer.status == 3


def test_a_script_that_prints_nothing(project):
    project.write("train.py", "lr = 1\n")
    answer = project.hprun("--hp", "lr=1,2", "--metric", "loss", "train.py")
    assert answer.status == 3
    assert "No run wrote loss" in answer.err


def test_a_script_that_crashes_at_once(project):
    project.write("train.py", "lr = 1\nimport no_such_module\n")
    answer = project.hprun("--hp", "lr=1:4", "--metric", "loss", "train.py")
    assert answer.status == 1
    assert "No module named 'no_such_module'" in answer.err
    assert "retry" in answer.err


def test_a_script_that_reads_what_git_ignores_is_told_of_link(project):
    subprocess.run(["git", "init", "-q", str(project.folder)], check=True)
    project.write(".gitignore", "data/\ncache/\n")
    project.write("data/x.csv", "1")
    project.write("train.py", "lr = 1\nprint('loss:', open('data/x.csv').read())\n")
    command = ("--hp", "lr=1", "--metric", "loss", "train.py")
    answer = project.hprun(*command)
    assert answer.status == 1
    assert "--link data" in answer.err
    assert project.hprun("--link", "data", *command).status == 0


def test_a_script_that_fills_stdout(project):
    project.write(
        "train.py",
        "import sys\nlr = 1\nline = b'x' * 999 + b'\\n'\n"
        "for _ in range(100_000):\n    sys.stdout.buffer.write(line)\nprint('loss:', lr)\n",
    )
    answer = project.hprun("--hp", "lr=1,2", "--metric", "loss", "train.py")
    assert answer.status == 0, answer
    shown = project.hprun("show", "0")
    assert "loss:last: 1" in shown.out


def test_a_script_that_ignores_sigterm_and_leaves_children(project):
    project.write(
        "train.py",
        "import signal, subprocess, sys, time\nlr = 1\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
        " start_new_session=True)\ntime.sleep(600)\n",
    )
    answer = project.hprun("--hp", "lr=1", "--timeout", "1.5", "--grace", "0.3", "train.py")
    assert answer.status == 1
    assert project.processes() == []


def test_an_interpreter_that_is_not_there(project):
    project.write("train.py", GOOD)
    answer = project.hprun("--hp", "lr=1", "--python", "/nowhere/python", "train.py")
    _refused(answer, "/nowhere/python")


def _as_ordinary_user():
    """Drop what lets root write anywhere (capabilities(7)): CAP_DAC_OVERRIDE and _READ_SEARCH."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in (1, 2, 3):  # DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER
            libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP, for what is executed


def test_a_cache_that_is_read_only_can_be_read(project):
    project.write("train.py", GOOD)
    project.hprun("--hp", "lr=1,2", "--metric", "loss", "train.py")
    for path in (*project.cache.rglob("*"), project.cache):
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        for command in (("status",), ("results",), ("show", "0"), ("logs", "0"), ("best",)):
            answer = project.hprun(*command, preexec_fn=_as_ordinary_user)
            assert answer.status == 0, answer
        answer = project.hprun("--hp", "lr=3", "train.py", preexec_fn=_as_ordinary_user)
        _refused(answer, "cannot be written")
    finally:
        for path in (project.cache, *project.cache.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)


def test_best_on_a_script_that_cannot_be_written(project):
    project.write("train.py", GOOD)
    project.hprun("--hp", "lr=2,3", "--metric", "loss", "train.py")
    project.folder.chmod(0o500)
    try:
        answer = project.hprun("best", "--apply", "--yes", preexec_fn=_as_ordinary_user)
        assert answer.status == 2
        assert "train.py cannot be written" in answer.err
    finally:
        project.folder.chmod(0o700)


def test_a_cache_where_no_folder_can_be(project):
    project.write("train.py", GOOD)
    project.write("cache", "a file")
    _refused(project.hprun("--hp", "lr=1", "train.py"), "cannot be written")
    _refused(project.hprun("--cache", "/proc/x", "--hp", "lr=1", "train.py"), "cannot be written")


def _limit_files():
    """No file may grow over 64 kB: what a full disk feels like to the one who writes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, 64_000))


def test_a_disk_that_is_full_before_anything_began(project):
    project.write("train.py", GOOD)
    answer = project.hprun("--hp", "lr=1:5000", "train.py", preexec_fn=_limit_files)
    _refused(answer)
    assert project.hprun("--hp", "lr=1:3", "--metric", "loss", "train.py").status == 0


def test_a_disk_that_fills_up_in_the_middle(project):
    """A real file system of two megabytes; only root can mount one."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small file system")
    small = Path(tempfile.mkdtemp(dir=project.folder.parent))
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        project.write(
            "train.py",
            "lr = 1\nprint('loss:', lr, flush=True)\nopen('big', 'wb').write(b'x' * 400_000)\n"
            "open('done', 'w').close()\n",
        )
        command = (
            "--cache", str(small), "-j", "1", "--min-free", "0", "--hp", "lr=1:8",
            "--metric", "loss", "train.py",
        )  # fmt: skip
        process = project.start(*command, stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if "full" in line:
                break
        done = len(list(small.glob("*/*/fold-0/done")))
        assert 0 < done < 8
        remount = ["mount", "-o", "remount,size=50m", str(small)]
        subprocess.run(remount, check=True)
        process.stderr.read()
        assert process.wait(60) in (0, 1)  # it went on by itself; a script may have failed
        if process.returncode:
            assert project.hprun("retry", "--cache", str(small)).status == 0
        document = json.loads(project.hprun("results", "--json", "--cache", str(small)).out)
        assert {t["state"] for t in document["trials"]} == {"completed"}
        attempts = [t["folds"][0]["attempts"] for t in document["trials"]]
        assert sum(attempt > 1 for attempt in attempts) <= 8 - done
    finally:
        subprocess.run(["umount", str(small)], check=False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hp = [", ["no TOML"]),
        ("metrc = 'loss'", ["metrc", "metric"]),
        ("script = 'train.py'\njobs = 'two'", ["jobs", "whole number"]),
        ("hp = 3\nscript = 'train.py'", ["hp"]),
        ("script = 'train.py'\njobs = -3", ["jobs", "-3"]),
        ("script = 'train.py'\ncv = 1", ["cv"]),
        ("script = 'train.py'\nrepeats = 0", ["repeats"]),
        ("script = 'train.py'\nsubstitute = 'foo'", ["substitute"]),
        ("script = 'train.py'\nargs = '--x 1'", ["args", "list"]),
        ("script = 4", ["script"]),
        ("cache = 5", ["cache"]),
        ("search = 3", ["search"]),
        ("search = {a = 3}", ["search"]),
        ("script = 'train.py'\n[hp]\nlr = []", ["hp.lr"]),
    ],
)
def test_a_file_that_says_nothing_sensible(project, text, words):
    project.write("train.py", GOOD)
    project.write("hprun.toml", text)
    _refused(project.hprun("run"), *words)


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("results",),
        ("show", "0"),
        ("best",),
        ("stop",),
        ("resume",),
        ("du",),
        ("clean",),
    ],
)
def test_a_command_without_any_search(project, command):
    _refused(project.hprun(*command), "no search")
    assert not project.cache.exists()


def test_names_that_are_not_there(project):
    project.write("train.py", GOOD)
    project.hprun("--hp", "lr=1,2", "--metric", "loss", "train.py")
    _refused(project.hprun("results", "other"), "train-1")
    _refused(project.hprun("show", "7"), "0 to 1")
    _refused(project.hprun("show", "x"), "train-1")
    _refused(project.hprun("logs", "x"), "number")
    _refused(project.hprun("logs", "0/9"), "fold 9")
    _refused(project.hprun("results", "--direction", "max"), "--metric")


def test_a_pipe_that_is_closed_early_is_no_error(project):
    project.write("train.py", GOOD)
    project.hprun("--hp", "lr=1:300", "--metric", "loss", "train.py")
    command = f"{sys.executable} -m hprun results --json | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=project.folder, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["{", "0"]
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("flag", "value"), [("--timeout", "soon"), ("--for", "8 hours"), ("--max-log", "big"),
                        ("--max-retries", "-1"), ("--min-free", "-3")],
)  # fmt: skip
def test_times_and_sizes_that_are_none(project, flag, value):
    project.write("train.py", GOOD)
    _refused(project.hprun("--hp", "lr=1", flag, value, "train.py"), flag)
