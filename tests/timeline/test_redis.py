"""What only the Redis store does: the servers it refuses or warns of, and how it notices that data was lost."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from entries import Cursor, Event
from feedstate import Mark, Marks
from tests.livelog import PATIENCE, ROOT, until
from tests.redis import RedisServer
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from timeline import DAY, HistoryLostError, Lease, LeaseLostError, Limits, TimelineError, open_timeline
from timeline.redis import RedisTimeline
from timeline.redis.feed_jobs import FENCE_RANDOM
from timeline.retention import Retention

COMMIT = hashlib.sha1((ROOT / "timeline/redis/scripts/commit.lua").read_bytes()).hexdigest().encode()
"""Name of the script in EVALSHA: what a commit is recognised by on the wire."""

SOON = 10.0
"""Seconds within which a loss is noticed; a watcher checks every second."""


class Proxy:
    """A proxy before a Redis that drops the replies for which ``loses`` returns True.

    A lost reply is that of a command which was done: the connection is closed instead of answering.
    """

    def __init__(self, redis: RedisServer, loses: Callable[[bytes], bool]) -> None:
        self.lost = 0
        self._redis = redis
        self._loses = loses
        self._server: asyncio.Server | None = None
        self._relaying = 0

    async def __aenter__(self) -> str:
        """Starts; returns its address, as a `store`."""
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await until(lambda: not self._relaying)

    async def _relay(self, asking: asyncio.StreamReader, answering: asyncio.StreamWriter) -> None:
        answers, asked = await asyncio.open_connection("127.0.0.1", self._redis.port)
        self._relaying += 1
        losing = False

        async def pass_questions_on() -> None:
            nonlocal losing
            while question := await asking.read(2**20):
                losing = losing or self._loses(question)
                asked.write(question)
            asked.write_eof()

        async def pass_answers_on() -> None:
            while (answer := await answers.read(2**20)) and not losing:
                answering.write(answer)
            self.lost += losing
            answering.close()

        await asyncio.gather(pass_questions_on(), pass_answers_on(), return_exceptions=True)
        asked.close()
        answering.close()
        self._relaying -= 1


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[RedisTimeline]:
    """Another node's timeline."""
    another = await RedisTimeline.open(url)
    try:
        yield another
    finally:
        await another.close()


@asynccontextmanager
async def impostor(**answers: str) -> AsyncIterator[str]:
    """A server with these answers to these commands, and OK to all others; its address, as a `store`."""

    async def answer(asking: asyncio.StreamReader, answering: asyncio.StreamWriter) -> None:
        while question := await asking.read(2**16):
            for command in re.findall(r"^\*\d+\r\n\$\d+\r\n(\w+)\r", question.decode(), re.MULTILINE):
                answering.write(f"{answers.get(command, '+OK')}\r\n".encode())
        answering.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()


async def claimed(node: RedisTimeline) -> Lease:
    """A lease of the feed."""
    await node.follow({FEED: 0.0})
    (lease,) = await node.claim(NOW, 1, LEASE_SECONDS)
    return lease


@asynccontextmanager
async def watching(node: RedisTimeline, *blogs: str) -> AsyncIterator[AsyncIterator[Sequence[Event]]]:
    """A watcher of these blogs, which misses nothing from here on."""
    events = node.watch(blogs or ["blog"])
    assert await anext(events) == []
    try:
        yield events
    finally:
        await events.aclose()


async def seen(events: AsyncIterator[Sequence[Event]], count: int) -> list[tuple[int, str]]:
    """The next events: their numbers, and what they are of."""
    got: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        while len(got) < count:
            got += await anext(events)
    return [(event.cursor.seq, event.id) for event in got]


async def loss(events: AsyncIterator[Sequence[Event]]) -> str:
    """Why the history is no longer what the watcher has read; it says so soon."""
    try:
        async with asyncio.timeout(SOON):
            async for _ in events:
                pass
    except HistoryLostError as lost:
        return lost.reason
    return "it is not lost"


def contents(redis: RedisServer) -> Mapping[bytes, bytes | None]:
    """All that Redis holds."""
    with Redis(port=redis.port) as client:
        return {key: client.dump(key) for key in client.scan_iter()}


def write_at_once(redis: RedisServer) -> None:
    """What Redis was given is in its file before it answers; else it may wait, where the disk is busy, for 2 s."""


def keep_copy(redis: RedisServer) -> Path:
    """A copy of what Redis has on disk."""
    write_at_once(redis)
    return Path(shutil.copytree(redis.folder, redis.folder.with_name("copy")))


async def put_back(redis: RedisServer, copy: Path) -> None:
    """Redis dies, and begins again with the copy."""
    redis.stop()
    shutil.rmtree(redis.folder)
    shutil.copytree(copy, redis.folder)
    await asyncio.to_thread(redis.start)


