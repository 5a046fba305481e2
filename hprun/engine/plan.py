"""A space and a template become trials and runs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hprun.dataclass import dataclass
from hprun.identity import run_identity, trial_identity
from hprun.model import Values
from hprun.script import Rendering, Template
from hprun.store.rows import PlannedRun, PlannedTrial


@dataclass(frozen=True, slots=True)
class Shape:
    """How many runs a trial has: `folds` (0: no cross-validation) times `repeats`.

    `seed` is what the first repeat gets; the next ones count on from it.
    """

    folds: int = 0
    repeats: int = 1
    seed: int = 0

    @property
    def runs_per_trial(self) -> int:
        """Runs in one trial."""
        return max(1, self.folds) * self.repeats

    def parts(self) -> Iterator[tuple[int, int]]:
        """Each fold with each repeat."""
        for fold in range(max(1, self.folds)):
            for repeat in range(self.repeats):
                yield fold, repeat


def render(template: Template, values: Values, shape: Shape, fold: int, repeat: int) -> Rendering:
    """What one run executes."""
    seed = shape.seed + repeat if shape.repeats > 1 else None
    return template.render(values, fold=fold, folds=max(1, shape.folds), seed=seed)


def planned_trials(choices: Sequence[Values]) -> Iterator[PlannedTrial]:
    """The trials of a search, numbered from 0."""
    return (PlannedTrial(number, values) for number, values in enumerate(choices))


def planned_runs(
    search: str,
    choices: Iterable[Values],
    template: Template,
    shape: Shape,
    others: str,
    *,
    first: int = 0,
) -> Iterator[PlannedRun]:
    """The runs of a search's trials, which are numbered from `first` on.

    `others` is the hash of what they execute beside rendered files.
    """
    for number, values in enumerate(choices, first):
        trial = ""
        for fold, repeat in shape.parts():
            rendering = render(template, values, shape, fold, repeat)
            content = trial_identity(rendering.written, rendering.argv, others)
            trial = trial or content
            yield PlannedRun(
                trial=number,
                fold=fold,
                repeat=repeat,
                identity=run_identity(content, fold, shape.folds, repeat),
                folder=f"{search}/{number:04d}-{trial[:6]}/{run_name(fold, repeat, shape)}",
            )


def run_name(fold: int, repeat: int, shape: Shape) -> str:
    """The name of a run's folder within its trial's."""
    return f"fold-{fold}" if shape.repeats == 1 else f"fold-{fold}-repeat-{repeat}"
