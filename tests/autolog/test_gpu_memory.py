"""Limits on the memory of GPUs, set in the real frameworks; only what needs a GPU is made up.

A framework is imported once, and each case is a fork in which the limit is attached, as in a warm
start; one case each begins cold.
"""

import json
import os
import subprocess
import sys

import pytest

from hprun.autolog import SITE_FILE, lines, read_record

GB = 10**9
TWO_GPUS_OF_TORCH = """\
from types import SimpleNamespace
import torch
calls = []
def make_two():
    torch._C._cuda_getDeviceCount = lambda: 2
    torch._C._cuda_init = lambda: calls.append("init")
    torch._C._cuda_getDevice = lambda: 0
    torch._C._cuda_setMemoryFraction = lambda part, device: calls.append((round(part, 4), device))
    torch.cuda._cudart = object()
    torch.cuda._get_device_properties = lambda n: SimpleNamespace(total_memory=(n + 1) * 10**10)
make_two()
"""
TWO_GPUS_OF_TENSORFLOW = """\
import tensorflow as tf
from tensorflow.python.eager import context as c
from tensorflow.core.protobuf import config_pb2
own = c.context()
own._initialize_physical_devices()
gpus = [c.PhysicalDevice(f"/physical_device:GPU:{n}", "GPU") for n in range(2)]
own._physical_devices += gpus
own._visible_device_list += gpus
own._memory_growth_map = dict.fromkeys(gpus)
names = {gpus[0]: {"device_name": "Small"}, gpus[1]: {"device_name": "Large"}}
own.get_device_details = names.get
made = []
c.pywrap_tfe.TFE_ContextOptionsSetConfig, real = (
    lambda options, text: made.append(config_pb2.ConfigProto.FromString(text)),
    c.pywrap_tfe.TFE_ContextOptionsSetConfig,
)
def limits():
    return [list(one.memory_limit_mb) for one in made[0].gpu_options.experimental.virtual_devices]
"""
TOTALS = {"Small": 10 * 2**30, "Large": 20 * 2**30}


FORKS = """\
import json, os, runpy, sys
site = runpy.run_path(sys.argv[1], run_name="_hprun_site")
cases = json.load(sys.stdin)
for number, (given, variables, code) in enumerate(cases):
    sys.stdout.flush()
    child = os.fork()
    if not child:
        os.environ.update(variables)
        for stream, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{number}.{name}", os.O_WRONLY | os.O_CREAT), stream)
        site["attach"]("", json.dumps({**given, "record": f"{number}.autolog"}))
        status = 0
        try:
            exec(code)
        except SystemExit as end:
            print(end, file=sys.stderr)
            status = 1
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def part(number):
    return {"part": number, "size": None, "least": number, "totals": TOTALS, "jax": None}


def size(number):
    return {"part": None, "size": number, "least": 0.2, "totals": TOTALS, "jax": None}


class Forked:
    """How a case ended, what it printed, and what `hprun show` would say of it."""

    def __init__(self, folder, number, status):
        self.status = status
        self.out = (folder / f"{number}.out").read_text()
        self.err = (folder / f"{number}.err").read_text()
        self.told = told(folder / f"{number}.autolog")


def told(record):
    return [line for line in lines(read_record(record)) if line.startswith("GPU memory")]


def fork_all(folder, before, cases):
    """Run each of the cases (limits, variables, code) in a fork of one process."""
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", before + FORKS, str(SITE_FILE)], input=json.dumps([*cases.values()]),
        cwd=folder, env=env, capture_output=True, text=True, timeout=200, check=True,
    )  # fmt: skip
    statuses = [int(line) for line in done.stdout.splitlines()]
    return {name: Forked(folder, n, statuses[n]) for n, name in enumerate(cases)}


SHOW = "\nprint(json.dumps(calls))\n"
OF_TORCH = {
    "part": (part(0.4), {}, "calls.append('begins'); torch.cuda.init()" + SHOW),
    "size": (size(4 * GB), {}, "torch.cuda.init()" + SHOW),
    "script": (part(0.4), {}, "torch.cuda.set_per_process_memory_fraction(0.9)" + SHOW),
    "module": (part(0.4), {}, "torch.cuda.memory.set_per_process_memory_fraction(0.9, 0)" + SHOW),
    "variable": (
        part(0.4),
        {"PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True,per_process_memory_fraction:0.3"},
        "torch.cuda.init()" + SHOW,
    ),
    "refused": (part(0.4), {}, """\
def refuse(part, device):
    raise RuntimeError('invalid device')
torch._C._cuda_setMemoryFraction = refuse
try:
    torch.cuda.init()
