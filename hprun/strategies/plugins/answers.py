"""What a plug-in answered, held to what a strategy may answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from hprun.errors import ConfigError
from hprun.model import Value, Values
from hprun.strategies.listed import check_names
from hprun.strategies.plugins.open_space import OpenSpace
from hprun.strategies.protocol import Proposal

_SHOWN = 80  # characters of what was answered
_DEEPEST = 20  # lists within lists


class AnswerError(Exception):
    """An answer that is none; the text goes on after the strategy's name."""


def checked(answer: object, count: int, check_space: Callable[[Values], Values]) -> list[Proposal]:
    """The proposals of an answer to the question for `count` trials, in plain values.

    Numbers of numpy become Python's, lists tuples. Raises AnswerError for what is no list of at most
    so many Proposals, for values that cannot be searched or are not in the space (`check_space`
    gives them as they are written there), and for a note that is not JSON.
    """
    if not isinstance(answer, Iterable) or isinstance(answer, str | bytes | Mapping):
        raise AnswerError(f"answered {_short(answer)} instead of a list of proposals")
    proposals = list(islice(answer, count + 1))
    if len(proposals) > count:
        raise AnswerError(f"was asked for at most {count} and proposed more")
    return [_proposal(one, check_space) for one in proposals]


def within(space: OpenSpace) -> Callable[[Values], Values]:
    """Holds values to a space, and writes them as it does."""

    def check(values: Values) -> Values:
        try:
            check_names(values, space.space)
        except ConfigError as wrong:
            what = wrong.message.partition(": ")[2]
            raise AnswerError(f"proposed what is no trial: {what}") from None
        written = space.as_written(values)
        if written is None:
            stranger = space.stranger(values)
            assert stranger is not None, "names are right, so a value is wrong"
            shown = ", ".join(f"{name}={values[name]!r}" for name in stranger.names)
            raise AnswerError(f"proposed {shown}, which {stranger.domain} does not have")
        return written

    return check


def _proposal(one: object, check_space: Callable[[Values], Values]) -> Proposal:
    if not isinstance(one, Proposal):
        raise AnswerError(f"proposed {_short(one)}, which is no Proposal")
    values: object = one.values
    if not isinstance(values, Mapping):
        raise AnswerError(f"proposed {_short(values)} instead of values by name")
    plain: dict[str, Value] = {}
    for name, value in values.items():
        if not isinstance(name, str):
            raise AnswerError(f"proposed a value for {_short(name)}, which is no name")
        plain[name] = _plain(name, value)
    return Proposal(check_space(plain), _note(one.note))


def _plain(name: str, value: Any) -> Value:
    """A value as the rest of the program knows values; numpy's own numbers are unwrapped."""
    if hasattr(value, "tolist") and not isinstance(value, type):
        value = value.tolist()
    if value is None or isinstance(value, bool):
        plain: bool | None = value
        return plain
    if isinstance(value, list | tuple):
        return tuple(_plain(name, item) for item in value)
    for kind in (int, float, str):
        if isinstance(value, kind):
            exact: Value = kind(value)
            if isinstance(exact, float) and not math.isfinite(exact):
                raise AnswerError(f"proposed {name}={exact}, which is no finite number")
            return exact
    raise AnswerError(f"proposed {name}={_short(value)}, which no hyperparameter can be")


def _note(note: object) -> dict[str, Any]:
    if not isinstance(note, Mapping):
        raise AnswerError(f"gave the note {_short(note)}, which is no mapping")
    found: dict[str, Any] = _json(note, 0)
    return found


def _json(part: Any, depth: int) -> Any:
    """The part as JSON gives it back."""
    if depth > _DEEPEST:
        raise AnswerError(f"gave a note that is more than {_DEEPEST} levels deep")
    if isinstance(part, Mapping) and all(isinstance(key, str) for key in part):
        return {str(key): _json(value, depth + 1) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_json(item, depth + 1) for item in part]
    if part is None or isinstance(part, bool):
        return part
    for kind in (int, float, str):
        if isinstance(part, kind) and not (isinstance(part, float) and not math.isfinite(part)):
            return kind(part)
    raise AnswerError(f"gave a note with {_short(part)} in it, which JSON cannot hold")


def _short(thing: object) -> str:
    try:
        text = repr(thing)
    except Exception:  # noqa: BLE001 - a plug-in's object may fail at this too
        text = f"something of the type {type(thing).__name__}"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
