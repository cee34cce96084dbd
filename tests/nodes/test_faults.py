"""What breaks around a node, or takes it down, costs a reader nothing: a real SIGKILL, a real Redis."""

from __future__ import annotations

import asyncio
import random
import shutil
import time

import pytest

from demo.newsroom import Desk, Newsroom
from tests.feeds.processes import cpu_seconds
from tests.livelog import until
from tests.nodes.desks import burst, open_desks, titles
from tests.nodes.installation import Installation
from tests.nodes.readers import Crowd

READERS = 20
RECOVERY_SECONDS = 5.0
RESET_SECONDS = 10.0


async def publish_steadily(desks: list[Desk], rng: random.Random) -> None:
    """Publishes, and now and then corrects, for ever."""
    while True:
        burst(rng.choice(desks), posts=1, corrections=rng.random() < 0.1)
        await asyncio.sleep(rng.uniform(0.02, 0.15))


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.soak)])
async def test_kill_of_any_node_at_any_moment_loses_and_repeats_nothing(
    installation: Installation, newsroom: Newsroom, kills: int
) -> None:
    rng = random.Random(4)
    desks = open_desks(newsroom, 2, keep=2_000)
    await installation.start(desks)
    async with Crowd(installation.webs, READERS, rng) as crowd:
        publishing = asyncio.create_task(publish_steadily(desks, rng))
        for _ in range(kills):
            victim = rng.choice(installation.nodes)
            await asyncio.sleep(rng.uniform(0, 0.7))
            await victim.kill()
            await installation.run(victim)
        publishing.cancel()
        # A lease of one that was killed has to run out first.
        await installation.has(len(titles(*desks)))

        async def all_told() -> bool:
            return await installation.titles() == titles(*desks) and crowd.all_see(await installation.entries())

        await until(all_told)
        assert (crowd.faults, crowd.gaps) == ([], [])


@pytest.mark.parametrize("seconds", [2.5, pytest.param(60, marks=pytest.mark.soak)])
async def test_an_outage_of_redis_is_waited_out(
    installation: Installation, newsroom: Newsroom, seconds: float
) -> None:
    desks = open_desks(newsroom, 2)
    await installation.start(desks)
    async with Crowd(installation.webs, READERS, random.Random(5)) as crowd:
        events = sum(burst(desk, posts=10) for desk in desks)
        await crowd.reach(events)
        installation.redis.stop()
        went = time.monotonic()
        used = [cpu_seconds(node.pid) for node in installation.nodes]
        events += burst(desks[0], posts=5)
        await all_say(installation, 503)
        await asyncio.sleep(seconds - (time.monotonic() - went))
        await all_say(installation, 503)
        away = time.monotonic() - went
        used = [cpu_seconds(node.pid) - before for node, before in zip(installation.nodes, used, strict=True)]
        await installation.restart_redis()
        back = time.monotonic()
        events += burst(desks[1], posts=1)
        await crowd.reach(events)
        assert time.monotonic() - back < RECOVERY_SECONDS
        assert max(used) / away < 0.2, "a node that waits costs little"
        await all_say(installation, 200)
        assert (crowd.faults, crowd.gaps) == ([], [])
        assert {follower.connections for follower in crowd.followers} == {1}
        assert await installation.titles() == titles(*desks)
        assert crowd.all_see(await installation.entries())
        # A node that polls also reads events, for deliveries: a line each.
        lines = {1: installation.webs, 2: installation.fetchers}
        assert all(node.log.count("trying again") == count for count, nodes in lines.items() for node in nodes)


async def test_a_redis_that_was_emptied_is_filled_again_and_every_reader_is_told(
    installation: Installation, newsroom: Newsroom
) -> None:
    desks = open_desks(newsroom, 2)
    await installation.start(desks)
    async with Crowd(installation.webs, READERS, random.Random(6)) as crowd:
        events = sum(burst(desk, posts=10) for desk in desks)
        await crowd.reach(events)
        old = crowd.followers[0].cursor
        installation.redis.ask("FLUSHALL")
        await until(lambda: all(follower.gaps for follower in crowd.followers), RESET_SECONDS)
        await refilled(installation, crowd, desks)
        assert crowd.gaps == [{"after": old, "reason": "epoch"}] * READERS
    await resuming_gets_a_reset(installation, old)


async def test_an_earlier_copy_of_redis_is_brought_up_to_date_and_every_reader_is_told(
    installation: Installation, newsroom: Newsroom
) -> None:
    desks = open_desks(newsroom, 2)
    await installation.start(desks)
    data = installation.redis.folder / "appendonlydir"
    copy = installation.redis.folder / "copy"
    async with Crowd(installation.webs, READERS, random.Random(7)) as crowd:
        events = sum(burst(desk, posts=10) for desk in desks)
        await crowd.reach(events)
        shutil.copytree(data, copy)
        events += sum(burst(desk, posts=10) for desk in desks)
        await crowd.reach(events)
        old = crowd.followers[0].cursor
        installation.redis.stop()
        shutil.rmtree(data)
        copy.rename(data)
        await installation.restart_redis()
        await until(lambda: all(follower.gaps for follower in crowd.followers), RESET_SECONDS)
        await refilled(installation, crowd, desks)
        assert crowd.gaps == [{"after": old, "reason": "epoch"}] * READERS
    await resuming_gets_a_reset(installation, old)


async def refilled(installation: Installation, crowd: Crowd, desks: list[Desk]) -> None:
    """Waits until every page and every reader shows what the desks list; no reader was cut off."""

    async def complete() -> bool:
        return await installation.titles() == titles(*desks) and crowd.all_see(await installation.entries())

    await until(complete)
    assert crowd.faults == []
    assert {follower.connections for follower in crowd.followers} == {1}


async def resuming_gets_a_reset(installation: Installation, cursor: str | None) -> None:
    """Comes back with a cursor of the history that is gone, to each of the nodes."""
    for node in installation.webs:
        async with node.client(after=cursor) as reader:
            hello, reset = await reader.take(2)
        assert (hello["type"], hello["recovered"]) == ("hello", False)
        assert (reset["type"], reset["gap"]) == ("reset", {"after": cursor, "reason": "epoch"})
        assert reset["items"] == await node.entries()


async def all_say(installation: Installation, status: int) -> None:
    """Waits until all nodes say so at `/healthz`; while they are not well, Redis is what they name."""

    async def said() -> bool:
        return all(
            code == status and (installation.redis.url in (problem or "")) == (status == 503)
            for code, problem in await installation.health()
        )

    await until(said)
