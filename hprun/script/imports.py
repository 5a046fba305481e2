"""The workspace files that a script imports, followed through the text alone."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field

from hprun.dataclass import dataclass
from hprun.script.places import callee
from hprun.script.source import parsed

Read = Callable[[str], bytes | None]


def imported_modules(
    script: str, read: Read, *, roots: Sequence[str] | None = None
) -> frozenset[str]:
    """The workspace's Python files that `script` imports, directly or through others.

    `read` gives a file's bytes by its path in the workspace, or None. `roots` are the folders
    where a module is looked for, the first that has it wins: the script's folder and the
    workspace itself, unless given; a literal folder that a file puts on `sys.path` is added. A
    file that does not parse is included but not followed. The script itself is not included. A
    `.py` file that a string names (for `runpy` or `exec`) counts as imported.
    """
    folder = posixpath.dirname(script)
    known: dict[str, bytes | None] = {}

    def once(path: str) -> bytes | None:
        if path not in known:
            known[path] = read(path)
        return known[path]

    walk = _Walk(once, list(dict.fromkeys([folder, ""] if roots is None else roots)))
    before = -1
    while len(walk.roots) != before:  # a file met late may add a folder for one met early
        before = len(walk.roots)
        walk.follow(posixpath.normpath(script))
    return frozenset(walk.seen - {posixpath.normpath(script)})


@dataclass
class _Walk:
    read: Read
    roots: list[str]
    seen: set[str] = field(default_factory=set)

    def follow(self, path: str) -> None:
        """Add the file and, in turn, everything that it imports."""
        waiting = [path]
        self.seen.clear()
        while waiting:
            current = waiting.pop()
            if current in self.seen:
                continue
            data = self.read(current)
            if data is None:
                continue
            self.seen.add(current)
            tree = parsed(data)
            if tree is not None:
                self._add_roots(tree, current)
                waiting += self._imports(tree, current)

    def _add_roots(self, tree: ast.Module, path: str) -> None:
        """Add the literal folders of `sys.path.append(…)` and `sys.path.insert(0, …)`."""
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or callee(node) not in ("append", "insert"):
                continue
            if not ast.unparse(node.func).startswith(("sys.path.", "path.")):
                continue
            texts = _strings(node)
            for base in (posixpath.dirname(path), ""):
                for root in (_inside(posixpath.join(base, *texts)), *map(_inside, texts)):
                    if root is not None and root not in self.roots:
                        self.roots.append(root)

    def _imports(self, tree: ast.Module, path: str) -> Iterator[str]:
        """The files that one file imports."""
        for node in ast.walk(tree):
            match node:
                case ast.Import(names=names):
                    for alias in names:
                        yield from self._module(alias.name)
                case ast.ImportFrom(module=module, names=names, level=level):
                    yield from self._from(module or "", [a.name for a in names], level, path)
                case ast.Call(args=[ast.Constant(value=str(name)), *_]) if callee(node) in (
                    "import_module",
                    "__import__",
                ):
                    level = len(name) - len(name.lstrip("."))
                    yield from self._from(name.lstrip("."), [], level, path)
                case ast.Constant(value=str(text)) if text.endswith(".py"):
                    for base in (posixpath.dirname(path), ""):
                        found = _inside(posixpath.join(base, text))
                        if found is not None and self.read(found) is not None:
                            yield found

    def _from(self, module: str, names: list[str], level: int, path: str) -> Iterator[str]:
        """The files of `from ..module import names`: the module, and submodules among the names."""
        if not level:
            yield from self._module(module)
            for name in self._expanded(names, self._find(module)):
                yield from self._module(f"{module}.{name}")
            return
        base = posixpath.dirname(path)
        for _ in range(level - 1):
            base = posixpath.dirname(base)
        parts = module.split(".") if module else []
        yield from self._at(base, parts, relative=True)
        for name in self._expanded(names, _first(self._at(base, parts, relative=True))):
            yield from self._at(base, [*parts, name], relative=True)

    def _expanded(self, names: list[str], package: str | None) -> list[str]:
        """`*` of a package is what its `__all__` says."""
        if names != ["*"] or package is None:
            return names
        tree = parsed(self.read(package) or b"")
        return [
            text
            for node in (tree.body if tree else [])
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
            and "__all__" in ast.unparse(node).split("=")[0]
            for text in _strings(node)
        ]

    def _find(self, module: str) -> str | None:
        return _first(self._module(module))

    def _module(self, name: str) -> Iterator[str]:
        """The files of an absolute module: the packages on the way and its own, itself first."""
        for root in self.roots:
            found = list(self._at(root, name.split(".")))
            if found:
                yield from found
                return

    def _at(self, base: str, parts: list[str], *, relative: bool = False) -> Iterator[str]:
        """The file of a module below `base` and its packages' `__init__.py`, itself first.

        `relative`: `base` is a package itself.
        """
        for length in range(len(parts), -1 if relative else 0, -1):
            stem = posixpath.join(base, *parts[:length])
            package = posixpath.join(stem, "__init__.py")
            for path in (package, f"{stem}.py") if length else (package,):
                if self.read(path) is not None:
                    yield path
                    break


def _first(found: Iterator[str]) -> str | None:
    return next(found, None)


def _strings(node: ast.AST) -> list[str]:
    return [
        inner.value
        for inner in ast.walk(node)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    ]


def _inside(path: str) -> str | None:
    """The path without `..`; None where it leaves the workspace."""
    clean = posixpath.normpath(path)
    if clean.startswith(("..", "/")):
        return None
    return "" if clean == "." else clean
