"""What a statement reads and changes through the functions and objects that its names lead to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import field

from hprun.dataclass import dataclass
from hprun.script.prefix.effects import Effects, Problem, Surroundings
from hprun.script.prefix.statements import effects_of_body


@dataclass
class Reach:
    """What a statement does together with the functions that it may call.

    `uses` are names that lead to iterators which it uses up.
    """

    reads: set[str]
    changes: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    draws: set[str] = field(default_factory=set)
    seeds: set[str] = field(default_factory=set)
    share: Problem | None = None
    defer: Problem | None = None
    works: bool = False


class Knowledge:
    """What the statements so far say of names: which go together, and what they carry."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self._groups: dict[str, set[str]] = {}
        self._carried: dict[str, set[str]] = {}
        self._lazy: set[str] = set()
        self._unknown: dict[str, Problem] = {}
        self._bodies: dict[str, Effects] = {}

    def group(self, names: Collection[str]) -> set[str]:
        """The names, and those that may lead to the same objects."""
        return set(names).union(*(self._groups.get(name, ()) for name in names))

    def iterators(self, names: Collection[str]) -> set[str]:
        """Those of the names that may lead to an iterator, and what leads to the same one."""
        return self.group(set(names) & self._lazy) & self._lazy

    def learn(self, effects: Effects) -> None:
        """Note which names may now lead to the same objects, functions and iterators."""
        imported = self.around.names.imported.keys()
        bound = effects.binds | effects.changes
        for joined in effects.joined:
            extra = self._led_by(joined) if effects.calls else set()
            merged = self.group((joined | extra) - imported)
            for name in merged:
                self._groups[name] = merged
            if (joined | extra) & self._lazy:
                self._lazy |= bound
        for name in bound:
            if effects.carries:
                self._carried.setdefault(name, set()).update(effects.carries)
            if effects.lazy:
                self._lazy.add(name)
            if effects.unknown:
                self._unknown.setdefault(name, effects.unknown)

    def _led_by(self, names: Collection[str]) -> set[str]:
        """What the functions among these names lead to."""
        found: set[str] = set()
        for name in self._closed(names):
            found |= self._carried.get(name, set())
        return found

    def _closed(self, names: Collection[str]) -> set[str]:
        """The names, and what running the functions that they lead to reads in turn."""
        found = set(names)
        while True:
            more = found.union(*(self._carried.get(name, ()) for name in self.group(found)))
            for name in self.group(found) & self.around.names.defined.keys():
                more |= self._body(name).reads
            if more == found:
                return found
            found = more

    def _body(self, name: str) -> Effects:
        if name not in self._bodies:
            definition = self.around.names.defined[name]
            self._bodies[name] = effects_of_body(definition, self.around)
            if self._bodies[name].lazy:
                self._lazy.add(name)
        return self._bodies[name]

    def reach(self, effects: Effects) -> Reach:
        """The effects of a statement with those of every function that may run in it."""
        parts = [effects]
        reads = set(effects.reads)
        if effects.calls or effects.consumes or effects.consumes_inner:
            reads = self._closed(effects.reads)
            called = self.group(reads) & self.around.names.defined.keys()
            parts += [self._body(name) for name in sorted(called)]
        found = Reach(reads)
        for part in parts:
            self._add(found, part)
        if any(part.calls for part in parts):
            self._refuse_unknown(found, parts)
        return found

    def _add(self, found: Reach, part: Effects) -> None:
        plain = found.reads - self.around.names.imported.keys()
        consumed = part.consumes | (plain if part.consumes_inner else set())
        found.changes |= part.changes | (plain if part.changes_inner else set())
        found.uses |= self.iterators(consumed)
        found.draws |= part.draws
        found.seeds |= part.seeds
        found.share = found.share or part.share
        found.defer = found.defer or part.defer
        found.works |= part.works

    def _refuse_unknown(self, found: Reach, parts: Collection[Effects]) -> None:
        """What is called may call in turn what is handed to it, so all of that must be known."""
        named = self.group(found.reads)
        unknown = next((part.unknown for part in parts if part.unknown), None)
        unknown = unknown or next(
            (self._unknown[name] for name in sorted(named & self._unknown.keys())), None
        )
        found.share = found.share or unknown
        found.defer = found.defer or unknown
