"""Opening the database, transactions, and what SQLite's errors mean to a user."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hprun.errors import CacheError

SCHEMA_VERSION = 2
CACHE_KIB = 8192
"""Pages of the database that a process keeps in memory."""
SYNC_S = 0.2
"""A coordinator waits so long at the least from one sync to the next."""
_MIGRATIONS = {
    # Indices by which nothing grows with what is already done, a strategy's notes, trials that are
    # added by hand, and those that a search was given to begin with; how many runs at once, what
    # ran out of memory, and on which device.
    1: """
    ALTER TABLE trial ADD COLUMN note TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE trial ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE request ADD COLUMN trials TEXT;
    ALTER TABLE search ADD COLUMN at_once TEXT NOT NULL DEFAULT '';
    ALTER TABLE run ADD COLUMN full INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE attempt ADD COLUMN device TEXT NOT NULL DEFAULT '';
    CREATE INDEX run_full ON run (id) WHERE full > 0;
    CREATE INDEX trial_added ON trial (search, number) WHERE added = 1;
    CREATE TABLE given (
        search   INTEGER NOT NULL REFERENCES search,
        number   INTEGER NOT NULL,
        source   TEXT NOT NULL,
        "values" TEXT NOT NULL,
        early    INTEGER NOT NULL DEFAULT 0,
        score    REAL,
        PRIMARY KEY (search, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX run_other ON run (id) WHERE outcome <> 'completed';
    CREATE INDEX part_order ON part (search, run);
    CREATE INDEX reading_order ON reading (metric, value, run);
    PRAGMA user_version = 2;
    """,
}
"""What brings a database from each older version to the next one."""


class Connection:
    """An open database.

    Raises CacheError where the file cannot be opened, read or written.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self._path = path
        self._waits = self._written = False
        self._synced = 0.0
        if not create and not path.exists():
            raise CacheError(
                f"There is no search in {path.parent} yet.",
                hint="Start one with `hprun --hp NAME=VALUES SCRIPT`, or name its cache with --cache.",
            )
        with self._plainly():
            # Autocommit, so that each transaction is one that was begun here.
            self._db = _open(path, create=create)
            self._db.execute("PRAGMA foreign_keys = ON")
            if create:
                self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            # FULL: what was written down is there after a loss of power.
            self._db.execute("PRAGMA synchronous = FULL")
            self._prepare()

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            script = Path(__file__).with_name("schema.sql").read_text("utf-8")
            try:
                self._db.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")
            except sqlite3.OperationalError:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                # Another hprun may have made it at the same moment.
                if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
                    raise
        elif version > SCHEMA_VERSION:
            raise CacheError(
                f"{self._path} was written by a newer hprun (schema {version}).",
                hint="Update hprun, or use another cache with --cache.",
            )
        elif version < SCHEMA_VERSION:
            if not os.access(self._path.parent, os.W_OK):
                self._take_into_memory()
            self._migrate()

    def _take_into_memory(self) -> None:
        """Go on with a copy of a database that cannot be written."""
        copy = sqlite3.connect(":memory:", isolation_level=None)
        self._db.backup(copy)
        self._db.close()
        self._db = copy

    def _migrate(self) -> None:
        """Bring an older database up to date."""
        with self.transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            while version < SCHEMA_VERSION:
                for statement in _MIGRATIONS[version].split(";"):
                    self._db.execute(statement)
                version += 1

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """Turn what SQLite says into what a user can act on."""
        try:
            yield
        except sqlite3.Error as error:
            raise _plain(error, self._path) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is written down, or nothing is."""
        with self._plainly():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
            self._written = True

    def sync_now_and_then(self) -> None:
        """Leave it to `sync` when what is written down reaches the disk; for a coordinator.

        A crash of any process loses nothing either way; a loss of power takes what was written
        after the last `sync`. See https://sqlite.org/pragma.html#pragma_synchronous.
        """
        self._all("PRAGMA synchronous = NORMAL")
        self._waits = True

    def sync_at_once(self) -> None:
        """From now on, whatever is written down is on the disk when that is said to be done."""
        self._all("PRAGMA synchronous = FULL")
        self._waits = False

    def sync(self, now: float) -> None:
        """See to it that what was written some time ago is on the disk; `now` in seconds.

        The log of writes is all that a database in WAL mode needs to recover.
        """
        if not self._waits or now - self._synced < SYNC_S or not self._written:
            return
        try:
            with open(f"{self._path}-wal", "rb") as log:  # noqa: PTH123
                os.fsync(log.fileno())
        except FileNotFoundError:  # it was moved into the database, which SQLite syncs itself
            pass
        except OSError as error:
            passes = error.errno == errno.ENOSPC
            raise CacheError(f"{self._path}: {error.strerror}.", passes=passes) from error
        self._written, self._synced = False, now

    def version(self) -> int:
        """A number that changes when another connection has written."""
        return int(self._all("PRAGMA data_version")[0][0])

    def check(self) -> str:
        """Let SQLite look for damage; `ok`, or what it found."""
        return str(self._all("PRAGMA quick_check(1)")[0][0])

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _all(self, sql: str, arguments: Sequence[Any] = ()) -> list[Any]:
        try:  # without `_plainly`, which takes as long as a small question does
            return self._db.execute(sql, arguments).fetchall()
        except sqlite3.Error as error:
            raise _plain(error, self._path) from error


def _open(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open for reading alone what cannot be written: a colleague's cache, an archive."""
    if not create and not os.access(path.parent, os.W_OK):
        from urllib.parse import quote

        address = f"file:{quote(str(path))}?immutable=1"
        return sqlite3.connect(address, uri=True, isolation_level=None)
    return sqlite3.connect(path, timeout=30, isolation_level=None)


def _plain(error: sqlite3.Error, path: Path) -> CacheError:
    text = str(error)
    if "full" in text:
        return CacheError(
            f"The disk of {path.parent} is full.",
            hint="Nothing is lost. Make room (`hprun du`, `hprun clean`) and start again.",
            passes=True,
        )
    if "readonly" in text or "unable to open" in text or "read-only" in text:
        return CacheError(
            f"{path.parent} cannot be written.",
            hint="Give yourself the right to write there, or name another folder with --cache.",
        )
    if "locked" in text:
        return CacheError(
            f"{path} has been held by another process for half a minute.",
            hint="Is its disk a network file system, or is a backup running?",
        )
    if "malformed" in text or "not a database" in text:
        return CacheError(
            f"{path} is damaged: {text}.",
            hint="`hprun doctor --repair` builds it anew from the records beside the runs.",
        )
    return CacheError(f"{path}: {text}.")
