"""Statements that cannot change what a later import does, told from the text alone.

Anything that is not known to be harmless is not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import field

from hprun.dataclass import dataclass

_BUILTINS = {
    "abs", "all", "any", "bool", "bytes", "dict", "divmod", "enumerate", "filter", "float",
    "format", "frozenset", "hash", "hex", "int", "isinstance", "len", "list", "map", "max", "min",
    "object", "open", "pow", "print", "property", "range", "repr", "reversed", "round", "set",
    "slice", "sorted", "str", "sum", "tuple", "type", "zip", "TypeVar",
}  # fmt: skip
_CALLS = {
    "os.getenv", "os.getcwd", "os.getpid", "os.cpu_count", "os.makedirs", "os.mkdir",
    "os.listdir", "os.environ.get", "os.environ.copy", "logging.getLogger", "logging.basicConfig",
    "logging.Formatter", "logging.StreamHandler", "re.compile", "json.load", "json.loads",
    "sys.stdout.flush", "sys.stderr.flush", "random.seed", "numpy.random.seed",
    "numpy.random.default_rng", "numpy.random.RandomState", "torch.manual_seed",
    "tensorflow.random.set_seed", "tensorflow.keras.utils.set_random_seed",
    "keras.utils.set_random_seed", "warnings.resetwarnings", "collections.namedtuple",
    "typing.NamedTuple", "typing.NewType", "dataclasses.field",
}  # fmt: skip
_FAMILIES = (
    "argparse.", "pathlib.", "os.path.", "math.", "datetime.", "time.time", "time.perf_counter",
    "time.strftime", "time.monotonic", "string.", "itertools.", "functools.", "operator.",
    "textwrap.", "collections.", "typing.", "enum.", "fractions.", "decimal.",
)  # fmt: skip
"""Everything below these is harmless to call, and so are the methods of what it gives."""
_DECORATORS = {
    "dataclass", "dataclasses.dataclass", "staticmethod", "classmethod", "property",
    "functools.lru_cache", "functools.cache", "functools.wraps", "functools.cached_property",
    "contextlib.contextmanager", "abc.abstractmethod", "typing.overload", "typing.final",
    "enum.unique", "functools.total_ordering",
}  # fmt: skip


@dataclass
class Names:
    """What the names of a file stand for, as far as its imports and calls say."""

    imported: dict[str, str] = field(default_factory=dict)
    objects: set[str] = field(default_factory=set)  # made by a harmless call
    own: set[str] = field(default_factory=set)  # functions and classes of the file

    def learn(self, node: ast.Import | ast.ImportFrom) -> None:
        """Note what an import binds."""
        for alias in node.names:
            bound = alias.asname or alias.name
            if isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                self.imported[bound] = f"{module}.{alias.name}"
            elif alias.asname:
                self.imported[bound] = alias.name
            else:
                first = alias.name.partition(".")[0]
                self.imported[first] = first

    def full(self, node: ast.AST) -> str:
        """The dotted name that an expression stands for, `a.b.c`; empty where it is none."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.imported.get(node.id, node.id), *reversed(parts)])


def is_harmless(node: ast.stmt, names: Names) -> bool:
    """Whether the statement cannot change what an import after it does; notes what it binds."""
    match node:
        case ast.Pass() | ast.Break() | ast.Continue() | ast.Global():
            return True
        case (
            ast.Expr(value=value)
            | ast.Assert(test=value)
            | ast.AugAssign(target=ast.Name(), value=value)
        ):
            return value_is_harmless(value, names)
        case ast.Assign(targets=targets, value=value):
            return _binds(targets, value, names)
        case ast.AnnAssign(target=target, value=given):
            return given is None or _binds([target], given, names)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            names.own.add(node.name)
            return _definition_is_harmless(node, names)
    return _block_is_harmless(node, names)


def _block_is_harmless(node: ast.stmt, names: Names) -> bool:
    match node:
        case ast.If(test=test) | ast.While(test=test):
            return value_is_harmless(test, names) and _all_harmless(
                [*node.body, *node.orelse], names
            )
        case ast.For(target=target, iter=iterable):
            return _binds([target], iterable, names) and _all_harmless(
                [*node.body, *node.orelse], names
            )
        case ast.With(items=items):
            made = all(
                item.optional_vars is None or _binds([item.optional_vars], item.context_expr, names)
                for item in items
            )
            opened = all(value_is_harmless(item.context_expr, names) for item in items)
            return made and opened and _all_harmless(node.body, names)
    return False


