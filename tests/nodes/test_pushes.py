"""Hubs push to any web node, and any fetch node commits: each push once."""

from __future__ import annotations

import asyncio
import itertools
import time

from tests.feeds.websub.hub import Hub, numbered
from tests.livelog import until
from tests.nodes.installation import Installation

PUSHES = 40


async def test_each_push_is_committed_once_wherever_it_arrived(installation: Installation, hub: Hub) -> None:
    turn = itertools.count()

    def route(callback: str) -> str:
        node = installation.webs[next(turn) % len(installation.webs)]
        return callback.replace("http://live.example", node.url().rstrip("/"))

    hub.route = route
    # The web nodes may start later than the others.
    hub.verifies = False
    feed = {"url": hub.publish("/feed", numbered(0)), "interval": "1h"}
    await installation.start([], others=[feed], server={"public_url": "http://live.example"})
    await until(lambda: hub.subscriptions)
    (one,) = hub.subscriptions
    assert await hub.verify(one)
    requests = hub.topics["/feed"].requests
    await installation.has(1)
    # A node may hear of an event after it has it on its page.
    cursor = (await installation.webs[0].json("/blog/entries"))["_livelog"]["cursor"]
    clients = [node.client(after=cursor) for node in installation.webs]
    async with clients[0] as first, clients[1] as second:
        await first.next()
        await second.next()
        taken = []
        for number in range(1, PUSHES + 1):
            began = time.monotonic()
            # Each is pushed twice, to either node.
            codes = await asyncio.gather(hub.push(one, numbered(number)), hub.push(one, numbered(number)))
            assert set(codes) == {202}
            if number == PUSHES // 2:
                await installation.fetchers[0].kill()
            titles = [(await client.next())["item"]["title"] for client in (first, second)]
            assert titles == [f"Post {number}"] * 2
            taken.append(time.monotonic() - began)
    assert await installation.titles() == sorted(f"Post {number}" for number in range(PUSHES + 1))
    taken.sort()
    print(f"push to the readers of both: half within {taken[PUSHES // 2] * 1000:.0f} ms")
    assert hub.topics["/feed"].requests == requests, "the publisher is not asked"
    assert len(hub.subscriptions) == 1
