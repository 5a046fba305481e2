"""`hprun tensorboard`: the runs side by side, under readable names."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hprun.cli.options import cache_option, find_search, open_store
from hprun.errors import HprunError
from hprun.paths import Cache
from hprun.report.results import results
from hprun.report.terminal import stderr
from hprun.report.words import value_words
from hprun.store import SearchRow, Store, TrialRow

_LONGEST = 100  # bytes of a folder's name; file systems end at 255


@click.command("tensorboard")
@click.argument("search", required=False)
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the best N trials.")
@click.option("--port", type=int, default=0, help="The port (default: one that is free).")
@click.option("--no-start", is_flag=True, help="Only lay the folder out, and print where it is.")
@cache_option
def command(search: str | None, *, top: int | None, port: int, no_start: bool, cache: Cache) -> int:
    """Start TensorBoard on this machine's own address over the runs of SEARCH."""
    store = open_store(cache)
    row = find_search(store, search)
    folder = lay_out(store, cache, row, top)
    store.close()
    if no_start:
        click.echo(folder)
        return 0
    port = port or _free_port()
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder)]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    stderr().print(f"TensorBoard: http://127.0.0.1:{port}/  (^C ends it)", markup=False)
    # In place of this process: what ends hprun then ends TensorBoard.
    os.execv(command[0], command)  # noqa: S606 - a list, and no shell
    return 0


def lay_out(store: Store, cache: Cache, row: SearchRow, top: int | None) -> Path:
    """Make a folder of links, one for each run, named by values. Raises HprunError."""
    trials = store.trials(row.id, row.metric)
    if top is not None:
        kept = {result.trial for result in results(trials, row.metric)[:top]}
        trials = [trial for trial in trials if trial.number in kept]
    folder = cache.search(row.name) / "tensorboard"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    linked = sum(_link_runs(trial, name, folder, cache) for trial, name in _named(trials))
    if not linked:
        raise HprunError(f"No run of {row.name} has begun.")
    return folder


def _link_runs(trial: TrialRow, name: str, folder: Path, cache: Cache) -> int:
    linked = 0
    for part in trial.parts:
        target = cache.run(part.run.folder).folder
        if not target.exists():
            continue
        where = folder / name
        if len(trial.parts) > 1:
            where = where / target.name
        where.parent.mkdir(parents=True, exist_ok=True)
        # Relative, so that the cache can be moved.
        where.symlink_to(os.path.relpath(target, where.parent))
        linked += 1
    return linked


def _named(trials: Sequence[TrialRow]) -> list[tuple[TrialRow, str]]:
    """A readable name for each trial; where two would be the same, the number tells them apart."""
    names = [_safe(value_words(trial.values)) for trial in trials]
    return [
        (trial, name if names.count(name) == 1 and name else f"{trial.number:04d} {name}".strip())
        for trial, name in zip(trials, names, strict=True)
    ]


def _safe(words: str) -> str:
    text = "".join("_" if c in "/\\\0" or ord(c) < 32 else c for c in words).strip(". ")
    encoded = text.encode()
    return encoded[:_LONGEST].decode(errors="ignore") + "…" if len(encoded) > _LONGEST else text


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
