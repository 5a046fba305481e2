"""How many runs at once, on which GPU, and what becomes of those for which memory is too small."""

import json
import os
import signal
from pathlib import Path

import pytest

FAKE = Path(__file__).parents[1] / "gpu" / "fake"
GB = 10**9
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
SEVERAL_CORES = pytest.mark.skipif(CORES < 2, reason="one core")

# Runs that only wait: two at once do twice as much as one, however busy the machine is.
WAITS = """
import time
lr = 1
for step in range(12):
    time.sleep(0.1)
    print("loss:", lr / (step + 1), flush=True)
"""
SAYS = """
import os, pathlib
lr = 1
print("loss:", lr)
names = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "OMP_NUM_THREADS")
pathlib.Path("env.txt").write_text(" ".join(os.environ.get(name, "-") for name in names))
"""
# Both trials wait until both have begun.
TOGETHER = """
import os, pathlib, time
lr = 1
shared = pathlib.Path(os.environ["SHARED"])
attempt = os.environ["HPRUN_ATTEMPT"]
(shared / f"begun-{lr}").touch()
while not ((shared / "begun-1").exists() and (shared / "begun-2").exists()):
    time.sleep(0.01)
print("loss:", lr)
"""
OUT_OF_MEMORY = """
if lr == 2 and (attempt == "1" or os.environ["ENDS"] == "never well"):
    raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
if lr == 2:
    (shared / "alone").write_text(str((shared / "ended-1").exists()))
while lr == 1 and not any(pathlib.Path("../..").glob("0001*/fold-0.exit")):
    time.sleep(0.01)
(shared / f"ended-{lr}").touch()
"""


@pytest.fixture
def gpus(tmp_path):
    """The environment of a machine with so many GPUs, that do not exist."""

    def make(count, **more):
        devices = [
            {"uuid": f"GPU-{n}abc", "name": "NVIDIA A100", "total": 80 * GB, "used": GB, "busy": 0}
            for n in range(count)
        ]
        file = tmp_path / "nvml.json"
        file.write_text(json.dumps({"devices": devices}), encoding="utf-8")
        path = os.pathsep.join([str(FAKE), os.environ.get("PYTHONPATH", "")])
        env = {k: v for k, v in os.environ.items() if not k.startswith(("CUDA_", "OMP_"))}
        return {**env, "PYTHONPATH": path, "FAKE_NVML": str(file), "SHARED": str(tmp_path), **more}

    return make


def environments(project):
    return sorted(file.read_text() for file in project.cache.glob("train-1/*/*/env.txt"))


def status(project):
    return json.loads(project.hprun("status", "--json").out)["searches"][0]


@SEVERAL_CORES
def test_auto_finds_out_how_many_are_worth_it_and_says_so(project):
    project.write("train.py", WAITS)
    done = project.hprun("-j", "auto", "-v", "--start", "cold", "--hp", "lr=1:6",
                         "--metric", "loss:min", "train.py")  # fmt: skip
    assert done.status == 0
    assert "1 at once: one run shows what it takes" in done.err
    assert "2 at once: trying whether 2 at once do more" in done.err
    told = status(project)
    assert told["counts"]["completed"] == 6
    assert told["jobs"]["asked"] == "auto"
    assert told["jobs"]["at_once"] >= 2
    assert "at once do" in told["jobs"]["why"]


def test_a_number_is_a_number_and_the_reason_of_before_is_gone(project):
    project.write("train.py", SAYS)
    project.write("hprun.toml", 'jobs = "auto"\n')
    assert project.hprun("--hp", "lr=1", "train.py").status == 0
    assert status(project)["jobs"]["asked"] == "auto"
    project.write("hprun.toml", "")
    assert project.hprun("-j", "2", "--hp", "lr=1", "train.py").status == 0
    project.write("train.py", f"{SAYS}\n")
    assert project.hprun("-j", "2", "--hp", "lr=1", "train.py").status == 0
    assert status(project)["jobs"] == {"asked": 2, "at_once": None, "why": None}


@pytest.mark.parametrize("jobs", ["0", "many"])
def test_what_is_no_number_of_runs_is_refused(project, jobs):
    project.write("train.py", SAYS)
    done = project.hprun(f"--jobs={jobs}", "--hp", "lr=1", "train.py")
    assert done.status == 2
    assert "is no whole number from 1 on, nor auto" in done.err
    project.write("hprun.toml", f'jobs = "{jobs}"\n')
    assert project.hprun("--hp", "lr=1", "train.py").status == 2


