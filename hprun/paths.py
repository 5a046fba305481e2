"""Every path that hprun reads or writes, as one class each for the cache and for a run."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from hprun.dataclass import dataclass

_GITIGNORE = "# Written by hprun: what it keeps here is not for the repository.\n*\n"
_README = """\
Written by hprun (hyperparameter search).

hprun.db        the queue and the results
NAME-N/         one search: a folder per trial, in it a folder per run
snapshots/      the workspace as it was when a search began

This folder can be moved. `hprun du` says what takes the room, `hprun clean` makes room.
"""


@dataclass(frozen=True, slots=True)
class RunPaths:
    """The files of one run: its working folder, and beside it what hprun keeps about it."""

    folder: Path

    def _beside(self, ending: str) -> Path:
        return _beside(self.folder, ending)

    @property
    def log(self) -> Path:
        """What the script printed, over all attempts."""
        return self._beside(".log")

    @property
    def lock(self) -> Path:
        """Held while a process of the run lives; its text is the id of the process group."""
        return self._beside(".lock")

    @property
    def exit_record(self) -> Path:
        """`ATTEMPT STATUS TOLD`, written by rename when the script has ended."""
        return self._beside(".exit")

    @property
    def partial(self) -> Path:
        """What becomes the working folder once it holds the whole workspace."""
        return self._beside(".partial")

    @property
    def record(self) -> Path:
        """How the run ended and what its metric was, as JSON: the queue can be rebuilt from it."""
        return self._beside(".json")

    @property
    def checkpoint(self) -> Path:
        """Where trainings are saved that do not save themselves."""
        return self._beside(".checkpoint")

    @property
    def values(self) -> Path:
        """The trial's values, for people."""
        return self.folder.with_name("values.json")


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder that holds everything; nothing in it says where it is."""

    root: Path

    @property
    def database(self) -> Path:
        """The one place of truth."""
        return self.root / "hprun.db"

    @property
    def snapshots(self) -> Path:
        """Frozen workspaces, by digest."""
        return self.root / "snapshots"

    def search(self, name: str) -> Path:
        """The folder of a search."""
        return self.root / name

    def search_lock(self, name: str) -> Path:
        """Held by the coordinator of a search; its text is the coordinator's process id."""
        return self.root / name / "lock"

    def search_record(self, name: str) -> Path:
        """What a search asks, as JSON: the queue can be rebuilt from it."""
        return self.root / name / "search.json"

    def run(self, folder: str) -> RunPaths:
        """The files of the run whose folder, relative to the cache, is `folder`."""
        return _run_paths(self.root, folder)

    def create(self) -> None:
        """Make the folder, and keep it out of git unless it has its own rules. Raises OSError."""
        self.root.mkdir(parents=True, exist_ok=True)
        for name, text in ((".gitignore", _GITIGNORE), ("README.md", _README)):
            path = self.root / name
            if not path.exists():
                path.write_text(text, encoding="utf-8")


@lru_cache(maxsize=2048)  # eight files of each run
def _beside(folder: Path, ending: str) -> Path:
    return Path(f"{folder}{ending}")


@lru_cache(maxsize=256)  # the loop asks for those of active runs again and again
def _run_paths(root: Path, folder: str) -> RunPaths:
    return RunPaths(root / folder)
