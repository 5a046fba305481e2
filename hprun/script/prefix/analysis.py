"""Which top-level statements of a script may run once for all trials, each of which goes on alone.

The script runs in another order than it is written: what is shared first, then, in every trial,
what was deferred, then the rest. That gives the same only if no shared statement reads or
binds a name that an earlier deferred one binds, none binds a name that an earlier deferred
one reads, and neither changes an object that the other reads. Names may lead to the same
object, so names that were ever given each other's values stand and fall together.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import field

from hprun.dataclass import dataclass
from hprun.script.imports import Read
from hprun.script.prefix.effects import Effects, Problem, Surroundings
from hprun.script.prefix.modules import Imports, is_main_block
from hprun.script.prefix.names import Names
from hprun.script.prefix.reach import Knowledge, Reach
from hprun.script.prefix.statements import effects_of
from hprun.script.sites import split_line
from hprun.script.source import parse
from hprun.script.template import Template

_SHORT = 60


@dataclass(frozen=True)
class Prefix:
    """What may run once, as indices into the script's top-level statements.

    `shared` run once, in order; every trial then runs all others in order, and those of `again`
    too (they set what a new process does not inherit, or how the text compiles). `deferred` are
    those before the stop that are not shared. `stops_at` is the line of the first statement
    that ended the search, None if none did; `because` says why in one sentence. `worth`: some
    shared statement does more than importing and defining. `seeds` names the random states
    (numpy, random, torch, tensorflow) that the shared statements seed.
    """

    shared: tuple[int, ...]
    deferred: tuple[int, ...]
    stops_at: int | None
    because: str
    worth: bool
    again: tuple[int, ...] = ()
    seeds: tuple[str, ...] = ()


def shared_prefix(
    source: str,
    tainted: Collection[str] = (),
    lines: Mapping[int, str] | None = None,
    *,
    script: str = "script.py",
    read: Read | None = None,
    differing: Collection[str] = (),
) -> Prefix:
    """The prefix of a script's text; nothing is executed.

    `tainted` are variables of the module whose values differ between trials, `lines` the lines
    whose text does, with the name of what goes there. `script` is its path in the workspace and
    `read` gives a workspace file's bytes, or None; without it, every import is of something
    installed. `differing` are other files of the workspace that differ between trials. Raises
    SyntaxError for a text that does not compile.
    """
    tree = ast.parse(source)
    data = Imports(script, read or (lambda _: None))
    files = frozenset(path.rpartition("/")[2] for path in differing)
    around = Surroundings(Names.of(tree), files, data.judge)
    deferred = _Deferred({name: name for name in tainted})
    return _Walk(source, tree, around, lines or {}, deferred).result()


def prefix_of(template: Template, read: Read, fixed: Collection[str] = ()) -> Prefix:
    """The prefix of a template's script.

    `fixed` are the names that have one value in the whole search (`folds` with `--cv`, a
    hyperparameter with a single value): the shared statements must then run in a copy that is
    rendered with it. Raises RenderError for a script that does not compile.
    """
    script = template.script
    source = parse(read(script) or b"", script)
    lines: dict[int, str] = {}
    differing = []
    for parts in template.parts:
        for edit in parts.edits():
            if edit.key in fixed:
                continue
            if parts.path != script:
                differing.append(parts.path)
                continue
            last = source.line_at(max(edit.start, edit.end - 1))
            for line in {edit.line, *range(source.line_at(edit.start), last + 1)}:
                lines[line] = split_line(edit.key)[0]
    lines |= {site.line: site.name for site in template.sites if site.name in template.arrays}
    return shared_prefix(source.text, (), lines, script=script, read=read, differing=differing)


@dataclass
class _Deferred:
    """What deferred statements bind, read, change and use up: by name, what to say of it."""

    binds: dict[str, str]
    reads: dict[str, str] = field(default_factory=dict)
    changes: dict[str, str] = field(default_factory=dict)
    uses: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Conflict:
    """Why a statement cannot come before a deferred one, and what that one waits for."""

    why: str
    origin: str


class _Walk:
    """Goes through the top-level statements in order and puts each where it may stand."""

    def __init__(
        self,
        source: str,
        tree: ast.Module,
        around: Surroundings,
        lines: Mapping[int, str],
        deferred: _Deferred,
    ) -> None:
        self.source = source
        self.body = tree.body
        self.around = around
        self.lines = lines
        self.deferred = deferred
        self.knowledge = Knowledge(around)
        self.floating: dict[str, tuple[int, Effects]] = {}
        self.waiting: set[int] = set()
        self.shared: set[int] = set()
        self.again: set[int] = set()
        self.seeded: set[str] = set()
        self.worth = False

    def result(self) -> Prefix:
        """Walk until a statement can neither be shared nor wait."""
        for index, statement in enumerate(self.body):
            why = self._place(index, statement)
            if why:
                line = _first_line(statement)
                return self._prefix(line, f"line {line} {why}: {self._text(statement)}")
        return self._prefix(None, "nothing in the script has to wait for a trial")

    def _prefix(self, line: int | None, because: str) -> Prefix:
        if not self.worth:
            because = f"only imports and definitions could be shared, as {because}"
        return Prefix(
            tuple(sorted(self.shared)),
            tuple(sorted(self.waiting | {index for index, _ in self.floating.values()})),
            line,
            because,
            self.worth,
            tuple(sorted(self.again)),
            tuple(sorted(name.strip("<>").partition("'")[0] for name in self.seeded)),
        )

    def _text(self, statement: ast.stmt) -> str:
        text = self.source.splitlines()[_first_line(statement) - 1].strip()
        return text if len(text) <= _SHORT else text[: _SHORT - 1].rstrip() + "…"

    def _place(self, index: int, statement: ast.stmt) -> str:
        """Put one statement among the shared or the deferred; else why it ends the search."""
        effects = effects_of(statement, self.around)
        label = self._label(statement)
        self.knowledge.learn(effects)
        if not label and self._can_float(statement, effects):
            assert isinstance(statement, ast.FunctionDef | ast.ClassDef)
            self.floating[statement.name] = (index, effects)
            return ""
        reach = self.knowledge.reach(effects)
        conflict = self._conflict(effects, reach)
        problem = reach.share or self._unseeded(reach) or self._unpromoted(reach.reads)
        if not (label or conflict or problem):
            self._share(index, statement, effects, reach)
            return ""
        if reach.defer is None and not is_main_block(statement):
            line = _first_line(statement)
            why = f"line {line}, which {problem.why}" if problem else ""
            self._defer(
                index, line, effects, reach, label or (conflict.origin if conflict else why)
            )
            return ""
        if is_main_block(statement):
            return "is the main block, which every trial runs by itself"
        return _refusal(label, conflict, reach)

    def _label(self, statement: ast.stmt) -> str:
        last = statement.end_lineno or statement.lineno
        names = [self.lines[n] for n in range(_first_line(statement), last + 1) if n in self.lines]
        return ", ".join(dict.fromkeys(names))

    def _can_float(self, statement: ast.stmt, effects: Effects) -> bool:
        """Whether a definition means the same wherever it stands before its first use."""
        names = self.around.names
        return (
            isinstance(statement, ast.FunctionDef | ast.ClassDef)
            and statement.name in names.defined
            and effects.defer is None
            and effects.binds == {statement.name}
            and not (effects.changes or effects.draws or effects.consumes)
            and effects.reads <= names.imported.keys() | self.floating.keys()
            and not (effects.reads | effects.binds) & self.deferred.binds.keys()
            and not effects.binds & self.deferred.reads.keys()
        )

    def _needed(self, reads: Collection[str]) -> set[str]:
        """The floating definitions that these reads need."""
        found: set[str] = set()
        waiting = set(reads) & self.floating.keys()
        while waiting:
            name = waiting.pop()
            found.add(name)
            waiting |= (self.floating[name][1].reads & self.floating.keys()) - found
        return found

    def _unpromoted(self, reads: Collection[str]) -> Problem | None:
        """Why a definition that is needed cannot run once for all."""
        needed = self._needed(reads)
        return next((p for n in sorted(needed) if (p := self.floating[n][1].share)), None)

    def _unseeded(self, reach: Reach) -> Problem | None:
        if reach.draws <= self.seeded:
            return None
        return Problem(0, "draws random numbers without a seed")

    def _share(self, index: int, statement: ast.stmt, effects: Effects, reach: Reach) -> None:
        for name in self._needed(reach.reads):
            self.shared.add(self.floating.pop(name)[0])
        self.shared.add(index)
        if effects.again or (index == 0 and _is_text(statement)):
            self.again.add(index)
        if isinstance(statement, ast.Expr):
            self.seeded |= reach.seeds
        self.worth |= reach.works

    def _defer(self, index: int, line: int, effects: Effects, reach: Reach, origin: str) -> None:
        self.waiting.add(index)
        for name in effects.binds:
            self.deferred.binds.setdefault(name, origin)
        for name in reach.reads | reach.draws:
            self.deferred.reads.setdefault(name, f"line {line}")
        for name in reach.changes:
            self.deferred.changes.setdefault(name, f"line {line}")
        for name in reach.uses:
            self.deferred.uses.setdefault(name, f"line {line}")

    def _conflict(self, effects: Effects, reach: Reach) -> _Conflict | None:
        """Why the statement does not give the same before some deferred statement."""
        later = self.deferred
        group = self.knowledge.group
        for name in sorted((reach.reads | effects.binds) & later.binds.keys()):
            return _Conflict(f"depends on {later.binds[name]}", later.binds[name])
        for name in sorted(effects.binds & later.reads.keys()):
            why = f"binds {name}, which {later.reads[name]} reads"
            return _Conflict(why, later.reads[name])
        for mine, theirs, same, verb, other in (
            (reach.changes, later.reads, group, "changes", "reads"),
            (reach.reads, later.changes, group, "reads", "changes"),
            (reach.changes, later.changes, group, "changes", "changes"),
            (reach.uses, later.reads, self.knowledge.iterators, "uses up", "reads"),
            (reach.reads, later.uses, self.knowledge.iterators, "reads", "uses up"),
        ):
            both = same(mine)
            for name in sorted(theirs):
                if same([name]) & both:
                    why = f"{verb} {name.strip('<>')}, which {theirs[name]} {other}"
                    return _Conflict(why, theirs[name])
        return None


def _refusal(label: str, conflict: _Conflict | None, reach: Reach) -> str:
    """Why a statement ends the search, after the word `line` and its number."""
    if label:
        return f"holds {label}"
    assert reach.defer is not None
    return conflict.why if conflict else reach.defer.why


def _first_line(statement: ast.stmt) -> int:
    """The line where the statement starts, its decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(node.lineno for node in decorators)])


def _is_text(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
    return False
