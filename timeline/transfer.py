"""Backup, restore and copy of whole stores.

A backup is an SQLite database, whichever store it is of: it can be checked, upgraded, and restored to either store.
Files appear under their names when they are complete, and a Redis is replaced by one script: a process that is killed
leaves the former state or the new one.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from timeline.dump import Counts, pour
from timeline.errors import TimelineError
from timeline.sqlite import dump as sqlite
from timeline.sqlite import files
from timeline.sqlite.lock import lock

if TYPE_CHECKING:
    from timeline.redis.connection import Connection

_SQLITE: Final = "sqlite:"
_IN_MEMORY: Final = "sqlite::memory:"


async def backup(store: str, file: str, *, force: bool = False) -> Counts:
    """Writes a consistent copy of a store, which may be in use, to a new file; returns how much is in it.

    ``force`` replaces a file. Raises TimelineError.
    """
    path = Path(file)
    _check_kept(store)
    if _is_same(store, path):
        raise TimelineError(f"{file}: this is the store itself")
    if not force:
        _check_new(path, "--force replaces it")
    with files.replacing(path) as partial:
        await _export(store, partial)
        return sqlite.counts(partial)


async def restore(file: str, store: str, *, force: bool = False) -> tuple[Counts, str | None]:
    """Replaces a store, which nobody may use, by a backup, under a new epoch.

    Returns how much is in it, and the file that keeps the former state, None if there was none. ``force`` replaces a
    Redis that nodes are connected to. Raises TimelineError, and has changed nothing then.
    """
    _check_kept(store)
    if _is_same(store, Path(file)):
        raise TimelineError(f"{file}: this is the store itself")
    if store.startswith(_SQLITE):
        return _restore_sqlite(file, Path(store.removeprefix(_SQLITE)))
    return await _restore_redis(file, store, force=force)


async def copy(source: str, target: str) -> Counts:
    """Copies a store, which may be in use, to an empty one, under a new epoch; returns how much is in it.

    Raises TimelineError, and the target is empty then.
    """
    _check_kept(source)
    _check_kept(target)
    if target.startswith(_SQLITE):
        return await _copy_to_sqlite(source, Path(target.removeprefix(_SQLITE)))
    async with _connected(target) as connection:
        from timeline.redis.dump import RedisTarget

        await RedisTarget(connection).check_empty()
        return await _load(connection, source)


def is_in_use(store: str) -> bool:
    """True if a process has an SQLite store open; False for Redis, which any number of nodes share."""
    if not store.startswith(_SQLITE) or not Path(f"{store.removeprefix(_SQLITE)}.lock").exists():
        return False
    try:
        with _locked(Path(store.removeprefix(_SQLITE))):
            return False
    except TimelineError:
        return True


async def _export(store: str, partial: Path) -> None:
    """Copies a store to an empty database file. Raises TimelineError."""
    if store.startswith(_SQLITE):
        files.snapshot(store.removeprefix(_SQLITE), partial)
        return
    from timeline.redis.dump import RedisSource
    from timeline.redis.schema import prepare

    async with _connected(store) as connection:
        # Checks that this version can read it, and upgrades what an older one wrote.
        await prepare(connection)
        with closing(sqlite.SqliteTarget(partial)) as target:
            await pour(RedisSource(connection), target)


async def _copy_to_sqlite(source: str, path: Path) -> Counts:
    with _locked(path):
        _check_new(path, "copy to another one")
        with files.replacing(path) as partial:
            await _export(source, partial)
            sqlite.renew(partial)
            return sqlite.counts(partial)


def _restore_sqlite(file: str, path: Path) -> tuple[Counts, str | None]:
    with _locked(path), files.replacing(path) as partial:
        files.snapshot(file, partial)
        sqlite.renew(partial)
        found = sqlite.counts(partial)
        if not path.exists():
            return found, None
        files.take_owner(partial, path)
        kept = _kept(path)
        files.put_aside(path, kept)
        return found, str(kept)


async def _restore_redis(file: str, store: str, *, force: bool) -> tuple[Counts, str | None]:
    from timeline.redis.dump import RedisTarget, nodes

    async with _connected(store) as connection:
        if not force and (count := await nodes(connection)):
            raise TimelineError(
                f"{connection.name}: nodes of Livelog are connected ({count} connections): stop them first, "
                "or add --force"
            )
        kept = None
        try:
            await RedisTarget(connection).check_empty()
        except TimelineError:
            kept = str(_kept(Path(file)))
            await backup(store, kept)
        return await _load(connection, f"{_SQLITE}{file}"), kept


async def _load(connection: Connection, source: str) -> Counts:
    """Replaces all that is in a Redis by a copy of a store. Raises TimelineError."""
    from timeline.redis.dump import RedisTarget

    with tempfile.TemporaryDirectory(prefix="livelog-") as folder:
        path = Path(folder, "copy.db")
        await _export(source, path)
        sqlite.renew(path)
        target = RedisTarget(connection)
        await target.begin()
        try:
            await pour(sqlite.SqliteSource(path), target)
            await target.finish()
        except BaseException:
            await target.abandon()
            raise
        return sqlite.counts(path)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    """A connection to Redis that is none of a node. Raises TimelineError."""
    from timeline.redis.connection import Connection, check_server
    from timeline.redis.dump import CLIENT_NAME

    connection = Connection(url, client_name=CLIENT_NAME)
    try:
        await check_server(connection)
        yield connection
    finally:
        await connection.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keeps every Livelog from a database. Raises TimelineError if one has it open."""
    descriptor, _ = lock(str(path))
    try:
        yield
    finally:
        os.close(descriptor)


def _check_kept(store: str) -> None:
    if store == _IN_MEMORY:
        raise TimelineError("the store is in the memory of its process and cannot be copied")


def _check_new(path: Path, remedy: str) -> None:
    if path.exists():
        raise TimelineError(f"{path}: this file exists: {remedy}")


def _is_same(store: str, path: Path) -> bool:
    other = Path(store.removeprefix(_SQLITE))
    return store.startswith(_SQLITE) and path.exists() and other.exists() and path.samefile(other)


def _kept(path: Path) -> Path:
    """A new name for the former state of a store."""
    name = f"{path.name}.before-restore-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = (path.with_name(name if n == 1 else f"{name}-{n}") for n in itertools.count(1))
    return next(one for one in names if not one.exists())
