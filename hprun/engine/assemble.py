"""Settings become a search that can run: the one place where the parts are put together."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from hprun.autolog import imports_studio, parse_checkpoint, studio_path
from hprun.config import Settings
from hprun.dataclass import dataclass
from hprun.engine.choosing import Chosen, choose, draws, samples, specs_of_rows, strategy_name
from hprun.engine.decide import Policy
from hprun.engine.gpu_memory import GpuMemory
from hprun.engine.plan import Shape, planned_runs, planned_trials
from hprun.engine.repair import record_search
from hprun.engine.work import Work, base_env
from hprun.errors import HprunError, WorkspaceError
from hprun.identity import digest_files, digest_text
from hprun.metrics import parse_metric
from hprun.model import Metric, Value, Values
from hprun.paths import Cache
from hprun.script import Request, Template, imported_modules, make_template, marks, parse_sub
from hprun.space import FlaggedRange, Space, parse_space
from hprun.store import Linked, PlannedRun, PlannedTrial, SearchRow, Store
from hprun.strategies.naming import GRID
from hprun.workspace import Listing, Snapshot, freeze, list_workspace, reader

if TYPE_CHECKING:  # most searches have no use for it
    from hprun.engine.goals import Goal
    from hprun.engine.stopping import Rules

MAX_TRIALS = 1_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """A search that has been understood, and nothing written yet.

    `others` is the hash of what runs execute beside rendered files; `digests` are the hashes of
    the script and of each of those, by path, to say later which of them changed. `for_studio` says
    that the script imports what Studio offered.
    """

    settings: Settings
    workspace: Path
    specs: tuple[str, ...]
    space: Space
    template: Template
    shape: Shape
    metric: Metric | None
    others: str
    digests: dict[str, str]
    chosen: Chosen | None = None
    goal: Goal | None = None
    stops: Rules | None = None
    for_studio: bool = False

    @property
    def trials(self) -> int:
        """How many trials the search has, or may have if a strategy proposes them."""
        if self.chosen is not None:
            return self.chosen.budget
        return self.space.size(self.settings.seed)

    @property
    def runs(self) -> int:
        """How many runs that makes."""
        return self.trials * self.shape.runs_per_trial

    def choices(self) -> list[Values]:
        """The values of each trial of the grid."""
        return list(self.space.grid(seed=self.settings.seed))

    def axes(self) -> dict[str, tuple[Value, ...]]:
        """The values that each name may have; of those that are sampled, a few."""
        return _axes(self.space, self.settings.seed)

    def first(self) -> Values:
        """The values of one trial."""
        if self.chosen is None:
            return next(iter(self.space.grid(seed=self.settings.seed)))
        return draws(self.space, self.settings.seed, 1)[0]

    def plan(
        self, search: str, cache: Cache, choices: Iterable[Values], first: int = 0
    ) -> Iterator[PlannedRun]:
        """The runs of a search's trials, numbered from `first` on."""
        others = digest_text(os.path.relpath(self.workspace, cache.root), self.others)
        return planned_runs(search, choices, self.template, self.shape, others, first=first)


def locate(script: str, here: Path) -> tuple[Path, str]:
    """The workspace of a script and its path in there.

    The workspace is the current folder. For a script outside of it, and where the current folder
    is the root or somebody's home and so no project, it is the script's own folder.
    Raises WorkspaceError where there is no such file.
    """
    full = Path(os.path.normpath(here / script))
    if not full.is_file():
        what = "is a folder" if full.is_dir() else "does not exist"
        raise WorkspaceError(f"{script} {what}.", hint=_near_scripts(full))
    if full.is_relative_to(here) and here not in (Path(here.anchor), Path.home()):
        return here, full.relative_to(here).as_posix()
    return full.parent, full.name


