"""Copies between stores: after one, nothing is lost, nothing comes again, and no earlier cursor is believed."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entries import Cursor
from tests.redis import RedisServer
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from tests.timeline.old_layouts import fill_old_redis, first_database, fourth_database
from tests.timeline.test_same_history import BLOGS, COMMITS, LIMITS, done, everything, fresh
from timeline import DAY, IDLE, Job, LeaseLostError, Limits, Timeline, TimelineError, open_timeline, transfer
from timeline.sqlite import files

GONE = "https://example.org/gone.xml"


@pytest.fixture(params=["sqlite-sqlite", "sqlite-redis", "redis-sqlite", "redis-redis"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The URLs of an empty store of each kind, to copy from and to."""
    kinds = request.param.split("-")
    urls = []
    for n, kind in enumerate(kinds):
        if kind == "sqlite":
            urls.append(f"sqlite:{tmp_path / f'{n}.db'}")
            continue
        redis: RedisServer = request.getfixturevalue("shared_redis")
        redis.ask("FLUSHALL")
        urls.append(f"{redis.url.removesuffix('/0')}/{n}")
    return urls[0], urls[1]


async def fill(timeline: Timeline) -> None:
    """A blog with a corrected, a withdrawn, a retired and an aliased entry; a failing, a paused and a former feed."""
    await timeline.follow({FEED: 0.0, GONE: 0.0})
    await commit(timeline, entry("a"), entry("b", keys=("b", "alias")), entry("c"), entry("x", blog="other"))
    await commit(timeline, entry("a", "corrected"), withdrawn=[("blog", "c")], failures=2, etag='"1"')
    await timeline.postpone([FEED], NOW + 9)


async def test_a_copy_has_all_that_the_store_has(stores: tuple[str, str]) -> None:
    source, target = stores
    async with fresh(source) as timeline:
        await fill(timeline)
        before = [await everything(timeline, blog) for blog in ("blog", "other")]
        states, fate = list(await timeline.states()), await timeline.fate("blog", "c")
        epoch = (await timeline.head("blog")).epoch
    await transfer.copy(source, target)
    async with fresh(target) as timeline:
        assert [await everything(timeline, blog) for blog in ("blog", "other")] == before
        assert list(await timeline.states()) == states
        assert await timeline.fate("blog", "c") == fate == "withdrawn"
        assert await timeline.failing_count() == 1
        assert (await timeline.head("blog")).epoch != epoch
        assert not await timeline.claim(NOW, 9, LEASE_SECONDS), "the pause was copied"
        (lease,) = await timeline.claim(NOW + 10, 9, LEASE_SECONDS)
        await timeline.commit(lease.state, [], lease)


async def test_after_a_copy_nothing_comes_again_and_numbers_go_on(stores: tuple[str, str]) -> None:
    source, target = stores
    async with fresh(source) as timeline:
        await fill(timeline)
        head = await timeline.head("blog")
    await transfer.copy(source, target)
    async with fresh(target) as timeline:
        listed = [entry("a", "corrected"), entry("alias", "b", keys=("alias",), digest=entry("b").digest)]
        await timeline.follow({FEED: 0.0})
        (lease,) = await timeline.claim(NOW + 10, 1, LEASE_SECONDS)
        assert await timeline.commit(replace(lease.state, checked_at=NOW + 10), [*listed, entry("d")], lease) == 1
        assert sorted(await titles(timeline)) == ["b", "corrected", "d"]
        assert (await timeline.head("blog")).seq == head.seq + 1
        replay = await timeline.replay("blog", head, 10)
        assert (replay.complete, replay.reason) == (False, "epoch")


