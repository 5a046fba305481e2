"""Top-level statements that run once, in the server, for all attempts."""

import _imp
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    import types
    from collections.abc import Sequence
    from typing import Any

    from hprun.executors.forkserver import likeness
else:
    import likeness

_SEEDS = {
    "random.seed": ("random",),
    "np.random.seed": ("numpy",),
    "numpy.random.seed": ("numpy",),
    "torch.manual_seed": ("torch",),
    "torch.random.manual_seed": ("torch",),
}
_SEED_ALL = ("set_random_seed", "seed_everything", "set_seed")


class Prefix:
    """Runs the shared statements when made; `why` says why that came to nothing.

    `seeded` names the random generators whose state attempts take over: the statements seeded
    them. What was printed is kept, and written again for each attempt.
    """

    def __init__(self, config: "dict[str, Any]", main: "dict[str, Any]") -> None:
        import ast

        self.why = ""
        self.seeded: frozenset[str] = frozenset()
        self._shared = list(config["shared"])
        self._gone = [index for index in self._shared if index not in config["again"]]
        self._script = config["script"]
        with open(self._script, "rb") as file:  # noqa: PTH123
            self._tree = ast.parse(file.read())
        self._dumps = [ast.dump(self._tree.body[index]) for index in self._shared]
        self._count = len(self._tree.body)
        likeness.freeze()  # but not what the statements make: that is finalised like all else
        self._module = likeness.fresh_main(likeness.first_names(main))
        self._codes: list[types.CodeType] = []
        self._printed = os.memfd_create("hprun-prefix")
        self._run(config)
        self._random = _states().get("random") if "random" in self.seeded else None
        self._texts = _whole(self._printed)
        os.close(self._printed)
        del self._tree

    def _run(self, config: "dict[str, Any]") -> None:
        """Run the statements where the script would run, with what they print set aside."""
        kept = os.dup(1), os.dup(2)
        argv, folder, main = list(sys.argv), os.getcwd(), sys.modules["__main__"]  # noqa: PTH109
        os.dup2(self._printed, 1)
        os.dup2(self._printed, 2)
        try:
            sys.argv[:] = config["argv"]
            os.chdir(config["folder"])
            sys.modules["__main__"] = self._module
            self._statements()
        finally:
            # Not flushed: what is in a buffer still is to come out of each attempt's own.
            sys.modules["__main__"] = main
            sys.argv[:] = argv
            os.chdir(folder)
            for number, fd in enumerate(kept, 1):
                os.dup2(fd, number)
                os.close(fd)

    def _statements(self) -> None:
        import ast

        future = [
            node
            for node in self._tree.body
            if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        ]
        states, seeds = _states(), set()
        for index in self._shared:
            node = self._tree.body[index]
            seeds |= _seeds_of(node)
            body = [*future, node] if node not in future else [node]
            code = compile(
                ast.Module(body=body, type_ignores=[]), self._script, "exec", dont_inherit=True
            )
            self._codes.append(code)
            try:
                exec(code, self._module.__dict__)  # noqa: S102 - the user's own script
            except BaseException as error:  # noqa: BLE001 - the script itself will meet it
                self.why = f"line {node.lineno} raises {type(error).__name__}: {error}"
                return
            now = _states()
            moved = {name for name in now if name in states and not _same(states[name], now[name])}
            if moved - seeds:
                name = min(moved - seeds)
                self.why = (
                    f"line {node.lineno} draws random numbers from {name} without a seed: "
                    "all trials would have the same"
                )
                return
            self.seeded |= moved
            states = now

    def why_not(self, script: str) -> str:
        """Why this copy of the script cannot go on from here, or ""."""
        import ast

        try:
            with open(script, "rb") as file:  # noqa: PTH123
                source = file.read()
            tree = ast.parse(source)
            same = len(tree.body) == self._count and self._dumps == [
                ast.dump(tree.body[index]) for index in self._shared
            ]
        except (OSError, ValueError, SyntaxError):
            same = False
        if not same:
            return "the statements that run once are others in its copy of the script"
        return (
            ""
            if _without(source, tree, self._gone) is not None
            else ("a statement that runs once shares a line with another")
        )

    def resume(self, name: str) -> "types.ModuleType":
        """The module in which the statements ran, as if they had run in the file `name`."""
        for code in self._codes:
            # Functions and classes share these objects: their tracebacks name the copy now.
            _imp._fix_co_filename(code, name)  # type: ignore[attr-defined]  # noqa: SLF001
        if self._random is not None:
            sys.modules["random"].setstate(self._random)
        data = self._texts
        while data:
            data = data[os.write(1, data) :]
        module = self._module
        del self._module, self._codes
        return module

    def rest(self, name: str) -> int:
        """A descriptor of the file `name` with empty lines for the statements that ran."""
        import ast

        with open(name, "rb") as file:  # noqa: PTH123
            source = file.read()
        text = _without(source, ast.parse(source), self._gone)
        fd = os.memfd_create("hprun-rest", os.MFD_CLOEXEC)
        data = source if text is None else text
        while data:
            data = data[os.write(fd, data) :]
        os.lseek(fd, 0, os.SEEK_SET)
        return fd


def _without(source: bytes, tree: "ast.Module", gone: "Sequence[int]") -> "bytes | None":
    """The text with empty lines for these statements; None where lines cannot say it.

    The docstring and imports from `__future__` stay: what they do to the rest is needed again.
    """
    import ast

    if b"\r" in source.replace(b"\r\n", b"") or b"\f" in source:
        return None
    lines = source.split(b"\n")
    spans = [_lines_of(node) for node in tree.body]
    for index in gone:
        node, span = tree.body[index], spans[index]
        is_doc = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_doc or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            continue
        for other, (first, last) in enumerate(spans):
            if other not in gone and first <= span[1] and span[0] <= last:
                return None
        for line in range(span[0] - 1, span[1]):
            lines[line] = b""
    return b"\n".join(lines)


def _lines_of(node: "ast.stmt") -> "tuple[int, int]":
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return first, node.end_lineno or node.lineno


def _seeds_of(node: "ast.stmt") -> "set[str]":
    """The generators that the statement seeds by a call that names a seed."""
    import ast

    found: set[str] = set()
    for call in ast.walk(node):
        if not isinstance(call, ast.Call) or not (call.args or call.keywords):
            continue
        if call.args and all(
            isinstance(arg, ast.Constant) and arg.value is None for arg in call.args
        ):
            continue  # seed(None) is no seed
        name = ast.unparse(call.func)
        found |= set(_SEEDS.get(name, ()))
        if name.rpartition(".")[2] in _SEED_ALL:
            found |= {"random", "numpy", "torch"}
    return found


def _states() -> "dict[str, Any]":
    """The states of the global random generators that are loaded."""
    found: dict[str, Any] = {}
    modules = sys.modules
    if "numpy" in modules and "numpy.random" not in modules:
        __import__("numpy.random")  # it comes with its first use, which may be a draw
    if "random" in modules:
        found["random"] = modules["random"].getstate()
    if "numpy.random" in modules:
        state = modules["numpy.random"].get_state()
        found["numpy"] = (state[0], state[1].tobytes(), *state[2:])
    if hasattr(modules.get("torch"), "default_generator"):
        found["torch"] = modules["torch"].default_generator.get_state().numpy().tobytes()
    return found


def _same(one: "Any", other: "Any") -> bool:
    return bool(one == other)


def _whole(fd: int) -> bytes:
    os.lseek(fd, 0, os.SEEK_SET)
    parts: list[bytes] = []
    while True:
        part = os.read(fd, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
