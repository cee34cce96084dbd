"""The poller when the clock is set: posts arrive as before, each as one event, and the log has one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.newsroom import Newsroom
from entries import FRONT_PAGE
from feeds.leases import LEASE_SECONDS
from tests.feeds.origins import RawOrigin, whole
from tests.feeds.polling import DAY, HOUR, MINUTE, Clock, Desk, Log

YEARS = 3650 * DAY
JUMPS = {
    MINUTE: "60 seconds",
    -MINUTE: "60 seconds",
    HOUR: "60 minutes",
    -HOUR: "60 minutes",
    YEARS: "3650 days",
    -YEARS: "3650 days",
}


def line(jump: float) -> str:
    """The line of the log about a jump."""
    return f"The clock was set {'back' if jump < 0 else 'forward'} by {JUMPS[jump]}."


async def kinds(desk: Desk) -> list[tuple[str, str | None]]:
    """Kind and title of every event."""
    titles = {item["id"]: item.get("title") for item in await desk.items()}
    return [(event.kind, titles.get(event.id)) for event in await desk.events()]


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_post_arrives_with_the_next_poll_after_the_clock_was_set_and_set_right_again(
    desk: Desk, newsroom: Newsroom, log: Log, jump: float
) -> None:
    desk.steady = Clock()
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="0")
    await desk.follow(feed.url)
    for n, seconds in enumerate((jump, 0, -jump, 0), 1):
        desk.clock.now += seconds
        await desk.later(0)
        if seconds:
            assert log.heard() == [line(seconds)]
        feed.publish(title=f"{n}")
        desk.steady.now += MINUTE
        await desk.later()
        assert len(await desk.items()) == n + 1
    assert await kinds(desk) == [("entry", f"{n}") for n in range(5)]


@pytest.mark.parametrize("jump", [-MINUTE, -HOUR, -YEARS])
async def test_a_post_arrives_with_the_next_poll_after_a_restart_with_a_clock_that_was_set_back(
    desk: Desk, newsroom: Newsroom, log: Log, jump: float
) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="0")
    await desk.follow(feed.url)
    await desk.stop()
    desk.clock.now += jump
    await desk.follow(feed.url)
    assert log.heard() == [f"The clock was set back since the last run, by {JUMPS[jump]} or more."]
    feed.publish(title="1")
    await desk.later(MINUTE - 1)
    assert len(await desk.items()) == 1, "a restart polls no earlier than it must"
    await desk.later(1)
    assert await kinds(desk) == [("entry", "0"), ("entry", "1")]


@pytest.mark.parametrize("jump", [-MINUTE, -HOUR, -YEARS])
async def test_a_poll_during_which_the_clock_is_set_back_does_not_delay_the_next(
    desk: Desk, newsroom: Newsroom, log: Log, jump: float
) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="0")

    commit = desk.timeline.commit

    async def late_commit(*arguments: Any) -> int:
        desk.clock.now += jump
        return await commit(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.timeline, "commit", late_commit)
        await desk.follow(feed.url)
    await desk.later(0)
    # A tick of the poller's own may be under way.
    async with desk.poller._claiming:
        feed.publish(title="1")
    await desk.later()
    assert await kinds(desk) == [("entry", "0"), ("entry", "1")]
    assert log.heard() == [line(jump)]


@pytest.mark.parametrize("jump", [-MINUTE, -HOUR, -YEARS])
async def test_a_lease_of_a_clock_that_was_ahead_ends_soon(
    desk: Desk, newsroom: Newsroom, log: Log, jump: float
) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="0")
    await desk.follow(feed.url)
    assert await desk.timeline.claim(desk.clock.now + MINUTE, 1, LEASE_SECONDS), "by a poll that came to nothing"
    desk.clock.now += jump
    feed.publish(title="1")
    await desk.later(0)
    await desk.later(MINUTE)
    assert len(await desk.items()) == 2
    assert log.heard() == [line(jump)]


@pytest.mark.parametrize("ahead", [2 * DAY, 30 * DAY, YEARS])
async def test_a_new_post_is_announced_though_by_a_clock_that_is_ahead_it_is_old(
    desk: Desk, newsroom: Newsroom, ahead: float
) -> None:
    now = datetime.fromtimestamp(desk.clock.now, UTC)
    feed, undated = (
        newsroom.open_desk("/a.xml", title="A", keep=200),
        newsroom.open_desk("/b.xml", title="B", keep=200),
    )
    feed.publish(title="0", published=now - timedelta(hours=1))
    await desk.follow(feed.url, undated.url)
    await desk.later(ahead)
    for n in range(FRONT_PAGE + 5):
        undated.publish(title=f"{n}", published=datetime.fromtimestamp(desk.clock.now, UTC))
    await desk.later()
    feed.publish(title="new", published=now)
    await desk.later()
    await desk.later()
    assert [event for event in await kinds(desk) if event[1] == "new"] == [("entry", "new")]


@pytest.mark.parametrize("ahead", [HOUR, -HOUR, YEARS, -YEARS])
async def test_a_date_in_retry_after_counts_by_the_clock_of_the_origin(
    desk: Desk, origin: RawOrigin, log: Log, ahead: float
) -> None:
    def http_date(seconds: float) -> str:
        moment = datetime.fromtimestamp(desk.clock.now + ahead + seconds, UTC)
        return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")

    refusal = whole(b"", f"Retry-After: {http_date(600)}", f"Date: {http_date(0)}", status="503 x")
    await desk.follow(origin.serve("/a", refusal))
    assert (await desk.state()).next_at - desk.clock.now == 600
    assert len(log.heard()) == 1
