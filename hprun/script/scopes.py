"""Which names a scope binds, and which reads of a name mean the module's variable."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def parameters(arguments: ast.arguments) -> list[ast.arg]:
    """All parameters, in order of their text."""
    star = [arguments.vararg] if arguments.vararg else []
    rest = [arguments.kwarg] if arguments.kwarg else []
    return [*arguments.posonlyargs, *arguments.args, *star, *arguments.kwonlyargs, *rest]


def within(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """These nodes and what they hold, of their own scope only.

    A nested function or class is given, but not entered (its decorators, defaults and bases
    are). A comprehension is entered for its first iterable and for the walruses in it.
    """
    for node in nodes:
        yield node
        if isinstance(node, _FUNCTIONS):
            yield from within(_outside_of_function(node))
        elif isinstance(node, ast.Lambda):
            yield from within(_defaults(node.args))
        elif isinstance(node, ast.ClassDef):
            yield from within([*node.decorator_list, *node.bases, *node.keywords])
        elif isinstance(node, _COMPREHENSIONS):
            yield from within([node.generators[0].iter])
            yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
        else:
            yield from within(ast.iter_child_nodes(node))


def hidden_parts(
    node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
) -> Iterator[ast.AST]:
    """The parts of a comprehension that `within` does not enter."""
    first = node.generators[0]
    yield from (child for child in ast.iter_child_nodes(node) if child not in node.generators)
    yield from first.ifs
    yield from node.generators[1:]


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [*arguments.defaults, *(default for default in arguments.kw_defaults if default)]


def _outside_of_function(node: FunctionNode) -> list[ast.AST]:
    """The parts of a function that its surroundings evaluate."""
    notes = [arg.annotation for arg in parameters(node.args) if arg.annotation]
    returns = [node.returns] if node.returns else []
    return [*node.decorator_list, *_defaults(node.args), *notes, *returns]


def bound_here(node: ast.AST) -> list[str]:
    """The names that this one node binds in its scope."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            names = [name]
        case ast.NamedExpr(target=ast.Name(id=name)):
            names = [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            names = [name]
        case ast.Import() | ast.ImportFrom():
            names = [alias.asname or alias.name.split(".")[0] for alias in node.names]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            names = [name]
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            names = [name]
        case _:
            names = []
    return names


def declared_global(node: ast.AST, name: str) -> bool:
    """Whether the body of this function or class says `global name`."""
    body = getattr(node, "body", [])
    return any(isinstance(n, ast.Global) and name in n.names for n in within(body))


def _shadowed_inside(node: ast.AST, body: list[ast.AST], name: str, outside: bool) -> bool:
    """Whether `name` means something else than the module's variable inside a function."""
    if isinstance(node, (*_FUNCTIONS, ast.Lambda)) and any(
        arg.arg == name for arg in parameters(node.args)
    ):
        return True
    for inner in within(body):
        if isinstance(inner, ast.Global) and name in inner.names:
            return False
        if isinstance(inner, ast.Nonlocal) and name in inner.names:
            return True
    return outside or any(name in bound_here(inner) for inner in within(body))


def module_reads(node: ast.AST, name: str, shadowed: bool = False) -> Iterator[ast.Name]:
    """Every read, inside `node`, of the module's variable `name`."""
    match node:
        case ast.Name(id=found, ctx=ast.Load()):
            if found == name and not shadowed:
                yield node
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            for outer in _outside_of_function(node):
                yield from module_reads(outer, name, shadowed)
            yield from _body_reads(node, list(node.body), name, shadowed)
        case ast.Lambda():
            for default in _defaults(node.args):
                yield from module_reads(default, name, shadowed)
            yield from _body_reads(node, [node.body], name, shadowed)
        case ast.ClassDef():
            yield from _class_reads(node, name, shadowed)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            yield from _comprehension_reads(node, name, shadowed)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from module_reads(child, name, shadowed)


def _body_reads(
    node: ast.AST, body: list[ast.AST], name: str, shadowed: bool
) -> Iterator[ast.Name]:
    hidden = _shadowed_inside(node, body, name, shadowed)
    for inner in body:
        yield from module_reads(inner, name, hidden)


def _class_reads(node: ast.ClassDef, name: str, shadowed: bool) -> Iterator[ast.Name]:
    """A class's own name hides the variable from its statements on, but not from its methods."""
    for outer in [*node.decorator_list, *node.bases, *node.keywords]:
        yield from module_reads(outer, name, shadowed)
    hidden = shadowed
    for statement in node.body:
        if isinstance(statement, _FUNCTIONS):
            yield from module_reads(statement, name, shadowed)
        else:
            yield from module_reads(statement, name, hidden)
        binds = any(name in bound_here(inner) for inner in within([statement]))
        hidden = hidden or (binds and not declared_global(node, name))


def _comprehension_reads(node: ast.AST, name: str, shadowed: bool) -> Iterator[ast.Name]:
    generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
    targets = [generator.target for generator in generators]
    hidden = shadowed or any(name in bound_here(n) for t in targets for n in ast.walk(t))
    yield from module_reads(generators[0].iter, name, shadowed)
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.comprehension):
            yield from module_reads(child, name, hidden)
    for index, generator in enumerate(generators):
        if index:
            yield from module_reads(generator.iter, name, hidden)
        for test in generator.ifs:
            yield from module_reads(test, name, hidden)


def mentions(node: ast.AST, name: str) -> bool:
    """Whether the expression reads a variable, an attribute or a key of this name."""
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=found) | ast.Attribute(attr=found):
                if found == name:
                    return True
            case ast.Constant(value=key):
                if key == name and inner is not node:
                    return True
    return False
