"""Which place of the script a name means: the order of the rules, and what is ambiguous."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from hprun.dataclass import dataclass
from hprun.errors import SiteError
from hprun.model import Site
from hprun.script import inert, marks, options, places, reads, scopes
from hprun.script.literals import Fixed, Literal
from hprun.script.options import Option
from hprun.script.places import Place
from hprun.script.rendering import Edit
from hprun.script.source import Source

_ALL_NAMES = {"globals", "locals", "vars", "exec", "eval"}
"""Calls that can read a variable without its name in the text."""


@dataclass(frozen=True)
class Candidate:
    """A place or option that a name may mean, under one rule."""

    rule: str
    line: int
    dotted: str
    weak: bool
    why: str
    what: Place | Option


@dataclass(frozen=True)
class Found:
    """Where a name's value goes: into the text, or onto the command line."""

    sites: tuple[Site, ...]
    edits: tuple[Edit, ...] = ()
    option: Option | None = None


@dataclass(frozen=True)
class Index:
    """Everything of a script that can take a value."""

    source: Source

    @cached_property
    def places(self) -> list[Place]:
        """Places of the text; a default that is never used says so."""
        found = inert.without_inert(places.collect(self.source.tree), self.source.tree)
        return [replace(place, fallback=self._is_fallback(place)) for place in found]

    def _is_fallback(self, place: Place) -> bool:
        """Whether an `if` around the assignment looks at what is assigned."""
        parents = self.source.parents
        statement = parents.get(place.value) if place.value is not None else None
        match statement:
            case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
                above = parents.get(statement)
                while isinstance(above, ast.If):
                    if places.from_itself(target, above.test):
                        return True
                    above = parents.get(above)
        return False

    def overwritten(self, option: Option) -> list[Candidate]:
        """Lines that give an option's attribute (`args.lr = 0.1`) a value of their own."""
        calls = ("parse_args", "parse_known_args")
        parsed = {
            target.id
            for node in ast.walk(self.source.tree)
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and places.callee(node.value) in calls
            for target in ast.walk(node.targets[0])
            if isinstance(target, ast.Name)
        }
        return [
            _candidate(place, "option")
            for place in self.places
            if place.name in option.names and place.path[-2:-1] and place.path[-2] in parsed
            if not (place.weak or place.fallback)
        ]

    @cached_property
    def options(self) -> list[Option]:
        """Declared command-line options."""
        return options.declared(self.source.tree)

    @cached_property
    def marked(self) -> list[Place]:
        """Places on marked lines."""
        found = marks.find(self.source)
        return [place for mark in found for place in marks.marked(self.source, self.places, mark)]

    @cached_property
    def reads_all_names(self) -> bool:
        """Whether the script can read variables that its text does not name."""
        return any(
            isinstance(node, ast.Call) and places.callee(node) in _ALL_NAMES
            for node in ast.walk(self.source.tree)
        )

    def levels(self, name: str, line: int | None) -> Iterator[list[Candidate]]:
        """The candidates of each rule before the last, in order.

        An option comes before an undotted name's attributes, keys, defaults and locals: the
        option's value usually passes through one of those, and would silently win over it.
        """
        matching = _settled([place for place in self.places if marks.matches(place, name)])
        wanted = tuple(name.split("."))
        exact = [place for place in matching if place.path == wanted]
        yield [_candidate(p, "mark") for p in self.marked if marks.matches(p, name)]
        yield [_candidate(p, "binding", weak=self._unread(p)) for p in exact if p.rule == "binding"]
        yield [
            Candidate("option", option.line, option.spellings[0], False, option.why, option)
            for option in options.called(self.options, name)
        ]
        dotted = [place for place in matching if place.rule == "dotted"]
        fully = [place for place in exact if place.rule == "dotted"]
        yield [_candidate(p, "dotted") for p in fully or dotted]
        if line is not None:
            yield [_candidate(p, "dotted") for p in matching if p.rule == "mark"]

    def _unread(self, place: Place) -> bool:
        """Whether nothing reads the variable, so that another place of the name is meant."""
        if self.reads_all_names:
            return False
        return not any(scopes.module_reads(self.source.tree, place.name))

    def site(self, name: str, line: int, rule: str, before: str) -> Site:
        """A Site in this file."""
        return Site(name, self.source.path, line, rule, before)


def _settled(found: Sequence[Place]) -> list[Place]:
    """The places without those that only step in where another left none."""
    first = {place.path for place in found if not place.fallback}
    return [place for place in found if not place.fallback or place.path not in first]


def _candidate(place: Place, rule: str, *, weak: bool = False) -> Candidate:
    weak = (weak or place.weak) and rule != "mark"
    return Candidate(rule, place.line, place.dotted, weak, place.why, place)


def split_line(name: str) -> tuple[str, int | None]:
    """`lr@12` as `lr` and 12."""
    plain, _, line = name.rpartition("@")
    return (plain, int(line)) if plain and line.isdecimal() else (name, None)