def _near_scripts(missing: Path) -> str:
    folder = missing if missing.is_dir() else missing.parent
    if not folder.is_dir():
        return "Name the training script to search over."
    scripts = sorted(path.name for path in folder.glob("*.py"))
    import difflib

    near = difflib.get_close_matches(missing.name, scripts, 1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Scripts there: {', '.join(scripts[:8])}." if scripts else "There is no script there."


def understand(
    settings: Settings, workspace: Path, *, large_is_fine: bool = False, to_run: bool = True
) -> Question:
    """Read script and specs, find all sites, check each value. Writes nothing.

    Where nothing is `to_run`, no strategy is made: somebody's own may be broken, or gone. Raises
    the HprunError of whatever cannot be.
    """
    read = reader(workspace)
    source = read(settings.script)
    if source is None:
        raise WorkspaceError(f"{workspace / settings.script} does not exist.")
    specs = _with_marks(settings.hp, source, settings.script)
    if settings.trial and not specs:
        specs = specs_of_rows(settings, workspace)
    space = parse_space(specs)
    _check_space(space, settings, large_is_fine=large_is_fine)
    template = make_template(
        Request(
            script=settings.script,
            names=space.names,
            argv=settings.args,
            subs=tuple(parse_sub(text) for text in settings.sub),
            reads=settings.substitute == "reads",
            folds=settings.cv,
            repeats=settings.repeats,
            arrays=_arrays(space),
        ),
        read,
    )
    metric = parse_metric(settings.metric, settings.direction or None) if settings.metric else None
    chosen = choose(settings, space, metric, workspace) if to_run else None
    metric = metric if chosen is None else chosen.metric
    shape = Shape(settings.cv, settings.repeats, settings.seed)
    template.check(_axes(space, settings.seed))
    modules = {path: read(path) or b"" for path in imported_modules(settings.script, read)}
    depends = _depends(settings.depends, workspace)
    return Question(
        settings=settings,
        workspace=workspace,
        specs=specs,
        space=space,
        template=template,
        shape=shape,
        metric=metric,
        chosen=chosen,
        goal=_goal(settings, metric) if to_run else None,
        stops=_rules(settings, metric, shape),
        others=digest_files(modules | depends),
        digests={
            path: digest_files({path: content})
            for path, content in {settings.script: source, **modules, **depends}.items()
        },
        for_studio=imports_studio((source, *modules.values())),
    )


def _goal(settings: Settings, metric: Metric | None) -> Goal | None:
    if not settings.until and not settings.patience:
        return None
    from hprun.engine.goals import make_goal

    return make_goal(settings.until, settings.patience, metric)


def _arrays(space: Space) -> tuple[str, ...]:
    """The names whose values are arrays: those of ranges with Studio's flag a."""
    return tuple(
        parameter.name
        for parameter in space.parameters
        if isinstance(parameter.domain, FlaggedRange) and parameter.domain.length is not None
    )


def _rules(settings: Settings, metric: Metric | None, shape: Shape) -> Rules | None:
    """By what runs are stopped early, if by anything."""
    if not settings.stop and not settings.stop_folds:
        return None
    from hprun.engine.stopping import rules

    return rules(settings, metric, shape)


def _axes(space: Space, seed: int) -> dict[str, tuple[Value, ...]]:
    found = dict(space.axes(seed=seed))
    if space.sampled:
        found = samples(space, seed) | found
    return {name: found[name] for name in space.names}


def _with_marks(specs: Sequence[str], source: bytes, script: str) -> tuple[str, ...]:
    """Specs of flags and file, and those of marks in the script that are not named there."""
    named = {name for spec in specs for name in _names(spec)}
    marked = [(name, spec) for name, spec, _ in marks(source, script) if name not in named]
    return (*specs, *(f"{name}={spec}" for name, spec in marked))


def _names(spec: str) -> list[str]:
    left = spec.split("=", 1)[0].strip().strip("()")
    return [name.strip().split("@")[0] for name in left.split(",")]


def _check_space(space: Space, settings: Settings, *, large_is_fine: bool) -> None:
    if not space.names:
        late = any(arg.startswith(("--hp", "-hp", "--metric")) for arg in settings.args)
        raise HprunError(
            "There is nothing to search: no hyperparameter is named.",
            hint=f"hprun's options stand before the script: `hprun --hp … {settings.script}`."
            if late
            else f"For example: `hprun --hp lr=1e-5:l5:0.1 {settings.script}`.",
        )
    grid = strategy_name(settings) == GRID
    if space.sampled and grid:
        names = " and ".join(space.sampled)
        raise HprunError(
            f"A grid cannot try every value of {names}: that is a continuous range or a"
            " distribution.",
            hint="Let a strategy choose: `--trials 50`. Or say how many values to try: `a:u5:b`"
            " (even), `a:l5:b` (by log), `a:r5:b` or `a:rl5:b` (drawn at random).",
        )
    if large_is_fine or not grid:
        return
    size = space.size(settings.seed, stop_above=MAX_TRIALS)
    if size > MAX_TRIALS:
        raise HprunError(
            f"That is a grid of at least {size:,} trials.",
            hint="Take fewer values, or say --yes if it is meant.",
        )


def _depends(names: Sequence[str], workspace: Path) -> dict[str, bytes]:
    """The content of the files (and folders of files) that `--depends` names."""
    found: dict[str, bytes] = {}
    for name in names:
        full = workspace / name
        if not full.exists():
            raise WorkspaceError(f"--depends {name}: there is no such file in {workspace}.")
        files = sorted(p for p in full.rglob("*") if p.is_file()) if full.is_dir() else [full]
        for file in files:
            found[os.path.relpath(file, workspace)] = file.read_bytes()
    return found


@dataclass(frozen=True, slots=True)
class Begun:
    """A search that has been written down; `edited` are the files that changed since last time."""

    row: SearchRow
    linked: Linked
    edited: tuple[str, ...]


def write_down(question: Question, store: Store, cache: Cache, now: float) -> Begun:
    """Put a search and all its runs into the queue. Raises CacheError."""
    settings = question.settings
    workspace = os.path.relpath(question.workspace, cache.root)
    request = {"workspace": workspace, "settings": settings.to_json()}
    stem = Path(settings.script).stem[:40]
    known = store.search_by_key(search_key(question, cache))
    row = store.put_search(search_key(question, cache), stem, request, now)
    record_search(cache, search_key(question, cache), row)
    if known is not None and _runs_otherwise(settings, saved_settings(known, cache)[0]):
        store.retry(row.id, None)
    before = row.digests
    choices = question.choices() if question.chosen is None else []
    # What was proposed, or added by hand, stands, also when the script has changed.
    more = [(n, values) for n, values, _ in store.proposed(row.id, after=len(choices) - 1)]
    trials = chain(planned_trials(choices), (PlannedTrial(n, values) for n, values in more))
    runs = (question.plan(row.name, cache, [values], number) for number, values in more)
    linked = store.link(
        row.id,
        trials,
        chain(question.plan(row.name, cache, choices), chain.from_iterable(runs)),
        question.digests,
        whole=question.stops is None,
    )
    if question.metric is not None or row.metric is None:
        store.set_metric(row.id, question.metric)
        row = replace(row, metric=question.metric)
    edited = tuple(
        path
        for path in sorted({*before, *question.digests})
        if before and before.get(path) != question.digests.get(path)
    )
    return Begun(row, linked, edited)


def search_key(question: Question, cache: Cache) -> str:
    """The hash by which the cache knows a question."""
    workspace = os.path.relpath(question.workspace, cache.root)
    return question.settings.key(workspace, question.specs)


def _runs_otherwise(new: Settings, old: Settings) -> bool:
    """Say whether what failed may succeed now, because it would be run in another way."""
    return any(
        getattr(new, name) != getattr(old, name)
        for name in (
            "link",
            "python",
            "timeout",
            "max_retries",
            "gpu_memory",
            "gpu_memory_per_run",
        )
    )


def saved_settings(row: SearchRow, cache: Cache) -> tuple[Settings, Path]:
    """The settings and the workspace of a search that was written down."""
    workspace = Path(os.path.normpath(cache.root / row.request["workspace"]))
    return Settings.from_json(row.request["settings"]), workspace


def policy(settings: Settings, now: float, slots: int) -> Policy:
    """How the loop is to decide, from `now` on."""
    return Policy(
        slots=slots,
        grace_s=settings.grace,
        max_retries=settings.max_retries,
        fail_fast=settings.fail_fast,
        timeout_s=settings.timeout or None,
        until=now + settings.for_ if settings.for_ else None,
        min_free=settings.min_free,
        max_log=settings.max_log,
    )


def work(
    question: Question,
    cache: Cache,
    say: Callable[[str], None],
    more: Mapping[str, str],
    memory: GpuMemory,
) -> Work:
    """What starts runs: the workspace is frozen when the first one is started; `more` is for
    their environment, and `memory` what they are told of that of GPUs.
    """
    frozen: list[Snapshot] = []

    def snapshot() -> Snapshot:
        if not frozen:
            frozen.append(_freeze(question, cache, say))
        return frozen[0]

    env = base_env({**more, **memory.env})
    return Work(
        template=question.template,
        shape=question.shape,
        interpreter=interpreter(question.settings),
        env=env | studio_path(env) if question.for_studio else env,
        limits=memory.limits,
        checkpoint=parse_checkpoint(question.settings.checkpoint)
        if question.settings.autolog
        else None,
        snapshot=snapshot,
    )


def _freeze(question: Question, cache: Cache, say: Callable[[str], None]) -> Snapshot:
    listing: Listing = list_workspace(
        question.workspace, cache=cache.root, link=question.settings.link
    )
    for path, target in listing.links:
        if target.startswith("/"):
            say(f"{path} is a link to {target}: all runs share it")
    snapshot = freeze(listing, cache.snapshots)
    for path, digest in question.digests.items():
        copy = snapshot.folder / path
        if copy.exists() and digest_files({path: copy.read_bytes()}) != digest:
            raise WorkspaceError(
                f"{path} was changed while hprun was reading it.", hint="Start again."
            )
    return snapshot


def check_interpreter(settings: Settings) -> None:
    """Refuse a Python that is not there before anything is written. Raises WorkspaceError."""
    program = interpreter(settings)
    if os.path.isabs(program) and os.path.isfile(program) and os.access(program, os.X_OK):  # noqa: PTH113, PTH117
        return
    import shutil

    if shutil.which(program) is None:
        raise WorkspaceError(f"--python {program}: there is no such program.")


def interpreter(settings: Settings) -> str:
    """The Python that runs the script: `--python`, the active environment's, or hprun's own."""
    if settings.python:
        return settings.python
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        candidate = Path(os.environ.get(variable, "")) / "bin" / "python"
        if os.environ.get(variable) and candidate.exists():
            return str(candidate)
    return sys.executable
