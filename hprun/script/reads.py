"""Studio's rule: a value goes in for every read of the bare name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hprun.dataclass import dataclass
from hprun.errors import SiteError
from hprun.script import fstrings, scopes
from hprun.script.literals import NO_QUOTE, Fixed, Literal
from hprun.script.source import Source

_PLAIN_PARENTS = (
    ast.Call, ast.keyword, ast.Assign, ast.AnnAssign, ast.Return, ast.List, ast.Tuple, ast.Dict,
    ast.FormattedValue, ast.arguments, ast.Expr,
)  # fmt: skip


@dataclass(frozen=True)
class Read:
    """A read of a name: the spans to replace, and what writes each; the first is the value's."""

    line: int
    spans: tuple[tuple[int, int], ...]
    writers: tuple[Literal | Fixed, ...]


def find(source: Source, name: str) -> list[Read]:
    """Every read of the module's variable `name`, in order of lines.

    Raises SiteError where the name is computed from itself or is a loop's variable, since
    replacing its reads would ignore that, and for a read that cannot be replaced.
    """
    if not name.isidentifier():
        return []
    nodes = list(scopes.module_reads(source.tree, name))
    if nodes:
        _refuse_changes(source, name)
    reads = [_read(source, node, name) for node in nodes]
    return sorted(reads, key=lambda read: read.spans[0])


def _refuse_changes(source: Source, name: str) -> None:
    for node, what in _changes(source.tree, name):
        raise SiteError(
            f"{source.path} line {node.lineno} {what} {name}, "
            "so a value put in for each read of it would ignore that line",
            hint=f"Give {name} its value in one line, {name} = …, and search that line.",
        )


def _changes(tree: ast.Module, name: str) -> Iterator[tuple[ast.stmt, str]]:
    """The statements of the module's scope that compute the name anew from itself or in a loop."""
    bodies: list[list[ast.stmt]] = [tree.body]
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if scopes.declared_global(function, name):
            bodies.append(function.body)
    for node in (node for body in bodies for node in scopes.within(body)):
        match node:
            case ast.AugAssign(target=ast.Name(id=found)) if found == name:
                yield node, "changes"
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                bound = any(name in scopes.bound_here(n) for t in targets for n in ast.walk(t))
                if bound and any(scopes.module_reads(value, name)):
                    yield node, "changes"
            case ast.For(target=target) | ast.AsyncFor(target=target):
                if any(name in scopes.bound_here(inner) for inner in ast.walk(target)):
                    yield node, "loops over"


def _read(source: Source, node: ast.Name, name: str) -> Read:
    start, end = source.span(node)
    if start < 0 or source.text[start:end] != name:
        raise SiteError(
            f"{source.path} line {node.lineno}: {name} is read in an f-string that is too "
            "complicated to rewrite",
            hint="Move the expression out of the f-string, to a variable of its own.",
        )
    parent = source.parents[node]
    fields, quote = around(source, node, start)
    writer = Literal(
        source.encoding,
        operand=not isinstance(parent, _PLAIN_PARENTS),
        quote=quote,
        wrap=isinstance(parent, ast.Attribute),
    )
    edits = [((start, end), writer), *_labels(source, fields, name)]
    spans, writers = zip(*edits, strict=True)
    return Read(source.line_at(start), spans, writers)


def around(source: Source, node: ast.AST, at: int) -> tuple[list[ast.FormattedValue], str]:
    """The f-string fields around a node, inside out, and the quote that is free in them."""
    fields: list[ast.FormattedValue] = []
    taken = ""
    above = source.parents.get(node)
    while above is not None and not isinstance(above, ast.stmt):
        outer = source.parents.get(above)
        if isinstance(above, ast.FormattedValue):
            fields.append(above)
        elif isinstance(above, ast.JoinedStr) and above is not getattr(outer, "format_spec", None):
            taken += fstrings.quote_around(source.text, source.span(above), at)
        above = outer
    if not taken:
        return fields, ""
    free = [quote for quote in "'\"" if quote not in taken]
    return fields, free[0] if free else NO_QUOTE


def _labels(
    source: Source, fields: list[ast.FormattedValue], name: str
) -> Iterator[tuple[tuple[int, int], Fixed]]:
    """The edits that keep the label of `f"{lr=}"`: it becomes `f"lr={0.1!r}"`."""
    for depth, field in enumerate(fields):
        text = source.text
        opening, closing = source.span(field)
        sign = source.span(field.value)[1]
        while text[sign].isspace() or text[sign] == ")":
            sign += 1
        if text[sign] != "=":
            continue
        rest = sign + 1
        while text[rest].isspace():
            rest += 1
        label = text[opening + 1 : rest]
        if depth or closing < rest or set(label) & set("{}'\"\\\r\n"):
            raise SiteError(
                f"{source.path} line {source.line_at(opening)}: "
                f"{name} is read in an f-string's `=` field that is too complicated to rewrite",
                hint="Print the value and its label apart.",
            )
        yield (opening, opening), Fixed(label.encode(source.encoding))
        yield (sign, rest), Fixed(b"!r" if text[rest] == "}" else b"")
