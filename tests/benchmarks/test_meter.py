"""What the meter says of a command, beside what the command is known to do."""

import subprocess
import sys
import textwrap
import time
from pathlib import Path

from tests.benchmarks.measuring import Pace, Task, interleave, measure

_ROOT = Path(__file__).parents[2]
_LINE = "' ' * 24 + chr(10)"  # as long as what a trial leaves when it ends


def _measure(folder, code, **more):
    script = folder / "command.py"
    script.write_text(textwrap.dedent(code), "utf-8")
    output = str(folder / "said")
    return measure(Task([sys.executable, str(script)], str(folder), output=output, **more))


def test_cpu_of_a_grandchild_that_fled_counts_but_is_not_the_commands_own(tmp_path):
    code = """
        import subprocess, sys
        burn = "import time\\nwhile time.process_time() < 0.5: pass"
        child = f"import subprocess, sys; subprocess.call([sys.executable, '-c', {burn!r}])"
        subprocess.run([sys.executable, "-c", child], start_new_session=True)
    """
    figures = _measure(tmp_path, code)
    assert figures["status"] == 0
    assert figures["cpu_s"] >= 0.5
    assert figures["own_cpu_s"] < 0.4


def test_what_a_command_leaves_behind_is_counted_and_ended(tmp_path):
    code = """
        import subprocess
        child = subprocess.Popen(["sleep", "300"], start_new_session=True)
        print(child.pid, flush=True)
    """
    figures = _measure(tmp_path, code)
    assert figures["left"] == 1
    pid = int((tmp_path / "said").read_text("ascii"))
    assert not Path("/proc", str(pid)).exists()


def test_a_command_is_killed_in_the_middle_and_called_again(tmp_path):
    ended = tmp_path / "ended"
    code = f"""
        import os, time
        first = not os.path.exists("ended")
        for _ in range(4):
            with open("ended", "a") as ended:
                ended.write({_LINE})
        while first:
            time.sleep(0.01)
    """
    figures = _measure(tmp_path, code, ended=str(ended), kill_at=4)
    assert figures["status"] == -9
    assert figures["ended"] == 4
    assert figures["again"]["status"] == 0
    assert figures["again"]["ended"] == 4


def test_cpu_is_noted_at_marks_and_the_command_told_to_end_at_the_last(tmp_path):
    code = f"""
        import time
        for _ in range(10_000):
            with open("ended", "a") as ended:
                ended.write({_LINE})
            time.sleep(0.01)
    """
    figures = _measure(tmp_path, code, ended=str(tmp_path / "ended"), marks=(5, 25))
    assert figures["status"] == -15
    (first, cpu, at), (last, more_cpu, later) = figures["marks"]
    assert 5 <= first < 25 <= last
    assert cpu <= more_cpu
    assert later - at >= (last - first) * 0.01


def test_a_slow_thing_is_measured_less_often_but_as_often_as_is_asked():
    taken = {"quick": 1.0, "slow": 20.0, "slower": 100.0}
    paces = {
        "quick": Pace(least=1, most=5, seconds=30),
        "slow": Pace(least=1, most=5, seconds=30),
        "slower": Pace(least=2, most=5, seconds=30),
    }
    order = []

    def once(name):
        order.append(name)
        return {"seconds": taken[name]}

    figures = interleave(paces, once)
    assert {name: len(of_one) for name, of_one in figures.items()} == {
        "quick": 5,
        "slow": 1,
        "slower": 2,
    }
    assert order[:5] == ["quick", "slow", "slower", "quick", "slower"]


def test_what_it_measures_ends_with_the_benchmark(tmp_path):
    code = f"""
        from tests.benchmarks.measuring import Task, measure
        measure(Task(["sh", "-c", "echo $$ > pid; sleep 300"], {str(tmp_path)!r}))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    benchmark = subprocess.Popen(command, cwd=_ROOT)
    pid = _wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text("ascii"))
    benchmark.kill()
    benchmark.wait()
    _wait_for(lambda: not Path("/proc", pid.strip()).exists())


def _wait_for(something):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if found := something():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to that within a minute")
