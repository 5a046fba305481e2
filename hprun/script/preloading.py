"""What a script imports before anything could change what an import does, read off its text."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import field

from hprun.dataclass import dataclass
from hprun.script.harmless import Names, is_harmless, value_is_harmless
from hprun.script.imports import Read
from hprun.script.source import parsed

Line = tuple[str, int]
"""A file of the workspace and a line in it."""

NOT_BEFORE_A_FORK = {
    "mpi4py", "comet_ml", "clearml", "gevent", "eventlet", "ray", "horovod", "deepspeed",
    "bitsandbytes", "sklearnex", "cudf", "pyspark", "jpype",
}  # fmt: skip
"""Packages whose import does more than define things."""


@dataclass(frozen=True, slots=True)
class SetEnv:
    """The script sets a variable; None removes it. `only_missing`: as `setdefault` does."""

    name: str
    value: str | None
    only_missing: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """The script imports an installed module; `names` are those of `from module import names`."""

    module: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Try:
    """An import that may fail, and what then; `otherwise` None: the list ends there."""

    body: tuple[Step, ...]
    otherwise: tuple[Step, ...] | None


Step = SetEnv | Import | Try


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the list ends, and why, in a few words."""

    file: str
    line: int
    because: str


@dataclass(frozen=True, slots=True)
class Preload:
    """What can be done ahead for every trial, in the script's order."""

    steps: tuple[Step, ...]
    stopped: Stop | None = None


def preload_plan(script: str, read: Read, sites: Collection[Line] = ()) -> Preload:
    """The imports and the settings of variables at the top level of a script.

    `read` gives a file's bytes by its path in the workspace, or None. Modules of the workspace
    are not imported but followed. The list stops at the first statement that might change what
    a later import does, or whose text a value may replace (`sites`).
    """
    script = posixpath.normpath(script)
    walk = _Walk(read, frozenset(sites), [posixpath.dirname(script)])
    try:
        walk.file(script, main=True)
    except _Stopped as stopped:
        return Preload(tuple(walk.steps), stopped.stop)
    return Preload(tuple(walk.steps))


def importable_names(files: Iterable[str], script: str) -> frozenset[str]:
    """The modules that the script's folder has, by the paths of the workspace's files.

    They would be imported instead of installed modules of the same name.
    """
    folder = posixpath.dirname(posixpath.normpath(script))
    names = set()
    for path in files:
        inside = posixpath.relpath(path, folder or ".")
        first, slash, rest = inside.partition("/")
        stem, dot, ending = first.partition(".")
        if not slash and dot and ending.rpartition(".")[2] in ("py", "pyc", "so"):
            names.add(stem)
        elif rest == "__init__.py":
            names.add(first)
    names.discard(posixpath.basename(script).removesuffix(".py"))
    return frozenset(names)


class _Stopped(Exception):  # noqa: N818 - the end of the walk
    def __init__(self, stop: Stop) -> None:
        super().__init__(stop)
        self.stop = stop


@dataclass
class _Walk:
    read: Read
    sites: frozenset[Line]
    roots: list[str]
    steps: list[Step] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def file(self, path: str, *, main: bool = False) -> None:
        """Walk a file once, from top to bottom."""
        if path in self.seen:
            return
        self.seen.add(path)
        tree = parsed(self.read(path) or b"")
        if tree is None:
            raise _Stopped(Stop(path, 1, "the file cannot be read"))
        _File(self, path, main, Names()).block(tree.body)


