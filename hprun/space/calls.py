"""The distributions that are written as calls: `loguniform(1e-5,0.1)`, `randint(10)`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hprun.space.distributions import Integers, Normal, Uniform
from hprun.space.domains import Domain
from hprun.space.nearness import did_you_mean
from hprun.space.numbers import DomainError, Number, read_number
from hprun.space.tokens import Token

_ARGUMENTS = {
    "uniform": ("low", "high"),
    "loguniform": ("low", "high"),
    "quniform": ("low", "high", "q"),
    "qloguniform": ("low", "high", "q"),
    "normal": ("mu", "sigma"),
    "lognormal": ("mu", "sigma"),
    "qnormal": ("mu", "sigma", "q"),
    "qlognormal": ("mu", "sigma", "q"),
    "randint": ("low", "high"),
}


def read_distribution(name: Token, arguments: Sequence[Token]) -> Domain:
    """The distribution of that name with these arguments, each a word or not.

    Raises SpecError at the name or the argument that is wrong.
    """
    wanted = _ARGUMENTS.get(name.text)
    if wanted is None:
        known = [*_ARGUMENTS, "choice"]
        raise name.error(
            f"there is no distribution `{name.text}`",
            hint=did_you_mean(name.text.lower(), known) or f"there are {', '.join(known)}",
        )
    numbers = [_argument(argument) for argument in arguments]
    if name.text == "randint" and len(numbers) == 1:
        numbers, arguments = [0, *numbers], [name, *arguments]
    if len(numbers) != len(wanted):
        raise (arguments[len(wanted)] if len(numbers) > len(wanted) else name).error(
            f"{name.text} takes {len(wanted)} numbers, not {len(numbers)}",
            hint=f"write {name.text}({', '.join(wanted)})",
        )
    blamed = dict(zip(wanted, arguments, strict=True))
    try:
        return _make(name.text, numbers)
    except DomainError as wrong:
        raise blamed.get(wrong.part, name).error(
            wrong.message, hint=_hint_for_logs(name.text, numbers) or wrong.hint
        ) from None


def _argument(token: Token) -> Number:
    try:
        number = read_number(token.text) if token.kind == "word" else None
    except DomainError as wrong:
        raise token.blame(wrong) from None
    if number is None:
        raise token.error(f"`{token.text}` is not a number")
    return number


def _make(name: str, numbers: Sequence[Number]) -> Domain:
    log = "log" in name
    first, second, *rest = numbers
    q = rest[0] if rest else None
    if name.endswith("uniform"):
        return Uniform(first, second, log, q)
    if name.endswith("normal"):
        return Normal(first, second, log, q)
    if isinstance(first, int) and isinstance(second, int):
        return Integers(first, second)
    part = "high" if isinstance(first, int) else "low"
    raise DomainError("randint takes whole numbers", hint="write uniform for fractions", part=part)


def _hint_for_logs(name: str, numbers: Sequence[Number]) -> str:
    """Bounds below 0 are hyperopt's, which takes the logarithms of the bounds."""
    low, high = numbers[:2]
    if "loguniform" not in name or not -300 < low < high < 300 or low > 0:
        return ""
    return (
        "the bounds are those of the value, not of its logarithm: "
        f"for hyperopt's {name}({low}, {high}) write {math.exp(low):.4g} and {math.exp(high):.4g}"
    )
