"""The names that hprun itself gives values: fold, folds and n_folds with --cv, seed with --repeats."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator

from hprun.errors import SiteError
from hprun.script import imports
from hprun.script.sites import Found, Index, find, split_line
from hprun.script.source import parsed

Read = Callable[[str], bytes | None]


def own_names(folds: int, repeats: int) -> tuple[str, ...]:
    """The names that `--cv folds` and `--repeats repeats` give values to."""
    return (*(("fold", "folds", "n_folds") if folds else ()), *(("seed",) if repeats > 1 else ()))


def refuse_searched(names: Collection[str], own: Collection[str]) -> None:
    """Raise SiteError for a searched name that hprun itself gives values."""
    for name in names:
        plain, _ = split_line(name)
        if plain.rpartition(".")[2] in own:
            flag = "--repeats" if plain == "seed" else "--cv"
            raise SiteError(
                f"{name} is searched, and {flag} gives it a value too",
                hint=f"Leave out {flag}, or --hp {name}=….",
            )


def find_own(
    index: Index, own: Collection[str], bound: Collection[str], counts: tuple[int, int], read: Read
) -> Iterator[tuple[str, Found]]:
    """The sites of hprun's own names in the script.

    `bound` are those that the arguments or a --sub hold already; `counts` are folds and repeats.
    Raises SiteError where every fold, or every repeat, would run the same thing.
    """
    for name in own:
        if name in bound:
            continue
        found = _find(index, name, read)
        if found is not None:
            yield name, found
        elif name in ("fold", "seed") and not reads_variable(index, _variable(name), read):
            flag, count = ("--cv", counts[0]) if name == "fold" else ("--repeats", counts[1])
            raise SiteError(
                f"{flag} {count} would run the same thing {count} times: {index.source.path} reads "
                f"neither `{name}` nor {_variable(name)}",
                hint=_ADVICE[name],
            )


_ADVICE = {
    "fold": "Assign `fold = 0` in the script and validate on that part of the data; `folds` or "
    "`n_folds` says how many there are.",
    "seed": "Assign `seed = 0` in the script and give it to the random number generators.",
}


def _variable(name: str) -> str:
    return {"fold": "HPRUN_FOLD", "seed": "HPRUN_SEED"}.get(name, "HPRUN_FOLDS")


def _find(index: Index, name: str, read: Read) -> Found | None:
    """The site, but for a value that the script takes from the environment itself."""
    try:
        found = find(index, name, may_read=False)
    except SiteError:
        if reads_variable(index, _variable(name), read):
            return None
        raise
    if found is None or found.option is not None:
        return found
    before = found.sites[0].before
    if "HPRUN_" in before:
        return None
    if name in ("folds", "n_folds") and found.sites[0].rule != "mark" and not before.isdecimal():
        return None  # `folds = list(splitter.split(x))` is another thing of the same name
    return found


def reads_variable(index: Index, variable: str, read: Read) -> bool:
    """Whether the script, or a module of the workspace that it imports, names the variable."""
    if _names(index.source.tree, variable):
        return True
    modules = imports.imported_modules(index.source.path, read)
    return any(_names(parsed(read(path) or b""), variable) for path in modules)


def _names(tree: ast.Module | None, variable: str) -> bool:
    nodes = ast.walk(tree) if tree else ()
    return any(isinstance(n, ast.Constant) and n.value == variable for n in nodes)
