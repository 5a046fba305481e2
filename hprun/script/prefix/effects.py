"""What a statement of a script does to the names and states that others read."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import field

from hprun.dataclass import dataclass
from hprun.script.prefix.names import Names


@dataclass(frozen=True)
class Problem:
    """Why a statement cannot be moved: the line, and what it does there."""

    line: int
    why: str


def node_line(node: ast.AST) -> int:
    """The line of a node, 0 where it has none."""
    return getattr(node, "lineno", 0)


@dataclass
class Effects:
    """What a statement does; names are the module's variables and the states of calls.

    `share` and `defer` say why it cannot run once for all, and why it cannot wait until what
    is shared has run. `changes_inner` and `consumes_inner`: it changes, or uses up, something
    that only a name of its own scope leads to. `carries`: what a function or generator that it
    makes reads once it is used. `joined`: names that may lead to the same object afterwards.
    `unknown`: it takes hold of something that may be called and of which nothing is known.
    """

    reads: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    consumes: set[str] = field(default_factory=set)
    carries: set[str] = field(default_factory=set)
    joined: list[set[str]] = field(default_factory=list)
    draws: set[str] = field(default_factory=set)
    seeds: set[str] = field(default_factory=set)
    changes_inner: bool = False
    consumes_inner: bool = False
    lazy: bool = False
    works: bool = False
    again: bool = False
    calls: bool = False
    unknown: Problem | None = None
    share: Problem | None = None
    defer: Problem | None = None

    def cannot_share(self, node: ast.AST, why: str) -> None:
        """Note why it cannot run once for all; the first reason stays."""
        self.share = self.share or Problem(node_line(node), why)

    def refuse(self, node: ast.AST, why: str) -> None:
        """Note why it can neither run once for all nor wait."""
        self.cannot_share(node, why)
        self.defer = self.defer or Problem(node_line(node), why)


@dataclass
class Surroundings:
    """What a survey knows of the script: its names, its imports and the files that differ.

    `differing` are the names, without folders, of files that differ between trials.
    `importing` gives why an import cannot run once for all, and why it cannot wait.
    """

    names: Names
    differing: frozenset[str]
    importing: Callable[[ast.Import | ast.ImportFrom], tuple[str, str]]
