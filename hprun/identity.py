"""The hash that names a run by what it executes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

_SIZE = 16  # bytes: 2**64 runs until two are expected to share a hash


def digest_files(files: Mapping[str, bytes]) -> str:
    """The hash of files by path, whatever their order."""
    return _digest(part for path in sorted(files) for part in (path.encode(), files[path]))


def trial_identity(files: Mapping[str, bytes], argv: Iterable[str], others: str) -> str:
    """The hash of rendered files, script arguments and `others`, the hash of what is not rendered."""
    arguments = "\0".join(argv)
    return _digest((digest_files(files).encode(), arguments.encode(), others.encode()))


def run_identity(trial: str, fold: int, folds: int, repeat: int) -> str:
    """The hash of one run: what its trial executes on this fold of so many, and repeat."""
    return _digest((trial.encode(), f"{fold}/{folds}/{repeat}".encode()))


def digest_text(*parts: str) -> str:
    """The hash of texts, in order; `ab`, `c` and `a`, `bc` differ."""
    return _digest(part.encode() for part in parts)


def _digest(parts: Iterable[bytes]) -> str:
    # One call for all: a search of a hundred thousand trials makes three hundred thousand hashes.
    framed = b"".join([len(part).to_bytes(8, "little") + part for part in parts])
    return blake2b(framed, digest_size=_SIZE).hexdigest()
