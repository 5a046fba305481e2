"""What an optimizer of Studio's finds around it: its configuration, a logger, random numbers."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import random
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from hprun.errors import ConfigError
from hprun.model import Value

_POPULATION = 100
_GENERATIONS = 5


def studio_config(trials: int | None, seed: int, options: Mapping[str, Value]) -> dict[str, Any]:
    """Studio's own configuration, with options over it: `popsize=20`, `cmaes_config.AdaptSigma=True`.

    An option goes to the entry of its name, wherever that stands; one that is not there joins the
    top. How long to go on is said by --trials, so no generation and no fitness is the last; and
    the population is small enough for as many generations as Studio had, and 100 at the most. The
    seed of `cma` is never 0, which means none to it. Raises ConfigError for an option that would
    stand inside of a number.
    """
    many = trials or _POPULATION * _GENERATIONS
    config: dict[str, Any] = {
        "cmaes_config": {
            "popsize": max(4, min(_POPULATION, many // _GENERATIONS)),
            "sigma0": 0.25,
            "load_best_only": False,
            "seed": seed % 2**31 + 1,
        },
        "load_checkpoint_file": None,
        "visualization": False,
        "result_dir": os.path.join(tempfile.gettempdir(), "hprun-studio"),  # noqa: PTH118
        "checkpoint_interval": 0,
        "termination_criterion": {
            "generation": many,
            "fitness": math.inf,
            "skip_gen_thres": 1.0,
            "skip_gen_timeout": 30,
        },
    }
    for name, value in options.items():
        *way, last = _way(config, name)
        place = config
        for step in way:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise ConfigError(f"the option {name} leads into {step}, which holds no others")
        place[last] = value
    return config


def _way(config: Mapping[str, Any], name: str) -> list[str]:
    if "." in name or name in config:
        return name.split(".")
    for table, entries in config.items():
        if isinstance(entries, dict) and name in entries:
            return [table, name]
    return [name]


class Dice:
    """While entered, Python's and numpy's global random numbers are those of a seed, and go on.

    Outside, they are as they were: who draws between two calls changes nothing.
    """

    def __init__(self, seed: int) -> None:
        import numpy as np

        self._numpy = np.random
        before = self._states()
        random.seed(seed)
        np.random.seed(seed % 2**32)
        self._inside = self._states()
        self._set(before)
        self._outside = before

    def __enter__(self) -> None:
        self._outside = self._states()
        self._set(self._inside)

    def __exit__(self, *_: object) -> None:
        self._inside = self._states()
        self._set(self._outside)

    def _states(self) -> tuple[Any, Any]:
        return random.getstate(), self._numpy.get_state()

    def _set(self, states: tuple[Any, Any]) -> None:
        random.setstate(states[0])
        self._numpy.set_state(states[1])


class Logger(logging.Logger):
    """Prints warnings as the optimizer would print them itself."""

    def __init__(self, name: str) -> None:
        super().__init__(name, logging.WARNING)
        self.addHandler(_Printed())

    @contextlib.contextmanager
    def silenced(self) -> Iterator[None]:
        """Say nothing meanwhile: it was all said before."""
        self.disabled = True
        try:
            yield
        finally:
            self.disabled = False


class _Printed(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record))  # noqa: T201 - what strategies print is shown by who asks them
