"""The event log of several nodes on one Redis: lost replies, lost data, watchers."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from entries import Cursor
from tests.livelog import PATIENCE, until
from tests.redis import RedisServer
from tests.timeline.drafts import LEASE_SECONDS, NOW, commit, entry, titles
from tests.timeline.redis.nodes import (
    COMMIT,
    Proxy,
    claimed,
    contents,
    keep_copy,
    loss,
    opened,
    put_back,
    seen,
    watching,
    write_at_once,
)
from timeline import Lease, TimelineError
from timeline.redis import RedisTimeline


@pytest.mark.parametrize("many", [200, pytest.param(1_000, marks=pytest.mark.soak)])
async def test_a_commit_whose_answer_was_lost_is_made_again_without_a_trace(
    redis: RedisServer, timeline: RedisTimeline, many: int
) -> None:
    await commit(timeline)  # From here on Redis knows the script: what is lost is a commit, not its loading.
    feeds = [f"https://example.org/{n}" for n in range(many)]
    await timeline.follow(dict.fromkeys(feeds, 0.0))
    committed: set[bytes] = set()

    def first_commit_of_a_feed(question: bytes) -> bool:
        feed = re.search(rb"https://example.org/\d+", question)
        if COMMIT not in question or feed is None or feed[0] in committed:
            return False
        committed.add(feed[0])
        return True

    async def commit_until_answered(node: RedisTimeline, leases: Sequence[Lease]) -> None:
        for lease in leases:
            answered = False
            while not answered:
                with contextlib.suppress(TimelineError):
                    await node.commit(replace(lease.state, next_at=NOW * 2), [entry(f"e{lease.url[20:]}")], lease)
                    answered = True

    proxy = Proxy(redis, first_commit_of_a_feed)
    async with proxy as url, opened(url) as node:
        leases = await node.claim(NOW, many, LEASE_SECONDS)
        # Ten at a time, so that answers are lost beside others that are not.
        await asyncio.gather(*(commit_until_answered(node, leases[n::10]) for n in range(10)))
    assert proxy.lost == many
    assert redis.ask("XLEN", "{livelog}:blog:events") == many
    replay = await timeline.replay("blog", Cursor((await timeline.head("blog")).epoch, 0), 2_000)
    assert sorted(event.id for event in replay.events) == sorted(f"e{n}" for n in range(many))


async def test_a_redis_that_was_emptied_is_noticed_by_a_watcher(redis: RedisServer, timeline: RedisTimeline) -> None:
    await commit(timeline, entry("a"))
    before = await timeline.head("blog")
    async with watching(timeline) as events:
        noticed = asyncio.create_task(loss(events))
        await until(lambda: redis.ask("INFO", "clients")["blocked_clients"] == 1)
        redis.ask("FLUSHALL")
        assert await noticed == "epoch"
    after = await timeline.head("blog")
    assert after.seq == 0
    assert after.epoch != before.epoch
    assert (await timeline.replay("blog", before, 10)).reason == "epoch"


async def test_a_redis_that_was_emptied_is_a_trouble_until_it_has_a_new_epoch(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await commit(timeline, entry("a"))
    head = await timeline.head("blog")
    redis.ask("FLUSHALL")
    with pytest.raises(TimelineError, match="Redis was emptied"):
        await timeline.replay("blog", head, 10)
    with pytest.raises(TimelineError, match="Redis was emptied"):
        await timeline.page("blog", None, 10)


async def test_an_older_copy_is_noticed_by_a_watcher(redis: RedisServer, timeline: RedisTimeline) -> None:
    await commit(timeline, entry("a"))
    copy = keep_copy(redis)
    async with watching(timeline) as events:
        await commit(timeline, entry("b"), entry("c"))
        assert await seen(events, 2) == [(2, "b"), (3, "c")]
        before = await timeline.head("blog")
        await put_back(redis, copy)
        assert await loss(events) == "epoch"
    after = await timeline.head("blog")
    assert after.seq == 1
    assert after.epoch != before.epoch
    assert (await timeline.replay("blog", before, 10)).reason == "epoch"
    assert await titles(timeline) == ["a"]


@pytest.mark.parametrize("more", [1, 2, 3])
async def test_an_older_copy_is_noticed_even_if_others_have_gone_on_from_it(
    redis: RedisServer, timeline: RedisTimeline, more: int
) -> None:
    await commit(timeline, entry("a"))
    copy = keep_copy(redis)
    async with watching(timeline) as events:
        await commit(timeline, entry("b"), entry("c"))
        assert await seen(events, 2) == [(2, "b"), (3, "c")]
        before = await timeline.head("blog")
        await put_back(redis, copy)
        async with opened(redis.url) as other:
            # The same entries, even: an event is known by more than what it is of.
            await commit(other, *(entry(name) for name in "bcd"[:more]))
            assert (await other.head("blog")).epoch == before.epoch, "nobody has noticed yet"
        assert await loss(events) == "epoch"
    assert (await timeline.head("blog")).epoch != before.epoch
    assert (await timeline.replay("blog", before, 10)).reason == "epoch"


async def test_a_copy_of_before_an_earlier_loss_does_not_bring_its_epoch_back(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await commit(timeline, entry("a"))
    copy = keep_copy(redis)
    await commit(timeline, entry("b"))
    before = await timeline.head("blog")
    async with watching(timeline) as events:
        redis.ask("FLUSHALL")
        assert await loss(events) == "epoch"
    between = await timeline.head("blog")
    async with watching(timeline) as events:
        await put_back(redis, copy)
        assert await loss(events) == "epoch"
    after = await timeline.head("blog")
    assert after.seq == 1
    assert after.epoch not in {before.epoch, between.epoch}
    assert (await timeline.replay("blog", before, 10)).reason == "epoch"


async def test_nothing_that_was_acknowledged_is_lost_when_redis_dies_and_a_watcher_goes_on(
    redis: RedisServer, timeline: RedisTimeline, caplog: pytest.LogCaptureFixture
) -> None:
    def logged() -> list[tuple[str, str]]:
        return [(record.levelname, record.getMessage()) for record in caplog.records]

    write_at_once(redis)
    before = await timeline.head("blog")
    async with watching(timeline) as events:
        watched = asyncio.create_task(seen(events, 40))
        for n in range(20):
            await commit(timeline, entry(f"e{n}"))
        redis.stop()
        await until(logged)
        with pytest.raises(TimelineError, match="Connection refused"):
            await timeline.head("blog")
        await asyncio.to_thread(redis.start)
        for n in range(20, 40):
            await commit(timeline, entry(f"e{n}"))
        assert await watched == [(n + 1, f"e{n}") for n in range(40)]
    (away, back) = logged()
    assert away[0] == "ERROR"
    assert away[1].startswith("Events cannot be read, trying again: redis://127.0.0.1:")
    assert back == ("WARNING", "Events can be read again.")
    caplog.clear()
    replay = await timeline.replay("blog", before, 100)
    assert [event.id for event in replay.events] == [f"e{n}" for n in range(40)]


async def test_a_frozen_redis_is_reported_in_time_and_recovered_from(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("timeline.redis.connection.ANSWER_TIMEOUT", 1.0)
    async with opened(redis.url) as node, asyncio.timeout(PATIENCE):
        await commit(node, entry("a"))
        lease = await claimed(node)
        async with watching(node) as events:
            watched = asyncio.create_task(seen(events, 1))
            redis.freeze()
            # More than there are connections: the last have to wait for one.
            asked = [node.head("blog") for _ in range(50)]
            late = node.commit(lease.state, [entry("b")], lease)
            answers = await asyncio.gather(*asked, late, return_exceptions=True)
            assert all(isinstance(answer, TimelineError) for answer in answers), answers
            await until(lambda: caplog.records)
            redis.thaw()
            # What it was asked while it was frozen may have been done since; only the answer came too late.
            await node.commit(lease.state, [entry("b")], lease)
            assert await watched == [(2, "b")]
        assert await titles(node) == ["b", "a"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    caplog.clear()


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_a_redis_without_memory_stores_nothing_of_a_commit(
    redis: RedisServer, timeline: RedisTimeline, withdrawn: bool
) -> None:
    await commit(timeline, entry("a"), entry("b"))
    lease = await claimed(timeline)
    state = replace(lease.state, etag='"2"')
    entries = [] if withdrawn else [entry("c"), entry("a", "corrected")]
    gone = [("blog", "b")] if withdrawn else []
    before = contents(redis)
    redis.ask("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(TimelineError, match="maxmemory"):
        await timeline.commit(state, entries, lease, gone)
    assert contents(redis) == before
    redis.ask("CONFIG", "SET", "maxmemory", "0")
    assert await timeline.commit(state, entries, lease, gone) == (1 if withdrawn else 2)
    assert await titles(timeline) == (["a"] if withdrawn else ["c", "b", "corrected"])


@pytest.mark.parametrize("kept", [2, 0])
async def test_events_that_were_trimmed_before_a_watcher_had_them_are_missed(
    redis: RedisServer, timeline: RedisTimeline, kept: int
) -> None:
    await commit(timeline, entry("a"))
    async with watching(timeline) as events:
        await commit(timeline, *(entry(f"e{n}") for n in range(5)))
        redis.ask("XTRIM", "{livelog}:blog:events", "MAXLEN", kept)
        assert await loss(events) == "expired"


async def test_a_hole_among_the_events_is_missed(redis: RedisServer, timeline: RedisTimeline) -> None:
    async with watching(timeline) as events:
        await commit(timeline, *(entry(f"e{n}") for n in range(5)))
        redis.ask("XDEL", "{livelog}:blog:events", "3-0")
        assert await loss(events) == "expired"


async def test_events_that_were_trimmed_after_a_watcher_had_them_are_not_missed(
    redis: RedisServer, timeline: RedisTimeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timeline.redis.event_log.BLOCK_SECONDS", 0.05)
    async with watching(timeline) as events:
        await commit(timeline, entry("a"), entry("b"))
        assert await seen(events, 2) == [(1, "a"), (2, "b")]
        redis.ask("XTRIM", "{livelog}:blog:events", "MAXLEN", 0)
        watched = asyncio.create_task(seen(events, 1))
        scripts = redis.ask("INFO", "commandstats")["cmdstat_evalsha"]["calls"]
        await until(lambda: redis.ask("INFO", "commandstats")["cmdstat_evalsha"]["calls"] >= scripts + 3)
        await commit(timeline, entry("c"))
        assert await watched == [(3, "c")]


async def test_a_watcher_that_is_interrupted_between_two_blogs_misses_nothing(
    redis: RedisServer, timeline: RedisTimeline, caplog: pytest.LogCaptureFixture
) -> None:
    reads = 0

    def second_read_of_items(question: bytes) -> bool:
        nonlocal reads
        reads += b"HMGET" in question
        return b"HMGET" in question and reads == 2

    proxy = Proxy(redis, second_read_of_items)
    async with proxy as url, opened(url) as node, watching(node, "blog", "other") as events:
        await commit(timeline, entry("a"), entry("b", blog="other"))
        assert sorted(await seen(events, 2)) == [(1, "a"), (1, "b")]
    assert proxy.lost == 1
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    caplog.clear()


async def test_a_watcher_of_one_node_receives_a_commit_by_another(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    async with watching(timeline) as events, opened(redis.url) as other:
        await commit(other, entry("a"))
        await commit(other, entry("a", "corrected"), withdrawn=[("blog", "a")])
        assert await seen(events, 3) == [(1, "a"), (2, "a"), (3, "a")]


async def test_a_primary_that_becomes_a_replica_is_waited_for(
    redis: RedisServer, timeline: RedisTimeline, caplog: pytest.LogCaptureFixture
) -> None:
    """An orderly fail-over ends a read that waits with an error of its own; then the new replica refuses writes."""
    events = timeline.watch(["blog"])
    assert await anext(events) == []
    waiting = asyncio.create_task(anext(events))
    await asyncio.sleep(0.2)
    redis.ask("REPLICAOF", "127.0.0.1", "1")
    await until(lambda: any("trying again" in record.getMessage() for record in caplog.records))
    redis.ask("REPLICAOF", "NO", "ONE")
    await until(lambda: any("read again" in record.getMessage() for record in caplog.records))
    await commit(timeline, entry("a"))
    assert [event.id for event in await asyncio.wait_for(waiting, 30)] == ["a"]
    await events.aclose()
    caplog.clear()
