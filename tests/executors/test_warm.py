"""The server of warm starts: what it refuses, and what its death does to nobody."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from hprun.executors import LocalExecutor, warm
from hprun.executors.warm import CannotFork, Dead, Ready, Refused, Starting, why_never
from hprun.files import is_locked
from hprun.model import Alive, Exited, Gone
from hprun.script.preloading import Import, Preload, Try

WAITS = """
    import time
    print("ready", flush=True)
    time.sleep(600)
"""


def _until_written(path):
    while not path.exists() or not path.read_text().endswith("\n"):
        time.sleep(0.005)
    return path.read_text()


def _until(look, wanted):
    while not isinstance(life := look(), wanted):
        time.sleep(0.005)
    return life


def _wait_for(pid):
    import select

    pidfd = os.pidfd_open(pid)
    select.select([pidfd], [], [])
    os.close(pidfd)


def _gone(pid):
    """Whether a process is no more, or nobody has waited for it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def modules(lab, monkeypatch):
    """A folder of installed modules, as far as the server can see: the path of its Python."""
    site = lab.root / "installed"
    site.mkdir()
    hook = f"import site; site.getsitepackages = lambda old=site.getsitepackages: [*old(), {str(site)!r}]"
    user = lab.root / "user"
    user.mkdir()
    (user / "usercustomize.py").write_text(hook)
    (user / "sitecustomize.py").write_text(hook)
    lab.env["PYTHONPATH"] = f"{user}{os.pathsep}{site}"

    def write(name, code):
        (site / f"{name}.py").write_text(textwrap.dedent(code))
        return name

    return write


def test_this_machine_can_start_warm():
    assert why_never() is None


def test_a_server_says_what_its_imports_took(lab):
    state = lab.server("json", "decimal").state
    assert isinstance(state, Ready)
    assert state.seconds > 0
    assert state.kilobytes > 1000
    assert state.modules > 3
    assert state.failed == ""


def test_another_coordinator_finds_a_fork_and_sees_it_end(lab):
    server = lab.server()
    lab.write(WAITS)
    pid = lab.fork(server)
    _until_written(lab.paths.log)
    other = LocalExecutor()
    assert isinstance(other.look(1, 1, lab.paths), Alive)
    assert int(lab.paths.lock.read_text()) == pid
    other.signal(lab.paths, signal.SIGTERM)
    life = _until(lambda: other.look(1, 1, lab.paths), Exited)
    assert (life.status, life.told) == (143, True)
    assert server.bury(pid) == 143
    assert not is_locked(lab.paths.lock)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_the_record_says_whether_the_script_was_told_to_end(lab, number):
    server = lab.server()
    lab.write(f"""
        import signal, sys, time
        signal.signal({int(number)}, lambda *_: sys.exit(0))
        print("ready", flush=True)
        time.sleep(600)
    """)
    pid = lab.fork(server)
    _until_written(lab.paths.log)
    os.killpg(pid, number)
    _wait_for(pid)
    assert server.status(pid) == 0
    assert lab.paths.exit_record.read_text() == "1 0 1\n"
    lab.paths.exit_record.unlink()
    assert server.bury(pid) == 0
    assert lab.warm(server, "print(1)").told is False


def test_a_signal_right_at_the_start_is_not_lost(lab):
    server = lab.server()
    lab.write(WAITS)
    for _ in range(20):
        lab.paths.exit_record.unlink(missing_ok=True)
        pid = lab.fork(server)
        while os.getpgid(pid) != pid:
            pass
        os.killpg(pid, signal.SIGTERM)
        _wait_for(pid)
        assert server.bury(pid) == 143
        assert lab.paths.exit_record.read_text() == "1 143 1\n"


def test_what_a_fork_leaves_behind_is_ended(lab):
    executor = LocalExecutor()
    server = lab.server()
    code = """
        import subprocess, sys
        for more in (False, True):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                                     start_new_session=more)
            print(child.pid, flush=True)
    """
    end = lab.warm(server, code)
    assert end.status == 0
    executor.bury(1, 1, lab.paths)  # by the mark, as for any attempt
    assert all(_gone(int(pid)) for pid in end.log.split())


def test_the_number_of_a_keeper_is_kept_until_it_is_buried(lab):
    server = lab.server()
    lab.write("raise SystemExit(3)")
    pid = lab.fork(server)
    _wait_for(pid)
    assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert server.status(pid) == 3
    assert server.bury(pid) == 3
    assert not psutil.pid_exists(pid)
    assert server.bury(pid) is None
    assert server.status(pid) is None


def test_a_run_that_cannot_write_its_record_is_known_to_the_server(lab):
    lab.paths.exit_record.with_name(lab.paths.exit_record.name + ".new").mkdir()
    server = lab.server()
    lab.write("raise SystemExit(3)")
    pid = lab.fork(server)
    _wait_for(pid)
    assert server.bury(pid) == 3
    assert not lab.paths.exit_record.exists()


