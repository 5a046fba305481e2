"""Every place of a script that names a value: variables, attributes, keys, defaults, arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace

from hprun.dataclass import dataclass
from hprun.script import scopes

Path = tuple[str, ...]

_NAMESPACES = {
    "dict", "Namespace", "SimpleNamespace", "OrderedDict", "EasyDict", "AttrDict", "ConfigDict",
    "DotDict", "DotMap", "Box", "Munch",
}  # fmt: skip
LOOP = "the variable of a loop"
_FIELDS = {"field", "Field", "ib", "attrib"}


@dataclass(frozen=True)
class Place:
    """A value with a name.

    `path` is the dotted name in full (`Trainer.fit.lr`). `rule` is binding for a variable of the
    module, dotted for the rest, or mark for what only a mark or a line number can pick (an
    argument of any call). `line` is the name's. `weak`: the value only passes on something of
    the same name. `why` says why no value can go here; a place with a `why` is no site. `owner`
    is the function whose default, or the class whose attribute, this is. `fallback`: it is in an
    `if` that looks at the name itself, as in `if lr is None: lr = 0.1`.
    """

    path: Path
    rule: str
    line: int
    value: ast.expr | None
    weak: bool = False
    why: str = ""
    alias: Path = ()
    owner: ast.AST | None = None
    fallback: bool = False

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path[-1]

    @property
    def dotted(self) -> str:
        """The path as a user writes it."""
        return ".".join(self.path)


def collect(tree: ast.Module) -> list[Place]:
    """All places, in order of their lines."""
    classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    best: dict[tuple[int, str], Place] = {}
    blocked: list[Place] = []
    for place in _Collector(classes).scope(tree.body, _Scope()):
        if place.value is None:
            blocked.append(place)
            continue
        key = (id(place.value), place.name)
        if key not in best or _rank(place) < _rank(best[key]):
            best[key] = place
    return sorted([*best.values(), *blocked], key=lambda place: place.line)


def _rank(place: Place) -> tuple[int, int]:
    """One value can be met under several names; the fullest name of the first rule is kept."""
    return ("binding", "dotted", "mark").index(place.rule), -len(place.path)


def _target_path(node: ast.expr) -> Path | None:
    """`config["optim"].lr` as a path; None for what has no fixed name."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=value, attr=name):
            head = _target_path(value)
            return None if head is None else (*head, name)
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
            head = _target_path(value)
            return None if head is None else (*head, key)
    return None


def callee(node: ast.Call) -> str:
    """The last name of what is called: `c` of `a.b.c(…)`, or nothing."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


@dataclass(frozen=True)
class _Scope:
    """A function's or class's dotted name, the names it declares global, and its class."""

    path: Path = ()
    outer: frozenset[str] = frozenset()
    owner: ast.ClassDef | None = None

    def full(self, tail: Path) -> tuple[Path, str]:
        """The path and rule of what is called `tail` in this scope."""
        if self.path and tail[0] not in self.outer:
            return (*self.path, *tail), "dotted"
        return tail, "binding" if len(tail) == 1 else "dotted"

    def blocked(self, name: str, node: ast.stmt | ast.expr, why: str) -> Place:
        """A name that is bound by something that holds no value to replace."""
        full, rule = self.full((name,))
        return Place(full, rule, node.lineno, None, why=why)


@dataclass(frozen=True)
class _Collector:
    classes: set[str]

    def scope(self, body: Iterable[ast.AST], scope: _Scope) -> Iterator[Place]:
        """The places of one scope's statements and of the scopes inside it."""
        for node in scopes.within(body):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    yield from self._function(node, scope.path)
                case ast.ClassDef():
                    yield from self.scope(node.body, _Scope((*scope.path, node.name), owner=node))
                case ast.Lambda(body=inner):
                    yield from self.scope([inner], scope)
                case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                    yield from self.scope(scopes.hidden_parts(node), scope)
                case ast.Assign() | ast.AnnAssign():
                    yield from self._statement(node, scope)
                case ast.Return(value=ast.expr() as value) if scope.path:
                    yield from self._inside(value, scope.path)
                case ast.Call():
                    yield from self._arguments(node, scope.path)
                case ast.Dict():
                    yield from self._entries(node, (), rule="mark")
                case _:
                    yield from _valueless(node, scope)

    def _function(self, node: scopes.FunctionNode, path: Path) -> Iterator[Place]:
        inner = (*path, node.name)
        for arg, default in defaults(node.args):
            place = _place((*inner, arg.arg), "dotted", arg.lineno, default)
            alias = (*path, arg.arg) if node.name == "__init__" else ()
            yield replace(place, owner=node, alias=alias)
            yield from self._inside(default, (*inner, arg.arg))
        outer = [n for n in scopes.within(node.body) if isinstance(n, ast.Global)]
        names = frozenset(name for statement in outer for name in statement.names)
        yield from self.scope(node.body, _Scope(inner, names))

    def _statement(self, node: ast.Assign | ast.AnnAssign, scope: _Scope) -> Iterator[Place]:
        """The places of an assignment; a chain gives one value several names."""
        if node.value is None:
            return
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            for place in self._assigned(target, node.value, scope):
                if len(targets) > 1 and place.value is node.value:
                    yield replace(place, why="one of several names of one value")
                else:
                    yield place

    def _assigned(self, target: ast.expr, value: ast.expr, scope: _Scope) -> Iterator[Place]:
        """The places of `target = value`."""
        if isinstance(target, ast.Tuple | ast.List):
            yield from self._unpacked(target, value, scope)
            return
        tail = _target_path(target)
        if tail is None:
            return
        full, rule = scope.full(tail)
        here: ast.expr | None = value
        if scope.owner and isinstance(value, ast.Call) and callee(value) in _FIELDS:
            here = _field_default(value)
        if here is not None and not from_itself(target, value):
            place = _place(full, rule, target.lineno, here)
            yield replace(place, alias=_own_attribute(scope.path, tail), owner=scope.owner)
        yield from self._inside(value, full)

    def _unpacked(
        self, target: ast.Tuple | ast.List, value: ast.expr, scope: _Scope
    ) -> Iterator[Place]:
        """The places of `a, b = 1, 2`, pair by pair; none where the sides do not match."""
        if isinstance(value, ast.Tuple | ast.List):
            both = [*target.elts, *value.elts]
            starred = any(isinstance(item, ast.Starred) for item in both)
            if not starred and len(value.elts) == len(target.elts):
                for each, item in zip(target.elts, value.elts, strict=True):
                    yield from self._assigned(each, item, scope)
                return
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield scope.blocked(node.id, node, "one part of a value that is taken apart")

    def _inside(self, value: ast.expr, owner: Path) -> Iterator[Place]:
        """The keys of a dict or namespace that has a name of its own."""
        if isinstance(value, ast.Dict):
            yield from self._entries(value, owner, rule="dotted")
        if not isinstance(value, ast.Call):
            return
        for keyword in value.keywords:
            if keyword.arg and callee(value) in _NAMESPACES | self.classes:
                full = (*owner, keyword.arg)
                yield _place(full, "dotted", keyword.lineno, keyword.value)
                yield from self._inside(keyword.value, full)
        spread = [keyword.value for keyword in value.keywords if keyword.arg is None]
        for inner in value.args[:1] + spread:
            if isinstance(inner, ast.Dict):
                yield from self._entries(inner, owner, rule="dotted")

    def _entries(self, node: ast.Dict, owner: Path, *, rule: str) -> Iterator[Place]:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                full = (*owner, key.value)
                yield _place(full, rule, key.lineno, value)
                if rule == "dotted":
                    yield from self._inside(value, full)

    def _arguments(self, node: ast.Call, path: Path) -> Iterator[Place]:
        """The keyword arguments of any call; a dict or namespace among them has its name."""
        for keyword in node.keywords:
            if keyword.arg:
                yield _place((keyword.arg,), "mark", keyword.lineno, keyword.value)
                yield from self._inside(keyword.value, (*path, keyword.arg))


