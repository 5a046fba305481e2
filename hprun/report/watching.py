"""Watching a search: which trials are shown in which order, and what each key does. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from hprun.dataclass import dataclass
from hprun.model import Direction, Values
from hprun.report.words import value_words

ORDERS = ("score", "trial", "time", "state")
"""What `s` sorts by, one after the other."""

_PAGE = 10  # rows that a page key moves by
_NAMES = {
    b"\x1b[A": "up", b"\x1bOA": "up", b"\x1b[B": "down", b"\x1bOB": "down", b"\x1b[5~": "page up",
    b"\x1b[6~": "page down", b"\x1b[H": "home", b"\x1b[F": "end", b"\r": "enter", b"\n": "enter",
    b"\x7f": "backspace", b"\x08": "backspace", b"\x1b": "escape",
}  # fmt: skip
_CODES = sorted(_NAMES, key=len, reverse=True)
_LETTERS = re.compile(rb"[^\x00-\x1f\x7f]+")
_MOVES = {
    "up": -1, "k": -1, "down": 1, "j": 1, "page up": -_PAGE, "page down": _PAGE,
    "home": -(10**9), "end": 10**9,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A trial as it is shown; one that runs has a row for each of its active runs.

    `run` is the run whose log is shown, `part` which of how many it is ("2/5"; "" of one). `metric`
    is the score, or the value now and its step; `curve` the values of its series so far.
    """

    trial: int
    run: int
    part: str
    values: Values
    state: str
    score: float | None
    metric: str
    curve: tuple[float, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class View:
    """What the person who watches has chosen.

    `wanted` are the words that a row must have. While `typing`, keys are letters of these.
    `selected` is the place of the row that keys act on. `asking` is the trial that is to be stopped
    if the answer is yes, `log` the run whose log is shown instead of the rows.
    """

    order: str = "score"
    wanted: str = ""
    typing: bool = False
    selected: int = 0
    asking: int | None = None
    log: int | None = None


@dataclass(frozen=True, slots=True)
class Quit:
    """Watch no more."""


@dataclass(frozen=True, slots=True)
class StopTrial:
    """Have a trial stopped."""

    trial: int


def key_names(typed: bytes) -> list[str]:
    """The keys that bytes of a terminal mean: letters, or names such as `up` and `enter`."""
    names: list[str] = []
    while typed:
        letters = _LETTERS.match(typed)
        known = next((code for code in _CODES if typed.startswith(code)), b"")
        if letters is not None:
            names += letters[0].decode("utf-8", "ignore")
            typed = typed[letters.end() :]
        elif known and (known != b"\x1b" or len(typed) == 1):
            names.append(_NAMES[known])
            typed = typed[len(known) :]
        elif typed[:1] == b"\x1b":
            break  # a key that is not known: what follows belongs to it
        else:
            typed = typed[1:]
    return names


def press(view: View, key: str, rows: Sequence[Row]) -> tuple[View, Quit | StopTrial | None]:
    """What a key does, where `rows` are those that are shown."""
    if view.asking is not None:
        stop = StopTrial(view.asking) if key in ("y", "Y") else None
        return replace(view, asking=None), stop
    if view.typing:
        return _type(view, key), None
    if view.log is not None:
        return (view, Quit()) if key in ("q", "Q") else (replace(view, log=None), None)
    return _command(view, key, rows)


def _type(view: View, key: str) -> View:
    if key == "enter":
        return replace(view, typing=False)
    if key == "escape":
        return replace(view, typing=False, wanted="")
    if key == "backspace":
        return replace(view, wanted=view.wanted[:-1], selected=0)
    return replace(view, wanted=view.wanted + key, selected=0) if len(key) == 1 else view


def _command(view: View, key: str, rows: Sequence[Row]) -> tuple[View, Quit | StopTrial | None]:
    if key in ("q", "Q"):
        return view, Quit()
    if key in _MOVES:
        last = max(0, len(rows) - 1)
        return replace(view, selected=max(0, min(last, view.selected + _MOVES[key]))), None
    if rows:
        view = _with_row(view, key, rows[min(view.selected, len(rows) - 1)])
    return _with_list(view, key), None


def _with_row(view: View, key: str, here: Row) -> View:
    """What keys do with the selected row."""
    if key in ("l", "enter"):
        return replace(view, log=here.run)
    if key == "x" and here.state in ("running", "queued"):
        return replace(view, asking=here.trial)
    return view


def _with_list(view: View, key: str) -> View:
    """What keys do with all rows."""
    if key == "s":
        order = ORDERS[(ORDERS.index(view.order) + 1) % len(ORDERS)]
        return replace(view, order=order, selected=0)
    if key == "/":
        return replace(view, typing=True)
    return replace(view, wanted="", selected=0) if key == "escape" else view


def arranged(rows: Sequence[Row], view: View, direction: Direction | None) -> list[Row]:
    """Those that are wanted, in the order that was chosen; what runs comes first in any."""
    words = view.wanted.lower().split()
    shown = [row for row in rows if all(word in _text(row) for word in words)]
    sign = -1.0 if direction is Direction.HIGH else 1.0

    def place(row: Row) -> tuple[bool, float, str, int, str]:
        score = math.inf if row.score is None or math.isnan(row.score) else sign * row.score
        by = {"score": score, "time": -row.seconds}.get(view.order, 0.0)
        word = row.state if view.order == "state" else ""
        return row.state != "running", by, word, row.trial, row.part

    return sorted(shown, key=place)


def _text(row: Row) -> str:
    return f"trial {row.trial} {value_words(row.values)} {row.state}".lower()


def window(count: int, selected: int, height: int) -> tuple[int, int]:
    """From which row to which is shown, of `count`, so that the selected one is among them."""
    height = max(1, height)
    selected = max(0, min(selected, count - 1))
    first = max(0, min(selected - height // 2, count - height))
    return first, min(count, first + height)
