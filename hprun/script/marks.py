"""Marked lines: `lr = 0.01  # hp` and `lr = 0.01  # hp: 1e-5:l5:0.1`.

A mark stands at the end of the line that it marks; a line that is a comment alone is no mark.
"""

from __future__ import annotations

import re
import tokenize
from collections.abc import Sequence

from hprun.dataclass import dataclass
from hprun.errors import SiteError
from hprun.script import places
from hprun.script.places import Place
from hprun.script.source import Source, compiles, parse

_ANY = re.compile(r"#\s*hp")  # without one, a file need not be taken apart to say that it has none
_MARK = re.compile(r"#\s*hp\s*(?P<colon>:\s*(?P<spec>.*?))?\s*$")
_NAMED = re.compile(r"(?P<name>[A-Za-z_][\w.]*)\s*=(?!=)\s*(?P<spec>.*)$", re.DOTALL)


@dataclass(frozen=True)
class Mark:
    """A mark on `line`; `named` is the name that the mark itself gives, `spec` may be empty."""

    line: int
    named: str
    spec: str


def find(source: Source) -> list[Mark]:
    """The marks of a file, in order; raises SiteError for a colon with nothing after it."""
    found: list[Mark] = []
    if not _ANY.search(source.text):
        return found
    for token in source.tokens:
        if token.type != tokenize.COMMENT:
            continue
        match = _MARK.search(token.text)
        alone = source.text[source.starts[token.line - 1] : token.start].strip() == ""
        if match is None or alone:
            continue
        spec = match["spec"] or ""
        if match["colon"] and not spec:
            raise SiteError(
                f"{source.path} line {token.line}: the mark has a colon, but no spec after it",
                hint="Write `# hp: 1e-5:l5:0.1`, or `# hp` alone.",
            )
        named = _NAMED.match(spec)
        found.append(Mark(token.line, *((named["name"], named["spec"]) if named else ("", spec))))
    return found


def marked(source: Source, everything: Sequence[Place], mark: Mark) -> list[Place]:
    """What a mark is about: the outermost value on its line, or those that the mark names.

    Values wholly on the line come first; a mark at the end of a longer statement is about that.
    A bare mark is about every value on the line, whichever the search names.
    """

    def extent(place: Place) -> tuple[int, int]:
        if place.value is None:
            return place.line, place.line
        start, end = source.span(place.value)
        return min(place.line, source.line_at(start)), source.line_at(max(start, end - 1))

    valued = [(place, *extent(place)) for place in everything if place.value is not None]
    inside = [place for place, first, last in valued if first == last == mark.line]
    across = [place for place, first, last in valued if mark.line in (first, last)]
    chosen = inside or across
    if mark.named:
        return [place for place in chosen if matches(place, mark.named)]
    return _outermost(source, chosen) if mark.spec else chosen


def matches(place: Place, name: str) -> bool:
    """Whether `name` is the end of the place's dotted name, or all of it."""
    wanted = tuple(part.replace("-", "_") for part in name.split("."))
    return any(
        tuple(part.replace("-", "_") for part in path[-len(wanted) :]) == wanted
        for path in (place.path, place.alias)
        if path
    )


def _outermost(source: Source, chosen: Sequence[Place]) -> list[Place]:
    """The places whose value lies in no other place's value."""
    spans = [source.span(place.value) for place in chosen if place.value is not None]
    return [
        place
        for place, (start, end) in zip(chosen, spans, strict=True)
        if not any(
            other_start <= start and end <= other_end and (other_start, other_end) != (start, end)
            for other_start, other_end in spans
        )
    ]


def marks(source: bytes, path: str) -> Sequence[tuple[str, str, int]]:
    """The name, spec and line of every `# hp: SPEC` mark of a file, in order.

    Raises SiteError for a mark that names nothing or several things, and RenderError for a file
    that does not compile.
    """
    if not _ANY.search(source.decode("latin-1")):
        compiles(source, path)
        return []
    parsed = parse(source, path)
    everything = places.collect(parsed.tree)
    picked = [(mark, _single(parsed, everything, mark)) for mark in find(parsed) if mark.spec]
    names = [mark.named or place.name for mark, place in picked]
    found = []
    for name, (mark, place) in zip(names, picked, strict=True):
        unique = name if names.count(name) == 1 else place.dotted
        again = [p.dotted for _, p in picked].count(place.dotted) > 1
        found.append((f"{unique}@{mark.line}" if again else unique, mark.spec, mark.line))
    return found


def _single(source: Source, everything: Sequence[Place], mark: Mark) -> Place:
    """The one place that a mark with a spec is about."""
    where = f"{source.path} line {mark.line}: {source.line_text(mark.line)}"
    chosen = marked(source, everything, mark)
    if not chosen:
        what = mark.named or "a value with a name"
        raise SiteError(
            f"{where}\nthe mark is on a line without {what}",
            hint="Mark the line where the value is, as in `lr = 0.01  # hp: 1e-5:l5:0.1`.",
        )
    if len(chosen) > 1:
        names = ", ".join(sorted({place.name for place in chosen}))
        raise SiteError(
            f"{where}\nthe mark may mean any of {names}",
            hint=f"Name it in the mark, as in `# hp: {chosen[0].name}={mark.spec}`.",
        )
    return chosen[0]
