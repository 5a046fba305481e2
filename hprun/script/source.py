"""A Python file as text, tree and tokens, with every position a character offset in the text."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import field
from functools import cached_property

from hprun.dataclass import dataclass
from hprun.errors import RenderError
from hprun.script import fstrings

BOM = b"\xef\xbb\xbf"
_NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the tokenizer; `start` and `end` are character offsets."""

    type: int
    text: str
    start: int
    end: int
    line: int


@dataclass(frozen=True)
class Source:
    """A decoded Python file: `bom + text.encode(encoding)` is the file, byte for byte."""

    path: str
    bom: bytes
    encoding: str
    text: str
    tree: ast.Module = field(repr=False)

    @cached_property
    def starts(self) -> list[int]:
        """Where each line starts."""
        return [0, *(match.end() for match in _NEWLINE.finditer(self.text))]

    @cached_property
    def tokens(self) -> list[Token]:
        """All tokens, comments included."""
        return list(tokens(self.text))

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node around each node."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def _moved(self) -> dict[ast.AST, tuple[int, int]]:
        return fstrings.spans(self.tree, self.text, self._plain_span)

    def offset(self, line: int, column: int) -> int:
        """The character offset of the tree's position: `line` from 1, `column` in UTF-8 bytes."""
        start = self.starts[line - 1]
        stop = self.starts[line] if line < len(self.starts) else len(self.text)
        head = self.text[start:stop].encode("utf-8", "surrogatepass")[:column]
        return start + len(head.decode("utf-8", "surrogatepass"))

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Where the expression's text starts and ends, in characters."""
        if node in self._moved:
            return self._moved[node]
        return self._plain_span(node)

    def _plain_span(self, node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self.offset(node.lineno, node.col_offset),
            self.offset(node.end_lineno, node.end_col_offset),
        )

    def text_of(self, node: ast.expr) -> str:
        """The expression's text."""
        start, end = self.span(node)
        return self.text[start:end]

    def line_at(self, offset: int) -> int:
        """The line, from 1, of a character offset."""
        return bisect_right(self.starts, offset)

    def line_text(self, line: int) -> str:
        """The text of a line, without the space around it."""
        stop = self.starts[line] if line < len(self.starts) else len(self.text)
        return self.text[self.starts[line - 1] : stop].strip()

    def encoded(self) -> bytes:
        """The file."""
        return self.bom + self.text.encode(self.encoding)


def decode(data: bytes, path: str) -> tuple[bytes, str, str]:
    """The byte order mark, encoding and text of a Python file.

    Raises RenderError for an unknown encoding, or bytes that are not in it.
    """
    bom = BOM if data.startswith(BOM) else b""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        text = data[len(bom) :].decode(encoding)
    except SyntaxError as error:
        raise RenderError(f"{path} cannot be read: {error.msg}") from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise RenderError(
            f"{path} cannot be read: line {line} is not {encoding}",
            hint="Name the file's encoding in its first line, as in `# -*- coding: latin-1 -*-`.",
        ) from None
    if text.encode(encoding) != data[len(bom) :]:
        raise RenderError(f"{path} cannot be rewritten without change in {encoding}")
    return bom, encoding, text


def parse(data: bytes, path: str) -> Source:
    """The file's Source; raises RenderError that names the line of a file that does not compile."""
    bom, encoding, text = decode(data, path)
    compiles(data, path)
    return Source(path, bom, encoding, text, ast.parse(text))


def parsed(data: bytes) -> ast.Module | None:
    """The tree of a Python file, or None where it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def compiles(data: bytes, path: str) -> None:
    """Raise RenderError, naming the line, unless `data` compiles; nothing is executed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(data, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        where = f"line {error.lineno}: " if error.lineno else ""
        hint = ""
        if error.text and error.text.lstrip().startswith(("%", "!")):
            hint = "Notebook commands are no Python: export with `jupyter nbconvert --to script`."
        raise RenderError(f"{path} does not compile: {where}{error.msg}", hint=hint) from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise RenderError(f"{path} does not compile: {error}") from None


def tokens(text: str) -> Iterator[Token]:
    """The tokens of Python text that compiles; an f-string is one token in every Python."""
    starts = [0, *(match.end() for match in _NEWLINE.finditer(text))]
    unified = _NEWLINE.sub("\n", text)  # lines and columns stay, whatever ends a line
    depth = first = 0

    def offset(line: int, column: int) -> int:
        return min(starts[line - 1] + column, len(text)) if line <= len(starts) else len(text)

    for token in tokenize.generate_tokens(io.StringIO(unified).readline):
        kind, start, end = token.type, offset(*token.start), offset(*token.end)
        name = tokenize.tok_name[kind]
        if name.endswith("STRING_START"):
            first = start if depth == 0 else first
            depth += 1
            continue
        if name.endswith("STRING_END"):
            depth -= 1
            kind, start = tokenize.STRING, first
        if depth == 0:
            yield Token(kind, text[start:end], start, end, token.start[0])
