"""Database files: a consistent copy of one that is in use, its check, and a file that appears only when complete."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from timeline.errors import TimelineError
from timeline.sqlite.schema import check_version

PAGES_PER_STEP: Final = 1_000
"""Pages of 4 kB that are copied between two chances to stop."""

BUSY_TIMEOUT: Final = 30.0

_BESIDE: Final = ("-journal", "-wal", "-shm")
"""Files that SQLite keeps beside a database."""


def snapshot(path: str, to: Path) -> None:
    """Copies a database as it is at this moment, while other processes may write to it. Checks the copy.

    It reads in one transaction: in WAL mode that holds up no writer, and commits of the meantime make no copy begin
    anew. Raises TimelineError.
    """
    if not Path(path).is_file():
        raise TimelineError(f"{path}: there is no such file")
    try:
        with closing(_reading(path)) as db, closing(sqlite3.connect(to, isolation_level=None)) as copy:
            check_version(db, path)
            db.execute("BEGIN")
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            db.backup(copy, pages=PAGES_PER_STEP)
            # Without WAL the copy is one file.
            copy.execute("PRAGMA journal_mode = DELETE")
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise TimelineError(f"{path}: the database cannot be copied: {error}") from None
    if found != "ok":
        raise TimelineError(f"{path}: the database is damaged: {found}")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file, readable by its owner alone, that takes the place of ``path`` when the block ends; else it is gone.

    A process that is killed leaves it as ``PATH.partial``, which the next one overwrites. Raises TimelineError.
    """
    partial = path.with_name(f"{path.name}.partial")
    with _translated(path):
        descriptor = _create(partial)
    try:
        yield partial
        with _translated(path):
            _remove_beside(partial)
            os.fsync(descriptor)
            partial.replace(path)
            sync_folder(path)
    finally:
        partial.unlink(missing_ok=True)
        _remove_beside(partial)
        os.close(descriptor)


def put_aside(path: Path, kept: Path) -> None:
    """Gives a database that no other process uses a second name, and ends its WAL: it may be replaced then.

    The WAL of a database must not be beside another one, which it would be written into. Raises TimelineError.
    """
    with _translated(path):
        if _end_wal(path):
            _remove_beside(path)
        else:
            # Damaged: it keeps its WAL, under its second name.
            for suffix in _BESIDE:
                with contextlib.suppress(FileNotFoundError):
                    path.with_name(path.name + suffix).replace(kept.with_name(kept.name + suffix))
        try:
            os.link(path, kept)
        except FileExistsError:
            raise
        except OSError:
            # A file system without hard links: for a moment there is no database.
            path.rename(kept)


def take_owner(path: Path, like: Path) -> None:
    """Gives a file the mode of another one, and its owner as far as this process may."""
    found = like.stat()
    path.chmod(stat.S_IMODE(found.st_mode))
    with contextlib.suppress(PermissionError):
        os.chown(path, found.st_uid, found.st_gid)


def sync_folder(path: Path) -> None:
    """Makes the name of a file durable. Raises OSError."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reading(path: str) -> sqlite3.Connection:
    """A connection that only reads, and takes no lock that a writer waits for."""
    uri = f"file:{quote(str(Path(path).absolute()))}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)


def _create(partial: Path) -> int:
    """Creates or empties a file and locks it. Raises OSError and TimelineError."""
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The other process may have given its file the final name in between.
        if not partial.exists() or partial.stat().st_ino != os.fstat(descriptor).st_ino:
            raise BlockingIOError
        os.fchmod(descriptor, 0o600)
        os.ftruncate(descriptor, 0)
        _remove_beside(partial)
    except BlockingIOError:
        os.close(descriptor)
        raise TimelineError(f"{partial}: another process is writing this file") from None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove_beside(path: Path) -> None:
    for suffix in _BESIDE:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _end_wal(path: Path) -> bool:
    """Writes the WAL of a database into it; False if it is damaged. Raises TimelineError while another uses it."""
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)) as db:
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.DatabaseError:
        return False
    if busy:
        raise TimelineError(f"{path}: another program uses this database: stop it first")
    return True


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TimelineError(f"{path}: the file cannot be written: {error.strerror or error}") from None
