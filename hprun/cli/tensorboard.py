"""`hprun tensorboard`: the runs side by side, under readable names."""

from __future__ import annotations

import socket
import sys
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from hprun.cli.options import cache_option, find_search, open_store
from hprun.errors import CacheError, HprunError
from hprun.files import Lock
from hprun.paths import Cache
from hprun.report.terminal import say
from hprun.space import Parameter
from hprun.store import SearchRow, Store

if TYPE_CHECKING:
    from hprun.report.tensorboard_folder import TensorBoardFolder


@click.command("tensorboard")
@click.argument("search", required=False)
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the best N trials.")
@click.option("--port", type=int, default=0, help="The port (default: one that is free).")
@click.option("--no-start", is_flag=True, help="Only lay the folder out, and print where it is.")
@cache_option
def command(search: str | None, *, top: int | None, port: int, no_start: bool, cache: Cache) -> int:
    """Start TensorBoard on this machine's own address over the runs of SEARCH.

    Its HPARAMS tab compares the trials, and new ones appear while the search goes on.
    """
    store = open_store(cache)
    row = find_search(store, search)
    try:
        shown, lock = _lay_out(store, cache, row, top)
    except OSError as error:
        raise CacheError(
            f"TensorBoard's folder in {cache.search(row.name)} cannot be written: {error.strerror}."
        ) from error
    store.close()
    if no_start:
        click.echo(shown.folder)
        shown.tidy()
        return 0
    from hprun.report.following import followed

    port = port or _free_port()
    say(f"TensorBoard: http://127.0.0.1:{port}/  (^C ends it)")
    with lock, followed(shown, cache):
        return _serve(shown.folder, port)


def _lay_out(
    store: Store, cache: Cache, row: SearchRow, top: int | None
) -> tuple[TensorBoardFolder, Lock]:
    """The folder with what there is so far, and its lock. Raises HprunError and OSError."""
    from hprun.report.tensorboard_folder import TensorBoardFolder

    folder, lock = _own_folder(cache.search(row.name))
    shown = TensorBoardFolder(folder, cache, row.id, row.metric, parameters=_space(row), top=top)
    if not shown.look(store):
        raise HprunError(f"No run of {row.name} has begun.")
    return shown, lock


def _own_folder(search: Path) -> tuple[Path, Lock]:
    """A folder that no other TensorBoard shows, and the lock that says so while it is held."""
    for number in count(1):
        folder = search / ("tensorboard" if number == 1 else f"tensorboard-{number}")
        lock = Lock(search / f"{folder.name}.lock")
        if lock.acquire():
            return folder, lock
    raise AssertionError


def _space(row: SearchRow) -> tuple[Parameter, ...]:
    """The space that the command line asked for; what marks in the script say, trials show."""
    from hprun.space import parse_space

    try:
        return parse_space(row.request.get("settings", {}).get("hp", ())).parameters
    except HprunError:  # of another version
        return ()


def _serve(folder: Path, port: int) -> int:
    """Be TensorBoard, until a signal ends it."""
    # TensorBoard reads the files itself; importing TensorFlow would take it seconds.
    sys.modules["tensorboard.compat.notf"] = ModuleType("tensorboard.compat.notf")
    from tensorboard import default, program

    server = program.TensorBoard(plugins=default.get_plugins())
    server.configure(
        ["tensorboard", "--logdir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    )
    try:
        return 2 if server.main() else 0  # it has said why
    except KeyboardInterrupt:  # before it serves; afterwards it returns
        return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
