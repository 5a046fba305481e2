"""Runs that share GPUs by way of MPS: whose daemon they use, and when it ends."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from hprun.gpu.advice import sharing_advice
from hprun.gpu.mps import Daemon
from hprun.gpu.probing import Device

GB = 10**9
FAKE = Path(__file__).parent / "fake"
SMALL = {"uuid": "GPU-aa11", "name": "Small", "total": 10 * GB, "used": 0}
SAYS = """\
import os
x = 1
for name in ("CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"):
    print(name, os.environ.get(name))
"""


@pytest.fixture
def mps(machine, tmp_path):
    """The environment of a machine on which MPS is installed; what its daemon did; its numbers."""

    class Mps:
        story = tmp_path / "story"
        elsewhere = tmp_path / "pipe"

        def env(self, *devices, **more):
            programs = tmp_path / "programs"
            programs.mkdir(exist_ok=True)
            program = programs / "nvidia-cuda-mps-control"
            text = (FAKE / program.name).read_text()
            program.write_text(text.replace("/usr/bin/env python3", sys.executable, 1))
            program.chmod(0o755)
            path = os.pathsep.join([str(programs), os.environ["PATH"]])
            given = {"PATH": path, "FAKE_MPS_STORY": str(self.story), **more}
            return machine(*devices, **{"CUDA_MPS_PIPE_DIRECTORY": str(self.elsewhere), **given})

        def told(self):
            return self.story.read_text().splitlines() if self.story.exists() else []

        def daemons(self):
            found = []
            for process in psutil.process_iter(["cmdline", "status"]):
                words = " ".join(process.info["cmdline"] or [])
                ours = str(tmp_path) in words and "mps-control" in words
                if ours and process.info["status"] != psutil.STATUS_ZOMBIE:
                    found.append(process)
            return found

    made = Mps()
    yield made
    for process in made.daemons():
        process.kill()


def said(project):
    words = [line.split() for line in project.hprun("logs", "0").out.splitlines()]
    return dict(words)


def test_a_daemon_of_our_own_serves_the_runs_and_ends_with_the_search(project, mps):
    project.write("train.py", SAYS)
    done = project.hprun("--hp", "x=1,2", "-j", "2", "--mps", "--gpu-memory", "0.8", "train.py",
                         env=mps.env(SMALL, CUDA_VISIBLE_DEVICES="0"))  # fmt: skip
    assert done.status == 0, done
    folder = project.cache / "train-1" / "mps"
    pipes = said(project)["CUDA_MPS_PIPE_DIRECTORY"]
    assert len(pipes) < 80  # this cache's own path is too long for a socket
    assert not os.path.lexists(pipes)
    assert said(project) == {
        "CUDA_MPS_PIPE_DIRECTORY": pipes,
        "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": f"0={4 * GB >> 20}M",
    }
    assert mps.told() == [f"started {folder / 'log'} None", "quit"]
    assert mps.daemons() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_after_an_interrupt_too(project, mps, number):
    project.write("train.py", "import time\nx = 1\nopen('begun', 'w').close()\ntime.sleep(60)\n")
    process = project.start("--hp", "x=1", "-j", "1", "--mps", "--grace", "1", "train.py",
                            env=mps.env(SMALL))  # fmt: skip
    while not list(project.cache.glob("train-1/*/fold-0/begun")):
        assert process.poll() is None
    assert len(mps.daemons()) == 1
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    assert mps.told()[-1] == "quit"
    assert mps.daemons() == []


def test_one_that_a_killed_hprun_left_is_used_and_ended_by_the_next(project, mps):
    project.write("train.py", "import os, time\nx = 1\nopen('begun', 'w').close()\n"
                  "while not os.path.exists('../../../../go'): time.sleep(0.01)\n")  # fmt: skip
    env = mps.env(SMALL)
    process = project.start("--hp", "x=1", "-j", "1", "--mps", "train.py", env=env)
    while not list(project.cache.glob("train-1/*/fold-0/begun")):
        assert process.poll() is None
    process.kill()
    process.wait()
    assert len(mps.daemons()) == 1
    project.write("go", "")
    assert project.hprun("resume", env=env).status == 0
    assert [line.split()[0] for line in mps.told()] == ["started", "quit"]
    assert mps.daemons() == []


def test_one_that_runs_already_is_used_and_left_alone(project, mps):
    project.write("train.py", SAYS)
    env = mps.env(SMALL)
    mps.elsewhere.mkdir()
    os.spawnvpe(os.P_WAIT, "nvidia-cuda-mps-control", ["nvidia-cuda-mps-control", "-d"],
                {**env, "CUDA_MPS_LOG_DIRECTORY": "theirs"})  # fmt: skip
    while not (mps.elsewhere / "control").exists():
        pass
    done = project.hprun("--hp", "x=1,2", "-j", "2", "--mps", "train.py", env=env)
    assert done.status == 0, done
    assert f"which runs already in {mps.elsewhere}" in done.err
    assert said(project)["CUDA_MPS_PIPE_DIRECTORY"] == str(mps.elsewhere)
    assert len(mps.daemons()) == 1
    assert mps.told() == ["started theirs None"]
    assert f"MPS runs in {mps.elsewhere}" in " ".join(project.hprun("doctor", env=env).out.split())


def test_pipes_lie_in_the_cache_where_a_socket_can_be_there(tmp_path):
    assert Daemon(Path("/short/mps")).pipes == Path("/short/mps/pipe")
    far = tmp_path / ("x" * 100)
    assert Daemon(far).pipes != Daemon(far / "other").pipes
    assert not Daemon(far).runs


def test_none_is_started_uninvited(project, mps):
    project.write("train.py", SAYS)
    done = project.hprun("--hp", "x=1,2", "-j", "2", "train.py", env=mps.env(SMALL))
    assert done.status == 0, done
    assert mps.told() == []


def test_what_mps_lacks_starts_nothing(project, mps, machine):
    project.write("train.py", "x = 1\n")
    search = ("--hp", "x=1", "--mps", "train.py")
    none = project.hprun(*search, env=mps.env())
    assert (none.status, "--mps shares GPUs, and there is none." in none.err) == (2, True)
    missing = project.hprun(*search, env=machine(SMALL, CUDA_MPS_PIPE_DIRECTORY="/nowhere"))
    assert (missing.status, "there is no program nvidia-cuda-mps-control" in missing.err) == (
        2,
        True,
    )
    assert not project.cache.exists()


def test_a_daemon_that_does_not_start_is_told_with_its_own_words(project, mps):
    project.write("train.py", "x = 1\n")
    env = mps.env(SMALL, FAKE_MPS="broken")
    done = project.hprun("--hp", "x=1", "--mps", "train.py", env=env)
    assert done.status == 2
    assert "could not be started: An instance of this daemon is already running." in done.err
    assert mps.daemons() == []


@pytest.mark.long  # the daemon is given ten seconds
def test_a_stubborn_daemon_is_ended_all_the_same(project, mps):
    project.write("train.py", "x = 1\n")
    env = mps.env(SMALL, FAKE_MPS="stubborn")
    assert project.hprun("--hp", "x=1", "--mps", "train.py", env=env).status == 0
    assert mps.daemons() == []


def device(number, **more):
    return Device(number, f"GPU-{number}", "x", GB, 0, None, {}, **more)


@pytest.mark.parametrize(
    ("devices", "pipes", "installed", "bad", "words"),
    [
        ([device("0", exclusive=True), device("1")], None, True, True,
         ["GPU 0 lets only one process in", "`sudo nvidia-smi -i 0 -c DEFAULT`", "--mps"]),
        ([device("0")], None, True, False, ["MPS does not run", "`nvidia-cuda-mps-control -d`"]),
        ([device("0")], None, False, False, ["nvidia-cuda-mps-control, by which", "is not here"]),
        ([device("0", exclusive=True)], "/p", True, False, ["MPS runs in /p, and runs use it"]),
        ([device("0"), device("1")], "/p", True, False,
         ["`sudo nvidia-smi -i 0,1 -c EXCLUSIVE_PROCESS`"]),
        ([device("1:0", persistent=False), device("1:1", persistent=False)], None, True, False,
         ["`sudo nvidia-smi -i 1 -pm 1`"]),
    ],
)  # fmt: skip
def test_doctor_knows_what_would_help(devices, pipes, installed, bad, words):
    said, is_bad = sharing_advice(devices, pipes, installed=installed)
    assert is_bad == bad
    for word in words:
        assert word in said