@pytest.fixture
async def timeline(redis: RedisServer) -> AsyncIterator[RedisTimeline]:
    opened = await RedisTimeline.open(redis.url)
    yield opened
    await opened.close()


async def test_an_unreachable_redis_is_reported_without_its_password(redis: RedisServer) -> None:
    redis.stop()
    with pytest.raises(TimelineError) as raised:
        await open_timeline(f"redis://:s3cret@127.0.0.1:{redis.port}/0")
    assert str(raised.value) == f"redis://127.0.0.1:{redis.port}/0: Connection refused"


async def test_a_wrong_password_is_not_in_the_error(redis: RedisServer) -> None:
    redis.ask("CONFIG", "SET", "requirepass", "right")
    for url in (redis.url, redis.url.replace("//", "//:s3cret@")):
        with pytest.raises(TimelineError, match=r"redis://127[^@]*: the user name or the password is wrong"):
            await open_timeline(url)


async def test_a_redis_that_may_forget_is_warned_of(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    redis.ask("CONFIG", "SET", "appendonly", "no")
    await (await open_timeline(redis.url)).close()
    logged = [record.getMessage() for record in caplog.records]
    assert logged == [
        "Redis may drop what it should keep: set its maxmemory-policy to noeviction (it is allkeys-lru).",
        "Redis writes no append-only file and may forget what it was given: set appendonly to yes.",
    ]
    caplog.clear()


async def test_a_redis_that_is_too_old_is_refused() -> None:
    async with impostor(INFO="$20\r\nredis_version:5.0.14") as url:
        with pytest.raises(TimelineError) as raised:
            await open_timeline(url)
    assert str(raised.value) == f"{url}: Redis 5.0.14 is too old, 6.2 or later is needed"


async def test_a_trouble_is_recognised_in_the_words_of_redis_6() -> None:
    refusal = "-ERR Error running script (call to f_1f): @user_script:8: @user_script: 8: -OOM command not allowed"
    now = f"{int(time.time())}"
    answers = {"INFO": "$20\r\nredis_version:6.2.14", "GET": "$-1", "TIME": f"*2\r\n${len(now)}\r\n{now}\r\n$1\r\n0"}
    async with impostor(**answers, EVALSHA=refusal) as url:
        with pytest.raises(TimelineError, match="OOM command not allowed"):
            await open_timeline(url)


async def test_a_commit_whose_answer_was_lost_is_made_again_without_a_trace(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await commit(timeline)  # From here on Redis knows the script: what is lost is a commit, not its loading.
    feeds = [f"https://example.org/{n}" for n in range(1_000)]
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
        leases = await node.claim(NOW, 1_000, LEASE_SECONDS)
        # Ten at a time, so that answers are lost beside others that are not.
        await asyncio.gather(*(commit_until_answered(node, leases[n::10]) for n in range(10)))
    assert proxy.lost == 1_000
    assert redis.ask("XLEN", "{livelog}:blog:events") == 1_000
    replay = await timeline.replay("blog", Cursor((await timeline.head("blog")).epoch, 0), 2_000)
    assert sorted(event.id for event in replay.events) == sorted(f"e{n}" for n in range(1_000))


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


async def test_a_redis_that_was_emptied_is_noticed_once_by_a_claim(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await commit(timeline, entry("a"))
    before = (await timeline.head("blog")).epoch
    late = await claimed(timeline)
    redis.ask("FLUSHALL")
    with pytest.raises(HistoryLostError) as raised:
        await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert raised.value.reason == "epoch"
    assert await timeline.claim(NOW, 1, LEASE_SECONDS) == [], "nothing is followed"
    lease = await claimed(timeline)
    with pytest.raises(LeaseLostError):
        await timeline.commit(late.state, [entry("late")], late)
    assert await timeline.commit(lease.state, [entry("b")], lease) == 1
    assert await titles(timeline) == ["b"]
    assert (await timeline.head("blog")).epoch != before


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


async def test_a_lease_of_before_an_older_copy_was_put_back_is_lost(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await timeline.follow({FEED: 0.0})
    copy = keep_copy(redis)
    (before,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await put_back(redis, copy)
    with pytest.raises(LeaseLostError):
        await timeline.commit(before.state, [entry("late")], before)
    async with opened(redis.url) as other:
        (after,) = await other.claim(NOW, 1, LEASE_SECONDS)
        assert after.fence // FENCE_RANDOM == before.fence // FENCE_RANDOM, "as many claims as then"
        assert await timeline.renew([before], NOW + LEASE_SECONDS) == []
        with pytest.raises(LeaseLostError):
            await timeline.commit(before.state, [entry("late")], before)
        assert await titles(timeline) == []
        assert await other.commit(after.state, [entry("good")], after) == 1


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


async def test_a_redis_without_memory_is_freed_by_what_is_retired(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await commit(timeline, *(entry(f"e{n}", "x" * 1_000, at=NOW + n) for n in range(10)))
    redis.ask("CONFIG", "SET", "maxmemory", "1")
    assert await timeline.retire(NOW, Limits(entries=2, events=3)) == 8 + 7
    assert redis.ask("HLEN", "{livelog}:blog:items") == 2


async def test_a_redis_without_memory_is_freed_though_feeds_cannot_be_dated(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await commit(timeline, *(entry(f"e{n}", "x" * 1_000, at=NOW + n) for n in range(10)))
    await timeline.follow({})
    redis.ask("CONFIG", "SET", "maxmemory", "1")
    assert await timeline.retire(NOW, Limits(entries=2, events=3)) == 8 + 7
    redis.ask("CONFIG", "SET", "maxmemory", "0")
    assert await timeline.retire(NOW, Limits(entries=2, events=3)) == 0
    assert redis.ask("ZSCORE", "{livelog}:unfollowed", FEED) == NOW


async def test_nothing_is_left_of_a_feed_that_was_forgotten(redis: RedisServer, timeline: RedisTimeline) -> None:
    await commit(timeline, listed=Marks({"a": Mark("1")}), problem="500", failures=1)
    await timeline.postpone([FEED], NOW * 2)
    await timeline.follow({})
    await timeline.retire(NOW, Limits())
    await timeline.retire(NOW + 31 * DAY, Limits())
    assert sorted(contents(redis)) == [b"{livelog}:epoch", b"{livelog}:schema"]


@pytest.mark.parametrize("many", [2_000, pytest.param(10_000, marks=pytest.mark.soak)])
async def test_reads_that_are_given_up_at_any_moment_end_and_cross_no_answers(
    redis: RedisServer, timeline: RedisTimeline, many: int
) -> None:
    chance = random.Random(8)
    ids = [f"e{n}" for n in range(100)]
    await commit(timeline, *(entry(name, f"The text of {name}.") for name in ids))

    async def read(name: str) -> bool:
        return f'"The text of {name}."' in (await timeline.entry("blog", name) or "")

    given_up = 0
    while given_up < many:
        reads = [asyncio.create_task(read(chance.choice(ids))) for _ in range(40)]
        cancelled = set()
        while waiting := [one for one in reads if not one.done()]:
            await asyncio.sleep(0)
            if chance.random() < 0.3 and (one := chance.choice(waiting)).cancel():
                cancelled.add(one)
        for one in reads:
            assert one.cancelled() if one in cancelled else one.result()
        given_up += len(cancelled)
    # Nor is any connection lost to the pool.
    assert all(await asyncio.gather(*(read(name) for name in ids)))


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


async def test_a_feed_is_claimed_by_one_of_many_nodes(redis: RedisServer, timeline: RedisTimeline) -> None:
    feeds = [f"https://example.org/{n}" for n in range(50)]
    await timeline.follow(dict.fromkeys(feeds, 0.0))
    async with opened(redis.url) as second, opened(redis.url) as third:
        nodes = [timeline, second, third]
        claims = await asyncio.gather(*(node.claim(NOW, 7, LEASE_SECONDS) for node in nodes * 10))
    assert sorted(lease.url for leases in claims for lease in leases) == sorted(feeds)


async def test_what_one_node_postpones_no_other_claims(redis: RedisServer, timeline: RedisTimeline) -> None:
    await timeline.follow({FEED: 0.0})
    async with opened(redis.url) as other:
        await other.postpone([FEED], NOW + 90)
        await timeline.follow({FEED: 0.0})
        assert await timeline.claim(NOW + 89, 1, LEASE_SECONDS) == []
        assert await timeline.claim(NOW + 90, 1, LEASE_SECONDS)


async def test_a_pause_is_forgotten_when_a_poll_has_come_after_it(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    lease = await claimed(timeline)
    await timeline.postpone([FEED], NOW)
    await timeline.commit(replace(lease.state, checked_at=NOW - 1), [], lease)
    assert redis.ask("HLEN", "{livelog}:pauses") == 1
    await commit(timeline)
    assert redis.ask("HLEN", "{livelog}:pauses") == 0


async def test_several_nodes_may_retire_at_once(redis: RedisServer, timeline: RedisTimeline) -> None:
    await commit(timeline, *(entry(f"e{n:02}", at=NOW + n) for n in range(60)))
    limits = Limits(entries=20, events=10, memory=5)
    async with opened(redis.url) as second, opened(redis.url) as third:
        sweeps = (Retention(node, limits, lambda: NOW).sweep() for node in (timeline, second, third))
        assert sum(await asyncio.gather(*sweeps)) == 40 + 50 + 35
    assert await titles(timeline) == [f"e{n}" for n in reversed(range(40, 60))]


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