def _valueless(node: ast.AST, scope: _Scope) -> Iterator[Place]:
    """Names that are bound by something that holds no value to replace."""
    targets: list[ast.expr] = []
    why = ""
    match node:
        case ast.For(target=target) | ast.AsyncFor(target=target):
            targets, why = [target], LOOP
        case ast.withitem(optional_vars=ast.expr() as target):
            targets, why = [target], "the variable of a `with`"
        case ast.NamedExpr(target=target):
            targets, why = [target], "assigned inside an expression"
        case ast.Import() | ast.ImportFrom():
            for name in scopes.bound_here(node):
                yield scope.blocked(name, node, "imported")
    for item in (inner for target in targets for inner in ast.walk(target)):
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
            yield scope.blocked(item.id, item, why)


def defaults(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr]]:
    """The parameters that have a default, with it."""
    positional = [*arguments.posonlyargs, *arguments.args]
    first = len(positional) - len(arguments.defaults)
    yield from zip(positional[first:], arguments.defaults, strict=True)
    for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            yield arg, default


def _place(path: Path, rule: str, line: int, value: ast.expr) -> Place:
    return Place(path, rule, line, value, weak=scopes.mentions(value, path[-1]))


def from_itself(target: ast.expr, value: ast.expr) -> bool:
    """Whether a value is computed from the very thing that is assigned."""
    if isinstance(target, ast.Name):
        return any(scopes.module_reads(value, target.id))
    itself = ast.unparse(target)
    return any(
        ast.unparse(node) == itself
        for node in ast.walk(value)
        if isinstance(node, type(target)) and isinstance(getattr(node, "ctx", None), ast.Load)
    )


def _own_attribute(path: Path, tail: Path) -> Path:
    """`self.lr` in a method of Trainer is Trainer.lr too."""
    if len(path) >= 2 and len(tail) >= 2 and tail[0] == "self":
        return (*path[:-1], *tail[1:])
    return ()


def _field_default(call: ast.Call) -> ast.expr | None:
    """The default in `field(default=…)`, `field(default_factory=lambda: …)` or `Field(…)`."""
    for keyword in call.keywords:
        match keyword:
            case ast.keyword(arg="default", value=value):
                return value
            case ast.keyword(arg="default_factory", value=ast.Lambda(body=body)):
                return body
    if callee(call) == "Field" and call.args:
        first = call.args[0]
        return None if isinstance(first, ast.Constant) and first.value is ... else first
    return None