@dataclass
class _File:
    walk: _Walk
    path: str
    main: bool
    names: Names

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Walk statements in order."""
        for node in body:
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        """Take a step, pass over what is harmless, or stop."""
        match node:
            case ast.Import():
                self.names.learn(node)
                self._check_site(node)
                for alias in node.names:
                    self._import(node, alias.name, ())
            case ast.ImportFrom():
                self.names.learn(node)
                self._check_site(node)
                self._from(node)
            case ast.If():
                self._if(node)
            case ast.Try() if _has_import(node):
                self._try(node)
            case _:
                self._other(node)

    def _other(self, node: ast.stmt) -> None:
        steps = _settings(node, self.names)
        if steps is not None:
            self._check_site(node)
            self.walk.steps += steps
        elif _is_path_change(node, self.names):
            self._path(node)
        elif not is_harmless(node, self.names):
            self._stop(node, f"`{_short(node)}` may change what an import does")

    def _path(self, node: ast.stmt) -> None:
        """`sys.path.append(…)` hides nothing; `insert` may, where its folder is not written out."""
        assert isinstance(node, ast.Expr)
        assert isinstance(node.value, ast.Call)
        folder = node.value.args[-1] if node.value.args else None
        if isinstance(folder, ast.Constant) and isinstance(folder.value, str):
            root = posixpath.normpath(folder.value)
            if not root.startswith(("..", "/")):
                self.walk.roots.append("" if root == "." else root)
                return
        if ast.unparse(node.value.func).endswith("insert"):
            self._stop(node, f"`{_short(node)}` may change what an import finds")

    def _if(self, node: ast.If) -> None:
        test = ast.unparse(node.test)
        if test in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            self.block(node.orelse)
        elif test.replace("'", '"') in ('__name__ == "__main__"', '"__main__" == __name__'):
            self.block(node.body if self.main else node.orelse)
        elif _has_import(node):
            self._stop(node, "an import depends on a condition")
        else:
            self._other(node)

    def _try(self, node: ast.Try) -> None:
        if not all(_catches_import_error(handler) for handler in node.handlers) or node.finalbody:
            self._stop(node, "an import is inside a `try` of another kind")
        body = self._apart(node.body)
        try:
            otherwise: tuple[Step, ...] | None = self._apart(
                [inner for handler in node.handlers for inner in handler.body]
            )
        except _Stopped:
            otherwise = None
        self.walk.steps.append(Try(body, otherwise))
        self.block(node.orelse)

    def _apart(self, body: Sequence[ast.stmt]) -> tuple[Step, ...]:
        """The steps of a block, not added to the list."""
        kept, self.walk.steps = self.walk.steps, []
        try:
            self.block(body)
            return tuple(self.walk.steps)
        finally:
            self.walk.steps = kept

    def _from(self, node: ast.ImportFrom) -> None:
        names = tuple(alias.name for alias in node.names)
        module = node.module or ""
        if module == "__future__" and not node.level:
            return
        if not node.level:
            self._import(node, module, names)
            return
        base = posixpath.dirname(self.path)
        for _ in range(node.level - 1):
            base = posixpath.dirname(base)
        parts = module.split(".") if module else []
        self._follow(_at(self.walk.read, base, parts, relative=True))
        for name in names:
            self._follow(_at(self.walk.read, base, [*parts, name], relative=True))

    def _import(self, node: ast.stmt, module: str, names: tuple[str, ...]) -> None:
        parts = module.split(".")
        for root in self.walk.roots:
            # Also a folder without `__init__.py` is a package, if modules are taken from it.
            found = list(_at(self.walk.read, root, parts))
            for name in names:
                found += _at(self.walk.read, root, [*parts, name])
            if found:
                self._follow(found)
                return
        if parts[0] in NOT_BEFORE_A_FORK:
            self._stop(node, f"importing {parts[0]} does more than define things")
        self.walk.steps.append(Import(module, names))

    def _follow(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.walk.file(path)

    def _check_site(self, node: ast.stmt) -> None:
        last = node.end_lineno or node.lineno
        if any((self.path, line) in self.walk.sites for line in range(node.lineno, last + 1)):
            self._stop(node, "a value of the search goes there")

    def _stop(self, node: ast.stmt, because: str) -> None:
        raise _Stopped(Stop(self.path, node.lineno, because))


def _at(read: Read, base: str, parts: Sequence[str], *, relative: bool = False) -> Iterator[str]:
    """The files that importing a module below `base` runs, packages first."""
    for length in range(0 if relative else 1, len(parts) + 1):
        stem = posixpath.join(base, *parts[:length])
        package = posixpath.join(stem, "__init__.py")
        for path in (package, f"{stem}.py") if length else (package,):
            if read(path) is not None:
                yield path
                break


def _settings(node: ast.stmt, names: Names) -> list[Step] | None:
    """The variables that a statement sets to written-out text; None where it does not do that."""
    match node:
        case ast.Assign(targets=[ast.Subscript(value=owner, slice=key)], value=value) if (
            names.full(owner) == "os.environ"
        ):
            return _all_set([(key, value)])
        case ast.Delete(targets=[ast.Subscript(value=owner, slice=ast.Constant(value=str(name)))]):
            return [SetEnv(name, None)] if names.full(owner) == "os.environ" else None
        case ast.AugAssign(target=target, op=ast.BitOr(), value=ast.Dict() as value):
            return _of_dict(value) if names.full(target) == "os.environ" else None
        case ast.Expr(value=ast.Call() as call):
            return _setting_call(call, names.full(call.func))
    return None


def _setting_call(call: ast.Call, name: str) -> list[Step] | None:
    steps: list[Step] | None = None
    match name, call.args, call.keywords:
        case "os.putenv", [key, value], []:
            steps = _all_set([(key, value)])
        case "os.environ.setdefault", [key, value], []:
            steps = _all_set([(key, value)], only_missing=True)
        case "os.environ.pop", [ast.Constant(value=str(variable)), *_], []:
            steps = [SetEnv(variable, None)]
        case "os.unsetenv", [ast.Constant(value=str(variable))], []:
            steps = [SetEnv(variable, None)]
        case "os.environ.update", [ast.Dict() as given], []:
            steps = _of_dict(given)
        case "os.environ.update", [], keywords:
            steps = _all_set([(ast.Constant(value=pair.arg), pair.value) for pair in keywords])
    return steps


def _of_dict(given: ast.Dict) -> list[Step] | None:
    if any(key is None for key in given.keys):
        return None
    return _all_set(
        [(key, value) for key, value in zip(given.keys, given.values, strict=True) if key]
    )


def _all_set(
    pairs: Iterable[tuple[ast.expr, ast.expr]], *, only_missing: bool = False
) -> list[Step] | None:
    steps: list[Step] = []
    for pair in pairs:
        match pair:
            case ast.Constant(value=str(name)), ast.Constant(value=str(value)) if name:
                if "\0" in name + value or "=" in name:
                    return None
                steps.append(SetEnv(name, value, only_missing))
            case _:
                return None
    return steps


def _is_path_change(node: ast.stmt, names: Names) -> bool:
    match node:
        case ast.Expr(value=ast.Call() as call):
            return names.full(call.func) in ("sys.path.append", "sys.path.insert") and all(
                value_is_harmless(arg, names) for arg in call.args
            )
    return False


def _has_import(node: ast.AST) -> bool:
    """Whether the statement imports when it is run, outside functions."""
    waiting: list[ast.AST] = [node]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, ast.Import | ast.ImportFrom):
            return True
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(inner)
    return False


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or ast.unparse(kind) in ("ImportError", "ModuleNotFoundError", "Exception")
        for kind in kinds
    )


def _short(node: ast.stmt) -> str:
    text = ast.unparse(node).splitlines()[0]
    return text if len(text) <= 60 else f"{text[:59]}…"
