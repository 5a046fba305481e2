"""The words for what a call does besides computing its value."""

from __future__ import annotations

from hprun.dataclass import dataclass

OUTPUT = "<what is printed>"
FOLDERS = "<folders>"
ENVIRONMENT = "<the environment>"
NUMPY = "<numpy's random state>"
RANDOM = "<random's state>"
TORCH = "<torch's random state>"
TENSORFLOW = "<tensorflow's random state>"
RANDOM_STATES = frozenset({NUMPY, RANDOM, TORCH, TENSORFLOW})
"""Names for what is shared by all statements without being a variable; no variable is so called."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a call does besides giving a value that it computes from its arguments.

    `why` says why it cannot run once for all, empty if it can. `reads` and `changes` are states;
    `first` and `receiver`: it changes its first argument, the object before the dot. `draws` is
    the state that it draws from where no seed is given; `seeds` those that it sets. `files`: it
    reads a file named by its arguments. `lazy`: it gives an iterator. `consumes`: it uses one up.
    `works`: it may take long. `fresh`: its value shares nothing with its arguments.
    """

    why: str = ""
    reads: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    first: bool = False
    receiver: bool = False
    draws: str = ""
    seeds: tuple[str, ...] = ()
    files: bool = False
    lazy: bool = False
    consumes: bool = False
    works: bool = False
    fresh: bool = False


PLAIN = Known()
WORK = Known(works=True)


def by_name(*rows: tuple[Known, str]) -> dict[str, Known]:
    """A table from rows of what is known and the names that it is known of."""
    return {name: known for known, names in rows for name in names.split()}


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def harmless(known: Known) -> bool:
    """Whether the function may be called by anybody at any time: it does nothing but compute."""
    acts = known.why or known.changes or known.draws or known.first or known.seeds or known.files
    return not acts and not known.receiver
