"""Strategies that users bring: found, made, and held to what a strategy may answer."""

from __future__ import annotations

from collections.abc import Mapping

from hprun.model import Direction, Value
from hprun.space import Space
from hprun.strategies.plugins.bringing import Plugin, make_plugin
from hprun.strategies.plugins.loading import Brought, bring

__all__ = ["Brought", "Plugin", "bring", "make_brought"]


def make_brought(
    brought: Brought,
    space: Space,
    direction: Direction,
    seed: int,
    trials: int | None,
    options: Mapping[str, Value],
) -> Plugin:
    """Make what was found into a strategy of this search. Raises HprunError."""
    if brought.is_studios:
        from hprun.strategies.plugins.studio import make_studio

        return make_studio(brought, space, direction, seed, trials, options)
    return make_plugin(brought, space, direction, seed, trials, options)
