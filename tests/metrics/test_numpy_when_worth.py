from __future__ import annotations

import subprocess
import sys

import pytest


def answer(code: str, **environment: str) -> str:
    """What a Python that has imported nothing prints."""
    head = "import os, sys; from hprun.metrics.numpy_when_worth import numpy_when_worth as ask\n"
    done = subprocess.run(
        [sys.executable, "-c", head + code],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_little_is_read_without_numpy_and_much_with_it():
    assert answer("print(ask(1 << 19, 1 << 19), 'numpy' in sys.modules)") == "None False"
    assert answer("print(ask(1 << 19, 1 << 21).__name__)") == "numpy"


def test_many_small_files_are_much_too():
    code = "found = [ask(1 << 16, 1 << 16) for _ in range(40)]\n"
    code += "print([one is None for one in found].count(True), found[-1].__name__)"
    assert answer(code) == "31 numpy"


def test_a_few_records_are_read_without_it_though_it_is_there():
    assert answer("import numpy; print(ask(1000, 1000), ask(1 << 19, 1 << 19).__name__)") == (
        "None numpy"
    )


def test_without_numpy_all_is_read_all_the_same():
    assert answer("sys.modules['numpy'] = None; print(ask(1 << 22, 1 << 22))") == "None"


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_it_starts_no_threads_and_leaves_the_environment_as_it_was():
    code = "before = dict(os.environ); ask(1 << 22, 1 << 22)\n"
    code += "import subprocess\n"
    code += "seen = subprocess.run(['printenv', 'OPENBLAS_NUM_THREADS'], capture_output=True)\n"
    code += "print(len(os.listdir('/proc/self/task')), dict(os.environ) == before, seen.stdout)"
    assert answer(code, PATH="/usr/bin:/bin") == "1 True b''"
    assert answer(code, PATH="/usr/bin:/bin", OPENBLAS_NUM_THREADS="1").endswith(r"b'1\n'")
