"""The text of a spec cut into tokens, each of which knows its column."""

from __future__ import annotations

from hprun.dataclass import dataclass
from hprun.errors import SpecError
from hprun.space.literals import WORD
from hprun.space.numbers import DomainError

_DEEPEST = 50
_CLOSES = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Token:
    """A part of `source` from `start` to `stop`.

    `kind` is "word", "quoted", "end", or the special character itself.
    """

    source: str
    start: int
    stop: int
    kind: str

    @property
    def text(self) -> str:
        """What stands there; of a quoted text, what stands between the quotes."""
        inside = 1 if self.kind == "quoted" else 0
        return self.source[self.start + inside : self.stop - inside]

    def error(self, message: str, *, hint: str = "") -> SpecError:
        """An error that points at the token."""
        return SpecError(message, text=self.source, column=self.start, hint=hint)

    def blame(self, wrong: DomainError) -> SpecError:
        """The same for a domain that could not be made."""
        return self.error(wrong.message, hint=wrong.hint)


@dataclass(frozen=True, slots=True)
class Spec:
    """A spec in tokens, the last of them an end; `condition` is what stands behind `if`."""

    tokens: tuple[Token, ...]
    condition: Token | None


def tokenise(source: str, start: int) -> Spec:
    """Cut `source` from `start` on; brackets and quotes are balanced in what is returned.

    Raises SpecError at a quote or bracket that has no partner.
    """
    tokens: list[Token] = []
    opened: list[Token] = []
    position = start
    while (position := _skip_space(source, position)) < len(source):
        token = _next(source, position)
        if token.kind == "word" and token.text == "if" and not opened:
            condition = Token(source, _skip_space(source, token.stop), len(source), "condition")
            return Spec((*tokens, Token(source, token.start, token.start, "end")), condition)
        _balance(token, opened)
        tokens.append(token)
        position = token.stop
    if opened:
        raise opened[-1].error(
            f"this {opened[-1].kind} is never closed", hint=f"add a {_CLOSES[opened[-1].kind]}"
        )
    return Spec((*tokens, Token(source, len(source), len(source), "end")), None)


def _skip_space(source: str, position: int) -> int:
    while position < len(source) and source[position].isspace():
        position += 1
    return position


def _next(source: str, start: int) -> Token:
    character = source[start]
    if word := WORD.match(source, start):
        return Token(source, start, word.end(), "word")
    if character in "'\"":
        end = source.find(character, start + 1)
        if end < 0:
            raise SpecError(
                "this quote is never closed",
                text=source,
                column=start,
                hint="a text with a quote in it goes between quotes of the other kind",
            )
        return Token(source, start, end + 1, "quoted")
    return Token(source, start, start + 1, character)


def _balance(token: Token, opened: list[Token]) -> None:
    if token.kind in _CLOSES:
        opened.append(token)
        if len(opened) > _DEEPEST:
            raise token.error(f"more than {_DEEPEST} brackets are open here")
    elif token.kind in _CLOSES.values():
        if not opened or _CLOSES[opened[-1].kind] != token.kind:
            raise token.error(
                f"this {token.kind} closes nothing", hint="a text that holds it goes in quotes"
            )
        opened.pop()
