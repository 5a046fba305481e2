"""What is asked: settings, script and specs become a search that has been understood."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hprun.autolog import imports_studio
from hprun.config import Settings
from hprun.dataclass import dataclass
from hprun.engine.choosing import Chosen, choose, draws, samples, specs_of_rows, strategy_name
from hprun.engine.plan import Shape, planned_runs
from hprun.errors import HprunError, WorkspaceError
from hprun.identity import digest_files, digest_text
from hprun.metrics import parse_metric
from hprun.model import Metric, Value, Values
from hprun.paths import Cache
from hprun.script import Request, Template, imported_modules, make_template, marks, parse_sub
from hprun.space import FlaggedRange, Space, parse_space
from hprun.store import PlannedRun
from hprun.strategies.naming import GRID
from hprun.workspace import reader

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
