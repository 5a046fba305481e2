"""What a search was asked and where it ran, as rows of a name and a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, timezone
from typing import Any

from hprun.config import Settings
from hprun.engine.writing_down import saved_settings
from hprun.report.page.evidence import Evidence
from hprun.report.provenance_words import provenance_rows


def environment(evidence: Evidence) -> list[list[str]]:
    """All that the store knows, in the order in which one asks."""
    search = evidence.search
    settings, workspace = saved_settings(search, evidence.cache)
    rows = [
        ["script", settings.script],
        *([["arguments", " ".join(settings.args)]] if settings.args else []),
        ["workspace", str(workspace)],
        *_options(settings),
        ["asked first", _moment(search.created)],
        ["last changed", _moment(search.touched)],
        *([path, digest] for path, digest in search.digests.items()),
        *_provenance(evidence),
    ]
    more = {k: v for k, v in search.request.items() if k not in ("workspace", "settings")}
    rows += _flat("", more)
    rows += [["best trial", note] for note in evidence.notes]
    return [*rows, ["hprun", evidence.version], ["this page", _moment(evidence.written)]]


def _provenance(evidence: Evidence) -> Iterator[list[str]]:
    """Where the results come from, by the last call of the search."""
    if evidence.call is not None:
        folder = evidence.cache.search(evidence.search.name)
        for name, text in provenance_rows(evidence.call, folder):
            yield [name or "versions", text]


def _options(settings: Settings) -> Iterator[list[str]]:
    """The options that are not as they are by default, a row for each value."""
    plain = Settings()
    for field in fields(settings):
        value = getattr(settings, field.name)
        if field.name in ("script", "args") or value == getattr(plain, field.name):
            continue
        name = f"--{field.name.rstrip('_').replace('_', '-')}"
        for one in value if isinstance(value, tuple) else (value,):
            yield [name, str(one)]


def _flat(before: str, written: Mapping[str, Any]) -> Iterator[list[str]]:
    """What else was written down of the search, a row for each text or number."""
    for name, value in written.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{before}{name} ", value)
        elif isinstance(value, list):
            yield from ([f"{before}{name}", str(one)] for one in value)
        elif value not in (None, ""):
            yield [f"{before}{name}", str(value)]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
