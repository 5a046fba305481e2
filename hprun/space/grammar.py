"""`NAME=SPEC` to a parameter: the whole grammar, a rule for each function."""

from __future__ import annotations

import re

from hprun.errors import SpecError
from hprun.model import Value
from hprun.space.calls import read_distribution
from hprun.space.conditions import read_condition
from hprun.space.domains import Choice, Domain
from hprun.space.grids import Values
from hprun.space.literals import read_word, value_text
from hprun.space.numbers import DomainError
from hprun.space.parameters import Parameter
from hprun.space.ranges import read_range
from hprun.space.tokens import Token, tokenise

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(@\d+)?")
_EXAMPLE = "write NAME=SPEC, as in lr=0.1,0.01 or units=32:32:128"
_EXAMPLE_OF_VALUES = "write NAME=VALUE,NAME=VALUE, as in lr=0.1,units=32"


def parse_parameter(text: str) -> Parameter:
    """The parameter that `NAME=SPEC` or `(a,b)=(1,2),(3,4)` says.

    Raises SpecError, which points at the column where the trouble starts.
    """
    equals = text.find("=")
    if equals < 0:
        name = _NAME.match(text.strip())
        column = len(text) - len(text.lstrip()) + (name.end() if name else 0)
        raise SpecError("a `=` is missing", text=text, column=column, hint=_EXAMPLE)
    names = _names(Token(text, 0, equals, "name"))
    return _parameter(names, text, equals + 1)


def parse_spec(name: str, spec: str) -> Parameter:
    """The parameter of that name, which may be `(a,b)`, with a spec that stands on its own.

    Raises SpecError; its columns are those of the name where that is wrong, else of the spec.
    """
    return _parameter(_names(Token(name, 0, len(name), "name")), spec, 0)


def parse_values(text: str) -> dict[str, Value]:
    """The values that `lr=0.1,units=32` gives by name, each written as in a spec.

    Raises SpecError, which points at the column where the trouble starts.
    """
    return _without_condition(text).assignments()


def parse_value(text: str) -> Value:
    """One value, written as in a spec: a number, True, a word, `"a text"`, `(1,2)`.

    Raises SpecError, which points at the column where the trouble starts.
    """
    return _without_condition(text).single()


def _without_condition(text: str) -> _Parser:
    spec = tokenise(text, 0)
    if spec.condition is not None:
        raise spec.condition.error(
            "a value has no condition", hint='for the text, put it in quotes: "if"'
        )
    return _Parser(spec.tokens)


def _names(place: Token) -> tuple[str, ...]:
    """One name, or those between parentheses."""
    stripped = place.text.strip()
    if not stripped.startswith("("):
        return (_checked_name(place),)
    if not stripped.endswith(")"):
        raise place.error("the parenthesis of the names is never closed", hint="write (a,b)=…")
    inside = place.source.index("(", place.start) + 1
    end = place.source.rindex(")", inside, place.stop)
    names: list[str] = []
    for part in place.source[inside:end].split(","):
        name = Token(place.source, inside, inside + len(part), "name")
        if (checked := _checked_name(name)) in names:
            raise name.error(f"{checked} is named twice", hint="each name stands once")
        names.append(checked)
        inside += len(part) + 1
    if len(names) < 2:
        raise place.error(
            "values that go together need two names or more", hint=f"write {names[0]}=…"
        )
    return tuple(names)


def _checked_name(place: Token) -> str:
    name = place.text.strip()
    if not name:
        raise place.error("a name is missing before `=`", hint=_EXAMPLE)
    start = place.start + place.text.index(name)
    match = _NAME.match(name)
    if match is None or match.end() < len(name):
        column = start + (match.end() if match else 0)
        raise SpecError(
            f"`{name}` cannot be the name of a parameter",
            text=place.source,
            column=column,
            hint=f"write {name.replace('-', '_')}"
            if name.replace("-", "_").isidentifier()
            else "a name is like lr, Config.lr, or lr@12 for the one in line 12",
        )
    return _as_python_spells(name)


def _as_python_spells(name: str) -> str:
    """Python takes letters that only look different, such as the two signs µ, for the same."""
    if name.isascii():
        return name
    import unicodedata

    return unicodedata.normalize("NFKC", name)


def _parameter(names: tuple[str, ...], text: str, start: int) -> Parameter:
    spec = tokenise(text, start)
    domain = _Parser(spec.tokens).whole(len(names))
    condition = read_condition(spec.condition) if spec.condition else None
    return Parameter(names, domain, condition, source=text)


