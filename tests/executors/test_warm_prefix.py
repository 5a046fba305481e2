"""Statements that run once for all attempts: each attempt is as if it had run them itself."""

import sys

import pytest

from hprun.executors.warm import CannotFork, Ready, Refused, SharedPrefix
from hprun.script.preloading import Import, Preload

CODE = '''\
"""Words."""
from __future__ import annotations
import random

print("shared out")

def slow(x: Undefined):
    return 1 / x

class Thing:
    def fail(self):
        raise ValueError("thing")

DATA = [slow(1)]; MORE = 2
lr = 0.1
print(__doc__, DATA, MORE, lr, slow.__code__.co_filename == __file__, __annotations__)
assert Thing.__module__ == "__main__"
try:
    Thing().fail()
except ValueError:
    import traceback
    traceback.print_exc()
slow(0)
'''


@pytest.fixture
def start(lab):
    def begin(code, shared, *modules, ready=True, **more):
        script = lab.root / "rendered.py"
        script.write_text(code)
        prefix = SharedPrefix(script, lab.root, ["train.py"], shared)
        plan = Preload(tuple(Import(name) for name in modules))
        return lab.server(plan=plan, prefix=prefix, ready=ready, **more)

    return begin


@pytest.mark.parametrize("unbuffered", ["1", ""])
def test_an_attempt_is_as_if_it_had_run_all_itself(lab, start, unbuffered):
    lab.env["PYTHONUNBUFFERED"] = unbuffered
    server = start(CODE, [0, 1, 2, 3, 4, 5, 6, 7])
    cold = lab.cold(CODE)
    assert "ZeroDivisionError" in cold.log
    assert cold.log.count("shared out") == 1
    for _ in range(2):
        assert lab.warm(server, CODE) == cold
    other = CODE.replace("lr = 0.1", "lr = 0.5")
    assert lab.warm(server, other) == lab.cold(other)


def test_what_runs_once_runs_once(lab, start):
    code = "with open('count', 'a') as f:\n    _ = f.write('x')\nprint(1)\n"
    server = start(code, [0])
    for _ in range(3):
        assert lab.warm(server, code).log == "1\n"
    assert (lab.root / "count").read_text() == "x"


def test_a_copy_that_differs_in_a_shared_statement_is_started_cold(lab, start):
    server = start("a = 1\nb = 2\nprint(a, b)\n", [0])
    assert lab.warm(server, "a = 1\nb = 3\nprint(a, b)\n").log == "1 3\n"
    for other in ("a = 2\nb = 2\nprint(a, b)\n", "a = 1\nprint(1)\n", "a = \n"):
        lab.write(other)
        with pytest.raises(CannotFork, match="others in its copy"):
            lab.fork(server)
    assert isinstance(server.state, Ready)


def test_statements_that_share_a_line_with_others_are_not_cut(lab, start):
    code = "a = 1; b = 2\nprint(a, b)\n"
    server = start(code, [0])
    lab.write(code)
    with pytest.raises(CannotFork, match="shares a line"):
        lab.fork(server)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_lines_and_letters_stay_where_they_are(lab, start, encoding):
    text = f"# -*- coding: {encoding} -*-\r\na = [\r\n  'ü',\r\n]\r\nb = 'ä'\r\nprint(ascii(a), ascii(b))\r\n1/0 # é\r\n"
    data = text.encode(encoding)
    script = lab.root / "rendered.py"
    script.write_bytes(data)
    prefix = SharedPrefix(script, lab.root, ["train.py"], [0])
    server = lab.server(prefix=prefix)
    (lab.paths.folder / "train.py").write_bytes(data)
    cold = lab.cold(None)
    assert "line 7" in cold.log
    assert lab.warm(server, None) == cold


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import json\njson.loads('')\n", "line 2 raises JSONDecodeError"),
        ("import sys\nsys.exit(1)\n", "line 2 raises SystemExit"),
        ("import random\nx = random.random()\n", "line 2 draws random numbers from random"),
        ("import random\nrandom.seed(None)\nx = 1\n", "draws random numbers from random"),
        ("import numpy\nx = numpy.random.rand()\n", "line 2 draws random numbers from numpy"),
        ("import numpy as np\nx = np.random.rand()\nnp.random.seed(0)\n", "line 2 draws"),
        ("f = open('/etc/passwd')\n", "leave /etc/passwd open"),
        (
            "import threading, time\nthreading.Thread(None, time.sleep, '', (9,)).start()\n",
            "leave a thread running",
        ),
        ("import subprocess\np = subprocess.Popen(['sleep', '9'])\n", "start a process"),
    ],
)
def test_what_cannot_run_once_is_refused(lab, start, code, why):
    server = start(code, list(range(code.count("\n"))), "random", "numpy", ready=False)
    assert isinstance(server.state, Refused)
    assert why in server.state.why


def test_a_seed_in_the_shared_part_holds_for_what_follows(lab, start):
    code = """\
import random
import numpy as np
random.seed(1)
np.random.seed(2)
a = random.random(), np.random.rand()
print(a, random.random(), np.random.rand())
"""
    server = start(code, [0, 1, 2, 3, 4], "random", "numpy")
    cold = lab.cold(code)
    assert lab.warm(server, code) == cold
    assert lab.warm(server, code) == cold


def test_without_a_seed_attempts_differ(lab, start):
    code = "import random\nimport numpy as np\nx = 1\nprint(random.random(), np.random.rand())\n"
    server = start(code, [0, 1, 2], "random", "numpy")
    rows = {lab.warm(server, code).log for _ in range(3)}
    assert len(rows) == 3


def test_what_the_shared_part_made_is_finalised(lab, start):
    code = """\
class A:
    def __del__(self):
        print("gone")
a = A()
print("end")
"""
    server = start(code, [0, 1])
    assert lab.warm(server, code) == lab.cold(code)
    assert "gone" in lab.end().log
    assert sys.executable in server.setting.python
