"""Several nodes deliver as one would: every event, once, in order, wherever a reader connects."""

from __future__ import annotations

import random

import pytest

from demo.newsroom import Newsroom
from tests.livelog import until
from tests.nodes.desks import burst, open_desks
from tests.nodes.installation import Installation
from tests.nodes.readers import Crowd

READERS = 200


@pytest.mark.parametrize("deliveries", [25_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
async def test_readers_who_come_and_go_get_every_event_once_and_in_order(
    installation: Installation, newsroom: Newsroom, deliveries: int
) -> None:
    desks = open_desks(newsroom, 4)
    await installation.start(desks)
    posts = events = 0
    async with Crowd(installation.webs, READERS, random.Random(1), restless=0.01) as crowd:
        while crowd.received < deliveries:
            posts += 4 * 21
            events += sum(burst(desk, posts=21, corrections=2) for desk in desks)
            # The next burst comes when most have this one; others are still away, or catching up.
            await crowd.reach(events, 0.9)
        await crowd.reach(events)
        assert crowd.faults == []
        assert crowd.gaps == []
        assert crowd.reconnections > 0.005 * deliveries
        entries = await installation.entries()
        assert len(entries) == posts
        assert crowd.all_see(entries)


async def test_a_storm_of_returning_readers_gets_all_that_it_missed(
    installation: Installation, newsroom: Newsroom
) -> None:
    desks = open_desks(newsroom, 2)
    await installation.start(desks)
    async with Crowd(installation.webs, READERS, random.Random(2)) as crowd:
        events = sum(burst(desk, posts=10) for desk in desks)
        await crowd.reach(events)
        crowd.scatter()
        events += sum(burst(desk, posts=30, corrections=5) for desk in desks)
        await installation.has(80)
        crowd.gather()
        await crowd.reach(events)
        assert (crowd.faults, crowd.gaps) == ([], [])
        assert {follower.connections for follower in crowd.followers} == {2}
        assert crowd.all_see(await installation.entries())


async def test_readers_who_come_to_a_node_that_is_behind_get_nothing_twice(
    installation: Installation, newsroom: Newsroom
) -> None:
    desks = open_desks(newsroom, 2)
    await installation.start(desks, fetchers=1)
    ahead, behind = installation.webs
    nodes = [ahead]
    async with Crowd(nodes, READERS, random.Random(3)) as crowd:
        behind.freeze()
        events = sum(burst(desk, posts=10) for desk in desks)
        await crowd.reach(events)
        nodes[:] = [behind]
        crowd.scatter()
        crowd.gather()
        events += sum(burst(desk, posts=5) for desk in desks)
        await installation.has(30)
        behind.thaw()
        await crowd.reach(events)
        events += sum(burst(desk, posts=5) for desk in desks)
        await crowd.reach(events)
        assert (crowd.faults, crowd.gaps) == ([], [])
        assert crowd.all_see(await installation.entries())


async def test_a_node_that_joins_later_shows_the_same_page(installation: Installation, newsroom: Newsroom) -> None:
    desks = open_desks(newsroom, 2)
    await installation.start(desks, webs=1, fetchers=1)
    for desk in desks:
        burst(desk, posts=40)
    await installation.has(80)
    newcomer = await installation.add_web()
    assert len(await installation.entries()) == 80

    async def show_the_same() -> bool:
        # Sources are known some seconds later than their posts.
        pages = [await node.get("/blog/") for node in installation.webs]
        assert [page.code for page in pages] == [200, 200]
        ports = [f":{node.port}/".encode() for node in installation.webs]
        own, other = (page.body.replace(port, b"/") for page, port in zip(pages, ports, strict=True))
        return own == other

    await until(show_the_same)
    # And what it is told of is told by it.
    cursor = (await newcomer.json("/blog/entries"))["_livelog"]["cursor"]
    async with Crowd([newcomer], 1, random.Random(4), after=cursor) as crowd:
        burst(desks[0], posts=1)
        await until(lambda: crowd.received == 1)
        assert crowd.faults == []
