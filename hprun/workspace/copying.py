"""The copy of a frozen workspace that a run works in."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from hprun.paths import RunPaths
from hprun.workspace.cloning import clone, copy, mode_bits_protect
from hprun.workspace.snapshot import Snapshot


def copy_workspace(snapshot: Snapshot, folder: Path, rendered: Mapping[str, bytes]) -> None:
    """Make `folder` a copy of the workspace with the rendered files in place of the originals.

    The copy gets its name when it is whole. A folder that an earlier attempt left is kept as it
    is, so that a script which restores its own checkpoint goes on; only the rendered files are
    written anew. Raises OSError.
    """
    if not folder.exists():
        _lay_out(snapshot, folder, skip=frozenset(rendered))
    for path in snapshot.listing.linked:  # also where --link came only after the first attempt
        _link(folder / path, str(snapshot.listing.root / path))
    for path, content in rendered.items():
        _write(folder / path, content, snapshot.folder / path)


def _write(target: Path, content: bytes, original: Path) -> None:
    """Put a rendered file in the place of whatever is there, with the original's mode."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(target, flags, 0o666)
    except FileExistsError:
        target.unlink()
        descriptor = os.open(target, flags, 0o666)
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(target, flags, 0o666)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
        with contextlib.suppress(FileNotFoundError):
            os.fchmod(descriptor, original.stat().st_mode & 0o7777 | 0o200)
    finally:
        os.close(descriptor)


def _lay_out(snapshot: Snapshot, folder: Path, *, skip: frozenset[str]) -> None:
    """Copy all but what is rendered; what another copy that was cut off left is removed."""
    listing = snapshot.listing
    files = [path for path in listing.files if path not in skip]
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not files and not listing.folders and not listing.links:
        folder.mkdir()
        return
    partial = RunPaths(folder).partial
    if not _made(partial):
        import shutil

        shutil.rmtree(partial)
        partial.mkdir()
    for name in listing.folders:
        (partial / name).mkdir(parents=True, exist_ok=True)
    for path in files:
        source, target = snapshot.folder / path, partial / path
        if path in snapshot.large:
            _share(source, target)
        else:
            copy(source, target)
    for path, points_to in listing.links:
        _link(partial / path, points_to)
    partial.rename(folder)


def _made(folder: Path) -> bool:
    """Make a folder; False if it is there."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def _share(source: Path, target: Path) -> None:
    """Give a large file to a run without its bytes, where no run can write through to others."""
    if clone(source, target):
        target.chmod(target.stat().st_mode | 0o200)
    elif mode_bits_protect(source):
        os.link(source, target)
    else:
        copy(source, target)
        target.chmod(target.stat().st_mode | 0o200)


def _link(link: Path, target: str) -> None:
    if link.is_symlink() or link.is_file():
        link.unlink()
    elif link.is_dir():
        link.rename(link.with_name(f"{link.name}.before-link"))
    link.symlink_to(target)
