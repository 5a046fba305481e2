"""What a trial ran, and how that differs from the script."""

from __future__ import annotations

from hprun.engine.writing_down import saved_settings
from hprun.errors import HprunError
from hprun.paths import Cache
from hprun.script import unified_diff
from hprun.store import SearchRow, TrialRow


def files_of(row: SearchRow, cache: Cache) -> list[str]:
    """The files that get values: the script, and those of `--sub`."""
    settings, _ = saved_settings(row, cache)
    return list(dict.fromkeys([settings.script, *(sub.split(":", 1)[0] for sub in settings.sub)]))


def original(row: SearchRow, cache: Cache, name: str) -> bytes:
    """A file as the user has it now. Raises HprunError."""
    path = saved_settings(row, cache)[1] / name
    if not path.exists():
        raise HprunError(f"{path} is not there any more.")
    return path.read_bytes()


def rendered(row: SearchRow, cache: Cache, trial: TrialRow, fold: int | None, name: str) -> bytes:
    """What a trial ran, or would run: from its folder if it is there, else rendered anew.

    Raises HprunError.
    """
    for part in trial.parts:
        file = cache.run(part.run.folder).folder / name
        if fold in (None, part.run.fold) and file.exists():
            return file.read_bytes()
    from hprun.engine.plan import render
    from hprun.engine.question import understand

    question = understand(*saved_settings(row, cache), large_is_fine=True, to_run=False)
    return render(question.template, trial.values, question.shape, fold or 0, 0).files[name]


def changes(row: SearchRow, cache: Cache, trial: TrialRow, fold: int | None = None) -> list[str]:
    """What a trial changed, as the lines of a unified diff. Raises HprunError."""
    lines: list[str] = []
    for name in files_of(row, cache):
        before = original(row, cache, name)
        lines += unified_diff(before, rendered(row, cache, trial, fold, name), name)
    return lines
