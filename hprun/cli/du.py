"""`hprun du`: what takes room on the disk."""

from __future__ import annotations

import json
import shutil

import click

from hprun.cli.options import cache_option, json_option, open_store
from hprun.paths import Cache
from hprun.report.terminal import print_table, stderr, stdout
from hprun.report.words import size_words
from hprun.report.words_in_colour import Column
from hprun.workspace.sizes import disk_size


@click.command("du")
@json_option
@cache_option
def command(*, as_json: bool, cache: Cache) -> int:
    """Say how much room each search takes."""
    store = open_store(cache)
    seen: set[tuple[int, int]] = set()
    sizes = {"snapshots": disk_size(cache.snapshots, seen)}
    sizes |= {row.name: disk_size(cache.search(row.name), seen) for row in store.searches()}
    sizes["queue"] = sum(path.stat().st_size for path in cache.root.glob(f"{cache.database.name}*"))
    free = shutil.disk_usage(cache.root).free
    if as_json:
        from hprun.report.results import SCHEMA

        click.echo(json.dumps({"schema": SCHEMA, "bytes": sizes, "free": free}, indent=1))
        return 0
    rows = [[name, size_words(size)] for name, size in sizes.items()]
    print_table(stdout(), [Column("what"), Column("size", right=True)], rows)
    stderr().print(f"{size_words(sum(sizes.values()))} in {cache.root}, {size_words(free)} free"
                   " on its disk", markup=False)  # fmt: skip
    return 0
