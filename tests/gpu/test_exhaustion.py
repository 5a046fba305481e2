"""What frameworks, Python and the kernel say when memory runs out, as they said it."""

import pytest

from hprun.gpu.exhaustion import exhaustion

TRACE = 'Traceback (most recent call last):\n  File "train.py", line 9, in <module>\n    fit()\n'

TORCH = TRACE + (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total"
    " capacity of 14.58 GiB of which 1.23 GiB is free. Process 4242 has 13.35 GiB memory in use."
)
TORCH_1 = TRACE + (
    "RuntimeError: CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 7.79 GiB total capacity;"
    " 6.20 GiB already allocated; 15.06 MiB free; 6.24 GiB reserved in total by PyTorch)"
)
TORCH_2 = TRACE + (
    "RuntimeError: CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at"
    " some other API call, so the stacktrace below might be incorrect."
)
KERAS = TRACE + (
    "tensorflow.python.framework.errors_impl.ResourceExhaustedError: Graph execution error:\n\n"
    "Detected at node 'model/conv2d/Conv2D' defined at (most recent call last):\n"
    "OOM when allocating tensor with shape[256,512,512,64] and type float on"
    " /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc\n"
    "Hint: If you want to see a list of allocated tensors when OOM happens, add"
    " report_tensor_allocations_upon_oom to RunOptions for current allocation info."
)
KERAS_CPU = TRACE + (
    "tensorflow.python.framework.errors_impl.ResourceExhaustedError: {{function_node __wrapped__Fill}}"
    " OOM when allocating tensor with shape[1000000,1000000] and type float on"
    " /job:localhost/replica:0/task:0/device:CPU:0 by allocator cpu [Op:Fill]"
)
JAX = TRACE + (
    "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to"
    " allocate 68719476736 bytes."
)
ABORTED = (
    "2026-01-01 10:00:00.1: E external/local_xla/xla/stream_executor/cuda/cuda_driver.cc:1000] failed"
    " to alloc 2147483648 bytes on host: CUDA_ERROR_OUT_OF_MEMORY: out of memory\nAborted\n"
)
TORCH_CPU = TRACE + (
    "RuntimeError: [enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate"
    " memory: you tried to allocate 400000000000 bytes. Error code 12 (Cannot allocate memory)"
)
NUMPY = TRACE + (
    "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 745. GiB for an array with shape"
    " (100000000000,) and data type float64"
)
PYTHON = TRACE + "MemoryError\n"
HARMLESS = (
    "W bfc_allocator.cc:300] Allocator (GPU_0_bfc) ran out of memory trying to allocate 2.0GiB with"
    " freed_by_count=0. The caller indicates that this is not a failure"
)
LOADER = TRACE + (
    "RuntimeError: DataLoader worker (pid 4242) is killed by signal: Killed. \n\n"
    "The above exception was the direct cause of the following exception:\n\n"
    f"{TRACE}RuntimeError: DataLoader worker (pid(s) 4242) exited unexpectedly"
)


@pytest.mark.parametrize(
    ("tail", "says", "host"),
    [
        (TORCH, "torch", False), (TORCH_1, "torch", False), (TORCH_2, "torch", False),
        (KERAS, "TensorFlow ran out of GPU", False), (KERAS_CPU, "TensorFlow", True),
        (JAX, "XLA", False), (ABORTED, "CUDA", False), (TORCH_CPU, "machine's", True),
        (NUMPY, "machine's", True), (PYTHON, "machine's", True),
    ],
)  # fmt: skip
def test_what_a_failed_run_says_last_tells_that_memory_ran_out(tail, says, host):
    found = exhaustion(f"epoch 1\n{tail}", 1, kernel_killed=False)
    assert says in found.why
    assert found.host == host
    assert exhaustion(tail, 0, kernel_killed=False) is None, "it completed all the same"


def test_what_was_caught_before_another_error_does_not_count():
    other = "KeyError: 'loss'\n"
    assert exhaustion(f"{TORCH}\nhalving the batch\n{TRACE}{other}", 1, kernel_killed=False) is None
    while_handling = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
    chained = f"{TORCH}{while_handling}{TRACE}{other}"
    assert exhaustion(chained, 1, kernel_killed=False).why == "torch ran out of GPU memory"


@pytest.mark.parametrize(
    "tail",
    [
        "", f"{TRACE}ValueError: memory", f"{TRACE}KeyError: 'out of memory'",
        f"{TRACE}grpc.RpcError: StatusCode.RESOURCE_EXHAUSTED: quota of requests is used up",
        HARMLESS,
    ],
)  # fmt: skip
def test_other_failures_are_others(tail):
    assert exhaustion(tail, 1, kernel_killed=False) is None


def test_sigkill_is_the_kernels_only_where_the_kernel_says_so():
    assert exhaustion("epoch 1\n", 137, kernel_killed=False) is None
    assert exhaustion(TORCH, 137, kernel_killed=False) is None
    assert exhaustion("epoch 1\n", 137, kernel_killed=True).host
    assert exhaustion(LOADER, 1, kernel_killed=True).host
    assert exhaustion(LOADER, 1, kernel_killed=False) is None
    assert exhaustion(f"{TRACE}ValueError", 1, kernel_killed=True) is None
