"""Resume: the messages that clients are sent first, and how seldom the timeline is asked for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from entries import Cursor, Event
from fanout.channel import Channel
from fanout.frames import SLICE_BYTES, Transport
from fanout.history import History
from fanout.resume import MAX_KEPT_BYTES, REPLAY_LIMIT, Backlog, Resume
from tests.fanout.fake_connection import Received, read
from tests.timeline.drafts import commit, entry
from timeline import Replay, Timeline, TimelineError

WS, SSE = Transport.WEBSOCKET, Transport.EVENT_STREAM


class Desk:
    """The backlogs of a blog, with the calls to its timeline counted."""

    def __init__(self, timeline: Timeline, head: Cursor, max_bytes: int = 10**7) -> None:
        self.timeline = timeline
        self.head = head
        self.channel = Channel(History(head, max_bytes), lambda: None)
        self.resume = Resume("blog", self.channel, timeline)
        self.asked: list[str] = []

    def count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("replay", "page"):
            monkeypatch.setattr(self.timeline, name, self._counted(name, getattr(self.timeline, name)))

    def after(self, seq: int) -> str:
        return f"{self.head.epoch}.{seq}"

    async def publish(self, count: int = 1, size: int = 10) -> None:
        """Commits posts, and pushes them to the channel."""
        seq = self.channel.history.head.seq
        posts = (entry(f"e{n}", content_html="x" * size) for n in range(seq, seq + count))
        await commit(self.timeline, *posts)
        replay = await self.timeline.replay("blog", self.channel.history.head, count)
        self.receive(*replay.events)

    def receive(self, *events: Event) -> None:
        self.channel.push(events)
        while not self.channel.serve(float("inf")):
            pass

    def _counted(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.asked.append(name)
            return method(*arguments)

        return call


@pytest.fixture
async def desk(timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(timeline, await timeline.head("blog"))
    await made.publish(3)
    made.count(monkeypatch)
    return made


def received(backlog: Backlog, transport: Transport = SSE) -> list[Received]:
    return [one for frame in backlog.frames for one in read(frame, transport)]


def in_short(backlog: Backlog, transport: Transport = SSE) -> list[tuple[str, str | None]]:
    """The types, and the ids that a browser reconnects with."""
    return [(one.message["type"], one.id) for one in received(backlog, transport)]


async def test_who_has_nothing_is_at_the_head(desk: Desk) -> None:
    backlog = await desk.resume.backlog(None, SSE)
    assert in_short(backlog) == [("hello", desk.after(3))]
    assert backlog.cursor == desk.channel.history.head


async def test_who_has_everything_is_at_the_head(desk: Desk) -> None:
    backlog = await desk.resume.backlog(desk.after(3), SSE)
    assert in_short(backlog) == [("hello", desk.after(3))]
    assert received(backlog)[0].message["recovered"]


async def test_who_missed_something_keeps_its_cursor_until_it_has_it(desk: Desk) -> None:
    backlog = await desk.resume.backlog(desk.after(1), SSE)
    assert in_short(backlog) == [("hello", None), ("entry", desk.after(2)), ("entry", desk.after(3))]
    assert received(backlog)[0].message["missed"] == 2
    assert desk.asked == []


async def test_who_can_not_be_served_keeps_its_cursor_until_it_has_the_reset(desk: Desk) -> None:
    backlog = await desk.resume.backlog("lost.7", SSE)
    assert in_short(backlog) == [("hello", None), ("reset", desk.after(3))]
    assert not received(backlog)[0].message["recovered"]


async def test_those_with_the_same_cursor_are_sent_the_same_bytes_until_something_comes(desk: Desk) -> None:
    one, other = [await desk.resume.backlog(desk.after(1), WS) for _ in range(2)]
    assert len(one.frames) == 1
    assert one.frames[0] is other.frames[0]
    await desk.publish()
    assert len(received(await desk.resume.backlog(desk.after(1), WS), WS)) == 4


async def test_what_is_too_large_for_one_piece_is_not_joined_for_each_cursor(desk: Desk) -> None:
    await desk.publish(20, 60_000)
    backlog = await desk.resume.backlog(desk.after(1), WS)
    other = await desk.resume.backlog(desk.after(2), WS)
    assert sum(map(len, backlog.frames)) > SLICE_BYTES
    assert backlog.frames[-1] is other.frames[-1]


async def test_what_is_kept_is_bounded(desk: Desk) -> None:
    await desk.publish(100, 2_000)
    for seq in range(100):
        await desk.resume.backlog(desk.after(seq), WS)
        assert desk.resume._kept_bytes <= MAX_KEPT_BYTES
    for number in range(2_000):
        await desk.resume.backlog(f"nonsense {number}" + "x" * 10_000, WS)
    assert len(desk.resume._kept) <= 1_000


async def test_a_storm_of_cursors_of_an_epoch_that_is_over_asks_once(desk: Desk) -> None:
    backlogs = await asyncio.gather(*(desk.resume.backlog(f"lost.{n}", WS) for n in range(50)))
    assert {received(backlog, WS)[1].message["gap"]["reason"] for backlog in backlogs} == {"epoch"}
    assert sorted(desk.asked) == ["page", "replay"]


async def test_who_was_away_for_too_long_is_told_so_without_asking_what_it_missed(desk: Desk) -> None:
    history = desk.channel.history
    far = history.head.seq + REPLAY_LIMIT + 1
    desk.receive(*(Event("blog", Cursor(history.head.epoch, seq), "delete", "x", None) for seq in range(4, far + 1)))
    for seq in (0, 1, 2):
        backlog = await desk.resume.backlog(desk.after(seq), WS)
        assert received(backlog, WS)[1].message["gap"] == {"after": desk.after(seq), "reason": "expired"}
    assert "replay" not in desk.asked


async def test_the_history_is_filled_once(timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> None:
    await commit(timeline, *(entry(f"e{n}") for n in range(20)))
    desk = Desk(timeline, await timeline.head("blog"))
    desk.count(monkeypatch)
    backlogs = await asyncio.gather(*(desk.resume.backlog(desk.after(n), WS) for n in range(20)))
    assert [received(backlog, WS)[0].message["missed"] for backlog in backlogs] == list(range(20, 0, -1))
    assert desk.asked == ["replay"]


async def test_what_the_history_has_no_room_for_comes_from_the_timeline_within_bounds(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanout.resume.MAX_OWN_BYTES", 45_000)
    await commit(timeline, *(entry(f"e{n}", content_html="x" * 1_000) for n in range(20)))
    desk = Desk(timeline, await timeline.head("blog"), max_bytes=5_000)
    first = await desk.resume.backlog(desk.after(0), WS)
    assert received(first, WS)[0].message["missed"] == 20
    second = await desk.resume.backlog(desk.after(1), WS)
    assert received(second, WS)[1].message["gap"]["reason"] == "expired"
    desk.resume.release(first)
    desk.resume.release(second)
    third = await desk.resume.backlog(desk.after(1), WS)
    assert received(third, WS)[0].message["missed"] == 19
    desk.resume.release(third)


class Away:
    """A timeline that does not answer: each caller waits for the timeout."""

    TIMEOUT = 0.2

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        self.is_back = False
        self._replay = desk.timeline.replay
        monkeypatch.setattr(desk.timeline, "replay", self.replay)

    async def replay(self, blog: str, after: Cursor, limit: int) -> Replay:
        self.asked += 1
        if self.is_back:
            return await self._replay(blog, after, limit)
        await asyncio.sleep(self.TIMEOUT)
        raise TimelineError("timed out")


async def test_all_that_wait_for_the_timeline_share_its_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Away(desk, monkeypatch)
    began = monotonic()
    failures = await asyncio.gather(
        *(desk.resume.backlog(f"another{n}.1", WS) for n in range(20)), return_exceptions=True
    )
    assert monotonic() - began < 2 * Away.TIMEOUT
    assert [str(failure) for failure in failures if isinstance(failure, TimelineError)] == ["timed out"] * 20
    assert away.asked == 1


async def test_a_failure_of_the_timeline_is_repeated_for_a_moment_only(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanout.resume.FAILURE_SECONDS", 0.1)
    away = Away(desk, monkeypatch)
    for _ in range(2):
        with pytest.raises(TimelineError, match="timed out"):
            await desk.resume.backlog("another.1", WS)
    assert away.asked == 1
    away.is_back = True
    await asyncio.sleep(0.15)
    backlog = await desk.resume.backlog("another.1", WS)
    assert received(backlog, WS)[1].message["gap"]["reason"] == "epoch"


async def test_what_is_in_memory_is_served_while_the_timeline_is_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    Away(desk, monkeypatch)
    with pytest.raises(TimelineError):
        await desk.resume.backlog("another.1", WS)
    assert received(await desk.resume.backlog(desk.after(1), WS), WS)[0].message["missed"] == 2


async def test_nothing_is_asked_for_a_client_that_left_while_it_waited(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away(desk, monkeypatch)
    away.is_back = True
    first = asyncio.create_task(desk.resume.backlog("another.1", WS))
    with pytest.raises(ConnectionError):
        await desk.resume.backlog("athird.1", WS, is_gone=lambda: True)
    await first
    assert away.asked == 1
