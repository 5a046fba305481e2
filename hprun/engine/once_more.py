"""A trial's values run once more, outside of the search and its ranking."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from hprun.config import jobs_default
from hprun.dataclass import dataclass
from hprun.engine.gpu_memory import GpuMemory
from hprun.engine.question import Question, understand
from hprun.engine.readings import read_metric
from hprun.engine.run_environment import thread_env
from hprun.engine.work import work
from hprun.engine.writing_down import saved_settings
from hprun.errors import CacheError, ConfigError
from hprun.executors.foreground import run_in_foreground
from hprun.filesystems import refuse_network
from hprun.model import Metric, Value, Values
from hprun.paths import Cache, RunPaths
from hprun.space import parse_parameter
from hprun.store import SearchRow
from hprun.workspace import copy_workspace


@dataclass(frozen=True, slots=True)
class Again:
    """What is to be run: the question with its changes, all values, the script's arguments."""

    question: Question
    values: Values
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended; `score` is its metric, where it could be read from its files."""

    status: int
    seconds: float
    score: float | None


def prepare(
    row: SearchRow, cache: Cache, values: Values, changes: Sequence[str], args: Sequence[str]
) -> Again:
    """The script with `values` and with `changes` (`NAME=VALUE`, searched or not); writes nothing.

    Folds and seeds stay as the script says. `args` come behind those that the search had, since
    of an option that is given twice the last one counts. Raises the HprunError of whatever is wrong.
    """
    settings, workspace = saved_settings(row, cache)
    alone = replace(settings, cv=0, repeats=1, stop=(), stop_folds="")
    question = understand(alone, workspace, large_is_fine=True, to_run=False)
    changed = _changed(changes)
    new = [text for text in changes if not set(_one(text)) <= set(question.space.names)]
    if new:
        wider = replace(alone, hp=(*question.specs, *new), trial=())
        question = understand(wider, workspace, large_is_fine=True, to_run=False)
    everything = {**values, **changed}
    rendering = question.template.render(everything)
    return Again(question, everything, (*rendering.argv, *args))


def _changed(changes: Sequence[str]) -> dict[str, Value]:
    return {name: value for text in changes for name, value in _one(text).items()}


def _one(text: str) -> dict[str, Value]:
    parameter = parse_parameter(text)
    if parameter.sampled or parameter.grid_count() != 1 or parameter.condition is not None:
        raise ConfigError(
            f"--hp {text} is more than one value.", hint="Here it is NAME=VALUE: epochs=50."
        )
    (one,) = parameter.grid()
    return one


def make_folder(row: SearchRow, cache: Cache) -> RunPaths:
    """A new folder among the search's own, where no ranking looks. Raises CacheError."""
    home = cache.search(row.name) / "best"
    refuse_network(cache.root)
    try:
        home.mkdir(parents=True, exist_ok=True)
        number = 1 + max((int(p.name) for p in home.iterdir() if p.name.isdigit()), default=0)
    except OSError as error:
        raise CacheError(f"{home} cannot be written: {error.strerror}.") from error
    return RunPaths(home / str(number))


def run_again(
    again: Again, row: SearchRow, cache: Cache, paths: RunPaths, say: Callable[[str], None]
) -> Ending:
    """Copy the workspace into the folder and run the script there, on this terminal."""
    question, settings = again.question, again.question.settings
    doing = work(question, cache, say, thread_env(1, jobs_default()), GpuMemory())
    rendering = question.template.render(again.values)
    try:
        copy_workspace(doing.snapshot(), paths.folder, rendering.written)
    except OSError as error:
        raise CacheError(f"{paths.folder} cannot be written: {error.strerror}.") from error
    where = os.path.abspath(paths.folder)  # noqa: PTH100 - not resolved: links stay as named
    env = {**doing.env, "HPRUN_SEARCH": row.name, "HPRUN_FOLDER": where}
    began = time.time()
    script = f"./{settings.script}" if settings.script.startswith("-") else settings.script
    command = [doing.interpreter, script, *again.argv]
    status = run_in_foreground(command, paths.folder, env)
    seconds = time.time() - began
    return Ending(status, seconds, _score(paths, row.metric, began))


def _score(paths: RunPaths, metric: Metric | None, began: float) -> float | None:
    return read_metric(paths, metric, began).value if metric is not None else None
