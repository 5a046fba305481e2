"""`hprun logs`: what a trial printed."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import click

from hprun.cli.options import cache_option, find_search, find_trial, open_store, parse_trial
from hprun.errors import HprunError
from hprun.files import is_locked
from hprun.model import Queued
from hprun.paths import Cache, RunPaths

_LOOK_S = 0.2


@click.command("logs")
@click.argument("trial", metavar="TRIAL[/FOLD]")
@click.option("--follow", "-f", is_flag=True, help="Go on as it grows, until the run ends.")
@click.option("--path", "only_path", is_flag=True, help="Print where the log is.")
@click.option("--search", help="The search (default: the one last used).")
@cache_option
def command(trial: str, *, follow: bool, only_path: bool, search: str | None, cache: Cache) -> int:
    """Print what the runs of TRIAL printed, on stdout and stderr."""
    store = open_store(cache)
    row = find_search(store, search)
    number, fold = parse_trial(trial)
    parts = [
        part
        for part in find_trial(store, row, number).parts
        if fold is None or part.run.fold == fold
    ]
    if not parts:
        raise HprunError(f"Trial {number} has no fold {fold}.")
    runs = [cache.run(part.run.folder) for part in parts]
    written = [run for run in runs if run.log.exists()]
    if not written:
        if all(isinstance(part.run.state, Queued) for part in parts):
            raise HprunError(f"Trial {number} has not begun.")
        raise HprunError(f"The logs of trial {number} are gone: {runs[0].log}.")
    if follow and len(written) > 1:
        raise HprunError(
            f"Trial {number} has {len(written)} runs.",
            hint=f"Follow one: `hprun logs -f {number}/0`.",
        )
    for run in written:
        if only_path:
            click.echo(run.log)
            continue
        if len(written) > 1:
            click.echo(f"==> {run.folder.name} <==")
        _print(run, follow=follow)
    return 0


def _print(run: RunPaths, *, follow: bool) -> None:
    """Bytes as they are: a log is whatever the script wrote."""
    sys.stdout.flush()
    with run.log.open("rb") as log:
        while True:
            alive = is_locked(run.lock)
            shutil.copyfileobj(log, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            if not follow or not alive:
                return
            time.sleep(_LOOK_S)
            if _was_replaced(log.fileno(), run.log):
                return


def _was_replaced(descriptor: int, path: Path) -> bool:
    return not path.exists() or os.fstat(descriptor).st_ino != path.stat().st_ino
