"""From what `--search` says to a strategy: found first, made when the rest is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hprun.dataclass import dataclass
from hprun.errors import ConfigError, SpecError
from hprun.model import Direction, Value
from hprun.space import Space, parse_values
from hprun.strategies.making import OWN, make_strategy
from hprun.strategies.protocol import Strategy
from hprun.strategies.reference import Reference, moved, read_reference

if TYPE_CHECKING:
    from hprun.strategies.plugins import Brought

GRID = "grid"
_KNOWN = (GRID, *OWN)
_LEARNS_NOTHING = (GRID, "random", "qmc", "list")


@dataclass(frozen=True, slots=True)
class Named:
    """A strategy that was found and not made yet; `brought` is the class of a plug-in."""

    reference: Reference
    brought: Brought | None

    @property
    def learns(self) -> bool:
        """Whether it learns from a metric."""
        if self.brought is not None:
            return not self.brought.plans_ahead
        return self.reference.name not in _LEARNS_NOTHING

    @property
    def is_studios(self) -> bool:
        """Whether it is an optimizer as Studio had them."""
        return self.brought is not None and self.brought.is_studios

    def make(self, space: Space, direction: Direction, seed: int, trials: int | None) -> Strategy:
        """The strategy, with the options that stand behind its name. Raises HprunError."""
        if self.brought is None:
            options = _texts(self.reference)
            return make_strategy(self.reference.name, space, direction, seed, trials, options)
        from hprun.strategies.plugins import make_brought

        return make_brought(self.brought, space, direction, seed, trials, _values(self.reference))


def find_strategy(search: str, workspace: Path) -> Named:
    """Find what `--search` names; a file is relative to the workspace. Raises HprunError."""
    reference = read_reference(search, _KNOWN)
    if str(reference) in _KNOWN:
        return Named(reference, None)
    from hprun.strategies.plugins import bring

    return Named(reference, bring(reference, workspace, _KNOWN))


def strategy_word(search: str) -> str:
    """The name alone, without options. Raises ConfigError."""
    return str(read_reference(search, _KNOWN))


def named_from(search: str, here: Path, workspace: Path) -> str:
    """`--search` as it is kept: the file of a plug-in is relative to the workspace, not `here`."""
    return moved(search, _KNOWN, here, workspace)


def _texts(reference: Reference) -> Mapping[str, object]:
    """The options of hprun's own strategies, `OPTION=VALUE,OPTION=VALUE`, as they are written."""
    found: dict[str, object] = {}
    for item in filter(None, reference.options.split(",")):
        key, equals, value = item.partition("=")
        if not equals:
            raise ConfigError(
                f"--search {reference}:{reference.options}: {item} says no value.",
                hint="Options are OPTION=VALUE.",
            )
        found[key.strip()] = value.strip()
    return found


def _values(reference: Reference) -> Mapping[str, Value]:
    """The options of a plug-in, each a value as in a spec: step=0.1,words="a b",sizes=(1,2)."""
    if not reference.options:
        return {}
    try:
        return parse_values(reference.options)
    except SpecError as wrong:
        raise ConfigError(
            f"--search {reference}:{reference.options}: {wrong.sentence}", hint=wrong.hint
        ) from None