def test_runs_go_on_when_the_server_is_killed(lab):
    LocalExecutor()  # what dead parents leave comes to us
    server = lab.server()
    lab.write("""
        import os, time
        print("ready", flush=True)
        while not os.path.exists("go"):
            time.sleep(0.01)
        raise SystemExit(4)
    """)
    pid = lab.fork(server)
    _until_written(lab.paths.log)
    os.kill(server.pid, signal.SIGKILL)
    _until(server.advance, Dead)
    assert isinstance(LocalExecutor().look(1, 1, lab.paths), Alive)
    (lab.paths.folder / "go").touch()
    _wait_for(pid)
    assert server.status(pid) == 4
    assert server.bury(pid) == 4
    assert server.bury(pid) is None
    assert lab.paths.exit_record.read_text() == "1 4 0\n"


def test_runs_go_on_when_the_coordinator_hangs_up(lab):
    server = lab.server()
    lab.write("""
        import os, time
        print("ready", flush=True)
        while not os.path.exists("go"):
            time.sleep(0.01)
    """)
    pid = lab.fork(server)
    _until_written(lab.paths.log)
    server._socket.close()  # as when the coordinator is no more
    _wait_for(server.pid)
    assert isinstance(LocalExecutor().look(1, 1, lab.paths), Alive)
    (lab.paths.folder / "go").touch()
    _wait_for(pid)
    assert lab.paths.exit_record.read_text() == "1 0 0\n"


def test_a_killed_coordinator_takes_a_server_along_even_in_an_import(lab, modules):
    name = modules("slow", "import time; open('started', 'w').write('x\\n'); time.sleep(600)")
    code = f"""
        import os, sys, time
        from pathlib import Path
        from hprun.executors.warm import ForkServer, Setting
        from hprun.script.preloading import Import, Preload
        plan = Preload((Import({name!r}),))
        folder = Path({str(lab.root)!r})
        server = ForkServer(Setting(sys.executable, os.environ, plan, "x", folder), folder / "log")
        print(server.pid, flush=True)
        time.sleep(600)
    """
    here = {**lab.env, "PYTHONPATH": f"{lab.env['PYTHONPATH']}{os.pathsep}{Path.cwd()}"}
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True, env=here
    )
    pid = int(process.stdout.readline())
    _until_written(lab.root / "started")
    process.kill()
    process.wait()
    while not _gone(pid):
        time.sleep(0.005)


def test_closing_ends_the_server_at_once(lab):
    server = lab.server()
    server.close()
    assert isinstance(server.state, Dead)
    assert server.descriptor is None
    assert _gone(server.pid)
    server.close()


def test_an_import_that_raises_ends_the_list(lab, modules):
    broken = modules("broken", "1 / 0")
    server = lab.server(broken, "json")
    assert server.state.failed == "ZeroDivisionError: division by zero"
    code = "import sys; print('json' in sys.modules, 'broken' in sys.modules); import broken"
    end = lab.warm(server, code)
    assert end.log.startswith("False False\n")
    assert end == lab.cold(code)


def test_an_import_that_leaves_is_no_harm(lab, modules):
    name = modules("leaves", "raise SystemExit(1)")
    assert lab.server(name).state.failed == "SystemExit: 1"


def test_an_import_that_may_fail_has_its_other_way(lab):
    plan = Preload(
        (
            Try((Import("no_such_module"),), (Import("json"),)),
            Import("decimal"),
            Try((Import("no_such_module"),), None),
            Import("wave"),
        )
    )
    server = lab.server(plan=plan)
    assert "no_such_module" in server.state.failed
    code = "import sys; print([n in sys.modules for n in ('json', 'decimal', 'wave')])"
    assert lab.warm(server, code).log == "[True, True, False]\n"


REFUSALS = {
    "a thread": (
        "import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
        "leave a thread running",
    ),
    "a process": (
        "import subprocess; x = subprocess.Popen(['sleep', '600']); print('child', x.pid)",
        "start a process",
    ),
    "a file": ("f = open('/etc/passwd')", "leave /etc/passwd open"),
    "a socket": ("import socket; s = socket.socketpair()", "open"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_makes_a_fork_unsafe_is_refused(lab, modules, name):
    code, why = REFUSALS[name]
    server = lab.server(modules("unsafe", code), ready=False)
    assert isinstance(server.state, Refused)
    assert why in server.state.why
    with pytest.raises(CannotFork) as refusal:
        lab.fork(server)
    assert refusal.value.why == server.state.why
    assert _gone(server.pid)
    for word in lab.server_log().split("child ")[1:]:
        _until(lambda word=word: _gone(int(word)) or None, bool)


def test_a_module_that_is_not_installed_is_refused(lab):
    folder = lab.root / "elsewhere"
    folder.mkdir()
    (folder / "mine.py").write_text("")
    lab.env["PYTHONPATH"] = str(folder)
    server = lab.server("mine", ready=False)
    assert "not from where packages are installed" in server.state.why


def test_a_module_of_the_workspace_that_hides_a_loaded_one_is_refused(lab):
    server = lab.server("json", names=("json", "model"), ready=False)
    assert "json in your folder would hide" in server.state.why
    assert isinstance(lab.server("json", names=("model", "train")).state, Ready)


def test_a_python_that_is_not_there_is_dead(lab):
    setting = warm.Setting("/nowhere/python", lab.env, Preload(()), "x", lab.root)
    server = warm.ForkServer(setting, lab.root / "server.log")
    lab.servers.append(server)
    assert "ended" in _until(server.advance, Dead).why


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"NEW": "1"}, "another NEW"),
        ({"HOME": "/x"}, "another HOME"),
        ({"HPRUN_X": "1", "CUDA_VISIBLE_DEVICES": "1", "ROCR_VISIBLE_DEVICES": "0"}, None),
        ({"HPRUN_X": "y" * 40000}, "too long"),
    ],
)
def test_an_attempt_with_another_environment_is_started_cold(lab, more, why):
    server = lab.server()
    lab.write("print('fine')")
    if why is None:
        pid = lab.fork(server, **more)
        _wait_for(pid)
        assert server.bury(pid) == 0
    else:
        with pytest.raises(CannotFork, match=why):
            lab.fork(server, **more)
        assert not is_locked(lab.paths.lock)
    assert isinstance(server.state, Ready)


