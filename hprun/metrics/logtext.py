"""`NAME: number` and `NAME=number` in what a script prints.

Each match is one point; its step counts the matches from 0.
"""

from __future__ import annotations

import os
import re
import stat
from array import array
from typing import BinaryIO

from hprun.metrics.words import SPLITS
from hprun.model import Curve

_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 16
"""A longer line is read in stretches of this size."""

_ENDS = re.compile(rb"\r\n|\n|\r")
_DECORATION = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x08")
_NUMBER = rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?nan|[-+]?inf(?:inity)?"
_WRAPPED = rb"(?:(?:tensor|array|(?:np|numpy|jnp)\.\w+)\()?"
_ANY_NAME = re.compile(
    rb"(?:^|(?<=[\s,;|({]))([A-Za-z_][\w./\-]*)[ \t]*[:=][ \t]*(?:%s)(?=[\s,;|)}]|$)" % _NUMBER,
    re.IGNORECASE | re.MULTILINE,
)
_MOST_NAMES = 20
_KERAS_BAR = re.compile(rb"\s*(\d+)/(\d+) *(?:\xe2\x94\x81|\[[=>.])")
_WORD_BEFORE = re.compile(rb"([A-Za-z]+) $")


class LogFile:
    """Follows one metric's name through a log that grows.

    Colours and backspaces are dropped; a carriage return ends a line. The unfinished bars of
    Keras count only where no finished one shows the name, since they hold running means.
    """

    def __init__(self, path: str, name: str) -> None:
        self.path = path
        word = re.escape(name.encode())
        pattern = rb"(?<![\w./\-])%s[\"']?[ \t]*[:=][ \t]*%s(%s)(?!\w|\.\d)"
        self._pattern = re.compile(pattern % (word, _WRAPPED, _NUMBER), re.IGNORECASE)
        self._word = name.encode()
        self._stamp = (0, 0, 0, 0)
        self._forget()

    def _forget(self) -> None:
        self._offset = 0
        self._rest = b""
        self._found = {place: array("d") for place in _PLACES}

    def poll(self) -> bool:
        """Read what was added; True if the log changed. A log that is missing holds nothing."""
        try:
            now = os.stat(self.path)  # noqa: PTH116
            stamp = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)
            if stamp == self._stamp or not stat.S_ISREG(now.st_mode):
                return False
            if stamp[:2] != self._stamp[:2] or now.st_size < self._offset:
                self._forget()
            with open(self.path, "rb", buffering=0) as file:  # noqa: PTH123
                self._read(file)
        except OSError:
            return False
        self._stamp = stamp
        return True

    def _read(self, file: BinaryIO) -> None:
        file.seek(self._offset)
        while block := file.read(_BLOCK):
            self._offset += len(block)
            text = self._rest + block
            cut = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
            self._search(_plain(text[:cut]), self._found)
            self._rest = text[cut:]
            if len(self._rest) > _LONGEST_LINE:
                self._rest = self._search_line(_plain(self._rest))

    def _search_line(self, line: bytes) -> bytes:
        """Search a line that goes on; gives what of it must be seen again with what follows."""
        until = len(line) - _LONGEST_LINE // 4
        seen = self._search(line, self._found, until)
        # The dash keeps the rest of a word that is cut in two from passing for a whole one.
        return b"-" + line[max(seen, until - _LONGEST_LINE // 4) :]

    def _search(self, text: bytes, found: Found, until: int | None = None) -> int:
        """Add the matches that end before `until`; gives where the last one ends."""
        seen = 0
        if self._word.lower() not in text.lower():
            return seen
        for match in self._pattern.finditer(text):
            at, end = match.span()
            if until is not None and end > until:
                break
            seen = end
            if _belongs_to_a_split(text, at):
                continue
            exact = text.startswith(self._word, at)
            feed = text.rfind(b"\n", 0, at)
            line = max(feed, text.rfind(b"\r", feed + 1, at)) + 1
            unfinished = _in_unfinished_bar(text, line, end)
            found[exact, not unfinished].append(float(match[1]))
        return seen

    def curve(self, *, ended: bool) -> Curve | None:
        """Give the points; None if the name never came.

        The last line counts only when it is complete, or when the run has `ended`. Another case
        of the letters counts only where the exact one never came.
        """
        found = self._found
        if ended and self._rest:
            found = {place: values[:] for place, values in found.items()}
            self._search(_plain(self._rest), found)
        for place in _PLACES:
            if found[place]:
                return Curve(tuple(range(len(found[place]))), tuple(found[place]))
        return None


Place = tuple[bool, bool]
"""Whether the name's case was exact, and whether its line was no unfinished bar."""

Found = dict[Place, "array[float]"]

_PLACES: tuple[Place, ...] = ((True, True), (True, False), (False, True), (False, False))


def names_in_log(path: str) -> list[str]:
    """Names that stand before a number near the end of a log, for the hint on what there was."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_LINE))
            text = _plain(file.read())
    except OSError:
        return []
    found = dict.fromkeys(match.decode() for match in _ANY_NAME.findall(text))
    return list(found)[:_MOST_NAMES]


def _plain(text: bytes) -> bytes:
    """Drop colours and backspaces; most logs have none, and are searched for them quickly."""
    return _DECORATION.sub(b"", text) if b"\x1b" in text or b"\x08" in text else text


def _belongs_to_a_split(text: bytes, at: int) -> bool:
    """In `val loss: 0.3` the name is not `loss`."""
    if text[at - 1 : at] != b" ":
        return False
    before = _WORD_BEFORE.search(text, max(0, at - 16), at)
    return before is not None and before[1].decode().lower() in SPLITS


def _in_unfinished_bar(text: bytes, start: int, after: int) -> bool:
    """A bar of Keras is finished when it is full and a line feed ends it."""
    bar = _KERAS_BAR.match(text, start)
    if bar is None:
        return False
    end = _ENDS.search(text, after)
    return int(bar[1]) < int(bar[2]) or (end is not None and end[0] == b"\r")
