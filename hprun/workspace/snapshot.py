"""The workspace as it was when a search began, so that editing on does not change later runs."""

from __future__ import annotations

import os
from pathlib import Path

from hprun.dataclass import dataclass
from hprun.errors import WorkspaceError
from hprun.identity import digest_text
from hprun.workspace.cloning import clone, copy
from hprun.workspace.listing import Listing

MAX_BYTES = 20_000_000_000
LARGE = 4 * 1024 * 1024  # bytes; from here on a file is cloned or linked, below it is copied


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frozen workspace in `folder`; `large` are its files that are shared read-only."""

    folder: Path
    listing: Listing
    large: frozenset[str]


def freeze(listing: Listing, snapshots: Path) -> Snapshot:
    """Freeze the listed files below `snapshots`, or find that this was done before.

    Two workspaces are the same when paths, sizes, times and modes are. Raises OSError.
    """
    stats = {path: (listing.root / path).stat() for path in listing.files}
    total = sum(s.st_size for s in stats.values())
    if total > MAX_BYTES:
        largest = sorted(stats, key=lambda path: stats[path].st_size)[-3:]
        raise WorkspaceError(
            f"{listing.root} holds {total / 1e9:.0f} GB to copy, most in {', '.join(largest)}.",
            hint="Leave large folders in place with --link FOLDER, or list them in .gitignore.",
        )
    facts = [f"{path}\0{s.st_size}\0{s.st_mtime_ns}\0{s.st_mode:o}" for path, s in stats.items()]
    folder = snapshots / digest_text(*facts)[:16]
    large = frozenset(path for path, s in stats.items() if s.st_size >= LARGE)
    if not folder.exists():
        snapshots.mkdir(parents=True, exist_ok=True)
        partial = snapshots / f".partial-{os.urandom(6).hex()}"
        partial.mkdir(mode=0o700)
        try:
            _fill(partial, listing, large, others=snapshots)
            partial.chmod(0o755)
            partial.rename(folder)
        except OSError:
            import shutil

            shutil.rmtree(partial, ignore_errors=True)
            if not folder.exists():  # else another hprun froze the same
                raise
    return Snapshot(folder, listing, large)


def _fill(partial: Path, listing: Listing, large: frozenset[str], *, others: Path) -> None:
    for path in listing.files:
        source, target = listing.root / path, partial / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path not in large:
            copy(source, target)
        elif not clone(source, target) and not _from_older(source, path, target, others):
            copy(source, target)
            target.chmod(target.stat().st_mode & ~0o222)


def _from_older(source: Path, path: str, target: Path, others: Path) -> bool:
    """Link a large file from an earlier snapshot that has it unchanged."""
    wanted = source.stat()
    for older in others.iterdir():
        candidate = older / path
        if older.name.startswith(".") or not candidate.is_file():
            continue
        found = candidate.stat()
        same = (found.st_size, found.st_mtime_ns) == (wanted.st_size, wanted.st_mtime_ns)
        if same and not found.st_mode & 0o222:
            os.link(candidate, target)
            return True
    return False
