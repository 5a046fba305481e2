"""Deciding on warm starts, and what a server of them is made for."""

from __future__ import annotations

import ast
import os
import select
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from hprun.autolog import SITE_FILE
from hprun.engine.plan import render
from hprun.engine.work import Work
from hprun.errors import HprunError
from hprun.executors import WarmStarts
from hprun.executors.warm import (
    ForkServer,
    Ready,
    Setting,
    SharedPrefix,
    Starting,
    State,
    why_never,
)
from hprun.model import Value
from hprun.script.preloading import Preload, importable_names, preload_plan
from hprun.workspace import copy_workspace, list_workspace, reader


def wants_warm(start: str, waiting: int, slots: int) -> bool:
    """Say whether to fork attempts: where it was asked for, or pays because some come after others.

    Raises HprunError where it was asked for and cannot be.
    """
    why = why_never()
    if start == "warm" and why is not None:
        raise HprunError(f"--start warm: {why}.", hint="Without it, hprun starts cold here.")
    return start == "warm" or (start == "auto" and why is None and waiting > slots)


def warm_starts(
    work: Work,
    folder: Path,
    *,
    only_warm: bool,
    say: Callable[[str], None],
    ready: Callable[[Ready], None],
    prefix: SharedPrefix | None = None,
) -> WarmStarts:
    """Start the server for a search's attempts; its own files lie in `folder`. Raises OSError.

    With `only_warm`, a fork that would not be safe is an error instead of a word to `say`. Where
    a `prefix` cannot be shared, imports still are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    setting = _setting(work, folder)
    log = folder.with_name(f"{folder.name}.log")
    make = [partial(ForkServer, setting, log)]
    if prefix is not None:
        make.insert(0, partial(ForkServer, replace(setting, prefix=prefix), log))
    starts = WarmStarts(make, say, ready, only_warm=only_warm)
    starts.begin()
    return starts


def shared_prefix(
    work: Work,
    folder: Path,
    axes: Mapping[str, Sequence[Value]],
    say: Callable[[str], None],
) -> SharedPrefix | None:
    """What of the script can run once for all of a search's runs, laid out below `folder`.

    `axes` are the values of each name. None where nothing but imports could be shared; `say` is
    told what it is, or why it is nothing. Raises OSError.
    """
    from hprun.script.prefix import prefix_of

    snapshot, template, shape = work.snapshot(), work.template, work.shape
    fixed = {name for name, axis in axes.items() if len(axis) == 1} | {"folds", "n_folds"}
    prefix = prefix_of(template, reader(snapshot.folder), fixed)
    if not prefix.worth:
        say(f"Sharing imports alone: {prefix.because}.")
        return None
    values = {name: axis[0] for name, axis in axes.items() if axis}
    rendering = render(template, values, shape, 0, 0)
    target = folder / "workspace"
    copy_workspace(snapshot, target, rendering.written)
    until = "all of it" if prefix.stops_at is None else f"what stands before {prefix.because}"
    say(f"Running once for all runs: {len(prefix.shared)} statements, {until}.")
    return SharedPrefix(
        script=target / template.script,
        folder=target,
        argv=[template.script, *rendering.argv],
        shared=prefix.shared,
        again=prefix.again,
    )


def _setting(work: Work, folder: Path) -> Setting:
    """What the server is to import, and for whom: all read off the frozen workspace."""
    snapshot = work.snapshot()
    read = reader(snapshot.folder)
    template = work.template
    sites = {(parts.path, edit.line) for parts in template.parts for edit in parts.edits()}
    return Setting(
        python=work.interpreter,
        env=work.env,
        plan=preload_plan(template.script, read, sites),
        script=template.script,
        folder=folder,
        names=importable_names(snapshot.listing.files, template.script),
        site=SITE_FILE if work.checkpoint is not None or work.limits is not None else None,
    )


def try_warm(workspace: Path, script: str, python: str) -> str:
    """Carry out a script's imports as a search would, and say in words how it went.

    Raises OSError where the interpreter cannot be started.
    """
    import tempfile

    read = reader(workspace)
    plan = preload_plan(script, read, ())
    with tempfile.TemporaryDirectory(prefix="hprun-doctor-") as scratch:
        setting = Setting(
            python=python,
            env=dict(os.environ),
            plan=plan,
            script=script,
            folder=Path(scratch),
            names=importable_names(_files(workspace), script),
        )
        server = ForkServer(setting, Path(scratch, "log"))
        while isinstance(server.advance(), Starting):
            waits = [] if server.descriptor is None else [server.descriptor]
            select.select(waits, [], [], server.patience_s)
        state = server.state
        server.close()
    return _words(state, plan, read)


def _files(workspace: Path) -> tuple[str, ...]:
    return list_workspace(workspace, cache=workspace / "cache").files


def _words(state: State, plan: Preload, read: Callable[[str], bytes | None]) -> str:
    if not isinstance(state, Ready):
        return f"none for this script: {getattr(state, 'why', state)}"
    memory = f"{state.kilobytes / 1024:.0f} MB"
    said = f"{state.modules} modules imported in {state.seconds:.1f} s, {memory} that runs share"
    if state.failed:
        return f"{said}; {state.failed} could not be imported"
    stop = plan.stopped
    if stop is not None and _imports_after(stop.line, read(stop.file) or b""):
        return f"{said}; not what comes after {stop.file} line {stop.line}: {stop.because}"
    return said


def _imports_after(line: int, text: bytes) -> bool:
    nodes = ast.parse(text).body
    return any(isinstance(n, ast.Import | ast.ImportFrom) and n.lineno >= line for n in nodes)
