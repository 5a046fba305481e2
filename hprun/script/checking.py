"""Whether a rendered file compiles, and differs from the original at its sites only."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from hprun.errors import RenderError
from hprun.model import Value, Values
from hprun.script.rendering import Parts
from hprun.script.source import compiles, tokens

_DIGITS = re.compile(r"\d+")


def shape(value: Value) -> str:
    """What decides how a value's text is read: numbers that differ in digits alone are alike."""
    if isinstance(value, tuple):
        return ",".join(map(shape, value))
    text = repr(value)
    return text if isinstance(value, str) else _DIGITS.sub("0", text)


def verify(parts: Parts, values: Values, data: bytes) -> None:
    """Raise RenderError unless `data`, the file spliced with `values`, is whole."""
    if parts.path.endswith(".py"):
        compiles(data, parts.path)
        _same_elsewhere(parts, values)
    if parts.path.endswith(".json") and _is_json(parts.splice({})) and not _is_json(data):
        raise RenderError(f"{parts.path} is no JSON any more")


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def _same_elsewhere(parts: Parts, values: Values) -> None:
    """Compare the tokens before and after, but for those that touch a site."""
    regions = list(parts.regions(values))
    before = _outside(tuple((old, site) for old, _, site in regions))
    after = _outside(tuple((new, site) for _, new, site in regions))
    if before != after:
        raise RenderError(f"{parts.path} would change in more than its sites")


@lru_cache(maxsize=16)  # one original is compared with many copies
def _outside(regions: tuple[tuple[str, bool], ...]) -> list[tuple[int, str]]:
    """The tokens of the joined text that touch no site."""
    text = "".join(part for part, _ in regions)
    skipped = len(text) - len(text.removeprefix("\ufeff"))
    spans = []
    at = -skipped
    for part, site in regions:
        if site:
            spans.append((at, at + len(part)))
        at += len(part)
    kept = []
    first = 0
    for token in tokens(text[skipped:]):
        while first < len(spans) and spans[first][1] < token.start:
            first += 1
        at, touched = first, False
        while at < len(spans) and spans[at][0] <= token.end and not touched:
            touched = _touch(token.start, token.end, *spans[at])
            at += 1
        if not touched:
            kept.append((token.type, token.text))
    return kept


def _touch(start: int, end: int, first: int, last: int) -> bool:
    """Whether a token shares text with a site, or holds it where the site is empty."""
    return (start < last and first < end) or (first == last and start <= first <= end)
