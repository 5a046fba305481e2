"""A script's template: render it for any values, and check it for all of them beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from hprun.dataclass import dataclass
from hprun.errors import RenderError
from hprun.model import Site, Value, Values
from hprun.script import artifacts
from hprun.script.argv import Arguments
from hprun.script.checking import shape, verify
from hprun.script.literals import literal
from hprun.script.rendering import Edit, Parts, Rendering


@dataclass(frozen=True)
class Template:
    """Where every value of a search goes; made by `make_template`.

    `sites` are in the order of the names, then hprun's own (`own`: fold, folds, n_folds, seed).
    `arrays` are the names whose values the script loads from a file.
    """

    script: str
    sites: tuple[Site, ...]
    own: tuple[str, ...] = ()
    parts: tuple[Parts, ...] = field(default=(), repr=False)
    arguments: Arguments = field(default_factory=Arguments)
    arrays: tuple[str, ...] = ()

    def render(
        self, values: Values, *, fold: int = 0, folds: int = 1, seed: int | None = None
    ) -> Rendering:
        """The files and arguments of one run; a name without a value keeps what the script says.

        Splices only: nothing is compiled. Raises RenderError for a value that cannot be written.
        """
        full = self._full(values, fold, folds, seed) if self.own else values
        files = {parts.path: parts.splice(full) for parts in self.parts}
        return Rendering(files, self.arguments.fill(full), self._arrays(values))

    def _arrays(self, values: Values) -> dict[str, bytes]:
        return {
            artifacts.path_of(name): artifacts.npy(values[name])
            for name in self.arrays
            if name in values
        }

    def _full(self, values: Values, fold: int, folds: int, seed: int | None) -> Values:
        given = {"fold": fold, "folds": folds, "n_folds": folds, "seed": seed}
        mine = {name: given[name] for name in self.own if given[name] is not None}
        return {**values, **mine}

    def after(self, values: Values) -> tuple[str, ...]:
        """The text at each of `sites` with these values; what is there now, where one is absent."""
        edits: dict[tuple[str, str, int], list[tuple[Parts, Edit]]] = {}
        for parts in self.parts:
            for edit in parts.edits():
                if not edit.label:
                    edits.setdefault((edit.key, parts.path, edit.line), []).append((parts, edit))
        texts = []
        for site in self.sites:
            mine = edits.get((site.name, site.file, site.line))
            if site.name not in values:
                texts.append(site.before)
            elif site.name in self.arrays:
                texts.append(f"{site.before} of {literal(values[site.name])}")
            elif mine:
                parts, edit = mine.pop(0)
                text = parts.written(edit, values[site.name])
                texts.append(text.decode(parts.encoding, parts.errors))
            else:
                texts.append(" ".join(self.arguments.of(site.name, values)))
        return tuple(texts)

    def check(self, axes: Mapping[str, Sequence[Value]]) -> None:
        """Render each value of each name once, the others at their first, and look at the result.

        Raises RenderError, naming file, line and value, for a value that cannot be written, a
        file that does not compile with it, or one that differs in more than its sites. Numbers
        that differ in their digits alone are read alike, so one of each kind is compiled.
        """
        first = {name: axis[0] for name, axis in axes.items() if axis}
        for name, axis in axes.items():
            seen: set[str] = set()
            for value in axis:
                self._check_arguments({**first, name: value}, name)
                kind = shape(value)
                if kind not in seen:
                    seen.add(kind)
                    self._check_files({**first, name: value}, name)
                    if len(first) > 1:
                        self._check_files({name: value}, name)

    def _check_arguments(self, values: Values, name: str) -> None:
        try:
            self.arguments.fill(values)
            self._arrays(values)
        except RenderError as error:
            raise RenderError(
                f"{self._where(name)}: {name}={values[name]!r}: {error.message}", hint=error.hint
            ) from None

    def _check_files(self, values: Values, name: str) -> None:
        full = self._full(values, 0, 2, 0)
        for parts in self.parts:
            data = parts.splice(full)
            try:
                verify(parts, full, data)
            except RenderError as error:
                raise RenderError(
                    f"{self._where(name)}: {name}={values[name]!r}: {error.message}",
                    hint=error.hint,
                ) from None

    def _where(self, name: str) -> str:
        site = next((site for site in self.sites if site.name == name), None)
        if site is None or not site.line:
            return "the script's arguments"
        return f"{site.file} line {site.line}"