except Exception:
    pass
print('on')
"""),
    "unused": (part(0.4), {}, "print(torch.ones(2).sum().item(), calls)"),
    "unlimited": ({"grows": True}, {}, "torch.cuda.init()" + SHOW),
}  # fmt: skip


@pytest.fixture(scope="module")
def of_torch(tmp_path_factory):
    return fork_all(tmp_path_factory.mktemp("torch"), TWO_GPUS_OF_TORCH, OF_TORCH)


@pytest.mark.parametrize(
    ("case", "calls", "words"),
    [
        ("part", ["begins", "init", [0.4, 0], [0.4, 1]], "0.40 of the device (torch)"),
        ("size", ["init", [0.4, 0], [0.2, 1]], "4.00 GB of the device (torch)"),
        ("script", ["init", [0.4, 0], [0.4, 1], [0.9, 0]],
         "0.90 of the device, as the script says (torch)"),
        ("module", ["init", [0.4, 0], [0.4, 1], [0.9, 0]],
         "0.90 of the device, as the script says (torch)"),
        ("variable", ["init"], "as its environment says (torch)"),
    ],
)  # fmt: skip
def test_torch_is_limited_when_it_first_uses_a_gpu_unless_somebody_else_says(
    of_torch, case, calls, words
):
    assert json.loads(of_torch[case].out) == calls
    assert of_torch[case].told == [f"GPU memory: {words}"]


def test_a_limit_that_torch_refuses_ends_the_run_whatever_the_script_catches(of_torch):
    refused = of_torch["refused"]
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.splitlines()[-1] == (
        "hprun: the GPU memory of this run could not be limited:"
        " torch says RuntimeError: invalid device"
    )


def test_a_script_that_uses_no_gpu_is_as_without_a_limit(of_torch):
    unused = of_torch["unused"]
    assert (unused.status, unused.out, unused.err, unused.told) == (0, "2.0 []\n", "", [])
    assert json.loads(of_torch["unlimited"].out) == ["init"]
    assert of_torch["unlimited"].told == []


SHOW = "\nimport json\nprint(json.dumps([limits(), made[0].gpu_options.allow_growth]))\n"
MAKE = "own.ensure_initialized()" + SHOW
OF_TENSORFLOW = {
    "part": (part(0.4), {}, "assert not any(map(own.get_logical_device_configuration, gpus))\n" + MAKE),
    "script": (size(2 * 2**30), {}, """\
tf.config.set_logical_device_configuration(
    gpus[0], [tf.config.LogicalDeviceConfiguration(memory_limit=1000)] * 2)
""" + MAKE),
    "growing": (part(0.4), {}, """\
import os
for gpu in gpus:
    tf.config.experimental.set_memory_growth(gpu, True)
own.ensure_initialized()
print(json.dumps([limits(), os.environ["TF_FORCE_GPU_ALLOW_GROWTH"]]))
"""),
    "unlimited": ({"grows": True}, {}, MAKE),
    "none": (part(0.4), {}, """\
own._visible_device_list = own.list_physical_devices('CPU')
print(float(tf.reduce_sum(tf.ones(3))))
"""),
    "session": (part(0.25), {}, """\
tf1 = tf.compat.v1
own._physical_devices = own._visible_device_list = own.list_physical_devices('CPU')
config = tf1.ConfigProto(gpu_options=tf1.GPUOptions(allow_growth=True))
with tf1.Session(graph=tf1.Graph(), config=config) as session:
    options = session._config.gpu_options
print(json.dumps([options.allow_growth, options.per_process_gpu_memory_fraction]))
"""),
    "own session": (part(0.25), {}, """\
tf1 = tf.compat.v1
config = tf1.ConfigProto(gpu_options=tf1.GPUOptions(per_process_gpu_memory_fraction=0.75))
with tf1.Session(graph=tf1.Graph(), config=config) as session:
    options = session._config.gpu_options
print(json.dumps([options.allow_growth, options.per_process_gpu_memory_fraction]))
"""),
    "refused": (part(0.4), {}, """\
def refuse(device, limits):
    raise RuntimeError('too late')
own.set_logical_device_configuration = refuse
try:
    tf.ones(3)
except Exception:
    pass
