"""Where results come from, in words."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any


def provenance_rows(call: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    """Each with its name: the command, the commit, the machine, packages; versions name themselves.

    `folder` is the search's, where the changes lie.
    """
    yield "called as", shlex.join(call["argv"])
    git = call["git"]
    if git is None:
        yield "commit", "no git here"
    else:
        yield "commit", _commit(git)
        if git["changes"]:
            cut = " (its beginning; it is too long)" if git["cut"] else ""
            yield "not committed", f"{os.path.relpath(folder / git['changes'])}{cut}"
        if git["untracked"]:
            yield "not tracked", ", ".join(git["untracked"])
    yield "machine", f"{call['host']}, {call['cores']} cores, {call['system']}"
    if call["gpus"]:
        yield "GPUs", f"{', '.join(call['gpus'])}; driver {call['driver']}"
    yield "", f"hprun {call['hprun']}, Python {call['python'] or 'unknown'}"
    packages = ", ".join(f"{name} {version}" for name, version in sorted(call["packages"].items()))
    yield "packages", packages or "unknown"


def short_provenance(call: Mapping[str, Any]) -> str:
    """`commit 3fa2c1d on main with changes, Python 3.11.4, on myhost`."""
    git = call["git"]
    commit = f"commit {_commit(git)}, " if git is not None else ""
    return f"{commit}Python {call['python'] or 'unknown'}, on {call['host']}"


def _commit(git: Mapping[str, Any]) -> str:
    branch = f" on {git['branch']}" if git["branch"] else ""
    changes = " with changes" if git["changes"] or git["untracked"] else ""
    return f"{(git['commit'] or 'none yet')[:12]}{branch}{changes}"


def date_words(at: float) -> str:
    """`2026-11-22 00:17`, by this machine's clock."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M}"