def _all_harmless(body: Iterable[ast.stmt], names: Names) -> bool:
    return all(is_harmless(node, names) for node in body)


def _binds(targets: Iterable[ast.expr], value: ast.expr, names: Names) -> bool:
    """Whether an assignment only gives names of the file a harmless value."""
    if not value_is_harmless(value, names):
        return False
    for target in targets:
        for node in ast.walk(target):
            if isinstance(node, ast.Attribute | ast.Subscript):
                return _is_own_object(node, names)
            if isinstance(node, ast.Name):
                names.imported.pop(node.id, None)
                names.own.discard(node.id)
                if _makes_object(value, names):
                    names.objects.add(node.id)
                else:
                    names.objects.discard(node.id)
    return True


def _is_own_object(node: ast.expr, names: Names) -> bool:
    """Whether `config["lr"] = …` or `args.lr = …` changes but an object of the file."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return isinstance(node, ast.Name) and node.id in names.objects


def _makes_object(value: ast.expr, names: Names) -> bool:
    """Whether the value is made here: a display, or what a harmless call gives."""
    if isinstance(value, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp):
        return True
    if isinstance(value, ast.BinOp):
        return _makes_object(value.left, names) or _makes_object(value.right, names)
    if isinstance(value, ast.Attribute | ast.Subscript):
        return _is_made_here(value, names) or names.full(value).startswith(_FAMILIES)
    return isinstance(value, ast.Call)  # a harmless one, or nobody would ask


def value_is_harmless(value: ast.expr, names: Names) -> bool:
    """Whether working the expression out cannot change what an import does."""
    for node in ast.walk(value):
        if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom):
            return False
        if isinstance(node, ast.Call) and not _call_is_harmless(node, names):
            return False
    return True


def _call_is_harmless(call: ast.Call, names: Names) -> bool:
    name = names.full(call.func)
    if name.startswith("warnings.") and name.endswith(("filterwarnings", "simplefilter")):
        # An error out of a warning could end an import that is done already.
        return _first(call, "action") not in (None, "error")
    if name == "matplotlib.use":
        return (_first(call, "backend") or "").lower() == "agg"
    if name in _CALLS or name.startswith(_FAMILIES):
        return True
    if isinstance(call.func, ast.Name):
        return name in _BUILTINS and call.func.id not in names.own
    if isinstance(call.func, ast.Attribute):
        return _is_made_here(call.func.value, names)
    return False


def _first(call: ast.Call, keyword: str) -> str | None:
    """The first argument, or the one of that name, if it is a written-out text."""
    given = [*call.args[:1], *(pair.value for pair in call.keywords if pair.arg == keyword)]
    match given:
        case [ast.Constant(value=str(text))]:
            return text
    return None


def _is_made_here(owner: ast.expr, names: Names) -> bool:
    """Whether a method's object is a literal, or came from a harmless call."""
    while isinstance(owner, ast.Attribute | ast.Subscript):
        owner = owner.value
    match owner:
        case ast.Constant() | ast.JoinedStr() | ast.List() | ast.Dict() | ast.Tuple() | ast.Set():
            return True
        case ast.Name(id=name):
            return name in names.objects
        case ast.Call():
            return _call_is_harmless(owner, names)
        case ast.BinOp(left=left):
            return _is_made_here(left, names)
    return False


def _definition_is_harmless(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, names: Names
) -> bool:
    """Whether the decorators, and what is worked out at once, are harmless."""
    if not _decorated_harmlessly(node.decorator_list, names):
        return False
    if isinstance(node, ast.ClassDef):
        bases = [*node.bases, *(keyword.value for keyword in node.keywords)]
        inside = Names(dict(names.imported), set(names.objects), set(names.own))
        return all(value_is_harmless(base, names) for base in bases) and _all_harmless(
            node.body, inside
        )
    defaults = [*node.args.defaults, *(value for value in node.args.kw_defaults if value)]
    return all(value_is_harmless(value, names) for value in defaults)


def _decorated_harmlessly(decorators: Iterable[ast.expr], names: Names) -> bool:
    for decorator in decorators:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = names.full(called)
        is_setter = name.endswith((".setter", ".getter", ".deleter"))
        if name not in _DECORATORS and not is_setter:
            return False
    return True
