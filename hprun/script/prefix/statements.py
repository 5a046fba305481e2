"""What a statement of a script does, its blocks and the bodies of its functions included."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from hprun.script import scopes
from hprun.script.prefix.calls import function
from hprun.script.prefix.effects import Effects, Surroundings
from hprun.script.prefix.expressions import Expressions, is_record
from hprun.script.prefix.known import ENVIRONMENT, words
from hprun.script.prefix.names import Definition

_DECORATORS = words(
    """
    tensorflow.function torch.no_grad torch.inference_mode torch.compile torch.jit.script jax.jit
    numba.njit numba.jit keras.saving.register_keras_serializable functools.lru_cache
    functools.cache functools.wraps functools.total_ordering dataclasses.dataclass
    contextlib.contextmanager typing.final enum.unique
    """
)
_BASES = ("keras.", "tensorflow.", "torch.", "sklearn.", "typing.", "enum.", "abc.", "collections.",
          "torchvision.", "lightning.", "pytorch_lightning.", "numpy.", "dataclasses.")  # fmt: skip
_ENVIRONMENT_CALLS = frozenset({"os.environ.setdefault", "os.environ.update"})


def effects_of(statement: ast.stmt, around: Surroundings) -> Effects:
    """What running one statement of the module's scope does."""
    survey = _Statements(around)
    survey.run(statement)
    return survey.effects


def effects_of_body(definition: Definition, around: Surroundings) -> Effects:
    """What calling a function may do, or making and using an instance of a class."""
    survey = _Statements(around)
    survey.inside = 1
    survey.bodies = True
    if isinstance(definition, ast.ClassDef):
        survey.run_all(definition.body)
    elif isinstance(definition, ast.Lambda):
        survey.later([definition.body], {a.arg for a in scopes.parameters(definition.args)})
    else:
        survey.function_body(definition)
    survey.effects.share = survey.effects.share or survey.effects.unknown
    return survey.effects


