"""The fan-out: which client is sent what, when, and in which order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing
from types import AsyncGeneratorType
from typing import Any

import pytest

from entries import FRONT_PAGE, Cursor, Event
from fanout.channel import MAX_BEHIND_BYTES
from fanout.fanout import FanOut
from fanout.heartbeat import ALIVE_SECONDS
from fanout.resume import REPLAY_LIMIT
from tests.fanout.fake_connection import FakeConnection
from tests.livelog import until
from tests.timeline.drafts import NOW, commit, entry
from timeline import HistoryLostError, Replay, Timeline, TimelineError
from timeline.sqlite import SqliteTimeline


@pytest.fixture
async def fanout(timeline: Timeline) -> AsyncIterator[FanOut]:
    started = FanOut(timeline, ["blog", "other"])
    await started.start()
    yield started
    await started.close()


async def caught_up(fanout: FanOut, timeline: Timeline) -> None:
    """Waits until the fan-out has seen all that was committed."""
    head = await timeline.head("blog")
    await until(lambda: fanout._channels["blog"].history.head == head)


async def test_a_client_without_a_cursor_gets_hello_and_what_comes_next(timeline: Timeline, fanout: FanOut) -> None:
    await commit(timeline, entry("before"))
    client = FakeConnection()
    head = str(await timeline.head("blog"))
    await caught_up(fanout, timeline)
    await fanout.join("blog", client, None)
    assert client.messages == [
        {"type": "hello", "cursor": head, "recovered": False, "missed": 0, "alive": ALIVE_SECONDS}
    ]
    await commit(timeline, entry("next"))
    assert (await client.has(2))[1] == ("entry", "next")


async def test_events_go_to_the_clients_of_their_blog_only(timeline: Timeline, fanout: FanOut) -> None:
    one, two = FakeConnection(), FakeConnection()
    await fanout.join("blog", one, None)
    await fanout.join("other", two, None)
    await commit(timeline, entry("a", blog="other"), entry("b"), entry("c", blog="unconfigured"))
    assert (await one.has(2))[1:] == [("entry", "b")]
    assert (await two.has(2))[1:] == [("entry", "a")]


async def test_a_client_that_reconnects_gets_what_it_missed(timeline: Timeline, fanout: FanOut) -> None:
    await commit(timeline, entry("a"))
    cursor = str(await timeline.head("blog"))
    await commit(timeline, entry("b"), entry("c"))
    await caught_up(fanout, timeline)
    client = FakeConnection()
    await fanout.join("blog", client, cursor)
    assert client.messages[0] == {
        "type": "hello",
        "cursor": str(await timeline.head("blog")),
        "recovered": True,
        "missed": 2,
        "alive": ALIVE_SECONDS,
    }
    assert client.received[1:] == [("entry", "b"), ("entry", "c")]


async def test_what_changed_while_a_client_was_away_arrives_in_its_last_form_only(
    timeline: Timeline, fanout: FanOut
) -> None:
    await commit(timeline, entry("known"), entry("doomed"))
    cursor = str(await timeline.head("blog"))
    await commit(timeline, entry("known", "v2"), entry("new"), entry("brief"))
    await commit(timeline, entry("known", "v3"), entry("new", "n2"))
    await commit(timeline, withdrawn=[("blog", "doomed"), ("blog", "brief")])
    await caught_up(fanout, timeline)
    client = FakeConnection()
    await fanout.join("blog", client, cursor)
    assert client.messages[0]["missed"] == 4
    assert client.received[1:] == [("update", "known"), ("entry", "new"), ("delete", "doomed"), ("delete", "brief")]
    assert client.messages[1]["item"]["title"] == "v3"
    assert client.messages[-1]["cursor"] == str(await timeline.head("blog"))


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "a.b", "x" * 10_000, "00000000.1", "é.1", "-.1", "ab.-1", "ab.01"]
)
async def test_a_cursor_that_can_not_be_served_gets_a_reset(timeline: Timeline, fanout: FanOut, cursor: str) -> None:
    await commit(timeline, entry("a"), entry("b", at=NOW + 1))
    client = FakeConnection()
    await fanout.join("blog", client, cursor)
    hello, reset = client.messages
    assert (hello["type"], hello["recovered"]) == ("hello", False)
    assert (reset["type"], reset["cursor"]) == ("reset", str(await timeline.head("blog")))
    assert reset["gap"] == {"after": cursor[:64], "reason": "epoch"}
    assert [item["id"] for item in reset["items"]] == ["b", "a"]


async def test_a_client_that_missed_too_much_gets_a_reset_with_the_newest(timeline: Timeline, fanout: FanOut) -> None:
    start = str(await timeline.head("blog"))
    await commit(timeline, *(entry(f"e{n:04}", at=NOW + n) for n in range(REPLAY_LIMIT + 1)))
    await caught_up(fanout, timeline)
    client = FakeConnection()
    await fanout.join("blog", client, start)
    reset = client.messages[1]
    assert (reset["type"], reset["gap"]) == ("reset", {"after": start, "reason": "expired"})
    assert len(reset["items"]) == FRONT_PAGE


async def test_what_is_committed_while_a_client_joins_comes_once_and_in_order(
    timeline: Timeline, fanout: FanOut
) -> None:
    start = str(await timeline.head("blog"))
    await commit(timeline, entry("a"))
    client = FakeConnection()
    client.stop()
    joining = asyncio.create_task(fanout.join("blog", client, start))
    await until(lambda: client in fanout._channels["blog"].joining)
    await commit(timeline, entry("b"))
    await commit(timeline, entry("c"))
    await until(lambda: fanout._channels["blog"].history.head.seq == 3)
    client.go_on()
    await joining
    await commit(timeline, entry("d"))
    assert [what for _, what in await client.has(5)][1:] == ["a", "b", "c", "d"]


async def test_a_client_ahead_of_the_fan_out_gets_nothing_twice(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is rendered from the timeline; the fan-out may learn of its last events a moment later."""
    fanout = FanOut(timeline, ["blog"])
    await fanout.start()
    channel = fanout._channels["blog"]
    push = fanout._push
    held: list[Sequence[Event]] = []

    async def hold(batch: Sequence[Event]) -> None:
        held.append(batch)

    monkeypatch.setattr(fanout, "_push", hold)
    await commit(timeline, entry("a"))
    await commit(timeline, entry("b"))
    client = FakeConnection()
    await fanout.join("blog", client, str(await timeline.head("blog")))
    assert client.seq == 2 > channel.history.head.seq
    await until(lambda: sum(len(batch) for batch in held) == 2)
    await commit(timeline, entry("c"))
    await until(lambda: sum(len(batch) for batch in held) == 3)
    for batch in held:
        await push(batch)
    assert (await client.has(2))[1:] == [("entry", "c")]
    await fanout.close()