def test_arguments_that_are_too_long_are_started_cold(lab):
    server = lab.server()
    lab.write("print('fine')")
    with pytest.raises(CannotFork, match="too long"):
        lab.fork(server, "x" * 9000)
    end = lab.warm(server, None, "x" * 7000)
    assert end.log == "fine\n"


def test_where_there_can_be_no_more_processes_the_server_says_so(lab, modules):
    code = "import os\ndef full():\n    raise OSError(11, 'Try again')\nfork, calls = os.fork, []\n"
    code += "os.fork = lambda: full() if len(calls) == 1 else (calls.append(1), fork())[1]"
    server = lab.server(modules("crowded", code))
    lab.write("print('fine')")
    with pytest.raises(CannotFork, match="no more processes"):
        lab.fork(server)
    assert isinstance(server.state, Ready)


def test_a_script_that_is_not_there_is_started_cold(lab):
    server = lab.server()
    with pytest.raises(CannotFork, match="there is no"):
        lab.fork(server)


def test_imports_that_take_too_long_are_given_up(lab, modules, monkeypatch):
    monkeypatch.setattr(warm, "READY_S", 0.5)
    server = lab.server(modules("slow", "import time; time.sleep(600)"), ready=False)
    assert "0 seconds" in server.state.why
    assert _gone(server.pid)


def test_a_server_that_does_not_answer_is_dead_and_nothing_runs(lab, monkeypatch):
    server = lab.server()
    monkeypatch.setattr(warm, "ANSWER_S", 0.3)
    lab.write(WAITS)
    os.kill(server.pid, signal.SIGSTOP)
    with pytest.raises(CannotFork, match="did not answer"):
        lab.fork(server)
    assert isinstance(server.state, Dead)
    assert _gone(server.pid)
    assert not is_locked(lab.paths.lock)
    assert isinstance(LocalExecutor().look(1, 1, lab.paths), Gone)


def test_state_before_the_imports_are_done_is_starting(lab):
    setting = warm.Setting(sys.executable, lab.env, Preload(()), "x", lab.root)
    server = warm.ForkServer(setting, lab.root / "server.log")
    lab.servers.append(server)
    assert isinstance(server.state, Starting)
    assert server.patience_s > 1
    lab.write("print(1)")
    with pytest.raises(CannotFork):
        lab.fork(server)
    _until(server.advance, Ready)
    assert server.patience_s is None
    assert lab.warm(server, None).log == "1\n"


def test_a_hundred_forks_at_once_and_none_leaks_a_descriptor(lab):
    server = lab.server("json")
    before = len(list(Path("/proc/self/fd").iterdir()))
    code = "import os; print(sorted(os.listdir('/proc/self/fd')))"
    logs = {lab.warm(server, code).log for _ in range(100)}
    assert logs == {"['0', '1', '2', '3', '9']\n"}
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert len(list(Path(f"/proc/{server.pid}/fd").iterdir())) == 4
    assert psutil.Process(server.pid).children() == []


def test_a_second_attempt_adds_to_the_log(lab):
    server = lab.server()
    for number in ("1", "2"):
        lab.write(f"print({number})")
        pid = lab.fork(server)
        _wait_for(pid)
        server.bury(pid)
    assert lab.paths.log.read_text() == "1\n2\n"


def test_a_folder_with_an_unkind_name_is_no_trouble(tmp_path, request):
    conftest = sys.modules[type(request.getfixturevalue("lab")).__module__]
    lab = conftest.Lab(tmp_path / 'a\'; echo $HOME "x" \n # \udcff')
    server = lab.server()
    code = "import os; print(ascii(os.getcwd()), ascii(__file__)); 1/0"
    try:
        assert lab.warm(server, code) == lab.cold(code)
    finally:
        lab.close()
