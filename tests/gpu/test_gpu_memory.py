"""--gpu-memory and --gpu-memory-per-run, from the command line to what a run finds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.engine.seeing import room_on
from hprun.gpu.probing import Device

GB = 10**9
SMALL = {"uuid": "GPU-aa11", "name": "Small", "total": 10 * GB, "used": 0}
LARGE = {"uuid": "GPU-bb22", "name": "Large", "total": 40 * GB, "used": 0}
# What only a GPU build of torch has is made up; all else is the real thing.
TORCH = """\
from types import SimpleNamespace
import torch
x = 1
calls = []
torch._C._cuda_getDeviceCount = lambda: 1
torch._C._cuda_init = lambda: None
torch._C._cuda_getDevice = lambda: 0
torch._C._cuda_setMemoryFraction = lambda part, device: calls.append(round(part, 4))
torch.cuda._cudart = object()
torch.cuda._get_device_properties = lambda n: SimpleNamespace(total_memory=10**10)
torch.cuda.init()
print("set:", *calls)
"""
SAYS = "import os\nx = 1\nfor name in {names}:\n    print(name, os.environ.get(name))\n"
NAMES = ("TF_FORCE_GPU_ALLOW_GROWTH", "XLA_PYTHON_CLIENT_PREALLOCATE",
         "XLA_PYTHON_CLIENT_MEM_FRACTION", "HPRUN_GPU_LIMITS")  # fmt: skip


def said(project, trial="0"):
    words = [line.split() for line in project.hprun("logs", trial).out.splitlines()]
    return {name: value for name, value in words if value != "None"}


@pytest.mark.parametrize(("start", "more"), [("cold", ["--no-autolog"]), ("warm", [])])
def test_torch_gets_its_share_of_the_slots_cold_and_warm(project, machine, start, more):
    project.write("train.py", TORCH)
    done = project.hprun("--hp", "x=1,2", "-j", "2", "--gpu-memory", "0.8", "--start", start,
                         *more, "train.py", env=machine(SMALL))  # fmt: skip
    assert done.status == 0, done
    assert "cold" not in done.err
    for trial in "01":
        assert "set: 0.4\n" in project.hprun("logs", trial).out
        assert "GPU memory: 0.40 of the device (torch)" in project.hprun("show", trial).out


def test_jax_is_told_by_a_variable_and_our_own_are_gone(project, machine):
    project.write("train.py", SAYS.format(names=NAMES))
    env = machine(SMALL, LARGE)
    assert (
        project.hprun("--hp", "x=1,2", "-j", "4", "--gpu-memory", "80%", "train.py", env=env).status
        == 0
    )
    assert said(project) == {"XLA_PYTHON_CLIENT_MEM_FRACTION": "0.4000"}
    assert "no limit was set" in project.hprun("show", "0").out


def test_several_at_once_take_memory_as_they_need_it(project, machine):
    project.write("train.py", SAYS.format(names=NAMES))
    search = ("--hp", "x=1,2", "-j", "2", "train.py")
    own = {"TF_FORCE_GPU_ALLOW_GROWTH": "false"}
    assert project.hprun(*search, env=machine(SMALL, **own)).status == 0
    assert said(project) == {**own, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    assert "GPU memory" not in project.hprun("show", "0").out


@pytest.mark.parametrize(("jobs", "devices"), [("1", [SMALL]), ("2", [])])
def test_nothing_is_said_to_one_at_a_time_or_without_a_gpu(project, machine, jobs, devices):
    project.write("train.py", SAYS.format(names=NAMES))
    done = project.hprun("--hp", "x=1,2", "-j", jobs, "train.py", env=machine(*devices))
    assert done.status == 0, done
    assert said(project) == {}


@pytest.mark.parametrize(
    ("options", "variables", "message", "hint"),
    [
        (["--gpu-memory", "0.8"], {"CUDA_VISIBLE_DEVICES": ""},
         "--gpu-memory limits the memory of GPUs, and there is none.", "hprun doctor"),
        (["--gpu-memory-per-run", "4G", "-j", "3"], {},
         "3 at once with 4.0 GB each do not fit on a GPU of 10.0 GB.", "--jobs 2"),
        (["--gpu-memory", "0.8", "--gpu-memory-per-run", "4G"], {},
         "--gpu-memory and --gpu-memory-per-run exclude each other.", "Drop one"),
        (["--gpu-memory", "4G"], {}, "'4G' is no part of a whole: 0.8 or 80%", ""),
        (["--gpu-memory", "1.5"], {}, "'1.5' is no part of a whole", ""),
        (["--gpu-memory-per-run", "much"], {}, "'much' is no size", ""),
    ],
)  # fmt: skip
def test_a_limit_that_cannot_be_set_starts_nothing(
    project, machine, options, variables, message, hint
):
    project.write("train.py", "x = 1\n")
    done = project.hprun("--hp", "x=1,2", *options, "train.py", env=machine(SMALL, **variables))
    assert done.status == 2
    assert message in done.err
    assert hint in done.err
    assert not project.cache.exists()


def test_a_flag_takes_the_place_of_the_other_limit_in_the_file(project, machine):
    project.write("train.py", SAYS.format(names=NAMES))
    project.write("hprun.toml", 'script = "train.py"\njobs = 1\ngpu-memory = "50%"\nhp.x = 1\n')
    env = machine(SMALL)
    assert project.hprun("run", env=env).status == 0
    assert said(project) == {"XLA_PYTHON_CLIENT_MEM_FRACTION": "0.5000"}
    project.write("train.py", "# other\n" + SAYS.format(names=NAMES))
    assert project.hprun("run", "--gpu-memory-per-run", "2.5G", env=env).status == 0
    assert said(project) == {"XLA_PYTHON_CLIENT_MEM_FRACTION": "0.2500"}


def test_runs_that_failed_for_want_of_memory_go_again_with_another_limit(project, machine):
    project.write(
        "train.py",
        "import os\nx = 1\nassert float(os.environ['XLA_PYTHON_CLIENT_MEM_FRACTION']) > 0.5\n",
    )
    env = machine(SMALL)
    search = ("--hp", "x=1", "-j", "1", "train.py")
    assert project.hprun("--gpu-memory", "0.5", *search, env=env).status == 1
    assert project.hprun("--gpu-memory", "0.5", *search, env=env).status == 1
    assert project.hprun("--gpu-memory", "0.6", *search, env=env).status == 0
    assert json.loads(project.hprun("results", "--json").out)["trials"][0]["state"] == "completed"


def test_a_limit_needs_its_gpu_when_the_search_is_resumed_too(project, machine):
    project.write("train.py", "import os\nx = 1\nassert x == 0\n")
    search = ("--hp", "x=1,2", "-j", "1", "--fail-fast", "--gpu-memory", "0.5", "train.py")
    assert project.hprun(*search, env=machine(SMALL)).status == 1
    gone = project.hprun("resume", env=machine())
    assert gone.status == 2
    assert "there is none" in gone.err


def test_with_auto_each_run_may_have_the_whole_part_and_takes_it_as_it_needs_it(project, machine):
    project.write("train.py", SAYS.format(names=NAMES))
    search = ("--hp", "x=1,2", "-j", "auto", "--gpu-memory", "0.8", "train.py")
    assert project.hprun(*search, env=machine(SMALL)).status == 0
    assert said(project) == {
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "XLA_PYTHON_CLIENT_MEM_FRACTION": "0.8000",
    }


@given(
    total=st.integers(1, 10**12),
    used=st.floats(0, 1),
    held=st.floats(0, 1),
    part=st.floats(0.01, 1),
)
def test_all_together_stay_within_the_part_that_they_may_have(total, used, held, part):
    device = Device("0", "GPU-aa11", "Small", total, int(total * used), None, {})
    ours = int(device.used * held)
    room = room_on(0, device, part, ours)
    assert 0 <= room.free <= total - device.used
    assert room.total <= total * part
    assert ours + room.free <= max(ours, room.total)
