"""What a server of warm starts is told: what it is for, and which attempts to fork."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hprun.dataclass import dataclass
from hprun.script.preloading import Import, Preload, SetEnv, Step, Try

_OWN = (
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "PWD",
)
_SETTINGS = "HPRUN_AUTOLOG"
_LIMITS = "HPRUN_GPU_LIMITS"
MARK = "HPRUN_MARK"
"""The variable by which the processes of an attempt are known."""


class CannotFork(Exception):  # noqa: N818 - not an error: the attempt is started cold
    """Why this attempt is to be started cold; it was not started, and nothing of it is left."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class SharedPrefix:
    """Top-level statements to run once: those of `script` at the indices `shared`.

    Those of them in `again` every attempt runs once more, for what it does not inherit.

    `folder` is where they run, `argv` what they find as `sys.argv`.
    """

    script: Path
    folder: Path
    argv: Sequence[str]
    shared: Sequence[int]
    again: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Fork:
    """An attempt to fork; `log` and `lock` are open descriptors that stay the caller's.

    `command` is the interpreter, the script and its arguments; the script is relative to
    `folder` or absolute. `record` is where the exit record goes.
    """

    command: Sequence[str]
    env: Mapping[str, str]
    folder: Path
    attempt: int
    record: Path
    log: int
    lock: int


@dataclass(frozen=True, slots=True)
class Setting:
    """What a server is started for; a fork for anything else is refused.

    `env` is what all attempts share, without what looks after trainings (`site`, the path of
    the file that does so). `names` are the modules of the workspace that the script could
    import, `folder` is where the imports run.
    """

    python: str
    env: Mapping[str, str]
    plan: Preload
    script: str
    folder: Path
    names: Iterable[str] = ()
    site: Path | None = None
    prefix: SharedPrefix | None = None


def fork_request(fork: Fork, setting: Setting, common: Mapping[str, str]) -> dict[str, Any]:
    """The message for an attempt, where `common` is what all have in their environment.

    Raises CannotFork for one that is not what the server is for.
    """
    command = [str(word) for word in fork.command]
    if command[:1] != [setting.python] or command[1:2] in ([], ["-"]):
        raise CannotFork("it is not started as the others are")
    if command[1].startswith("-"):
        raise CannotFork("Python is given options")
    env = dict(fork.env)
    settings, limits = env.pop(_SETTINGS, ""), env.pop(_LIMITS, "")
    if setting.site is not None:
        _without_entry(env, str(setting.site.parent))
    folder = os.path.realpath(fork.folder)
    own = {name: value for name, value in env.items() if _is_own(name)}
    own["PWD"] = folder  # the shell of a cold start sees to that
    if len(common) + len(own) != len(env.keys() | own.keys()) or not common.items() <= env.items():
        names = common.keys() | env.keys() - own.keys()
        other = next(name for name in sorted(names) if common.get(name) != env.get(name))
        raise CannotFork(f"its environment has another {other}")
    return {
        "do": "start",
        "command": command,
        "keeper": [setting.python, "hprun", str(fork.attempt), str(fork.record)],
        "own": list(own.items()),
        "settings": settings,
        "limits": limits,
        "folder": folder,
        "attempt": fork.attempt,
        "record": str(fork.record),
    }


def shared_env(env: Mapping[str, str]) -> dict[str, str]:
    """What of an environment the server gets: all but what belongs to single attempts."""
    return {name: value for name, value in env.items() if not name.startswith("HPRUN_")}


def common_env(env: Mapping[str, str]) -> dict[str, str]:
    """What of an environment all attempts have in common."""
    return {name: value for name, value in env.items() if not _is_own(name)}


def _is_own(name: str) -> bool:
    """Whether an attempt may have this variable for itself: nothing reads it while importing."""
    return name.startswith("HPRUN_") or name in _OWN


def _without_entry(env: dict[str, str], entry: str) -> None:
    """Take a folder out of PYTHONPATH, as the file there does when Python starts cold."""
    entries = env.get("PYTHONPATH", "").split(os.pathsep)
    if entry not in entries:
        return
    entries.remove(entry)
    if entries:
        env["PYTHONPATH"] = os.pathsep.join(entries)
    else:
        del env["PYTHONPATH"]


def configuration(setting: Setting) -> dict[str, Any]:
    """The first message to a server."""
    prefix = setting.prefix
    return {
        "steps": [_step(step) for step in setting.plan.steps],
        "script": setting.script,
        "env": list(common_env(setting.env).items()),
        "shadows": sorted(setting.names),
        "site": str(setting.site or ""),
        "prefix": prefix
        and {
            "script": str(prefix.script),
            "folder": str(prefix.folder),
            "argv": list(prefix.argv),
            "shared": list(prefix.shared),
            "again": list(prefix.again),
        },
    }


def _step(step: Step) -> tuple[Any, ...]:
    match step:
        case SetEnv():
            return ("env", step.name, step.value, step.only_missing)
        case Import():
            return ("import", step.module, list(step.names))
        case Try():
            otherwise = step.otherwise
            return (
                "try",
                [_step(inner) for inner in step.body],
                None if otherwise is None else [_step(inner) for inner in otherwise],
            )
