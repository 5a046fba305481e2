"""What every test may count on: its own folder, its own environment, no cache but its own."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import hypothesis
import psutil
import pytest

ROOT = Path(__file__).parents[1]

# The same examples on every machine and day; `--hypothesis-profile=default` looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")

# What nohup or a shell's `&` leaves ignored would reach every process that the tests start.
for _number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(_number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    """No setting of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith("HPRUN_") or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)


class Answer:
    """What a command said and how it ended."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    def __repr__(self) -> str:
        return f"status {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"


class Project:
    """A folder with scripts, in which hprun is called as a user calls it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "hprun", *args]

    def hprun(self, *args: str, timeout: float = 120, **more) -> Answer:
        done = subprocess.run(
            self.command(*args),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
            **more,
        )
        return Answer(done)

    def start(self, *args: str, **more) -> subprocess.Popen:
        """In the background, in a session of its own, so that a test can signal it alone."""
        return subprocess.Popen(
            self.command(*args),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=more.pop("stdout", subprocess.DEVNULL),
            stderr=more.pop("stderr", subprocess.DEVNULL),
            start_new_session=True,
            **more,
        )

    def processes(self) -> list[psutil.Process]:
        """All processes that work in this project's cache."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                if process.cwd().startswith(str(self.cache)):
                    found.append(process)
        return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder)