print('on')
"""),
}  # fmt: skip


@pytest.fixture(scope="module")
def of_tensorflow(tmp_path_factory):
    return fork_all(tmp_path_factory.mktemp("tf"), TWO_GPUS_OF_TENSORFLOW, OF_TENSORFLOW)


@pytest.mark.parametrize(
    ("case", "printed", "words"),
    [
        ("part", [[[4096], [8192]], False], "0.40 of the device"),
        ("script", [[[1000, 1000], [2048]], False], "2.15 GB of the device"),
        ("growing", [[[4096], [8192]], "true"], "0.40 of the device"),
        ("unlimited", [[], False], "taken as needed"),
        ("session", [True, 0.25], "0.25 of the device"),
        ("own session", [False, 0.75], "as the script says"),
    ],
)
def test_tensorflow_is_limited_when_it_makes_its_devices(of_tensorflow, case, printed, words):
    found = of_tensorflow[case]
    assert found.status == 0, found.err
    assert json.loads(found.out) == printed
    assert found.told == [f"GPU memory: {words} (tensorflow)"]


def test_tensorflow_goes_on_without_a_gpu(of_tensorflow):
    none = of_tensorflow["none"]
    assert (none.status, none.out, none.told) == (0, "3.0\n", [])


def test_a_limit_that_tensorflow_refuses_ends_the_run(of_tensorflow):
    refused = of_tensorflow["refused"]
    assert (refused.status, refused.out) == (1, "")
    assert "could not be limited: tensorflow says RuntimeError: too late" in refused.err


@pytest.mark.long
def test_tensorflow_is_limited_in_a_cold_start(lab):
    lab.write(f"{TWO_GPUS_OF_TENSORFLOW}{MAKE}")
    done = lab.attempt("auto", part(0.4))
    assert json.loads(done.stdout) == [[[4096], [8192]], False], done.stderr
    assert told(lab.root / "fold-0.autolog") == ["GPU memory: 0.40 of the device (tensorflow)"]


def test_broken_settings_end_the_run_before_it_takes_what_it_likes(lab):
    lab.write("value = 3\n", "torch.py")
    lab.write("import torch\nprint('on')\n")
    done = lab.attempt(None, {"part": 0.4})
    assert (done.returncode, done.stdout) == (1, "")
    assert "hprun: the GPU memory of this run could not be limited: torch" in done.stderr


JAX = """\
import os
def backends():
    names = ("XLA_PYTHON_CLIENT_MEM_FRACTION", "XLA_CLIENT_MEM_FRACTION")
    print([os.environ.get(name) for name in names])
    return {"cpu": 1, "cuda": 2} if "GPU" in os.environ else {"cpu": 1}
"""
OURS = {"XLA_PYTHON_CLIENT_MEM_FRACTION": "0.4000"}


@pytest.mark.parametrize(
    ("code", "variables", "out", "words"),
    [
        ("", {**OURS, "GPU": "1"}, ["0.4000", None], ["0.40 of the device (jax)"]),
        ("", OURS, ["0.4000", None], []),
        ("os.environ['XLA_CLIENT_MEM_FRACTION'] = '0.9'", {**OURS, "GPU": "1"}, [None, "0.9"],
         ["as its environment says (jax)"]),
    ],
)  # fmt: skip
def test_jax_never_finds_both_its_names(lab, code, variables, out, words):
    (lab.folder / "jax" / "_src").mkdir(parents=True)
    lab.write("", "jax/__init__.py")
    lab.write(JAX, "jax/_src/xla_bridge.py")
    lab.write(
        f"import os, jax\n{code}\nfrom jax._src import xla_bridge as bridge\n"
        "bridge.backends()\nassert bridge.backends.__name__ == 'backends'\n"
    )
    done = lab.attempt(None, {**part(0.4), "jax": "0.4000"}, **variables)
    assert (done.returncode, done.stdout) == (0, f"{out}\n"), done.stderr
    assert told(lab.root / "fold-0.autolog") == [f"GPU memory: {text}" for text in words]


def test_an_allocator_of_jax_that_knows_no_limit_ends_the_run(lab):
    (lab.folder / "jax" / "_src").mkdir(parents=True)
    lab.write("", "jax/__init__.py")
    lab.write(JAX, "jax/_src/xla_bridge.py")
    lab.write("import jax\nfrom jax._src import xla_bridge\nxla_bridge.backends()\n")
    own = {**OURS, "GPU": "1", "XLA_PYTHON_CLIENT_ALLOCATOR": "platform"}
    done = lab.attempt(None, {**part(0.4), "jax": "0.4000"}, **own)
    assert done.returncode == 1
    assert "jax says ValueError: XLA_PYTHON_CLIENT_ALLOCATOR=platform" in done.stderr


def test_without_a_limit_an_unknown_framework_is_left_alone(lab):
    lab.write("value = 3\n", "jax.py")
    lab.write("import jax\nprint(jax.value)\n")
    done = lab.attempt(None, {"grows": True})
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")
