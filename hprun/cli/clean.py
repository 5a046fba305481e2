"""`hprun clean`: make room on the disk."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from hprun.autolog import forget
from hprun.cli.cleaning_plan import Rule, to_remove
from hprun.cli.options import cache_option, find_search, now, open_store, yes_option
from hprun.cli.quantities import Duration
from hprun.dataclass import dataclass
from hprun.errors import HprunError
from hprun.files import is_locked
from hprun.paths import Cache, RunPaths
from hprun.report.results import results
from hprun.report.terminal import print_table, stderr
from hprun.report.words import count_words, size_words
from hprun.report.words_in_colour import Column
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
@click.option("--failed", is_flag=True, help="Remove the folders of runs that failed.")
@click.option("--older-than", type=Duration(), metavar="TIME",
    help="Of these, only what ended so long ago: 7d. Alone: whatever did. In all searches, unless"
    " one is named.",
)  # fmt: skip
@click.option("--forget", is_flag=True, help="Remove the search with its results.")
@yes_option
@cache_option
def command(
    search: str | None,
    *,
    keep_best: int | None,
    failed: bool,
    older_than: float | None,
    forget: bool,
    yes: bool,
    cache: Cache,
) -> int:
    """Remove what nobody needs: frozen workspaces, and the runs of earlier states of the script.

    Or the folders of runs that the options name. The plan is shown first. Scores and logs stay,
    unless --forget is said. Searches that run are left alone.
    """
    store = open_store(cache)
    rule = Rule(keep_best, failed, older_than)
    if forget and rule.given:
        raise click.UsageError("--forget goes alone: it removes everything.")
    if search and not forget and not rule.given:
        raise click.UsageError(
            "What of that search? Say --keep-best N, --failed, --older-than TIME or --forget."
        )
    rows = _searches(store, cache, search, one=forget or (rule.given and older_than is None))
    if forget:
        doomed = [
            _Doomed(rows[0].name, "forgotten", folder) for folder in _own(store, cache, rows[0])
        ]
    elif rule.given:
        doomed = [one for row in rows for one in _by_rule(store, cache, row, rule)]
    else:
        doomed = _leftovers(store, cache)
    if not _agreed(doomed, yes=yes):
        return 0
    if forget:
        store.delete_search(rows[0].id)
    for one in doomed:
        _remove(one.folder)
    return 0


@dataclass(frozen=True, slots=True)
class _Doomed:
    """A folder that is to go: whose it is, and why."""

    search: str
    why: str
    folder: Path


def _searches(store: Store, cache: Cache, name: str | None, *, one: bool) -> list[SearchRow]:
    """The search that is named, or the `one` last used, or all of them.

    Raises HprunError while one of them is running.
    """
    rows = [find_search(store, name)] if one or name else store.searches()
    busy = next((row for row in rows if is_locked(cache.search_lock(row.name))), None)
    if busy is not None:
        raise HprunError(f"{busy.name} is running.", hint=f"`hprun stop {busy.name}` first.")
    return rows


def _by_rule(store: Store, cache: Cache, row: SearchRow, rule: Rule) -> list[_Doomed]:
    if row.metric is None and rule.keep_best is not None:
        raise HprunError(f"{row.name} has no metric, so none of its trials is best.")
    found = to_remove(
        results(store.trials(row.id, row.metric), row.metric),
        rule,
        ended=store.ended_at(row.id),
        shared=store.shared_runs(row.id),
        now=now(),
    )
    return [_Doomed(row.name, why, cache.run(part.run.folder).folder) for part, why in found]


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


def _leftovers(store: Store, cache: Cache) -> list[_Doomed]:
    snapshots = list(cache.snapshots.iterdir()) if cache.snapshots.exists() else []
    return [
        *(_Doomed("-", "frozen workspaces", folder) for folder in snapshots),
        *(
            _Doomed(folder.partition("/")[0], "of an earlier script", cache.run(folder).folder)
            for folder in store.unused_runs()
        ),
    ]


def _agreed(doomed: Iterable[_Doomed], *, yes: bool) -> bool:
    """Show what is to go, and ask."""
    seen: set[tuple[int, int]] = set()
    plan: dict[tuple[str, str], list[int]] = {}
    for one in doomed:
        if one.folder.exists():
            plan.setdefault((one.search, one.why), []).append(disk_size(one.folder, seen))
    if not plan:
        stderr().print("There is nothing to remove.")
        return False
    rows = [
        [search, why, f"{len(sizes):,}", size_words(sum(sizes))]
        for (search, why), sizes in plan.items()
    ]
    columns = [Column("search", keep=True), Column("what", fold=True)]
    columns += [Column("folders", right=True, keep=True), Column("size", right=True, keep=True)]
    print_table(stderr(), columns, rows)
    count = sum(map(len, plan.values()))
    what = f"{count_words(count, 'folder')}, {size_words(sum(map(sum, plan.values())))}"
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