def test_where_there_is_a_gpu_auto_is_the_default_and_a_run_is_bound_to_it(project, gpus):
    project.write("train.py", SAYS)
    env = gpus(1)
    shown = project.hprun("--dry-run", "--hp", "lr=1:2", "train.py", env=env).out
    assert "as many at once as do more by it on NVIDIA A100" in shown
    done = project.hprun("-v", "--start", "cold", "--hp", "lr=1:2", "train.py", env=env)
    assert done.status == 0
    assert "1 at once: one run shows what it takes" in done.err
    assert {one.rpartition(" ")[0] for one in environments(project)} == {"0 PCI_BUS_ID"}
    assert "attempt 1 on GPU 0 (NVIDIA A100): completed" in project.hprun("show", "0").out


@pytest.mark.parametrize("count", [0, 2])
def test_runs_that_find_out_how_many_are_worth_it_start_warm(project, gpus, count):
    project.write("train.py", SAYS)
    done = project.hprun("-j", "auto", "--start", "warm", "--hp", "lr=1:5", "train.py",
                         env=gpus(count))  # fmt: skip
    assert done.status == 0
    assert "cold" not in done.err


def test_runs_go_to_the_gpu_with_the_fewest(project, gpus):
    project.write("train.py", TOGETHER + SAYS.replace("lr = 1", ""))
    done = project.hprun("-j", "2", "--hp", "lr=1,2", "train.py", env=gpus(2))
    assert done.status == 0
    assert [one.split()[0] for one in environments(project)] == ["0", "1"]


def test_gpus_names_those_that_are_used_and_none_hides_all(project, gpus):
    project.write("train.py", SAYS)
    env = gpus(3)
    project.hprun("-j", "2", "--gpus", "2", "--hp", "lr=1:3", "train.py", env=env)
    assert {one.split()[0] for one in environments(project)} == {"2"}
    project.hprun("-j", "2", "--gpus", "none", "--hp", "lr=4:5", "train.py", env=env)
    hidden = [file.read_text() for file in project.cache.glob("train-2/*/*/env.txt")]
    assert {one.split()[0] for one in hidden} == {"-1"}


@pytest.mark.parametrize(("count", "asked", "says"), [(0, "0", "no GPU 0"), (2, "5", "no GPU 5")])
def test_a_gpu_that_is_not_there_is_refused_before_anything_is_written(
    project, gpus, count, asked, says
):
    project.write("train.py", SAYS)
    for more in ([], ["--dry-run"]):
        done = project.hprun(*more, "--gpus", asked, "--hp", "lr=1", "train.py", env=gpus(count))
        assert done.status == 2
        assert says in done.err
        assert "hint: " in done.err
        assert not project.cache.exists()


def test_a_run_that_is_taken_over_counts_on_its_gpu(project, gpus):
    """The first run ends only when the second has begun, which a new coordinator starts."""
    project.write("train.py", TOGETHER + SAYS.replace("lr = 1", ""))
    env = gpus(2)
    coordinator = project.start("-j", "1", "--hp", "lr=1,2", "train.py", env=env)
    try:
        while not Path(env["SHARED"], "begun-1").exists():
            assert coordinator.poll() is None
    finally:
        coordinator.send_signal(signal.SIGKILL)
        coordinator.wait()
    done = project.hprun("resume", "-j", "2", env=env)
    assert done.status == 0
    assert "taking it over" in done.err
    assert [one.split()[0] for one in environments(project)] == ["0", "1"]


@pytest.mark.parametrize("count", [0, 1])
def test_a_run_that_others_left_no_memory_is_tried_again_alone(project, gpus, count):
    project.write("train.py", TOGETHER + OUT_OF_MEMORY)
    env = gpus(count, ENDS="well")
    done = project.hprun("-j", "2", "--hp", "lr=1,2", "train.py", env=env)
    assert done.status == 0
    assert "torch ran out of GPU memory, beside other runs: the next attempt is alone" in done.err
    assert Path(env["SHARED"], "alone").read_text() == "True"


def test_a_run_that_fails_alone_too_is_out_of_memory(project, gpus):
    project.write("train.py", TOGETHER + OUT_OF_MEMORY)
    env = gpus(0, ENDS="never well")
    done = project.hprun("-j", "2", "--hp", "lr=1,2", "--metric", "loss:min", "train.py", env=env)
    assert done.status == 1
    assert (
        status(project)["counts"] | {"completed": 1, "out-of-memory": 1}
        == status(project)["counts"]
    )
    results = json.loads(project.hprun("results", "--json").out)
    assert [trial["state"] for trial in results["trials"]] == ["completed", "out-of-memory"]
    assert results["trials"][1]["folds"][0]["attempts"] == 2
    assert "out-of-memory: torch ran out of GPU memory" in done.err


