"""Which objects an expression leads to, and what is bound, changed or used up through it."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterable

from hprun.script.prefix import calls
from hprun.script.prefix.effects import Effects, Surroundings
from hprun.script.prefix.names import Names, root

_IMMUTABLE = frozenset({"shape", "size", "ndim", "dtype"})
_NEW_VALUE = (ast.Sub, ast.Div, ast.FloorDiv, ast.Pow, ast.MatMult, ast.Mod)


class Objects(ABC):
    """Adds up what happens to objects, inside the module's scope or a function's."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.names = around.names
        self.effects = Effects()
        self.scopes: list[set[str]] = []
        self.inside = 0
        self.local_imports: dict[str, str] = {}
        self.local_functions: set[str] = set()

    @abstractmethod
    def visit(self, node: ast.AST | None) -> None:
        """Add the effects of an expression."""

    def is_local(self, name: str) -> bool:
        """Whether the name is one of a function, lambda or comprehension around it."""
        return any(name in scope for scope in self.scopes)

    def dotted(self, node: ast.expr) -> frozenset[str]:
        """The full names of an imported thing, an import inside the function included."""
        start = root(node)
        if not isinstance(start, ast.Name):
            return frozenset()
        if start.id in self.local_imports:
            full = frozenset({self.local_imports[start.id]})
            return Names(frozenset(), {start.id: full}, {}).dotted(node)
        return frozenset() if self.is_local(start.id) else self.names.dotted(node)

    def store(self, target: ast.expr, led: set[str]) -> None:
        """Bind a target to a value that the names `led` may lead to."""
        match target:
            case ast.Name(id=name):
                if not self.inside:
                    self.effects.binds.add(name)
                    self.effects.joined.append({name} | led)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                self.effects.consumes |= led
                for element in elements:
                    self.store(element, led)
            case ast.Starred(value=value):
                self.store(value, led)
            case _:
                self.visit(target.value if isinstance(target, ast.Attribute) else target)
                self.change(target)
                self.effects.joined.append(self.aliases(target) | led)

    def change(self, node: ast.expr) -> None:
        """Note that the object which an expression gives is changed."""
        start = root(node)
        if isinstance(start, ast.Name) and self.dotted(start):
            self._change_module(node)
        self.effects.changes |= self.aliases(node)
        self.effects.changes_inner |= self._leads_inside(node)

    def _change_module(self, node: ast.expr) -> None:
        while isinstance(node, ast.Subscript | ast.Starred):
            node = node.value
        full = min(self.dotted(node), default=ast.unparse(node))
        if not full.startswith("torch.backends."):
            self.effects.refuse(node, f"changes {full}")

    def consume(self, node: ast.AST) -> None:
        """Note that an iterator which an expression gives may be used up."""
        self.effects.consumes |= self.aliases(node)
        self.effects.consumes_inner |= self._leads_inside(node)

    def _leads_inside(self, node: ast.AST) -> bool:
        return any(isinstance(n, ast.Name) and self.is_local(n.id) for n in ast.walk(node))

    def aliases(self, node: ast.AST | None) -> set[str]:
        """The module's variables that may lead to the same object as the expression's value."""
        match node:
            case None | ast.Constant() | ast.JoinedStr() | ast.Compare():
                led = set()
            case ast.Lambda(body=body):
                led = self.module_names([body])
            case ast.Subscript(value=value) | ast.Attribute(value=value):
                immutable = isinstance(node, ast.Attribute) and node.attr in _IMMUTABLE
                led = set() if immutable else self.aliases(value)
            case ast.Call():
                led = self._aliases_of_call(node)
            case ast.Name(id=name):
                plain = name in self.names.bound and name not in self.names.imported
                led = {name} if plain and not self.is_local(name) else set()
            case _:
                parts = [] if _is_new(node) else ast.iter_child_nodes(node)
                led = set().union(*map(self.aliases, parts))
        return led

    def _aliases_of_call(self, node: ast.Call) -> set[str]:
        known = None
        if isinstance(node.func, ast.Name) and node.func.id not in self.names.bound:
            known = calls.builtin(node.func.id)
        elif isinstance(node.func, ast.Attribute) and not self.dotted(node.func):
            known = calls.method(node)
        elif self.dotted(node.func):
            known = calls.function(min(self.dotted(node.func)))
        if known is not None and known.fresh:
            return set()
        parts = [*node.args, *(keyword.value for keyword in node.keywords)]
        own = self.aliases(node.func)
        return own.union(*(self.aliases(part) for part in parts))

    def module_names(self, nodes: Iterable[ast.AST]) -> set[str]:
        """Every variable of the module that stands in these nodes; imports are not among them."""
        return {
            inner.id
            for node in nodes
            for inner in ast.walk(node)
            if isinstance(inner, ast.Name)
            and inner.id in self.names.bound
            and inner.id not in self.names.imported
            and not self.is_local(inner.id)
        }


def _is_new(node: ast.AST) -> bool:
    """Whether an operator gives a value that shares nothing with its operands."""
    match node:
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BinOp(op=op):
            return isinstance(op, _NEW_VALUE)
    return False
