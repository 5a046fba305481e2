"""What an import at the top of a script means for running statements once for all trials."""

from __future__ import annotations

import ast
import posixpath

from hprun.dataclass import dataclass
from hprun.script.imports import Read, imported_modules
from hprun.script.prefix.effects import Surroundings
from hprun.script.prefix.names import Names
from hprun.script.prefix.statements import effects_of
from hprun.script.preloading import NOT_BEFORE_A_FORK
from hprun.script.source import parsed

_ACTING = NOT_BEFORE_A_FORK | {"antigravity"}
"""Libraries whose import starts something that a fork does not survive."""


@dataclass(frozen=True)
class Imports:
    """The imports of a script; `read` gives the bytes of a file of the workspace, or None."""

    script: str
    read: Read

    def judge(self, statement: ast.Import | ast.ImportFrom) -> tuple[str, str]:
        """Why an import cannot run once for all, and why it cannot wait; empty where it can.

        What is installed can run once. A module of the workspace never does, as it belongs to
        the trial; it can wait if importing it does nothing but define.
        """
        if isinstance(statement, ast.ImportFrom) and statement.level:
            return ("imports from its own package",) * 2
        whole = isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*"
        if whole:
            return ("imports *, so the text does not show which names",) * 2
        modules = [alias.name for alias in statement.names]
        if isinstance(statement, ast.ImportFrom):
            modules = [statement.module or ""]
        for module in modules:
            if module.partition(".")[0] in _ACTING:
                return (f"imports {module}, which starts more than an import should",) * 2
        files = self._files(statement)
        if not files:
            return "", ""
        share = f"imports {min(files)} of the workspace"
        for path in sorted(files):
            why = self._acts(path)
            if why:
                return share, f"{share}, where {why}" if path in share else f"imports {why}"
        return share, ""

    def _files(self, statement: ast.stmt) -> frozenset[str]:
        """The workspace files that the import executes, directly and through others."""
        script = posixpath.normpath(self.script)
        alone = ast.unparse(statement).encode()
        return imported_modules(script, lambda path: alone if path == script else self.read(path))

    def _acts(self, path: str) -> str:
        """What importing a workspace file does besides defining things; empty if nothing."""
        tree = parsed(self.read(path) or b"")
        if tree is None:
            return f"{path} does not compile"
        around = Surroundings(Names.of(tree), frozenset(), lambda _: ("", ""))
        for statement in tree.body:
            if is_main_block(statement):
                continue
            effects = effects_of(statement, around)
            problem = effects.defer
            own = {name for name in effects.reads if name in around.names.defined}
            acts = effects.changes | effects.draws | effects.seeds | effects.consumes
            if problem is None and not acts and not (effects.calls and (own or effects.unknown)):
                continue
            why = problem.why if problem else "does more than define names"
            return f"{path} line {problem.line if problem else statement.lineno} {why}"
        return ""


def is_main_block(statement: ast.stmt) -> bool:
    """Whether this is `if __name__ == "__main__":` without an else, which an import does not run."""
    match statement:
        case ast.If(
            test=ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]),
            orelse=[],
        ):
            return {ast.unparse(left), ast.unparse(right)} == {"__name__", "'__main__'"}
    return False
