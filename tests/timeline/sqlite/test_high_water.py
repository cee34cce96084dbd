"""A database that was put back to an earlier copy begins a new epoch; an ordinary restart does not."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.drafts import commit, entry
from timeline.sqlite import SqliteTimeline, high_water
from timeline.sqlite.high_water import MAX_CTIME_DIFFERENCE_SECONDS, HighWater
from timeline.sqlite.lock import lock


async def opened(path: Path, *names: str) -> str:
    """Opens a database, commits entries, closes it; returns the epoch."""
    timeline = await SqliteTimeline.open(str(path))
    for name in names:
        await commit(timeline, entry(name))
    epoch = (await timeline.head("blog")).epoch
    await timeline.close()
    return epoch


@contextmanager
def mark_of(path: Path) -> Iterator[HighWater]:
    """The mark of a database, as a process that starts reads it."""
    descriptor, mark = lock(str(path))
    yield mark
    os.close(descriptor)


def lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def put_back_file(copy: Path, path: Path) -> None:
    shutil.copy(copy, path)


def put_back_by_renaming(copy: Path, path: Path) -> None:
    copy.replace(path)


def put_back_by_backup(copy: Path, path: Path) -> None:
    with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)


def put_back_without_lock(copy: Path, path: Path) -> None:
    shutil.copy(copy, path)
    lock_of(path).unlink()


def put_back_with_lock(copy: Path, path: Path) -> None:
    _put_back_lock(copy, path, shutil.copy)


def put_back_with_lock_and_times(copy: Path, path: Path) -> None:
    _put_back_lock(copy, path, shutil.copy2)


def _put_back_lock(copy: Path, path: Path, put: Callable[[Path, Path], object]) -> None:
    shutil.copy(copy, path)
    written = lock_of(copy).stat().st_mtime
    while lock_of(path).stat().st_ctime - written <= 2 * high_water.MAX_CTIME_DIFFERENCE_SECONDS:
        put(lock_of(copy), lock_of(path))


@pytest.mark.parametrize(
    "put_back",
    [
        put_back_file,
        put_back_by_renaming,
        put_back_by_backup,
        put_back_without_lock,
        put_back_with_lock,
        put_back_with_lock_and_times,
    ],
)
async def test_an_earlier_copy_begins_a_new_epoch(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    put_back: Callable[[Path, Path], None],
) -> None:
    monkeypatch.setattr(high_water, "MAX_CTIME_DIFFERENCE_SECONDS", 0.05)
    path, copy = tmp_path / "livelog.db", tmp_path / "copy.db"
    first = await opened(path, "a", "b")
    shutil.copy2(path, copy)
    shutil.copy2(lock_of(path), lock_of(copy))
    assert await opened(path, "lost") == first
    put_back(copy, path)
    after = await opened(path, "other", "and another")
    assert after != first
    assert await opened(path) == after, "the new epoch stays"
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "may be an earlier copy" in line
    caplog.clear()


@pytest.mark.parametrize("names", [(), ("a",), ("a", "b", "c")])
async def test_a_restart_keeps_the_epoch(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = tmp_path / "livelog.db"
    assert await opened(path, *names) == await opened(path, "more") == await opened(path)


async def test_a_process_that_is_killed_while_it_starts_keeps_the_epoch(tmp_path: Path) -> None:
    path = tmp_path / "livelog.db"
    first = await opened(path, "a")
    with mark_of(path) as mark:
        assert not mark.contradicts(first, 1)
    assert await opened(path) == first


def test_a_process_that_is_killed_while_it_raises_the_mark_keeps_the_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    descriptor = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    mark = HighWater(descriptor, is_new=True)
    mark.begin("abc", 5)
    # Longer than the time of a change may differ from the one in the mark: blogs are quiet between two posts.
    time.sleep(1.1 * MAX_CTIME_DIFFERENCE_SECONDS)
    write = os.pwrite

    def killed_after(*arguments: Any) -> None:
        write(*arguments)
        raise KilledError

    monkeypatch.setattr(os, "pwrite", killed_after)
    with pytest.raises(KilledError):
        mark.begin("abc", 6)
    monkeypatch.undo()
    assert not HighWater(descriptor, is_new=False).contradicts("abc", 6)
    os.close(descriptor)


@pytest.mark.parametrize("call", ["pwrite", "ftruncate"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_disk_that_is_slow_for_a_moment_keeps_the_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, times: int
) -> None:
    monkeypatch.setattr(high_water, "MAX_CTIME_DIFFERENCE_SECONDS", 0.2)
    descriptor = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    mark = HighWater(descriptor, is_new=True)
    real, waits = getattr(os, call), [0.3] * times

    def slow(*arguments: Any) -> None:
        if waits:
            time.sleep(waits.pop())
        real(*arguments)

    monkeypatch.setattr(os, call, slow)
    mark.begin("abc", 5)
    assert not waits
    assert not HighWater(descriptor, is_new=False).contradicts("abc", 5)
    os.close(descriptor)


async def test_a_database_of_an_earlier_version_is_believed_without_a_lock_file(tmp_path: Path) -> None:
    path = tmp_path / "livelog.db"
    first = await opened(path, "a")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM meta WHERE name = 'marked'")
    lock_of(path).unlink()
    assert await opened(path, "b") == first


async def test_a_lock_file_of_an_earlier_version_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "livelog.db"
    first = await opened(path, "a")
    lock_of(path).write_text("4711", encoding="ascii")
    assert await opened(path, "b") == first
    assert await opened(path) == first


async def test_an_event_beyond_the_mark_is_no_contradiction(tmp_path: Path) -> None:
    """A process may be killed between a commit and its mark, and a power cut may undo the mark alone."""
    path = tmp_path / "livelog.db"
    first = await opened(path, "a")
    with mark_of(path) as mark:
        assert not mark.contradicts(first, 2)
        assert mark.contradicts(first, 0)
        assert mark.contradicts("another", 1)
