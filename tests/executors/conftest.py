"""The same script started cold and as a fork, in the same folder, to be compared."""

import contextlib
import os
import select
import signal
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from hprun.executors import Launch, LocalExecutor
from hprun.executors.warm import Fork, ForkServer, Setting, Starting
from hprun.files import Lock
from hprun.model import Exited, Gone
from hprun.paths import RunPaths
from hprun.script.preloading import Import, Preload

SITE = Path(__file__).parents[2] / "hprun" / "autolog" / "site" / "sitecustomize.py"


@dataclass(frozen=True)
class End:
    """How an attempt ended and what it printed."""

    status: int | None
    told: bool | None
    log: str


def wait_for(pid):
    """Return when a process has ended; the test's own time limit is the bound."""
    pidfd = os.pidfd_open(pid)
    try:
        select.select([pidfd], [], [])
    finally:
        os.close(pidfd)


class Lab:
    """One run's folder; attempts in it, cold and warm."""

    def __init__(self, root, env=None):
        self.root = root
        self.paths = RunPaths(root / "fold-0")
        self.paths.folder.mkdir(parents=True)
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        self.env = {**os.environ, "PYTHONUNBUFFERED": "1", **quiet, **(env or {})}
        for name in ("PYTHONPATH", "PYTEST_CURRENT_TEST"):
            self.env.pop(name, None)
        self.servers = []
        self.waiting = {}

    def write(self, code, name="train.py"):
        path = self.paths.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(code), encoding="utf-8")
        return path

    def own_env(self, attempt=1, **more):
        lock = self.paths.lock.stat()
        mark = f"{lock.st_dev}:{lock.st_ino}:{attempt}:{self.paths.folder}"
        return {**self.env, **more, "HPRUN_ATTEMPT": str(attempt), "HPRUN_MARK": mark}

    def cold(self, code, *args, **more):
        """Start as an ordinary process and wait for its end."""
        self._clear(code)
        executor = LocalExecutor()
        lock = Lock(self.paths.lock)
        assert lock.acquire()
        command = [sys.executable, "train.py", *args]
        executor.start(Launch(1, 1, self.paths, command, {**self.env, **more}, lock))
        while not isinstance(life := executor.look(1, 1, self.paths), Exited | Gone):
            executor.wait(0.5)
        executor.bury(1, 1, self.paths)
        return self._end(life)

    def server(self, *modules, ready=True, **more):
        """A server that has imported these."""
        plan = more.pop("plan", Preload(tuple(Import(name) for name in modules)))
        more = {"names": (), "site": SITE, "script": "train.py", "folder": self.root} | more
        env = {**self.env, **more.pop("env", {})}
        setting = Setting(sys.executable, env, plan, **more)
        server = ForkServer(setting, self.root / "server.log")
        self.servers.append(server)
        while isinstance(server.advance(), Starting):
            select.select([server.descriptor], [], [], server.patience_s)
        if ready:
            assert type(server.state).__name__ == "Ready", (server.state, self.server_log())
        return server

    def server_log(self):
        return (self.root / "server.log").read_text()

    def fork(self, server, *args, env=None, attempt=1, **more):
        """Fork the script that is there; gives the keeper's number."""
        lock = Lock(self.paths.lock)
        assert lock.acquire()
        lock.write("")
        env = self.own_env(attempt, **more) if env is None else env
        try:
            with self.paths.log.open("ab", buffering=0) as log:
                return server.launch(
                    Fork(
                        [server.setting.python, "train.py", *args],
                        env,
                        self.paths.folder,
                        attempt,
                        self.paths.exit_record,
                        log.fileno(),
                        lock.descriptor,
                    )
                )
        finally:
            lock.release()

    def warm(self, server, code, *args, **more):
        """Fork and wait for the end."""
        self._clear(code)
        pid = self.fork(server, *args, **more)
        wait_for(pid)
        assert server.bury(pid) is not None
        return self.end()

    def end(self):
        return self._end(LocalExecutor().look(1, 1, self.paths))

    def _end(self, life):
        log = self.paths.log.read_bytes().decode()
        if isinstance(life, Gone):
            return End(None, None, log)
        return End(life.status, life.told, log)

    def _clear(self, code):
        if code is not None:
            self.write(code)
        self.paths.log.unlink(missing_ok=True)
        self.paths.exit_record.unlink(missing_ok=True)

    def close(self):
        for server in self.servers:
            server.close()
        with contextlib.suppress(OSError, ValueError):
            os.killpg(int(self.paths.lock.read_text()), signal.SIGKILL)


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path / "search")
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("shared") / "search")
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def plain_server(shared_lab):
    """A server that imported what many scripts import of the standard library."""
    return shared_lab.server(
        "logging", "random", "tempfile", "threading", "warnings", "argparse", "multiprocessing",
        "multiprocessing.pool", "concurrent.futures", "inspect", "pickle", "subprocess", "atexit",
    )  # fmt: skip