class _Statements(Expressions):
    """Adds up the effects of statements; with `bodies`, of the functions defined there too."""

    bodies = False

    def run_all(self, statements: Sequence[ast.stmt]) -> None:
        """Add the effects of a block."""
        for statement in statements:
            self.run(statement)

    def run(self, statement: ast.stmt) -> None:
        """Add the effects of a statement."""
        if self._environment(statement):
            return
        match statement:
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.Delete():
                self._binding(statement)
            case ast.Import() | ast.ImportFrom():
                self._import(statement)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._definition(statement)
            case ast.For() | ast.While() | ast.If() | ast.Try() | ast.With() | ast.Match():
                self._block(statement)
            case ast.Expr() | ast.Return() | ast.Raise() | ast.Assert():
                self.visit_all(ast.iter_child_nodes(statement))
                if isinstance(statement, ast.Expr):
                    self.effects.joined.append(self.aliases(statement.value))
            case ast.Pass() | ast.Break() | ast.Continue() | ast.Nonlocal():
                pass
            case ast.Global():
                self.effects.refuse(statement, "declares a global")
            case _:
                self.effects.refuse(statement, "is of a kind that is not known here")

    def _binding(self, statement: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Delete) -> None:
        match statement:
            case ast.Assign(targets=targets, value=value):
                self.visit(value)
                for target in targets:
                    self.store(target, self.aliases(value))
            case ast.AnnAssign(target=target, annotation=annotation, value=annotated):
                self._annotation(annotation)
                self.visit(annotated)
                if annotated is not None or not isinstance(target, ast.Name):
                    self.store(target, self.aliases(annotated))
            case ast.AugAssign(target=target, value=value):
                self.visit(value)
                if isinstance(target, ast.Name):
                    self.visit(ast.copy_location(ast.Name(target.id, ast.Load()), target))
                self.change(target)
                self.consume(value)
                self.store(target, self.aliases(value) | self.aliases(target))
            case ast.Delete(targets=targets):
                for target in targets:
                    self._delete(target)

    def _delete(self, target: ast.expr) -> None:
        if isinstance(target, ast.Name) and not self.inside:
            self.effects.reads.add(target.id)
            self.effects.binds.add(target.id)
        elif not isinstance(target, ast.Name):
            self.store(target, set())

    def _annotation(self, node: ast.expr | None) -> None:
        """An annotation only reads names, unless it calls something."""
        if node is None:
            return
        if any(isinstance(inner, ast.Call | ast.NamedExpr) for inner in ast.walk(node)):
            self.visit(node)
        self.effects.reads |= {
            inner.id
            for inner in ast.walk(node)
            if isinstance(inner, ast.Name) and not self.is_local(inner.id)
        } & self.names.bound

    def _import(self, statement: ast.Import | ast.ImportFrom) -> None:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            self.effects.again = True
        share, defer = self.around.importing(statement)
        if share:
            self.effects.cannot_share(statement, share)
        if defer:
            self.effects.refuse(statement, defer)
        self.effects.reads.add(ENVIRONMENT)
        for alias in statement.names:
            name = alias.asname or alias.name.split(".")[0]
            if self.inside and not share:
                full = alias.name if alias.asname else name
                start = "" if isinstance(statement, ast.Import) else f"{statement.module}."
                self.local_imports[name] = start + (full if not start else alias.name)
            elif not self.inside:
                self.effects.binds.add(name)

    def _environment(self, statement: ast.stmt) -> bool:
        """Whether it sets an environment variable; a literal one is set again in every trial."""
        match statement:
            case ast.Assign(targets=[ast.Subscript(value=target, slice=key)], value=value):
                parts = [key, value]
            case ast.Expr(value=ast.Call(func=target, args=[_, *_] as parts, keywords=[])):
                if not self.dotted(target) & _ENVIRONMENT_CALLS:
                    return False
            case _:
                return False
        names = self.dotted(target)
        if not names & ({"os.environ"} | _ENVIRONMENT_CALLS):
            return False
        self.read_root(target)
        self.visit_all(parts)
        self.effects.changes.add(ENVIRONMENT)
        self.effects.reads.add(ENVIRONMENT)
        self.effects.again = not self.inside
        if self.inside or not all(_is_literal(part) for part in parts):
            self.effects.cannot_share(statement, "changes the environment")
        return True

    def _definition(self, statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        for decorator in statement.decorator_list:
            self._decorator(decorator)
        if isinstance(statement, ast.ClassDef):
            self._class(statement)
        else:
            defaults = [*statement.args.defaults, *filter(None, statement.args.kw_defaults)]
            self.visit_all(defaults)
            for arg in scopes.parameters(statement.args):
                self._annotation(arg.annotation)
            self._annotation(statement.returns)
            self.effects.carries |= self.module_names(statement.body)
            if self.bodies:
                self.function_body(statement)
            led = set().union(*map(self.aliases, defaults))
            self._bind_definition(statement.name, led)

    def _bind_definition(self, name: str, led: set[str]) -> None:
        if self.inside:
            self.local_functions.add(name)
        else:
            self.effects.binds.add(name)
            self.effects.joined.append({name} | led)

    def _decorator(self, node: ast.expr) -> None:
        called = node.func if isinstance(node, ast.Call) else node
        plain = isinstance(called, ast.Name) and called.id in ("property", "staticmethod",
                                                               "classmethod")  # fmt: skip
        attribute = isinstance(called, ast.Attribute) and called.attr in ("setter", "getter")
        known = self.dotted(called)
        if plain or attribute or (known and known <= _DECORATORS):
            self.effects.reads |= self.names.bound & {
                n.id for n in ast.walk(called) if isinstance(n, ast.Name)
            }
            parts = (
                [*node.args, *(k.value for k in node.keywords)]
                if isinstance(node, ast.Call)
                else []
            )
            self.visit_all(parts)
            harmless = not known or all(function(full) for full in known)
            if not harmless:
                self.effects.cannot_share(node, f"uses the decorator {ast.unparse(called)}")
            return
        self.effects.refuse(node, f"uses the decorator {ast.unparse(called)}")

    def _class(self, node: ast.ClassDef) -> None:
        for base in node.bases:
            full = self.dotted(base)
            if full and all(name.startswith(_BASES) for name in full):
                self.effects.reads |= self.names.bound & {
                    n.id for n in ast.walk(base) if isinstance(n, ast.Name)
                }
                continue
            self.visit(base)
        for keyword in node.keywords:
            self.effects.refuse(keyword.value, "makes a class with keywords")
        if not is_record(node):
            self.effects.cannot_share(node, f"makes {node.name}, a class that is more than values")
            self.effects.unknown = self.effects.share
        self.inside += 1
        self.run_all(node.body)
        self.inside -= 1
        self.effects.carries |= self.module_names(node.body)
        led = set().union(
            *map(self.aliases, (n for n in node.body if isinstance(n, ast.Assign | ast.AnnAssign)))
        )
        self._bind_definition(node.name, led)

    def function_body(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Add the effects of calling a function."""
        body = list(scopes.within(node.body))
        own = {arg.arg for arg in scopes.parameters(node.args)}
        own |= {name for inner in body for name in scopes.bound_here(inner)}
        own -= {n for inner in body if isinstance(inner, ast.Global) for n in inner.names}
        if isinstance(node, ast.AsyncFunctionDef):
            self.effects.refuse(node, "is asynchronous")
        self.scopes.append(own)
        self.inside += 1
        self.run_all(node.body)
        self.inside -= 1
        self.scopes.pop()

    def _block(self, node: ast.For | ast.While | ast.If | ast.Try | ast.With | ast.Match) -> None:
        match node:
            case ast.For(target=target, iter=iterated):
                self.visit(iterated)
                self.consume(iterated)
                self.store(target, self.aliases(iterated))
                self.effects.works = True
            case ast.While(test=test) | ast.If(test=test):
                self.visit(test)
            case ast.With(items=items):
                for item in items:
                    self._with(item)
            case ast.Try(handlers=handlers):
                for handler in handlers:
                    self.visit(handler.type)
                    if handler.name and not self.inside:
                        self.effects.binds.add(handler.name)
                    self.run_all(handler.body)
            case ast.Match(subject=subject, cases=cases):
                self.visit(subject)
                for case in cases:
                    self._case(case, subject)
        self.run_all(getattr(node, "body", []))
        self.run_all(getattr(node, "orelse", []))
        self.run_all(getattr(node, "finalbody", []))

    def _case(self, case: ast.match_case, subject: ast.expr) -> None:
        for inner in ast.walk(case.pattern):
            for name in scopes.bound_here(inner):
                self.store(ast.Name(name, ast.Store()), self.aliases(subject))
            if isinstance(inner, ast.MatchClass | ast.MatchValue):
                self.visit(inner.cls if isinstance(inner, ast.MatchClass) else inner.value)
        self.visit(case.guard)
        self.run_all(case.body)

    def _with(self, item: ast.withitem) -> None:
        """A file that is open for reading within the block, or another known one."""
        call = item.context_expr
        if not isinstance(call, ast.Call):
            self.effects.refuse(call, "enters a context that is not known")
        elif isinstance(call.func, ast.Name) and call.func.id == "open":
            if not self._only_reads(call):
                self.effects.refuse(call, "opens a file to write to it")
            self.visit_all([*call.args, *(k.value for k in call.keywords)])
            self.check_file(call, call.args[:1])
            self.effects.works = True
        else:
            known = self.dotted(call.func)
            contexts = {"numpy.load", "numpy.errstate", "warnings.catch_warnings",
                        "contextlib.suppress"}  # fmt: skip
            if not known or not known <= contexts:
                self.effects.refuse(call, f"enters {ast.unparse(call.func)}()")
            self.visit(call)
        if item.optional_vars is not None:
            self.store(item.optional_vars, self.aliases(call))
        self.effects.lazy = True

    def _only_reads(self, call: ast.Call) -> bool:
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        mode = call.args[1] if len(call.args) > 1 else given.get("mode")
        plain = "open" not in self.names.bound and bool(call.args)
        simple = set(given) <= {"mode", "encoding", "newline", "errors"}
        read = mode is None or (
            isinstance(mode, ast.Constant) and str(mode.value) in ("r", "rb", "rt", "br")
        )
        return plain and simple and read


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
