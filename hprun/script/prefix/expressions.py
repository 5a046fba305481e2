"""What evaluating an expression of a script reads, changes and calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from hprun.script import scopes
from hprun.script.prefix import calls
from hprun.script.prefix.effects import Problem, node_line
from hprun.script.prefix.functions import AGAIN
from hprun.script.prefix.known import ENVIRONMENT, Known, harmless, words
from hprun.script.prefix.names import root
from hprun.script.prefix.objects import Objects

_NEVER = words(
    """
    exec eval compile input open globals locals vars dir __import__ breakpoint exit quit getattr
    setattr delattr __builtins__ __loader__ __spec__ memoryview
    """
)
_OWN = {"__file__": "reads __file__, which is another path in every trial",
        "__name__": "reads __name__"}  # fmt: skip
_PER_TRIAL = {"sys.argv": "reads the script's arguments", "os.environ": "reads the environment"}


class Expressions(Objects):
    """Adds up the effects of expressions, inside the module's scope or a function's."""

    def visit(self, node: ast.AST | None) -> None:
        """Add the effects of an expression."""
        match node:
            case ast.Name():
                self._name(node)
            case ast.Attribute():
                self._attribute(node)
            case ast.Call():
                self._call(node)
            case ast.Lambda():
                self._lambda(node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node)
            case ast.NamedExpr():
                self.visit(node.value)
                self.store(node.target, self.aliases(node.value))
            case ast.Await() | ast.Yield() | ast.YieldFrom():
                self.effects.refuse(node, "waits or yields")
            case ast.Starred():
                self.visit(node.value)
                self.consume(node.value)
            case ast.Compare():
                self._compare(node)
            case ast.AST():
                self._every(node)

    def _compare(self, node: ast.Compare) -> None:
        self._every(node)
        for test, other in zip(node.ops, node.comparators, strict=True):
            if isinstance(test, ast.In | ast.NotIn):
                self.consume(other)

    def _every(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.expr_context | ast.operator | ast.cmpop):
                self.visit(child)

    def _name(self, node: ast.Name) -> None:
        name = node.id
        if self.is_local(name):
            return
        if name in self.names.bound:
            self.effects.reads.add(name)
            for full in self.names.dotted(node):
                self._load(node, full)
            if name in self.names.unsure:
                self._unknown(node, f"uses {name}, which can be several things")
        elif name in _OWN:
            self.effects.cannot_share(node, _OWN[name])
        elif name in _NEVER:
            self.effects.refuse(node, f"uses {name}")
        else:
            known = calls.builtin(name)
            if known is None:
                self.effects.reads.add(name)
            elif not harmless(known):
                self.effects.refuse(node, f"hands {name} around")

    def _attribute(self, node: ast.Attribute) -> None:
        found = self.dotted(node)
        if not found:
            self.visit(node.value)
            return
        self.read_root(node)
        for full in found:
            self._load(node, full)

    def read_root(self, node: ast.expr) -> None:
        """Note that the variable before the first dot is read."""
        start = root(node)
        if isinstance(start, ast.Name) and not self.is_local(start.id):
            self.effects.reads |= {start.id} & self.names.bound

    def _load(self, node: ast.AST, full: str) -> None:
        for start, why in _PER_TRIAL.items():
            if full == start or full.startswith(f"{start}."):
                self.effects.cannot_share(node, why)
                self.effects.reads.add(ENVIRONMENT)
                return
        if full.startswith("sys.modules"):
            self.effects.refuse(node, "looks at the loaded modules")
        elif not calls.loadable(full):
            self._unknown(node, f"uses {full}, which is not known to be harmless")

    def _unknown(self, node: ast.AST, why: str) -> None:
        self.effects.cannot_share(node, why)
        self.effects.unknown = self.effects.unknown or Problem(node_line(node), why)

    def _call(self, node: ast.Call) -> None:
        self.effects.calls = True
        known = self._callee(node)
        self.visit_all([*node.args, *(keyword.value for keyword in node.keywords)])
        for keyword in node.keywords:
            if keyword.arg == "out":
                self.change(keyword.value)
        if known is not None:
            self._apply(node, calls.judged(known, node, self.names.nones))

    def visit_all(self, nodes: Iterable[ast.AST]) -> None:
        """Add the effects of several expressions."""
        for node in nodes:
            self.visit(node)

    def _callee(self, node: ast.Call) -> Known | None:
        """What is known of what is called; notes why it is refused otherwise."""
        found = self.dotted(node.func)
        if found:
            return self._library(node, found)
        match node.func:
            case ast.Name(id=name) if self.is_local(name):
                if name not in self.local_functions:
                    self.effects.refuse(node, f"calls {name}, which can be any function")
            case ast.Name(id=name) if name in self.names.bound:
                self._call_own(node, name)
            case ast.Name(id=name):
                known = calls.builtin(name)
                if known is None:
                    self.effects.refuse(node, f"uses {name}")
                return known
            case ast.Attribute(value=value, attr=attr):
                self.visit(value)
                known = calls.method(node)
                if known is None:
                    self.effects.refuse(node, f"calls .{attr}(), which is not known to be harmless")
                return known
            case _:
                self.visit(node.func)
                self.effects.refuse(node, "calls what an expression gives")
        return None

    def _library(self, node: ast.Call, found: frozenset[str]) -> Known | None:
        """What is known of a library's function that has one of these full names."""
        self.read_root(node.func)
        every = {full: calls.function(full) for full in sorted(found)}
        for full, known in every.items():
            if known is None:
                self.effects.refuse(node, f"calls {full}, which is not known to be harmless")
                return None
            self.effects.again |= full in AGAIN
        return max((known for known in every.values() if known), key=lambda known: bool(known.why))

    def _call_own(self, node: ast.Call, name: str) -> None:
        """A call of a function or class of the script itself."""
        self.effects.reads.add(name)
        definition = self.names.defined.get(name)
        if definition is None:
            self.effects.refuse(node, f"calls {name}, which can be several functions")
        elif isinstance(definition, ast.ClassDef) and not is_record(definition):
            self.effects.refuse(node, f"makes a {name}, a class that does more than hold values")
        else:
            self.effects.works |= not isinstance(definition, ast.ClassDef)

    def _apply(self, node: ast.Call, known: Known) -> None:
        """Add what a known call does."""
        effects = self.effects
        if known.why:
            effects.cannot_share(node, known.why)
        effects.reads.update(known.reads)
        effects.changes.update(known.changes)
        effects.works |= known.works
        effects.lazy |= known.lazy
        effects.seeds.update(known.seeds)
        if known.draws:
            effects.draws.add(known.draws)
            effects.reads.add(known.draws)
            effects.changes.add(known.draws)
        if known.consumes:
            for argument in node.args:
                self.consume(argument)
        if known.first and node.args:
            self.change(node.args[0])
            effects.joined.append(set().union(*map(self.aliases, node.args)))
        if isinstance(node.func, ast.Attribute) and not self.dotted(node.func):
            if known.receiver:
                self.change(node.func.value)
                led = self.aliases(node.func.value)
                effects.joined.append(led.union(*map(self.aliases, node.args)))
            if known.files:
                self.check_file(node, [node.func.value])
        elif known.files:
            self.check_file(node, node.args[:1])

    def check_file(self, node: ast.Call, named: list[ast.expr]) -> None:
        """Refuse to share what reads a file that differs between trials, or may."""
        differing = self.around.differing
        texts = [n.value for arg in named for n in ast.walk(arg) if isinstance(n, ast.Constant)]
        computed = any(isinstance(n, ast.Name) for arg in named for n in _arguments(arg))
        last = [text.rpartition("/")[2] for text in texts if isinstance(text, str)]
        if differing and (computed or not last or differing.intersection(last)):
            which = ", ".join(sorted(differing))
            self.effects.cannot_share(node, f"reads a file, and {which} differs between trials")

    def _lambda(self, node: ast.Lambda) -> None:
        self.visit_all([*node.args.defaults, *filter(None, node.args.kw_defaults)])
        with_own = {arg.arg for arg in scopes.parameters(node.args)}
        self.later([node.body], with_own)

    def later(self, body: list[ast.expr], own: set[str]) -> None:
        """Add the effects of what may run now or at any time later."""
        self.scopes.append(own)
        before = set(self.effects.reads)
        self.visit_all(body)
        self.effects.carries |= self.effects.reads - before
        self.effects.carries |= self.module_names(body)
        self.scopes.pop()

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        own = {
            name
            for generator in node.generators
            for inner in ast.walk(generator.target)
            for name in scopes.bound_here(inner)
        }
        self.visit(node.generators[0].iter)
        self.scopes.append(own)
        parts: list[ast.AST] = []
        for index, generator in enumerate(node.generators):
            self.consume(generator.iter)
            parts += [*([generator.iter] if index else []), *generator.ifs]
        parts += [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self.visit_all(parts)
        self.scopes.pop()
        if isinstance(node, ast.GeneratorExp):
            self.effects.lazy = True
            self.effects.carries |= self.module_names([node])


def _arguments(node: ast.AST) -> Iterable[ast.AST]:
    """The parts of an expression, without what it calls."""
    if isinstance(node, ast.Call):
        for part in [*node.args, *(keyword.value for keyword in node.keywords)]:
            yield from _arguments(part)
        if isinstance(node.func, ast.Attribute):
            yield from (
                _arguments(node.func.value) if not isinstance(node.func.value, ast.Name) else ()
            )
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _arguments(child)


def is_record(node: ast.ClassDef) -> bool:
    """Whether making an instance of the class does nothing but keep values."""
    bases = all(isinstance(b, ast.Name) and b.id in ("object", "NamedTuple") for b in node.bases)
    methods = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    special = any(m.name.startswith("__") or m.decorator_list for m in methods)
    decorated = all(ast.unparse(d).split("(")[0].split(".")[-1] == "dataclass"
                    for d in node.decorator_list)  # fmt: skip
    return bases and decorated and not special and not node.keywords
