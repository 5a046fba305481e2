"""Finding the class that `--search` names: in a file, in a module, or as an entry point."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from hprun.dataclass import dataclass
from hprun.errors import ConfigError, HprunError
from hprun.identity import digest_text
from hprun.space.nearness import did_you_mean
from hprun.strategies.plugins.failures import where
from hprun.strategies.reference import Reference

GROUP = "hprun.strategies"
"""The group of entry points by which installed packages offer strategies."""

_STUDIOS = ("ask", "tell", "stop")


@dataclass(frozen=True, slots=True)
class Brought:
    """A strategy's class as it was found, or whatever makes one; `name` is for messages."""

    name: str
    make: Callable[..., Any]

    @property
    def is_studios(self) -> bool:
        """Whether it is an optimizer as Studio had them, with ask, tell and stop."""
        return not hasattr(self.make, "propose") and all(hasattr(self.make, w) for w in _STUDIOS)

    @property
    def plans_ahead(self) -> bool:
        """Whether it says that it learns nothing from results."""
        return bool(getattr(self.make, "plans_ahead", False))


def bring(reference: Reference, workspace: Path, own: Sequence[str]) -> Brought:
    """The class that is named; `own` are hprun's own strategies, for the hint.

    A file is relative to the workspace. Its folder, or the workspace of a module, is put at the
    end of `sys.path`, so that it can import what lies beside it; the file's own module has a name
    that nothing else has. Raises HprunError for what is not there, or fails when it is imported.
    """
    with contextlib.redirect_stdout(sys.stderr):
        if not reference.source:
            found = _entry_point(reference.name, own)
        else:
            module = _file(reference, workspace) if reference.is_file else _module(
                reference, workspace, own
            )  # fmt: skip
            found = _member(module, reference)
    if not callable(found):
        raise ConfigError(f"{reference} is no class, but {found!r:.60}")
    return Brought(str(reference), found)


def _entry_point(name: str, own: Sequence[str]) -> Any:
    from importlib.metadata import entry_points

    points = entry_points(group=GROUP)
    for point in points:
        if point.name == name:
            try:
                return point.load()
            except (Exception, SystemExit) as error:
                raise _cannot(f"the strategy {name} ({point.value})", error) from error
    known = [*own, *sorted({point.name for point in points})]
    raise ConfigError(
        f"there is no strategy {name}",
        hint=did_you_mean(name, known)
        or f"there are {', '.join(known)}; or name a class of yours: FILE.py:CLASS",
    )


def _file(reference: Reference, workspace: Path) -> ModuleType:
    path = workspace / reference.source
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        near = did_you_mean(path.name, sorted(file.name for file in path.parent.glob("*.py")))
        raise ConfigError(f"--search {reference}: {path} {what}", hint=near)
    _importable(path.parent)
    name = f"hprun_strategy_{path.stem}_{digest_text(str(path))[:8]}"
    spec = spec_from_loader(name, _Fresh(name, str(path)))
    assert spec is not None, "a loader of source files gives a spec"
    return _executed(spec, reference.source)


class _Fresh(SourceFileLoader):
    """Reads the text each time, and leaves no compiled file beside it."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def _executed(spec: ModuleSpec, shown: str) -> ModuleType:
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickles look it up there
    assert spec.loader is not None
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[spec.name]
        raise _cannot(shown, error) from error
    return module


def _module(reference: Reference, workspace: Path, own: Sequence[str]) -> ModuleType:
    _importable(workspace)
    try:
        return importlib.import_module(reference.source)
    except (Exception, SystemExit) as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name
        if missing and f"{reference.source}.".startswith(f"{missing}."):
            hint = did_you_mean(reference.source, own)
            raise ConfigError(
                f"--search {reference}: there is no module {missing}",
                hint=hint or "write FILE.py:CLASS for a file",
            ) from None
        raise _cannot(reference.source, error) from error


def _member(module: ModuleType, reference: Reference) -> Any:
    found = getattr(module, reference.name, None)
    if found is None:
        classes = [name for name, thing in vars(module).items() if _own_class(thing, module)]
        raise ConfigError(
            f"{reference.source} has no class {reference.name}",
            hint=did_you_mean(reference.name, classes)
            or (f"it has {', '.join(classes)}" if classes else ""),
        )
    return found


def _own_class(thing: object, module: ModuleType) -> bool:
    return isinstance(thing, type) and thing.__module__ == module.__name__


def _importable(folder: Path) -> None:
    """At the end: what lies there must not stand in the way of what is installed."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _cannot(what: str, error: BaseException) -> HprunError:
    return ConfigError(f"{what} cannot be imported: {where(error)}")
