"""Single values as a spec writes them: numbers, Python's constants, words and quoted text."""

from __future__ import annotations

import re

from hprun.model import Value
from hprun.space.numbers import DomainError, read_number

WORD = re.compile(r"""[^\s\x00-\x1f\x7f,:=()\[\]{}'"]+""")
"""A bare word: no space, no control character, and none that means something in a spec."""

_CONSTANTS: dict[str, bool | None] = {"True": True, "False": False, "None": None}
_BEGINS_AS_A_NUMBER = re.compile(r"[+-]?\.?\d")


def read_word(word: str) -> Value:
    """The value of a bare word: a number, True, False, None, or the word itself.

    Raises DomainError for what looks like a slip: `1e-`, `inf`, `true`.
    """
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    number = read_number(word)
    if number is not None:
        return number
    if _BEGINS_AS_A_NUMBER.match(word):
        raise DomainError(
            f"`{word}` is not a number", hint=f'if it is a text, put it in quotes: "{word}"'
        )
    if word.lower() in {"true", "false"}:
        raise DomainError(
            f"`{word}` could be a text or Python's {word.capitalize()}",
            hint=f'write {word.capitalize()}, or "{word}" for the text',
        )
    return word


def value_text(value: Value) -> str:
    """A value as a spec writes it; reading it back gives the value again.

    A text that holds both kinds of quotes cannot be written in a spec; it is shown as Python
    shows it.
    """
    if isinstance(value, tuple):
        inside = ",".join(value_text(item) for item in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if not isinstance(value, str) or _reads_back(value):
        return str(value)
    quote = next((mark for mark in "\"'" if mark not in value), None)
    return f"{quote}{value}{quote}" if quote else repr(value)


def _reads_back(text: str) -> bool:
    if text == "if" or not WORD.fullmatch(text):
        return False
    try:
        return isinstance(read_word(text), str)
    except DomainError:
        return False
