"""The script's arguments: `{name}` replaced, and declared options given their values."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

from hprun.dataclass import dataclass
from hprun.errors import RenderError, SiteError
from hprun.model import Value, Values
from hprun.script.options import Option, Takes

_BRACES = re.compile(r"\{([A-Za-z_][^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Braced:
    """One argument in which the texts at odd places are names, and the others stay."""

    parts: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it needs."""
        return self.parts[1::2]

    def fill(self, values: Values) -> str | None:
        """The argument; None where a name has no value, or the value None."""
        if any(values.get(name) is None for name in self.names):
            return None
        return "".join(
            text(values[part]) if index % 2 else part for index, part in enumerate(self.parts)
        )


@dataclass(frozen=True, slots=True)
class Arguments:
    """The script's arguments as a template; `options` pairs a name with its option."""

    items: tuple[str | Braced, ...] = ()
    options: tuple[tuple[str, Option], ...] = ()

    def fill(self, values: Values) -> tuple[str, ...]:
        """The arguments for these values.

        A name without a value, or with None, is left out with the option before it. Options go
        last, before a `--`; those that work only there go first.
        """
        if not self.options and all(isinstance(item, str) for item in self.items):
            return self.items  # type: ignore[return-value]
        given = _filled(self.items, values)
        front: list[str] = []
        back: list[str] = []
        for name, option in self.options:
            if name in values:
                (front if option.first else back).extend(arguments(option, values[name]))
        stop = given.index("--") if "--" in given else len(given)
        return (*front, *given[:stop], *back, *given[stop:])

    def of(self, name: str, values: Values) -> tuple[str, ...]:
        """The arguments that carry one name's value."""
        held = [item for item in self.items if isinstance(item, Braced) and name in item.names]
        chosen = [option for key, option in self.options if key == name]
        return (
            *_filled(held, values),
            *(word for option in chosen for word in arguments(option, values[name])),
        )


def _filled(items: Sequence[str | Braced], values: Values) -> list[str]:
    given: list[str] = []
    for item in items:
        if isinstance(item, str):
            given.append(item)
            continue
        filled = item.fill(values)
        if filled is not None:
            given.append(filled)
        elif len(item.parts) == 3 and not item.parts[0] and given and given[-1].startswith("-"):
            given.pop()
    return given


def braced(argument: str, names: Mapping[str, str]) -> str | Braced:
    """The argument, split at each `{name}`; other braces stay as they are.

    `names` gives the name of the space for each name that may stand in braces.
    """
    parts = [""]
    at = 0
    for match in _BRACES.finditer(argument):
        if match[1] in names:
            parts[-1] += argument[at : match.start()]
            parts += [names[match[1]], ""]
            at = match.end()
    parts[-1] += argument[at:]
    return Braced(tuple(parts)) if len(parts) > 1 else argument


def text(value: Value) -> str:
    """A value as a script reads it from its command line."""
    if isinstance(value, tuple):
        return ",".join(text(item) for item in value)
    return value if isinstance(value, str) else repr(value)


def _separate(value: Value) -> str:
    """A value that stands alone: argparse knows `-0.00001` for a number, but not `-1e-05`."""
    if isinstance(value, float) and value < 0:
        from decimal import Decimal

        return format(Decimal(repr(value)), "f")
    return text(value)


def arguments(option: Option, value: Value) -> tuple[str, ...]:
    """The option on the command line; nothing for None. Raises RenderError where it cannot be."""
    name = option.spellings[0]
    if value is None:
        _refuse_default(option, None)
        return ()
    if option.takes is Takes.FLAG:
        return _flag(option, value)
    if option.takes is Takes.COUNT and isinstance(value, int) and value >= 0:
        return (name,) * value
    if option.takes is Takes.COUNT:
        raise RenderError(f"{name} is counted: it cannot be {value!r}")
    items = value if isinstance(value, tuple) else (value,)
    if option.takes is Takes.SEVERAL:
        return (name, *map(_separate, items)) if items else ()
    if option.takes is Takes.REPEATED:
        return tuple(word for item in items for word in _one(option, item))
    if isinstance(value, tuple) and option.takes is Takes.ONE:
        raise RenderError(
            f"{name} takes one value, not {list(value)}",
            hint="Declare it with nargs, or as an option that may be repeated.",
        )
    return _one(option, value)


def _one(option: Option, value: Value) -> tuple[str, ...]:
    name = option.spellings[0]
    word = "" if option.empty_is_false and value is False else text(value)
    if word and not word.startswith("-"):
        return (name, word)
    if name.startswith("--"):
        return (f"{name}={word}",)
    return (f"{name}{word}",) if word else (name, "")


def _flag(option: Option, value: Value) -> tuple[str, ...]:
    name = option.spellings[0]
    if value not in (0, 1):
        raise RenderError(
            f"{name} takes no value: it cannot be {value!r}", hint="Search it as True,False."
        )
    if bool(value) is not option.inverted:
        return (name,)
    if not option.off:
        _refuse_default(option, bool(value))
    return (option.off,) if option.off else ()


def _refuse_default(option: Option, value: Value) -> None:
    """An option is left out to mean `value`: raise RenderError if its default is another."""
    default = option.default
    if isinstance(default, ast.Constant) and default.value not in (None, ...):
        if isinstance(value, bool) and default.value == value:
            return
        raise RenderError(
            f"{option.spellings[0]} cannot be {value}: left out, it is {default.value!r}",
            hint=f"Change its default to {value}.",
        )


def refuse_given(name: str, option: Option, argv: Sequence[str], known: Sequence[str]) -> None:
    """Raise SiteError where the user's own arguments give this option already.

    `known` are all spellings that the script declares: argparse takes any clear beginning.
    """
    stop = list(argv).index("--") if "--" in argv else len(argv)
    for item in argv[:stop]:
        word = item.split("=", 1)[0]
        if _means(word, option, known):
            raise SiteError(
                f"{word} is given to the script and searched as {name} too",
                hint=f"Leave it out of the script's arguments, or write {word} {{{name}}} there.",
            )


def _means(word: str, option: Option, known: Sequence[str]) -> bool:
    own = [*option.spellings, *([option.off] if option.off else [])]
    if word in own:
        return True
    if word in known or len(word) < 3 or not word.startswith("-"):
        return False
    if word.startswith("--"):
        meant = {spelling for spelling in known if spelling.startswith(word)}
        return bool(meant) and meant <= set(own)
    return word[:2] in own and (word[2].isdigit() or word[2] in ".-")