class _Parser:
    """Reads tokens from left to right; every method takes what its rule covers."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens
        self._position = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _take(self) -> Token:
        token = self._next
        self._position += 1
        return token

    def _takes(self, kind: str) -> bool:
        """Take the next token if it is of that kind."""
        found = self._next.kind == kind
        self._position += found
        return found

    def whole(self, width: int) -> Domain:
        """spec: options | `[` options `]`, for `width` names that go together."""
        bracketed = self._takes("[")
        options = self._options()
        if bracketed:
            self._expect("]")
        self._expect("end")
        if width > 1:
            _check_rows(options, width)
        return _one_domain(options)

    def single(self) -> Value:
        """value, and nothing behind it."""
        value = self._value()
        self._expect("end")
        return value

    def assignments(self) -> dict[str, Value]:
        """assignments: word `=` value {`,` word `=` value}."""
        found: dict[str, Value] = {}
        while True:
            place = self._next
            if place.kind != "word":
                raise place.error("a name is missing here", hint=_EXAMPLE_OF_VALUES)
            name = _checked_name(self._take())
            if name in found:
                raise place.error(f"{name} is given twice", hint="each name stands once")
            if not self._takes("="):
                raise self._next.error(f"a `=` is missing behind {name}", hint=_EXAMPLE_OF_VALUES)
            found[name] = self._value()
            if not self._takes(","):
                self._expect("end")
                return found

    def _expect(self, kind: str) -> None:
        if not self._takes(kind):
            raise _stray(self._next)

    def _options(self) -> list[tuple[Token, Domain]]:
        """options: option {`,` option}, each with the token that it starts with."""
        options = [(self._next, self._option())]
        while self._takes(","):
            options.append((self._next, self._option()))
        return options

    def _option(self) -> Domain:
        """option: range | call | value."""
        token = self._next
        if token.kind == ":":
            return self._range()
        if token.kind in {"word", "quoted"}:
            after = self._tokens[self._position + 1].kind
            if after == ":":
                return self._range()
            if after == "(" and token.kind == "word":
                return self._call()
        return Values((self._value(),))

    def _range(self) -> Domain:
        """range: [word] `:` word {`:` word}."""
        fields = [self._field()]
        while self._takes(":"):
            fields.append(self._field())
        return read_range(fields)

    def _field(self) -> Token:
        token = self._next
        if token.kind in {"word", "quoted"}:
            return self._take()
        return Token(token.source, token.start, token.start, "empty")

    def _call(self) -> Domain:
        """call: `choice(` options `)` | name `(` word {`,` word} `)`."""
        name = self._take()
        self._expect("(")
        if name.text == "choice":
            options = self._options()
            self._expect(")")
            try:
                return Choice(tuple(domain for _, domain in options))
            except DomainError as wrong:
                raise name.blame(wrong) from None
        arguments = [self._field()]
        while self._takes(","):
            arguments.append(self._field())
        self._expect(")")
        return read_distribution(name, arguments)

    def _value(self) -> Value:
        """value: word | quoted | `(` value `,` [value {`,` value}] `)`."""
        token = self._next
        if token.kind == "(":
            return self._tuple()
        if token.kind == "quoted":
            return self._take().text
        if token.kind == "word":
            try:
                return read_word(self._take().text)
            except DomainError as wrong:
                raise token.blame(wrong) from None
        if token.kind in {"end", ",", ")", "]"}:
            raise token.error(
                "a value is missing here",
                hint='take out the comma or `=` before it, or write "" for an empty text',
            )
        if token.kind == "[":
            raise token.error(
                "brackets go around the whole list of values",
                hint="write (1,2) for a value that is several numbers",
            )
        raise _stray(token)

    def _tuple(self) -> Value:
        opening = self._take()
        values: list[Value] = []
        while not self._takes(")"):
            values.append(self._value())
            if self._takes(","):
                continue
            self._expect(")")
            if len(values) == 1:
                text = value_text(values[0])
                raise opening.error(
                    f"({text}) is one value in parentheses",
                    hint=f"write {text}, or ({text},) for a tuple of one",
                )
            break
        return tuple(values)


def _stray(token: Token) -> SpecError:
    """The error for a token where a spec could have ended or gone on otherwise."""
    if token.kind in {"word", "quoted"}:
        return token.error(
            f"`{token.text}` does not belong to what stands before it",
            hint="put a comma between values, and quotes around a text with spaces",
        )
    if token.kind == ":":
        return token.error("only numbers stand between colons")
    return token.error(
        f"`{token.kind}` means nothing here", hint="a text that holds it goes in quotes"
    )


def _one_domain(options: list[tuple[Token, Domain]]) -> Domain:
    """A list of values, or the one thing that is no list."""
    if len(options) == 1:
        return options[0][1]
    values: list[Value] = []
    for start, domain in options:
        if not isinstance(domain, Values):
            raise start.error(
                f"a list holds values, and {domain} is a range of its own",
                hint=f"write choice({','.join(str(domain) for _, domain in options)})",
            )
        values += domain.values
    return Values.distinct(values)


def _check_rows(options: list[tuple[Token, Domain]], width: int) -> None:
    """Values that go together come in tuples as long as the list of names."""
    for start, domain in options:
        row = domain.values[0] if isinstance(domain, Values) else None
        if not isinstance(row, tuple):
            raise start.error(
                f"{width} names need tuples of {width} values",
                hint=f"write ({','.join('abcdefghij'[:width])})=" + _example_rows(width),
            )
        if len(row) != width:
            raise start.error(
                f"{value_text(row)} has {len(row)} values for {width} names",
                hint=f"each tuple holds {width} values",
            )


def _example_rows(width: int) -> str:
    rows = ((1, *range(2, width + 1)), tuple(range(width + 1, 2 * width + 1)))
    return ",".join(value_text(row) for row in rows)
