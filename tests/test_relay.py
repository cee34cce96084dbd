"""One Livelog follows another by WebSub: each entry comes once, whichever of the two is killed, and however often."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from demo.newsroom import Newsroom
from tests.livelog import Livelog, until
from tests.relay import Relay


@pytest.fixture(params=["feed.xml", "feed.json"])
async def relay(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Relay]:
    started = Relay(tmp_path, request.param)
    yield started
    await started.close()
    assert "Traceback" not in started.first.log + started.second.log


async def titles(livelog: Livelog) -> list[str]:
    """The titles on the blog, sorted."""
    return sorted(item["title"] for item in await livelog.entries())


async def test_entries_corrections_and_withdrawals_are_relayed_without_a_request(
    relay: Relay, newsroom: Newsroom
) -> None:
    desk = newsroom.open_desk("/a.xml", title="Desk", format="atom")
    desk.publish(title="The first post")
    await relay.start([desk])
    async with relay.second.client() as reader:
        assert (await reader.next())["type"] == "hello"
        post = desk.publish(title="Posted", html="<p>One.</p>")
        posted = await reader.next()
        desk.correct(post.guid, title="Corrected")
        corrected = await reader.next()
        desk.withdraw(post.guid)
        withdrawn = await reader.next()
    assert [posted["type"], corrected["type"], withdrawn["type"]] == ["entry", "update", "delete"]
    assert (posted["item"]["title"], corrected["item"]["title"]) == ("Posted", "Corrected")
    assert posted["item"]["id"] == corrected["item"]["id"] == withdrawn["id"]
    assert 'livelog_polls_total{outcome="new"} 1.0' in await relay.second.metrics(), "polled once"


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.soak)])
async def test_nothing_is_lost_or_repeated_when_either_is_killed(
    relay: Relay, newsroom: Newsroom, kills: int
) -> None:
    chance = random.Random(7)
    desk = newsroom.open_desk("/a.xml", title="Desk", keep=2_000)
    desk.publish(title="Post 0")
    await relay.start([desk])
    published = 1
    for kill in range(kills):
        for _ in range(chance.randint(1, 8)):
            desk.publish(title=f"Post {published}")
            published += 1
            await asyncio.sleep(chance.random() * 0.3)
        victim, restart = ((relay.first, relay.restart_first), (relay.second, relay.restart_second))[kill % 2]
        await victim.kill()
        desk.publish(title=f"Post {published}")
        published += 1
        await restart()
    expected = sorted(f"Post {number}" for number in range(published))
    for livelog in (relay.first, relay.second):

        async def has_all(livelog: Livelog = livelog) -> bool:
            return len(await titles(livelog)) >= published

        await until(has_all)
        assert await titles(livelog) == expected