def test_a_run_that_fails_alone_at_once_is_not_tried_again(project):
    project.write("train.py", "lr = 1\nraise MemoryError\n")
    assert project.hprun("-j", "auto", "--hp", "lr=1,2", "train.py").status == 1
    results = json.loads(project.hprun("results", "--json").out)
    assert [trial["folds"][0]["attempts"] for trial in results["trials"]] == [1, 1]
    assert {trial["state"] for trial in results["trials"]} == {"out-of-memory"}


KILLED = """
import os, pathlib, signal
lr = 1
if lr == 2:
    pathlib.Path(os.environ["KILLS"]).write_text("1")
os.kill(os.getpid(), signal.SIGKILL)
"""
KERNEL = """
import os, pathlib, sys
if sys.orig_argv[1:3] == ["-m", "hprun"]:
    from hprun.gpu import host
    host.kernel_kills = lambda: int(pathlib.Path(os.environ["KILLS"]).read_text())
"""


def test_a_run_is_out_of_memory_that_the_kernel_killed_for_it(project, tmp_path):
    project.write("train.py", KILLED)
    (tmp_path / "sitecustomize.py").write_text(KERNEL, encoding="utf-8")
    (tmp_path / "kills").write_text("0", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, "KILLS": str(tmp_path / "kills")}
    assert project.hprun("-j", "1", "--hp", "lr=1,2", "train.py", env=env).status == 1
    results = json.loads(project.hprun("results", "--json").out)
    states = {trial["trial"]: trial["state"] for trial in results["trials"]}
    assert states == {0: "failed", 1: "out-of-memory"}
    assert "the kernel killed it for want of memory" in project.hprun("show", "1").out


# Takes 50 of the 80 GB of a GPU, as far as the driver tells, and sees how many are active.
ON_GPU = """
import json, os, pathlib, time
lr = 1
file, shared = pathlib.Path(os.environ["FAKE_NVML"]), pathlib.Path(os.environ["SHARED"])

def tell(processes):
    devices = json.loads(file.read_text())
    devices["devices"][0] |= {"used": 10**9 + sum(processes.values()), "processes": processes}
    new = file.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(devices))
    new.replace(file)

tell({str(os.getpid()): 50 * 10**9})
(shared / f"active-{lr}").touch()
for step in range(12):
    time.sleep(0.1)
    print("loss:", lr / (step + 1), flush=True)
    (shared / f"seen-{lr}-{step}-{len(list(shared.glob('active-*')))}").touch()
(shared / f"active-{lr}").unlink()
tell({})
"""


@SEVERAL_CORES
def test_never_more_runs_than_fit_on_the_gpu(project, gpus, tmp_path):
    project.write("train.py", ON_GPU)
    done = project.hprun("--start", "cold", "--hp", "lr=1:3", "--metric", "loss:min", "train.py",
                         env=gpus(1))  # fmt: skip
    assert done.status == 0
    assert {int(file.name.rpartition("-")[2]) for file in tmp_path.glob("seen-*")} == {1}
    assert status(project)["jobs"]["why"] == "more would not fit into memory"


HOLDS = """
import os, pathlib, time
lr = 1
held = bytearray(120_000_000)
shared = pathlib.Path(os.environ["SHARED"])
(shared / f"active-{lr}").touch()
for step in range(12):
    time.sleep(0.1)
    print("loss:", lr / (step + 1), flush=True)
    (shared / f"seen-{lr}-{step}-{len(list(shared.glob('active-*')))}").touch()
(shared / f"active-{lr}").unlink()
"""
# What the machine has, as hprun is told of it: a size, less what the runs really hold.
MACHINE = """
import os, sys
if sys.orig_argv[1:3] == ["-m", "hprun"]:
    from types import SimpleNamespace
    import psutil

    def virtual_memory():
        total, used = int(os.environ["MACHINE"]), 0
        for process in psutil.process_iter():
            try:
                if process.cwd().startswith(os.environ["RUNS"]):
                    used += process.memory_info().rss
            except (psutil.Error, OSError):
                pass
        return SimpleNamespace(total=total, available=max(0, total - used))

    psutil.virtual_memory = virtual_memory
"""


@SEVERAL_CORES
def test_never_more_runs_than_fit_into_the_machine(project, tmp_path):
    """Two of these do more than one, as in the test above, but memory has room for one."""
    project.write("train.py", HOLDS)
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(MACHINE, encoding="utf-8")
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, "SHARED": str(tmp_path), "MACHINE": "240000000",
           "RUNS": str(project.cache)}  # fmt: skip
    done = project.hprun("-j", "auto", "--start", "cold", "--hp", "lr=1:3", "--metric", "loss:min",
                         "train.py", env=env)  # fmt: skip
    assert done.status == 0
    assert {int(file.name.rpartition("-")[2]) for file in tmp_path.glob("seen-*")} == {1}
    assert status(project)["jobs"]["why"] == "more would not fit into memory"
