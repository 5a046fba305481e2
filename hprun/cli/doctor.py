"""`hprun doctor`: what this machine offers, and what would help."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from hprun import __version__
from hprun.cli.options import cache_option
from hprun.config import Settings, jobs_default
from hprun.dataclass import dataclass
from hprun.engine.interpreter import interpreter
from hprun.engine.question import locate
from hprun.errors import HprunError
from hprun.files import Lock, is_locked
from hprun.filesystems import file_system, is_network
from hprun.paths import Cache
from hprun.report.terminal import print_table, stdout
from hprun.report.words import size_words
from hprun.report.words_in_colour import Column
from hprun.store import Store
from hprun.workspace.cloning import clone

_LITTLE = 1_000_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found; `bad` if a search would not work."""

    what: str
    found: str
    bad: bool = False


@click.command("doctor")
@click.option(
    "--repair", is_flag=True, help="Build a damaged queue anew from the records of the runs."
)
@cache_option
@click.argument("script", required=False)
def command(*, script: str | None, repair: bool, cache: Cache) -> int:
    """Check what searches need here; the status is 2 if something is wrong.

    With SCRIPT, carry out its imports too, and say whether its runs can start warm.
    """
    if repair:
        from hprun.engine.repair import rebuild

        for line in rebuild(cache):
            click.echo(line, err=True)
        return 0
    findings = list(_examine(cache))
    findings.append(_checked("warm starts", lambda: _warm_words(script)))
    rows = [["!!" if f.bad else "ok", f.what, f.found] for f in findings]
    print_table(stdout(), [Column(""), Column("what"), Column("found", fold=True)], rows)
    return 2 if any(finding.bad for finding in findings) else 0


def _examine(cache: Cache) -> Iterator[Finding]:
    version = f"{__version__} on Python {platform.python_version()}, {platform.platform()}"
    yield Finding("hprun", version, bad=sys.version_info < (3, 10))
    yield Finding("runs' Python", interpreter(Settings()))
    yield Finding("cores", f"{jobs_default()} to use of {os.cpu_count()}: -j {jobs_default()}")
    yield _checked("GPUs", _gpu_words)
    yield from _examine_sharing()
    yield Finding("git", shutil.which("git") or "none: workspaces are copied without its list")
    yield Finding("SQLite", sqlite3.sqlite_version, bad=sqlite3.sqlite_version_info < (3, 37))
    yield from _examine_cache(cache)
    yield Finding("end of runs", _kernel_words())
    yield _checked("queue", lambda: _queue_words(cache))


def _examine_cache(cache: Cache) -> Iterator[Finding]:
    folder = next(p for p in (cache.root, *cache.root.parents) if p.exists())
    kind = file_system(folder.resolve())
    network = is_network(kind)
    advice = ": locks and WAL do not work there, name a local folder with --cache"
    yield Finding("cache", f"{cache.root} on {kind}{advice if network else ''}", bad=network)
    if not os.access(folder, os.W_OK):
        yield Finding("cache", f"{folder} cannot be written", bad=True)
        return
    free = shutil.disk_usage(folder).free
    yield Finding("room", f"{size_words(free)} free", bad=free < _LITTLE)
    yield _checked("locks", lambda: _lock_words(folder))
    yield _checked("large files", lambda: _clone_words(folder))


def _checked(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, look())
    except (OSError, HprunError) as error:
        return Finding(what, str(error), bad=True)


def _gpu_words() -> str:
    from hprun.gpu.probing import Probe, visible

    probe = Probe()
    try:
        devices = probe.devices()
        if not devices:
            return "none that NVIDIA's driver tells of"
        left = visible(devices, os.environ.get("CUDA_VISIBLE_DEVICES"))
        words = [
            f"{one.number}: {one.name}, {size_words(one.total - one.used)} of"
            f" {size_words(one.total)} free"
            + ("" if one in left else " (CUDA_VISIBLE_DEVICES hides it)")
            for one in devices
        ]
        return f"{'; '.join(words)}; driver {probe.driver()}"
    finally:
        probe.close()


def _examine_sharing() -> Iterator[Finding]:
    from hprun.gpu.advice import sharing_advice
    from hprun.gpu.mps import PROGRAM, running
    from hprun.gpu.probing import Probe, visible

    with contextlib.closing(Probe()) as probe:
        devices = visible(probe.devices(), os.environ.get("CUDA_VISIBLE_DEVICES"))
    if devices:
        pipes = running(os.environ)
        installed = shutil.which(PROGRAM) is not None
        words, bad = sharing_advice(devices, str(pipes) if pipes else None, installed=installed)
        yield Finding("GPU sharing", words, bad)


def _lock_words(folder: Path) -> str:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        path = Path(scratch) / "lock"
        with Lock(path) as lock:
            if not lock.acquire() or not is_locked(path):
                raise HprunError("flock has no effect here: name a local folder with --cache")
    return "work"


def _clone_words(folder: Path) -> str:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        source = Path(scratch) / "source"
        source.write_bytes(b"x")
        if clone(source, Path(scratch) / "clone"):
            return "are cloned (reflink): they take no room"
    if os.geteuid() == 0:
        return "are copied for each run, since root writes through links; --link leaves them"
    return "are linked read-only: they take no room"


def _kernel_words() -> str:
    if hasattr(os, "pidfd_open"):
        return "the kernel tells at once (pidfd)"
    return "is looked for ten times a second: this system has no pidfd"


def _warm_words(script: str | None) -> str:
    from hprun.executors.warm import why_never

    why = why_never()
    if why is not None:
        return f"none: {why}"
    if script is None:
        return "work: name a script to see whether it can have them"
    from hprun.engine.warming import try_warm

    return try_warm(*locate(script, Path.cwd()), interpreter(Settings()))


def _queue_words(cache: Cache) -> str:
    if not cache.database.exists():
        return "none yet"
    store = Store(cache.database, create=False)
    return f"{len(store.searches())} searches, {store.check()}"
