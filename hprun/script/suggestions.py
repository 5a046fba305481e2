"""What to say when a name has no place: names that are near, and modules that have it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

from hprun.errors import RenderError, SiteError
from hprun.script import imports
from hprun.script.places import Place
from hprun.script.sites import Index, split_line
from hprun.script.source import parse


def no_place(index: Index, key: str, read: Callable[[str], bytes | None]) -> SiteError:
    """The error for a name that has no place in the script."""
    name, line = split_line(key)
    path = index.source.path
    where = f" on line {line}" if line is not None else ""
    blocked = [place for place in index.places if place.dotted == name and place.why]
    message = f"{path} has no place for {name}{where}"
    if blocked and line is None:
        message += f": on line {blocked[0].line} it is {blocked[0].why}"
    hint = (
        (_elsewhere(index, name) if line is not None else "")
        or _argument(index, name)
        or _in_module(index, name, read)
        or _near(index, name)
        or f"Mark the line where the value is with `# hp`, or assign it: {_plain(name)} = ….",
    )[0]
    return SiteError(message, hint=hint)


def _plain(name: str) -> str:
    return name.rpartition(".")[2]


def _elsewhere(index: Index, name: str) -> str:
    lines = [one.line for level in index.levels(name, None) for one in level]
    if not lines:
        return ""
    return f"{name} is on line {', '.join(map(str, sorted(set(lines))))}."


def _argument(index: Index, name: str) -> str:
    """An argument of a call has the name: a line number picks it."""
    for place in index.places:
        if place.rule == "mark" and place.name == name:
            text = index.source.line_text(place.line)
            return (
                f"Did you mean line {place.line}, {text}? Say {name}@{place.line}=…, or mark that "
                "line with `# hp`."
            )
    return ""


def _near(index: Index, name: str) -> str:
    """The names of the script that look most like this one."""
    import difflib

    known: dict[str, tuple[str, int]] = {}
    for option in index.options:
        for word in option.names:
            known.setdefault(word.lower(), (option.spellings[0], option.line))
    for place in index.places:
        if place.rule != "mark" and place.value is not None and not place.why:
            for word in (place.dotted, place.name):
                known.setdefault(word.lower(), (place.dotted, place.line))
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    near += difflib.get_close_matches(_plain(name).lower(), known, n=1, cutoff=0.75)
    picks = dict.fromkeys(known[word] for word in near)
    if not picks:
        return ""
    named = " or ".join(f"{found} ({index.source.path}:{line})" for found, line in picks)
    return f"Did you mean {named}?"


def _in_module(index: Index, name: str, read: Callable[[str], bytes | None]) -> str:
    """A module that the script imports has the name, or declares an option for it."""
    found: list[tuple[Index, Place]] = []
    for path in sorted(imports.imported_modules(index.source.path, read)):
        try:
            module = Index(parse(read(path) or b"", path))
        except RenderError:
            continue
        for level in module.levels(name, None):
            for one in level:
                if one.rule == "option":
                    return (
                        f"{path}:{one.line} declares {one.dotted}: give it in the script's "
                        f"arguments, {index.source.path} {one.dotted} {{{name}}}."
                    )
                if isinstance(one.what, Place) and one.what.value is not None:
                    found.append((module, one.what))
    if len({(module.source.path, place.line) for module, place in found}) != 1:
        return ""
    module, place = found[0]
    pattern = _pattern(module, place)
    if not pattern:
        return f"{module.source.path}:{place.line} has it."
    sub = shlex.quote(f"{module.source.path}:{pattern}")
    return f"{module.source.path}:{place.line} has it: --sub {sub}"


def _pattern(module: Index, place: Place) -> str:
    """A regex whose group is the place's value; nothing where the value goes over the line."""
    source = module.source
    assert place.value is not None
    start, end = source.span(place.value)
    if start < 0 or source.line_at(start) != place.line or source.line_at(end - 1) != place.line:
        return ""
    before = source.text[source.starts[place.line - 1] : start]
    value = source.text[start:end]
    group = r"(\S+)" if re.fullmatch(r"[^\s,;)\]}]+", value) else f"({re.escape(value)})"
    if source.text[end : end + 1].strip():
        group = f"({re.escape(value)})"
    return f"^{re.escape(before)}{group}".replace("\\ ", " ")