async def test_a_client_that_never_catches_up_is_evicted(timeline: Timeline, fanout: FanOut) -> None:
    client = FakeConnection()
    client.stop()
    joining = asyncio.create_task(fanout.join("blog", client, None))
    await until(lambda: client in fanout._channels["blog"].joining)
    for n in range(2 * MAX_BEHIND_BYTES // 50_000):
        await commit(timeline, entry(f"e{n}", content_html="x" * 50_000))
    await until(lambda: client.evicted)
    with pytest.raises(ConnectionError):
        await joining
    assert fanout.readers() == {"blog": 0, "other": 0}


async def test_a_client_that_leaves_is_sent_nothing_more(timeline: Timeline, fanout: FanOut) -> None:
    gone, staying = FakeConnection(), FakeConnection()
    await fanout.join("blog", gone, None)
    await fanout.join("blog", staying, None)
    assert fanout.readers() == {"blog": 2, "other": 0}
    fanout.leave("blog", gone)
    await commit(timeline, entry("a"))
    await staying.has(2)
    assert len(gone.messages) == 1


async def test_a_client_that_leaves_while_it_joins_is_forgotten(timeline: Timeline, fanout: FanOut) -> None:
    client = FakeConnection()
    client.stop()
    joining = asyncio.create_task(fanout.join("blog", client, None))
    await until(lambda: client in fanout._channels["blog"].joining)
    fanout.leave("blog", client)
    client.go_on()
    await joining
    assert fanout.readers()["blog"] == 0


async def test_a_timeline_that_is_down_fails_the_join_and_leaves_no_client_behind(
    timeline: Timeline, fanout: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: object) -> Replay:
        raise TimelineError("down")

    monkeypatch.setattr(timeline, "replay", down)
    with pytest.raises(TimelineError):
        await fanout.join("blog", FakeConnection(), "another.1")
    assert fanout.readers()["blog"] == 0


async def test_the_timeline_is_not_asked_for_connections_that_ended_while_they_waited(
    timeline: Timeline, fanout: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answer = asyncio.Event()
    replay = timeline.replay

    async def slow(blog: str, after: Cursor, limit: int) -> Replay:
        asked.append(after.epoch)
        await answer.wait()
        return await replay(blog, after, limit)

    monkeypatch.setattr(timeline, "replay", slow)
    connections = [FakeConnection() for _ in range(20)]
    joins = [
        asyncio.create_task(fanout.join("blog", connection, f"another{n}.1"))
        for n, connection in enumerate(connections)
    ]
    await until(lambda: asked)
    for connection in connections[1:]:
        fanout.leave("blog", connection)
    answer.set()
    results = await asyncio.gather(*joins, return_exceptions=True)
    assert asked == ["another0"]
    assert results[0] is None
    assert all(isinstance(result, ConnectionError) for result in results[1:])
    assert fanout.readers()["blog"] == 1


def counted(calls: list[str], name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        calls.append(name)
        return method(*arguments)

    return call


async def test_a_storm_of_returning_clients_reads_the_timeline_once(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    await commit(timeline, *(entry(f"e{n:03}", at=NOW + n) for n in range(200)))
    epoch = (await timeline.head("blog")).epoch
    fanout = FanOut(timeline, ["blog"])
    await fanout.start()
    reads: list[str] = []
    for name in ("replay", "page"):
        monkeypatch.setattr(timeline, name, counted(reads, name, getattr(timeline, name)))
    clients = [FakeConnection() for _ in range(600)]
    cursors = [f"{epoch}.{100 + n % 100}" if n % 3 else "lost.1" for n in range(600)]
    await asyncio.gather(*(fanout.join("blog", *pair) for pair in zip(clients, cursors, strict=True)))
    resumed = [(r, c) for r, c in zip(clients, cursors, strict=True) if c != "lost.1"]
    assert all(len(r.messages) == 1 + 200 - int(c.partition(".")[2]) for r, c in resumed)
    assert all(r.received[1][0] == "reset" for r, c in zip(clients, cursors, strict=True) if c == "lost.1")
    # One fills the history, and one says that an epoch is over; the newest entries are read once for all.
    assert (reads.count("page"), reads.count("replay")) == (1, 2)
    await fanout.close()


async def test_a_lost_history_is_shown_to_everyone_as_a_gap(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await commit(timeline, entry("a"), entry("b"))
    fails: asyncio.Queue[HistoryLostError] = asyncio.Queue()
    watch = timeline.watch

    async def watch_until_lost(blogs: Collection[str]) -> AsyncGenerator[Sequence[Event], None]:
        yield await anext(watch(blogs))
        raise await fails.get()

    monkeypatch.setattr(timeline, "watch", watch_until_lost)
    fanout = FanOut(timeline, ["blog", "other"])
    await fanout.start()
    live, joining, elsewhere = FakeConnection(), FakeConnection(), FakeConnection()
    await fanout.join("blog", live, None)
    await fanout.join("other", elsewhere, None)
    joining.stop()
    task = asyncio.create_task(fanout.join("blog", joining, None))
    await until(lambda: joining in fanout._channels["blog"].joining)
    before = await timeline.head("blog")
    await commit(timeline, entry("c"))
    await fails.put(HistoryLostError("Lost, for this test.", "expired"))
    assert (await live.has(2))[1][0] == "reset"
    reset = live.messages[1]
    assert reset["gap"] == {"after": str(before), "reason": "expired"}
    assert reset["cursor"] == str(await timeline.head("blog"))
    assert sorted(item["id"] for item in reset["items"]) == ["a", "b", "c"]
    assert joining.evicted
    assert len(elsewhere.messages) == 1, "its blog has lost nothing"
    with pytest.raises(ConnectionError):
        await task
    await fanout.close()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "Lost, for this test. Readers are sent a reset."
    ]
    caplog.clear()


async def test_clients_are_closed_in_no_order(fanout: FanOut, monkeypatch: pytest.MonkeyPatch) -> None:
    clients = [FakeConnection() for _ in range(40)]
    left: list[FakeConnection] = []
    monkeypatch.setattr(FakeConnection, "close", lambda client: left.append(client))
    for client in clients:
        await fanout.join("blog", client, None)
    await fanout.close_gradually()
    assert sorted(map(id, left)) == sorted(map(id, clients))
    # It would be the same once in 10 to the 47.
    assert left != clients


async def test_who_is_yet_to_be_closed_gets_what_comes(
    timeline: Timeline, fanout: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanout.closing.CLOSE_SECONDS", 3_600)
    monkeypatch.setattr("fanout.closing.CLOSE_RATE", 1 / 3_600)
    clients = [FakeConnection() for _ in range(4)]
    for client in clients:
        await fanout.join("blog", client, None)
    leaving = asyncio.create_task(fanout.close_gradually())
    await until(lambda: any(client.closed for client in clients))
    await commit(timeline, entry("a"))
    await asyncio.gather(*(client.has(2) for client in clients if not client.closed))
    assert [client.closed for client in clients].count(True) == 1
    leaving.cancel()


async def test_close_closes_everyone(timeline: Timeline) -> None:
    fanout = FanOut(timeline, ["blog"])
    await fanout.start()
    client = FakeConnection()
    await fanout.join("blog", client, None)
    await fanout.close()
    assert client.closed
    assert fanout.readers() == {"blog": 0}


async def test_a_blog_can_be_added_while_running(timeline: Timeline, fanout: FanOut) -> None:
    with pytest.raises(TimelineError):
        await fanout.join("new", FakeConnection(), None)
    await commit(timeline, entry("before", blog="new"))
    await fanout.apply(["blog", "other", "new"])
    one, two = FakeConnection(), FakeConnection()
    await fanout.join("new", one, None)
    await fanout.join("blog", two, None)
    await commit(timeline, entry("a", blog="new"), entry("b"))
    assert (await one.has(2))[1:] == [("entry", "a")]
    assert (await two.has(2))[1:] == [("entry", "b")]
    assert fanout.readers() == {"blog": 1, "other": 0, "new": 1}


async def test_the_connections_of_a_removed_blog_are_closed_as_at_a_stop(timeline: Timeline, fanout: FanOut) -> None:
    leaving, joining, staying = FakeConnection(), FakeConnection(), FakeConnection()
    await fanout.join("other", leaving, None)
    await fanout.join("blog", staying, None)
    joining.stop()
    task = asyncio.create_task(fanout.join("other", joining, None))
    await until(lambda: joining in fanout._channels["other"].joining)
    await fanout.apply(["blog"])
    assert leaving.closed
    assert joining.closed
    assert not staying.closed
    with pytest.raises(ConnectionError):
        await task
    fanout.leave("other", leaving)
    with pytest.raises(TimelineError):
        await fanout.join("other", FakeConnection(), None)
    with pytest.raises(TimelineError):
        await fanout.missed("other", "x.1")
    await commit(timeline, entry("a"), entry("b", blog="other"))
    assert (await staying.has(2))[1:] == [("entry", "a")]
    assert fanout.readers() == {"blog": 1}


async def test_a_removed_blog_that_is_added_again_starts_at_the_head(timeline: Timeline, fanout: FanOut) -> None:
    await fanout.apply(["blog"])
    await commit(timeline, entry("a", blog="other"))
    await fanout.apply(["blog", "other"])
    connection = FakeConnection()
    await fanout.join("other", connection, None)
    assert connection.messages[0]["cursor"] == str(await timeline.head("other"))
    await commit(timeline, entry("b", blog="other"))
    assert (await connection.has(2))[1:] == [("entry", "b")]


async def test_an_event_that_is_committed_while_other_blogs_are_applied_arrives_once(
    timeline: Timeline, fanout: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the new watch begins, while heads are read, and after; the old watch delivers none of it in time."""
    connection, other = FakeConnection(), FakeConnection()
    await fanout.join("blog", connection, None)
    await fanout.join("other", other, None)
    watch, head = timeline.watch, timeline.head

    async def watch_late(blogs: Collection[str]) -> AsyncGenerator[Sequence[Event], None]:
        held.set()
        await commit(timeline, entry("a"), entry("b", blog="other"))
        async with aclosing(watch(blogs)) as events:
            yield await anext(events)
            await commit(timeline, entry("g"))
            async for batch in events:
                yield batch

    async def head_late(blog: str) -> Cursor:
        await commit(timeline, entry("c"), entry("d", blog="new"))
        found = await head(blog)
        await commit(timeline, entry("e"), entry("f", blog="new"))
        return found

    held = asyncio.Event()
    push = fanout._push

    async def push_late(batch: Sequence[Event]) -> None:
        if held.is_set() and asyncio.current_task() is before:
            await asyncio.Event().wait()
        await push(batch)

    before = fanout._following
    monkeypatch.setattr(fanout, "_push", push_late)
    monkeypatch.setattr(timeline, "watch", watch_late)
    monkeypatch.setattr(timeline, "head", head_late)
    await fanout.apply(["blog", "other", "new"])
    await connection.has(5)
    await commit(timeline, entry("h"), entry("i", blog="other"), entry("j", blog="new"))
    assert [what for _, what in await connection.has(6)][1:] == ["a", "c", "e", "g", "h"]
    assert [what for _, what in await other.has(3)][1:] == ["b", "i"]
    late = FakeConnection()
    await until(lambda: fanout._channels["new"].history.head.seq == 3)
    await fanout.join("new", late, f"{fanout._channels['new'].history.head.epoch}.0")
    assert [what for _, what in late.received][1:] == ["d", "f", "j"]


async def test_blogs_that_can_not_be_watched_change_nothing(
    timeline: Timeline, fanout: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_: str) -> Cursor:
        raise TimelineError("down")

    connection = FakeConnection()
    await fanout.join("other", connection, None)
    with monkeypatch.context() as patch:
        patch.setattr(timeline, "head", down)
        with pytest.raises(TimelineError):
            await fanout.apply(["blog", "new"])
    await commit(timeline, entry("a", blog="other"), entry("b", blog="new"))
    assert (await connection.has(2))[1:] == [("entry", "a")]
    assert fanout.readers() == {"blog": 0, "other": 1}


async def test_a_timeline_that_is_down_after_the_new_watch_began_is_waited_for(
    timeline: Timeline, fanout: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanout.fanout.RETRY_SECONDS", 0.01)
    fails = 3
    replay = timeline.replay

    async def down_at_first(blog: str, after: Cursor, limit: int) -> Replay:
        nonlocal fails
        if fails:
            fails -= 1
            raise TimelineError("down")
        return await replay(blog, after, limit)

    monkeypatch.setattr(timeline, "replay", down_at_first)
    connection = FakeConnection()
    await fanout.join("blog", connection, None)
    await fanout.apply(["blog"])
    await commit(timeline, entry("a"))
    assert (await connection.has(2))[1:] == [("entry", "a")]
    assert not fails


async def test_a_gap_behind_the_new_watch_is_shown_as_one(
    timeline: Timeline, fanout: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    await commit(timeline, entry("a"))
    await caught_up(fanout, timeline)
    connection = FakeConnection()
    await fanout.join("blog", connection, None)

    async def expired(blog: str, after: Cursor, limit: int) -> Replay:
        return Replay([], await timeline.head(blog), complete=False, reason="expired")

    async def nothing(_: Sequence[Event]) -> None:
        return

    with monkeypatch.context() as patch:
        patch.setattr(timeline, "replay", expired)
        patch.setattr(fanout, "_push", nothing)
        await commit(timeline, entry("b"))
        await fanout.apply(["blog"])
        await connection.has(2)
    assert connection.messages[1]["gap"]["reason"] == "expired"
    await commit(timeline, entry("c"))
    assert [what for _, what in await connection.has(3)][2:] == ["c"]


async def test_more_blogs_have_smaller_histories(timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanout.fanout.HISTORIES_BYTES", 12_000)
    fanout = FanOut(timeline, ["blog"])
    await fanout.start()
    assert fanout._channels["blog"].history.max_bytes == 12_000
    await fanout.apply(["blog", "other", "new"])
    assert {channel.history.max_bytes for channel in fanout._channels.values()} == {4_000}
    await fanout.close()


async def test_a_blog_without_news_gives_up_the_memory_that_another_blog_gets(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanout.fanout.HISTORIES_BYTES", 12_000)
    fanout = FanOut(timeline, ["blog"])
    await fanout.start()
    await commit(timeline, *(entry(f"e{n}", "long " * 200) for n in range(8)))
    history = fanout._channels["blog"].history
    await until(lambda: history.settled == 8)
    assert history.reaches(0)
    await fanout.apply(["blog", "other", "new"])
    assert history.reaches(5)
    assert not history.reaches(4)
    await fanout.close()


async def test_applying_at_a_close_starts_nothing(
    timeline: SqliteTimeline, fanout: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call waits for the timeline, another for the first; a third comes after the close."""
    head = timeline.head
    asked, answer = asyncio.Event(), asyncio.Event()

    async def head_late(blog: str) -> Cursor:
        asked.set()
        await answer.wait()
        return await head(blog)

    monkeypatch.setattr(timeline, "head", head_late)
    applying = [asyncio.create_task(fanout.apply(["blog", name])) for name in ("new", "newer")]
    await asked.wait()
    await fanout.close()
    answer.set()
    for task in applying:
        with pytest.raises(TimelineError, match="closed"):
            await task
    with pytest.raises(TimelineError, match="closed"):
        await fanout.apply(["blog"])
    assert all(task.done() for task in fanout._tasks)
    assert not timeline._watchers
    assert fanout.readers() == {"blog": 0, "other": 0}


async def test_the_watch_of_a_set_of_blogs_that_is_replaced_at_once_is_closed(
    timeline: Timeline, fanout: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = timeline.watch
    watches: list[AsyncGeneratorType[Sequence[Event], None]] = []
    catching_up, answer = asyncio.Event(), asyncio.Event()

    def watch_and_record(blogs: Collection[str]) -> AsyncGenerator[Sequence[Event], None]:
        events = watch(blogs)
        assert isinstance(events, AsyncGeneratorType)
        watches.append(events)
        return events

    async def replay_late(blog: str, after: Cursor, _: int) -> Replay:
        catching_up.set()
        await answer.wait()
        return Replay([], after, complete=True)

    monkeypatch.setattr(timeline, "watch", watch_and_record)
    monkeypatch.setattr(timeline, "replay", replay_late)
    await fanout.apply(["blog"])
    await catching_up.wait()
    await fanout.apply(["blog", "other"])
    answer.set()
    await commit(timeline, entry("a"))
    await caught_up(fanout, timeline)
    assert [events.ag_frame is None for events in watches] == [True, False]
