"""`--on-finish CMD`: what is called when a search has come to its end."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys

from hprun.engine.decide import FAILED_FAST, Finish
from hprun.errors import ConfigError
from hprun.paths import Cache
from hprun.report.results import Result, finite
from hprun.report.terminal import say
from hprun.store import SearchRow

_OWN = "HPRUN_ON_FINISH"
"""Not handed on: a search that the command starts is another one."""


def split_command(command: str) -> list[str]:
    """The words of a command as a shell would split it; nothing is expanded, and no shell is called.

    Raises ConfigError for what has no words, or a program that is not there.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"--on-finish {command}: {str(error).lower()}.") from None
    if not words:
        raise ConfigError("--on-finish has no command.")
    if shutil.which(words[0]) is None:
        raise ConfigError(
            f"--on-finish {command}: there is no program {words[0]}.",
            hint="It is called without a shell; `sh -c '…'` has one.",
        )
    return words


def is_over(finish: Finish, *, before: str, ran: bool) -> bool:
    """Say whether a search has come to its end by this call: all is done, or `--fail-fast` met a
    failure. One that was complete `before`, and in which nothing `ran`, has not.
    """
    if not finish.complete:
        return finish.why == FAILED_FAST
    return ran or before != "complete"


def call(
    command: str, row: SearchRow, cache: Cache, *, complete: bool, status: int, best: Result | None
) -> None:
    """Run the command and wait for it; a failure is told and changes nothing.

    What it prints goes to stderr, since stdout is for data.
    """
    score = finite(best.score) if best is not None else None
    env = {
        **{name: value for name, value in os.environ.items() if name != _OWN},
        "HPRUN_CACHE": str(cache.root),
        "HPRUN_SEARCH": row.name,
        "HPRUN_STATE": "complete" if complete else "stopped",
        "HPRUN_STATUS": str(status),
        "HPRUN_BEST_TRIAL": "",
        "HPRUN_BEST_SCORE": "",
        "HPRUN_BEST_VALUES": "",
    }
    if best is not None and score is not None and best.rank is not None:
        env["HPRUN_BEST_TRIAL"] = str(best.trial)
        env["HPRUN_BEST_SCORE"] = repr(score)
        env["HPRUN_BEST_VALUES"] = json.dumps(dict(best.values))
    try:
        words = split_command(command)
        sys.stderr.flush()
        ended = subprocess.run(
            words, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), check=False
        )
    except (ConfigError, OSError) as error:
        say(f"--on-finish could not be run: {error}")
        return
    if ended.returncode:
        say(f"--on-finish {command}: ended with status {ended.returncode}")
