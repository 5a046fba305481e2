"""The command-line options that a script declares with argparse, click, typer or absl."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from enum import Enum

from hprun.dataclass import dataclass
from hprun.script.places import callee, defaults


class Takes(Enum):
    """What an option takes on the command line."""

    ONE = "one value"
    SEVERAL = "several values after it"
    REPEATED = "one value, and may be given again"
    LISTED = "values with commas between them"
    FLAG = "nothing: it is there or not"
    COUNT = "nothing: it is there as often as the value says"


@dataclass(frozen=True)
class Option:
    """An option as declared: `spellings` are its strings, the one to use first.

    `names` are what it may be called (`learning_rate`). `off` is the spelling for False, where
    there is one; `inverted` flags store False. `first`: it works only before other arguments.
    `empty_is_false`: its type is `bool`, for which every text but the empty one is true.
    """

    names: tuple[str, ...]
    spellings: tuple[str, ...]
    line: int
    default: ast.expr | None = None
    takes: Takes = Takes.ONE
    off: str = ""
    inverted: bool = False
    first: bool = False
    empty_is_false: bool = False
    why: str = ""


def normal(name: str) -> str:
    """A name with underscores, whichever of `-` and `_` it was typed with."""
    return name.lstrip("-").replace("-", "_")


def called(declared: Sequence[Option], name: str) -> list[Option]:
    """The options of a name; one whose short spelling alone it is gives way to the others."""
    wanted = normal(name)
    every = [option for option in declared if wanted in option.names]
    full = [o for o in every if wanted not in {s[1:] for s in o.spellings if s[1:2] != "-"}]
    return full or every


def declared(tree: ast.Module) -> list[Option]:
    """Every option of the script, in order of lines."""
    found = [*_argparse(tree), *_click(tree), *_typer(tree), *_absl(tree)]
    return sorted(found, key=lambda option: option.line)


def _calls(tree: ast.AST, name: str) -> list[ast.Call]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and callee(n) == name]


def _texts(args: list[ast.expr]) -> list[str]:
    return [a.value for a in args if isinstance(a, ast.Constant) and isinstance(a.value, str)]


def _keywords(call: ast.Call) -> dict[str, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def _constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _by_length(spellings: list[str]) -> tuple[str, ...]:
    """The long spellings first, each kind in the order of the script."""
    return tuple(sorted(spellings, key=lambda text: not text.startswith("--")))


# argparse


def _argparse(tree: ast.Module) -> Iterator[Option]:
    parents = {_receiver(call) for call in _calls(tree, "add_subparsers")}
    rest = any(
        "REMAINDER" in ast.unparse(call) or "'...'" in ast.unparse(call)
        for call in _calls(tree, "add_argument")
    )
    why = _fixed_arguments(tree)
    for call in _calls(tree, "add_argument"):
        spellings = [text for text in _texts(call.args) if text.startswith("-")]
        if spellings:
            first = rest or _receiver(call) in parents
            option = _argparse_option(call, spellings, first=first, why=why)
            if option is not None:
                yield option


def _receiver(call: ast.Call) -> str:
    return ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def _fixed_arguments(tree: ast.Module) -> str:
    """Why no option can reach the script: it parses a list of its own."""
    parsers = [*_calls(tree, "parse_args"), *_calls(tree, "parse_known_args")]
    fixed = []
    for call in parsers:
        given = call.args[0] if call.args else _keywords(call).get("args")
        literal = isinstance(given, ast.List | ast.Tuple)
        split = isinstance(given, ast.Call) and ast.unparse(given.func).endswith("'.split")
        if literal or split:
            fixed.append(call.lineno)
    if parsers and len(fixed) == len(parsers):
        return f"an option that is never read: line {fixed[0]} parses a list of its own"
    return ""


def _argparse_option(
    call: ast.Call, spellings: list[str], *, first: bool, why: str
) -> Option | None:
    words = _keywords(call)
    action_node = words.get("action")
    action = _constant(action_node) if action_node else "store"
    if action_node is not None and action is None:
        action = "boolean" if "BooleanOptionalAction" in ast.unparse(action_node) else "store"
    kinds = {
        "store": Takes.SEVERAL if _several(words.get("nargs")) else Takes.ONE,
        "append": Takes.REPEATED,
        "extend": Takes.SEVERAL,
        "count": Takes.COUNT,
        "store_true": Takes.FLAG,
        "store_false": Takes.FLAG,
        "boolean": Takes.FLAG,
    }
    if action not in kinds:
        return None
    ordered = _by_length(spellings)
    dest = _constant(words.get("dest")) or normal(ordered[0])
    names = {str(dest)} if action == "store_false" else {str(dest), *map(normal, spellings)}
    return Option(
        tuple(sorted(names)),
        ordered,
        call.lineno,
        words.get("default"),
        kinds[str(action)],
        off=re.sub("^--", "--no-", ordered[0]) if action == "boolean" else "",
        inverted=action == "store_false",
        first=first,
        empty_is_false=isinstance(words.get("type"), ast.Name)
        and ast.unparse(words["type"]) == "bool",
        why=why,
    )


def _several(nargs: ast.expr | None) -> bool:
    value = _constant(nargs)
    return value in ("*", "+") or isinstance(value, int)


# click


def _click(tree: ast.Module) -> Iterator[Option]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        calls = [item for item in node.decorator_list if isinstance(item, ast.Call)]
        group = any(callee(call) == "group" for call in calls)
        for call in calls:
            if callee(call) == "option":
                texts = _texts(call.args)
                if any(text.startswith("-") for text in texts):
                    yield _click_option(call, texts, first=group)


def _click_option(call: ast.Call, texts: list[str], *, first: bool) -> Option:
    words = _keywords(call)
    halves = [text.split("/") for text in texts if text.startswith("-")]
    ordered = _by_length([half[0].strip() for half in halves])
    off = next((half[1].strip() for half in halves if len(half) > 1), "")
    named = [text for text in texts if not text.startswith("-")]
    names = {normal(named[0])} if named else set()
    flag = bool(off) or _constant(words.get("is_flag")) is True
    takes = Takes.FLAG if flag else Takes.ONE
    if _constant(words.get("multiple")) is True:
        takes = Takes.REPEATED
    elif _constant(words.get("count")) is True:
        takes = Takes.COUNT
    elif isinstance(_constant(words.get("nargs")), int):
        takes = Takes.SEVERAL
    return Option(
        tuple(sorted(names | {normal(text) for text in ordered})),
        ordered,
        call.lineno,
        words.get("default"),
        takes,
        off=off,
        first=first,
    )


# typer


def _typer(tree: ast.Module) -> Iterator[Option]:
    imported = any(
        "typer" in ast.unparse(n)
        for n in ast.walk(tree)
        if isinstance(n, ast.Import | ast.ImportFrom)
    )
    if not imported:
        return
    run = {
        call.args[0].id
        for call in _calls(tree, "run")
        if call.args and isinstance(call.args[0], ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        marks = [callee(d) for d in node.decorator_list if isinstance(d, ast.Call)]
        if node.name in run or "command" in marks or "callback" in marks:
            for arg, default in _typer_parameters(node):
                option = _typer_option(arg, default, first="callback" in marks)
                if option is not None:
                    yield option


def _typer_parameters(node: ast.FunctionDef) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    known = dict(defaults(node.args))
    for arg in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
        yield arg, known.get(arg)


def _typer_option(arg: ast.arg, default: ast.expr | None, *, first: bool) -> Option | None:
    """The option of a parameter; a parameter without a default is an argument, unless it says."""
    note = arg.annotation
    places = [node for node in (default, note) if node is not None]
    calls = [c for node in places for c in _calls(node, "Option")]
    argument = any(_calls(node, "Argument") for node in places)
    if argument or (default is None and not calls):
        return None
    texts = [text for call in calls for text in _texts(call.args) if text.startswith("-")]
    halves = [text.split("/") for text in texts]
    plain = "--" + arg.arg.replace("_", "-")
    ordered = _by_length([half[0].strip() for half in halves if half[0]] or [plain])
    first_default = default.args[0] if isinstance(default, ast.Call) and default.args else default
    text = ast.unparse(note) if note is not None else ""
    off = next((half[1].strip() for half in halves if len(half) > 1), "")
    takes = Takes.ONE
    if re.search(r"\bbool\b", text) or isinstance(_constant(first_default), bool):
        takes = Takes.FLAG
        off = off or ("" if texts else plain.replace("--", "--no-", 1))
    elif re.search(r"\b[Ll]ist\b", text):
        takes = Takes.REPEATED
    elif re.search(r"\b[Tt]uple\b", text):
        takes = Takes.SEVERAL
    names = tuple(sorted({arg.arg, *map(normal, ordered)}))
    return Option(names, ordered, arg.lineno, first_default, takes, off=off, first=first)


# absl


def _absl(tree: ast.Module) -> Iterator[Option]:
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not callee(call).startswith("DEFINE_"):
            continue
        words = _keywords(call)
        name = _constant(call.args[0] if call.args else words.get("name"))
        if not isinstance(name, str):
            continue
        kind = callee(call).removeprefix("DEFINE_")
        takes, off = Takes.ONE, ""
        if kind in ("bool", "boolean"):
            takes, off = Takes.FLAG, f"--no{name}"
        elif kind.startswith("multi"):
            takes = Takes.REPEATED
        elif kind in ("list", "spaceseplist"):
            takes = Takes.LISTED
        default = call.args[1] if len(call.args) > 1 else words.get("default")
        yield Option(
            (normal(name),), (f"--{name}",), call.lineno, default, takes, off=off, first=True
        )
