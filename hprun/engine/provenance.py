"""Where the results of a search come from: commit and changes, packages, machine.

All of it is gathered by a process of its own, which is as nice as can be, so that no search starts
later for it. Of the environment nothing is written down.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import hprun
from hprun.files import Lock, is_locked
from hprun.identity import digest_files
from hprun.paths import Cache

MAX_DIFF = 1_000_000  # bytes
_MAX_UNTRACKED = 100  # names
_NVIDIA = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/dxg")
_PATIENCE_S = 60.0  # for git, or for a Python that does not answer
_WAIT_S = 5.0
_START = (
    "import sys; sys.path[:] = [p for p in sys.path if p];"
    " sys.argv[1] in sys.path or sys.path.insert(0, sys.argv[1]);"
    " from hprun.engine.provenance import main; main(sys.argv[2])"
)
# What the script's Python has, by the names of folders: nothing is imported, and no file of the
# user's can stand in a module's way. Old Pythons understand it too.
_PACKAGES = """\
import sys
sys.path[:] = [p for p in sys.path if p]
import json, os
found = {}
for folder in sys.path:
    try:
        names = os.listdir(folder)
    except OSError:
        continue
    for name in sorted(names):
        stem, end = os.path.splitext(name)
        if end in (".dist-info", ".egg-info") and "-" in stem:
            package, version = stem.split("-")[:2]
            found.setdefault(package, version)
print(json.dumps([".".join(map(str, sys.version_info[:3])), found]))
"""


def record(cache: Cache, search: str, workspace: Path, interpreter: str) -> None:
    """Have it written down what this call of a search works with; returns at once.

    Does nothing where that is not possible: a search needs no provenance.
    """
    paths = ProvenancePaths(cache.search(search))
    order = {
        "folder": str(paths.folder),
        "workspace": str(workspace),
        "interpreter": interpreter,
        "argv": ["hprun", *sys.argv[1:]],
    }
    command = [
        sys.executable,
        "-c",
        _START,
        str(Path(hprun.__file__).parents[1]),
        json.dumps(order),
    ]
    lock = Lock(paths.lock)
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        if not lock.acquire():
            return  # an earlier call's is still at work
        with lock:
            # The shell ends at once, and its child is nobody's: no search has to reap it. The
            # lock's descriptor says until when it is at work.
            subprocess.run(
                ["/bin/sh", "-c", 'exec 9<&0; "$@" >/dev/null 2>&1 &', "hprun", *command],
                stdin=lock.descriptor,
                cwd="/",
                start_new_session=True,
                check=True,
            )


class ProvenancePaths:
    """The files of a search's provenance, in the search's `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def calls(self) -> Path:
        """A line of JSON for each call that ran something."""
        return self.folder / "provenance.jsonl"

    @property
    def lock(self) -> Path:
        """Held while a line is being gathered."""
        return self.folder / "provenance.lock"

    def diff(self, name: str) -> Path:
        """What was changed and not committed."""
        return self.folder / name


def calls(cache: Cache, search: str) -> list[dict[str, Any]]:
    """What was written down of the calls of a search, oldest first; waits while one is gathered."""
    paths = ProvenancePaths(cache.search(search))
    until = time.monotonic() + _WAIT_S
    while is_locked(paths.lock) and time.monotonic() < until:
        time.sleep(0.02)
    found = []
    with contextlib.suppress(OSError):
        for line in paths.calls.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):  # the disk was full
                found.append(json.loads(line))
    return found


def main(order: str) -> None:
    """Gather what `record` ordered, and add it to the file."""
    os.nice(19)
    asked: Mapping[str, Any] = json.loads(order)
    paths = ProvenancePaths(Path(asked["folder"]))
    call = gather(paths, Path(asked["workspace"]), asked["interpreter"], asked["argv"])
    with paths.calls.open("a", encoding="utf-8") as file:
        file.write(json.dumps(call) + "\n")


def gather(
    paths: ProvenancePaths, workspace: Path, interpreter: str, argv: Sequence[str]
) -> dict[str, Any]:
    """All that is known of one call; what cannot be had is None or empty."""
    import platform
    import socket

    python, packages = _python(interpreter, workspace)
    return {
        "at": time.time(),
        "argv": list(argv),
        "hprun": hprun.__version__,
        "python": python,
        "packages": packages,
        "host": socket.gethostname(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        **_gpus(),
        "git": _git(paths, workspace),
    }


def _python(interpreter: str, workspace: Path) -> tuple[str | None, dict[str, str]]:
    """The version of the script's Python, and of what is installed for it, by name."""
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        answer = subprocess.run(
            [interpreter, "-c", _PACKAGES], cwd=workspace, capture_output=True, check=True,
            stdin=subprocess.DEVNULL, timeout=_PATIENCE_S,
        )  # fmt: skip
        version, packages = json.loads(answer.stdout)
        return str(version), dict(packages)
    return None, {}


def _gpus() -> dict[str, Any]:
    if not any(Path(place).exists() for place in _NVIDIA):  # importing the library takes a while
        return {"gpus": [], "driver": ""}
    from hprun.gpu.probing import Probe, visible

    probe = Probe()
    try:
        devices = visible(probe.devices(), os.environ.get("CUDA_VISIBLE_DEVICES"))
        return {"gpus": [device.name for device in devices], "driver": probe.driver()}
    finally:
        probe.close()


def _git(paths: ProvenancePaths, workspace: Path) -> dict[str, Any] | None:
    """Commit, branch and what is not committed below the workspace; None where git has no say."""
    if not any((folder / ".git").exists() for folder in (workspace, *workspace.parents)):
        return None
    top = _asked(workspace, "rev-parse", "--show-toplevel")
    if top is None:
        return None
    commit = _asked(workspace, "rev-parse", "--verify", "HEAD")
    named = _asked(workspace, "ls-files", "--others", "--exclude-standard")
    untracked = (named or b"").decode(errors="replace").splitlines()
    changes = _changes(workspace) if commit else b""
    cut = len(changes) > MAX_DIFF
    changes = changes[:MAX_DIFF]
    name = ""
    if changes:
        name = f"changes-{digest_files({'': changes})[:12]}.diff"
        with contextlib.suppress(OSError):
            paths.diff(name).write_bytes(changes)
    return {
        "commit": commit.decode().strip() if commit else None,
        "branch": (_asked(workspace, "symbolic-ref", "--short", "HEAD") or b"").decode().strip(),
        "changes": name or None,
        "cut": cut,
        "untracked": untracked[:_MAX_UNTRACKED],
    }


def _changes(workspace: Path) -> bytes:
    """The diff to the last commit, one byte longer than it may be if it is; no program of the
    user's is called for it.
    """
    command = _command(
        workspace, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv", "--binary",
        "--", ".",
    )  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        found = process.stdout.read(MAX_DIFF + 1)
        process.kill()
    return found


def _asked(workspace: Path, *words: str) -> bytes | None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        answer = subprocess.run(
            _command(workspace, *words), capture_output=True, check=True,
            stdin=subprocess.DEVNULL, timeout=_PATIENCE_S,
        )  # fmt: skip
        return answer.stdout
    return None


def _command(workspace: Path, *words: str) -> list[str]:
    return ["git", "--no-optional-locks", "-C", str(workspace), *words]
