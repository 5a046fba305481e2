"""From what a search asks to a template: each name's sites, found and cut out."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from hprun.dataclass import dataclass
from hprun.errors import SiteError
from hprun.model import Site
from hprun.script import artifacts, folds, suggestions
from hprun.script.argv import Arguments, Braced, braced, refuse_given
from hprun.script.rendering import Edit, Parts, cut
from hprun.script.sites import Found, Index, find, split_line
from hprun.script.source import Source, decode, parse
from hprun.script.substitutions import Sub, bound_name, locate
from hprun.script.template import Template

Read = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Request:
    """What a search asks of a script.

    `script` is its path in the workspace; `names` are the hyperparameters as typed (`lr`,
    `Config.lr`, `lr@12`), which are also the keys of the values to render; `argv` the script's
    arguments, `subs` the parsed `--sub`; `reads` forces the rule of reads; `folds` is K of
    `--cv`, `repeats` R of `--repeats`, 0 without; `arrays` the names whose values are arrays of
    numbers.
    """

    script: str
    names: tuple[str, ...]
    argv: tuple[str, ...] = ()
    subs: tuple[Sub, ...] = ()
    reads: bool = False
    folds: int = 0
    repeats: int = 0
    arrays: tuple[str, ...] = ()


def make_template(request: Request, read: Read) -> Template:
    """The template of a request; `read` gives a workspace file's bytes, or None.

    Raises SiteError for a name without a place or with several, and RenderError for a script
    that does not compile.
    """
    script = posixpath.normpath(request.script)
    data = read(script)
    if data is None:
        raise SiteError(f"{request.script} does not exist")
    source = parse(data, script)
    index = Index(source)
    own = folds.own_names(request.folds, request.repeats)
    folds.refuse_searched(request.names, own)
    items = _braced(request, own)
    subs = _substitutions(request, own, source, read)
    bound = {name for item in items if isinstance(item, Braced) for name in item.names}
    bound |= {edit.key for edits in subs.values() for edit in edits}
    places = _places(request, index, bound, read)
    counts = (request.folds, request.repeats)
    places += folds.find_own(index, own, bound, counts, read)
    _refuse_twice(request, index, places)
    subs.setdefault(script, []).extend(edit for _, found in places for edit in found.edits)
    parts = tuple(_cut(path, edits, source, read) for path, edits in subs.items())
    chosen = tuple((name, found.option) for name, found in places if found.option is not None)
    return Template(
        script,
        _sites(request.names + own, items, places, parts),
        own,
        parts,
        Arguments(items, chosen),
        tuple(name for name, found in places if found.sites[0].rule == artifacts.RULE),
    )


def _braced(request: Request, own: tuple[str, ...]) -> tuple[str | Braced, ...]:
    """The arguments, with `{lr}`, `{Config.lr}` and, for `lr@12`, both forms found in them."""
    names = {split_line(name)[0]: name for name in request.names}
    names |= {name: name for name in (*request.names, *own)}
    return tuple(braced(argument, names) for argument in request.argv)


def _substitutions(
    request: Request, own: tuple[str, ...], source: Source, read: Read
) -> dict[str, list[Edit]]:
    """The edits of every --sub, by file."""
    edits: dict[str, list[Edit]] = {}
    for sub in request.subs:
        key = bound_name(sub, request.names + own)
        text, encoding, _, _ = _text(sub.file, source, read)
        edits.setdefault(sub.file, []).append(locate(sub, key, text, encoding))
    return edits


def _text(path: str, source: Source, read: Read) -> tuple[str, str, str, bytes]:
    """A workspace file's text, encoding, what to do with wrong bytes, and byte order mark."""
    if path == source.path:
        return source.text, source.encoding, "strict", source.bom
    data = read(path)
    if data is None:
        raise SiteError(
            f"--sub names {path}, which is not in the workspace",
            hint="The path is relative to the workspace; a file that git ignores is not in it.",
        )
    if path.endswith(".py"):
        bom, encoding, text = decode(data, path)
        return text, encoding, "strict", bom
    return data.decode("utf-8", "surrogateescape"), "utf-8", "surrogateescape", b""


def _cut(path: str, edits: list[Edit], source: Source, read: Read) -> Parts:
    text, encoding, errors, bom = _text(path, source, read)
    return cut(path, text, edits, encoding=encoding, errors=errors, bom=bom)


def _places(request: Request, index: Index, bound: set[str], read: Read) -> list[tuple[str, Found]]:
    """Each name's place in the script, but for those that an argument or a --sub holds."""
    places = []
    for name in request.names:
        if name in bound:
            continue
        found = artifacts.find(index, name) if name in request.arrays else None
        found = found or find(index, name, only_reads=request.reads)
        if found is None:
            raise suggestions.no_place(index, name, read)
        places.append((name, found))
    return places


def _refuse_twice(request: Request, index: Index, places: list[tuple[str, Found]]) -> None:
    """No option twice: not for two names, and not where the user's arguments have it."""
    known = [spelling for option in index.options for spelling in option.spellings]
    taken: dict[str, str] = {}
    for name, found in places:
        if found.option is None:
            continue
        spelling = found.option.spellings[0]
        refuse_given(name, found.option, request.argv, known)
        if spelling in taken:
            raise SiteError(f"{taken[spelling]} and {name} are both the option {spelling}")
        taken[spelling] = name


def _sites(
    names: tuple[str, ...],
    items: tuple[str | Braced, ...],
    places: list[tuple[str, Found]],
    parts: tuple[Parts, ...],
) -> tuple[Site, ...]:
    """All sites, in order of the names."""
    found = [site for _, place in places for site in place.sites]
    for item in items:
        if isinstance(item, Braced):
            text = "".join(f"{{{p}}}" if i % 2 else p for i, p in enumerate(item.parts))
            found += [Site(name, "", 0, "option", text) for name in dict.fromkeys(item.names)]
    for part in parts:
        before = {edit: part.before(edit) for edit in part.edits() if edit.rule == "regex"}
        found += [Site(e.key, part.path, e.line, "regex", text) for e, text in before.items()]
    return tuple(sorted(found, key=lambda site: names.index(site.name)))