@settings(max_examples=settings().max_examples // 3)
@given(history=st.lists(COMMITS | COMMITS | LIMITS, min_size=2, max_size=6), steps=st.lists(COMMITS, max_size=2))
async def test_a_store_and_its_copy_go_on_alike(
    shared_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory, history: list[Any], steps: list[Any]
) -> None:
    shared_redis.ask("FLUSHALL")
    folder = tmp_path_factory.mktemp("copies")
    urls = [f"sqlite:{folder / 'a.db'}", shared_redis.url, f"sqlite:{folder / 'b.db'}"]
    async with fresh(urls[0]) as timeline:
        for step in history:
            await done(timeline, step)
    for source, target in pairwise(urls):
        await transfer.copy(source, target)
    async with fresh(urls[0]) as first, fresh(urls[1]) as second, fresh(urls[2]) as third:
        for step in [None, *history, *steps]:
            if step is not None:
                counts = {await done(timeline, step) for timeline in (first, second, third)}
                assert len(counts) == 1
            for blog in BLOGS:
                expected = await everything(first, blog)
                assert await everything(second, blog) == expected
                assert await everything(third, blog) == expected


async def test_what_was_unfollowed_and_retired_is_copied(stores: tuple[str, str]) -> None:
    source, target = stores
    async with fresh(source) as timeline:
        await timeline.follow({FEED: 0.0, GONE: 0.0})
        await commit(timeline, *(entry(name, at=NOW + n) for n, name in enumerate("abc")))
        assert await timeline.retire(NOW, Limits(entries=2)) == 1
        assert await timeline.fate("blog", "a") == "retired"
    await transfer.copy(source, target)
    async with fresh(target) as timeline:
        assert await timeline.fate("blog", "a") == "retired"
        assert await timeline.retire(NOW + 29 * DAY, Limits(events_age=99 * DAY)) == 0
        assert await timeline.retire(NOW + 31 * DAY, Limits(events_age=99 * DAY)) == 1, "the feed was forgotten"


async def test_jobs_and_pushes_are_copied_without_their_leases(stores: tuple[str, str]) -> None:
    source, target = stores
    due = {"idle": IDLE, "leased": NOW, "waits": NOW + 9}
    jobs = [Job("delivery", name, "blog", f'"{name} 漢字"') for name in due]
    async with fresh(source) as timeline:
        for job in jobs:
            await timeline.put_job(job, due[job.id])
        await timeline.put_job(Job("opml", "list", "", "{}"), IDLE)
        (lease,) = await timeline.claim_jobs("delivery", NOW, 9, LEASE_SECONDS)
        await commit(timeline, next_at=NOW + 900)
        for body in (b"1", b"\xff"):
            await timeline.push(FEED, body, "text/xml")
    await transfer.copy(source, target)
    async with fresh(target) as timeline:
        assert [list(await timeline.jobs(kind)) for kind in ("delivery", "opml")] == [
            jobs,
            [Job("opml", "list", "", "{}")],
        ]
        assert await timeline.jobs("delivery", "blog") == jobs
        with pytest.raises(LeaseLostError):
            await timeline.settle_job(lease, "late", IDLE)
        for now, expected in ((NOW, ["leased"]), (NOW + 9, ["waits"])):
            claimed = await timeline.claim_jobs("delivery", now, 9, LEASE_SECONDS)
            assert [found.job.id for found in claimed] == expected
        await timeline.wake_jobs("delivery", "blog")
        assert [found.job.id for found in await timeline.claim_jobs("delivery", NOW + 9, 9, 60.0)] == ["idle"]
        await timeline.push(FEED, b"3", None)
        (pushed,) = await timeline.claim(NOW, 9, LEASE_SECONDS)
        assert [push.body for push in pushed.pushes] == [b"1", b"\xff", b"3"]
        assert pushed.state.next_at == NOW + 900
        await timeline.commit(pushed.state, [], pushed)
        assert await timeline.claim(NOW, 9, LEASE_SECONDS) == []


async def test_a_target_that_is_not_empty_is_refused(stores: tuple[str, str]) -> None:
    source, target = stores
    async with fresh(source) as first, fresh(target) as second:
        await commit(first, entry("a"))
        await commit(second, entry("b"))
    with pytest.raises(TimelineError, match=r"exists|is not empty"):
        await transfer.copy(source, target)
    async with fresh(target) as timeline:
        assert await titles(timeline) == ["b"]


@pytest.mark.parametrize("make", [first_database, fourth_database])
async def test_a_database_of_an_older_schema_can_be_copied(
    tmp_path: Path, shared_redis: RedisServer, make: Any
) -> None:
    shared_redis.ask("FLUSHALL")
    make(str(tmp_path / "old.db"))
    await transfer.copy(f"sqlite:{tmp_path / 'old.db'}", shared_redis.url)
    async with fresh(shared_redis.url) as timeline:
        assert (await timeline.head("blog")).seq == 5
        assert len(await titles(timeline)) == 2
    with closing(sqlite3.connect(tmp_path / "old.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] < 5, "the source is left alone"


async def test_an_old_redis_can_be_copied(tmp_path: Path, shared_redis: RedisServer) -> None:
    shared_redis.ask("FLUSHALL")
    fill_old_redis(shared_redis)
    await transfer.copy(shared_redis.url, f"sqlite:{tmp_path / 'new.db'}")
    async with fresh(f"sqlite:{tmp_path / 'new.db'}") as timeline:
        assert await titles(timeline) == ["B", "A"]
        assert await timeline.fate("blog", "c") == "withdrawn"


async def test_a_backup_of_redis_under_load_misses_no_event(tmp_path: Path, redis: RedisServer) -> None:
    timeline = await open_timeline(redis.url)
    await commit(timeline, *(entry(f"old{n}", at=NOW - n) for n in range(1_000)))
    is_done = False

    async def write() -> None:
        n = 0
        while not is_done:
            gone = [("blog", f"e{n - 3}")] if n % 3 == 0 else []
            await commit(timeline, entry(f"e{n}"), entry(f"e{n - 1}", "corrected"), withdrawn=gone)
            n += 1

    writing = asyncio.create_task(write())
    for number in range(4):
        file = tmp_path / f"{number}.db"
        await transfer.backup(redis.url, str(file))
        check_events(file)
    is_done = True
    await writing
    await timeline.close()


def check_events(file: Path) -> int:
    """The number of the newest event of a backup, whose events have no hole and all lead to what is stored."""
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        ((head,),) = db.execute("SELECT seq FROM blogs").fetchall()
        events = db.execute("SELECT seq, kind, id FROM events ORDER BY n").fetchall()
        assert [seq for seq, _, _ in events] == list(range(1, head + 1))
        last = {entry_id: kind for _, kind, entry_id in events}
        stored = {entry_id for (entry_id,) in db.execute("SELECT id FROM entries")}
        assert stored == {entry_id for entry_id, kind in last.items() if kind != "delete"}
    return int(head)


async def test_a_copy_that_fails_leaves_an_empty_target(
    tmp_path: Path, shared_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_redis.ask("FLUSHALL")
    async with fresh(f"sqlite:{tmp_path / 'a.db'}") as timeline:
        await commit(timeline, entry("a"))
    monkeypatch.setattr("timeline.redis.dump.SCHEMA_VERSION", object())
    with pytest.raises(Exception, match="Invalid input"):
        await transfer.copy(f"sqlite:{tmp_path / 'a.db'}", shared_redis.url)
    assert shared_redis.ask("KEYS", "*") == []


async def test_what_a_killed_copy_left_is_removed_by_the_next(tmp_path: Path, shared_redis: RedisServer) -> None:
    shared_redis.ask("FLUSHALL")
    shared_redis.ask("HSET", "{livelog}:*staged*:blog:items", "z", "{}")
    async with fresh(f"sqlite:{tmp_path / 'a.db'}") as timeline:
        await commit(timeline, entry("a"))
    await transfer.copy(f"sqlite:{tmp_path / 'a.db'}", shared_redis.url)
    assert not shared_redis.ask("KEYS", "*staged*")
    async with fresh(shared_redis.url) as timeline:
        assert await titles(timeline) == ["a"]
        assert await timeline.entry("blog", "z") is None


async def test_a_redis_is_restored_while_no_node_is_connected(tmp_path: Path, shared_redis: RedisServer) -> None:
    shared_redis.ask("FLUSHALL")
    file, url = str(tmp_path / "backup.db"), shared_redis.url
    async with fresh(url) as timeline:
        await commit(timeline, entry("a"))
        await transfer.backup(url, file)
        await commit(timeline, entry("b"))
        later = await timeline.head("blog")
        with pytest.raises(
            TimelineError, match=r"nodes of Livelog are connected .*: stop them first, or add --force"
        ):
            await transfer.restore(file, url)
        assert sorted(await titles(timeline)) == ["a", "b"]
    _, kept = await transfer.restore(file, url)
    async with fresh(url) as timeline:
        assert await titles(timeline) == ["a"]
        assert (await timeline.replay("blog", later, 10)).reason == "epoch"
        assert kept is not None
        await transfer.restore(kept, url, force=True)
        assert sorted(await titles(timeline)) == ["a", "b"]


async def test_a_database_is_restored_and_the_former_one_is_kept(tmp_path: Path) -> None:
    path, file = tmp_path / "livelog.db", tmp_path / "backup.db"
    store = f"sqlite:{path}"
    async with fresh(store) as timeline:
        await commit(timeline, entry("a"))
        early = await timeline.head("blog")
        await transfer.backup(store, str(file))
        await commit(timeline, entry("b"))
        later = await timeline.head("blog")
        with pytest.raises(TimelineError, match="another Livelog"):
            await transfer.restore(str(file), store)
    path.chmod(0o640)
    _, kept = await transfer.restore(str(file), store)
    assert path.stat().st_mode & 0o777 == 0o640, "the mode of the former one"
    async with fresh(store) as timeline:
        assert await titles(timeline) == ["a"]
        for cursor in (early, later):
            assert (await timeline.replay("blog", cursor, 10)).reason == "epoch"
        head = await timeline.head("blog")
    async with fresh(store) as timeline:
        assert await timeline.head("blog") == head, "one new epoch, not another with each start"
    assert kept is not None
    await transfer.restore(kept, store)
    async with fresh(store) as timeline:
        assert sorted(await titles(timeline)) == ["a", "b"]


async def test_a_database_that_a_killed_process_left_is_kept_with_its_last_commits(tmp_path: Path) -> None:
    path, file = tmp_path / "livelog.db", tmp_path / "backup.db"
    async with fresh(f"sqlite:{path}") as timeline:
        await commit(timeline, entry("a"))
        await transfer.backup(f"sqlite:{path}", str(file))
        await commit(timeline, entry("b"))
        crashed = {one: one.read_bytes() for one in beside(path)}
    assert crashed[tmp_path / "livelog.db-wal"]
    for one, content in crashed.items():
        one.write_bytes(content)
    _, kept = await transfer.restore(str(file), f"sqlite:{path}")
    assert kept is not None
    for restored, expected in ((file, ["a"]), (kept, ["a", "b"])):
        await transfer.restore(str(restored), f"sqlite:{path}")
        async with fresh(f"sqlite:{path}") as timeline:
            assert sorted(await titles(timeline)) == expected


async def test_a_damaged_database_can_be_replaced_by_a_backup(tmp_path: Path) -> None:
    path, file = tmp_path / "livelog.db", tmp_path / "backup.db"
    async with fresh(f"sqlite:{path}") as timeline:
        await commit(timeline, entry("a"))
        await transfer.backup(f"sqlite:{path}", str(file))
    path.write_bytes(b"\xff" * 9_000)
    _, kept = await transfer.restore(str(file), f"sqlite:{path}")
    assert [one.read_bytes() for one in beside(path) if str(one) == kept] == [b"\xff" * 9_000]
    async with fresh(f"sqlite:{path}") as timeline:
        assert await titles(timeline) == ["a"]


def beside(path: Path) -> list[Path]:
    """The files of a store, and others whose names begin with its name."""
    return sorted(path.parent.glob(f"{path.name}*"))


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE other (x)")


def damaged(path: Path) -> None:
    asyncio.run(_fill(path))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 9_000] = b"\xff" * 9_000
    path.write_bytes(content)


async def _fill(path: Path) -> None:
    async with fresh(f"sqlite:{path}") as timeline:
        await commit(timeline, *(entry(f"e{n}", "x" * 3_000) for n in range(50)))


def text(path: Path) -> None:
    path.write_text("no database")


def missing(path: Path) -> None:
    path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (newer, "schema 99.*install that version again"),
        (foreign, "no database of Livelog"),
        (damaged, "damaged|malformed|cannot be copied"),
        (text, "not a database"),
        (missing, "there is no such file"),
    ],
)
def test_a_file_that_is_no_backup_is_refused_and_the_store_stays(tmp_path: Path, make: Any, problem: str) -> None:
    asyncio.run(_check_refused(tmp_path, make, problem))


async def _check_refused(tmp_path: Path, make: Any, problem: str) -> None:
    store, file = f"sqlite:{tmp_path / 'livelog.db'}", tmp_path / "backup.db"
    async with fresh(store) as timeline:
        await commit(timeline, entry("a"))
        head = await timeline.head("blog")
    await asyncio.to_thread(make, file)
    with pytest.raises(TimelineError, match=problem):
        await transfer.restore(str(file), store)
    assert not {one.suffix for one in beside(tmp_path / "livelog.db")} - {".db", ".lock"}
    async with fresh(store) as timeline:
        assert (await timeline.head("blog"), await titles(timeline)) == (head, ["a"])


async def test_a_backup_is_one_private_file_and_replaces_none_unasked(tmp_path: Path) -> None:
    store, file = f"sqlite:{tmp_path / 'livelog.db'}", tmp_path / "backups" / "backup.db"
    file.parent.mkdir()
    async with fresh(store) as timeline:
        await commit(timeline, entry("a"))
        found = await transfer.backup(store, str(file))
        assert (found.entries, found.blogs, found.feeds) == (1, 1, 1)
        assert [one.name for one in file.parent.iterdir()] == ["backup.db"]
        assert file.stat().st_mode & 0o777 == 0o600
        await commit(timeline, entry("b"))
        with pytest.raises(TimelineError, match="exists: --force replaces it"):
            await transfer.backup(store, str(file))
        assert (await transfer.backup(store, str(file), force=True)).entries == 2
    await transfer.backup(store, str(tmp_path / "stopped.db"))
    assert (tmp_path / "stopped.db").exists(), "a store that nobody uses has no WAL"


async def test_a_store_in_memory_or_the_store_itself_cannot_be_its_backup(tmp_path: Path) -> None:
    with pytest.raises(TimelineError, match="in the memory of its process"):
        await transfer.backup("sqlite::memory:", str(tmp_path / "backup.db"))
    store = f"sqlite:{tmp_path / 'livelog.db'}"
    async with fresh(store):
        pass
    with pytest.raises(TimelineError, match="the store itself"):
        await transfer.backup(store, str(tmp_path / "livelog.db"), force=True)
    with pytest.raises(TimelineError, match="the store itself"):
        await transfer.restore(str(tmp_path / "livelog.db"), store)


async def test_two_backups_to_one_file_do_not_mix(tmp_path: Path) -> None:
    first, second = files.replacing(tmp_path / "backup.db"), files.replacing(tmp_path / "backup.db")
    with first, pytest.raises(TimelineError, match="another process is writing this file"):
        second.__enter__()


async def test_a_cursor_of_the_former_store_gets_a_reset_even_if_the_backup_reaches_it(tmp_path: Path) -> None:
    store, file = f"sqlite:{tmp_path / 'livelog.db'}", str(tmp_path / "backup.db")
    async with fresh(store) as timeline:
        await commit(timeline, entry("a"))
        epoch = (await timeline.head("blog")).epoch
        await transfer.backup(store, file)
    await transfer.restore(file, store)
    async with fresh(store) as timeline:
        for seq in (0, 1, 2):
            assert (await timeline.replay("blog", Cursor(epoch, seq), 10)).reason == "epoch"
