"""The specs with colons: steps, counts, draws, continuous ranges, and Studio's plug-in form."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hprun.space.distributions import FlaggedRange, Uniform
from hprun.space.domains import Domain
from hprun.space.grids import Draws, Spaced, Steps
from hprun.space.numbers import DomainError, Number, exact, read_number
from hprun.space.tokens import Token

_COUNT = re.compile(r"([A-Za-z]*)(.*?)([A-Za-z]*)")
_LETTERS = {"u", "l", "r", "rl", "lr"}
_FLAGS = "urla"
_FORMS = "a:b, a:step:b, a:u10:b (10 values), a:l10:b (by log), a:r10:b (drawn), a:u:b (anything)"


def read_range(fields: Sequence[Token]) -> Domain:
    """The domain of two to four fields that stood between colons; an empty one has no width.

    Raises SpecError at the field that is wrong.
    """
    _check_fields(fields)
    if len(fields) > 2 and _number(fields[-1]) is None:
        return _flagged(fields)
    first, middle, last = fields[0], fields[-2] if len(fields) > 2 else fields[-1], fields[-1]
    try:
        if len(fields) == 2:
            return Steps(_bound(first), 1, _bound(last))
        return _between(_bound(first), middle, _bound(last))
    except DomainError as wrong:
        raise {"low": first, "middle": middle}.get(wrong.part, last).blame(wrong) from None


def _check_fields(fields: Sequence[Token]) -> None:
    for number, field in enumerate(fields):
        if field.kind not in {"word", "empty"}:
            raise field.error("only numbers stand between colons")
        if field.kind == "empty" and number:
            raise field.error(
                "a part of the range is missing here", hint=f"a range is one of {_FORMS}"
            )
    if _number(fields[0]) is None and fields[0].kind != "empty":
        text = ":".join(field.text for field in fields)
        raise fields[0].error(
            f"`{fields[0].text}` is not a number, so this is no range",
            hint=f'a text with a colon in it goes in quotes: "{text}"',
        )
    if len(fields) > 4:
        raise fields[4].error(
            f"a range has at most four parts, and this has {len(fields)}",
            hint=f"a range is one of {_FORMS}",
        )
    if len(fields) == 4 and _number(fields[3]) is not None:
        raise fields[3].error(
            "the fourth part of a range is its flags, not a number",
            hint=f"a range is one of {_FORMS}",
        )


def _number(field: Token) -> Number | None:
    if field.kind == "empty":
        return None
    try:
        return read_number(field.text)
    except DomainError as wrong:
        raise field.blame(wrong) from None


def _bound(field: Token) -> Number:
    """The number at an end; a first field that is left out is 0."""
    if field.kind == "empty":
        return 0
    number = _number(field)
    if number is None:
        raise field.error(f"`{field.text}` is not a number", hint=f"a range is one of {_FORMS}")
    return number


def _between(first: Number, middle: Token, last: Number) -> Domain:
    number = _number(middle)
    if number is not None:
        # Studio's rule: whole and longer than the range, so it can only be meant as a count.
        if number == int(number) and number > abs(exact(last) - exact(first)):
            return Spaced(first, int(number), last)
        return Steps(first, number, last)
    letters, count = _letters_and_count(middle)
    log = "l" in letters
    if count is None:
        return Uniform(first, last, log)
    if "r" in letters:
        return Draws(first, count, last, log)
    return Spaced(first, count, last, log)


def _letters_and_count(middle: Token) -> tuple[str, int | None]:
    """The parts of `l5`, `5l`, `rl5`, or of `l` alone, which has no count."""
    match = _COUNT.fullmatch(middle.text)
    before, digits, after = match.groups() if match else (middle.text, "", "")
    letters = before or after
    if letters not in _LETTERS or (before and after):
        small = middle.text.lower()
        wanted = small if letters.lower() in _LETTERS else f"l{digits or 5}"
        raise middle.error(
            f"`{middle.text}` is neither a step nor a count",
            hint=f"did you mean {wanted}? A range is one of {_FORMS}",
        )
    if not digits:
        if "r" in letters:
            raise middle.error(
                "how many values shall be drawn?", hint=f"write a count, as in {letters}10"
            )
        return letters, None
    try:
        count = read_number(digits)
    except DomainError as wrong:
        raise middle.blame(wrong) from None
    if not isinstance(count, int):
        raise middle.error(
            f"`{digits}` is not a count of values", hint=f"write a whole number, as in {letters}5"
        )
    return letters, count


def _flagged(fields: Sequence[Token]) -> Domain:
    low, high, *lengths, flags = fields
    if _misplaced_count(flags.text):
        raise flags.error(
            f"`{flags.text}` stands at the end, where the upper bound belongs",
            hint=f"the count goes in the middle: {low.text}:{flags.text}:{high.text}",
        )
    _check_flags(flags)
    length = _length(lengths[0]) if lengths else None
    if "a" in flags.text and not lengths:
        raise flags.error(
            "the flag a, an array, needs its length",
            hint=f"write {low.text}:{high.text}:10:{flags.text} for ten numbers",
        )
    if "a" not in flags.text and lengths:
        raise lengths[0].error(
            "a length is for arrays, and the flag a is missing",
            hint=f"write {low.text}:{high.text}:{lengths[0].text}:{flags.text}a, "
            "or leave out the length",
        )
    unbounded, random_start, log = (letter in flags.text for letter in "url")
    try:
        return FlaggedRange(_bound(low), _bound(high), length, unbounded, random_start, log)
    except DomainError as wrong:
        blamed = {"low": low, "high": high, "length": fields[2]}
        raise blamed.get(wrong.part, flags).blame(wrong) from None


def _length(field: Token) -> int:
    length = _number(field)
    if not isinstance(length, int):
        raise field.error(
            f"`{field.text}` is not the length of an array", hint="write a whole number"
        )
    return length


def _misplaced_count(text: str) -> bool:
    """Whether `l10` or `10u` stands where it cannot, as in `0.01:0.1:l10`."""
    match = _COUNT.fullmatch(text)
    return bool(match and match[2] and (match[1] or match[3]) in _LETTERS)


def _check_flags(flags: Token) -> None:
    text = flags.text
    unknown = next((letter for letter in text if letter not in _FLAGS), None)
    if unknown:
        raise flags.error(
            f"`{text}` is neither the upper end of a range nor its flags",
            hint="flags are u (unbounded), r (start at random), l (log) and a (array)",
        )
    if len(set(text)) < len(text):
        raise flags.error(f"a flag stands twice in `{text}`", hint="each flag counts once")
