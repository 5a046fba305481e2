"""A run's folder, in which a script is started as hprun starts it, as often as one likes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hprun.autolog import environment, read_record, record_path


class Lab:
    """The place of one run: `fold-0` to work in, beside it what is kept about it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "fold-0"
        self.checkpoints = root / "fold-0.checkpoint"
        self.folder.mkdir(parents=True, exist_ok=True)

    def write(self, text: str, name: str = "script.py") -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def plain(self, **variables: str) -> subprocess.CompletedProcess:
        """Run the script as if there were no hprun."""
        return self._start({}, variables)

    def attempt(self, every="auto", limits=None, **variables: str) -> subprocess.CompletedProcess:
        """Run the script as one attempt."""
        base = {**os.environ, **variables}
        return self._start(environment(self.checkpoints, every, base, limits), variables)

    def _start(self, added: dict, variables: dict) -> subprocess.CompletedProcess:
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        return subprocess.run(
            [sys.executable, "script.py"],
            cwd=self.folder,
            env={**os.environ, **quiet, **variables, **added},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def copy(self, root: Path) -> "Lab":
        """The same run, to try something else with."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return Lab(root)

    @property
    def result(self) -> dict:
        """What the script wrote down at its end."""
        return json.loads((self.folder / "result.json").read_text(encoding="utf-8"))

    @property
    def record(self):
        return read_record(record_path(self.checkpoints))

    def events(self, kind: str) -> list[dict]:
        """The lines of one kind in the record."""
        rows = map(json.loads, record_path(self.checkpoints).read_text().splitlines())
        return [row for row in rows if row["event"] == kind]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "run")


@pytest.fixture(scope="module")
def module_lab(tmp_path_factory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"))
