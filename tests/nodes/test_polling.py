"""Several nodes share the feeds: each is fetched when it is due, by one of them, also where one of them froze."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from tornado.web import RequestHandler

from demo.newsroom import Newsroom
from feeds.leases import LEASE_SECONDS
from tests.livelog import until
from tests.nodes.desks import open_desks
from tests.nodes.installation import Installation

WATCHED_SECONDS = 10.0


async def test_a_feed_is_fetched_once_when_it_is_due(installation: Installation, newsroom: Newsroom) -> None:
    desks = open_desks(newsroom, 6)
    await installation.start(desks, webs=0, intervals=("1s", "2s"))
    before = list(newsroom.requests)
    began = time.monotonic()
    await asyncio.sleep(WATCHED_SECONDS)
    asked = Counter(request.path for request in list(newsroom.requests)[len(before) :])
    elapsed = time.monotonic() - began
    for desk, interval in zip(desks, (1, 2) * 3, strict=True):
        assert elapsed / interval / 2 <= asked[desk.path] <= elapsed / interval + 1
    assert min(await installation.polls()) >= 3, "both have done some of it"


async def test_a_node_that_froze_is_relieved_and_commits_nothing_when_it_goes_on(
    installation: Installation, newsroom: Newsroom
) -> None:
    desk, *_ = open_desks(newsroom, 1)
    stale = newsroom.open_desk("/stale.xml", title="Desk 0")
    stale.publish(guid="first", title="What the frozen node was told")
    stale.publish(guid="second", title="What only the frozen node was told")
    await installation.start([desk], webs=1, fetchers=1)
    asked, answer, answered = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hold(handler: RequestHandler) -> bool:
        # Just this request: the next one is answered as usual.
        newsroom.script(desk.path, None)
        asked.set()
        await answer.wait()
        handler.set_header("Content-Type", "application/rss+xml")
        await handler.finish(stale.resource().body)
        answered.set()
        return True

    newsroom.script(desk.path, hold)
    await asked.wait()
    (frozen,) = installation.fetchers
    await installation.add_fetcher()
    async with installation.webs[0].client() as reader:
        hello = await reader.next()
        desk.publish(guid="first", title="What the other node was told")
        asked_before = len(newsroom.requests)
        frozen.freeze()
        began = time.monotonic()
        told = [await reader.next()]
        taken_over = newsroom.requests[asked_before].time - began
        # The lease was given before; the other node looks every 50 ms, and may have to wait for a CPU.
        assert taken_over < LEASE_SECONDS + 3
        answer.set()
        await answered.wait()
        frozen.thaw()
        await until(lambda: "Another node polls" in frozen.log or "was quicker" in frozen.log)
        # Whatever it had committed would come before this.
        desk.publish(guid="third", title="Last")
        told.append(await reader.next())
    number = int(hello["cursor"].partition(".")[2])
    assert [int(message["cursor"].partition(".")[2]) for message in told] == [number + 1, number + 2]
    assert [message["item"]["title"] for message in told] == ["What the other node was told", "Last"]
    assert await installation.titles() == ["Last", "What the other node was told"]
