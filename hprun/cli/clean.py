"""`hprun clean`: make room on the disk."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from hprun.autolog import forget
from hprun.cli.options import cache_option, find_search, open_store, yes_option
from hprun.errors import HprunError
from hprun.files import is_locked
from hprun.model import Ended
from hprun.paths import Cache, RunPaths
from hprun.report.results import results
from hprun.report.terminal import stderr
from hprun.report.words import count_words, size_words
from hprun.store import SearchRow, Store
from hprun.workspace.sizes import disk_size


@click.command("clean")
@click.argument("search", required=False)
@click.option(
    "--keep-best",
    type=click.IntRange(0),
    metavar="N",
    help="Remove the folders of all but the best N.",
)
@click.option("--forget", is_flag=True, help="Remove the search with its results.")
@yes_option
@cache_option
def command(
    search: str | None, *, keep_best: int | None, forget: bool, yes: bool, cache: Cache
) -> int:
    """Remove what nobody needs: frozen workspaces, and the runs of earlier states of the script.

    Scores stay, unless --forget is said. Searches that run are left alone.
    """
    store = open_store(cache)
    if forget and keep_best is not None:
        raise click.UsageError("--forget and --keep-best exclude each other.")
    if search and not forget and keep_best is None:
        raise click.UsageError("What of that search? Say --keep-best N or --forget.")
    row = find_search(store, search) if search or keep_best is not None or forget else None
    rows = store.searches() if row is None else [row]
    busy = next((one for one in rows if is_locked(cache.search_lock(one.name))), None)
    if busy is not None:
        raise HprunError(f"{busy.name} is running.", hint=f"`hprun stop {busy.name}` first.")
    folders = [] if row is not None else _leftovers(store, cache)
    if row is not None and keep_best is not None:
        folders += _worse(store, cache, row, keep_best)
    if row is not None and forget:
        folders += _own(store, cache, row)
    if not _agreed(folders, yes=yes):
        return 0
    if row is not None and forget:
        store.delete_search(row.id)
    for folder in folders:
        _remove(folder)
    return 0


def _own(store: Store, cache: Cache, row: SearchRow) -> list[Path]:
    """The folders that nobody but this search needs."""
    shared = store.shared_runs(row.id)
    kept = {
        cache.run(part.run.folder).folder.parent
        for trial in store.trials(row.id, None)
        for part in trial.parts
        if part.run.id in shared
    }
    home = cache.search(row.name)
    if not any(folder.is_relative_to(home) for folder in kept):
        return [home] if home.exists() else []
    return [folder for folder in home.iterdir() if folder.is_dir() and folder not in kept]


def _leftovers(store: Store, cache: Cache) -> list[Path]:
    snapshots = list(cache.snapshots.iterdir()) if cache.snapshots.exists() else []
    return snapshots + [cache.run(folder).folder for folder in store.unused_runs()]


def _worse(store: Store, cache: Cache, row: SearchRow, keep: int) -> list[Path]:
    """The folders of the trials that are not among the best."""
    if row.metric is None:
        raise HprunError(f"{row.name} has no metric, so none of its trials is best.")
    shared = store.shared_runs(row.id)  # another search's best, perhaps
    return [
        cache.run(part.run.folder).folder
        for result in results(store.trials(row.id, row.metric), row.metric)[keep:]
        for part in result.parts
        if isinstance(part.run.state, Ended) and part.run.id not in shared
    ]


def _agreed(folders: Iterable[Path], *, yes: bool) -> bool:
    there = [folder for folder in folders if folder.exists()]
    if not there:
        stderr().print("There is nothing to remove.")
        return False
    seen: set[tuple[int, int]] = set()
    size = sum(disk_size(folder, seen) for folder in there)
    what = f"{count_words(len(there), 'folder')}, {size_words(size)}"
    if not yes:
        if not sys.stdin.isatty():
            raise HprunError(f"Removing {what} needs a yes.", hint="Say --yes.")
        click.confirm(f"Remove {what}?", abort=True, err=True)
    stderr().print(f"Removing {what}.", markup=False)
    return True


def _remove(folder: Path) -> None:
    """Remove a folder, and for a run's what is left of a copy that was cut off."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o700)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(RunPaths(folder).partial, ignore_errors=True)
    forget(RunPaths(folder).checkpoint, record=True)
