"""What of the user's folder goes into a copy."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from hprun.dataclass import dataclass
from hprun.errors import WorkspaceError

_NEVER = frozenset(
    {".git", ".hg", ".svn", "__pycache__", "node_modules", ".venv", ".tox", ".nox",
     ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints", ".idea", ".vscode"}
)  # fmt: skip
MAX_FILES = 50_000
_MAX_EMPTY = 500  # folders made for what git ignores: more is data, not a place to write


@dataclass(frozen=True, slots=True)
class Listing:
    """The files, folders and links of a workspace, by paths relative to `root`.

    `files` are to be copied. `folders` are made, also where nothing in them is copied, since
    scripts write into folders that git ignores. `links` maps a symbolic link to its target.
    `linked` are what `--link` leaves where it is.
    """

    root: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    linked: tuple[str, ...]


def reader(root: Path) -> Callable[[str], bytes | None]:
    """What gives a file's bytes by its path in a workspace; None where it cannot be read."""

    def read(path: str) -> bytes | None:
        try:
            return (root / path).read_bytes()
        except (OSError, ValueError):
            return None

    return read


def list_workspace(root: Path, *, cache: Path, link: tuple[str, ...] = ()) -> Listing:
    """List what git tracks below `root` plus what it neither tracks nor ignores.

    Without git: everything but version control, virtual environments, bytecode and the cache.
    TensorBoard's files stay behind, or the runs of last week would count for each new one.
    Raises WorkspaceError for a `--link` that is not there, or a workspace beyond all measure.
    """
    linked = tuple(_linked(root, name) for name in link)
    found = _by_git(root)
    candidates = _walk(root, cache) if found is None else _expand(root, found, cache)
    files, folders, links = [], set[str](), []
    for path in candidates:
        if _below(path, linked) or "tfevents" in path.rsplit("/", 1)[-1]:
            continue
        full = root / path
        if full.is_symlink():
            target = _target(root, full)
            if target is not None:
                links.append((path, target))
                continue
        if full.is_dir():
            folders.add(path)
        elif full.is_file():
            files.append(path)
        if len(files) > MAX_FILES:
            raise WorkspaceError(
                f"{root} holds more than {MAX_FILES:,} files to copy for each run.",
                hint="Call hprun in the script's own folder, list what is not needed in"
                " .gitignore, or leave folders in place with --link FOLDER.",
            )
    for path in (*files, *(name for name, _ in links), *linked):
        folders.update(str(parent) for parent in PurePosixPath(path).parents[:-1])
    return Listing(root, tuple(sorted(files)), tuple(sorted(folders)), tuple(sorted(links)), linked)


def _linked(root: Path, name: str) -> str:
    full = Path(os.path.normpath(root / name))
    if not full.is_relative_to(root) or full == root:
        raise WorkspaceError(
            f"--link {name}: that is not inside {root}.",
            hint="A path outside needs no link: the script reaches it by its absolute path.",
        )
    if not full.exists():
        raise WorkspaceError(f"--link {name}: there is no such file or folder in {root}.")
    return full.relative_to(root).as_posix()


def _below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def _target(root: Path, link: Path) -> str | None:
    """Where a link in a copy shall point; None if the content is to be copied instead.

    A link within the workspace stays one within the copy. A folder outside is left where it
    is; a file outside is copied, so that no run can write through to it.
    """
    resolved = link.resolve()
    if resolved.is_relative_to(root.resolve()):
        raw = Path(os.readlink(link))  # noqa: PTH115 - Path.readlink is the same
        return str(raw) if not raw.is_absolute() else os.path.relpath(resolved, link.parent)
    return str(resolved) if resolved.is_dir() else None


def _by_git(root: Path) -> list[str] | None:
    """Paths that git lists, folders with a slash at the end; None where git has no say."""
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return None
    shared = ["git", "-C", str(root), "ls-files", "-z"]
    ways = (
        ["--cached", "--others", "--exclude-standard"],
        ["--others", "--ignored", "--exclude-standard", "--directory"],
    )
    listed: list[str] = []
    for number, options in enumerate(ways):
        try:
            answer = subprocess.run(
                [*shared, *options], capture_output=True, check=True, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        names = os.fsdecode(answer.stdout).split("\0")
        # Of what is ignored only the folders are made, empty.
        listed += [n for n in names if n and (number == 0 or n.endswith("/"))]
    return listed


def _expand(root: Path, listed: list[str], cache: Path) -> Iterator[str]:
    for name in listed:
        path = name.rstrip("/")
        full = root / path
        if _skipped(full, cache) or any(part in _NEVER for part in path.split("/")):
            continue
        yield path
        if name.endswith("/") and full.is_dir() and not full.is_symlink():
            yield from _folders(root, full, cache)  # ignored: made, empty
        # A nested repository is listed as its folder alone.
        if full.is_dir() and not full.is_symlink() and (full / ".git").exists():
            yield from (f"{path}/{inner}" for inner in _walk(full, cache))


def _folders(root: Path, ignored: Path, cache: Path) -> Iterator[str]:
    """The folders within a folder that git ignores, as far as scripts may count on them."""
    count = 0
    for folder, folders, _ in os.walk(ignored):
        here = Path(folder)
        folders[:] = sorted(f for f in folders if not _skipped(here / f, cache))
        for name in folders:
            count += 1
            if count > _MAX_EMPTY:
                return
            yield (here / name).relative_to(root).as_posix()


def _walk(root: Path, cache: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(f for f in folders if not _skipped(here / f, cache))
        for name in (*folders, *files):
            if not name.endswith((".pyc", ".pyo")):
                yield (here / name).relative_to(root).as_posix()
        folders[:] = [f for f in folders if not (here / f).is_symlink()]


def _skipped(full: Path, cache: Path) -> bool:
    if full.name in _NEVER or full == cache or cache in full.parents:
        return True
    return (full / "pyvenv.cfg").exists()
