"""What the names of a script's module mean, where that is the same in the whole script."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import field

from hprun.dataclass import dataclass
from hprun.script import scopes

Definition = ast.FunctionDef | ast.ClassDef | ast.Lambda


@dataclass(frozen=True)
class Names:
    """The names that a module binds: each import, function and class that a name surely means.

    `unsure` are the names that may mean an import, function or class, or something else. `nones`
    are the variables, of any scope, that may hold None.
    """

    bound: frozenset[str]
    imported: dict[str, frozenset[str]]
    defined: dict[str, Definition]
    unsure: frozenset[str] = frozenset()
    nones: frozenset[str] = frozenset()

    @staticmethod
    def of(tree: ast.Module) -> Names:
        """The names of a module."""
        found = _Bindings()
        for statement in tree.body:
            found.add(statement)
        for node in ast.walk(tree):
            if isinstance(node, ast.Global):
                for name in node.names:
                    found.other.add(name)
        imported = found.only_imports()
        defined = {
            name: nodes[0]
            for name, nodes in found.definitions.items()
            if len(nodes) == 1 and name not in found.other and name not in found.imports
        }
        unsure = {*found.imports, *found.definitions} - {*imported, *defined}
        return Names(found.every(), imported, defined, frozenset(unsure), frozenset(_nones(tree)))

    def dotted(self, node: ast.expr) -> frozenset[str]:
        """The full names that `np.random.seed` may stand for; empty unless it is imported."""
        match node:
            case ast.Name(id=name):
                return self.imported.get(name, frozenset())
            case ast.Attribute(value=value, attr=attr):
                return frozenset(f"{start}.{attr}" for start in self.dotted(value))
        return frozenset()


@dataclass
class _Bindings:
    """Every binding of the module's scope, by what it binds the name to."""

    imports: dict[str, set[str]] = field(default_factory=dict)
    aliases: dict[str, list[ast.expr]] = field(default_factory=dict)
    definitions: dict[str, list[Definition]] = field(default_factory=dict)
    other: set[str] = field(default_factory=set)

    def add(self, statement: ast.stmt) -> None:
        """Note what one statement of the module's scope binds, its blocks included."""
        for node in scopes.within([statement]):
            match node:
                case ast.Import():
                    for alias in node.names:
                        full = alias.name if alias.asname else alias.name.split(".")[0]
                        self._import(alias.asname or full, full)
                case ast.ImportFrom():
                    module = "." * node.level + (node.module or "")
                    for alias in node.names:
                        self._import(alias.asname or alias.name, f"{module}.{alias.name}")
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    self.definitions.setdefault(name, []).append(node)
                case ast.Name(id=name, ctx=ast.Store()) if self._is_plain(statement, node):
                    assert isinstance(statement, ast.Assign)
                    if isinstance(statement.value, ast.Lambda):
                        self.definitions.setdefault(name, []).append(statement.value)
                    else:
                        self.aliases.setdefault(name, []).append(statement.value)
                case _:
                    self.other.update(scopes.bound_here(node))

    @staticmethod
    def _is_plain(statement: ast.stmt, node: ast.AST) -> bool:
        """Whether this is `name = module.attribute` or `name = lambda …` of the top level."""
        return (
            isinstance(statement, ast.Assign)
            and statement.targets == [node]
            and isinstance(statement.value, ast.Attribute | ast.Name | ast.Lambda)
        )

    def _import(self, name: str, full: str) -> None:
        self.imports.setdefault(name, set()).add(full)

    def every(self) -> frozenset[str]:
        """All names that the module binds."""
        return frozenset({*self.imports, *self.aliases, *self.definitions, *self.other})

    def only_imports(self) -> dict[str, frozenset[str]]:
        """The names that always mean what is imported, `mnist = keras.datasets.mnist` included."""
        taken = self.other | set(self.definitions)
        known = {
            name: frozenset(full)
            for name, full in self.imports.items()
            if name not in taken and name not in self.aliases
        }
        growing = True
        while growing:
            growing = False
            for name, values in self.aliases.items():
                if name in known or name in taken or name in self.imports or len(values) > 1:
                    continue
                full = Names(frozenset(), known, {}).dotted(values[0])
                if full:
                    known[name] = full
                    growing = True
        return known


def _nones(tree: ast.Module) -> Iterator[str]:
    """The variables that are given None somewhere, a parameter's default included."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=ast.Constant(value=None)):
                yield from (n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=None)):
                yield name
            case ast.arguments():
                positional = [*node.posonlyargs, *node.args]
                last = positional[len(positional) - len(node.defaults) :]
                pairs = [*zip(last, node.defaults, strict=True)]
                pairs += [
                    (a, d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d
                ]
                yield from (arg.arg for arg, default in pairs if _is_none(default))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def root(node: ast.expr) -> ast.expr:
    """What stands before the first dot or bracket: `a` of `a.b[c].d`, a call of `f(x).y`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node
