"""WebSub pushes to a whole server: on the screens within a moment, and never lost once they are acknowledged."""

from __future__ import annotations

import time

from tests.feeds.websub.hub import Hub, HubSubscription, numbered
from tests.livelog import Livelog, until
from tests.ports import free_ports

PUSHES = 30


async def subscribed(livelog: Livelog, hub: Hub) -> HubSubscription:
    """Starts a server that follows the hub's feed, and subscribes."""
    (livelog.port,) = free_ports(1)
    await start(livelog, hub)
    return await hub.subscribed()


async def start(livelog: Livelog, hub: Hub) -> None:
    feed = {"url": hub.publish("/feed", numbered(0)), "interval": "1h"}
    await livelog.start({"blog": [feed]}, server={"public_url": f"http://127.0.0.1:{livelog.port}"})


async def test_a_push_is_on_the_screens_within_a_moment(livelog: Livelog, hub: Hub) -> None:
    one = await subscribed(livelog, hub)
    taken = []
    async with livelog.client() as client:
        await client.next()
        for number in range(1, PUSHES + 1):
            began = time.monotonic()
            assert await hub.push(one, numbered(number)) == 202
            assert (await client.next())["item"]["title"] == f"Post {number}"
            taken.append(time.monotonic() - began)
    taken.sort()
    print(f"push to reader: p50 {taken[PUSHES // 2] * 1000:.0f} ms, longest {taken[-1] * 1000:.0f} ms")
    # Without the wake-up of the poller it takes half a second each.
    assert taken[PUSHES // 4] < 0.4
    assert hub.topics["/feed"].requests == 1
    assert f'livelog_pushes_total{{outcome="new"}} {PUSHES}.0' in await livelog.metrics()


async def test_a_push_that_was_acknowledged_outlives_a_kill(livelog: Livelog, hub: Hub) -> None:
    one = await subscribed(livelog, hub)
    for number in range(1, 6):
        assert await hub.push(one, numbered(number)) == 202
        await livelog.kill()
        await start(livelog, hub)

        async def shown(number: int = number) -> bool:
            return len(await livelog.entries()) == number + 1

        await until(shown)
    titles = [entry["title"] for entry in await livelog.entries()]
    assert sorted(titles) == [f"Post {number}" for number in range(6)]
    assert len(hub.subscriptions) == 1, "the subscription is kept over restarts"