def find(
    index: Index, key: str, *, only_reads: bool = False, may_read: bool = True
) -> Found | None:
    """Where the value of `key` (a name as typed) goes; None where there is no place.

    Raises SiteError for several places of one rule, and for one that cannot take a value.
    """
    name, line = split_line(key)
    if not only_reads:
        chosen = _chosen(index, name, line)
        if chosen is not None:
            return _found(index, key, chosen)
    if not (only_reads or may_read):
        return None
    found = [read for read in reads.find(index.source, name) if line in (None, read.line)]
    sites = tuple(index.site(key, read.line, "reads", name) for read in found)
    edits = [
        Edit(key, start, end, writer, "reads", read.line, label=isinstance(writer, Fixed))
        for read in found
        for (start, end), writer in zip(read.spans, read.writers, strict=True)
    ]
    return Found(sites, tuple(dict.fromkeys(edits))) if found else None


def _chosen(index: Index, name: str, line: int | None) -> Candidate | None:
    """The one candidate; places that only pass the name on are left for a second round."""
    levels = [
        [candidate for candidate in level if line is None or _on_line(index, candidate, line)]
        for level in index.levels(name, line)
    ]
    for weak in (False, True):
        for level in levels:
            usable = [one for one in level if not one.why and (weak or not one.weak)]
            if usable:
                return _only(index, name, usable, [] if line else _rivals(index, usable, level))
            if level and level[0].rule == "mark":
                _refuse(index, name, level)
    blocked = [c for level in levels for c in level if c.why and not _without_value(c)]
    if blocked:
        _refuse(index, name, blocked)
    return None


def _without_value(candidate: Candidate) -> bool:
    return isinstance(candidate.what, Place) and candidate.what.value is None


def _on_line(index: Index, candidate: Candidate, line: int) -> bool:
    if isinstance(candidate.what, Place) and candidate.what.value is not None:
        start, _ = index.source.span(candidate.what.value)
        return line in (candidate.line, index.source.line_at(max(start, 0)))
    return candidate.line == line


def _rivals(
    index: Index, usable: Sequence[Candidate], level: Sequence[Candidate]
) -> list[Candidate]:
    """Other lines that give the same thing a value; for a mark, the mark has decided."""
    if isinstance(usable[0].what, Option):
        return index.overwritten(usable[0].what)
    names = {one.dotted for one in usable if one.rule != "mark"}
    return [one for one in level if one.dotted in names and one not in usable]


def _only(
    index: Index, name: str, usable: Sequence[Candidate], rivals: Sequence[Candidate]
) -> Candidate:
    """The one candidate, or SiteError with every line."""
    kinds = {(o.what.spellings, o.what.takes) for o in usable if isinstance(o.what, Option)}
    alike = len(kinds) == 1 and usable[0].rule == "option"
    every = sorted([*usable, *rivals], key=lambda one: one.line)
    if len({(one.line, one.dotted) for one in every}) == 1 or (alike and not rivals):
        return usable[0]
    lines = "".join(
        f"\n    line {one.line}: {index.source.line_text(one.line)}"
        for one in {one.line: one for one in every}.values()
    )
    picks = list(dict.fromkeys(f"{name}@{one.line}" for one in every if not one.why))
    dotted = list(dict.fromkeys(one.dotted for one in usable))
    if len(dotted) == len(every) > 1 and usable[0].rule == "dotted" and name not in dotted:
        picks = dotted
    raise SiteError(
        f"{index.source.path} has several places for {name}:{lines}",
        hint=f"Say which one: {' or '.join(f'{pick}=…' for pick in picks)}.",
    )


def _refuse(index: Index, name: str, blocked: Sequence[Candidate]) -> None:
    first = blocked[0]
    raise SiteError(
        f"{index.source.path} line {first.line}: {name} cannot take a value there, it is "
        f"{first.why}:\n    {index.source.line_text(first.line)}",
        hint="Give it a line of its own in the script, or mark another line with `# hp`.",
    )


def _found(index: Index, key: str, chosen: Candidate) -> Found:
    source, what = index.source, chosen.what
    if isinstance(what, Option):
        before = source.text_of(what.default) if what.default is not None else ""
        return Found((index.site(key, chosen.line, "option", before),), option=what)
    assert what.value is not None
    start, end = source.span(what.value)
    if start < 0:
        raise SiteError(
            f"{source.path} line {chosen.line}: {key} stands in an f-string that is too "
            "complicated to rewrite"
        )
    _, quote = reads.around(source, what.value, start)
    writer = Literal(source.encoding, tuples=isinstance(what.value, ast.Tuple), quote=quote)
    site = index.site(key, chosen.line, chosen.rule, source.text[start:end])
    return Found((site,), (Edit(key, start, end, writer, chosen.rule, chosen.line),))
