"""Two Livelogs, of which the second follows the first by WebSub: within a moment, also over kills of either."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.desk import Desk
from demo.newsroom import Newsroom
from tests.livelog import Livelog, until

POSTS = 10


@dataclass
class Pair:
    """The first polls a desk every second; the second follows the first, and would poll it in an hour."""

    desk: Desk
    first: Livelog
    second: Livelog

    async def start(self, livelog: Livelog) -> None:
        """Starts one of them, on the port that it had before."""
        livelog.port = livelog.port or _free_port()
        feed = (self.desk.url, "1s") if livelog is self.first else (self.first.url("/blog/feed.xml"), "1h")
        await livelog.start(
            {"blog": [{"url": feed[0], "interval": feed[1]}]},
            server={"public_url": f"http://127.0.0.1:{livelog.port}"},
            # The hub of the first may push to this machine.
            fetch={"private_networks": ["127.0.0.0/8"]},
        )

    async def both_show(self, *titles: str) -> None:
        """Waits until both have just these posts."""
        for livelog in (self.first, self.second):

            async def found(livelog: Livelog = livelog) -> bool:
                return sorted(item["title"] for item in await livelog.entries()) == sorted(titles)

            await until(found)

    async def is_subscribed(self) -> bool:
        """True once the hub of the first has confirmed the subscription of the second."""
        return 'livelog_hub_requests_total{outcome="verified"} 1.0' in await self.second.metrics()


@pytest.fixture
async def pair(newsroom: Newsroom, tmp_path: Path) -> AsyncIterator[Pair]:
    """Both, with one post, and subscribed."""
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    desk = newsroom.open_desk("/a.xml", title="Desk")
    desk.publish(title="Before", guid="before")
    made = Pair(desk, *map(Livelog, folders))
    try:
        await made.start(made.first)
        await until(lambda: newsroom.requests)
        await made.start(made.second)
        await until(made.is_subscribed)
        await made.both_show("Before")
        yield made
    finally:
        await made.first.kill()
        await made.second.kill()


async def test_what_the_first_commits_reaches_the_readers_of_the_second_within_a_moment(pair: Pair) -> None:
    taken = []
    async with pair.first.client() as first, pair.second.client() as second:
        await first.next()
        await second.next()
        for number in range(POSTS):
            pair.desk.publish(title=f"Post {number}", guid=str(number))
            title = (await first.next())["item"]["title"]
            began = time.monotonic()
            assert (await second.next())["item"]["title"] == title
            taken.append(time.monotonic() - began)
        pair.desk.correct("0", title="Corrected")
        kinds = [(await client.next())["type"] for client in (first, second)]
        assert kinds == ["update", "update"]
    taken.sort()
    print(
        f"from reader to reader: half within {taken[POSTS // 2] * 1000:.0f} ms, all within {taken[-1] * 1000:.0f} ms"
    )
    assert taken[POSTS // 4] < 0.3
    assert (await pair.second.metrics()).count('livelog_polls_total{outcome="new"} 1.0') == 1, "polled once"


async def test_kills_of_either_lose_and_repeat_nothing(pair: Pair) -> None:
    titles = ["Before"]
    for number, killed in enumerate((pair.second, pair.first, pair.second)):
        pair.desk.publish(title=f"Post {number}", guid=str(number))
        titles.append(f"Post {number}")
        if number == 2:
            # While the second is away, the hub tries again.
            await killed.kill()
            await until(lambda number=number: _has(pair.first, f"Post {number}"))
            await pair.start(killed)
        else:
            await until(lambda number=number: _has(pair.first, f"Post {number}"))
            await killed.kill()
            await pair.start(killed)
        await pair.both_show(*titles)


async def _has(livelog: Livelog, title: str) -> bool:
    return any(item["title"] == title for item in await livelog.entries())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
