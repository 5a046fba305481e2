"""Where the expressions inside f-strings stand.

Python 3.12 and newer say so. Before, the tree's positions inside an f-string are wrong, so the
fields are found in the text and each one's expression is parsed by itself.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterator

from hprun.dataclass import dataclass

Span = tuple[int, int]

NATIVE = sys.version_info >= (3, 12)
_OPEN, _CLOSE = "([{", ")]}"
_LF = "\n"
_NEWLINE = re.compile(r"\r\n|\r|\n")
_START = re.compile(r"[A-Za-z]*('''|\"\"\"|'|\")")


@dataclass(frozen=True, slots=True)
class Field:
    """A replacement field: `whole` with its braces, `expression`, and the fields of its format."""

    whole: Span
    expression: Span
    nested: tuple[Field, ...]


def spans(
    tree: ast.AST, text: str, plain: Callable[[ast.expr], Span], *, native: bool = NATIVE
) -> dict[ast.AST, Span]:
    """The true spans of the nodes inside the f-strings of `tree`, in characters of `text`.

    `plain` gives a node's span as the tree has it. Empty where the tree is right (`native`). An
    f-string that cannot be followed is left out: its fields have the empty span (-1, -1).
    """
    moved: dict[ast.AST, Span] = {}
    if native:
        return moved
    for node in _outermost(tree):
        start, end = plain(node)
        fields = [found for string in _strings(text, start, end) for found in _scan(text, *string)]
        _follow(node, fields, text, moved)
    return moved


def _outermost(node: ast.AST) -> Iterator[ast.JoinedStr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.JoinedStr):
            yield child
        else:
            yield from _outermost(child)


def _follow(
    joined: ast.JoinedStr, fields: list[Field], text: str, moved: dict[ast.AST, Span]
) -> None:
    """Pair the fields of the tree with those of the text, in order."""
    values = [value for value in joined.values if isinstance(value, ast.FormattedValue)]
    matching = len(values) == len(fields)
    for index, value in enumerate(values):
        found = fields[index] if matching else None
        if found is None or not _place(value.value, found.expression, text, moved):
            for node in ast.walk(value):
                moved[node] = (-1, -1)
            continue
        moved[value] = found.whole
        if isinstance(value.format_spec, ast.JoinedStr):
            _follow(value.format_spec, list(found.nested), text, moved)


def _place(node: ast.expr, at: Span, text: str, moved: dict[ast.AST, Span]) -> bool:
    """Parse the expression's text by itself and copy the positions; False where it differs."""
    alone = f"({text[at[0] : at[1]]})"
    try:
        twin = ast.parse(alone, mode="eval").body
    except SyntaxError:
        return False
    if ast.dump(twin) != ast.dump(node):
        return False
    starts = [0, *(match.end() for match in _NEWLINE.finditer(alone))]

    def plain(one: ast.expr) -> Span:
        def offset(line: int, column: int) -> int:
            head = alone[starts[line - 1] :].encode()[:column].decode()
            return starts[line - 1] + len(head)

        return (
            offset(one.lineno, one.col_offset),
            offset(one.end_lineno or 1, one.end_col_offset or 0),
        )

    inner = spans(ast.Expression(twin), alone, plain, native=False)
    shift = at[0] - 1
    for mine, theirs in zip(ast.walk(node), ast.walk(twin), strict=True):
        if isinstance(theirs, ast.expr):
            start, end = inner.get(theirs) or plain(theirs)
            moved[mine] = (-1, -1) if start < 0 else (start + shift, end + shift)
    return True


def quote_around(text: str, atom: Span, at: int) -> str:
    """The quote character of the string in which `at` lies; `atom` may be several in a row."""
    for start, end, opening in _pieces(text, *atom):
        if start <= at < end:
            return opening[-1]
    return ""


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """The strings side by side in `text[start:end]`: start, end, prefix and opening quotes."""
    body = text[start:end]
    lines = [0, *(match.end() for match in _NEWLINE.finditer(body))]
    depth = 0
    first, opening = 0, ""
    for token in tokenize.generate_tokens(io.StringIO(f"({_NEWLINE.sub(_LF, body)})").readline):
        kind = tokenize.tok_name[token.type]
        if kind == "STRING" or kind.endswith("STRING_START"):
            match = _START.match(token.string)
            if depth == 0 and match is not None:
                line, column = token.start
                first, opening = start + lines[line - 1] + column - (line == 1), match[0]
        depth += kind.endswith("STRING_START") - kind.endswith("STRING_END")
        if depth == 0 and (kind == "STRING" or kind.endswith("STRING_END")):
            line, column = token.end
            yield first, start + lines[line - 1] + column - (line == 1), opening


def _strings(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """The bodies of the f-strings in `text[start:end]`: start, end, whether it is raw."""
    for first, last, opening in _pieces(text, start, end):
        quotes = opening.lstrip("rRbBuUfF")
        prefix = opening[: -len(quotes)].lower()
        if "f" in prefix:
            yield first + len(opening), last - len(quotes), "r" in prefix


def _scan(text: str, start: int, end: int, raw: bool) -> Iterator[Field]:
    """The fields of an f-string's body `text[start:end]`."""
    at = start
    while at < end:
        if text.startswith(("{{", "}}"), at):
            at += 2
        elif not raw and text.startswith("\\N{", at):
            at = text.index("}", at) + 1
        elif not raw and text[at] == "\\" and text[at + 1] not in "{}":
            at += 2
        elif text[at] == "{":
            found, at = _field(text, at)
            yield found
        else:
            at += 1


def _field(text: str, start: int) -> tuple[Field, int]:
    """The field whose brace opens at `start`, and where the text goes on after it."""
    stop = _expression_end(text, start + 1)
    at = stop
    if text[at] == "=":
        at += 1
    while text[at].isspace():
        at += 1
    if text[at] == "!":
        at += 2
    while text[at].isspace():
        at += 1
    nested: list[Field] = []
    if text[at] == ":":
        at += 1
        while text[at] != "}":
            if text[at] == "{":
                found, at = _field(text, at)
                nested.append(found)
            else:
                at += 1
    return Field((start, at + 1), (start + 1, stop), tuple(nested)), at + 1


def _expression_end(text: str, at: int) -> int:
    """Where the field's expression ends: at its `=`, `!`, `:` or `}`."""
    depth = 0
    while True:
        char = text[at]
        if char in "'\"":
            at = _string_end(text, at)
            continue
        if char in _OPEN:
            depth += 1
        elif depth == 0 and text[at : at + 2] in ("==", "!=", "<=", ">="):
            at += 1
        elif depth == 0 and char in "=!:}":
            return at
        elif char in _CLOSE:
            depth -= 1
        at += 1


def _string_end(text: str, at: int) -> int:
    """Where the string that opens at `at` ends; inside a field it has no backslash."""
    quote = text[at] * 3 if text.startswith(text[at] * 3, at) else text[at]
    return text.index(quote, at + len(quote)) + len(quote)
