"""Rendering: bytes that stay and slots that take values, spliced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from hprun.dataclass import dataclass
from hprun.errors import RenderError, SiteError
from hprun.model import Value, Values
from hprun.script.literals import Writer


@dataclass(frozen=True)
class Edit:
    """A span of a file's text, in characters, that `writer` replaces by the value of `key`.

    `rule` and `line` are of the site that it belongs to. `label`: it only keeps a text beside
    the value as it was.
    """

    key: str
    start: int
    end: int
    writer: Writer
    rule: str
    line: int
    label: bool = False


@dataclass(frozen=True)
class Slot:
    """Takes the value of an edit's key; without one, it is what the file has there."""

    edit: Edit
    otherwise: tuple[bytes | Slot, ...]


Pieces = tuple[bytes | Slot, ...]


@dataclass(frozen=True)
class Rendering:
    """What a run executes: the rendered files by path, and the script's arguments.

    `arrays` are files that the workspace does not have: values that the script loads.
    """

    files: Mapping[str, bytes]
    argv: tuple[str, ...]
    arrays: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def written(self) -> Mapping[str, bytes]:
        """All files that a run has and the workspace has not, or otherwise."""
        return {**self.files, **self.arrays} if self.arrays else self.files


@dataclass(frozen=True)
class Parts:
    """A workspace file in pieces; `encoding` and `errors` turn its text into bytes."""

    path: str
    encoding: str
    errors: str = "strict"
    pieces: Pieces = field(default=(), repr=False)

    def splice(self, values: Values) -> bytes:
        """The file with these values; raises RenderError for a value that cannot be written."""
        out: list[bytes] = []
        self._splice(self.pieces, values, out)
        return b"".join(out)

    def _splice(self, pieces: Pieces, values: Values, out: list[bytes]) -> None:
        for piece in pieces:
            if isinstance(piece, bytes):
                out.append(piece)
            elif piece.edit.key in values:
                out.append(self.written(piece.edit, values[piece.edit.key]))
            else:
                self._splice(piece.otherwise, values, out)

    def edits(self) -> Iterator[Edit]:
        """Every edit, in order of the text."""
        return (slot.edit for slot in _slots(self.pieces))

    def before(self, edit: Edit) -> str:
        """The text that the edit replaces."""
        slots = [slot for slot in _slots(self.pieces) if slot.edit == edit]
        return "".join(old for old, _, _ in self._regions(slots[0].otherwise, {}))

    def written(self, edit: Edit, value: Value) -> bytes:
        """The value's bytes; raises RenderError that names file, line and value."""
        try:
            return edit.writer.write(value)
        except RenderError as error:
            raise RenderError(
                f"{self.path} line {edit.line}: {edit.key} cannot be {value!r} there: "
                f"{error.message}",
                hint=error.hint,
            ) from None

    def regions(self, values: Values) -> Iterator[tuple[str, str, bool]]:
        """The file in order: text before, text with these values, and whether it may differ."""
        yield from self._regions(self.pieces, values)

    def _regions(self, pieces: Pieces, values: Values) -> Iterator[tuple[str, str, bool]]:
        for piece in pieces:
            if isinstance(piece, bytes):
                text = piece.decode(self.encoding, self.errors)
                yield text, text, False
            elif piece.edit.key in values:
                old = "".join(old for old, _, _ in self._regions(piece.otherwise, {}))
                new = self.written(piece.edit, values[piece.edit.key])
                yield old, new.decode(self.encoding, self.errors), True
            else:
                yield from self._regions(piece.otherwise, values)


def _slots(pieces: Pieces) -> Iterator[Slot]:
    for piece in pieces:
        if isinstance(piece, Slot):
            yield piece
            yield from _slots(piece.otherwise)


def cut(
    path: str,
    text: str,
    edits: Iterable[Edit],
    *,
    encoding: str,
    errors: str = "strict",
    bom: bytes = b"",
) -> Parts:
    """The file's text, after its byte order mark, cut at the edits.

    Raises SiteError where two edits need the same text.
    """
    ordered = sorted(dict.fromkeys(edits), key=lambda edit: (edit.start, -edit.end))

    def pieces(edits: Sequence[Edit], at: int, stop: int) -> Iterator[bytes | Slot]:
        index = 0
        while index < len(edits):
            edit = edits[index]
            last = index + 1
            while last < len(edits) and edits[last].start < edit.end:
                _refuse_shared(path, edit, edits[last])
                last += 1
            yield text[at : edit.start].encode(encoding, errors)
            yield Slot(edit, tuple(pieces(edits[index + 1 : last], edit.start, edit.end)))
            at, index = edit.end, last
        yield text[at:stop].encode(encoding, errors)

    whole = tuple(piece for piece in (bom, *pieces(ordered, 0, len(text))) if piece != b"")
    return Parts(path, encoding, errors, whole)


def _refuse_shared(path: str, outer: Edit, inner: Edit) -> None:
    """A read of one name inside another's value is fine: it counts where the other is absent."""
    contained = inner.end <= outer.end and (inner.start, inner.end) != (outer.start, outer.end)
    if contained and inner.rule == "reads" and inner.key != outer.key:
        return
    raise SiteError(
        f"{path} line {inner.line}: {outer.key} and {inner.key} would go to the same place",
        hint="Search one of them, or pick another line: NAME@LINE=…",
    )
