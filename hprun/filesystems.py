"""Which file system holds a folder, and whether locks can be trusted on it."""

from __future__ import annotations

from pathlib import Path

from hprun.errors import CacheError

UNKNOWN = "an unknown file system"
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "lustre", "gpfs", "ceph", "beegfs", "afs",
     "fuse.sshfs", "fuse.gcsfuse", "fuse.s3fs", "fuse.rclone", "fuse.glusterfs"}
)  # fmt: skip


def file_system(folder: Path, mounts: str | None = None) -> str:
    """The type of the file system that holds `folder`, as the kernel names it (proc(5), mounts)."""
    if mounts is None:
        try:
            mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return UNKNOWN
    best = ("", UNKNOWN)
    for line in mounts.splitlines():
        _, point, kind, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if folder.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]


def is_network(kind: str) -> bool:
    """Say whether other machines write there too: flock and SQLite's WAL need one machine."""
    return kind in _NETWORK


def refuse_network(folder: Path) -> None:
    """Raises CacheError for a cache where two coordinators could not see each other's locks."""
    kind = file_system(folder.resolve())
    if is_network(kind):
        raise CacheError(
            f"The cache {folder} is on a network file system ({kind}), where locks do not hold.",
            hint="Name a folder on a disk of this machine with --cache.",
        )
